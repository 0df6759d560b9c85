"""Datasets that hold masks alone: their images are windows of the sources."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window
from shapely import box
from support.datasets import rows
from support.rasters import place, write_raster
from support.workshop import Workshop

import polychip
from polychip.errors import InputError, RecipeError
from polychip.quality.verify import verify_dataset


def both(workshop: Workshop, image: object) -> tuple[Path, Path]:
    labels = workshop.labels([box(3, 3, 20, 20), box(30, 10, 45, 38)])
    chips = {"size": 16, "stride": 12}
    full = workshop.build(image, labels, out="full", chips=chips)
    recipe = workshop.recipe(image, labels, out="bare", chips=chips)
    recipe["output"]["images"] = "none"
    return full, workshop.run(recipe)


def test_chips_read_back_are_those_of_a_dataset_with_copies(workshop: Workshop) -> None:
    full, bare = both(workshop, workshop.image(nodata=0))
    assert not (bare / "images").exists()
    for one, other in zip(polychip.open(full), polychip.open(bare), strict=True):
        assert one.chip_id == other.chip_id
        assert one.image.dtype == other.image.dtype
        assert np.array_equal(one.image, other.image)
        assert np.array_equal(one.semantic, other.semantic)
    assert (bare / "preview.png").exists()


def test_the_index_names_windows_that_plain_rasterio_reads(workshop: Workshop) -> None:
    """Of a stack of two layers, one of them a mosaic of two files."""
    left = write_raster(workshop.folder / "left.tif", place(40, 26))
    right = write_raster(
        workshop.folder / "right.tif",
        place(40, 30, transform=workshop.where.transform @ rasterio.Affine.translation(20, 0)),
    )
    other = workshop.image(name="other.tif")
    image = {"m": {"files": [left, right], "combine": "mosaic"}, "o": [other]}
    full, bare = both(workshop, image)
    for one, row in zip(polychip.open(full), rows(bare), strict=True):
        assert set(row["files"]) == {"semantic"}
        for layer in ("m", "o"):
            pixels = np.zeros_like(one.layers[layer])
            for entry in reversed(row[f"source_{layer}"]):
                with rasterio.open(bare / entry["path"]) as file:
                    window = Window(entry["x_off"], entry["y_off"], row["width"], row["height"])
                    read = file.read(entry["bands"], window=window, boundless=True, fill_value=0)
                pixels = np.where(read.any(axis=0), read, pixels)
            assert np.array_equal(pixels, one.layers[layer])


def test_verify_passes_and_plan_counts_no_images(workshop: Workshop) -> None:
    _, bare = both(workshop, workshop.image())
    report = verify_dataset(bare, all_chips=True)
    assert [check.id for check in report.checks if check.ok is not True] == []
    with_images = workshop.recipe(workshop.image(), str(workshop.folder / "labels.gpkg"))
    without = {**with_images, "output": {**with_images["output"], "images": "none"}}
    sizes = [polychip.plan(recipe).bytes_at_most for recipe in (with_images, without)]
    assert sizes[0] - sizes[1] == 12 * (2048 + 16 * 16 * 2 * 2), "12 chips, two bands of 16 bits"


def test_a_source_that_has_changed_is_not_read(workshop: Workshop) -> None:
    _, bare = both(workshop, workshop.image())
    workshop.image(np.zeros((1, 40, 50), np.uint8))
    with pytest.raises(InputError, match=r"image.tif: this dataset holds no images"):
        polychip.open(bare)[0]


def test_images_that_must_be_resampled_are_refused(workshop: Workshop) -> None:
    recipe = workshop.recipe(
        workshop.image(), workshop.labels([box(3, 3, 9, 9)]), grid={"resolution": 7.0}
    )
    recipe["output"]["images"] = "none"
    with pytest.raises(RecipeError, match=r"images = 'none', but .*image.tif must be resampled"):
        workshop.run(recipe)
