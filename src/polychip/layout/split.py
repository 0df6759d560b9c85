"""Splits without leakage: which chip belongs to train, which to validation, which to neither; pure.

The unit is a cell of a group: its chips in all dates go to one split. Chance comes from a hash of
the seed and names alone, so that the order of the input and the process don't matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from polychip.errors import InputError, RecipeError, nearest, some
from polychip.layout.cells import Lattice
from polychip.layout.contents import Contents
from polychip.layout.frozen import FrozenSplit
from polychip.layout.ground import Ground, survey
from polychip.layout.items import (
    Items,
    block_items,
    borders,
    hashes,
    place_items,
    with_whole_objects,
)
from polychip.layout.leakage import overlapping_pairs, pairs_between
from polychip.layout.separate import separate
from polychip.layout.split_options import DROPPED, EVERYTHING, SplitOptions
from polychip.layout.split_words import notes, refuse_emptied
from polychip.layout.stratify import Task, even_out
from polychip.layout.units import UnitTable

__all__ = ["DROPPED", "EVERYTHING", "SplitAssignment", "SplitOptions", "assign_splits"]

Ints = NDArray[np.int64]
Splits = NDArray[np.int8]

COUNTED_PAIRS = 1_000_000
"""Overlapping pairs are counted no further than this for a message."""


@dataclass(frozen=True, slots=True)
class SplitAssignment:
    """The split of each unit."""

    split: Splits
    """Index into `names`, or DROPPED, shape (units,)."""
    names: tuple[str, ...]
    counts: tuple[int, ...]
    """Units kept in each split."""
    dropped_leaking: int
    """Units left out because they share ground with another split, or come too near."""
    dropped_unassigned: int
    """Units left out because the field has no value for them."""
    block: int | None
    """Side of the blocks that were used, in chips; None without blocks."""
    notes: tuple[str, ...]
    """What people should know, as sentences."""
    kept_frozen: int = 0
    """Units that have the split of an earlier dataset."""

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of each split among the units kept."""
        total = sum(self.counts)
        return tuple(count / total if total else 0.0 for count in self.counts)


@dataclass(frozen=True, slots=True)
class Divided:
    """What there is to divide, and what is known of it."""

    units: UnitTable
    lattices: Sequence[Lattice]
    options: SplitOptions
    ground: Ground
    contents: Contents | None
    frozen: Splits
    """Split that a unit has already, or DROPPED, shape (units,)."""

    @property
    def fresh(self) -> Ints:
        """Units that have no split yet."""
        return np.flatnonzero(self.frozen == DROPPED)

    def amounts(self) -> NDArray[np.float64]:
        """One, and the pixels of each class, of each unit; shape (units, 1 + classes)."""
        ones = np.ones((len(self.units), 1))
        known = self.contents is not None and self.options.stratify
        return np.hstack((ones, self.contents.pixels)) if known and self.contents else ones


def assign_splits(
    units: UnitTable,
    lattices: Sequence[Lattice],
    options: SplitOptions,
    values: Sequence[str | None] | None = None,
    contents: Contents | None = None,
    frozen: FrozenSplit | None = None,
) -> SplitAssignment:
    """Give each unit a split, then leave out the units that would leak.

    Args:
        units: cells of all groups.
        lattices: the groups' lattices.
        options: how to divide.
        values: for 'field' the split's name for each unit, or None; else not needed.
        contents: what the units show; needed for whole objects, and to even classes out.
        frozen: splits that units keep.

    Raises:
        RecipeError: chips overlap with 'random'; fewer chips, or scenes, than splits; a split
            would be left without a chip; frozen splits leak, or are none of the splits.
        InputError: a value of the field is not the name of a split.
    """
    if options.by == "none":
        everything = np.zeros(len(units), dtype=np.int8)
        return SplitAssignment(everything, (EVERYTHING,), (len(units),), 0, 0, None, ())
    known = np.full(len(units), DROPPED, dtype=np.int8)
    if frozen is not None:
        known = frozen.of_units(units.ids(lattices), tuple(options.fractions))
    ground = survey(units.footprints, [lattice.grid for lattice in lattices], options.gap_px)
    case = Divided(units, lattices, options, ground, contents, known)
    _refuse_frozen_leaks(case)
    split, chance, block = _divide(case, values)
    unassigned = int((split == DROPPED).sum())
    before = np.bincount(split[split >= 0], minlength=len(options.fractions))
    leaking = separate(ground, split, options, chance, known != DROPPED)
    after = np.bincount(split[split >= 0], minlength=len(options.fractions))
    refuse_emptied(options, before, after)
    found = SplitAssignment(
        split=split,
        names=tuple(options.fractions),
        counts=tuple(after.tolist()),
        dropped_leaking=leaking,
        dropped_unassigned=unassigned,
        block=block,
        notes=(),
        kept_frozen=int((known != DROPPED).sum()),
    )
    dropped = (leaking, unassigned)
    return replace(found, notes=notes(options, found.counts, dropped, block, found.kept_frozen))


