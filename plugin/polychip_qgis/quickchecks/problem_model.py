# SPDX-License-Identifier: GPL-2.0-or-later
"""The problem list as a model: a row a problem, as many as there are."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, Qt
from qgis.PyQt.QtGui import QColor

from ..drawing.widgets import swatch
from ..translation import tr
from .catalogue import ERROR, INFO, WARNING, Check, checks, severity_title
from .problem import Mark, Problem

CHECK, FEATURE, MESSAGE = range(3)
COLORS = {ERROR: "#e53935", WARNING: "#fb8c00", INFO: "#1e88e5"}


class ProblemModel(QAbstractTableModel):
    """Problems in the order in which they were given."""

    def __init__(self, parent: object | None = None) -> None:
        super().__init__(parent)
        self.problems: list[Problem] = []
        self._texts: dict[str, Check] = checks()
        self._checked: set[Mark] = set()
        self._swatches = {severity: swatch(color) for severity, color in COLORS.items()}

    def show(self, problems: list[Problem], checked: set[Mark]) -> None:
        """Other problems; those that were checked are grey."""
        self.beginResetModel()
        self.problems, self._checked = problems, checked
        self.endResetModel()

    def row_of(self, mark: Mark) -> int:
        """Where a problem is; -1: it is not there."""
        return next((n for n, p in enumerate(self.problems) if p.mark == mark), -1)

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        """A row a problem."""
        return 0 if parent.isValid() else len(self.problems)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: ARG002, B008
        """Check, feature, message."""
        return 3

    def headerData(self, section: int, orientation: Any, role: int = 0) -> Any:
        """The names of the columns."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return (tr("Check"), tr("Feature"), tr("What was found"))[section]
        return None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """What a cell shows."""
        problem = self.problems[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            if index.column() == CHECK:
                return self._texts[problem.check].title
            if index.column() == FEATURE:
                return problem.title
            return problem.message
        if role == Qt.ItemDataRole.DecorationRole and index.column() == CHECK:
            return self._swatches[problem.severity]
        if role == Qt.ItemDataRole.ToolTipRole:
            text = self._texts[problem.check]
            return f"{severity_title(problem.severity)}: {text.explanation}; {text.hint}"
        if role == Qt.ItemDataRole.ForegroundRole and problem.mark in self._checked:
            return QColor(128, 128, 128)
        return None
