"""Targets of small arrays, by hand and against scipy's distances of whole scenes."""

import json

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from polychip.errors import InputError
from polychip.grid import Window
from polychip.recipe import TARGETS, MaskOptions
from polychip.schema import ClassDef, LabelSchema
from polychip.targets.registry import REGISTRY, make_target, margin_px, target_specs
from polychip.targets.spec import Ground

SCHEMA = LabelSchema((ClassDef("house", 1, "#ff0000"), ClassDef("road", 2, "#00ff00", thing=False)))
IGNORE = 255


def ground(
    rows: list[str] | NDArray[np.int32], semantic: NDArray[np.uint8] | None = None
) -> Ground:
    """Digits are objects of class 1, '.' is background, '?' is ignored, '=' is road."""
    if isinstance(rows, np.ndarray):
        top = rows
        codes = np.where(top > 0, 1, 0).astype(np.uint8) if semantic is None else semantic
    else:
        cells = np.array([list(row) for row in rows])
        top = np.where(np.char.isdigit(cells), cells, "0").astype(np.int32)
        codes = np.where(top > 0, 1, 0).astype(np.uint8)
        codes[cells == "?"], codes[cells == "="] = IGNORE, 2
    height, width = top.shape
    n = int(top.max(initial=0))
    centres = np.full((n, 2), np.nan)
    for number in range(1, n + 1):
        row, column = np.nonzero(top == number)
        if len(row):
            centres[number - 1] = column.mean(), row.mean()
    return Ground(Window(0, 0, width, height), SCHEMA, codes, top, np.arange(n), centres)


def make(name: str, where: Ground, **options: object) -> NDArray[np.generic]:
    masks = MaskOptions.model_validate({"mode": "instance", "targets": [name], **options})
    [spec] = target_specs(masks, SCHEMA)
    return make_target(where, spec, where.window)


def text(band: NDArray[np.generic]) -> list[str]:
    return ["".join({0: ".", 1: "#", IGNORE: "?"}[int(v)] for v in row) for row in band]


def test_each_target_of_the_recipe_can_be_made_and_says_what_it_is() -> None:
    assert tuple(REGISTRY) == TARGETS
    masks = MaskOptions(mode="panoptic", targets=list(TARGETS))
    for spec in target_specs(masks, SCHEMA):
        assert spec.tags["POLYCHIP_TARGET"] == spec.name
        assert spec.meaning.isascii()
        assert len(spec.meaning) > 20
        assert float(spec.tags["POLYCHIP_IGNORE"]) == spec.ignore


def test_the_boundary_lies_inside_and_parts_what_touches() -> None:
    where = ground([
        "........",
        ".111222.",
        ".111222.",
        ".111222.",
        ".111222.",
        ".111222.",
        "........",
    ])  # fmt: skip
    assert text(make("boundary", where, boundary={"width_px": 1})[0]) == [
        "........",
        ".######.",
        ".#.##.#.",
        ".#.##.#.",
        ".#.##.#.",
        ".######.",
        "........",
    ]


def test_the_edge_of_what_is_ignored_is_no_boundary() -> None:
    where = ground([
        "......",
        ".1111?",
        ".1111?",
        ".1111?",
        "??????",
    ])  # fmt: skip
    assert text(make("boundary", where, boundary={"width_px": 1})[0]) == [
        "......",
        ".####?",
        ".#...?",
        ".#...?",
        "??????",
    ]


def test_boundaries_of_classes_part_regions_of_another_class() -> None:
    where = ground(["......", ".1122.", ".11==.", "......"])
    options = {"width_px": 1, "of": "classes"}
    assert text(make("boundary", where, boundary=options)[0]) == [
        "......", ".####.", ".####.", "......",
    ]  # fmt: skip
    row = np.array([[0, 1, 1, 1, 1, 1, 1, 0]], np.int32)
    parted = row.copy()
    parted[0, 4:7] = 2
    one = make("boundary", ground(parted, row.astype(np.uint8)), boundary=options)
    assert one[0].tolist() == [[0, 1, 0, 0, 0, 0, 1, 0]], "two objects of a class are one region"


def test_contact_is_the_narrow_gap_and_where_objects_touch() -> None:
    where = ground([
        "...........",
        "1..2.....33",
        "1..2.....34",
        "...........",
    ])  # fmt: skip
    assert text(make("contact", where, contact={"gap_px": 2})[0]) == [
        "..........#",
        ".##.......#",
        ".##.....###",
        ".........##",
    ], "1 px from object 3 and 2 px from object 4 is between them, too"
    wide = text(make("contact", where, contact={"gap_px": 5})[0])
    assert wide[1] == ".##.#####.#"
    assert text(make("contact", where, contact={"gap_px": 1})[0])[1:3] == [
        "..........#", ".........##",
    ]  # fmt: skip


