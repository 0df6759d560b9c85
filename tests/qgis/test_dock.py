"""The dock in a headless QGIS: counting, choosing, remembering."""

from __future__ import annotations

import pytest
from polychip_qgis.dock import PolychipDock
from polychip_qgis.dock_settings import DockSettings, recall
from qgis.core import QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QWheelEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QComboBox, QSpinBox, QWidget


@pytest.fixture
def dock(project):
    """A dock on an empty project."""
    widget = PolychipDock()
    yield widget
    widget.deleteLater()


@pytest.fixture
def layers(project, scene, labels):
    """(image, labels) in the project."""
    image = QgsRasterLayer(str(scene), "scene")
    polygons = QgsVectorLayer(str(labels), "buildings", "ogr")
    project.addMapLayers([image, polygons])
    return image, polygons


def choose(box: QComboBox, text: str) -> None:
    """What a user's choice does: the item changes and `activated` is emitted."""
    index = box.findText(text)
    assert index >= 0, f"{text} is not in {[box.itemText(i) for i in range(box.count())]}"
    box.setCurrentIndex(index)
    box.activated[int].emit(index)


def type_into(box: QSpinBox, text: str) -> None:
    """Type a number over what is there."""
    box.selectAll()
    QTest.keyClicks(box, text)


def test_an_empty_project_asks_for_imagery(dock):
    assert dock.count.text() == "Choose imagery to see the number of chips."
    assert dock.missing() == "Choose the imagery: load a raster file into the project."


@pytest.mark.parametrize(("size", "stride", "edge", "count"), [
    ("512", "0", 0, "Chips: 1 (1 down, 1 across)\nImage: 300 × 200 pixels"),
    ("64", "0", 0, "Chips: 20 (4 down, 5 across)\nImage: 300 × 200 pixels"),
    ("64", "32", 0, "Chips: 54 (6 down, 9 across)\nImage: 300 × 200 pixels"),
    ("64", "0", 2, "Chips: 12 (3 down, 4 across)\nImage: 300 × 200 pixels"),
    ("512", "0", 2, "Chips: 0 (0 down, 0 across)\nImage: 300 × 200 pixels"),
])  # fmt: skip
def test_the_count_follows_every_key(dock, layers, size, stride, edge, count):
    type_into(dock.size, size)
    type_into(dock.stride, stride)
    dock.edge.setCurrentIndex(edge)
    assert dock.count.text() == count


def test_the_count_of_a_rotated_image_is_of_its_own_pixels(dock, project, make_raster):
    path = make_raster("rotated_dock", 30, 20, (500000.0, 4.0, 3.0, 4400000.0, 3.0, -4.0))
    project.addMapLayer(QgsRasterLayer(str(path), "rotated"))
    type_into(dock.size, "10")
    assert dock.count.text() == "Chips: 6 (2 down, 3 across)\nImage: 30 × 20 pixels"


def test_an_image_that_has_no_pixel_grid_is_explained_in_place_of_the_count(
    dock, project, make_raster
):
    project.addMapLayer(QgsRasterLayer(str(make_raster("plain_dock", 20, 20, None)), "plain"))
    assert "“plain” has no regular georeference" in dock.count.text()
    assert "“plain” has no regular georeference" in dock.missing()


def test_fields_are_those_of_the_labels(dock, layers):
    assert [dock.class_field.itemText(i) for i in range(dock.class_field.count())] == [
        "",
        "fid",
        "class",
        "uid",
    ]


def test_layers_that_do_not_fit_are_not_on_offer(dock, layers, project):
    project.addMapLayer(QgsVectorLayer("Point?crs=EPSG:32630", "points", "memory"))
    assert [dock.labels.itemText(i) for i in range(dock.labels.count())] == ["buildings"]
    assert [dock.imagery.itemText(i) for i in range(dock.imagery.count())] == ["scene"]
    assert [dock.extent.itemText(i) for i in range(dock.extent.count())] == [
        "Whole image",
        "buildings",
    ]
    assert dock.extent.currentLayer() is None


