# SPDX-License-Identifier: GPL-2.0-or-later
"""The dock: choose imagery, labels and chips, see how many chips come out, export."""

from __future__ import annotations

from qgis.core import QgsMapLayer, QgsMapLayerProxyModel, QgsProject
from qgis.gui import QgsDockWidget, QgsFileWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import QSignalBlocker, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from .about import icon
from .chips import EDGES, PixelGrid, rows_and_columns
from .class_table import ClassTable
from .dock_settings import MODES, DockSettings, recall, remember
from .dock_widgets import field_box, form_group, layer_box, pixel_box
from .format_list import FormatList
from .image_list import ImageList
from .preview_panel import PreviewPanel
from .progress_panel import ProgressPanel
from .quality_panel import QualityPanel
from .raster_grid import NoPixelGridError, grid_of
from .split_box import SplitBox
from .translation import tr

LAID_OUT_MS = 60
"""Qt gives a picture its height only after it was shown."""


class PolychipDock(QgsDockWidget):
    """Collects a DockSettings and remembers it in the project; whoever listens exports."""

    exportRequested = pyqtSignal(object)
    """The DockSettings to export."""
    engineSetupRequested = pyqtSignal()
    settingsChanged = pyqtSignal(object)
    """The DockSettings, whenever a choice changes."""
    saveRecipeRequested = pyqtSignal()
    loadRecipeRequested = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Polychip", parent)
        self.setObjectName("PolychipDock")
        self.setWindowIcon(icon())
        self._grids: list[PixelGrid] = []
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
        self.imagery = layer_box(
            "imagery", layer_filter.RasterLayer, tr("The image that chips are cut from")
        )
        self.more_imagery = ImageList()
        self.labels = layer_box(
            "labels", layer_filter.PolygonLayer, tr("The polygons that masks are burned from")
        )
        self.class_field = field_box("classField", tr("The field that holds each polygon’s class"))
        self.instance_field = field_box(
            "instanceField",
            tr(
                "The field that holds the object’s id; empty: every polygon is an object of its own"
            ),
        )
        self.extent = layer_box(
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
        self.size = pixel_box("chipSize", 1, 512, tr("Side of a chip in pixels"))
        self.stride = pixel_box(
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
        self.split = SplitBox()
        self.classes = ClassTable()
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
        self.formats = FormatList()
        self.preview = PreviewPanel()
        self.quality = QualityPanel()
        self.save_button = QPushButton(tr("Save Recipe…"))
        self.save_button.setObjectName("saveRecipe")
        self.save_button.setToolTip(
            tr("Write these choices and the labels as seen to files that “polychip run” takes")
        )
        self.load_button = QPushButton(tr("Load Recipe…"))
        self.load_button.setObjectName("loadRecipe")
        self.load_button.setToolTip(tr("Take the choices from a recipe"))
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
        inputs = form_group(
            "inputGroup",
            tr("Input"),
            (tr("Imagery"), self.imagery),
            ("", self.more_imagery),
            (tr("Labels"), self.labels),
            (tr("Class field"), self.class_field),
            (tr("Instance field"), self.instance_field),
            (tr("Labelled extent"), self.extent),
        )
        chips = form_group(
            "chipsGroup",
            tr("Chips"),
            (tr("Mode"), self.mode),
            ("", self.mode_hint),
            (tr("Size"), self.size),
            (tr("Stride"), self.stride),
            (tr("Image edge"), self.edge),
            ("", self.count),
        )
        classes = form_group("classesGroup", tr("Classes"), ("", self.classes), collapsed=True)
        splits = form_group("splitGroup", tr("Splits"), ("", self.split), collapsed=True)
        recipe_row = QWidget()
        recipe_layout = QHBoxLayout(recipe_row)
        recipe_layout.setContentsMargins(0, 0, 0, 0)
        recipe_layout.addWidget(self.save_button)
        recipe_layout.addWidget(self.load_button)
        output = form_group(
            "outputGroup",
            tr("Output"),
            (tr("Folder"), self.output),
            ("", self.formats),
            ("", self.replace_box),
            ("", recipe_row),
        )
        engine_row = QHBoxLayout()
        engine_row.addWidget(self.engine_status, 1)
        engine_row.addWidget(self.engine_button)
        content = QWidget()
        content.setObjectName("polychipContent")
        column = QVBoxLayout(content)
        for group in (inputs, classes, self.quality, chips, splits, self.preview, output):
            column.addWidget(group)
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
        self._scroll = scroll
        whole = QWidget()
        whole.setObjectName("polychipWhole")
        rows = QVBoxLayout(whole)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(scroll, 1)
        footer = QVBoxLayout()  # in sight however far the rest is scrolled
        footer.setContentsMargins(9, 0, 9, 9)
        footer.addWidget(self.export_button)
        footer.addWidget(self.progress)
        footer.addLayout(engine_row)
        rows.addLayout(footer)
        self.setWidget(whole)

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
        for box in (self.more_imagery, self.split, self.classes, self.formats):
            box.chosen.connect(self._remember)
        self.more_imagery.chosen.connect(self._read_grids)
        self.extent.layerChanged.connect(self.split.set_extent)
        self.classes.fillRequested.connect(self._fill_classes)
        self._laid_out = QTimer(self)
        self._laid_out.setSingleShot(True)
        self._laid_out.setInterval(LAID_OUT_MS)
        self._laid_out.timeout.connect(
            lambda: self._scroll.ensureWidgetVisible(self.preview.text, 0, 12)
        )
        self.preview.opened.connect(self._laid_out.start)
        self.save_button.clicked.connect(lambda *_: self.saveRecipeRequested.emit())
        self.load_button.clicked.connect(lambda *_: self.loadRecipeRequested.emit())
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
        split, fractions = self.split.value()
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
            more_imagery=self.more_imagery.value(),
            split=split,
            fractions=fractions,
            classes=self.classes.value(),
            formats=self.formats.value(),
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
        self.more_imagery.set_value(settings.more_imagery)
        self.split.set_extent(self.extent.currentLayer())
        self.split.set_value(settings.split, settings.fractions)
        self.classes.set_value(settings.classes)
        self.formats.set_value(settings.formats)
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
        self.settingsChanged.emit(self.settings())

    def set_capabilities(self, told: dict) -> None:
        """Offer what the engine says it can do."""
        self.split.offer([str(way) for way in told.get("splits", [])])
        self.formats.offer([str(name) for name in told.get("formats", [])])
        self.classes.offer_colors([str(color) for color in told.get("colors", [])])

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

    def missing(self, *, output: bool = True) -> str:
        """A sentence on the first thing that an export still needs; '' when all is there.

        Args:
            output: whether a folder is needed.
        """
        settings = self.settings()
        if not settings.imagery:
            return tr("Choose the imagery: load a raster file into the project.")
        if self._grid_problem or not self._grids:
            return self._grid_problem
        if not settings.labels:
            return tr("Choose the labels: load a polygon layer into the project.")
        if not settings.class_field:
            return tr("Choose the field that holds each polygon’s class.")
        problem = self.classes.problem() or self.split.problem()
        if problem:
            return problem
        if output and not settings.output:
            return tr("Choose the folder for the dataset.")
        return ""

    def keep(self) -> None:
        """Write what the widgets say into the project."""
        self._remember()

    def _restore(self, *_: object) -> None:
        self.set_settings(recall(QgsProject.instance()) or DockSettings())

    def _remember(self, *_: object) -> None:
        settings = self.settings()
        remember(QgsProject.instance(), settings)
        self.settingsChanged.emit(settings)

    def _fill_classes(self) -> None:
        layer, field = self.labels.currentLayer(), self.class_field.currentField()
        problem = self.missing(output=False) if layer is None or not field else ""
        self.preview.say(problem or self.classes.fill(layer, field))

    def _imagery_changed(self, layer: QgsMapLayer | None) -> None:
        self.more_imagery.set_first(layer.id() if layer is not None else "")
        self._read_grids()

    def _read_grids(self) -> None:
        """The pixel grids of all images, the first one's first."""
        self._grids, self._grid_problem = [], ""
        project, first = QgsProject.instance(), self.imagery.currentLayer()
        layers = [project.mapLayer(layer_id) for layer_id in self.more_imagery.value()]
        try:
            for layer in [first, *layers]:
                if layer is not None:
                    self._grids.append(grid_of(layer))
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
        if self._grid_problem or not self._grids:
            self.count.setText(
                self._grid_problem or tr("Choose imagery to see the number of chips.")
            )
            return
        layout = self.settings().layout
        counts = [rows_and_columns(grid, layout) for grid in self._grids]
        if len(counts) > 1:
            total = sum(rows * columns for rows, columns in counts)
            text = tr("Chips: {total} in {images} images")
            self.count.setText(text.format(total=total, images=len(counts)))
            return
        [(n_rows, n_columns)], [grid] = counts, self._grids
        chips = tr("Chips: {total} ({rows} down, {columns} across)")
        text = chips.format(total=n_rows * n_columns, rows=n_rows, columns=n_columns)
        image = tr("Image: {width} × {height} pixels").format(width=grid.width, height=grid.height)
        self.count.setText(f"{text}\n{image}")


def _layer_id(box: QgsMapLayerComboBox) -> str:
    layer = box.currentLayer()
    return layer.id() if layer is not None else ""


def _mode_sentence(mode: str) -> str:
    if mode == "instance":
        return tr("Every object on its own: to count and outline buildings, trees or vehicles.")
    if mode == "panoptic":
        return tr("Both at once: every pixel has a class, and countable objects are told apart.")
    return tr("A class for every pixel: for land cover, water, roads, burned area.")
