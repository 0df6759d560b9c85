"""Folds, whole objects, frozen splits, evened classes, chips lost at borders."""

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from polychip.errors import RecipeError
from polychip.grid import Grid
from polychip.layout.cells import ChipOptions, group_lattice, plan_cells
from polychip.layout.contents import Contents
from polychip.layout.folds import chip_lists, fold_names
from polychip.layout.frozen import FrozenSplit, frozen_of, read_frozen
from polychip.layout.leakage import audit
from polychip.layout.samplers import centred_places, place_cells, random_places
from polychip.layout.split import DROPPED, SplitOptions, assign_splits
from polychip.layout.units import gather_units

TWO = {"train": 0.75, "test": 0.25}


def lattice(name, x, y, height, width, res=10.0):
    at = Affine(res, 0, 5e5 + x * 10, 0, -res, 4e6 - y * 10)
    return group_lattice(name, [(name, Grid("EPSG:32630", at, height, width))])


def units_of(lattices, size=8, stride=None):
    stride = stride or size
    chips = ChipOptions(size, size, stride, stride)
    return gather_units([plan_cells(each, chips) for each in lattices], lattices, chips)[0]


def contents_of(pixels, shown=(), n_objects=0):
    pixels = np.array(pixels, dtype=np.int64)
    names = tuple(f"class{n}" for n in range(pixels.shape[1]))
    table = np.array(shown, dtype=np.int64).reshape(-1, 2)
    return Contents(names, pixels, pixels.sum(axis=1), table, n_objects)


def split_of(lattices, options, **known):
    units = units_of(lattices, **known.pop("chips", {}))
    return units, assign_splits(units, lattices, options, **known)


def test_folds_are_even_and_each_has_the_other_folds_to_train_on():
    _, found = split_of([lattice("g", 0, 0, 160, 160)], SplitOptions.kfold(5, block=2))
    assert found.names == ("fold0", "fold1", "fold2", "fold3", "fold4")
    assert found.counts == (80, 80, 80, 80, 80)  # 100 blocks of 4 chips
    ids = {name: {f"c{n}" for n in np.flatnonzero(found.split == k)}
           for k, name in enumerate(found.names)}  # fmt: skip
    lists = chip_lists(ids, kfold=True)
    assert len(lists) == 10
    for name in fold_names(5):
        assert set(lists[f"{name}-train"]) == set().union(*ids.values()) - ids[name]
        assert lists[name] == sorted(ids[name])


def test_folds_share_the_loss_where_chips_overlap():
    _, found = split_of(
        [lattice("g", 0, 0, 324, 324)], SplitOptions.kfold(4, block=4), chips={"stride": 4}
    )
    assert found.dropped_leaking > 0
    assert max(found.counts) < 1.3 * min(found.counts)


@pytest.mark.parametrize("folds", [0, 1, 101])
def test_a_number_of_folds_that_makes_no_sense_is_refused(folds):
    with pytest.raises(RecipeError, match=r"split\.folds is"):
        SplitOptions.kfold(folds)


