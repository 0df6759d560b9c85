# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands behind More: annotators, their files, bands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import Qgis
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QFileDialog, QInputDialog

from ..translation import tr
from .annotator import annotator, set_annotator
from .annotator_files import AnnotatorFilesError, merge_files, write_files
from .imagery import Bands, bands_of, set_bands
from .make import MakeError


class Commands(QObject):
    """Asks what has to be asked, does it, says what came of it."""

    def __init__(self, iface: QgisInterface, control: Any) -> None:
        super().__init__(control)
        self._iface, self._control = iface, control

    def run(self, name: str) -> None:
        """One of the commands that the palette names."""
        known = {
            "hand_out": self._ask_whom,
            "write_files": self.write_files,
            "merge_files": self._ask_files,
            "annotator": self._ask_name,
            "bands": self._ask_bands,
        }
        if name in known:  # other parts of the plugin listen to the others
            known[name]()

    def hand_out(self, names: list[str]) -> None:
        """Share the open cells out."""
        counts = self._control.session.book.hand_out(names)
        told = ", ".join(f"{name}: {count}" for name, count in counts.items())
        self._control.tell(tr("Cells handed out: {counts}").format(counts=told))

    def write_files(self) -> None:
        """A copy for each annotator, beside the GeoPackage."""
        try:
            paths = write_files(self._control.session)
        except (AnnotatorFilesError, OSError) as error:
            self._control.tell(str(error), Qgis.MessageLevel.Warning)
            return
        self._control.tell(
            tr(
                "Files for annotators: {names}. Each works on a disk of their own: a GeoPackage "
                "that several people write to on a network drive breaks."
            ).format(names=", ".join(path.name for path in paths))
        )

    def merge_files(self, paths: list[Path]) -> None:
        """Take the copies in as unsaved edits."""
        session = self._control.session
        try:
            merged = merge_files(session, paths)
        except (AnnotatorFilesError, MakeError) as error:
            self._control.tell(str(error), Qgis.MessageLevel.Warning)
            return
        text = tr(
            "Merged, not saved yet: {added} new, {changed} changed polygons, {cells} cells, "
            "{renumbered} ids made anew."
        )
        if merged.missing:
            session.labels.selectByIds(merged.missing)
            text += " " + tr("{missing} polygons are in no file any more; they are selected.")
        self._control.tell(
            text.format(
                added=merged.n_added,
                changed=merged.n_changed,
                cells=merged.n_cells,
                renumbered=merged.n_renumbered,
                missing=len(merged.missing),
            ),
            Qgis.MessageLevel.Success,
        )

    def _ask_whom(self) -> None:
        text, given = QInputDialog.getText(
            self._iface.mainWindow(),
            tr("Hand Out Cells"),
            tr("Annotators, with commas between them"),
        )
        names = list(dict.fromkeys(n.strip() for n in text.split(",") if n.strip()))
        if given and names:
            self.hand_out(names)

    def _ask_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(
            self._iface.mainWindow(),
            tr("Merge Annotators’ Files"),
            str(self._control.session.layers.geopackage.parent),
            "GeoPackage (*.gpkg)",
        )
        if paths:
            self.merge_files([Path(path) for path in paths])

    def _ask_name(self) -> None:
        text, given = QInputDialog.getText(
            self._iface.mainWindow(),
            tr("Annotator’s Name"),
            tr("Written to each polygon that you draw"),
            text=annotator(),
        )
        if given:
            set_annotator(text.strip())

    def _ask_bands(self) -> None:
        layer = self._control.view.image()
        if layer is None:
            self._control.tell(tr("Choose the image under View first."))
            return
        known = ", ".join(str(number) for number in bands_of(layer))
        text, given = QInputDialog.getText(
            self._iface.mainWindow(),
            tr("Bands of the Image"),
            tr("Numbers of the bands blue, green, red, near infrared; 0 for none"),
            text=known,
        )
        parts = [part.strip() for part in text.split(",")]
        fits = len(parts) == len(Bands._fields) and all(part.isdigit() for part in parts)
        if given and fits and max(map(int, parts)) <= layer.bandCount():
            set_bands(layer, Bands(*map(int, parts)))
        elif given:
            self._control.tell(
                tr("Four numbers from 0 to {count}, please.").format(count=layer.bandCount()),
                Qgis.MessageLevel.Warning,
            )
