"""Targets in datasets: a chip's is the window of the whole scene's; exact where it can be known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from shapely import box
from support.datasets import differing, manifest, masks_of, read_chip, rows, stitch
from support.labels import star, star_with_hole
from support.rasters import place
from support.workshop import Workshop

import polychip
from polychip.quality.verify import verify_dataset
from polychip.recipe import TARGETS
from polychip.scenes import prepare

WHERE = place(120, 150)
SCHEMA = {
    "class_field": "class",
    "classes": [
        {"name": "cloud", "code": 255},
        {"name": "house", "code": 2},
        {"name": "shed", "code": 3},
        {"name": "road", "code": 1, "thing": False},
    ],
}
OPTIONS = {
    "boundary": {"width_px": 2}, "contact": {"gap_px": 6}, "distance": {"limit_px": 9},
    "center": {"sigma_px": 3}, "weights": {"sigma_px": 2, "classes": {"road": 0.5}},
    "confidence": {"field": "sure", "default": 0.75},
}  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, WHERE)


def shapes_of(seed: int) -> tuple[list[Any], list[str]]:
    rng = np.random.default_rng(seed)
    shapes, classes = [], []
    for _ in range(60):
        x, y = rng.uniform(-5, 155), rng.uniform(-5, 125)
        shapes.append(star(rng, x, y, rng.uniform(2, 14)))
        classes.append(str(rng.choice(["house", "shed"])))
    shapes += [star_with_hole(rng, 60, 60, 30), box(0, 70, 150, 75), box(100, 10, 118, 24)]
    classes += ["house", "road", "cloud"]
    return shapes, classes


def inputs(shop: Workshop, seed: int = 1) -> dict[str, Any]:
    shapes, classes = shapes_of(seed)
    sure = [None if n % 7 == 0 else round(n / 100, 2) for n in range(len(shapes))]
    pixels = np.ones((1, 120, 150), np.uint8)
    pixels[:, 90:100, 20:45] = 0
    image = shop.image(pixels, nodata=0, tiled=True, blockxsize=16, blockysize=16)
    labels = shop.labels(shapes, **{"class": classes, "sure": sure})
    extent = shop.labels([box(0, 0, 140, 112)], name="extent.gpkg")
    return {"image": image, "labels": labels, "scene": {"extent": extent}, "schema": SCHEMA}


def build(
    shop: Workshop, given: dict[str, Any], out: str, chips: dict[str, Any], **masks: Any
) -> Path:
    told = {"mode": "panoptic", "targets": list(TARGETS), **OPTIONS, **masks}
    return shop.build(
        given["image"], given["labels"], out=out, scene=given["scene"], schema=given["schema"],
        chips=chips, masks=told,
    )  # fmt: skip


@pytest.mark.parametrize(
    "chips", [{"size": 32}, {"size": 40, "stride": 17}, {"size": (25, 60), "stride": (25, 31)}]
)
def test_a_chips_target_is_the_same_window_of_the_whole_scenes(
    shop: Workshop, chips: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also across blocks, which are made one after another without looking at each other."""
    given = inputs(shop)
    whole = build(shop, given, "whole", {"size": (120, 150)})
    monkeypatch.setattr(prepare, "BLOCK_PX", 64)
    cut = build(shop, given, "cut", chips)
    for name in TARGETS:
        one = stitch(whole, WHERE.shape, kind=name, missing=0)
        many = stitch(cut, WHERE.shape, kind=name, missing=0)
        assert np.array_equal(one, many), name
        assert len(np.unique(one)) > 2, f"{name}: the case shows nothing"


def whole_scene(dataset: Path, kind: str) -> NDArray[Any]:
    [row] = rows(dataset)
    return read_chip(dataset, row, kind)


