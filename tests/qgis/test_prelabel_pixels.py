"""Formulas, thresholds, regions and outlines against numpy, scikit-image and rasterio."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal
from polychip_qgis.prelabels.bands import band_names, fitting
from polychip_qgis.prelabels.convert import burned, placed
from polychip_qgis.prelabels.formula import Band, FormulaError, parse
from polychip_qgis.prelabels.outlines import outlines
from polychip_qgis.prelabels.pixels import (
    Dates,
    PixelError,
    Window,
    image_for,
    swapped,
    values_of,
    whole,
)
from polychip_qgis.prelabels.regions import region_at, with_filled_holes, without_small
from polychip_qgis.prelabels.threshold import Rule, histogram, otsu
from polychip_qgis.prelabels.wand import ADD, REPLACE, TAKE, Likeness, Pixels, Selection, joined
from qgis.core import QgsRasterLayer

from conftest import NORTH_UP, ROOT, ROTATED

NDWI = "(green - nir) / (green + nir)"
AFTER = ROOT / "sample_data" / "after_20241031.tif"
BEFORE = ROOT / "sample_data" / "before_20240915.tif"
SPAIN = "sen1floods11-spain/Spain_7370579_S2Hand.tif"
BANDS = {"b1": np.array([[1.0, 4.0], [9.0, 0.0]]), "b2": np.array([[2.0, 2.0], [3.0, 0.0]])}


def image_at(path):
    layer = QgsRasterLayer(str(path), "image")
    assert layer.isValid()
    return image_for(layer)


def ndwi_mask(path):
    """Pixels over Otsu's threshold of the whole image."""
    image = image_at(path)
    values = values_of(Dates(image), parse(NDWI), whole(image))
    threshold = otsu(histogram(values))
    return image, values, threshold, Rule("NDWI", threshold).picks(values)


def noise(seed, shape=(60, 80), share=0.55):
    return np.random.default_rng(seed).random(shape) < share


# --- formulas


@pytest.mark.parametrize(("text", "wanted"), [
    ("(b1 - b2) / (b1 + b2)", [[-1 / 3, 1 / 3], [0.5, np.nan]]),
    ("b1 + b2 * 2 ^ 2", [[9, 12], [21, 0]]),
    ("-b1 ^ 2", [[-1, -16], [-81, 0]]),
    ("2 ^ -1 * b1", [[0.5, 2], [4.5, 0]]),
    ("sqrt(b1) >= b2 and not b2 == 3", [[0, 1], [0, 1]]),
    ("where(b1 > 2, max(b1, 5), min(b2, 1))", [[1, 5], [9, 0]]),
    ("db(b1) / 10 - log10(B1)", [[0, 0], [0, np.nan]]),
    ("abs(b2 - b1) or b1 < 1", [[1, 1], [1, 1]]),
])  # fmt: skip
def test_a_formula_is_what_numpy_says(text, wanted):
    bands = {Band(name, False): array for name, array in BANDS.items()}
    found = parse(text).reckon({b: bands[b] for b in parse(text).bands})
    np.testing.assert_allclose(np.where(np.isfinite(found), found, np.nan), wanted)


@pytest.mark.parametrize(("text", "why"), [
    ("", "character 1: a band or a number is expected, not the end"),
    ("3 + 4", "names no band"),
    ("b1 + ", "expected, not the end"),
    ("(b1 + b2", "“\\)” is missing"),
    ("b1 b2", "character 4: “b2” is not expected"),
    ("log(b1)", "no function “log”, but abs"),
    ("min(b1)", "takes 2 values, not 1"),
    ("b1 < b2 < 3", "join comparisons by “and”"),
    ("old.b1", "only “other.” may stand"),
    ("b1 ; import os", "“;” is not understood"),
    ("(" * 60 + "b1" + ")" * 60, "too many brackets"),
    ("b1 + " * 200 + "b1", "at most 500"),
])  # fmt: skip
def test_a_wrong_formula_is_told_with_its_place(text, why):
    with pytest.raises(FormulaError, match=why):
        parse(text)


def test_bands_have_numbers_and_the_names_that_are_known(qgis_app, real_data):
    image = image_at(real_data / SPAIN)
    assert [image.bands[name] for name in ("b1", "green", "red", "nir", "swir")] == [1, 3, 4, 8, 12]
    assert [k.name for k in fitting(image.bands)] == ["NDWI", "MNDWI", "NDVI", "b1"]
    radar = image_at(real_data / SPAIN.replace("S2", "S1"))
    assert [k.name for k in fitting(radar.bands)] == ["VV/VH dB", "VV/VH", "b1"]
    assert band_names(QgsRasterLayer(str(AFTER), "x"))["nir"] == 4


