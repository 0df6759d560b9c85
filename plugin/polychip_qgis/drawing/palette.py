# SPDX-License-Identifier: GPL-2.0-or-later
"""The palette dock: classes with key, colour and count; tools, view, tasks. Widgets alone."""

from __future__ import annotations

from qgis.core import QgsMapLayerProxyModel
from qgis.gui import QgsDockWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QIcon
from qgis.PyQt.QtWidgets import (
    QAction,
    QComboBox,
    QFrame,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QScrollArea,
    QSlider,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..about import icon
from ..translation import tr
from .keys import DrawingActions
from .names import TASK_STATUSES
from .session import RULES, LabelSession
from .styles import task_status_title
from .task_book import LEAST_DONE, SNAKE
from .widgets import KeyButton, area_text, push, swatch

KEY, NAME, COUNT, AREA = range(4)


class LabelPalette(QgsDockWidget):
    """Shows a LabelSession; what the user wants is in its signals and in DrawingActions."""

    newProjectRequested = pyqtSignal()
    startRequested = pyqtSignal()
    saveRequested = pyqtSignal()
    classChosen = pyqtSignal(str)
    ruleChosen = pyqtSignal(str)
    orderChosen = pyqtSignal(str)
    statusChosen = pyqtSignal(str)
    noteWritten = pyqtSignal(str)
    opacityChosen = pyqtSignal(int)
    taskViewChosen = pyqtSignal(str)
    commandChosen = pyqtSignal(str)
    """A name of the menu below More."""

    def __init__(self, actions: DrawingActions, parent: QWidget | None = None) -> None:
        super().__init__(tr("Polychip Labels"), parent)
        self.setObjectName("PolychipLabels")
        self.setWindowIcon(icon())
        self._actions = actions
        self._rows: dict[str, QTreeWidgetItem] = {}
        self._make_head()
        self._make_classes()
        self._make_view()
        self._make_tasks()
        self._lay_out()
        self._connect()
        self.show_session(None)

    # --- widgets

    def _make_head(self) -> None:
        self.new_button = push("newLabelProject", tr("New Labelling Project…"), tr(
            "Make a GeoPackage, a task grid and a recipe for the imagery that is loaded"
        ))  # fmt: skip
        self.start_button = push("startDrawing", tr("Start Drawing"), tr(
            "Edit the labels and take the polygon tool"
        ))  # fmt: skip
        self.save_button = push("saveLabels", tr("Save"), tr(
            "Save labels, tasks and extent; nothing else ever does"
        ))  # fmt: skip
        self.more_button = QToolButton()
        self.more_button.setObjectName("moreCommands")
        self.more_button.setText(tr("More"))
        self.more_button.setToolTip(tr("Annotators, files, bands"))
        self.more_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.more_button)
        for name, text in (
            ("hand_out", tr("Hand Out Cells…")),
            ("write_files", tr("Write a File for Each Annotator")),
            ("merge_files", tr("Merge Annotators’ Files…")),
            ("annotator", tr("Annotator’s Name…")),
            ("bands", tr("Bands of the Image…")),
            ("proposals", tr("Propose Labels From a Layer…")),
            ("problems", tr("List of Problems")),
            ("check", tr("Check Before Export")),
        ):
            action = QAction(text, menu)
            action.setObjectName(f"command_{name}")
            action.triggered.connect(lambda _=False, n=name: self.commandChosen.emit(n))
            menu.addAction(action)
        self.more_button.setMenu(menu)

    def _make_classes(self) -> None:
        self.current = QLabel()
        self.current.setObjectName("currentClass")
        self.current.setToolTip(tr("The class that is drawn now"))
        self.search = QLineEdit()
        self.search.setObjectName("searchClass")
        self.search.setPlaceholderText(tr("Type a class, Enter takes it"))
        self.search.setClearButtonEnabled(True)
        self.tree = QTreeWidget()
        self.tree.setObjectName("classList")
        self.tree.setHeaderLabels([tr("Key"), tr("Class"), tr("Objects"), tr("Area")])
        self.tree.setRootIsDecorated(False)
        self.tree.setToolTip(tr("Click a class to draw it"))
        self.tree.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(24)
        for column in (KEY, NAME, COUNT, AREA):
            mode = QHeaderView.ResizeMode
            header.setSectionResizeMode(
                column, mode.Stretch if column == NAME else mode.ResizeToContents
            )
        self.rule = QComboBox()
        self.rule.setObjectName("drawingRule")
        for rule, text, tip in (
            (
                RULES[0],
                tr("Overlap"),
                tr("Both stay; the order of the classes decides in the masks"),
            ),
            (
                RULES[1],
                tr("Give way"),
                tr("The new polygon stops at the old; inside one it is cut in"),
            ),
            (RULES[2], tr("Take the ground"), tr("The new polygon is cut out of what lies below")),
        ):
            self.rule.addItem(text, rule)
            self.rule.setItemData(self.rule.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.rule.setToolTip(tr("What happens where polygons meet"))
        self.total = QLabel()
        self.total.setObjectName("labelTotal")

    def _make_view(self) -> None:
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setObjectName("labelOpacity")
        self.opacity.setRange(0, 100)
        self.opacity.setValue(100)
        self.opacity.setToolTip(tr("Opacity of the labels"))
        kind = QgsMapLayerProxyModel.Filter.RasterLayer
        self.compare_boxes = []
        for name, tip in (
            ("flickerFirst", tr("The image that is drawn from")),
            ("flickerSecond", tr("The other date")),
        ):
            box = QgsMapLayerComboBox()
            box.setObjectName(name)
            box.setFilters(kind)
            box.setToolTip(tip)
            box.setMinimumContentsLength(8)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            self.compare_boxes.append(box)

    def _make_tasks(self) -> None:
        self.cell = QLabel()
        self.cell.setObjectName("currentCell")
        self.cell.setWordWrap(True)
        self.status = QComboBox()
        self.status.setObjectName("cellStatus")
        self.status.setToolTip(tr("Status of the current cell"))
        for status in TASK_STATUSES:
            self.status.addItem(task_status_title(status), status)
        self.note = QLineEdit()
        self.note.setObjectName("cellNote")
        self.note.setPlaceholderText(tr("Note on the cell"))
        self.order = QComboBox()
        self.order.setObjectName("cellOrder")
        self.order.setToolTip(tr("Which cell is the next one"))
        self.order.addItem(tr("Snake"), SNAKE)
        self.order.addItem(tr("Least done first"), LEAST_DONE)
        self.task_view = QComboBox()
        self.task_view.setObjectName("taskView")
        self.task_view.setToolTip(tr("What the colours of the cells say"))
        self.task_view.addItem(tr("Cells by status"), "status")
        self.task_view.addItem(tr("Under-labelled cells"), "under_labelled")
        self.progress = QProgressBar()
        self.progress.setObjectName("taskProgress")
        self.by_annotator = QLabel()
        self.by_annotator.setObjectName("taskAnnotators")
        self.by_annotator.setWordWrap(True)

    def _lay_out(self) -> None:
        content = QWidget()
        content.setObjectName("polychipLabelsContent")
        column = QVBoxLayout(content)
        head = QHBoxLayout()
        for widget in (self.start_button, self.save_button, self.more_button):
            head.addWidget(widget)
        column.addWidget(self.new_button)
        column.addLayout(head)
        self.groups = [
            self._group("classGroup", tr("Classes"), [
                [self.current], [self.search], [self.tree], [self.total],
            ]),
            self._group("toolGroup", tr("Draw"), [
                [self._button(n) for n in ("polygon", "rectangle")],
                [self._button(n) for n in ("circle", "freehand")],
                [self._button(n) for n in ("hole", "split")],
                [self._button(n) for n in ("merge", "fill")],
                [self._button(n) for n in ("brush", "wand")], [self._button("resume")],
                [self.rule, self._button("rule")],
                [self._button("extend"), self._button("search")],
            ]),
            self._group("taskGroup", tr("Tasks"), [
                [self.cell], [self.status, self.order],
                [self._button("previous"), self._button("next")],
                [self._button("done"), self._button("unsure")],
                [self._button("problem")],
                [self.note], [self.progress], [self.by_annotator], [self.task_view],
            ]),
            self._group("viewGroup", tr("View"), [
                [self._button("hide"), self._button("outline")],
                [QLabel(tr("Opacity")), self.opacity],
                self.compare_boxes,
                [self._button("flicker"), self._button("bands")],
                [self._button("stretch")],
            ]),
            self._group("proposalGroup", tr("Proposals"), [
                [self._button("accept"), self._button("accept_all")],
                [self._button("reject"), self._button("reject_all")],
                [self._button("adjust")],
            ]),
        ]  # fmt: skip
        for group in self.groups:
            column.addWidget(group)
        column.addStretch(1)
        self._column, self._scroll = column, QScrollArea()
        scroll = self._scroll
        scroll.setObjectName("polychipLabelsScroll")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        self._widen(content.minimumSizeHint().width())
        self.setWidget(scroll)

    def _widen(self, needed: int) -> None:
        """No narrower than what it holds: it scrolls up and down alone."""
        wide = needed + self._scroll.verticalScrollBar().sizeHint().width()
        self._scroll.setMinimumWidth(max(wide, self._scroll.minimumWidth()))

    def add_group(self, group: QGroupBox, after: str) -> None:
        """Put a part of somebody else's below the group of that name."""
        names = [self._column.itemAt(n).widget() for n in range(self._column.count())]
        place = next(n for n, w in enumerate(names) if w is not None and w.objectName() == after)
        self._column.insertWidget(place + 1, group)
        margins = self._column.contentsMargins()
        self._widen(group.minimumSizeHint().width() + margins.left() + margins.right())
        group.setVisible(self.groups[0].isVisibleTo(self))
        self.groups.append(group)

    def _group(self, name: str, title: str, rows: list[list[QWidget]]) -> QGroupBox:
        group = QGroupBox(title)
        group.setObjectName(name)
        grid = QGridLayout(group)
        for row, widgets in enumerate(rows):
            span = 2 // len(widgets)
            for col, widget in enumerate(widgets):
                grid.addWidget(widget, row, col * span, 1, span)
        return group

    def _button(self, name: str) -> QToolButton:
        return KeyButton(name, self._actions)

    def _connect(self) -> None:
        self.new_button.clicked.connect(lambda: self.newProjectRequested.emit())
        self.start_button.clicked.connect(lambda: self.startRequested.emit())
        self.save_button.clicked.connect(lambda: self.saveRequested.emit())
        self.tree.itemClicked.connect(
            lambda item, _: self.classChosen.emit(item.data(NAME, Qt.ItemDataRole.UserRole))
        )
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._take_first)
        self.rule.activated.connect(lambda _: self.ruleChosen.emit(self.rule.currentData()))
        self.order.activated.connect(lambda _: self.orderChosen.emit(self.order.currentData()))
        self.status.activated.connect(lambda _: self.statusChosen.emit(self.status.currentData()))
        self.note.editingFinished.connect(lambda: self.noteWritten.emit(self.note.text().strip()))
        self.opacity.valueChanged.connect(self.opacityChosen)
        self.task_view.activated.connect(
            lambda _: self.taskViewChosen.emit(self.task_view.currentData())
        )

    # --- showing

    def show_session(self, session: LabelSession | None) -> None:
        """Fill in everything; None: there is no labelling project."""
        for group in self.groups:
            group.setVisible(session is not None)
        for button in (self.start_button, self.save_button, self.more_button):
            button.setVisible(session is not None)
        self.tree.clear()
        self._rows = {}
        if session is None:
            return
        for number, known in enumerate(session.classes, 1):
            item = QTreeWidgetItem([self._actions.class_key(number), known.title, "", ""])
            item.setData(NAME, Qt.ItemDataRole.UserRole, known.name)
            item.setIcon(NAME, QIcon(swatch(known.color)))
            for column in (COUNT, AREA):
                item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight)
            item.setToolTip(NAME, known.title)
            self.tree.addTopLevelItem(item)
            self._rows[known.name] = item
        rows = min(max(len(session.classes), 4), 12)
        row_height = self.tree.sizeHintForRow(0) if session.classes else 20
        self.tree.setFixedHeight(self.tree.header().sizeHint().height() + (rows + 1) * row_height)
        self.opacity.blockSignals(True)
        self.opacity.setValue(round(session.labels.opacity() * 100))
        self.opacity.blockSignals(False)
        self.show_counts(session)
        self.show_state(session)
        self.show_tasks(session)

    def show_counts(self, session: LabelSession) -> None:
        """Objects and area by class."""
        for name, item in self._rows.items():
            found = session.tally.of(name)
            item.setText(COUNT, str(found.count))
            item.setText(AREA, area_text(found.area_m2))
        self.total.setText(tr("Objects: {count}").format(count=session.tally.total))

    def show_state(self, session: LabelSession) -> None:
        """Class, rule, extending."""
        if session.current is not None:
            known = session.current
            ink = "#000000" if QColor(known.color).lightness() > 140 else "#ffffff"
            self.current.setText(known.title)
            self.current.setStyleSheet(
                f"background: {known.color}; color: {ink}; padding: 4px; font-weight: bold;"
            )
            if known.name in self._rows:
                self.tree.setCurrentItem(self._rows[known.name])
        self.rule.setCurrentIndex(self.rule.findData(session.rule))
        self.order.setCurrentIndex(self.order.findData(session.order))
        self._actions.by_name["extend"].setChecked(session.extends)

    def show_tasks(self, session: LabelSession) -> None:
        """The current cell and how far it is."""
        self.groups[2].setVisible(session.book is not None)
        if session.book is None:
            return
        task = session.task()
        for widget in (self.status, self.note):
            widget.setEnabled(task is not None)
        if task is None:
            self.cell.setText(tr("No cell: press Next."))
        else:
            self.cell.setText(tr("Cell {cell}").format(cell=task.cell))
            self.status.setCurrentIndex(self.status.findData(task.status))
            if not self.note.hasFocus():
                self.note.setText(task.note)
        whole = session.book.progress()
        self.progress.setMaximum(max(1, whole.total))
        self.progress.setValue(whole.finished)
        self.progress.setFormat(f"{whole.finished} / {whole.total}")
        lines = [
            f"{name}: {part.finished} / {part.total}"
            for name, part in session.book.progress_by_annotator().items()
        ]
        self.by_annotator.setText("\n".join(lines))

    def show_editing(self, edited: bool, modified: bool) -> None:
        """What Start and Save say."""
        self.start_button.setText(tr("Stop Drawing") if edited else tr("Start Drawing"))
        self.save_button.setEnabled(modified)

    def begin_search(self) -> None:
        """Put the cursor into the search line."""
        self.raise_()
        self.search.clear()
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _filter(self, text: str) -> None:
        for item in self._rows.values():
            item.setHidden(text.strip().casefold() not in item.text(NAME).casefold())

    def _take_first(self) -> None:
        shown = [item for item in self._rows.values() if not item.isHidden()]
        wanted = self.search.text().strip().casefold()
        shown.sort(key=lambda item: not item.text(NAME).casefold().startswith(wanted))
        self.search.clear()
        if shown:
            self.classChosen.emit(shown[0].data(NAME, Qt.ItemDataRole.UserRole))
