"""A labelling project: files, layers, styles; its recipe run by the real engine."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from conftest import NORTH_UP, ROTATED, SOUTH_UP
from osgeo import gdal, ogr
from polychip_qgis.drawing import adopt as adopting
from polychip_qgis.drawing import classes as class_lists
from polychip_qgis.drawing.classes import ClassListError, LabelClass, in_palette_order
from polychip_qgis.drawing.make import MakeError, ProjectRequest, make_project, open_layers
from polychip_qgis.drawing.start_page import StartPage
from polychip_qgis.drawing.templates import TEMPLATES, template, template_title
from qgis.core import QgsRasterLayer, QgsVectorLayer

GRIDS = {
    "north_up": (NORTH_UP, 300, 200),
    "south_up": (SOUTH_UP, 300, 200),
    "rotated": (ROTATED, 70, 50),
    "odd_pixels": ((500000.0, 3.0, 0.0, 4400000.0, 0.0, -1.5), 150, 190),
}


@pytest.fixture
def make(project, tmp_path):
    """make(raster path, **changes) -> LabelProject, in tmp_path/labels.gpkg."""

    def run(*rasters, **changes):
        layers = [QgsRasterLayer(str(path), Path(path).stem) for path in rasters]
        project.addMapLayers(layers)
        flood = template("flood")
        request = ProjectRequest(
            tmp_path / "labels.gpkg", layers, list(flood.classes), flood.mode, 64, "pad"
        )
        return make_project(request._replace(**changes), project)

    return run


def add_polygon(layer, name, wkt, number=1):
    """One polygon, saved."""
    path = layer.source().split("|")[0]
    source = gdal.OpenEx(path, gdal.OF_VECTOR | gdal.OF_UPDATE)
    target = source.GetLayer("labels")
    feature = ogr.Feature(target.GetLayerDefn())
    feature.SetGeometry(ogr.ForceToMultiPolygon(ogr.CreateGeometryFromWkt(wkt)))
    feature["class"], feature["instance_id"], feature["uuid"] = name, number, f"u{number}"
    target.CreateFeature(feature)


def square(layer):
    """A square in the middle of a raster layer."""
    middle, half = layer.extent().center(), layer.extent().height() / 5
    x, y = middle.x(), middle.y()
    corners = [
        (x - half, y - half),
        (x + half, y - half),
        (x + half, y + half),
        (x - half, y + half),
    ]
    return "POLYGON((" + ",".join(f"{a} {b}" for a, b in [*corners, corners[0]]) + "))"


def mark(project_made, cells, status="done"):
    """Set the status of some cells and save; returns their shapes as WKT."""
    tasks = project_made.tasks
    tasks.startEditing()
    shapes = []
    for feature in tasks.getFeatures():
        if feature["cell"] in cells:
            index = tasks.fields().lookupField("status")
            tasks.changeAttributeValue(feature.id(), index, status)
            shapes.append(feature.geometry().asWkt())
    assert tasks.commitChanges()
    assert len(shapes) == len(cells)
    return shapes


@pytest.mark.parametrize("edge", ["pad", "shift", "drop"])
@pytest.mark.parametrize("kind", list(GRIDS))
def test_cells_are_the_chips_of_the_engine(
    make, make_raster, run_cli, ask_oracle, tmp_path, kind, edge
):
    transform, width, height = GRIDS[kind]
    raster = make_raster(f"cells_{kind}", width, height, transform)
    made = make(raster, size=40, edge=edge)
    add_polygon(made.labels, "water", square(QgsRasterLayer(str(raster), "x")))
    mark(made, {next(made.tasks.getFeatures())["cell"]})
    dataset = run_cli(made.recipe, tmp_path / "dataset")
    chips = ask_oracle("footprints", dataset=str(dataset))
    cells = {
        feature["cell"]: feature.geometry().asPolygon()[0][:-1]
        for feature in made.tasks.getFeatures()
    }
    assert len(cells) == made.n_cells
    assert sorted(cells) == sorted(chips)
    for name, ring in cells.items():
        mine = sorted((round(p.x(), 6), round(p.y(), 6)) for p in ring)
        assert mine == sorted((round(x, 6), round(y, 6)) for x, y in chips[name]), name


def test_the_recipe_ignores_what_is_not_done(make, scene, run_cli, ask_oracle, tmp_path):
    made = make(scene)
    shape = square(QgsRasterLayer(str(scene), "x"))
    add_polygon(made.labels, "water", shape)
    name = "scene_r0000001_c0000002"
    done = mark(made, {name, "scene_r0000000_c0000000"})
    dataset = run_cli(made.recipe, tmp_path / "dataset")
    answer = ask_oracle(
        "pixels", dataset=str(dataset), image=str(scene), polygons=[[1, shape]],
        looked_at=done, near=1e-6,
    )  # fmt: skip
    assert answer["wrong"] == 0
    assert answer["compared"] > 70_000
    assert set(answer["values"]) == {"0", "1", "255"}
    # Two cells of 64 × 64 pixels are looked at; the polygon has a part in the second.
    assert answer["values"]["0"] + answer["values"]["1"] == 2 * 64 * 64


@pytest.mark.parametrize(("review_counts", "known"), [(False, 64 * 64), (True, 2 * 64 * 64)])
def test_whether_review_counts_is_a_choice(
    make, scene, run_cli, ask_oracle, tmp_path, review_counts, known
):
    made = make(scene, review_counts=review_counts)
    shape = square(QgsRasterLayer(str(scene), "x"))
    add_polygon(made.labels, "water", shape)
    mark(made, {"scene_r0000000_c0000001"})
    mark(made, {"scene_r0000000_c0000000"}, "review")
    dataset = run_cli(made.recipe, tmp_path / "dataset")
    answer = ask_oracle(
        "pixels", dataset=str(dataset), image=str(scene), polygons=[[1, shape]],
        looked_at=[], near=1e-6,
    )  # fmt: skip
    assert answer["values"]["0"] + answer["values"].get("1", 0) == known


def test_what_was_drawn_by_hand_as_extent_is_looked_at(make, scene, run_cli, ask_oracle, tmp_path):
    made = make(scene)
    shape = square(QgsRasterLayer(str(scene), "x"))
    add_polygon(made.labels, "water", shape)
    made.extent.startEditing()
    feature = next(made.labels.getFeatures())
    drawn = type(feature)(made.extent.fields())
    drawn.setGeometry(feature.geometry())
    assert made.extent.addFeature(drawn)
    assert made.extent.commitChanges()
    dataset = run_cli(made.recipe, tmp_path / "dataset")
    answer = ask_oracle(
        "pixels", dataset=str(dataset), image=str(scene), polygons=[[1, shape]],
        looked_at=[shape], near=1e-6,
    )  # fmt: skip
    assert answer["wrong"] == 0
    assert set(answer["values"]) == {"1", "255"}


def test_a_colleague_without_the_plugin_reads_classes_and_edits_tasks(make, scene):
    made = make(scene)
    path = made.labels.source().split("|")[0]
    plain = QgsVectorLayer(f"{path}|layername=labels", "plain", "ogr")
    titles = [category.label() for category in plain.renderer().categories()]
    assert titles == [
        "water", "permanent water", "infrastructure", "debris", "access route", "cloud",
    ]  # fmt: skip
    index = plain.fields().lookupField("class")
    assert plain.editorWidgetSetup(index).type() == "ValueMap"
    tasks = QgsVectorLayer(f"{path}|layername=tasks", "plain tasks", "ogr")
    assert tasks.editorWidgetSetup(tasks.fields().lookupField("status")).type() == "ValueMap"
    assert tasks.startEditing()
    first = next(tasks.getFeatures())
    assert tasks.changeAttributeValue(first.id(), tasks.fields().lookupField("status"), "done")
    assert tasks.commitChanges()
    assert tasks.renderer().classAttribute() == "status"


def test_the_class_that_wins_is_drawn_on_top_saved_or_not(make, scene):
    from qgis.core import QgsFeature, QgsGeometry, QgsMapRendererSequentialJob, QgsMapSettings
    from qgis.PyQt.QtCore import QSize

    made = make(scene)
    view = QgsRasterLayer(str(scene), "x").extent()
    shape = QgsGeometry.fromWkt(square(QgsRasterLayer(str(scene), "x")))
    for first, second in (("infrastructure", "water"), ("water", "infrastructure")):
        made.labels.startEditing()
        for name in (first, second):
            feature = QgsFeature(made.labels.fields())
            feature.setGeometry(shape)
            feature.setAttribute("class", name)
            made.labels.addFeature(feature)
        settings = QgsMapSettings()
        settings.setLayers([made.labels])
        settings.setDestinationCrs(made.labels.crs())
        settings.setExtent(view)
        settings.setOutputSize(QSize(300, 200))
        job = QgsMapRendererSequentialJob(settings)
        job.start()
        job.waitForFinished()
        color = job.renderedImage().pixelColor(150, 100)
        assert color.red() > color.blue(), (first, second, color.name())
        made.labels.rollBack()


def test_other_programs_read_the_classes_as_a_coded_domain(make, scene):
    made = make(scene)
    source = gdal.OpenEx(made.labels.source().split("|")[0], gdal.OF_VECTOR)
    layer = source.GetLayer("labels")
    field = layer.GetLayerDefn().GetFieldDefn(layer.GetLayerDefn().GetFieldIndex("class"))
    domain = source.GetFieldDomain(field.GetDomainName())
    assert domain.GetEnumeration()["permanent_water"] == "permanent water"
    assert layer.GetGeomType() == ogr.wkbMultiPolygon
    assert layer.GetSpatialRef().GetAuthorityCode(None) == "32630"


def test_the_layers_lie_in_a_group_and_snapping_is_on(make, scene, project):
    made = make(scene)
    names = [node.name() for node in made.group.children()]
    assert names == ["labels", "tasks", "extent"]
    assert project.layerTreeRoot().children()[0] is made.group
    assert project.snappingConfig().enabled()
    assert made.labels.editFormConfig().suppress() == 1


def test_nothing_is_written_over(make, scene, tmp_path):
    (tmp_path / "recipe.toml").write_text("mine")
    with pytest.raises(MakeError, match=r"recipe\.toml is there already"):
        make(scene)
    assert (tmp_path / "recipe.toml").read_text() == "mine"
    assert not (tmp_path / "labels.gpkg").exists()


def test_a_failed_start_leaves_no_half_file(make, scene, tmp_path, make_raster):
    with pytest.raises(MakeError, match="at most 100000"):
        make(make_raster("huge", 6000, 6000, NORTH_UP), size=16)
    assert list(tmp_path.iterdir()) == []


def test_two_images_become_two_scenes_with_their_own_cells(make, make_raster, run_cli, tmp_path):
    east = (500600.0, 2.0, 0.0, 4400000.0, 0.0, -2.0)
    one, two = make_raster("west", 128, 64, NORTH_UP), make_raster("east", 64, 64, east)
    made = make(one, two)
    assert sorted(feature["cell"] for feature in made.tasks.getFeatures()) == [
        "east_r0000000_c0000000", "west_r0000000_c0000000", "west_r0000000_c0000001",
    ]  # fmt: skip
    add_polygon(made.labels, "water", square(QgsRasterLayer(str(one), "x")), 1)
    add_polygon(made.labels, "debris", square(QgsRasterLayer(str(two), "x")), 2)
    mark(made, {"west_r0000000_c0000000", "east_r0000000_c0000000"})
    dataset = run_cli(made.recipe, tmp_path / "dataset")
    assert len(list((dataset / "masks" / "semantic").rglob("*.tif"))) == 3


# --- classes


@pytest.mark.parametrize("known", TEMPLATES, ids=lambda known: known.key)
def test_templates_have_codes_from_one_and_one_class_to_ignore(known):
    ordered = in_palette_order(known.classes)
    assert [entry.code for entry in ordered] == [*range(1, len(ordered)), 255]
    assert len({entry.color for entry in ordered}) == len(ordered)
    assert known.classes[0].ignored
    assert template_title(known.key)


RECIPE = """
[[scenes]]
name = "not a class"
[schema]
class_field = "class"
[[schema.classes]]
name = "big \\"lake\\""   # a comment
code = 4
color = "#112233"
thing = true
[[schema.classes]]
name = 'road'
code = 2
values = ["r", "street"]
[chips]
size = 12
"""


def test_classes_are_taken_from_a_recipe(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    assert class_lists.from_recipe(path) == [
        LabelClass('big "lake"', 4, "#112233", True),
        LabelClass("road", 2, class_lists.COLORS[1], False),
    ]


def test_without_tomllib_the_same_classes_are_found():
    import tomllib

    plain = [{k: v for k, v in row.items() if k != "values"}
             for row in tomllib.loads(RECIPE)["schema"]["classes"]]  # fmt: skip
    assert class_lists.class_tables(RECIPE) == plain


@pytest.mark.parametrize("text", [
    "name,code,color,thing\nwater,7,#0000ff,no\nhouse,,,yes\n",
    "Class;Code;Color;Thing\nwater;7;#0000FF;0\nhouse;;;1\n",
])  # fmt: skip
def test_classes_are_taken_from_a_table(tmp_path, text):
    path = tmp_path / "classes.csv"
    path.write_text(text, encoding="utf-8-sig")
    assert class_lists.from_csv(path) == [
        LabelClass("water", 7, "#0000ff", False),
        LabelClass("house", 1, class_lists.COLORS[0], True),
    ]


@pytest.mark.parametrize(("text", "message"), [
    ("title\nwater\n", "no column “name”"),
    ("name,code\nwater,1\nhouse,1\n", "names and codes must differ"),
    ("name\nwater\nwater\n", "names and codes must differ"),
    ("name,code\nwater,one\n", "“one” is no whole number"),
    ("name,code\nwater,300\n", "codes run from 1 to 255"),
    ("name\n", "lists no classes"),
])  # fmt: skip
def test_a_bad_table_is_refused_with_a_reason(tmp_path, text, message):
    path = tmp_path / "classes.csv"
    path.write_text(text)
    with pytest.raises(ClassListError, match=message):
        class_lists.from_csv(path)


# --- adopting


@pytest.fixture
def foreign(project):
    """A layer in another CRS: two houses with one id, a lake, one without class, one without area."""
    layer = QgsVectorLayer(
        "Polygon?crs=EPSG:4326&field=kind:string&field=instance_id:integer", "foreign", "memory"
    )
    project.addMapLayer(layer)
    from qgis.core import QgsFeature, QgsGeometry

    for kind, number, wkt in (
        ("house", 5, "Polygon((-3.000 39.749,-2.999 39.749,-2.999 39.748,-3.000 39.748,-3.000 39.749))"),
        ("house", 5, "Polygon((-2.998 39.749,-2.997 39.749,-2.997 39.748,-2.998 39.749))"),
        ("water", None, "Polygon((-2.996 39.749,-2.995 39.749,-2.995 39.748,-2.996 39.749))"),
        (None, 9, "Polygon((-2.996 39.749,-2.995 39.749,-2.995 39.748,-2.996 39.749))"),
        ("water", 10, "Polygon((-2.996 39.749,-2.995 39.749,-2.996 39.749))"),
    ):  # fmt: skip
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromWkt(wkt))
        feature.setAttributes([kind, number])
        layer.dataProvider().addFeatures([feature])
    return layer


def test_an_existing_layer_is_adopted_as_a_copy(make, scene, foreign):
    made = make(scene, adopted=foreign, adopted_class_field="kind")
    rows = sorted((f["class"], f["instance_id"], f["status"]) for f in made.labels.getFeatures())
    assert rows == [("house", 5, "carried"), ("house", 6, "carried"), ("water", 7, "carried")]
    assert (made.adopted.n_without_class, made.adopted.n_without_area) == (1, 1)
    assert [entry.name for entry in made.adopted.classes][-1] == "house"
    assert len({feature["uuid"] for feature in made.labels.getFeatures()}) == 3
    assert foreign.featureCount() == 5
    box = made.labels.extent()
    assert 499_000 < box.xMinimum() < 501_000  # the zone's central meridian, 3° W, lies at 500 km


def test_a_new_date_starts_from_an_earlier_dates_labels(make, scene, tmp_path, project):
    first = make(scene)
    add_polygon(first.labels, "water", square(QgsRasterLayer(str(scene), "x")), 17)
    second = make(
        scene, geopackage=tmp_path / "later" / "labels.gpkg",
        adopted=first.labels, adopted_class_field="class",
    )  # fmt: skip
    (taken,) = second.labels.getFeatures()
    assert (taken["class"], taken["instance_id"], taken["status"]) == ("water", 17, "carried")
    assert taken["uuid"] != "u17"


def test_a_layer_without_the_field_is_refused(make, scene, foreign):
    with pytest.raises(adopting.AdoptError, match="no field “nothing”"):
        make(scene, adopted=foreign, adopted_class_field="nothing")


# --- the page


def test_the_page_makes_a_project(project, scene, tmp_path, qgis_app):
    project.addMapLayer(QgsRasterLayer(str(scene), "scene"))
    page = StartPage()
    made = []
    page.made.connect(lambda project, save: made.append(project))
    page.size.setValue(64)
    page.geopackage.setFilePath(str(tmp_path / "new" / "labels"))
    assert page.count.text() == "Cells: 20"
    assert page.mode.currentData() == "panoptic"
    page.start.click()
    assert page.problem.text() == ""
    assert made[0].n_cells == 20
    assert [layer.featureCount() for layer in open_layers(tmp_path / "new" / "labels.gpkg")] == [
        0,
        0,
        20,
    ]


def test_the_page_says_what_is_missing(project, scene, tmp_path, qgis_app):
    project.addMapLayer(QgsRasterLayer(str(scene), "scene"))
    page = StartPage()
    page.start.click()
    assert page.problem.text() == "Choose where the GeoPackage is written to."
    page.geopackage.setFilePath(str(tmp_path / "x.gpkg"))
    page.source.setCurrentIndex(page.source.findData("csv"))
    page.start.click()
    assert page.problem.text() == "Choose a class list."
    (tmp_path / "bad.csv").write_text("title\nx\n")
    page.class_file.setFilePath(str(tmp_path / "bad.csv"))
    assert "no column “name”" in page.problem.text()


def test_the_page_takes_classes_from_the_field_of_a_layer(project, scene, foreign, tmp_path):
    project.addMapLayer(QgsRasterLayer(str(scene), "scene"))
    page = StartPage()
    page.adopted.setLayer(foreign)
    page.adopted_field.setField("kind")
    page.source.setCurrentIndex(page.source.findData("field"))
    assert [known.name for known in page.request().classes] == ["house", "water"]


def test_the_geopackage_holds_no_path_or_host_of_this_machine(make, scene, tmp_path):
    made = make(scene)
    path = made.labels.source().split("|")[0]
    copy = tmp_path / "copy.gpkg"
    with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    assert str(tmp_path).encode() not in copy.read_bytes()
    assert os.uname().nodename.encode() not in copy.read_bytes()