def test_each_mode_says_what_it_serves_and_only_semantic_needs_no_instances(dock, layers):
    sentences = []
    for mode, instance_field in (("Semantic", False), ("Instance", True), ("Panoptic", True)):
        choose(dock.mode, mode)
        sentences.append(dock.mode_hint.text())
        assert dock.instance_field.isEnabled() is instance_field
    assert "land cover" in sentences[0]
    assert "count" in sentences[1]
    assert "Both" in sentences[2]


def test_what_is_missing_is_asked_for_one_by_one(dock, layers, tmp_path):
    assert dock.missing() == "Choose the field that holds each polygon’s class."
    choose(dock.class_field, "class")
    assert dock.missing() == "Choose the folder for the dataset."
    dock.output.setFilePath(str(tmp_path / "dataset"))
    assert dock.missing() == ""


def test_export_hands_over_what_was_chosen(dock, layers, tmp_path):
    image, polygons = layers
    choose(dock.class_field, "class")
    choose(dock.mode, "Instance")
    choose(dock.instance_field, "uid")
    type_into(dock.size, "64")
    type_into(dock.stride, "32")
    dock.output.setFilePath(str(tmp_path / "dataset"))
    asked = []
    dock.exportRequested.connect(asked.append)
    dock.export_button.click()
    assert asked == [
        DockSettings(
            imagery=image.id(), labels=polygons.id(), extent="",
            class_field="class", instance_field="uid", mode="instance",
            size=64, stride=32, edge="pad", output=str(tmp_path / "dataset"),
        )
    ]  # fmt: skip
    assert asked[0].layout == (64, 32, "pad")


def test_everything_is_remembered_in_the_project_file(project, scene, labels, tmp_path):
    first = PolychipDock()
    image = QgsRasterLayer(str(scene), "scene")
    other = QgsRasterLayer(str(scene), "another")
    polygons = QgsVectorLayer(str(labels), "buildings", "ogr")
    project.addMapLayers([other, image, polygons])
    choose(first.imagery, "scene")
    choose(first.class_field, "class")
    choose(first.extent, "buildings")
    choose(first.mode, "Panoptic")
    choose(first.instance_field, "uid")
    choose(first.edge, "Move back inside (shift)")
    type_into(first.size, "96")
    type_into(first.stride, "48")
    first.output.setFilePath(str(tmp_path / "dataset"))
    wanted = first.settings()
    assert project.write(str(tmp_path / "p.qgs"))

    project.clear()
    assert first.settings() == DockSettings()  # a new project starts afresh
    assert project.read(str(tmp_path / "p.qgs"))
    second = PolychipDock()
    for dock in (first, second):
        assert dock.settings() == wanted
        dock.deleteLater()


def test_opening_the_dock_and_adding_layers_leaves_the_project_clean(dock, layers):
    project = QgsProject.instance()
    assert recall(project) is None
    project.setDirty(False)
    dock.set_settings(dock.settings())
    assert not project.isDirty()


@pytest.mark.parametrize("stored", [
    "not json", "[]",
    '{"size": "big", "mode": "none", "stride": true, "edge": 3, "imagery": 7}',
    '{"size": 0}',
])  # fmt: skip
def test_a_spoiled_memory_gives_defaults(dock, project, stored):
    project.writeEntry("polychip", "/dock", stored)
    assert (recall(project) or DockSettings()) == DockSettings()


def test_the_wheel_over_a_box_without_focus_changes_nothing(dock, layers):
    dock.show()
    before = dock.size.value()
    event = QWheelEvent(
        QPointF(5, 5), QPointF(5, 5), QPoint(0, 0), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(dock.size, event)
    assert dock.size.value() == before


def test_every_input_has_a_name_and_a_tooltip(dock):
    boxes = [w for kind in (QComboBox, QSpinBox) for w in dock.widget().findChildren(kind)]
    named = [w for w in boxes if not w.objectName().startswith("qt_")]
    assert {w.objectName() for w in named} == {
        "imagery", "labels", "classField", "instanceField", "extent", "mode", "edge", "chipSize",
        "chipStride", "split", "splitField", "share_train", "share_val", "share_test",
        "previewView", "problemLayer", "problemSeverity",
    }  # fmt: skip
    assert all(w.objectName() and w.toolTip() for w in named)
    assert all(w.objectName() for w in (dock, dock.widget(), dock.export_button, dock.count))
    assert isinstance(dock, QWidget)