def test_the_chips_of_an_object_go_to_one_split():
    """A row of twelve blocks; an object lies over the border of each pair of them."""
    one = [lattice("g", 0, 0, 8, 96)]
    shown = [(n, n // 2) for n in range(12)]
    options = SplitOptions("blocks", {"a": 0.5, "b": 0.5}, block=1, objects="whole")
    for seed in range(20):
        _, found = split_of(
            one,
            SplitOptions("blocks", options.fractions, 1, 0, seed, "whole"),
            contents=contents_of(np.ones((12, 1)), shown, 6),
        )
        assert (found.split[0::2] == found.split[1::2]).all()
        assert found.counts == (6, 6)


def test_objects_that_hold_everything_together_are_an_error_that_says_what_to_do():
    chain = [(n, n) for n in range(7)] + [(n + 1, n) for n in range(7)]
    with pytest.raises(RecipeError, match=r"in 1 piece\(s\) only; take split\.objects = 'cut'"):
        split_of(
            [lattice("g", 0, 0, 8, 64)],
            SplitOptions("blocks", TWO, 4, objects="whole"),
            contents=contents_of(np.ones((8, 1)), chain, 7),
        )


def class_gap(found, pixels):
    """The largest difference between a class's share of a split and what was asked for."""
    shares = [pixels[found.split == k].sum(axis=0) / pixels.sum(axis=0) for k in range(2)]
    return float(np.abs(np.array(shares) - np.array([[0.75], [0.25]])).max())


def test_classes_come_out_as_even_as_the_blocks_allow():
    """Sixteen blocks of one chip, water in four of them: the optimum is one of the four in test."""
    pixels = np.zeros((16, 2), dtype=np.int64)
    pixels[[0, 5, 6, 15], 0] = 100
    pixels[:, 1] = 7
    one = [lattice("g", 0, 0, 32, 32)]
    worse = 0
    for seed in range(25):
        plain, even = (
            split_of(one, SplitOptions("blocks", TWO, 1, 0, seed, stratify=stratify),
                     contents=contents_of(pixels))[1]
            for stratify in (False, True)
        )  # fmt: skip
        assert even.counts == (12, 4)
        assert class_gap(even, pixels) == 0
        worse += class_gap(plain, pixels) > 0
    assert worse > 5


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 999), st.integers(1, 4), st.integers(3, 12))
def test_stratifying_never_makes_the_shares_less_even(seed, block, side):
    rng = np.random.default_rng(seed)
    one = [lattice("g", 0, 0, side * 8, side * 8)]
    pixels = rng.integers(0, 50, (side * side, 3)) * (rng.random((side * side, 3)) < 0.3)
    pixels[0] += 1
    wanted = np.array([0.75, 0.25])

    def off(found):
        sums = np.array([
            [(found.split == k).sum(), *pixels[found.split == k].sum(axis=0)] for k in range(2)
        ])  # fmt: skip
        gaps = np.abs(sums / sums.sum(axis=0) - wanted[:, None]).sum(axis=0)
        return gaps[0] + gaps[1:].mean()

    plain, even = (
        split_of(one, SplitOptions("blocks", TWO, block, 0, seed, stratify=stratify),
                 contents=contents_of(pixels))[1]
        for stratify in (False, True)
    )  # fmt: skip
    assert off(even) <= off(plain) + 1e-9


def test_fewer_chips_are_lost_at_borders_than_by_scattered_blocks():
    """Half-overlapping chips in blocks of 4: rings around scattered blocks would cost 36 - 16."""
    shares = {"train": 0.8, "val": 0.1, "test": 0.1}
    lost, held = [], []
    for seed in range(5):
        units, found = split_of(
            [lattice("g", 0, 0, 164, 164)],
            SplitOptions("blocks", shares, 4, 0, seed),
            chips={"stride": 4},
        )
        lost.append(found.dropped_leaking / len(units))
        held.append((found.counts[1] + found.counts[2]) / len(units))
    assert max(lost) < 0.10
    assert min(held) > 0.15


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 99),
    st.sampled_from(["blocks", "scene", "random", "kfold"]),
    st.integers(-20, 40),
    st.integers(-20, 40),
    st.integers(0, 2),
)
def test_scenes_added_later_never_move_a_chip_and_never_leak(seed, by, x, y, gap):
    gap = 0 if by == "random" else gap  # neighbours would cost a whole split
    first = [lattice("p", 0, 0, 40, 40), lattice("q", 200, 0, 40, 32)]
    later = [*first, lattice("new", x, y, 32, 40), lattice("far", 500, 0, 24, 24)]
    options = (
        SplitOptions.kfold(2, block=2, gap_px=gap, seed=seed)
        if by == "kfold"
        else SplitOptions(by, {"a": 0.6, "b": 0.4}, 2, gap, seed)
    )
    units, found = split_of(first, options)
    kept = {
        chip_id: found.names[split]
        for chip_id, split in zip(units.ids(first), found.split.tolist(), strict=True)
        if split != DROPPED
    }
    try:
        more, again = split_of(later, options, frozen=FrozenSplit(kept, "before"))
    except RecipeError as error:
        assert by == "random"
        assert "pairs of chips share ground" in str(error)  # noqa: PT017 - only this one is right
        return
    ids = more.ids(later)
    now = dict(zip(ids, again.split.tolist(), strict=True))
    assert {chip_id: again.names[now[chip_id]] for chip_id in kept} == kept
    assert again.kept_frozen == len(kept)
    assert audit(more.footprints, [z.grid for z in later], again.split, gap_px=gap) == []


def test_a_new_scene_on_known_ground_takes_the_known_split():
    first = [lattice("p", 0, 0, 32, 32), lattice("q", 100, 0, 32, 32)]
    options = SplitOptions("scene", {"a": 0.5, "b": 0.5})
    units, found = split_of(first, options)
    kept = {i: found.names[s] for i, s in zip(units.ids(first), found.split, strict=True)}
    again = [*first, lattice("p-later", 8, 8, 32, 32), lattice("q-later", 92, 8, 32, 32)]
    more, result = split_of(again, options, frozen=FrozenSplit(kept, "before"))
    of_group = [set(result.split[more.group == g].tolist()) for g in range(4)]
    assert of_group[2] == of_group[0]
    assert of_group[3] == of_group[1]
    assert result.dropped_leaking == 0


