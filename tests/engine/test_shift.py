"""labels.shift_px moves labels on the scene's grid, and says so."""

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from support.datasets import manifest, stitch
from support.rasters import place, write_raster
from support.workshop import Workshop

from polychip.errors import InputError
from polychip.planning import report_plan
from polychip.quality.verify import verify_dataset
from polychip.recipe import build_recipe


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


SHAPES = [shapely.box(3, 4, 20, 15), shapely.Point(30, 20).buffer(6.3), shapely.box(-6, 30, -2, 36)]


@pytest.mark.parametrize("crs", [None, "EPSG:4326"])
def test_a_shift_by_whole_pixels_moves_the_mask_by_as_many(
    workshop: Workshop, crs: str | None
) -> None:
    image = write_raster(workshop.folder / "image.tif", workshop.where)
    labels = workshop.labels(SHAPES, crs=crs, **{"class": ["a", "b", "c"]})
    plain = workshop.build(image, labels, out="plain")
    moved = workshop.build(image, {"path": labels, "shift_px": [7, -2]}, out="moved")
    shape = workshop.where.shape
    before = stitch(plain, shape, transform=workshop.where.transform)
    after = stitch(moved, shape, transform=workshop.where.transform)
    assert np.array_equal(after[:-2, 7:], before[2:, :-7])
    assert (after[28:34, 1:5] == 3).all(), "what lay beyond the edge came into the image"
    assert not (before == 3).any()


def test_a_shift_is_in_the_plan_the_manifest_and_the_warnings(workshop: Workshop) -> None:
    image = write_raster(workshop.folder / "image.tif", workshop.where)
    labels = workshop.labels(SHAPES, **{"class": ["a", "b", "c"]})
    recipe = workshop.recipe(image, {"path": labels, "shift_px": [1.5, -0.25]})
    said = "scene: labels.shift_px moves 'labels' by 1.5 columns and -0.25 rows"
    plan = report_plan(build_recipe(recipe, base=workshop.folder, where="test"))
    assert said in plan.warnings
    dataset = workshop.run(recipe)
    assert manifest(dataset)["scenes"][0]["labels"][0]["shift_px"] == [1.5, -0.25]
    assert said in workshop.ear.warnings
    assert "shift_px" in (dataset / "recipe.toml").read_text()


@pytest.mark.parametrize("crs", [None, "EPSG:4326"])
def test_the_round_trip_of_verify_knows_the_shift(workshop: Workshop, crs: str | None) -> None:
    image = write_raster(workshop.folder / "image.tif", workshop.where)
    labels = workshop.labels(SHAPES, crs=crs, **{"class": ["a", "b", "c"]})
    dataset = workshop.build(
        image, {"path": labels, "shift_px": [7.3, -2.6]}, masks={"mode": "panoptic"}
    )
    report = verify_dataset(dataset, all_chips=True)
    assert {c.id: c.ok for c in report.checks}["round_trip"] is True, str(report)
    text = (dataset / "recipe.toml").read_text()
    (dataset / "recipe.toml").write_text(text.replace("7.3", "6.3"))
    wrong = {c.id: c.ok for c in verify_dataset(dataset, all_chips=True).checks}
    assert wrong["round_trip"] is False
    json.dumps(report.to_dict())


def test_a_raster_of_classes_is_not_shifted_in_silence(workshop: Workshop) -> None:
    where = place(40, 50)
    image = write_raster(workshop.folder / "image.tif", where)
    codes = np.ones((1, *where.shape), dtype=np.uint8)
    raster = write_raster(workshop.folder / "codes.tif", where, codes)
    with pytest.raises(InputError, match="shift_px moves polygons"):
        workshop.build(image, {"path": raster, "shift_px": [1, 0]})