def _refuse_frozen_leaks(case: Divided) -> None:
    """Frozen splits stay as they are, so they must be free of leaks by themselves."""
    frozen = np.flatnonzero((case.frozen != DROPPED) & case.ground.on_ground())
    for part in np.unique(case.frozen[frozen])[:-1]:
        mine, others = (frozen[case.frozen[frozen] == part], frozen[case.frozen[frozen] > part])
        for pairs in pairs_between(case.ground, mine, others, case.options.gap_px):
            if len(pairs):
                i, j = case.units.take(pairs[0]).ids(case.lattices)
                names = list(case.options.fractions)
                raise RecipeError(
                    f"split.frozen keeps {i} in '{names[case.frozen[pairs[0, 0]]]}' and {j} in "
                    f"'{names[case.frozen[pairs[0, 1]]]}', but they share ground or lie nearer "
                    f"than split.gap = {case.options.gap_px} px; keep the chips.size, "
                    "chips.stride and split.gap of the dataset whose split is frozen"
                )


def _divide(
    case: Divided, values: Sequence[str | None] | None
) -> tuple[Splits, NDArray[np.uint64], int | None]:
    """(split of each unit, a number by which chance decides between them, the block's side)."""
    options, units = case.options, case.units
    if options.has_blocks:
        return _by_blocks(case)
    if options.by == "scene":
        return (*_by_scene(case), None)
    chance = hashes(options.seed, units.ids(case.lattices))
    if options.by == "random":
        return _by_chance(case, chance), chance, None
    split = _by_field(len(units), options, values)
    return np.where(case.frozen == DROPPED, split, case.frozen), chance, None


def _by_chance(case: Divided, chance: NDArray[np.uint64]) -> Splits:
    """Units in the order of their hash, cut by shares."""
    _refuse_overlaps(case.units, case.lattices)
    options, split = case.options, case.frozen.copy()
    order = case.fresh[np.argsort(chance[case.fresh], kind="stable")]
    held = np.bincount(split[split >= 0], minlength=len(options.fractions))
    counts = _largest_remainder(len(order), held, options)
    split[order] = np.repeat(np.arange(len(counts), dtype=np.int8), counts)
    return split


def _largest_remainder(n_fresh: int, held: Ints, options: SplitOptions) -> Ints:
    """Whole counts that add up to `n_fresh` and bring what is held to the shares asked for."""
    exact = np.maximum((n_fresh + held.sum()) * options.wanted - held, 0.0)
    exact *= n_fresh / max(exact.sum(), 1e-300)
    counts: Ints = np.floor(exact).astype(np.int64)
    order = np.argsort(counts - exact, kind="stable")
    counts[order[: n_fresh - int(counts.sum())]] += 1
    return counts


