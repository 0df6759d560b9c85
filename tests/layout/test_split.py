"""Splits: no ground in two of them, fair shares, the same result everywhere."""

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

import polychip
from polychip.errors import InputError, RecipeError
from polychip.grid import Grid, Window
from polychip.layout.cells import ChipOptions, group_lattice, plan_cells
from polychip.layout.contents import Contents
from polychip.layout.leakage import audit
from polychip.layout.split import DROPPED, SplitOptions, assign_splits
from polychip.layout.units import gather_units

THREE = {"train": 0.8, "val": 0.1, "test": 0.1}


def grid(x, y, height, width, *, crs="EPSG:32630", res=10.0):
    return Grid(crs, Affine(res, 0, x, 0, -res, y), height, width)


def lattice(name, x, y, height, width):
    """One scene, at pixel (x, y) of a common lattice."""
    return group_lattice(name, [(name, grid(5e5 + x * 10, 4e6 - y * 10, height, width))])


def units_of(lattices, size=8, stride=None, edge="pad"):
    stride = stride or size
    chips = ChipOptions(size, size, stride, stride, edge)
    return gather_units([plan_cells(each, chips) for each in lattices], lattices, chips)[0]


def assigned(lattices, options, values=None, **chips):
    units = units_of(lattices, **chips)
    return units, assign_splits(units, lattices, options, values)


def result_or_refusal(*arguments):
    try:
        return assign_splits(*arguments)
    except RecipeError as error:
        return str(error)


@st.composite
def fractions(draw):
    weights = draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
    return {f"s{i}": weight / sum(weights) for i, weight in enumerate(weights)}


@st.composite
def places(draw):
    """One to three groups on one lattice, perhaps on the same ground."""
    small, offset = st.integers(1, 24), st.integers(-20, 20)
    return [
        lattice(name, draw(offset), draw(offset), draw(small), draw(small))
        for name in ("alpha", "beta", "gamma")[: draw(st.integers(1, 3))]
    ]


def ground_of(units, lattices, n):
    """The pixels of a unit on the common lattice, padding left out; the slow way."""
    own = lattices[units.group[n]].grid
    chip = Window(units.x_off[n], units.y_off[n], units.width, units.height)
    seen = chip.intersection(own.window)
    dx = round((own.transform.c - 5e5) / 10) + seen.x_off
    dy = round((4e6 - own.transform.f) / 10) + seen.y_off
    return set(itertools.product(range(dx, dx + seen.width), range(dy, dy + seen.height)))


def grown(pixels, by):
    steps = range(-by, by + 1)
    return {(x + dx, y + dy) for x, y in pixels for dx in steps for dy in steps}


