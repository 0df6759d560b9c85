# SPDX-License-Identifier: GPL-2.0-or-later
"""Proposals for the current cell: which there are, accepted or rejected; no windows."""

from __future__ import annotations

from typing import NamedTuple

from qgis.core import QgsFeatureRequest, QgsGeometry, QgsPointXY, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ..drawing.annotator import annotator
from ..drawing.edits import Stroke
from ..drawing.names import UUID
from ..drawing.session import LabelSession
from ..drawing.shapes import outside, overlap_area
from ..translation import tr
from .decisions import ACCEPTED, REJECTED, Decision, keep_decisions, read_decisions
from .source import Candidate, candidates, tool_of

SOON_MS = 150
"""After the last edit."""


class Source(NamedTuple):
    """Where proposals come from."""

    layer: QgsVectorLayer
    field: str
    """'': one class for all."""
    mapping: dict[str, str]
    """Value to class."""


class Proposer(QObject):
    """Follows the session's cell and the edits."""

    changed = pyqtSignal()

    def __init__(
        self, session: LabelSession, source: Source, parent: QObject | None = None
    ) -> None:
        """Raises AdoptError, TableError: the layer, or the GeoPackage, cannot be read."""
        super().__init__(parent)
        self.session, self.source = session, source
        self.shown: list[Candidate] = []
        """What is proposed now, as it would be drawn."""
        self._decisions = read_decisions(session.layers.geopackage, source.layer.name())
        self._cell: int | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self.refresh)
        session.stateChanged.connect(self._state_changed)
        session.labels.undoStack().indexChanged.connect(self._soon.start)
        session.labels.afterRollBack.connect(self._soon.start)
        self.refresh()

    def stop(self) -> None:
        """Listen no longer."""
        self._soon.stop()
        self.session.stateChanged.disconnect(self._state_changed)
        self.session.labels.undoStack().indexChanged.disconnect(self._soon.start)
        self.session.labels.afterRollBack.disconnect(self._soon.start)

    def refresh(self) -> None:
        """Read the cell anew."""
        session = self.session
        self._cell = session.cell
        task = session.task()
        self.shown = self._of(session.book.shape(task.fid)) if task is not None else []
        self.changed.emit()

    def at(self, point: QgsPointXY) -> list[Candidate]:
        """The proposal at a point of the labels' CRS, the smallest where several lie."""
        place = QgsGeometry.fromPointXY(point)
        found = [known for known in self.shown if known.shape.contains(place)]
        return sorted(found, key=lambda known: known.shape.area())[:1]

    def accept(self, chosen: list[Candidate]) -> list[int]:
        """Draw them, in one step of undo; returns the new features.

        Raises:
            EditRefused, TableError.
        """
        session, tool = self.session, tool_of(self.source.layer.name())
        rule = "overlap" if session.rule == "overlap" else "give_way"
        strokes = [
            Stroke(known.shape, known.name, rule, False, tool, annotator(), session.source)
            for known in chosen
        ]
        made = session.editor.take_over(strokes, tr("Accept proposals"))
        self._keep([
            self._decision(known, ACCEPTED, self._uuid(fid))
            for known, fid in zip(chosen, made)
            if fid is not None
        ])
        self.refresh()
        return [fid for fid in made if fid is not None]

    def reject(self, chosen: list[Candidate]) -> None:
        """Propose them no more. Raises TableError."""
        self._keep([self._decision(candidate, REJECTED, "") for candidate in chosen])
        self.refresh()

    # --- parts

    def _of(self, cell: QgsGeometry) -> list[Candidate]:
        source, box = self.source, cell.boundingBox()
        drawn = {
            feature[UUID]: feature.geometry()
            for feature in self.session.labels.getFeatures(QgsFeatureRequest().setFilterRect(box))
        }
        # A label may lie beyond the cell where its proposal does.
        gone = {row.feature for row in self._decisions if self._holds(row, drawn)}
        found = []
        for known in candidates(
            source.layer, source.field, source.mapping, self.session.labels.crs(), box
        ):
            if str(known.fid) in gone or overlap_area(known.shape, cell) <= 0:
                continue
            if self.session.rule != "overlap":
                left = outside(known.shape, dict(enumerate(drawn.values())))
                if left.isEmpty():
                    continue
                known = known._replace(shape=left)
            found.append(known)
        return found

    def _holds(self, row: Decision, drawn: dict[str, QgsGeometry]) -> bool:
        """Whether a decision still stands: an accepted one does while its label is there."""
        return row.decision == REJECTED or row.label in drawn

    def _decision(self, candidate: Candidate, decision: str, label: str) -> Decision:
        return Decision(self.source.layer.name(), str(candidate.fid), decision, label)

    def _uuid(self, fid: int) -> str:
        return str(self.session.labels.getFeature(fid)[UUID])

    def _keep(self, decisions: list[Decision]) -> None:
        if decisions:
            self._decisions += decisions
            keep_decisions(self.session.layers.geopackage, decisions, annotator())

    def _state_changed(self) -> None:
        """Another cell, or another rule."""
        self._soon.start()
