"""The dock's preview against the real engine: the pixels of an export, edits and deaths included."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from conftest import wait_until
from osgeo import gdal
from polychip_qgis.dock import PolychipDock
from polychip_qgis.engine import SETTING
from polychip_qgis.export_request import NEW, layers_of, make_request, write_inputs
from polychip_qgis.preview_arrays import numbers
from polychip_qgis.preview_control import PreviewControl
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsFeedback,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsSettings,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

ORIGIN = (500000.0, 4400000.0)
"""First corner of the scene; pixels of 2 m."""


class Bench:
    """A dock with its preview on a project, and what it has shown."""

    def __init__(self, iface, tmp_path, image, labels):
        self.image, self.labels, self.folder = image, labels, tmp_path
        self.dock = PolychipDock()
        self.dock.set_settings(
            self.dock.settings()._replace(
                imagery=image.id(), labels=labels.id(), class_field="class",
                instance_field="uid", mode="panoptic", size=64, output=str(tmp_path / "dataset"),
            )
        )  # fmt: skip
        self.canvas = iface.canvas
        self.control = PreviewControl(iface, self.dock)
        self.shown, self.plans, self.asked, self.deaths = [], [], [], []
        self.control.shown.connect(self.shown.append)
        self.control.planned.connect(self.plans.append)
        self.control.engineDied.connect(lambda *told: self.deaths.append(told))
        ask = self.control.session.ask

        def listen(method, params, *rest):
            self.asked.append((method, params))
            return ask(method, params, *rest)

        self.control.session.ask = listen

    def turn_on(self):
        self.dock.preview.button.click()
        wait_until(lambda: self.plans or not self.control.is_active, "the plan is there")
        assert self.plans, self.dock.preview.text.text()

    def point_at(self, column, row):
        """Move the cursor to a pixel of the image; returns the chip that is shown."""
        count = len(self.shown)
        project = QgsProject.instance()
        point = QgsPointXY(ORIGIN[0] + 2 * column, ORIGIN[1] - 2 * row)
        move = QgsCoordinateTransform(self.image.crs(), project.crs(), project)
        self.canvas.xyCoordinates.emit(move.transform(point))
        wait_until(lambda: len(self.shown) > count, "the chip is shown")
        return self.shown[-1]

    def export(self, run_cli, name):
        """What an export of the layers as they are now gives, by the command line."""
        settings = self.dock.settings()._replace(output=str(self.folder / name))
        request = make_request(layers_of(settings), settings, NEW)
        return run_cli(write_inputs(request, QgsFeedback()).recipe, self.folder / name)


@pytest.fixture
def bench(iface, project, scene, labels, engine_program, tmp_path):
    """Image in UTM, labels in degrees with an edit session, project in Web Mercator."""
    QgsSettings().setValue(SETTING, str(engine_program))
    project.setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    image = QgsRasterLayer(str(scene), "scene")
    source = QgsVectorLayer(str(labels), "source", "ogr")
    polygons = QgsVectorLayer(
        "Polygon?crs=EPSG:4326&field=class:string&field=uid:integer", "polygons", "memory"
    )
    move = QgsCoordinateTransform(source.crs(), polygons.crs(), project)
    features = []
    for number, feature in enumerate(source.getFeatures()):
        shape = feature.geometry()
        shape.transform(move)
        copy = QgsFeature(polygons.fields())
        copy.setGeometry(shape)
        copy.setAttributes([("house", "tree")[number % 2], (number // 2) % 3 * 2 + number % 2])
        features.append(copy)
    polygons.dataProvider().addFeatures(features)
    project.addMapLayers([image, polygons])
    polygons.startEditing()
    made = Bench(iface, tmp_path, image, polygons)
    yield made
    made.control.abandon()
    made.dock.deleteLater()
    polygons.rollBack()
    QgsSettings().remove(SETTING)


def mask(dataset: Path, kind: str, chip_id: str) -> np.ndarray:
    """A chip's mask, read by QGIS's GDAL."""
    (path,) = (dataset / "masks" / kind).rglob(f"{chip_id}.tif")
    return gdal.Open(str(path)).ReadAsArray()


def assert_shows(chip: dict, dataset: Path) -> None:
    for kind in ("semantic", "instance"):
        told = chip["arrays"][kind]
        pixels = np.array(numbers(told)).reshape(told["shape"])
        assert np.array_equal(pixels, mask(dataset, kind, chip["chip_id"])), kind


CHIPS = [(10, 10), (70, 70), (100, 60), (140, 100), (290, 190), (200, 140)]


def test_each_chip_under_the_cursor_is_the_one_that_an_export_writes(bench, run_cli):
    bench.turn_on()
    exported = bench.export(run_cli, "exported")
    seen = set()
    for column, row in CHIPS:
        chip = bench.point_at(column, row)
        assert (chip["x_off"], chip["y_off"]) == (column // 64 * 64, row // 64 * 64)
        assert_shows(chip, exported)
        seen |= set(chip["pixels"])
    assert seen == {"0", "1", "2", "255"}
    assert [method for method, _ in bench.asked].count("plan") == 1


def test_unsaved_edits_are_in_the_next_preview_and_equal_the_export_of_them(bench, run_cli):
    bench.turn_on()
    before = bench.point_at(70, 70)
    layer = bench.labels
    [first, second, third, *_] = sorted(layer.getFeatures(), key=lambda f: f.id())
    moved = first.geometry()
    moved.translate(0.0006, -0.0002)
    layer.changeGeometry(first.id(), moved)
    layer.deleteFeature(second.id())
    layer.changeAttributeValue(third.id(), 0, "tree", third["class"])
    added = QgsFeature(layer.fields())
    shape = QgsGeometry.fromRect(QgsRectangle(500140, 4399850, 500171, 4399871))
    shape.transform(QgsCoordinateTransform(bench.image.crs(), layer.crs(), QgsProject.instance()))
    added.setGeometry(shape)
    added.setAttributes(["house", 0])  # one more part of an object that begins elsewhere
    layer.addFeature(added)
    wait_until(lambda: bench.shown[-1] is not before, "the chip is shown anew")
    exported = bench.export(run_cli, "edited")
    assert_shows(bench.shown[-1], exported)
    for column, row in CHIPS:
        if (column, row) != (70, 70):  # it is shown already
            assert_shows(bench.point_at(column, row), exported)
    assert [method for method, _ in bench.asked].count("plan") == 1


def test_features_are_sent_only_once_there_are_edits(bench):
    bench.turn_on()
    bench.point_at(10, 10)
    bench.point_at(70, 70)
    assert all("labels" not in params for _, params in bench.asked)
    layer = bench.labels
    layer.deleteFeature(next(layer.getFeatures()).id())
    wait_until(lambda: "labels" in bench.asked[-1][1], "features are sent")
    sent = bench.asked[-1][1]["labels"]["features"]
    assert 0 < len(sent) < layer.featureCount()


def test_a_class_that_nobody_knew_makes_a_new_plan_with_its_codes(bench):
    bench.turn_on()
    bench.point_at(70, 70)
    for feature in list(bench.labels.getFeatures('"uid" = 0')):  # one object, one class
        bench.labels.changeAttributeValue(feature.id(), 0, "barn", feature["class"])
    wait_until(lambda: len(bench.plans) == 2, "it is planned anew")
    codes = {entry["name"]: entry["code"] for entry in bench.plans[-1].schema["classes"]}
    assert codes == {"barn": 1, "house": 2, "tree": 3}


def test_other_choices_make_a_new_plan(bench):
    bench.turn_on()
    assert bench.point_at(70, 70)["width"] == 64
    bench.dock.size.setValue(100)
    wait_until(lambda: bench.shown[-1]["width"] == 100, "chips of 100 px are shown")
    assert bench.shown[-1]["chip_id"] == "scene_r0000000_c0000000"


def test_an_engine_that_is_killed_is_started_again_and_nothing_is_lost(bench):
    bench.turn_on()
    first = bench.point_at(70, 70)
    os.kill(bench.control.session.process_id(), signal.SIGKILL)
    wait_until(lambda: bench.deaths, "the death is told")
    assert bench.deaths[0][0] == "The engine was ended or crashed."
    wait_until(lambda: len(bench.shown) > 1, "the chip is shown again")
    assert bench.shown[-1]["arrays"] == first["arrays"]
    assert bench.labels.isEditable()
    assert bench.control.is_active


def test_an_engine_that_dies_again_and_again_is_left_alone(bench, make_program):
    program = make_program("polychip", "exit 3")
    QgsSettings().setValue(SETTING, str(program))
    bench.dock.preview.button.click()
    wait_until(lambda: not bench.control.is_active, "the preview is off")
    assert len(bench.deaths) == 4
    assert bench.dock.preview.text.text() == "The engine ended with exit code 3."
    assert not bench.dock.preview.button.isChecked()


def test_without_an_engine_the_panel_says_so(bench, no_engine):
    bench.dock.preview.button.click()
    assert bench.dock.preview.text.text() == "The engine is missing: set it up in the settings."
    assert not bench.control.is_active


def test_a_layer_that_goes_takes_the_preview_with_it(bench, project):
    bench.turn_on()
    bench.point_at(70, 70)
    bench.labels.rollBack()
    project.removeMapLayer(bench.image.id())
    assert not bench.control.is_active
    assert not bench.dock.preview.button.isChecked()


def test_the_picture_has_the_classes_colours_where_the_mask_has_the_class(bench):
    bench.turn_on()
    bench.dock.preview.opacity.setValue(100)
    chip = bench.point_at(70, 70)
    picture = bench.dock.preview.picture.image
    colors = {e["code"]: QColor(e["color"]) for e in bench.plans[-1].schema["classes"]}
    codes = np.array(numbers(chip["arrays"]["semantic"])).reshape(64, 64)
    rgb = np.array([[picture.pixelColor(x, y).getRgb()[:3] for x in range(64)] for y in range(64)])
    for code, color in colors.items():
        assert (rgb[codes == code] == color.getRgb()[:3]).all()
    file = gdal.Open(bench.image.source()).ReadAsArray(64, 64, 64, 64)
    assert np.array_equal(rgb[codes == 0], file.transpose(1, 2, 0)[codes == 0])
    bench.dock.preview.view.setCurrentIndex(1)
    objects = np.array(numbers(chip["arrays"]["instance"])).reshape(64, 64)
    picture = bench.dock.preview.picture.image
    shades = {n: {picture.pixelColor(int(x), int(y)).name() for y, x in np.argwhere(objects == n)}
              for n in range(1, objects.max() + 1)}  # fmt: skip
    assert len(shades) > 1
    assert all(len(names) == 1 for names in shades.values())
    assert len({*map(tuple, shades.values())}) == len(shades)


def test_show_chips_adds_a_layer_coloured_by_split_and_reason(bench, project):
    dock = bench.dock
    extent = QgsVectorLayer("Polygon?crs=EPSG:32630", "extent", "memory")
    shape = QgsFeature()
    shape.setGeometry(QgsGeometry.fromRect(QgsRectangle(500000, 4399700, 500500, 4400000)))
    extent.dataProvider().addFeatures([shape])
    project.addMapLayer(extent)
    dock.set_settings(
        dock.settings()._replace(split="blocks", fractions=(("train", 60), ("val", 40)))
    )
    dock.preview.plan_button.click()
    wait_until(lambda: bench.plans, "the plan is there")
    [layer] = [x for x in project.mapLayers().values() if x.name() == "Planned chips"]
    states = [feature["state"] for feature in layer.getFeatures()]
    assert len(states) == 20
    report = bench.plans[-1].report
    assert {s: states.count(s) for s in ("train", "val")} == report["by_split"]
    assert [c.value() for c in layer.renderer().categories()][:2] == ["train", "val"]
    box = layer.extent()
    assert (box.xMinimum(), box.yMaximum()) == (500000, 4400000)
    dock.preview.plan_button.click()
    wait_until(lambda: len(bench.plans) == 2, "it is planned again")
    assert len([x for x in project.mapLayers().values() if x.name() == "Planned chips"]) == 1


def test_what_the_engine_can_fills_the_lists(bench):
    bench.turn_on()
    way = bench.dock.split.way
    assert [way.itemData(index) for index in range(way.count())] == [
        "none", "blocks", "random", "scene", "field:NAME",
    ]  # fmt: skip
    bench.dock.set_capabilities({"splits": ["none"], "formats": ["yolo", "coco"]})
    formats = bench.dock.formats
    assert [formats.item(row).text() for row in range(formats.count())] == ["yolo", "coco"]
    formats.item(1).setCheckState(Qt.CheckState.Checked)
    assert bench.dock.settings().formats == ("coco",)