def test_the_targets_of_a_scene_are_what_scipy_says_of_its_masks(shop: Workshop) -> None:
    dataset = build(shop, inputs(shop), "whole", {"size": (120, 150)})
    instance, semantic = whole_scene(dataset, "instance")[0], whole_scene(dataset, "semantic")[0]
    ignored = semantic == 255
    inside = np.zeros(instance.shape)
    for number in range(1, instance.max() + 1):
        mine = instance == number
        inside[mine] = ndimage.distance_transform_edt(mine | ignored)[mine]
    outside = ndimage.distance_transform_edt(instance == 0)
    distance = whole_scene(dataset, "distance")[0]
    expected = np.where(instance > 0, inside, -outside).clip(-9, 9)
    assert np.array_equal(distance, np.where(ignored, 0, expected).astype(np.float32))
    boundary = whole_scene(dataset, "boundary")[0]
    assert np.array_equal(boundary, np.where(ignored, 255, (instance > 0) & (inside <= 2)))
    footprint = whole_scene(dataset, "footprint")
    assert np.array_equal(footprint[0], np.where(ignored, 255, instance > 0))
    assert np.array_equal(footprint[1], boundary)
    assert np.array_equal(footprint[2], whole_scene(dataset, "contact")[0])
    each = np.stack([
        ndimage.distance_transform_edt(instance != n) for n in range(1, instance.max() + 1)
    ])  # fmt: skip
    each.sort(axis=0)
    both = each[0] + each[1]
    gap = (instance == 0) & ~ignored
    contact = whole_scene(dataset, "contact")[0]
    assert np.array_equal(contact[gap], (both <= 7)[gap])
    weights = whole_scene(dataset, "weights")[0]
    term = np.where((instance == 0) & (both <= 8), 10 * np.exp(-(both**2) / 8), 0)
    plain = np.where(ignored, 0, np.where(semantic == 1, 0.5, 1) + term)
    assert np.allclose(weights, plain, atol=1e-5)


def test_centres_are_the_mean_pixels_of_the_whole_objects(shop: Workshop) -> None:
    """Without ignored pixels the mean is that of the instance mask."""
    shapes = [box(3, 3, 30, 21), box(20, 15, 44, 40), box(60, 60, 63, 65)]
    labels = shop.labels(shapes)
    options = {"mode": "instance", "targets": ["center", "offset"], "center": {"sigma_px": 2}}
    recipe = {"chips": {"size": (120, 150)}, "masks": options}
    dataset = shop.build(shop.image(), labels, out="whole", **recipe)
    instance = whole_scene(dataset, "instance")[0]
    heat, (dy, dx) = whole_scene(dataset, "center")[0], whole_scene(dataset, "offset")
    expected = np.zeros_like(heat, dtype=float)
    ys, xs = np.mgrid[:120, :150]
    for number in (1, 2, 3):
        row, column = (axis.mean() for axis in np.nonzero(instance == number))
        mine = instance == number
        assert np.allclose((ys + dy)[mine], row, atol=1e-4)
        assert np.allclose((xs + dx)[mine], column, atol=1e-4)
        y, x = np.floor(row + 0.5), np.floor(column + 0.5)
        bump = np.exp(-((ys - y) ** 2 + (xs - x) ** 2) / 8)
        bump[(abs(ys - y) > 7) | (abs(xs - x) > 7)] = 0
        expected = np.maximum(expected, bump)
        assert heat[int(y), int(x)] == 1
    assert np.allclose(heat, expected, atol=1e-6)
    assert not dy[instance == 0].any()


def test_coverage_is_the_area_by_shapely_to_half_a_percent(shop: Workshop) -> None:
    """In pixel coordinates, so areas need no transformation; overlaps go to the first class."""
    rng = np.random.default_rng(3)
    houses = [star(rng, *rng.uniform(10, 110, 2), rng.uniform(3, 15), 12) for _ in range(20)]
    road = shapely.LineString([(0, 3.3), (70, 60), (150, 71.7)]).buffer(2.2)
    shapes = [*houses, road]
    labels = shop.labels(shapes, **{"class": ["house"] * 20 + ["road"]})
    schema = {"class_field": "class", "classes": SCHEMA["classes"][1:]}
    dataset = shop.build(
        shop.image(), labels, schema=schema, chips={"size": (120, 150)}, masks={"targets": ["coverage"]}
    )  # fmt: skip
    road_band, house_band, shed_band = whole_scene(dataset, "coverage")
    house_area = shapely.union_all(houses)
    road_area = shapely.intersection(road, box(0, 0, 150, 120)) - house_area
    for band, area in ((house_band, house_area), (road_band, road_area)):
        assert band.sum() / 254 == pytest.approx(area.area, rel=0.005)
        ys, xs = np.mgrid[:120, :150]
        cells = shapely.box(xs, ys, xs + 1, ys + 1)
        shapely.prepare(area)
        exact = shapely.area(shapely.intersection(cells, area))
        assert np.abs(band / 254 - exact).max() < 0.09, "1/16 of a pixel, and a little more"
        assert np.abs(band / 254 - exact).mean() < 0.005
    assert not shed_band.any()
    with rasterio.open(dataset / rows(dataset)[0]["files"]["coverage"]) as file:
        assert file.descriptions == ("road", "house", "shed")
        assert file.tags()["POLYCHIP_SAMPLES"] == "8"