def _refuse_overlaps(units: UnitTable, lattices: Sequence[Lattice]) -> None:
    count, example = 0, None
    for pairs in overlapping_pairs(units.footprints, [lattice.grid for lattice in lattices]):
        count += len(pairs)
        if example is None and len(pairs):
            example = pairs[0]
        if count >= COUNTED_PAIRS:
            break
    if example is None:
        return
    i, j = units.take(example).ids(lattices)
    more = "at least " if count >= COUNTED_PAIRS else ""
    raise RecipeError(
        f"split.by = 'random', but {more}{count} pairs of chips share ground (the first: {i} and "
        f"{j}), which would end up in two splits; take split.by = 'blocks', or make chips that "
        "don't overlap: stride = size, edge = 'pad' or 'drop', scenes of one place in one group"
    )


def _by_blocks(case: Divided) -> tuple[Splits, NDArray[np.uint64], int]:
    """Blocks of neighbouring cells as items, and the block's side that was used."""
    options, units = case.options, case.units
    needed = int((options.wanted > 0).sum())
    if len(units) < needed:
        what = "folds" if options.by == "kfold" else "fractions"
        raise RecipeError(
            f"split.{what} asks for {needed} splits, but there are only {len(units)} chips; "
            "give a smaller chips.size, more imagery, or fewer splits"
        )
    block = options.block
    while True:
        items = block_items(units, case.lattices, block)
        if options.objects == "whole":
            items = with_whole_objects(items, _shown(case))
        split = _even(case, items, force=block == 1)
        if split is not None:
            return split, hashes(options.seed, items.names)[items.of_unit], block
        if block == 1:
            raise RecipeError(
                f"split.objects = 'whole' with {needed} splits, but objects hold the chips "
                f"together in {len(items.names)} piece(s) only; take split.objects = 'cut', a "
                "smaller chips.size, chips.stride = size, or fewer splits"
            )
        block //= 2


def _shown(case: Divided) -> Ints:
    if case.contents is None:
        raise ValueError("whole objects need the contents of the chips")
    return case.contents.shown


def _by_scene(case: Divided) -> tuple[Splits, NDArray[np.uint64]]:
    """Groups that share ground as one item."""
    options = case.options
    items = place_items(case.units, case.lattices, options.gap_px)
    if options.objects == "whole":
        items = with_whole_objects(items, _shown(case))
    split = _even(case, items, force=True)
    if split is None:
        needed, names = int((options.wanted > 0).sum()), list(items.names)
        raise RecipeError(
            f"split.by = 'scene' with {needed} splits, but the scenes show only {len(names)} "
            f"separate place(s) ({some(names)} …): groups that share ground stay together; take "
            "split.by = 'blocks', fewer splits, or more scenes"
        )
    return split, hashes(options.seed, items.names)[items.of_unit]


def _even(case: Divided, items: Items, *, force: bool) -> Splits | None:
    """Split of each unit by its item; frozen units keep theirs. None when a split gets nothing."""
    options, n_splits, n_items = case.options, len(case.options.fractions), len(items.names)
    split, frozen = case.frozen.copy(), case.frozen != DROPPED
    fresh = case.fresh
    amounts = case.amounts()
    held, of_item = np.zeros((n_splits, amounts.shape[1])), np.zeros((n_items, amounts.shape[1]))
    np.add.at(held, split[frozen], amounts[frozen])
    np.add.at(of_item, items.of_unit[fresh], amounts[fresh])
    drawn = _drawn_along(case, items)
    tied, free = (
        np.flatnonzero(drawn != DROPPED),
        np.flatnonzero((drawn == DROPPED) & (of_item[:, 0] > 0)),
    )
    np.add.at(held, drawn[tied], of_item[tied])
    chosen = drawn.copy()
    order = items.order(options.seed)
    order = order[np.isin(order, free)]
    begun = _greedy(order, of_item[:, 0], held[:, 0], options, force=force)
    if begun is None:
        return None
    chosen[order] = begun
    if len(free):
        chosen[free] = _improved(case, items, of_item, held, chosen, free, order)
    split[fresh] = chosen[items.of_unit[fresh]]
    return split