@settings(max_examples=300, deadline=None)
@given(
    lattices=places(),
    shares=fractions(),
    size=st.integers(1, 9),
    stride=st.integers(1, 9),
    edge=st.sampled_from(["pad", "shift", "drop"]),
    by=st.sampled_from(["blocks", "scene", "random", "field", "kfold"]),
    whole=st.booleans(),
    gap=st.integers(0, 3),
    block=st.integers(1, 5),
    seed=st.integers(0, 9),
)
def test_no_pixel_lies_in_two_splits_for_any_size_stride_gap_edge_and_seed(
    lattices, shares, size, stride, edge, by, whole, gap, block, seed
):
    objects = "whole" if whole and by in ("blocks", "scene", "kfold") else "cut"
    if by == "kfold":
        options = SplitOptions.kfold(3, block=block, gap_px=gap, seed=seed, objects=objects)
        shares = options.fractions
    else:
        options = SplitOptions(by, shares, block, gap, seed, objects)
    units = units_of(lattices, size, max(stride, size // 3), edge)
    contents = invented_contents(units, seed)
    names = [*shares, None]
    values = [names[int(n) % len(names)] for n in units.row + 2 * units.col]
    found = result_or_refusal(units, lattices, options, values, contents)
    if isinstance(found, str):
        assert re.search(
            r"leaves no chip to|pairs of chips share ground|there are only|separate place|piece",
            found,
        )
        return
    if objects == "whole":
        assert_objects_are_whole(found.split, contents)
    ground: list[set[tuple[int, int]]] = [set() for _ in shares]
    for n in range(len(units)):
        if found.split[n] != DROPPED:
            ground[found.split[n]] |= ground_of(units, lattices, n)
    for a, b in itertools.combinations(ground, 2):
        assert not grown(a, gap) & b
    grids = [each.grid for each in lattices]
    assert audit(units.footprints, grids, found.split, gap_px=gap) == []
    left = len(units) - found.dropped_leaking - found.dropped_unassigned
    assert sum(found.counts) == left == int((found.split >= 0).sum())


def invented_contents(units, seed, n_objects=6):
    """Two classes, and objects that lie in one to three units each."""
    rng = np.random.default_rng(seed)
    shown = [
        (int(unit), number)
        for number in range(n_objects * bool(len(units)))
        for unit in rng.integers(0, len(units), rng.integers(1, 4))
    ]
    pixels = rng.integers(0, 50, (len(units), 2)) * rng.integers(0, 2, (len(units), 2))
    labelled = pixels.sum(axis=1) + 10
    table = np.array(shown, dtype=np.int64).reshape(-1, 2)
    return Contents(("a", "b"), pixels, labelled, table, n_objects)


def assert_objects_are_whole(split, contents):
    for number in range(contents.n_objects):
        units = contents.shown[contents.shown[:, 1] == number, 0]
        assert len(set(split[units].tolist()) - {DROPPED}) <= 1


def degrees_polygon(of, units, n):
    to_degrees = Transformer.from_crs(of.crs_wkt, "EPSG:4326", always_xy=True)
    chip = Window(units.x_off[n], units.y_off[n], units.width, units.height)
    outline = of.outline(chip.intersection(of.window), 33)
    return shapely.Polygon(np.column_stack(to_degrees.transform(*outline.T)))


@settings(max_examples=15, deadline=None)
@given(
    dx=st.integers(-1500, 1500),
    dy=st.integers(-1500, 1500),
    stride=st.sampled_from([30, 50]),
    seed=st.integers(0, 99),
)
def test_groups_in_two_utm_zones_that_show_the_same_ground_never_leak(dx, dy, stride, seed):
    lattices = [
        group_lattice("west", [("w", grid(733_000, 4_429_000, 300, 300))]),
        group_lattice(
            "east", [("e", grid(221_000 + dx, 4_430_000 + dy, 300, 300, crs="EPSG:32631"))]
        ),
    ]
    options = SplitOptions("blocks", {"train": 0.7, "test": 0.3}, block=3, seed=seed)
    units, found = assigned(lattices, options, size=50, stride=stride)
    shapes = [degrees_polygon(lattices[units.group[n]].grid, units, n) for n in range(len(units))]
    train, test = (np.array(shapes, dtype=object)[found.split == k] for k in (0, 1))
    worst = max(a.intersection(b).area / b.area for a in train for b in test)
    assert worst < 1e-4
    assert len(train) > 0
    assert len(test) > 0


def test_a_cell_has_one_split_in_all_dates():
    dates = [(f"d{n}", grid(5e5 + n * 30, 4e6, 80, 80 + n * 10)) for n in range(3)]
    group = group_lattice("g", dates)
    chips = ChipOptions(8, 8, 8, 8)
    cells = plan_cells(group, chips)
    units, (unit_of,) = gather_units([cells], [group], chips)
    found = assign_splits(units, [group], SplitOptions("random"))
    places: dict[tuple[int, int], int] = {}
    for row, col, split in zip(cells.row, cells.col, found.split[unit_of], strict=True):
        assert places.setdefault((int(row), int(col)), int(split)) == split
    assert len(places) == len(units) < len(cells)


@given(st.integers(1, 40), st.integers(1, 40), fractions(), st.integers(0, 9))
def test_random_respects_the_fractions_within_one_chip(rows, cols, shares, seed):
    one = [lattice("g", 0, 0, rows, cols)]
    units, found = assigned(one, SplitOptions("random", shares, seed=seed), size=1)
    for count, share in zip(found.counts, shares.values(), strict=True):
        assert abs(count - share * len(units)) < 1
    assert found.dropped_leaking == 0


@pytest.mark.parametrize(
    ("lattices", "chips", "pairs"),
    [
        ([("a", 0, 0, 16, 16)], {"stride": 4}, 20),
        ([("a", 0, 0, 8, 20)], {"edge": "shift"}, 1),
        ([("a", 0, 0, 8, 8), ("b", 4, 4, 8, 8)], {}, 1),
    ],
    ids=["stride below size", "shifted edge", "overlapping groups"],
)
def test_random_refuses_chips_that_overlap_counts_them_and_names_blocks(lattices, chips, pairs):
    made = [lattice(*each) for each in lattices]
    with pytest.raises(RecipeError, match=rf"but {pairs} pairs of chips.*a_r0000000.*'blocks'"):
        assigned(made, SplitOptions("random"), **chips)


def test_random_accepts_neighbours_whose_padding_alone_overlaps():
    made = [lattice("a", 0, 0, 20, 20), lattice("b", 20, 0, 20, 20)]
    assert assigned(made, SplitOptions("random"))[1].dropped_leaking == 0


def test_blocks_keep_neighbouring_cells_together():
    units, found = assigned([lattice("g", 0, 0, 160, 160)], SplitOptions("blocks", THREE))
    assert found.block == 4
    assert found.counts == (320, 48, 32)  # 25 blocks of 16 chips
    for r, c in itertools.product(range(0, 20, 4), repeat=2):
        inside = (units.row // 4 == r // 4) & (units.col // 4 == c // 4)
        assert len(set(found.split[inside].tolist())) == 1


@pytest.mark.parametrize(("side", "block"), [(20, 16), (5, 4), (4, 1)])
def test_the_block_is_made_smaller_until_each_split_has_one(side, block):
    one = [lattice("g", 0, 0, side * 8, side * 8)]
    _, found = assigned(one, SplitOptions("blocks", THREE, block=16))
    assert found.block == block
    assert min(found.counts) >= 1
    said = (
        f"split.block was made smaller, from 16 to {block} chips, so that each split has a block",
    )
    assert found.notes == (said if block < 16 else ())


@given(st.integers(1, 6), st.integers(1, 6), fractions(), st.integers(1, 9), st.integers(0, 9))
def test_each_split_gets_a_block_or_the_chips_are_too_few(rows, cols, shares, block, seed):
    options = SplitOptions("blocks", shares, block, seed=seed)
    if rows * cols < len(shares):
        with pytest.raises(RecipeError, match=f"asks for {len(shares)} splits, but there are only"):
            assigned([lattice("g", 0, 0, rows, cols)], options, size=1)
        return
    _, found = assigned([lattice("g", 0, 0, rows, cols)], options, size=1)
    assert min(found.counts) >= 1
    assert found.block is not None
    assert found.block <= block


def test_train_gives_way_where_blocks_overlap():
    shares = {"test": 0.2, "train": 0.8}
    one = [lattice("g", 0, 0, 164, 164)]
    _, apart = assigned(one, SplitOptions("blocks", shares, block=8), size=8, stride=4)
    _, same = assigned(one, SplitOptions("blocks", shares, block=8), size=4, stride=4)
    assert apart.dropped_leaking > 0
    assert apart.counts[0] == pytest.approx(0.2 * sum(same.counts), rel=0.25)
    assert f"{apart.dropped_leaking} chips were left out" in apart.notes[0]


def test_scenes_that_share_ground_stay_together_directly_or_by_a_third():
    made = [lattice(f"n{n}", x, 0, 8, 16) for n, x in enumerate((0, 10, 20, 100, 200))]
    options = SplitOptions("scene", {"a": 0.5, "b": 0.3, "c": 0.2})
    units, found = assigned(made, options)
    of_group = [set(found.split[units.group == g].tolist()) for g in range(5)]
    assert of_group[0] == of_group[1] == of_group[2]
    assert {tuple(each) for each in of_group} == {(0,), (1,), (2,)}
    assert found.dropped_leaking == 0
    with pytest.raises(RecipeError, match=r"2 splits, but the scenes show only 1 separate place"):
        assigned(made[:3], SplitOptions("scene", {"a": 0.5, "b": 0.5}))


def test_the_order_of_the_groups_changes_no_chip():
    made = [
        lattice(name, x, 0, 40, 40) for name, x in (("p", 0), ("q", 100), ("r", 130), ("s", 300))
    ]
    for by in ("blocks", "scene"):
        found = []
        for order in (made, made[::-1]):
            units, result = assigned(order, SplitOptions(by, {"a": 0.5, "b": 0.3, "c": 0.2}))
            found.append(dict(zip(units.ids(order), result.split.tolist(), strict=True)))
        assert found[0] == found[1]


def test_the_field_decides_and_chips_without_a_value_are_left_out():
    one = [lattice("g", 0, 0, 8, 32)]
    units, found = assigned(one, SplitOptions("field"), ["val", None, "train", "train"])
    assert found.split.tolist() == [1, DROPPED, 0, 0]
    assert found.dropped_unassigned == 1
    assert found.shares == pytest.approx((2 / 3, 1 / 3, 0))
    assert found.notes == (
        "1 chips were left out: the split field has no value for them",
        "no chip is in test",
    )
    assert len(units) == 4


def test_a_field_value_that_is_no_split_is_named_with_the_nearest():
    with pytest.raises(InputError, match=r"'trian' \(did you mean 'train'\?\) for 2 chips.*val"):
        assigned([lattice("g", 0, 0, 8, 24)], SplitOptions("field"), ["trian", "val", "trian"])


def test_a_split_that_would_lose_all_its_chips_is_an_error():
    made = [lattice("a", 0, 0, 8, 8), lattice("b", 0, 0, 8, 8)]
    with pytest.raises(RecipeError, match=r"'field' leaves no chip to train.*larger split\.block"):
        assigned(made, SplitOptions("field"), ["train", "test"])


def test_without_a_split_every_chip_is_in_one():
    _, found = assigned([lattice("g", 0, 0, 16, 16)], SplitOptions(), stride=4)
    assert found.names == ("all",)
    assert found.split.tolist() == [0] * 9


def test_a_fraction_of_zero_keeps_the_name_and_gets_nothing():
    shares = {"train": 0.5, "val": 0.5, "test": 0.0}
    for by in ("random", "blocks"):
        _, found = assigned([lattice("g", 0, 0, 64, 64)], SplitOptions(by, shares))
        assert found.counts == (32, 32, 0)
        assert "no chip is in test" in found.notes


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"fractions": {"train": 0.8, "val": 0.1}}, r"add up to 0\.9, not 1"),
        ({"fractions": {"train": 1.2, "val": -0.2}}, r"fractions\.train is 1\.2"),
        ({"fractions": {"train": float("nan")}}, r"fractions\.train is nan"),
        ({"fractions": {"a/b": 1.0}}, "'a/b'; a split's name has"),
        ({"fractions": {"Train": 0.5, "train": 0.5}}, "more than case"),
        ({"fractions": {}}, "needs 1 to 100 names"),
        ({"block": 0}, r"split\.block is 0"),
        ({"gap_px": -1}, r"split\.gap -1"),
    ],
)
def test_split_options_out_of_range_are_refused(bad, message):
    with pytest.raises(RecipeError, match=message):
        SplitOptions("blocks", **bad)