def test_two_dates_on_one_lattice_and_on_another(qgis_app, tmp_path):
    now, before = image_at(AFTER), image_at(BEFORE)
    window = Window(100, 50, 200, 120)
    change = values_of(Dates(now, before), parse("b2 - other.b2"), window)
    arrays = [gdal.Open(str(p)).ReadAsArray(100, 50, 200, 120)[1] for p in (AFTER, BEFORE)]
    known = (arrays[0] != 0) & (arrays[1] != 0)
    assert known.any()
    np.testing.assert_array_equal(
        change[known], arrays[0][known].astype(float) - arrays[1][known].astype(float)
    )
    assert np.isnan(change[~known]).all()
    # The other date cut off by 30 pixels: the lattice is another, the pixels are the same.
    cut = tmp_path / "cut.tif"
    gdal.Translate(str(cut), str(BEFORE), srcWin=[30, 30, 500, 400])
    np.testing.assert_array_equal(
        values_of(Dates(now, image_at(cut)), parse("b2 - other.b2"), window), change
    )
    there = swapped(Dates(now, before), parse("b2"), window)
    np.testing.assert_array_equal(there[known], arrays[1][known])
    with pytest.raises(PixelError, match="asks for the other date"):
        values_of(Dates(now), parse("b2 - other.b2"), window)
    with pytest.raises(PixelError, match="no band “swir”; it has b1, b2"):
        values_of(Dates(now), parse("swir"), window)


# --- thresholds and regions


def otsu_twice(path, ask_oracle):
    """Otsu's threshold of an image's NDWI by the plugin and by scikit-image."""
    _, values, threshold, _ = ndwi_mask(path)
    return threshold, ask_oracle("otsu", values=values[np.isfinite(values)].tolist())


def test_otsu_is_scikit_images(qgis_app, ask_oracle):
    mine, theirs = otsu_twice(AFTER, ask_oracle)
    assert mine == pytest.approx(theirs, abs=1e-12)


def test_otsu_of_the_real_image_is_scikit_images(qgis_app, ask_oracle, real_data):
    mine, theirs = otsu_twice(real_data / SPAIN, ask_oracle)
    assert mine == pytest.approx(theirs, abs=1e-12)


def test_values_that_do_not_differ_have_no_threshold():
    assert histogram(np.full((3, 3), 7.0)) is None
    assert histogram(np.full((3, 3), np.nan)) is None


