# SPDX-License-Identifier: GPL-2.0-or-later
"""The dock: choose imagery, labels and chips, see how many chips come out, export."""

from __future__ import annotations

from qgis.core import QgsFieldProxyModel, QgsMapLayer, QgsMapLayerProxyModel, QgsProject
from qgis.gui import QgsDockWidget, QgsFieldComboBox, QgsFileWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import QEvent, QObject, QSignalBlocker, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QFrame,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from .about import icon
from .chips import EDGES, PixelGrid, rows_and_columns
from .dock_settings import MAX_PX, MODES, DockSettings, recall, remember
from .progress_panel import ProgressPanel
from .raster_grid import NoPixelGridError, grid_of
from .translation import tr


class PolychipDock(QgsDockWidget):
    """Collects a DockSettings and remembers it in the project; whoever listens exports."""

    exportRequested = pyqtSignal(object)
    """The DockSettings to export."""
    engineSetupRequested = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Polychip", parent)
        self.setObjectName("PolychipDock")
        self.setWindowIcon(icon())
        self._grid: PixelGrid | None = None
        self._grid_problem = ""
        self._make_inputs()
        self._make_chips()
        self._make_output()
        self._lay_out()
        self._connect()
        self._restore()

    # --- widgets

    def _make_inputs(self) -> None:
        layer_filter = QgsMapLayerProxyModel.Filter
        self.imagery = _layer_box(
            "imagery", layer_filter.RasterLayer, tr("The image that chips are cut from")
        )
        self.labels = _layer_box(
            "labels", layer_filter.PolygonLayer, tr("The polygons that masks are burned from")
        )
        self.class_field = _field_box("classField", tr("The field that holds each polygon’s class"))
        self.instance_field = _field_box(
            "instanceField",
            tr(
                "The field that holds the object’s id; empty: every polygon is an object of its own"
            ),
        )
        self.extent = _layer_box(
            "extent",
            layer_filter.PolygonLayer,
            tr("Polygons of what was looked at: outside them nothing is known"),
        )
        self.extent.setAllowEmptyLayer(True, tr("Whole image"))
        self.extent.setLayer(None)

    def _make_chips(self) -> None:
        self.mode = QComboBox()
        self.mode.setObjectName("mode")
        self.mode.setToolTip(tr("What the masks tell apart"))
        for mode, text in zip(MODES, (tr("Semantic"), tr("Instance"), tr("Panoptic"))):
            self.mode.addItem(text, mode)
        self.mode_hint = QLabel()
        self.mode_hint.setObjectName("modeHint")
        self.mode_hint.setWordWrap(True)
        self.size = _pixel_box("chipSize", 1, 512, tr("Side of a chip in pixels"))
        self.stride = _pixel_box(
            "chipStride", 0, 0, tr("Step from chip to chip; smaller than the size: chips overlap")
        )
        self.stride.setSpecialValueText(tr("Same as size"))
        self.edge = QComboBox()
        self.edge.setObjectName("edge")
        self.edge.setToolTip(tr("What the last chips do where the image ends"))
        for edge, text in zip(
            EDGES,
            (tr("Reach beyond it (pad)"), tr("Move back inside (shift)"), tr("Leave out (drop)")),
        ):
            self.edge.addItem(text, edge)
        self.count = QLabel()
        self.count.setObjectName("chipCount")
        self.count.setWordWrap(True)
        self.count.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _make_output(self) -> None:
        self.output = QgsFileWidget()
        self.output.setObjectName("outputFolder")
        self.output.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.output.setDialogTitle(tr("Select the Dataset’s Folder"))
        self.output.setToolTip(
            tr("The folder that the dataset is written to; it is made if it is not there")
        )
        self.replace_box = QCheckBox(tr("Replace an existing dataset"))
        self.replace_box.setObjectName("replaceDataset")
        self.replace_box.setToolTip(
            tr("Write anew over a dataset, finished or not, that is already in the folder")
        )
        self.progress = ProgressPanel()
        self.engine_status = QLabel()
        self.engine_status.setObjectName("engineStatus")
        self.engine_status.setWordWrap(True)
        self.engine_button = QPushButton(tr("Engine…"))
        self.engine_button.setObjectName("engineSettings")
        self.engine_button.setToolTip(tr("Open the settings in which the engine is set up"))
        self.export_button = QPushButton(tr("Export"))
        self.export_button.setObjectName("export")
        self.export_button.setToolTip(tr("Write the dataset"))

    def _lay_out(self) -> None:
        inputs = _form(
            "inputGroup",
            tr("Input"),
            (tr("Imagery"), self.imagery),
            (tr("Labels"), self.labels),
            (tr("Class field"), self.class_field),
            (tr("Instance field"), self.instance_field),
            (tr("Labelled extent"), self.extent),
        )
        chips = _form(
            "chipsGroup",
            tr("Chips"),
            (tr("Mode"), self.mode),
            ("", self.mode_hint),
            (tr("Size"), self.size),
            (tr("Stride"), self.stride),
            (tr("Image edge"), self.edge),
            ("", self.count),
        )
        output = _form(
            "outputGroup", tr("Output"), (tr("Folder"), self.output), ("", self.replace_box)
        )
        engine_row = QHBoxLayout()
        engine_row.addWidget(self.engine_status, 1)
        engine_row.addWidget(self.engine_button)
        content = QWidget()
        content.setObjectName("polychipContent")
        column = QVBoxLayout(content)
        for group in (inputs, chips, output):
            column.addWidget(group)
        column.addWidget(self.export_button)
        column.addWidget(self.progress)
        column.addLayout(engine_row)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setObjectName("polychipScroll")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        # Without this the dock can be made narrower than its content, which would be cut off.
        scroll.setMinimumWidth(
            content.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width()
        )
        self.setWidget(scroll)

    # --- wiring

    def _connect(self) -> None:
        self.imagery.layerChanged.connect(self._imagery_changed)
        self.labels.layerChanged.connect(self._labels_changed)
        self.mode.currentIndexChanged.connect(self._show_mode)
        for box in (self.size, self.stride):
            box.valueChanged.connect(self._show_count)
            box.valueChanged.connect(self._remember)
        self.edge.currentIndexChanged.connect(self._show_count)
        # `activated` is the user's hand alone: layers that come and go are no choices.
        for box in (
            self.imagery,
            self.labels,
            self.class_field,
            self.instance_field,
            self.extent,
            self.mode,
            self.edge,
        ):
            box.activated.connect(self._remember)
        self.output.fileChanged.connect(self._remember)
        # What may be replaced in one folder may not be replaced in another.
        self.output.fileChanged.connect(lambda *_: self.replace_box.setChecked(False))
        self.export_button.clicked.connect(lambda: self.exportRequested.emit(self.settings()))
        self.engine_button.clicked.connect(lambda: self.engineSetupRequested.emit())
        project = QgsProject.instance()
        project.readProject.connect(self._restore)
        project.cleared.connect(self._restore)

    def settings(self) -> DockSettings:
        """What the widgets say."""
        return DockSettings(
            imagery=_layer_id(self.imagery),
            labels=_layer_id(self.labels),
            class_field=self.class_field.currentField(),
            instance_field=self.instance_field.currentField(),
            extent=_layer_id(self.extent),
            mode=self.mode.currentData(),
            size=self.size.value(),
            stride=self.stride.value(),
            edge=self.edge.currentData(),
            output=self.output.filePath().strip(),
        )

    def set_settings(self, settings: DockSettings) -> None:
        """Fill the widgets; a layer or field that is gone leaves its box as it is or empty."""
        project = QgsProject.instance()
        blockers = [QSignalBlocker(widget) for widget in (self.size, self.stride, self.output)]
        for box, layer_id in ((self.imagery, settings.imagery), (self.labels, settings.labels)):
            layer = project.mapLayer(layer_id)
            if layer is not None:
                box.setLayer(layer)
        self.extent.setLayer(project.mapLayer(settings.extent))
        self._labels_changed(self.labels.currentLayer())
        self.class_field.setField(settings.class_field)
        self.instance_field.setField(settings.instance_field)
        self.mode.setCurrentIndex(MODES.index(settings.mode))
        self.edge.setCurrentIndex(EDGES.index(settings.edge))
        self.size.setValue(settings.size)
        self.stride.setValue(settings.stride)
        self.output.setFilePath(settings.output)
        del blockers
        self._show_mode()
        self._imagery_changed(self.imagery.currentLayer())

    def set_engine_status(self, text: str) -> None:
        """One line on the engine."""
        self.engine_status.setText(text)

    def set_exporting(self, running: bool) -> None:
        """One export at a time: the button waits, the progress shows."""
        self.export_button.setEnabled(not running)
        if running:
            self.progress.begin()
        else:
            self.progress.end()

    def missing(self) -> str:
        """A sentence on the first thing that an export still needs; '' when all is there."""
        settings = self.settings()
        if not settings.imagery:
            return tr("Choose the imagery: load a raster file into the project.")
        if self._grid is None:
            return self._grid_problem
        if not settings.labels:
            return tr("Choose the labels: load a polygon layer into the project.")
        if not settings.class_field:
            return tr("Choose the field that holds each polygon’s class.")
        if not settings.output:
            return tr("Choose the folder for the dataset.")
        return ""

    def _restore(self, *_: object) -> None:
        self.set_settings(recall(QgsProject.instance()) or DockSettings())

    def _remember(self, *_: object) -> None:
        remember(QgsProject.instance(), self.settings())

    def _imagery_changed(self, layer: QgsMapLayer | None) -> None:
        self._grid, self._grid_problem = None, ""
        if layer is not None:
            try:
                self._grid = grid_of(layer)
            except NoPixelGridError as error:
                self._grid_problem = str(error)
        self._show_count()

    def _labels_changed(self, layer: QgsMapLayer | None) -> None:
        self.class_field.setLayer(layer)
        self.instance_field.setLayer(layer)

    def _show_mode(self, *_: object) -> None:
        mode = self.mode.currentData()
        self.mode_hint.setText(_mode_sentence(mode))
        self.instance_field.setEnabled(mode != "semantic")

    def _show_count(self, *_: object) -> None:
        if self._grid is None:
            self.count.setText(
                self._grid_problem or tr("Choose imagery to see the number of chips.")
            )
            return
        n_rows, n_columns = rows_and_columns(self._grid, self.settings().layout)
        total = n_rows * n_columns
        chips = tr("Chips: {total} ({rows} down, {columns} across)")
        image = tr("Image: {width} × {height} pixels").format(
            width=self._grid.width, height=self._grid.height
        )
        self.count.setText(chips.format(total=total, rows=n_rows, columns=n_columns) + "\n" + image)


