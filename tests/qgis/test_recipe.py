"""The recipe's text, judged by Python's own TOML reader, and the image that it names."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from conftest import NORTH_UP
from osgeo import gdal
from polychip_qgis.dock_settings import DockSettings
from polychip_qgis.raster_grid import NoPixelGridError, image_of
from polychip_qgis.recipe import (
    OutputPaths,
    RecipeInputs,
    SceneImage,
    quoted,
    recipe_text,
    scene_name,
    seen_from,
)
from qgis.core import QgsCoordinateReferenceSystem, QgsRasterLayer

IMAGE = SceneImage("/data/images/a scene.tif", "a scene")
INPUTS = RecipeInputs((IMAGE,), "class", "uid", True, "0" * 64)
SETTINGS = DockSettings(mode="panoptic", size=64, stride=32, edge="shift")


def test_everything_that_was_chosen_is_in_it_and_paths_start_at_the_recipe():
    paths = OutputPaths(Path("/data/out/set 1"))
    assert tomllib.loads(recipe_text(paths, INPUTS, SETTINGS)) == {
        "scenes": [{
            "name": "a-scene", "image": "../images/a scene.tif",
            "labels": {"path": "set 1-labels.gpkg", "layer": "labels", "id_field": "source_fid"},
            "extent": {"path": "set 1-labels.gpkg", "layer": "extent"},
        }],
        "schema": {"class_field": "class", "instance_field": "uid"},
        "chips": {"size": 64, "stride": 32, "edge": "shift"},
        "masks": {"mode": "panoptic"},
        "output": {"path": "set 1"},
    }  # fmt: skip
    assert paths.recipe == Path("/data/out/set 1-recipe.toml")
    assert paths.labels == Path("/data/out/set 1-labels.gpkg")


def test_no_stride_is_the_size_and_what_is_not_asked_for_is_left_out():
    inputs = INPUTS._replace(instance_field="", has_extent=False)
    told = tomllib.loads(recipe_text(OutputPaths(Path("/o/d")), inputs, DockSettings(size=96)))
    assert told["chips"] == {"size": 96, "stride": 96, "edge": "pad"}
    assert told["schema"] == {"class_field": "class"}
    assert "extent" not in told["scenes"][0]


@pytest.mark.parametrize("text", [
    'quotes " and \' and \\', "tab\tline\nreturn\r", "größe 面 🛰", "\x00\x1f\x7f\u2028", "#[]=", "",
])  # fmt: skip
def test_any_text_comes_back_as_it_was(text):
    assert tomllib.loads(f"x = {quoted(text)}")["x"] == text


@pytest.mark.parametrize(("text", "name"), [
    ("scene_1-a", "scene_1-a"), ("Straße 7", "Stra-e-7"), ("../..", "scene"), ("面", "scene"),
])  # fmt: skip
def test_scene_names_are_such_as_the_engine_takes(text, name):
    assert scene_name(text) == name


def test_remote_images_are_named_as_they_are():
    assert seen_from(Path("/out"), "/vsicurl/https://a/b.tif") == "/vsicurl/https://a/b.tif"
    assert seen_from(Path("/out"), "https://a/b.tif") == "https://a/b.tif"
    assert seen_from(Path("/out/x"), "/data/b.tif") == "../../data/b.tif"


def test_the_image_is_its_file_without_qgis_options(scene, qgis_app):
    layer = QgsRasterLayer(f"{scene}|option:NUM_THREADS=2", "scene")
    assert layer.isValid()
    assert image_of(layer) == str(scene)


@pytest.mark.parametrize(("uri", "provider"), [
    ("type=xyz&url=file:///nowhere/{z}/{x}/{y}.png&zmin=0&zmax=3", "wms"),
    ("contextualWMSLegend=0&crs=EPSG:4326&format=image/png&layers=a&styles&url=file:///x", "wms"),
])  # fmt: skip
def test_web_layers_are_refused_with_what_to_do(qgis_app, uri, provider):
    layer = QgsRasterLayer(uri, "web", provider)
    message = "“web” is not a raster file; save it as a GeoTIFF first|cannot be read; repair"
    with pytest.raises(NoPixelGridError, match=message):
        image_of(layer)


def test_a_rendered_virtual_raster_is_refused_with_what_to_do(scene, project):
    base = QgsRasterLayer(str(scene), "base")
    project.addMapLayer(base)
    uri = (
        f"?crs=EPSG:32630&extent=500000,4399600,500600,4400000&width=30&height=20"
        f"&formula=%22base@1%22%20*%202&base:uri={scene}&base:provider=gdal"
    )
    layer = QgsRasterLayer(uri, "computed", "virtualraster")
    assert layer.isValid()
    with pytest.raises(NoPixelGridError, match="“computed” is not a raster file; save it as a Ge"):
        image_of(layer)


def test_pixels_that_live_in_memory_are_refused_with_what_to_do(scene, qgis_app):
    gdal.FileFromMemBuffer("/vsimem/in_memory.tif", scene.read_bytes())
    layer = QgsRasterLayer("/vsimem/in_memory.tif", "memory")
    assert layer.isValid()
    with pytest.raises(NoPixelGridError, match="not a file of its own that other programs can ope"):
        image_of(layer)


def test_a_layer_that_was_set_to_another_crs_than_its_file_is_refused(scene, make_raster, qgis_app):
    layer = QgsRasterLayer(str(scene), "scene")
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:32631"))
    with pytest.raises(NoPixelGridError, match="is in EPSG:32630, but the layer was set to"):
        image_of(layer)
    path = make_raster("no_crs", 20, 20, NORTH_UP)
    gdal.Open(str(path), gdal.GA_Update).SetProjection("")
    layer = QgsRasterLayer(str(path), "bare")
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:32630"))
    with pytest.raises(NoPixelGridError, match="states no coordinate reference system; write it"):
        image_of(layer)
