"""Each quick check with a case that triggers it and a near miss; fixes, undone and redone."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from contextlib import closing

import numpy as np
import pytest
from osgeo import gdal, osr
from polychip_qgis.drawing.edits import LabelEditor
from polychip_qgis.drawing.label_layers import layers_around
from polychip_qgis.drawing.make import ProjectRequest, make_project
from polychip_qgis.drawing.tally import Tally
from polychip_qgis.drawing.templates import template
from polychip_qgis.quickchecks.catalogue import CELL_NOT_DONE, SEVERITY, checks
from polychip_qgis.quickchecks.checked import read_checked, write_checked
from polychip_qgis.quickchecks.checker import Checker
from polychip_qgis.quickchecks.mending import mend
from polychip_qgis.quickchecks.problem import summary
from polychip_qgis.quickchecks.rings import area_of, holds_a_centre, length_of, rings_of
from polychip_qgis.quickchecks.subject import subject_of, subject_of_project
from qgis.core import (
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsRasterLayer,
    QgsVectorLayer,
)

LEFT, TOP, PIXEL = 500000, 4400000, 2
"""Of the scene: 300 columns, 200 rows of 2 m."""
CELL = 64


def place(column, row):
    """A place of the image, in pixels from its corner, as coordinates."""
    return f"{LEFT + PIXEL * column!r} {TOP - PIXEL * row!r}"


def ring(*corners):
    return "(" + ",".join(place(*at) for at in (*corners, corners[0])) + ")"


def polygon(*rings):
    return f"MultiPolygon((({'),('.join(r[1:-1] for r in rings)})))"


def box(column, row, width, height):
    """A rectangle of pixels."""
    right, low = column + width, row + height
    return ring((column, row), (right, row), (right, low), (column, low))


def rect(*at):
    return polygon(box(*at))


BOW = polygon(ring((10, 10), (20, 20), (20, 10), (10, 20)))
PINCHED = polygon(ring((10, 10), (20, 10), (15, 15), (20, 20), (10, 20), (15, 15)))
NEEDLE = polygon(ring((10, 10), (20, 10), (20, 15), (40, 15.004), (20, 15.008), (20, 20), (10, 20)))
SHORT = polygon(ring((10, 10), (20, 10), (20, 15), (20.9, 15.01), (20, 15.02), (20, 20), (10, 20)))
TWICE = polygon(ring((10, 10), (20, 10), (20.0002, 10), (20, 20), (10, 20)))
CLOSE = polygon(ring((10, 10), (20, 10), (20.1, 10), (20, 20), (10, 20)))

CASES = {
    "geometry.invalid": ([(BOW, "water")], [(rect(10, 10, 10, 10), "water")]),
    "geometry.self_touch": (
        [(PINCHED, "water")],
        [(polygon(ring((10, 10), (20, 10), (15, 14), (20, 20), (10, 20), (14, 15))), "water")],
    ),
    "geometry.empty": ([(None, "water")], [(rect(10, 10, 1, 1), "water")]),
    "geometry.duplicate_vertices": ([(TWICE, "water")], [(CLOSE, "water")]),
    "geometry.spike": ([(NEEDLE, "water")], [(SHORT, "water")]),
    "geometry.sliver": (
        [(rect(10, 10, 20, 0.4), "water")], [(rect(10, 10.2, 20, 0.6), "water")],
    ),
    "geometry.tiny": (
        [(rect(10.6, 10.6, 0.8, 0.8), "water")], [(rect(10.6, 10.6, 0.95, 0.95), "water")],
    ),
    "topology.overlap": (
        [(rect(10, 10, 10, 10), "infrastructure"), (rect(19, 10, 10, 10), "infrastructure")],
        [(rect(10, 10, 10, 10), "infrastructure"), (rect(20, 10, 10, 10), "infrastructure")],
    ),
    "topology.overlap_classes": (
        [(rect(10, 10, 10, 10), "water"), (rect(19, 10, 10, 10), "debris")],
        [(rect(10, 10, 10, 10), "water"), (rect(20, 10, 10, 10), "debris")],
    ),
    "topology.duplicate": (
        [(rect(10, 10, 10, 10), "water"), (rect(10, 10, 10, 10), "water")],
        [(rect(10, 10, 10, 10), "water"), (rect(10, 30, 10, 10), "water")],
    ),
    "topology.near_duplicate": (
        [(rect(10, 10, 10, 10), "water"), (rect(10.1, 10, 10, 10), "water")],
        [(rect(10, 10, 10, 10), "water"), (rect(11, 10, 10, 10), "water")],
    ),
    "attributes.class_missing": (
        [(rect(10, 10, 10, 10), None)], [(rect(10, 10, 10, 10), "water")],
    ),
    "attributes.class_unknown": (
        [(rect(10, 10, 10, 10), "lava")], [(rect(10, 10, 10, 10), "water")],
    ),
    "attributes.instance_two_classes": (
        [(rect(10, 10, 5, 5), "water", 7), (rect(30, 10, 5, 5), "debris", 7)],
        [(rect(10, 10, 5, 5), "water", 7), (rect(30, 10, 5, 5), "debris", 8)],
    ),
    "attributes.instance_shared": (
        [(rect(10, 10, 5, 5), "water", 7), (rect(30, 10, 5, 5), "water", 7)],
        [(rect(10, 10, 5, 5), "water", 7), (rect(30, 10, 5, 5), "water", 8)],
    ),
    "place.off_image": ([(rect(301, 10, 5, 5), "water")], [(rect(295, 10, 5, 5), "water")]),
    "place.beyond_image": (
        [(rect(295, 10, 6, 5), "water")], [(rect(295, 10, 5.001, 5), "water")],
    ),
    "place.nodata": (
        [(rect(200, 150, 10, 10), "water")], [(rect(199.4, 150, -10, 10), "water")],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def holed(tmp_path_factory):
    """The scene, without data right of column 200 and below row 100."""
    path = tmp_path_factory.mktemp("holed") / "scene.tif"
    made = gdal.GetDriverByName("GTiff").Create(str(path), 300, 200, 3, gdal.GDT_Byte)
    made.SetGeoTransform((LEFT, PIXEL, 0, TOP, 0, -PIXEL))
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32630)
    made.SetProjection(reference.ExportToWkt())
    values = np.full((200, 300), 90, dtype=np.uint8)
    values[100:, 200:] = 0
    for band in (1, 2, 3):
        made.GetRasterBand(band).SetNoDataValue(0)
        made.GetRasterBand(band).WriteArray(values)
    made.FlushCache()
    return path


def make_desk(project, image, folder, mode="panoptic"):
    layer = QgsRasterLayer(str(image), "scene")
    project.addMapLayer(layer)
    classes = list(template("flood").classes)
    folder.mkdir(exist_ok=True)
    made = make_project(
        ProjectRequest(folder / "labels.gpkg", [layer], classes, mode, CELL, "pad"), project
    )
    made.labels.startEditing()
    made.tasks.startEditing()
    return Desk(made, layers_around(made.labels, project), [layer])


class Desk:
    """A project whose labels are edited, and checks of it."""

    def __init__(self, made, layers, rasters):
        self.made, self.layers, self.rasters = made, layers, rasters
        self.labels = layers.labels
        self.tally = Tally(self.labels)
        self.editor = LabelEditor(self.labels, self.tally.next_id)

    def draw(self, rows):
        """[(WKT, class, object id)]; as QGIS's own tools would add them."""
        self.labels.beginEditCommand("draw")
        fids = []
        for number, (text, name, *more) in enumerate(rows, 1):
            feature = QgsFeature(self.labels.fields())
            if text is not None:
                feature.setGeometry(QgsGeometry.fromWkt(text))
            feature["class"], feature["instance_id"] = name, more[0] if more else number
            feature["uuid"] = f"u{number}"
            assert self.labels.addFeature(feature)
            fids.append(feature.id())
        self.labels.endEditCommand()
        return fids

    def checker(self):
        found = Checker(subject_of_project(self.layers, self.rasters))
        for _ in found.look_at_all():
            pass
        return found

    def found(self):
        """Checks that find something, but for those of cells."""
        return sorted({p.check for p in self.checker().problems()} - {CELL_NOT_DONE})

    def fix(self):
        checker = self.checker()
        mending = mend(checker.problems(), checker, self.tally.next_id)
        if mending.n:
            self.editor.mend(mending.reshaped, mending.deleted, mending.renumbered)
        return mending

    def state(self):
        return sorted(
            (f.id(), f["class"], f["instance_id"], f.geometry().asWkt(6))
            for f in self.labels.getFeatures()
        )


