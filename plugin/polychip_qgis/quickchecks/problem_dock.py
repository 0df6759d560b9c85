# SPDX-License-Identifier: GPL-2.0-or-later
"""The dock with the problem list. Widgets alone."""

from __future__ import annotations

from collections import Counter

from qgis.gui import QgsDockWidget
from qgis.PyQt.QtCore import QItemSelectionModel, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from ..about import icon
from ..drawing.widgets import push
from ..translation import tr
from .catalogue import SEVERITIES, checks, severity_title
from .problem import Mark, Problem
from .problem_model import CHECK, FEATURE, MESSAGE, ProblemModel


class ProblemDock(QgsDockWidget):
    """Shows problems; what the user wants is in its signals."""

    problemChosen = pyqtSignal(object)
    """The Problem that was clicked, or reached by key."""
    fixRequested = pyqtSignal(list)
    checkedRequested = pyqtSignal(list, bool)
    againRequested = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Polychip Problems"), parent)
        self.setObjectName("PolychipProblems")
        self.setWindowIcon(icon())
        self._all: list[Problem] = []
        self._checked: set[Mark] = set()
        self._can_edit = False
        self._make_widgets()
        self._lay_out()
        self._connect()
        self.show_problems([], set())

    def _make_widgets(self) -> None:
        self.counts = QLabel()
        self.counts.setObjectName("problemCounts")
        self.filter = QComboBox()
        self.filter.setObjectName("problemFilter")
        self.filter.setToolTip(tr("Show the problems of one check alone"))
        self.show_checked = QCheckBox(tr("Show checked"))
        self.show_checked.setObjectName("showChecked")
        self.show_checked.setToolTip(tr("Also those that somebody has looked at and left"))
        self.model = ProblemModel(self)
        self.list = QTreeView()
        self.list.setObjectName("problemList")
        self.list.setModel(self.model)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setToolTip(tr("A click shows the problem on the map"))
        header = self.list.header()
        header.resizeSection(CHECK, 150)
        header.resizeSection(FEATURE, 110)
        header.setSectionResizeMode(MESSAGE, QHeaderView.ResizeMode.Stretch)
        self.hint = QLabel()
        self.hint.setObjectName("problemHint")
        self.hint.setWordWrap(True)
        self.progress = QProgressBar()
        self.progress.setObjectName("problemProgress")
        self.progress.setFormat(tr("Looked at %v of %m"))
        self.progress.hide()
        self.fix = push("fixProblem", tr("Fix"), tr(
            "Mend what is selected where that is safe; one step of undo"
        ))  # fmt: skip
        self.fix_all = push("fixAllProblems", tr("Fix All Safe"), tr(
            "Mend all that are listed where that is safe: make valid, remove duplicate vertices "
            "and needles, delete exact duplicates, renumber shared ids; one step of undo"
        ))  # fmt: skip
        self.checked = push("checkedProblem", tr("Checked"), tr(
            "You have looked, and it shall stay so; kept in the GeoPackage’s table “checked”"
        ))  # fmt: skip
        self.again = push("checkAgain", tr("Check Again"), tr("Look at every polygon anew"))

    def _lay_out(self) -> None:
        content = QWidget()
        content.setObjectName("polychipProblemsContent")
        column = QVBoxLayout(content)
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.addWidget(self.counts, 1)
        head.addWidget(self.filter)
        head.addWidget(self.show_checked)
        for button in (self.fix, self.fix_all, self.checked, self.again):
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(self.progress)
        column.addLayout(head)
        column.addWidget(self.list, 1)
        column.addWidget(self.hint)
        column.addLayout(foot)
        self.setWidget(content)

    def _connect(self) -> None:
        self.filter.activated.connect(self._refresh)
        self.show_checked.toggled.connect(self._refresh)
        self.list.clicked.connect(lambda index: self._choose(index.row()))
        self.list.selectionModel().selectionChanged.connect(self._selection_changed)
        self.fix.clicked.connect(lambda: self.fixRequested.emit(self.selected()))
        self.fix_all.clicked.connect(lambda: self.fixRequested.emit(self.shown()))
        self.checked.clicked.connect(self._ask_checked)
        self.again.clicked.connect(lambda: self.againRequested.emit())

    # --- showing

    def show_problems(
        self, problems: list[Problem], checked: set[Mark], can_edit: bool = False
    ) -> None:
        """The whole list anew; what was selected stays selected."""
        self._all, self._checked, self._can_edit = problems, checked, can_edit
        open_ones = [p for p in problems if p.mark not in checked]
        by_severity = Counter(p.severity for p in open_ones)
        if open_ones:
            self.counts.setText(", ".join(
                f"{severity_title(s)}: {by_severity[s]}" for s in SEVERITIES if by_severity[s]
            ))  # fmt: skip
        else:
            self.counts.setText(tr("No problems."))
        self._fill_filter(open_ones)
        self._refresh()

    def show_progress(self, done: int, total: int) -> None:
        """How far a long look is; gone when it is over."""
        self.progress.setVisible(done < total)
        self.progress.setMaximum(total)
        self.progress.setValue(done)

    def shown(self) -> list[Problem]:
        """Those that are listed, without the checked ones."""
        return [p for p in self.model.problems if p.mark not in self._checked]

    def selected(self) -> list[Problem]:
        """Those that are selected."""
        rows = {index.row() for index in self.list.selectionModel().selectedIndexes()}
        return [self.model.problems[row] for row in sorted(rows)]

    def choose_next(self) -> Problem | None:
        """Go to the problem after the selected one, round the end."""
        if not self.model.problems:
            return None
        row = (self.list.currentIndex().row() + 1) % len(self.model.problems)
        self._select(row)
        self._choose(row)
        return self.model.problems[row]

    def _select(self, row: int) -> None:
        flags = QItemSelectionModel.SelectionFlag
        index = self.model.index(row, 0)
        self.list.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.list.scrollTo(index)

    def _choose(self, row: int) -> None:
        self.problemChosen.emit(self.model.problems[row])

    def _fill_filter(self, problems: list[Problem]) -> None:
        chosen = self.filter.currentData()
        counts = Counter(p.check for p in problems)
        self.filter.clear()
        self.filter.addItem(tr("All checks"), "")
        for known in checks().values():
            if counts[known.id] or known.id == chosen:
                self.filter.addItem(f"{known.title} ({counts[known.id]})", known.id)
        self.filter.setCurrentIndex(max(0, self.filter.findData(chosen)))

    def _refresh(self, *_: object) -> None:
        former = self.selected()
        place = self.list.currentIndex().row()
        check = self.filter.currentData()
        self.model.show(
            [
                p
                for p in self._all
                if (not check or p.check == check)
                and (self.show_checked.isChecked() or p.mark not in self._checked)
            ],
            self._checked,
        )
        row = self.model.row_of(former[0].mark) if former else -1
        if row >= 0:
            self._select(row)
        elif former and self.model.problems:
            # What was selected is mended: the next one moves up to its place, not yet chosen.
            before = self.model.index(min(place, len(self.model.problems)) - 1, 0)
            flags = QItemSelectionModel.SelectionFlag
            self.list.selectionModel().setCurrentIndex(before, flags.NoUpdate)
        self._selection_changed()

    def _selection_changed(self, *_: object) -> None:
        selected = self.selected()
        self.fix.setEnabled(self._can_edit and any(p.fixable for p in selected))
        self.fix_all.setEnabled(self._can_edit and any(p.fixable for p in self.shown()))
        self.checked.setEnabled(bool(selected))
        was = bool(selected) and all(p.mark in self._checked for p in selected)
        self.checked.setText(tr("Not Checked") if was else tr("Checked"))
        if selected:
            text = checks()[selected[0].check]
            self.hint.setText(f"{text.title}: {text.explanation}; {text.hint}.")
        else:
            self.hint.clear()

    def _ask_checked(self) -> None:
        selected = self.selected()
        was = all(p.mark in self._checked for p in selected)
        self.checkedRequested.emit(selected, not was)
