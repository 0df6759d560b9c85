"""Bands, stretch, water index, flicker; pixel values against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import NORTH_UP
from osgeo import gdal, osr
from polychip_qgis.drawing.imagery import (
    Bands,
    bands_of,
    flicker,
    presets_of,
    set_bands,
    show_preset,
    stretch,
)
from qgis.core import QgsRasterLayer, QgsRectangle


@pytest.fixture
def image(project, tmp_path):
    """image(names) -> a layer with a band a name, random pixels, and the pixels."""

    def make(names, width=60, height=40):
        path = tmp_path / f"bands{len(names)}.tif"
        dataset = gdal.GetDriverByName("GTiff").Create(
            str(path), width, height, len(names), gdal.GDT_UInt16
        )
        pixels = np.random.default_rng(1).integers(100, 4000, (len(names), height, width))
        for number, name in enumerate(names, 1):
            dataset.GetRasterBand(number).WriteArray(pixels[number - 1].astype(np.uint16))
            dataset.GetRasterBand(number).SetDescription(name)
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(32630)
        dataset.SetGeoTransform(NORTH_UP)
        dataset.SetProjection(reference.ExportToWkt())
        del dataset
        layer = QgsRasterLayer(str(path), path.stem)
        project.addMapLayer(layer)
        return layer, pixels

    return make


@pytest.mark.parametrize(("names", "bands"), [
    (["blue", "green", "red", "nir"], Bands(1, 2, 3, 4)),
    (["nir", "red", "green", "blue"], Bands(4, 3, 2, 1)),
    (["B02", "B03", "B04", "B08"], Bands(1, 2, 3, 4)),
    (["", "", ""], Bands(3, 2, 1, 0)),
    (["", "", "", ""], Bands(3, 2, 1, 4)),
    ([""] * 12, Bands(2, 3, 4, 8)),
    ([""], Bands()),
])  # fmt: skip
def test_bands_are_known_by_name_else_by_number(image, names, bands):
    layer, _ = image(names)
    assert bands_of(layer) == bands


def test_what_the_user_says_about_bands_wins(image):
    layer, _ = image(["blue", "green", "red", "nir"])
    set_bands(layer, Bands(4, 3, 2, 1))
    assert bands_of(layer) == Bands(4, 3, 2, 1)


def test_presets_choose_the_bands(image, project):
    layer, _ = image(["blue", "green", "red", "nir"])
    assert presets_of(layer) == ["true_color", "false_color", "water_index"]
    show_preset(layer, "true_color", project)
    r = layer.renderer()
    assert (r.redBand(), r.greenBand(), r.blueBand()) == (3, 2, 1)
    show_preset(layer, "false_color", project)
    r = layer.renderer()
    assert (r.redBand(), r.greenBand(), r.blueBand()) == (4, 3, 2)
    assert r.redContrastEnhancement().maximumValue() > 3000


def test_three_bands_have_no_water_index(image):
    layer, _ = image(["", "", ""])
    assert presets_of(layer) == ["true_color"]


def test_the_water_index_is_what_numpy_says_and_goes_again(image, project):
    layer, pixels = image(["blue", "green", "red", "nir"])
    show_preset(layer, "water_index", project)
    (index,) = [k for k in project.mapLayers().values() if k.name().startswith("Water index")]
    block = index.dataProvider().block(1, layer.extent(), 60, 40)
    green, nir = pixels[1].astype(float), pixels[3].astype(float)
    expected = (green - nir) / (green + nir)
    # The last row and column are QGIS's: it reads a virtual raster without its outermost pixels.
    shown = np.array([[block.value(r, c) for c in range(1, 58)] for r in range(1, 38)])
    assert np.abs(shown - expected[1:38, 1:58]).max() < 1e-5
    show_preset(layer, "true_color", project)
    assert [k.name() for k in project.mapLayers().values()] == [layer.name()]


def test_stretching_to_a_view_takes_its_brightness(image):
    layer, pixels = image(["blue", "green", "red", "nir"])
    view = QgsRectangle(500000, 4399980, 500020, 4400000)  # the first 10 × 10 pixels
    stretch(layer, view)
    enhancement = layer.renderer().redContrastEnhancement()
    band = pixels[layer.renderer().redBand() - 1][:10, :10]
    low, high = np.percentile(band, [2, 98])
    assert enhancement.minimumValue() == pytest.approx(low, abs=120)
    assert enhancement.maximumValue() == pytest.approx(high, abs=120)


def test_flicker_shows_one_date_and_then_the_other(image, project):
    one, other = image(["a"])[0], image(["a", "b"])[0]
    root = project.layerTreeRoot()

    def shown():
        return [root.findLayer(k.id()).isVisible() for k in (one, other)]

    assert flicker(one, other, project) is other
    assert shown() == [False, True]
    assert flicker(one, other, project) is one
    assert shown() == [True, False]
