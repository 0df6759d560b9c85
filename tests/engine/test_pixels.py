"""A chip's image is the source's, bit for bit, with everything that gives the pixels meaning."""

from typing import Any

import numpy as np
import pytest
import rasterio
import tifffile
from affine import Affine
from shapely import box
from support.datasets import manifest, masks_of, read_chip, rows, stitch
from support.rasters import place
from support.workshop import Workshop

INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
DTYPES = [*INTEGERS, "float32", "float64", "complex64", "complex128"]


def all_values(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Pixels with the type's extremes; NaN, infinities and −0.0 where there are such."""
    rng = np.random.default_rng(3)
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        info = np.iinfo(kind)
        pixels = rng.integers(info.min, info.max, shape, dtype=kind, endpoint=True)
        pixels.flat[:2] = info.min, info.max
        return pixels
    pixels = rng.normal(size=shape).astype(kind)
    if kind.kind == "c":
        pixels = (pixels + 1j * rng.normal(size=shape)).astype(kind)
    pixels.flat[:5] = np.nan, np.inf, -np.inf, -0.0, np.finfo(kind).max
    return pixels


def bits(pixels: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(pixels).view(np.uint8)


@pytest.mark.parametrize("compress", ["none", "deflate", "zstd", "lzw"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_chips_hold_the_sources_bits(workshop: Workshop, dtype: str, compress: str) -> None:
    pixels = all_values(dtype, (2, *workshop.where.shape))
    image = workshop.image(pixels)
    labels = workshop.labels([box(0, 0, 9, 9)])
    recipe = workshop.recipe(image, labels)
    recipe["output"]["compress"] = compress
    dataset = workshop.run(recipe)
    with rasterio.open(image) as source:  # also what GDAL itself gives for the source
        assert np.array_equal(bits(source.read()), bits(pixels))
    whole = stitch(dataset, workshop.where.shape, kind="image", missing=0)
    assert whole.dtype == dtype
    assert np.array_equal(bits(whole), bits(pixels))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "complex64"])
def test_another_reader_sees_the_same_pixels(workshop: Workshop, dtype: str) -> None:
    pixels = all_values(dtype, (3, *workshop.where.shape))
    recipe = workshop.recipe(workshop.image(pixels), workshop.labels([box(0, 0, 9, 9)]))
    recipe["output"]["compress"] = "deflate"
    dataset = workshop.run(recipe)
    row = rows(dataset)[0]
    read = tifffile.imread(dataset / row["files"]["image"])
    first = read if read.shape[0] == 3 else np.moveaxis(read, -1, 0)
    assert np.array_equal(bits(first), bits(pixels[:, :16, :16]))


def test_names_nodata_scale_colour_and_units_are_kept(workshop: Workshop) -> None:
    pixels = np.arange(4 * 40 * 50).reshape(4, 40, 50).astype("int16")
    image = workshop.image(
        pixels,
        nodata=-9999,
        descriptions=("red", "green", "blue", "Nahinfrarot ü"),
        colorinterp=("red", "green", "blue", "undefined"),
        scales=(0.0001, 0.0001, 0.0001, 1.0),
        offsets=(-0.1, 0.0, 0.5, 0.0),
        units=("refl", "refl", "refl", "K"),
        photometric="RGB",
    )
    dataset = workshop.build(image, workshop.labels([box(0, 0, 9, 9)]))
    row = rows(dataset)[-1]
    with rasterio.open(image) as source, rasterio.open(dataset / row["files"]["image"]) as chip:
        for name in (
            "nodata",
            "descriptions",
            "colorinterp",
            "scales",
            "offsets",
            "units",
            "dtypes",
        ):
            assert getattr(chip, name) == getattr(source, name), name
        assert chip.crs == source.crs
        offset = Affine.translation(row["x_off"], row["y_off"])
        assert chip.transform == source.transform * offset
        own = chip.read(1, masked=True)
        assert own.mask[:, -10:].all(), "padding is nodata"


@pytest.mark.parametrize(
    ("dtype", "nodata", "fill"),
    [("uint8", None, 0), ("uint8", 255, 255), ("int16", -9999, -9999), ("float32", np.nan, np.nan),
     ("float32", None, 0), ("float64", -1e30, -1e30), ("uint16", 0, 0)],
)  # fmt: skip
def test_padding_holds_nodata_else_zero_and_is_ignore_in_masks(
    workshop: Workshop, dtype: str, nodata: float | None, fill: float
) -> None:
    pixels = np.full((2, *workshop.where.shape), 7, dtype)
    options = {} if nodata is None else {"nodata": nodata}
    labels = workshop.labels([box(0, 0, 100, 100)])
    dataset = workshop.build(
        workshop.image(pixels, **options), labels, chips={"size": 32}, masks={"mode": "instance"}
    )
    masks, objects = masks_of(dataset), masks_of(dataset, "instance")
    for row in rows(dataset):
        image, key = read_chip(dataset, row, "image"), f"scene/{row['chip_id']}"
        y, x = np.mgrid[:32, :32]
        outside = (x + row["x_off"] >= 50) | (y + row["y_off"] >= 40)
        assert np.array_equal(
            image[:, outside],
            np.full_like(image[:, outside], fill),
            equal_nan=np.dtype(dtype).kind == "f",
        )
        assert (image[:, ~outside] == 7).all()
        assert (masks[key][outside] == 255).all()
        assert (masks[key][~outside] == 1).all()
        assert np.array_equal(objects[key] == 1, ~outside)
        inside = int((~outside).sum())
        assert row["px_255"] == 0, "padding does not count"
        assert row["px_1"] == inside
        assert row["valid_fraction"] == row["labelled_fraction"] == 1.0
        assert list(row["band_n_valid"]) == [inside] * len(row["band_sum"])
        assert row["band_sum"] == [7 * inside] * 2
    [band, _] = manifest(dataset)["bands"]["image"]
    assert (band["count"], band["mean"], band["std"]) == (2000, 7.0, 0.0)


def test_a_pixel_is_nodata_when_all_bands_are(workshop: Workshop) -> None:
    pixels = np.full((2, 40, 50), 9, "uint8")
    pixels[0, 2:8, 3:9] = 0
    pixels[1, 5:8, 3:30] = 0
    image = workshop.image(pixels, nodata=0)
    labels = workshop.labels([box(0, 0, 50, 40)])
    for rule, where in (("all", (pixels == 0).all(axis=0)), ("any", (pixels == 0).any(axis=0))):
        dataset = workshop.build(image, labels, out=rule, scene={"nodata_rule": rule})
        mask = stitch(dataset, workshop.where.shape)
        assert np.array_equal(mask == 255, where), rule
        assert np.array_equal(mask == 1, ~where), rule
        assert manifest(dataset)["counts"]["pixels"] == {
            "1": int((~where).sum()),
            "255": int(where.sum()),
        }


def test_an_undeclared_collar_is_ignore_once_the_recipe_gives_nodata(workshop: Workshop) -> None:
    pixels = np.full((3, 40, 50), 9, "uint16")
    collar = np.zeros((40, 50), bool)
    collar[:, :11] = collar[-6:] = True
    pixels[:, collar] = 0
    image, labels = workshop.image(pixels), workshop.labels([box(5, 5, 30, 38)])
    naive = stitch(workshop.build(image, labels, out="naive"), workshop.where.shape)
    assert (naive[collar] != 255).all()
    dataset = workshop.build(image, labels, out="told", scene={"nodata": 0})
    told = stitch(dataset, workshop.where.shape)
    assert np.array_equal(told == 255, collar)
    assert np.array_equal(told[~collar], naive[~collar])
    with rasterio.open(dataset / rows(dataset)[0]["files"]["image"]) as chip:
        assert chip.nodata == 0


def test_nan_is_nodata_when_declared(workshop: Workshop) -> None:
    pixels = np.ones((1, 40, 50), "float32")
    pixels[0, 3:7, 3:7] = np.nan
    image = workshop.image(pixels, nodata=np.nan)
    mask = stitch(workshop.build(image, workshop.labels([box(0, 0, 50, 40)])), workshop.where.shape)
    assert np.array_equal(mask == 255, np.isnan(pixels[0]))


def test_transparent_pixels_are_ignore_and_the_alpha_band_stays(workshop: Workshop) -> None:
    pixels = np.full((4, 40, 50), 200, "uint8")
    pixels[3, 10:20, 10:30] = 0
    image = workshop.image(
        pixels, colorinterp=("red", "green", "blue", "alpha"), photometric="RGB", alpha="yes"
    )
    dataset = workshop.build(image, workshop.labels([box(0, 0, 50, 40)]))
    mask = stitch(dataset, workshop.where.shape)
    assert np.array_equal(mask == 255, pixels[3] == 0)
    assert np.array_equal(stitch(dataset, workshop.where.shape, kind="image"), pixels)


def test_chosen_bands_come_in_the_asked_order_by_number_or_name(workshop: Workshop) -> None:
    pixels = np.stack([np.full((40, 50), n, "uint8") for n in (1, 2, 3)])
    image = workshop.image(pixels, descriptions=("b", "g", "r"))
    dataset = workshop.build(image, workshop.labels([box(0, 0, 9, 9)]), scene={"bands": ["r", 1]})
    chip = read_chip(dataset, rows(dataset)[0], "image")
    assert chip[:, 0, 0].tolist() == [3, 1]
    assert [b["name"] for b in manifest(dataset)["bands"]["image"]] == ["r", "b"]


def test_layers_have_a_folder_each_and_are_ignored_together(workshop: Workshop) -> None:
    """The coarser layer comes by its own resampling; a pixel is nodata where any layer is."""
    fine = np.arange(2000).reshape(1, 40, 50).astype("uint16") + 1
    fine[0, :4, :4] = 0
    t = workshop.where.transform
    coarse_place = place(10, 13, transform=t * Affine.scale(4))
    coarse = np.arange(130).reshape(1, 10, 13).astype("float32") + 1
    coarse[0, 9, 0] = -1
    image = {
        "s2": workshop.image(fine, name="s2.tif", nodata=0),
        "s1": {
            "files": workshop.image(coarse, name="s1.tif", where=coarse_place, nodata=-1),
            "resampling": "nearest",
        },
    }
    dataset = workshop.build(image, workshop.labels([box(0, 0, 50, 40)]))
    assert np.array_equal(stitch(dataset, (40, 50), kind="image_s2"), fine)
    grown = coarse.repeat(4, axis=1).repeat(4, axis=2)[:, :40, :50]
    s1 = stitch(dataset, (40, 50), kind="image_s1", missing=0)
    assert s1.dtype == np.float32
    assert np.array_equal(s1, grown)
    mask = stitch(dataset, (40, 50))
    assert np.array_equal(mask == 255, (fine[0] == 0) | (grown[0] == -1))
    assert {row["files"]["image_s1"].split("/")[1] for row in rows(dataset)} == {"s1"}


def test_single_band_files_are_stacked_in_their_order(workshop: Workshop) -> None:
    files = [
        workshop.image(np.full((1, 40, 50), n, "uint16"), name=f"B0{n}.tif") for n in (2, 3, 4)
    ]
    dataset = workshop.build({"optical": files}, workshop.labels([box(0, 0, 9, 9)]))
    chip = read_chip(dataset, rows(dataset)[0], "image_optical")
    assert chip[:, 0, 0].tolist() == [2, 3, 4]
    names: list[Any] = [b["name"] for b in manifest(dataset)["bands"]["optical"]]
    assert names == ["B02", "B03", "B04"]


def test_statistics_are_those_of_the_valid_pixels(workshop: Workshop) -> None:
    rng = np.random.default_rng(8)
    pixels = rng.integers(1, 60000, (2, 40, 50)).astype("uint16")
    pixels[:, 5:9, 5:9] = 0
    dataset = workshop.build(workshop.image(pixels, nodata=0), workshop.labels([box(0, 0, 9, 9)]))
    valid = (pixels != 0).all(axis=0)
    for entry, band in zip(manifest(dataset)["bands"]["image"], pixels, strict=True):
        there = band[valid].astype(np.float64)
        assert (entry["count"], entry["min"], entry["max"]) == (
            valid.sum(),
            there.min(),
            there.max(),
        )
        assert entry["mean"] == pytest.approx(there.mean(), rel=1e-12)
        assert entry["std"] == pytest.approx(there.std(), rel=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_statistics_of_large_nearly_equal_values_keep_their_spread(
    workshop: Workshop, dtype: str
) -> None:
    """mean² and the mean of squares are alike to many digits here; the spread is what's left."""
    rng = np.random.default_rng(8)
    pixels = (1e6 + rng.normal(size=(1, 40, 50))).astype(dtype)
    dataset = workshop.build(workshop.image(pixels), workshop.labels([box(0, 0, 9, 9)]))
    [entry] = manifest(dataset)["bands"]["image"]
    assert entry["std"] == pytest.approx(pixels.astype(np.float64).std(), rel=1e-2)