def test_frozen_splits_that_leak_or_are_unknown_are_refused():
    one = [lattice("g", 0, 0, 8, 16)]
    halves = {"g_r0000000_c0000000": "a", "g_r0000000_c0000001": "b"}
    options = SplitOptions("blocks", {"a": 0.5, "b": 0.5}, 1, gap_px=1)
    with pytest.raises(
        RecipeError, match=r"keeps g_r0000000_c0000000 in 'a'.*nearer than split\.gap = 1"
    ):
        split_of(one, options, frozen=FrozenSplit(halves, "x.csv"))
    with pytest.raises(RecipeError, match=r"x\.csv has chips in 'tets'.*did you mean 'test'"):
        split_of(one, SplitOptions("blocks", TWO, 1), frozen=FrozenSplit({"c": "tets"}, "x.csv"))


def test_a_frozen_table_is_read_as_it_was_written_and_refused_when_it_contradicts_itself():
    frozen = frozen_of([("b", "test"), ("a", "train"), ("b", "test")], "here")
    assert frozen.to_csv() == "chip_id,split\na,train\nb,test\n"
    assert read_frozen(frozen.to_csv(), "here") == frozen
    with pytest.raises(RecipeError, match=r"here has chip a in 'x' and in 'y'"):
        read_frozen("chip_id,split\na,x\na,y\n", "here")
    with pytest.raises(RecipeError, match=r"starts with 'chip;split', not with the columns"):
        read_frozen("chip;split\n", "here")
    with pytest.raises(RecipeError, match=r"line 3 doesn't have two columns"):
        read_frozen("chip_id,split\na,b\nc\n", "here")


@settings(deadline=None, max_examples=80)
@given(
    size=st.integers(2, 9),
    n=st.integers(2, 25),
    by=st.sampled_from(["blocks", "kfold", "scene"]),
    sampler=st.sampled_from(["random", "objects"]),
    edge=st.sampled_from(["pad", "shift", "drop"]),
    gap=st.integers(0, 3),
    seed=st.integers(0, 99),
)
def test_no_pixel_lies_in_two_splits_for_any_sampler(size, n, by, sampler, edge, gap, seed):
    made = [lattice("p", 0, 0, 30, 40), lattice("q", 25, 10, 30, 30), lattice("r", 200, 0, 20, 20)]
    chips = ChipOptions(size, size, size, size, edge)
    rng = np.random.default_rng(seed)

    def places(of):
        if sampler == "random":
            return random_places(of, chips, n, seed)
        corner = rng.integers(0, 20, (n, 2))
        boxes = np.hstack((corner, corner + rng.integers(1, 15, (n, 2))))
        names = [f"o{k}" for k in range(n)]
        return centred_places(of, chips, boxes, names, jitter_px=3, seed=seed)

    cells = [place_cells(each, places(each), chips) for each in made]
    units, _ = gather_units(cells, made, chips)
    ids = units.ids(made)
    assert len(set(ids)) == len(ids) == len(units)
    options = (
        SplitOptions.kfold(2, block=1, gap_px=gap, seed=seed)
        if by == "kfold"
        else SplitOptions(by, {"a": 0.6, "b": 0.4}, 1, gap, seed)
    )
    try:
        found = assign_splits(units, made, options)
    except RecipeError as error:
        assert "leaves no chip" in str(error) or "only" in str(error)  # noqa: PT017
        return
    ground = [set(), set()]
    for k in np.flatnonzero(found.split != DROPPED):
        own = made[units.group[k]].grid
        dx, dy = round((own.transform.c - 5e5) / 10), round((4e6 - own.transform.f) / 10)
        x, y = int(units.x_off[k]), int(units.y_off[k])
        for column in range(max(x, 0), min(x + size, own.width)):
            for row in range(max(y, 0), min(y + size, own.height)):
                ground[found.split[k]].add((column + dx, row + dy))
    steps = range(-gap, gap + 1)
    grown = {(x + i, y + j) for x, y in ground[0] for i in steps for j in steps}
    assert not grown & ground[1]
    assert sum(found.counts) + found.dropped_leaking == len(units)
