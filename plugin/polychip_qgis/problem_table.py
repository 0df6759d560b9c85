# SPDX-License-Identifier: GPL-2.0-or-later
"""The problems of a layer that the engine's check has written, as a list to click through."""

from __future__ import annotations

from typing import Any, NamedTuple

from qgis.core import QgsFeature, QgsVectorLayer
from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt

from .snapshot import is_null
from .translation import tr

NEEDED = ("check", "severity", "source_fid", "other_fid", "message", "explanation", "hint")
"""Fields by which a layer of problems is known, whoever has opened it."""
SEVERITIES = ("error", "warning", "info")
_RANK = Qt.ItemDataRole.UserRole


class Problem(NamedTuple):
    """A row."""

    fid: int
    check: str
    severity: str
    source_fid: str
    other_fid: str
    message: str
    explanation: str
    hint: str


def shows_problems(layer: Any) -> bool:
    """Whether this is a layer of problems."""
    if not isinstance(layer, QgsVectorLayer) or not layer.isValid():
        return False
    names = {field.name() for field in layer.fields()}
    return names.issuperset(NEEDED)


def problems_of(layer: QgsVectorLayer) -> list[Problem]:
    """What the layer shows, a filter respected; errors first."""
    found = [_problem(feature) for feature in layer.getFeatures()]
    return sorted(found, key=lambda p: (_rank(p.severity), p.check, p.fid))


def _problem(feature: QgsFeature) -> Problem:
    values = ("" if is_null(feature[name]) else str(feature[name]) for name in NEEDED)
    return Problem(feature.id(), *values)


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


class ProblemModel(QAbstractTableModel):
    """Severity, check, and what was found; a row costs nothing until it is seen."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.problems: list[Problem] = []
        self._severities = dict(zip(SEVERITIES, (tr("Error"), tr("Warning"), tr("Info"))))
        self._titles = (tr("Severity"), tr("Check"), tr("Problem"))

    def show(self, problems: list[Problem]) -> None:
        """Show these from now on."""
        self.beginResetModel()
        self.problems = problems
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """As Qt asks for it."""
        return 0 if parent is not None and parent.isValid() else len(self.problems)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """As Qt asks for it."""
        return 0 if parent is not None and parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Any, role: int) -> Any:
        """As Qt asks for it."""
        if role != Qt.ItemDataRole.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return self._titles[section]

    def data(self, index: QModelIndex, role: int) -> Any:
        """As Qt asks for it."""
        problem = self.problems[index.row()]
        severity = self._severities.get(problem.severity, problem.severity)
        texts = (severity, problem.check, problem.message or problem.explanation)
        if role == Qt.ItemDataRole.DisplayRole:
            return texts[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(text for text in problem[5:] if text)
        if role == _RANK:
            return _rank(problem.severity) if index.column() == 0 else texts[index.column()]
        return None


class ProblemFilter(QSortFilterProxyModel):
    """Sorted by what a column means; those below a severity are hidden."""

    def __init__(self, model: ProblemModel, parent: Any = None) -> None:
        super().__init__(parent)
        self._worst_hidden = len(SEVERITIES)
        self.setSourceModel(model)
        self.setSortRole(_RANK)

    def show_down_to(self, n_severities: int) -> None:
        """Show so many of SEVERITIES."""
        self._worst_hidden = n_severities
        self.invalidateFilter()

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:  # noqa: ARG002
        """As Qt asks for it."""
        problem = self.sourceModel().problems[row]
        return _rank(problem.severity) < self._worst_hidden or self._worst_hidden == len(SEVERITIES)

    def problem(self, index: QModelIndex) -> Problem:
        """The problem in this row of the list."""
        return self.sourceModel().problems[self.mapToSource(index).row()]