@pytest.fixture
def desk(project, holed, tmp_path):
    return make_desk(project, holed, tmp_path / "panoptic")


def mode_for(check):
    return "semantic" if check == "topology.overlap_classes" else "panoptic"


@pytest.mark.parametrize("check", CASES)
def test_a_case_is_found_and_a_near_miss_is_not(project, holed, tmp_path, check):
    found = {}
    for name, rows in zip(("case", "miss"), CASES[check]):
        desk = make_desk(project, holed, tmp_path / name, mode_for(check))
        desk.draw(rows)
        found[name] = desk.found()
        project.clear()
    assert found["case"] == [check]
    assert check not in found["miss"]


def test_every_check_has_a_case():
    assert set(CASES) | {"place.empty_cell", "place.cell_not_done"} == set(SEVERITY)
    assert list(checks()) == list(SEVERITY)


def test_classes_may_lie_over_each_other_where_objects_are_told_apart(desk):
    desk.draw(CASES["topology.overlap_classes"][0])
    assert desk.found() == []


def test_a_done_cell_without_labels_and_a_cell_that_is_not_done(desk):
    """Cells are 64 px: the first two are looked at."""
    by_place = {(f["row"], f["col"]): f.id() for f in desk.made.tasks.getFeatures()}
    status = desk.made.tasks.fields().lookupField("status")
    desk.made.tasks.changeAttributeValue(by_place[0, 0], status, "done")
    desk.made.tasks.changeAttributeValue(by_place[0, 1], status, "done")
    # Fills the second cell exactly: it touches six neighbours, and lies in none of them.
    desk.draw([(rect(CELL, 0, CELL, CELL), "water")])
    (empty,) = desk.checker().problems()
    assert (empty.check, empty.severity) == ("place.empty_cell", "info")
    assert empty.mark.key.endswith("r0000000_c0000000")
    desk.draw([(rect(1, 1, 5, 5), "water", 2), (rect(2 * CELL + 1, 1, 5, 5), "water", 3)])
    (undone,) = desk.checker().problems()
    assert undone.check == "place.cell_not_done"
    assert undone.mark.key.endswith("r0000000_c0000002")
    looked_at = QgsFeature(desk.made.extent.fields())
    looked_at.setGeometry(QgsGeometry.fromWkt(rect(2 * CELL, 0, CELL, CELL)))
    desk.made.extent.startEditing()
    desk.made.extent.addFeature(looked_at)
    assert desk.checker().problems() == []