@pytest.mark.parametrize("seed", range(4))
def test_a_region_is_scikit_images_flood(ask_oracle, seed):
    mask = noise(seed, share=0.6)
    seeds = [[int(r), int(c)] for r, c in np.argwhere(mask)[:: len(np.argwhere(mask)) // 5]]
    wanted = ask_oracle("floods", mask=mask.tolist(), seeds=seeds)
    for (row, column), flood in zip(seeds, wanted):
        np.testing.assert_array_equal(region_at(mask, row, column), np.array(flood))
    row, column = np.argwhere(~mask)[0]
    assert not region_at(mask, row, column).any()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [2, 5, 30])
def test_small_regions_and_holes_go_as_in_scikit_image(ask_oracle, seed, size):
    mask = noise(seed)
    answer = ask_oracle("tidied", mask=mask.tolist(), least=size, fill=size)
    np.testing.assert_array_equal(without_small(mask, size), np.array(answer["without_small"]))
    np.testing.assert_array_equal(with_filled_holes(mask, size), np.array(answer["filled"]))


def test_a_hole_without_data_stays_open():
    mask = np.array([[1, 1, 1, 1, 1], [1, 0, 1, 0, 1], [1, 1, 1, 1, 1]], dtype=bool)
    may = np.ones(mask.shape, dtype=bool)
    may[1, 3] = False
    assert with_filled_holes(mask, 4, may)[1].tolist() == [True, True, True, False, True]


# --- outlines


@pytest.mark.parametrize("transform", [NORTH_UP, ROTATED], ids=["north up", "rotated"])
def test_outlines_are_rasterios_and_burn_to_the_same_pixels(
    qgis_app, ask_oracle, make_raster, transform
):
    image = image_at(make_raster(f"outlines{transform[2]}", 80, 60, transform))
    mask = noise(7)
    made = outlines(mask, None, placed(image, whole(image)))
    answer = ask_oracle(
        "outlines", mask=mask.tolist(), transform=list(transform),
        shapes=[shape.asWkt(17) for shape in made],
    )  # fmt: skip
    assert answer["area"] == [0.0, 0.0]
    assert answer["count"] == len(made)
    np.testing.assert_array_equal(np.array(answer["burned"]), mask)
    assert all(shape.isGeosValid() for shape in made)


@pytest.mark.parametrize("seed", range(3))
def test_smooth_outlines_hold_the_same_pixels_and_never_overlap(
    qgis_app, ask_oracle, make_raster, seed
):
    image = image_at(make_raster("smooth", 80, 60, NORTH_UP))
    mask = without_small(noise(seed, share=0.5), 6)
    place = placed(image, whole(image))
    inside = np.ones(mask.shape, dtype=bool)
    sharp, soft = (outlines(mask, known, place) for known in (None, inside))
    answer = ask_oracle(
        "outlines", mask=mask.tolist(), transform=list(NORTH_UP),
        shapes=[shape.asWkt(17) for shape in soft],
    )  # fmt: skip
    np.testing.assert_array_equal(np.array(answer["burned"]), mask)
    assert answer["overlap"] == 0.0
    assert sum(s.constGet().nCoordinates() for s in soft) < 1.5 * sum(
        s.constGet().nCoordinates() for s in sharp
    )
    far = [a.hausdorffDistance(b) for a, b in zip(sharp, soft)]
    assert 0.2 < max(far) < 0.75 * 2.0  # pixels of 2 m


def test_the_real_images_pixels_come_back_from_their_polygons(qgis_app, real_data, ask_oracle):
    for path in (AFTER, real_data / SPAIN):
        image, _, _, mask = ndwi_mask(path)
        for inside in (None, np.ones(mask.shape, dtype=bool)):
            made = outlines(mask, inside, placed(image, whole(image)))
            again = ask_oracle("burned", path=str(path), shapes=[s.asWkt(17) for s in made])
            assert np.packbits(mask).tobytes().hex() == again
            np.testing.assert_array_equal(burned(image, whole(image), made), mask)


def test_ndwi_with_otsu_agrees_with_the_hand_labels(qgis_app, real_data):
    _, _, _, mask = ndwi_mask(real_data / SPAIN)
    label = gdal.Open(str(real_data / SPAIN.replace("S2", "Label"))).ReadAsArray()
    known = label >= 0
    both, either = (mask & (label == 1))[known].sum(), (mask | (label == 1))[known].sum()
    # What docs/drawing.md states.
    assert both / either == pytest.approx(0.692, abs=0.0005)


# --- the wand


def test_the_wand_grows_as_scikit_images_flood_with_a_tolerance(ask_oracle):
    values = np.random.default_rng(3).integers(0, 20, (40, 50)).astype(np.float32)
    seen = Likeness(Window(0, 0, 50, 40), values[None])
    selection = Selection()
    for tolerance in (0.0, 5.0, 8.0, 30.0):
        selection.begin(seen, (20, 25), REPLACE)
        selection.grow(tolerance)
        wanted = ask_oracle("flood", values=values.tolist(), seed=[20, 25], tolerance=tolerance)
        np.testing.assert_array_equal(selection.shown(seen.window), np.array(wanted))


def test_regions_are_added_taken_away_and_given_up():
    values = np.array([[0, 0, 9, 9, 0, 0]], dtype=np.float32)
    seen = Likeness(Window(4, 2, 6, 1), values[None])
    selection = Selection()

    def click(column, mode):
        selection.begin(seen, (0, column), mode)
        selection.grow(1.0)
        selection.let_go()
        return selection.shown(seen.window)[0].astype(int).tolist()

    assert click(0, REPLACE) == [1, 1, 0, 0, 0, 0]
    assert click(5, ADD) == [1, 1, 0, 0, 1, 1]
    assert click(2, ADD) == [1, 1, 1, 1, 1, 1]
    assert click(0, TAKE) == [0, 0, 1, 1, 1, 1]
    assert selection.kept.window == Window(6, 2, 4, 1)  # no more than is selected
    assert click(4, REPLACE) == [0, 0, 0, 0, 1, 1]
    assert click(4, TAKE) == [0] * 6
    assert selection.kept is None


def test_the_finer_pixels_stay_when_the_map_is_zoomed():
    fine = Pixels(Window(2, 2, 3, 1), np.array([[True, False, True]]))
    coarse = Pixels(Window(8, 0, 4, 4, 4), np.array([[True]]))
    both = joined(fine, coarse, ADD)
    assert both.window == Window(2, 0, 10, 4)
    wanted = np.zeros((4, 10), dtype=bool)
    wanted[2, [0, 2]] = True
    wanted[:, 6:] = True
    np.testing.assert_array_equal(both.mask, wanted)
    assert joined(both, coarse, TAKE).window == Window(2, 2, 3, 1)
    with pytest.raises(PixelError, match="million pixels"):
        joined(fine, coarse._replace(window=Window(90_000, 90_000, 4, 4, 4)), ADD)