def test_chips_that_are_added_move_no_others_hash_order():
    def order_of(width):
        units, found = assigned(
            [lattice("g", 0, 0, 8, width)], SplitOptions("random", {"a": 0.5, "b": 0.5})
        )
        return dict(zip(units.col.tolist(), found.split.tolist(), strict=True))

    before, after = order_of(8 * 100), order_of(8 * 110)
    assert sum(before[col] != after[col] for col in before) <= 10


SCRIPT = """
from affine import Affine
from polychip.grid import Grid
from polychip.layout.cells import ChipOptions, group_lattice, plan_cells
from polychip.layout.split import SplitOptions, assign_splits
from polychip.layout.units import gather_units
chips = ChipOptions(8, 8, 8, 8)
made = [
    group_lattice(n, [(n, Grid("EPSG:32630", Affine(10, 0, x, 0, -10, 0), 90, 90))])
    for n, x in (("p", 0), ("q", 2000), ("r", 4000))
]
units, _ = gather_units([plan_cells(each, chips) for each in made], made, chips)
for by in ("random", "blocks", "scene"):
    print(assign_splits(units, made, SplitOptions(by, seed=3)).split.tolist())
"""


def test_every_process_finds_the_same_splits_whatever_its_hash_seed():
    answers = set()
    for hash_seed in ("0", "1", "12345"):
        source = str(Path(polychip.__path__[0]).parent)
        env = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": source}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=True
        )
        answers.add(done.stdout)
    assert len(answers) == 1
    assert answers.pop().count("\n") == 3