def test_coverage_is_ignore_where_an_ignore_polygon_takes_a_part_of_the_pixel(
    shop: Workshop,
) -> None:
    labels = shop.labels(
        [box(0, 0, 20, 20), box(5.7, 5.7, 10.2, 10.2)], **{"class": ["house", "cloud"]}
    )
    dataset = shop.build(
        shop.image(), labels, schema=SCHEMA, chips={"size": (120, 150)}, masks={"targets": ["coverage"]}
    )  # fmt: skip
    house = whole_scene(dataset, "coverage")[1]
    assert (house[5:11, 5:11] == 255).all()
    assert (house == 255).sum() == 36
    assert whole_scene(dataset, "semantic")[0][5, 5] == 2, "the centre is not in the cloud"


def test_confidence_is_the_fields_number_of_the_feature_on_top(shop: Workshop) -> None:
    shapes = [box(0, 0, 40, 40), box(10, 10, 20, 20), box(60, 60, 70, 70)]
    labels = shop.labels(shapes, sure=[0.25, 0.5, None])
    dataset = shop.build(
        shop.image(), labels, chips={"size": (120, 150)},
        masks={"targets": ["confidence"], "confidence": {"field": "sure", "default": 0.9}},
    )  # fmt: skip
    found = whole_scene(dataset, "confidence")[0]
    assert found[5, 5] == 0.25
    assert found[15, 15] == 0.5
    assert found[65, 65] == found[100, 100] == np.float32(0.9)
    assert [n for n in shop.ear.notes if "1 features have nothing in 'sure': 0.9 is taken" in n]


@pytest.mark.parametrize(
    ("sure", "field", "message"),
    [
        (["high", "low"], "sure", r"must hold numbers from 0 on .* 2 features hold something else \(1: high, 2: low\)"),
        ([0.5, -1.0], "sure", r"1 features hold something else \(2: -1\)"),
        ([0.5, 0.1], "shure", r"has no field 'shure' \(masks.confidence.field\) \(did you mean 'sure'\?\)"),
    ],
)  # fmt: skip
def test_a_confidence_that_is_no_number_is_refused(
    shop: Workshop, sure: list[Any], field: str, message: str
) -> None:
    labels = shop.labels([box(0, 0, 9, 9), box(20, 20, 30, 30)], sure=sure)
    with pytest.raises(polychip.errors.InputError, match=message):
        shop.build(
            shop.image(), labels, masks={"targets": ["confidence"], "confidence": {"field": field}}
        )


def test_semantic_datasets_have_boundaries_and_distances_of_classes(shop: Workshop) -> None:
    labels = shop.labels(
        [box(10, 10, 20, 20), box(20, 10, 30, 20)], **{"class": ["house", "house"]}
    )
    dataset = shop.build(
        shop.image(), labels, chips={"size": (120, 150)},
        masks={"targets": ["boundary", "distance"], "boundary": {"width_px": 1}},
    )  # fmt: skip
    boundary = whole_scene(dataset, "boundary")[0]
    assert boundary[10:20, 10].all()
    assert not boundary[12:18, 19:21].any(), "two houses that touch are one region of a class"
    assert whole_scene(dataset, "distance")[0][15, 20] == 5
    assert manifest(dataset)["targets"]["boundary"]["parameters"]["of"] == "classes"


def test_workers_and_resuming_change_no_byte_and_the_digest_covers_the_targets(
    shop: Workshop,
) -> None:
    given = inputs(shop)
    first = build(shop, given, "first", {"size": 50})
    told = {"mode": "panoptic", "targets": list(TARGETS), **OPTIONS}
    recipe = shop.recipe(
        given["image"], given["labels"], out="second", scene=given["scene"], schema=SCHEMA,
        chips={"size": 50}, masks=told,
    )  # fmt: skip
    second = shop.run(recipe, workers=2)
    assert not differing(first, second)
    assert verify_dataset(first, all_chips=True).ok
    without = build(shop, given, "third", {"size": 50}, targets=["boundary"])
    assert manifest(without)["digest"] != manifest(first)["digest"]


def test_a_chip_read_back_carries_its_targets(shop: Workshop) -> None:
    dataset = polychip.open(build(shop, inputs(shop), "dataset", {"size": 50}))
    chip = dataset[0]
    assert set(chip.targets) == set(TARGETS)
    assert chip.targets["footprint"].shape == (3, 50, 50)
    assert chip.targets["coverage"].dtype == np.uint8
    ignored = chip.semantic == 255
    for name, told in dataset.manifest["targets"].items():
        assert (chip.targets[name][:, ignored] == told["ignore"]).all()
    assert masks_of(dataset.folder)
