# SPDX-License-Identifier: GPL-2.0-or-later
"""The page that starts a labelling project."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsFieldProxyModel,
    QgsMapLayer,
    QgsMapLayerProxyModel,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.gui import QgsFieldComboBox, QgsFileWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QIcon, QPixmap
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ..about import icon
from ..chips import EDGES, ChipLayout, rows_and_columns
from ..dock_settings import MAX_PX, MODES
from ..raster_grid import NoPixelGridError, grid_of
from ..translation import tr
from .adopt import AdoptError
from .annotator import annotator, set_annotator
from .classes import ClassListError, LabelClass, from_csv, from_recipe, values_of
from .geopackage import GeoPackageError
from .make import MakeError, ProjectRequest, make_project
from .templates import TEMPLATES, template, template_title

FROM_RECIPE, FROM_CSV, FROM_FIELD = "recipe", "csv", "field"


class StartPage(QDialog):
    """Asks for everything once; `made` brings the LabelProject."""

    made = pyqtSignal(object, bool)
    """The LabelProject, and whether the QGIS project shall be saved beside it."""

    def __init__(self, parent: QWidget | None = None, active: QgsMapLayer | None = None) -> None:
        super().__init__(parent)
        self._active = active
        self.setObjectName("PolychipStartPage")
        self.setWindowTitle(tr("New Labelling Project"))
        self.setWindowIcon(icon())
        self._classes: list[LabelClass] = []
        self._class_problem = ""
        self._make_widgets()
        self._lay_out()
        self._connect()
        self._template_chosen()

    def _make_widgets(self) -> None:
        self.images = QListWidget()
        self.images.setObjectName("startImages")
        self.images.setMaximumHeight(90)
        self.images.setToolTip(
            tr("Tick the images to be labelled; other dates are for looking and stay unticked")
        )
        rasters = _rasters()
        first = self._active if self._active in rasters else next(iter(rasters), None)
        for layer in rasters:
            item = QListWidgetItem(layer.name(), self.images)
            item.setData(Qt.ItemDataRole.UserRole, layer.id())
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            ticked = Qt.CheckState.Checked if layer is first else Qt.CheckState.Unchecked
            item.setCheckState(ticked)
        self.source = _combo("startClasses", tr("Where the classes come from"))
        for known in TEMPLATES:
            self.source.addItem(template_title(known.key), known.key)
        for text, key in (
            (tr("From a recipe…"), FROM_RECIPE),
            (tr("From a table (CSV)…"), FROM_CSV),
            (tr("From the field of the layer below"), FROM_FIELD),
        ):
            self.source.addItem(text, key)
        self.class_file = QgsFileWidget()
        self.class_file.setObjectName("startClassFile")
        self.class_list = QListWidget()
        self.class_list.setObjectName("startClassList")
        self.class_list.setToolTip(tr("The first wins where polygons overlap"))
        self.mode = _combo("startMode", tr("What the masks tell apart"))
        for mode, text in zip(MODES, (tr("Semantic"), tr("Instance"), tr("Panoptic"))):
            self.mode.addItem(text, mode)
        self.mode_hint = _hint("startModeHint")
        self.adopted = QgsMapLayerComboBox()
        self.adopted.setObjectName("startAdopted")
        self.adopted.setFilters(QgsMapLayerProxyModel.Filter.PolygonLayer)
        self.adopted.setAllowEmptyLayer(True, tr("Nothing: an empty layer"))
        self.adopted.setLayer(None)
        self.adopted.setToolTip(
            tr("Polygons that are copied into the project: another layer’s, or an earlier date’s")
        )
        self.adopted_field = QgsFieldComboBox()
        self.adopted_field.setObjectName("startAdoptedField")
        self.adopted_field.setFilters(QgsFieldProxyModel.Filter.AllTypes)
        self.adopted_field.setToolTip(tr("The field that holds each polygon’s class"))
        self._make_cells()

    def _make_cells(self) -> None:
        self.size = QSpinBox()
        self.size.setObjectName("startSize")
        self.size.setRange(16, MAX_PX)
        self.size.setValue(512)
        self.size.setSuffix(" px")
        self.size.setToolTip(tr("Side of a cell; a cell is one chip of the dataset"))
        self.edge = _combo("startEdge", tr("What the last cells do where the image ends"))
        for edge, text in zip(
            EDGES,
            (tr("Reach beyond it (pad)"), tr("Move back inside (shift)"), tr("Leave out (drop)")),
        ):
            self.edge.addItem(text, edge)
        self.count = _hint("startCount")
        self.review = QCheckBox(tr("Cells in review count as done"))
        self.review.setObjectName("startReview")
        self.review.setToolTip(tr("Otherwise the dataset ignores them until they are done"))
        self.geopackage = QgsFileWidget()
        self.geopackage.setObjectName("startGeoPackage")
        self.geopackage.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.geopackage.setFilter("GeoPackage (*.gpkg)")
        self.geopackage.setToolTip(
            tr("Labels, extent and tasks; keep it on a disk of this computer, not on a share")
        )
        self.annotator = QLineEdit(annotator())
        self.annotator.setObjectName("startAnnotator")
        self.annotator.setToolTip(tr("Written to each polygon that you draw"))
        self.save_project = QCheckBox(tr("Save the QGIS project beside it"))
        self.save_project.setObjectName("startSaveProject")
        self.save_project.setChecked(not QgsProject.instance().fileName())
        self.save_project.setToolTip(
            tr("So that the next time opens with the same layers, cell and class")
        )
        self.problem = _hint("startProblem")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = self.buttons.addButton(
            tr("Start Labelling"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.start.setObjectName("startLabelling")
        self.start.setToolTip(tr("Write GeoPackage and recipe, and begin to draw"))

    def _lay_out(self) -> None:
        left, right = QVBoxLayout(), QVBoxLayout()
        for column, name, title, rows in (
            (left, "startImageGroup", tr("Imagery"), [("", self.images)]),
            (left, "startCellGroup", tr("Cells"), [
                (tr("Size"), self.size), (tr("Image edge"), self.edge), ("", self.count),
                ("", self.review),
            ]),
            (left, "startFileGroup", tr("Project"), [
                (tr("GeoPackage"), self.geopackage), (tr("Annotator"), self.annotator),
                ("", self.save_project),
            ]),
            (right, "startClassGroup", tr("Classes"), [
                (tr("Classes"), self.source), ("", self.class_file), ("", self.class_list),
                (tr("Mode"), self.mode), ("", self.mode_hint),
            ]),
            (right, "startAdoptGroup", tr("Begin With"), [
                (tr("Layer"), self.adopted), (tr("Class field"), self.adopted_field),
            ]),
        ):  # fmt: skip
            column.addWidget(_group(name, title, rows))
        left.addStretch(1)
        columns = QHBoxLayout()
        columns.addLayout(left, 1)
        columns.addLayout(right, 1)
        whole = QVBoxLayout(self)
        whole.addLayout(columns)
        whole.addWidget(self.problem)
        whole.addWidget(self.buttons)
        self.resize(860, 560)

    def _connect(self) -> None:
        self.source.currentIndexChanged.connect(self._template_chosen)
        self.class_file.fileChanged.connect(self._take_classes)
        self.mode.currentIndexChanged.connect(self._show_mode)
        self.adopted.layerChanged.connect(self._adopted_chosen)
        self.adopted_field.fieldChanged.connect(self._take_classes)
        self.size.valueChanged.connect(self._show_count)
        self.edge.currentIndexChanged.connect(self._show_count)
        self.images.itemChanged.connect(self._show_count)
        self.buttons.rejected.connect(self.reject)
        self.start.clicked.connect(self._start)
        self._show_count()
        self._adopted_chosen(None)

    def request(self) -> ProjectRequest:
        """What the page says."""
        text = self.geopackage.filePath().strip()
        if text and not text.lower().endswith(".gpkg"):
            text += ".gpkg"
        return ProjectRequest(
            geopackage=Path(text),
            images=self._ticked(),
            classes=self._classes,
            mode=self.mode.currentData(),
            size=self.size.value(),
            edge=self.edge.currentData(),
            review_counts=self.review.isChecked(),
            adopted=self.adopted.currentLayer(),
            adopted_class_field=self.adopted_field.currentField(),
        )

    def _ticked(self) -> list[QgsRasterLayer]:
        project = QgsProject.instance()
        items = [self.images.item(index) for index in range(self.images.count())]
        ids = [
            item.data(Qt.ItemDataRole.UserRole)
            for item in items
            if item.checkState() == Qt.CheckState.Checked
        ]
        return [layer for layer in map(project.mapLayer, ids) if layer is not None]

    def _template_chosen(self, *_: object) -> None:
        key = self.source.currentData()
        self.class_file.setVisible(key in (FROM_RECIPE, FROM_CSV))
        self.class_file.setFilter("TOML (*.toml)" if key == FROM_RECIPE else "CSV (*.csv *.txt)")
        if key not in (FROM_RECIPE, FROM_CSV, FROM_FIELD):
            self.mode.setCurrentIndex(MODES.index(template(key).mode))
        self._show_mode()
        self._take_classes()

    def _take_classes(self, *_: object) -> None:
        key, path = self.source.currentData(), self.class_file.filePath().strip()
        self._classes, self._class_problem = [], ""
        try:
            if key == FROM_RECIPE and path:
                self._classes = from_recipe(Path(path))
            elif key == FROM_CSV and path:
                self._classes = from_csv(Path(path))
            elif key == FROM_FIELD:
                self._classes = self._classes_of_field()
            elif key not in (FROM_RECIPE, FROM_CSV):
                self._classes = list(template(key).classes)
        except ClassListError as error:
            self._class_problem = str(error)
        self.class_list.clear()
        for known in self._classes:
            swatch = QPixmap(16, 16)
            swatch.fill(QColor(known.color))
            text = f"{known.title} ({known.code})"
            if known.ignored:
                text = tr("{class_name} (ignored in training)").format(class_name=known.title)
            self.class_list.addItem(QListWidgetItem(QIcon(swatch), text))
        self.problem.setText(self._class_problem)

    def _classes_of_field(self) -> list[LabelClass]:
        layer, field = self.adopted.currentLayer(), self.adopted_field.currentField()
        if layer is None or not field:
            return []
        return values_of(layer, field)

    def _adopted_chosen(self, layer: QgsVectorLayer | None) -> None:
        self.adopted_field.setLayer(layer)
        self.adopted_field.setEnabled(layer is not None)
        if layer is not None:
            names = {field.name().casefold(): field.name() for field in layer.fields()}
            for wanted in ("class", "label", "category", "type"):
                if wanted in names:
                    self.adopted_field.setField(names[wanted])
                    break
        self._take_classes()

    def _show_mode(self, *_: object) -> None:
        self.mode_hint.setText(
            {
                "semantic": tr(
                    "A class for every pixel: for land cover, water, roads, burned area."
                ),
                "instance": tr(
                    "Every object on its own: to count and outline buildings, trees or vehicles."
                ),
                "panoptic": tr(
                    "Both at once: every pixel has a class, and countable objects are told apart."
                ),
            }[self.mode.currentData()]
        )

    def _show_count(self, *_: object) -> None:
        layout = ChipLayout(self.size.value(), self.size.value(), self.edge.currentData())
        total = 0
        for layer in self._ticked():
            try:
                n_rows, n_columns = rows_and_columns(grid_of(layer), layout)
            except NoPixelGridError as error:
                self.count.setText(str(error))
                return
            total += n_rows * n_columns
        self.count.setText(tr("Cells: {count}").format(count=total))

    def _start(self) -> None:
        request = self.request()
        problem = self._class_problem
        if not problem and request.geopackage == Path():
            problem = tr("Choose where the GeoPackage is written to.")
        if not problem and request.adopted is not None and not request.adopted_class_field:
            problem = tr("Choose the field that holds each polygon’s class.")
        if problem:
            self.problem.setText(problem)
            return
        set_annotator(self.annotator.text().strip())
        try:
            made = make_project(request, QgsProject.instance())
        except (MakeError, NoPixelGridError, AdoptError, ClassListError, GeoPackageError) as error:
            self.problem.setText(str(error))
            return
        except OSError as error:
            self.problem.setText(
                tr("{path} cannot be written: {reason}").format(
                    path=request.geopackage, reason=error
                )
            )
            return
        self.accept()
        self.made.emit(made, self.save_project.isChecked())


def _rasters() -> list[QgsRasterLayer]:
    """In the order of the layer tree, from the top."""
    order = QgsProject.instance().layerTreeRoot().layerOrder()
    return [layer for layer in order if isinstance(layer, QgsRasterLayer)]


def _combo(name: str, tool_tip: str) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setToolTip(tool_tip)
    return box


def _hint(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    return label


def _group(name: str, title: str, rows: list[tuple[str, QWidget]]) -> QGroupBox:
    group = QGroupBox(title)
    group.setObjectName(name)
    form = QFormLayout(group)
    for label, widget in rows:
        if label:
            form.addRow(label, widget)
        else:
            form.addRow(widget)
    return group