def _drawn_along(case: Divided, items: Items) -> Splits:
    """For each item the split of the frozen units in it, or that it meets; DROPPED without any."""
    votes = np.zeros((len(items.names), len(case.options.fractions)), dtype=np.int64)
    frozen = np.flatnonzero(case.frozen != DROPPED)
    if len(frozen):
        np.add.at(votes, (items.of_unit[frozen], case.frozen[frozen]), 1)
        fresh = np.flatnonzero((case.frozen == DROPPED) & case.ground.on_ground())
        for pairs in pairs_between(case.ground, fresh, frozen, case.options.gap_px):
            np.add.at(votes, (items.of_unit[pairs[:, 0]], case.frozen[pairs[:, 1]]), 1)
    return np.where(votes.any(axis=1), votes.argmax(axis=1), DROPPED).astype(np.int8)


def _greedy(
    order: Ints,
    sizes: NDArray[np.float64],
    held: NDArray[np.float64],
    options: SplitOptions,
    *,
    force: bool,
) -> Splits | None:
    """Items in the order of chance, each to the split that lacks most units.

    Args:
        order: the items.
        sizes: units of every item.
        held: units that splits have already.
        options: shares.
        force: keep the last items for splits that have none yet.

    Returns:
        Split of each item of `order`; None when a split got none.
    """
    total = held.sum() + sizes[order].sum()
    lack = (options.wanted * total - held).tolist()
    wanted = [index for index, share in enumerate(options.wanted) if share > 0]
    without = {index for index in wanted if not held[index]}
    split = np.empty(len(order), dtype=np.int8)
    for done, size in enumerate(sizes[order].tolist()):
        reserved = force and len(order) - done <= len(without)
        chosen = max(sorted(without) if reserved else wanted, key=lack.__getitem__)
        split[done] = chosen
        lack[chosen] -= size
        without.discard(chosen)
    return None if without else split


def _improved(
    case: Divided,
    items: Items,
    of_item: NDArray[np.float64],
    held: NDArray[np.float64],
    chosen: Splits,
    free: Ints,
    order: Ints,
) -> Splits:
    """The splits of the free items, evened out, with fewer chips lost at borders."""
    met = borders(case.units, case.lattices, items, case.options.gap_px)
    if of_item.shape[1] == 1 and not len(met.a):
        return chosen[free]
    place = np.full(len(items.names), -1, dtype=np.int64)
    place[free] = np.arange(len(free))
    attached = np.zeros((len(free), len(held)))
    for end, other in ((met.a, met.b), (met.b, met.a)):
        tied = (place[end] >= 0) & (place[other] < 0) & (chosen[other] != DROPPED)
        np.add.at(attached, (place[end[tied]], chosen[other[tied]]), met.n_units[tied])
    both = (place[met.a] >= 0) & (place[met.b] >= 0)
    inner = replace(met, a=place[met.a[both]], b=place[met.b[both]], n_units=met.n_units[both])
    task = Task(of_item[free], case.options.wanted, held, attached, inner)
    return even_out(task, chosen[free], place[order])


def _by_field(count: int, options: SplitOptions, values: Sequence[str | None] | None) -> Splits:
    """The split that the user's own layer names."""
    if values is None or len(values) != count:
        raise ValueError(f"{count} units need a value each, {len(values or ())} were given")
    names = list(options.fractions)
    index = {name: place for place, name in enumerate(names)}
    unknown: dict[str, int] = {}
    for value in values:
        if value is not None and value not in index:
            unknown[value] = unknown.get(value, 0) + 1
    if unknown:
        found = some(
            f"'{value}'{nearest(value, names)} for {n} chips"
            for value, n in sorted(unknown.items())
        )
        raise InputError(
            f"the split field has values that split.fractions doesn't know: {found}; it knows "
            f"{some(names)}: correct the values, or add them to split.fractions"
        )
    return np.array([DROPPED if v is None else index[v] for v in values], dtype=np.int8)
