"""Recipes saved from the dock, loaded into it, and run by the command line."""

from __future__ import annotations

import tomllib

import pytest
from conftest import files_of, wait_until
from osgeo import gdal
from polychip_qgis.dock import PolychipDock
from polychip_qgis.dock_settings import ClassRow, DockSettings, recall, remember
from polychip_qgis.engine_session import EngineSession
from polychip_qgis.export_request import NEW, layers_of, make_request, write_inputs
from polychip_qgis.recipe_files import RecipeFiles
from qgis.core import (
    QgsFeature,
    QgsFeedback,
    QgsGeometry,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsSettings,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt


@pytest.fixture
def dock(iface, project, scene, labels, engine_program, make_raster, tmp_path):
    """A dock in which everything is chosen: two images, classes, splits."""
    QgsSettings().setValue("polychip/engine", str(engine_program))
    image = QgsRasterLayer(str(scene), "scene")
    other = make_raster("other", 300, 200, (500000.0, 2.0, 0.0, 4400000.0, 0.0, -2.0))
    second = QgsRasterLayer(str(other), "other")
    third = QgsRasterLayer(
        str(make_raster("away", 100, 100, (500100.0, 2.0, 0.0, 4399900.0, 0.0, -2.0))), "away"
    )
    polygons = QgsVectorLayer(str(labels), "buildings", "ogr")
    extent = QgsVectorLayer("Polygon?crs=EPSG:32630&field=part:string", "extent", "memory")
    for part, left in (("train", 500000), ("val", 500300)):
        shape = QgsFeature(extent.fields())
        shape.setAttributes([part])
        shape.setGeometry(QgsGeometry.fromRect(QgsRectangle(left, 4399600, left + 300, 4400000)))
        extent.dataProvider().addFeatures([shape])
    project.addMapLayers([image, second, third, polygons, extent])
    made = PolychipDock()
    made.set_settings(
        DockSettings(
            image.id(), polygons.id(), "class", "uid", extent.id(), "panoptic", 64, 0, "shift",
            str(tmp_path / "dataset"), more_imagery=(second.id(),), split="blocks",
            fractions=(("train", 70), ("val", 30)),
            classes=(ClassRow("building", 4, "#ff0000"), ClassRow("cloud", 255, "#888888", False)),
        )
    )  # fmt: skip
    made.files = RecipeFiles(iface, made, EngineSession(made))
    yield made
    made.files._session.abandon()
    made.deleteLater()
    QgsSettings().remove("polychip/engine")


def said(iface) -> str:
    """What the message bar shows."""
    item = iface.bar.currentItem()
    return item.text() if item is not None else ""


def test_everything_that_was_chosen_stands_in_the_recipe_that_the_engine_runs(
    dock, run_cli, tmp_path
):
    settings = dock.settings()
    written = write_inputs(make_request(layers_of(settings), settings, NEW), QgsFeedback())
    told = tomllib.loads(written.recipe.read_text())
    assert [s["name"] for s in told["scenes"]] == ["scene", "other"]
    assert told["scenes"][1]["group"] == "scene"  # on the same grid: two dates of one place
    assert told["split"] == {"by": "blocks", "fractions": {"train": 0.7, "val": 0.3}}
    assert [(c["name"], c["code"], c["thing"]) for c in told["schema"]["classes"]] == [
        ("building", 4, True), ("cloud", 255, False),
    ]  # fmt: skip
    dataset = run_cli(written.recipe, tmp_path / "made")
    assert sorted(p.name for p in (dataset / "splits").iterdir()) == ["train.txt", "val.txt"]
    masks = [gdal.Open(str(p)).ReadAsArray() for p in (dataset / "masks/semantic").rglob("*.tif")]
    assert {int(v) for mask in masks for v in set(mask.ravel())} == {0, 4}
    assert {p.parts[-3] for p in (dataset / "images").rglob("*.tif")} == {"scene", "other"}


def test_a_saved_recipe_is_loaded_again_as_it_was(dock, iface, run_cli, tmp_path, project):
    before = dock.settings()
    dock.files.save(tmp_path / "saved" / "mine")
    path = tmp_path / "saved" / "mine.toml"
    wait_until(lambda: said(iface) == f"Recipe saved: {path}", "the recipe is saved")
    assert (tmp_path / "saved" / "mine-labels.gpkg").is_file()
    straight = run_cli(path, tmp_path / "straight")
    dock.set_settings(DockSettings())
    dock.files.load(path)
    wait_until(lambda: said(iface) == "Recipe loaded.", "the recipe is loaded")
    after = dock.settings()
    same = ("imagery", "mode", "size", "stride", "edge", "output", "more_imagery", "split",
            "fractions", "classes", "formats")  # fmt: skip
    assert [getattr(after, n) for n in same] == [getattr(before, n) for n in same]
    labels = project.mapLayer(after.labels)
    assert labels.source().split("|")[0] == str(tmp_path / "saved" / "mine-labels.gpkg")
    assert (after.class_field, after.instance_field) == ("class", "uid")
    assert recall(QgsProject.instance()) == after
    again = after._replace(output=str(tmp_path / "again"))
    write_inputs(make_request(layers_of(again), again, NEW), QgsFeedback())
    assert files_of(run_cli(tmp_path / "again-recipe.toml", tmp_path / "b")) == files_of(straight)


def test_what_the_dock_cannot_hold_is_named(dock, iface, scene, labels, tmp_path):
    path = tmp_path / "more.toml"
    path.write_text(
        f'[[scenes]]\nname = "s"\nimage = "{scene}"\nlabels = "{labels}"\n'
        '[chips]\nsize = 64\nmax_nodata = 0.5\n[grid]\nresolution = 4\n'
    )
    dock.files.load(path)
    wait_until(lambda: "no place for" in said(iface), "it is said")
    assert "chips.max_nodata" in said(iface)
    assert "grid.resolution" in said(iface)
    path.write_text(path.read_text().replace("size = 64", "size = [64, 32]"))
    dock.files.load(path)
    wait_until(lambda: "not square" in said(iface), "it is refused")
    path.write_text("nonsense")
    dock.files.load(path)
    wait_until(lambda: "not valid TOML" in said(iface), "the engine's words are shown")


def test_choices_of_every_kind_are_remembered_and_bad_ones_are_passed_over(project):
    settings = DockSettings(
        more_imagery=("a", "b"), split="field:part", fractions=(("x", 50), ("y", 50)),
        classes=(ClassRow("tree", 1, "#00ff00"),), formats=("coco",),
    )  # fmt: skip
    remember(project, settings)
    assert recall(project) == settings
    project.writeEntry(
        "polychip", "/dock",
        '{"fractions": [["x", 500]], "classes": [["a", 1, "red", true]], "formats": [1], '
        '"more_imagery": "a", "split": 7, "size": 64}',
    )  # fmt: skip
    assert recall(project) == DockSettings(size=64)


def test_classes_are_listed_from_the_labels_and_the_user_orders_them(dock):
    dock.classes.set_value(())
    dock.classes.fill_button.click()
    assert [(row.name, row.code) for row in dock.classes.value()] == [("building", 1)]
    dock.classes.set_value((ClassRow("a", 1, "#000000"), ClassRow("b", 1, "#ffffff")))
    assert dock.missing() == "Two classes share a code; give each class its own."
    dock.classes.table.item(1, 1).setText("2")
    assert dock.missing() == ""
    dock.classes.table.selectRow(1)
    dock.classes.up_button.click()
    assert [row.name for row in dock.classes.value()] == ["b", "a"]
    dock.classes.table.item(0, 3).setCheckState(Qt.CheckState.Unchecked)
    assert dock.settings().classes[0] == ClassRow("b", 2, "#ffffff", False)


def test_shares_that_do_not_add_up_are_told(dock):
    assert dock.missing() == ""
    dock.split.set_value("blocks", (("train", 70), ("val", 20)))
    assert dock.missing() == "The shares of the splits add up to 90 %, not to 100 %."
    dock.split.set_value("field:", (("train", 70), ("val", 30)))
    assert dock.missing().startswith("Choose the field of the labelled extent")
    dock.split.set_value("field:part", (("train", 70), ("val", 30)))
    assert dock.missing() == ""
    assert dock.settings().split == "field:part"


def test_the_count_is_of_all_images(dock):
    assert dock.count.text() == "Chips: 40 in 2 images"
    names = [dock.more_imagery.item(row).text() for row in range(dock.more_imagery.count())]
    assert names == ["away", "other"]
    dock.more_imagery.item(0).setCheckState(Qt.CheckState.Checked)
    assert dock.count.text() == "Chips: 44 in 3 images"