class _WheelNeedsFocus(QObject):
    """Keeps the wheel, which scrolls the dock, from changing a box that happens to lie under it."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and not watched.hasFocus():
            event.ignore()
            return True
        return False


def _calm(widget: QWidget, name: str, tool_tip: str) -> None:
    widget.setObjectName(name)
    widget.setToolTip(tool_tip)
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(_WheelNeedsFocus(widget))


def _layer_box(name: str, kind: QgsMapLayerProxyModel.Filter, tool_tip: str) -> QgsMapLayerComboBox:
    box = QgsMapLayerComboBox()
    box.setFilters(kind)
    _calm(box, name, tool_tip)
    box.setMinimumContentsLength(12)  # long layer names must not widen the dock
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box


def _field_box(name: str, tool_tip: str) -> QgsFieldComboBox:
    box = QgsFieldComboBox()
    box.setFilters(QgsFieldProxyModel.Filter.AllTypes)
    box.setAllowEmptyFieldName(True)
    _calm(box, name, tool_tip)
    box.setMinimumContentsLength(12)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box


def _pixel_box(name: str, lowest: int, value: int, tool_tip: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(lowest, MAX_PX)
    box.setValue(value)
    box.setSuffix(" px")
    _calm(box, name, tool_tip)
    return box


def _form(name: str, title: str, *rows: tuple[str, QWidget]) -> QGroupBox:
    group = QGroupBox(title)
    group.setObjectName(name)
    form = QFormLayout(group)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for label, widget in rows:
        if label:
            form.addRow(label, widget)
        else:
            form.addRow(widget)
    return group


def _layer_id(box: QgsMapLayerComboBox) -> str:
    layer = box.currentLayer()
    return layer.id() if layer is not None else ""


def _mode_sentence(mode: str) -> str:
    if mode == "instance":
        return tr("Every object on its own: to count and outline buildings, trees or vehicles.")
    if mode == "panoptic":
        return tr("Both at once: every pixel has a class, and countable objects are told apart.")
    return tr("A class for every pixel: for land cover, water, roads, burned area.")