def test_ids_and_words_are_the_engines(ask_oracle):
    engine = ask_oracle("checks")
    mine = checks()
    assert set(mine) - set(engine) == {"place.cell_not_done"}
    for name, (severity, explanation) in engine.items():
        if name in mine:
            assert mine[name].explanation == explanation
            # Ours is told while somebody works: an order of classes is always there, and a done
            # cell without labels says what it should.
            if name not in ("topology.overlap_classes", "place.empty_cell"):
                assert SEVERITY[name] == severity


def test_the_engine_finds_the_same_in_saved_labels(desk, holed, engine_program, tmp_path):
    """All cases of single polygons and pairs, side by side, but what a GeoPackage cannot hold."""
    rows, number = [], 0
    for n, (check, (case, _)) in enumerate(CASES.items()):
        if check in ("geometry.empty", "attributes.class_missing", "topology.overlap_classes"):
            continue
        for text, name, *more in case:
            number += 1
            shape = QgsGeometry.fromWkt(text)
            if not check.startswith("place."):  # three columns, seven rows, where data is
                shape.translate(PIXEL * 60 * (n % 3), -PIXEL * 25 * (n // 3))
            rows.append((shape.asWkt(9), name, more[0] + 100 if more else number))
    desk.draw(rows)
    mine = sorted((p.check, p.mark.key) for p in desk.checker().problems() if p.fid is not None)
    assert desk.labels.commitChanges(), desk.labels.commitErrors()
    recipe = desk.layers.geopackage.with_name("recipe.toml")
    command = [
        str(engine_program), "check", f"{desk.layers.geopackage}|labels", "--image", str(holed),
        "--schema", str(recipe), "--id-field", "uuid", "--json",
    ]  # fmt: skip
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    theirs = [(p["check"], p["source_fid"]) for p in json.loads(done.stdout)["problems"]]
    known = [row for row in theirs if row[0] in SEVERITY]
    assert {name for name, _ in mine} == {name for name, _ in known}
    assert mine == sorted(known)


FIXES = {
    "geometry.invalid": (1, 50.0), "geometry.self_touch": (1, 50.0), "geometry.empty": (0, 0),
    "geometry.duplicate_vertices": (1, 100.001), "geometry.spike": (1, 100.0),
    "topology.duplicate": (1, 100.0), "attributes.instance_two_classes": (2, 50.0),
    "attributes.instance_shared": (2, 50.0),
}  # fmt: skip


@pytest.mark.parametrize("check", FIXES)
def test_a_fix_mends_in_one_step_that_is_undone_and_redone(desk, check):
    count, area_px = FIXES[check]
    desk.draw(CASES[check][0])
    stack, before = desk.labels.undoStack(), desk.state()
    steps = stack.index()
    assert desk.fix().n == 1
    assert stack.index() == steps + 1
    assert desk.found() == []
    fixed = desk.state()
    assert len(fixed) == count
    area = sum(f.geometry().area() for f in desk.labels.getFeatures()) / PIXEL**2
    assert area == pytest.approx(area_px, abs=0.02)
    numbers = [row[2] for row in fixed]
    assert len(set(numbers)) == len(numbers)
    stack.undo()
    assert desk.state() == before
    assert desk.found() == [check]
    stack.redo()
    assert desk.state() == fixed
    assert desk.found() == []


def test_what_wants_judgement_is_not_fixed(desk):
    rows = []
    for check in ("geometry.sliver", "geometry.tiny", "topology.overlap", "place.off_image"):
        rows += CASES[check][0]
    rows = [(text, name, n) for n, (text, name) in enumerate(rows, 1)]
    # Of two classes: nobody but the user knows which is right.
    rows += [(rect(60, 60, 5, 5), "water", 21), (rect(60, 60, 5, 5), "debris", 22)]
    # Wider than a tenth of a pixel's area: cutting it off may lose a pixel.
    wide = ring((80, 10), (90, 10), (90, 15), (110, 15.3), (90, 15.6), (90, 20), (80, 20))
    rows.append((polygon(wide), "debris", 23))
    desk.draw(rows)
    found = desk.found()
    assert "geometry.spike" in found
    assert "topology.duplicate" in found
    assert desk.fix().n == 0
    assert desk.found() == found


def test_of_three_equal_polygons_the_oldest_stays(desk):
    fids = desk.draw([(rect(10, 10, 10, 10), "water", n) for n in (5, 6, 7)])
    desk.fix()
    assert [row[0] for row in desk.state()] == fids[:1]


def test_what_was_checked_is_an_ordinary_table(desk):
    desk.draw(CASES["geometry.sliver"][0])
    (problem,) = (p for p in desk.checker().problems() if p.fid is not None)
    path = desk.layers.geopackage
    assert read_checked(path) == set()
    write_checked(path, [problem.mark], True, "ann")
    write_checked(path, [problem.mark], True, "ann")
    assert read_checked(path) == {problem.mark}
    table = QgsVectorLayer(f"{path}|layername=checked", "checked", "ogr")
    (row,) = table.getFeatures()
    assert (row["check"], row["label"], row["annotator"]) == ("geometry.sliver", "u1", "ann")
    del table
    with closing(sqlite3.connect(str(path))) as file:
        kinds = dict(file.execute("SELECT table_name, data_type FROM gpkg_contents"))
    assert kinds["checked"] == "attributes"
    write_checked(path, [problem.mark], False, "ann")
    assert read_checked(path) == set()
    # The unsaved polygon is not touched by any of it, and is saved afterwards.
    assert desk.labels.commitChanges(), desk.labels.commitErrors()


def test_a_checked_problem_that_changes_is_another_one(desk):
    (fid,) = desk.draw(CASES["geometry.sliver"][0])
    (before,) = (p.mark for p in desk.checker().problems() if p.fid is not None)
    desk.labels.changeGeometry(fid, QgsGeometry.fromWkt(rect(10, 10, 30, 0.3)))
    (after,) = (p.mark for p in desk.checker().problems() if p.fid is not None)
    assert (before.check, before.key) == (after.check, after.key)
    assert before != after


def test_a_summary_names_the_worst_first(desk):
    desk.draw([
        *CASES["geometry.invalid"][0], (rect(100, 10, 20, 0.4), "water", 2),
        (rect(100, 20, 20, 0.4), "water", 3),
    ])  # fmt: skip
    problems = [p for p in desk.checker().problems() if p.fid is not None]
    assert summary(problems) == "Invalid: 1, Sliver: 2"


def test_labels_of_another_crs_are_measured_in_the_images_pixels(project, holed):
    image = QgsRasterLayer(str(holed), "scene")
    layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4326&field=class:string", "degrees", "memory")
    move = QgsCoordinateTransform(image.crs(), layer.crs(), project)
    for text in (rect(10, 10, 20, 0.4), rect(40, 10, 20, 0.6)):
        feature = QgsFeature(layer.fields())
        shape = QgsGeometry.fromWkt(text)
        shape.transform(move)
        feature.setGeometry(shape)
        feature["class"] = "water"
        layer.dataProvider().addFeature(feature)
    checker = Checker(subject_of(layer, "class", rasters=[image]))
    for _ in checker.look_at_all():
        pass
    (problem,) = checker.problems()
    assert (problem.check, problem.message) == ("geometry.sliver", "0.39 px wide, 20.4 px long")


def test_rings_are_measured_as_qgis_measures_them():
    holes = "MultiPolygon(((0 0,10 0,10 10,0 10,0 0),(2 2,2 4,4 4,4 2,2 2)),((20 0,22 0,20 3,20 0)))"
    geometry = QgsGeometry.fromWkt(holes)
    parts = rings_of(geometry)
    assert area_of(parts) == pytest.approx(geometry.area()) == 99
    assert length_of(parts) == pytest.approx(geometry.length())
    assert rings_of(QgsGeometry.fromWkt("PolygonZ((0 0 5,4 0 5,4 4 5,0 0 5))"))[0][0].shape == (4, 2)
    assert rings_of(QgsGeometry.fromWkt("Point(1 1)")) == []


@pytest.mark.parametrize(("wkt", "expected"), [
    ("Polygon((0.6 0.6,1.4 0.6,1.4 1.4,0.6 1.4,0.6 0.6))", False),
    ("Polygon((0.4 0.4,0.6 0.4,0.6 0.6,0.4 0.6,0.4 0.4))", True),
    ("Polygon((0 0,3 0,3 3,0 3,0 0),(0.2 0.2,2.8 0.2,2.8 2.8,0.2 2.8,0.2 0.2))", False),
    ("Polygon((0.6 -9,0.9 -9,0.9 9,0.6 9,0.6 -9))", False),
    ("Polygon((-9 0.6,9 0.6,9 0.4,-9 0.4,-9 0.6))", True),
])  # fmt: skip
def test_a_pixels_centre_is_found_where_it_is(wkt, expected):
    assert holds_a_centre(rings_of(QgsGeometry.fromWkt(wkt))) is expected
