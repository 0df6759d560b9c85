# SPDX-License-Identifier: GPL-2.0-or-later
"""What is offered after a crash, and what the answer does."""

from __future__ import annotations

from typing import Any

from qgis.core import Qgis
from qgis.gui import QgisInterface, QgsMessageBarItem
from qgis.PyQt.QtCore import QObject, QTimer

from ..export_control import tell
from ..translation import tr


class Recovery(QObject):
    """Offers the recovery files that wait."""

    def __init__(self, iface: QgisInterface, control: Any) -> None:
        super().__init__(control)
        self._iface, self._control = iface, control
        self._shown: QgsMessageBarItem | None = None

    def offer(self) -> None:
        """A message with two buttons; left alone, the files wait for the next time."""
        text = tr("QGIS ended with unsaved labels in “{name}”. They are kept.")
        self._shown = tell(
            self._iface,
            text.format(name=self._control.session.layers.geopackage.name),
            Qgis.MessageLevel.Warning,
            ("polychipRestore", tr("Restore"), self.restore),
            ("polychipDiscard", tr("Discard"), self.discard),
        )

    def restore(self) -> None:
        """Bring back what a crash has left, the unfinished polygon too."""
        self._close()
        session = self._control.session
        if session is None:
            return
        session.start()
        try:
            found = session.restore()
        except (ValueError, OSError) as error:
            self._control.tell(
                tr("The recovery file cannot be read: {reason}").format(reason=error),
                Qgis.MessageLevel.Critical,
            )
            return
        self._control.start()
        if found.unfinished is not None:
            session.choose(found.unfinished.class_name)
            self._control.map.resume(found.unfinished)
        text = tr("Restored: {added} new, {changed} changed, {deleted} deleted.")
        if found.n_lost:
            text += " " + tr("{lost} edits were of polygons that are gone.")
        self._control.tell(
            text.format(
                added=found.n_added,
                changed=found.n_changed,
                deleted=found.n_deleted,
                lost=found.n_lost,
            ),
            Qgis.MessageLevel.Success,
        )

    def discard(self) -> None:
        """Give up what a crash has left."""
        self._close()
        if self._control.session is not None:
            self._control.session.discard_waiting()

    def _close(self) -> None:
        """When the click on the message's button is over."""
        shown, self._shown = self._shown, None
        if shown is not None and shown in self._iface.messageBar().items():
            QTimer.singleShot(0, lambda: self._iface.messageBar().popWidget(shown))
