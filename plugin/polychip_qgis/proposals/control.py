# SPDX-License-Identifier: GPL-2.0-or-later
"""Joins proposals to the map, the keys and the project that is drawn in."""

from __future__ import annotations

import json
from typing import Any

from qgis.core import Qgis, QgsProject, QgsVectorLayer, QgsWkbTypes
from qgis.gui import QgisInterface, QgsRubberBand
from qgis.PyQt.QtCore import QObject, Qt
from qgis.PyQt.QtGui import QColor

from ..drawing.adopt import AdoptError
from ..drawing.edits import EditRefused
from ..drawing.session import SCOPE
from ..drawing.tables import TableError
from ..translation import tr
from .decisions import forget_rejected
from .dialog import ProposalDialog
from .proposer import Proposer, Source
from .source import Candidate

KEY = "/proposals"


class ProposalControl(QObject):
    """One for the plugin; `drawing` is the plugin's DrawingControl."""

    def __init__(self, iface: QgisInterface, drawing: Any) -> None:
        super().__init__(iface.mainWindow())
        self._iface, self._drawing = iface, drawing
        self.proposer: Proposer | None = None
        self._bands: list[QgsRubberBand] = []
        self._dialog: ProposalDialog | None = None
        drawing.sessionChanged.connect(self._session_changed)
        drawing.actions.deed.connect(self._deed)
        drawing.palette.commandChosen.connect(self._command)
        QgsProject.instance().layersWillBeRemoved.connect(self._layers_going)

    def unload(self) -> None:
        """Take everything away again."""
        QgsProject.instance().layersWillBeRemoved.disconnect(self._layers_going)
        self._leave()
        self.deleteLater()

    # --- which layer

    def ask(self) -> None:
        """Which layer, and which of its values is which class."""
        session = self._drawing.session
        if session is None or session.book is None:
            self._drawing.tell(tr("The project has no task layer."))
            return
        former = self.proposer.source if self.proposer is not None else self._remembered()
        self._dialog = ProposalDialog(
            self._iface.mainWindow(), session.labels, session.classes, former
        )
        self._dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._dialog.accepted.connect(self._asked)
        self._dialog.show()

    def _asked(self) -> None:
        source = self._dialog.source()
        if source is None:
            self._leave()
            self._drawing.tell(tr("Nothing is proposed: no value stands for a class."))
            return
        if self._dialog.again.isChecked():
            self._try(
                lambda: forget_rejected(
                    self._drawing.session.layers.geopackage, source.layer.name()
                )
            )
        self.take(source)
        text = tr("Proposals in this cell: {count}. {accept} takes the one under the cursor, "
                  "{accept_all} all of the cell; {reject} and {reject_all} reject.")  # fmt: skip
        keys = {
            name: self._drawing.actions.key_of(name)
            for name in ("accept", "accept_all", "reject", "reject_all")
        }
        self._iface.mainWindow().activateWindow()  # where keys are waited for
        self._iface.mapCanvas().setFocus()
        if self.proposer is not None:
            self._drawing.tell(text.format(count=len(self.proposer.shown), **keys))

    def take(self, source: Source) -> None:
        """Propose from this layer, cell by cell."""
        self._leave()

        def begin() -> None:
            self.proposer = Proposer(self._drawing.session, source, self)

        self._try(begin)
        if self.proposer is None:
            return
        self.proposer.changed.connect(self._show)
        self._show()
        entry = {"layer": source.layer.id(), "field": source.field, "mapping": source.mapping}
        QgsProject.instance().writeEntry(SCOPE, KEY, json.dumps(entry, ensure_ascii=False))

    def _remembered(self) -> Source | None:
        """What the project remembers of the last time; what no longer fits is forgotten."""
        try:
            entry = json.loads(QgsProject.instance().readEntry(SCOPE, KEY)[0] or "{}")
        except ValueError:
            return None
        layer = QgsProject.instance().mapLayer(str(entry.get("layer", "")))
        if not isinstance(layer, QgsVectorLayer) or not isinstance(entry.get("mapping"), dict):
            return None
        names = {known.name for known in self._drawing.session.classes}
        mapping = {value: name for value, name in entry["mapping"].items() if name in names}
        return Source(layer, str(entry.get("field", "")), mapping)

    def _leave(self) -> None:
        proposer, self.proposer = self.proposer, None
        if proposer is not None:
            proposer.stop()
            proposer.deleteLater()
        self._clear()

    def _session_changed(self) -> None:
        self._leave()

    def _layers_going(self, ids: list[str]) -> None:
        if self.proposer is not None and self.proposer.source.layer.id() in ids:
            self._leave()

    # --- showing

    def _clear(self) -> None:
        for band in self._bands:
            self._iface.mapCanvas().scene().removeItem(band)
        self._bands = []

    def _show(self) -> None:
        """Ghosts: dashed, in the colour of the class."""
        self._clear()
        session = self._drawing.session
        colors = {known.name: known.color for known in session.classes}
        for name in dict.fromkeys(known.name for known in self.proposer.shown):
            band = QgsRubberBand(self._iface.mapCanvas(), QgsWkbTypes.GeometryType.PolygonGeometry)
            color = QColor(colors.get(name, "#ffffff"))
            band.setStrokeColor(color)
            color.setAlpha(45)
            band.setFillColor(color)
            band.setLineStyle(Qt.PenStyle.DashLine)
            band.setWidth(2)
            for known in self.proposer.shown:
                if known.name == name:
                    band.addGeometry(known.shape, session.labels)
            self._bands.append(band)

    # --- doing

    def _command(self, name: str) -> None:
        if name == "proposals":
            self.ask()

    def _deed(self, name: str) -> None:
        if name not in ("accept", "accept_all", "reject", "reject_all", "adjust"):
            return
        if self.proposer is None:
            self._drawing.tell(tr("Choose a layer first: More ▸ Propose Labels From a Layer…"))
            return
        self.proposer.refresh()
        if name.endswith("_all"):
            chosen = list(self.proposer.shown)
        else:
            chosen = self.proposer.at(self._drawing.map.cursor_point())
        if not chosen:
            self._drawing.tell(tr("There is no proposal."))
        elif name.startswith("accept"):
            self._try(lambda: self.proposer.accept(chosen))
        elif name == "adjust":
            self._try(lambda: self._adjust(chosen))
        else:
            self._try(lambda: self.proposer.reject(chosen))

    def _adjust(self, chosen: list[Candidate]) -> None:
        """Accept it and take QGIS's vertex tool to it."""
        fids = self.proposer.accept(chosen)
        self._drawing.session.labels.selectByIds(fids)
        self._iface.actionVertexToolActiveLayer().trigger()

    def _try(self, act: Any) -> None:
        try:
            act()
        except (EditRefused, TableError, AdoptError) as refused:
            self._drawing.tell(str(refused), Qgis.MessageLevel.Warning)