def test_the_picture_has_footprint_boundary_and_contact() -> None:
    where = ground(["?......", ".11.22.", ".11.22.", "......."])
    options = {"boundary": {"width_px": 2}, "contact": {"gap_px": 1}}
    picture = make("footprint", where, **options)
    assert [text(band) for band in picture] == [
        ["?......", ".##.##.", ".##.##.", "......."],
        ["?......", ".##.##.", ".##.##.", "......."],
        ["?......", "...#...", "...#...", "......."],
    ]
    for band, name in ((1, "boundary"), (2, "contact")):
        assert np.array_equal(picture[band], make(name, where, **options)[0])


def scattered(seed: int, size: int = 90) -> NDArray[np.int32]:
    """Rectangles of all sizes over each other, as one object each."""
    rng = np.random.default_rng(seed)
    top = np.zeros((size, size), np.int32)
    for number in range(1, 30):
        y, x = rng.integers(0, size - 4, 2)
        h, w = rng.integers(2, 20, 2)
        top[y : y + h, x : x + w] = number
    return top


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_distances_are_those_of_scipy_object_by_object(seed: int) -> None:
    top = scattered(seed)
    found = make("distance", ground(top), distance={"limit_px": 7})[0]
    expected = -ndimage.distance_transform_edt(top == 0)
    for number in np.unique(top[top > 0]):
        inside = ndimage.distance_transform_edt(top == number)
        expected[top == number] = inside[top == number]
    assert found.dtype == np.float32
    assert np.array_equal(found, expected.clip(-7, 7).astype(np.float32))


@pytest.mark.parametrize("seed", [0, 1])
def test_contact_and_weights_follow_the_distances_to_all_objects(seed: int) -> None:
    top = scattered(seed, 60)
    top[scattered(seed + 9, 60) == 0] = 0
    each = np.stack([ndimage.distance_transform_edt(top != n) for n in np.unique(top[top > 0])])
    each.sort(axis=0)
    both = each[0] + each[1]
    gap = (top == 0) & (both <= 6)
    contact = make("contact", ground(top), contact={"gap_px": 5})[0]
    assert np.array_equal(contact[top == 0] == 1, gap[top == 0])
    weights = make(
        "weights", ground(top), weights={"w0": 10, "sigma_px": 2, "classes": {"house": 3}}
    )[0]
    term = np.where((top == 0) & (both <= 8), 10 * np.exp(-(both**2) / 8), 0)
    assert np.allclose(weights, np.where(top > 0, 3, 1) + term, atol=1e-6)
    assert gap.any()


def test_bumps_stand_at_the_mean_pixel_and_offsets_lead_there() -> None:
    where = ground(["....", ".111", ".111", ".111", "...."])
    heat = make("center", where, center={"sigma_px": 1})[0]
    assert np.unravel_index(heat.argmax(), heat.shape) == (2, 2)
    assert heat[2, 2] == 1
    assert heat[2, 3] == pytest.approx(np.exp(-0.5))
    assert heat[1, 1] == pytest.approx(np.exp(-1))
    dy, dx = make("offset", where)
    assert dy.tolist()[1] == [0, 1, 1, 1]
    assert dx.tolist()[1] == [0, 1, 0, -1]
    assert dy.tolist()[0] == [0, 0, 0, 0]


def test_a_margin_is_as_wide_as_the_widest_target_needs() -> None:
    masks = MaskOptions.model_validate({
        "mode": "instance", "targets": ["distance", "boundary", "center"],
        "distance": {"limit_px": 31}, "center": {"sigma_px": 60},
    })  # fmt: skip
    assert margin_px(masks) == 31
    assert margin_px(MaskOptions()) == 0


def test_a_weight_for_no_class_is_refused_with_the_nearest() -> None:
    masks = MaskOptions.model_validate(
        {"mode": "instance", "targets": ["weights"], "weights": {"classes": {"hause": 2}}}
    )
    with pytest.raises(InputError, match=r"names 'hause' \(did you mean 'house'\?\)"):
        target_specs(masks, SCHEMA)
    good = MaskOptions.model_validate(
        {"mode": "instance", "targets": ["weights"], "weights": {"classes": {"background": 0.5}}}
    )
    assert json.loads(target_specs(good, SCHEMA)[0].tags["POLYCHIP_CLASSES"]) == {"0": 0.5}
