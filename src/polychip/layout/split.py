"""Splits without leakage: which chip belongs to train, which to validation, which to neither; pure.

The unit is a cell of a group: its chips in all dates go to one split. Chance comes from a hash of
the seed and the chip id alone, so that the order of the input and the process don't matter.
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from polychip.errors import InputError, RecipeError, nearest, some
from polychip.layout.cells import Lattice
from polychip.layout.ground import Footprints, Ground, survey
from polychip.layout.leakage import overlapping_pairs, pairs_between
from polychip.layout.units import UnitTable

Ints = NDArray[np.int64]
SplitBy = Literal["none", "blocks", "random", "scene", "field"]

EVERYTHING = "all"
"""Name of the only split when none is asked for."""
DROPPED = -1
MAX_SPLITS = 100
SUM_TOLERANCE = 1e-6
COUNTED_PAIRS = 1_000_000
"""Overlapping pairs are counted no further than this for a message."""


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """How chips are divided.

    Raises:
        RecipeError: fractions don't add up to 1, or a value is out of range.
    """

    by: SplitBy = "none"
    fractions: Mapping[str, float] = field(
        default_factory=lambda: {"train": 0.8, "val": 0.1, "test": 0.1}
    )
    """Share of the chips by split name; 0 keeps the name and gives it nothing. With 'field' only
    the names count, and the largest share is the one that gives up chips that would leak."""
    block: int = 4
    """Side of a block in chips; made smaller until each split has a block."""
    gap_px: int = 0
    """Chips of different splits lie at least so many pixels apart."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Check once."""
        given = ", ".join(f"{name} = {share}" for name, share in self.fractions.items())
        for name, share in self.fractions.items():
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
                raise RecipeError(
                    f"split.fractions names '{name}'; a split's name has 1 to 40 letters (a to "
                    "z), digits, '-' and '_', since a file is named after it"
                )
            if not 0.0 <= share <= 1.0:
                raise RecipeError(
                    f"split.fractions.{name} is {share}; shares lie between 0 and 1, such as "
                    "{ train = 0.8, val = 0.2 }"
                )
        if len({name.lower() for name in self.fractions}) < len(self.fractions):
            raise RecipeError(f"split.fractions ({given}): names differ by more than case")
        if not 0 < len(self.fractions) <= MAX_SPLITS:
            raise RecipeError(f"split.fractions needs 1 to {MAX_SPLITS} names ({given or 'none'})")
        total = math.fsum(self.fractions.values())
        if abs(total - 1.0) > SUM_TOLERANCE:
            raise RecipeError(f"split.fractions add up to {total:.6g}, not 1 ({given})")
        if self.block < 1 or self.gap_px < 0:
            raise RecipeError(
                f"split.block is {self.block} and split.gap {self.gap_px}; block is 1 chip or "
                "more, gap 0 px or more"
            )

    @property
    def wanted(self) -> NDArray[np.float64]:
        """Share of each split, adding up to 1."""
        shares = np.array(list(self.fractions.values()), dtype=np.float64)
        return shares / math.fsum(shares.tolist())


@dataclass(frozen=True, slots=True)
class SplitAssignment:
    """The split of each unit."""

    split: NDArray[np.int8]
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

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of each split among the units kept."""
        total = sum(self.counts)
        return tuple(count / total if total else 0.0 for count in self.counts)


def assign_splits(
    units: UnitTable,
    lattices: Sequence[Lattice],
    options: SplitOptions,
    values: Sequence[str | None] | None = None,
) -> SplitAssignment:
    """Give each unit a split, then leave out the units that would leak.

    Args:
        units: cells of all groups.
        lattices: the groups' lattices.
        options: how to divide.
        values: for 'field' the split's name for each unit, or None; else not needed.

    Raises:
        RecipeError: chips overlap with 'random'; fewer chips, or scenes, than splits; a split
            would be left without a chip.
        InputError: a value of the field is not the name of a split.
    """
    if options.by == "none":
        everything = np.zeros(len(units), dtype=np.int8)
        return SplitAssignment(everything, (EVERYTHING,), (len(units),), 0, 0, None, ())
    ground = survey(units.footprints, [lattice.grid for lattice in lattices], options.gap_px)
    block = None
    if options.by == "random":
        split = _by_chance(units, lattices, options)
    elif options.by == "blocks":
        split, block = _by_blocks(units, lattices, options)
    elif options.by == "scene":
        split = _by_scene(units, lattices, options)
    else:
        split = _by_field(len(units), options, values)
    unassigned = int((split == DROPPED).sum())
    before = np.bincount(split[split >= 0], minlength=len(options.fractions))
    leaking = _drop_leaking(ground, split, options)
    after = np.bincount(split[split >= 0], minlength=len(options.fractions))
    _refuse_emptied(options, before, after)
    return SplitAssignment(
        split=split,
        names=tuple(options.fractions),
        counts=tuple(after.tolist()),
        dropped_leaking=leaking,
        dropped_unassigned=unassigned,
        block=block,
        notes=_notes(options, after, (leaking, unassigned), block),
    )


def _by_chance(
    units: UnitTable, lattices: Sequence[Lattice], options: SplitOptions
) -> NDArray[np.int8]:
    """Units in the order of their hash, cut by shares."""
    _refuse_overlaps(units, lattices)
    order = np.argsort(_hashes(options.seed, units.ids(lattices)), kind="stable")
    split = np.empty(len(units), dtype=np.int8)
    split[order] = np.repeat(
        np.arange(len(options.fractions), dtype=np.int8), _largest_remainder(len(units), options)
    )
    return split


def _hashes(seed: int, ids: Sequence[str]) -> NDArray[np.uint64]:
    """A number for each id that depends on nothing but the seed and the id."""
    digests = b"".join(
        hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest() for name in ids
    )
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def _largest_remainder(total: int, options: SplitOptions) -> Ints:
    """Whole counts that add up to `total`, each less than 1 from its exact share."""
    exact = total * options.wanted
    counts = np.floor(exact).astype(np.int64)
    order = np.argsort(counts - exact, kind="stable")
    counts[order[: total - int(counts.sum())]] += 1
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


def _by_blocks(
    units: UnitTable, lattices: Sequence[Lattice], options: SplitOptions
) -> tuple[NDArray[np.int8], int]:
    """Blocks of neighbouring cells as items, and the block's side that was used."""
    needed = int((options.wanted > 0).sum())
    if len(units) < needed:
        raise RecipeError(
            f"split.fractions asks for {needed} splits, but there are only {len(units)} chips; "
            "give a smaller chips.size, more imagery, or fewer splits"
        )
    block = options.block
    while True:
        keys = np.column_stack(
            (units.group.astype(np.int64), units.row // block, units.col // block)
        )
        order = np.lexsort(keys.T[::-1])
        fresh = np.ones(len(units), dtype=np.bool_)
        fresh[1:] = (keys[order][1:] != keys[order][:-1]).any(axis=1)
        item = np.empty(len(units), dtype=np.int64)
        item[order] = np.cumsum(fresh) - 1
        names = [
            f"{lattices[g].group}_block{block}_r{r}_c{c}" for g, r, c in keys[order[fresh]].tolist()
        ]
        split = _greedy(names, np.bincount(item), options, force=block == 1)
        if split is not None:
            return split[item], block
        block //= 2


def _by_scene(
    units: UnitTable, lattices: Sequence[Lattice], options: SplitOptions
) -> NDArray[np.int8]:
    """Groups that share ground as one item."""
    item = _places(lattices, options.gap_px)
    present, of_unit = np.unique(item[units.group], return_inverse=True)
    # A place is named after its first group in alphabetical order, not in the order of the input.
    names = [min(x.group for x, at in zip(lattices, item, strict=True) if at == p) for p in present]
    split = _greedy(names, np.bincount(of_unit, minlength=len(names)), options, force=True)
    if split is None:
        needed = int((options.wanted > 0).sum())
        raise RecipeError(
            f"split.by = 'scene' with {needed} splits, but the scenes show only {len(names)} "
            f"separate place(s) ({some(names)} …): groups that share ground stay together; take "
            "split.by = 'blocks', fewer splits, or more scenes"
        )
    return split[of_unit]


def _places(lattices: Sequence[Lattice], gap_px: int) -> Ints:
    """A number for each group, the same for groups that share ground directly or by others."""
    count = len(lattices)
    zero = np.zeros(count, dtype=np.int64)
    whole = Footprints(
        np.arange(count, dtype=np.int32),
        zero,
        zero,
        np.array([lattice.grid.width for lattice in lattices], dtype=np.int64),
        np.array([lattice.grid.height for lattice in lattices], dtype=np.int64),
    )
    parent = list(range(count))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for pairs in overlapping_pairs(whole, [lattice.grid for lattice in lattices], gap_px):
        for i, j in pairs.tolist():
            a, b = sorted((root(i), root(j)))
            parent[b] = a
    return np.array([root(node) for node in range(count)], dtype=np.int64)


def _greedy(
    names: Sequence[str], sizes: Ints, options: SplitOptions, *, force: bool
) -> NDArray[np.int8] | None:
    """Items in the order of their hash, each to the split that lacks most units.

    Args:
        names: of the items, what the hash is made of.
        sizes: units of each item, shape (items,).
        options: shares and seed.
        force: keep the last items for splits that have none yet.

    Returns:
        Split of each item; None when a split got none.
    """
    lack = (options.wanted * int(sizes.sum())).tolist()
    wanted = [index for index, share in enumerate(options.wanted) if share > 0]
    without = set(wanted)
    split = np.empty(len(names), dtype=np.int8)
    order = np.argsort(_hashes(options.seed, names), kind="stable")
    for done, (item, size) in enumerate(zip(order.tolist(), sizes[order].tolist(), strict=True)):
        reserved = force and len(names) - done <= len(without)
        chosen = max(sorted(without) if reserved else wanted, key=lack.__getitem__)
        split[item] = chosen
        lack[chosen] -= size
        without.discard(chosen)
    return None if without else split


def _by_field(
    count: int, options: SplitOptions, values: Sequence[str | None] | None
) -> NDArray[np.int8]:
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


def _drop_leaking(ground: Ground, split: NDArray[np.int8], options: SplitOptions) -> int:
    """Take units out of `split` until no two splits share ground; how many.

    The smallest split keeps all its units; each larger one loses those that meet units already
    kept, so that train gives way to the others. Equal shares: the later name keeps its units.
    """
    order = sorted(range(len(options.fractions)), key=lambda k: (options.wanted[k], -k))
    solid = ground.on_ground()
    lost = 0
    for place, current in enumerate(order[1:], start=1):
        kept = np.flatnonzero(np.isin(split, order[:place]) & solid)
        mine = np.flatnonzero((split == current) & solid)
        if not len(kept) or not len(mine):
            continue
        leaking = np.zeros(len(split), dtype=np.bool_)
        for pairs in pairs_between(ground, mine, kept, options.gap_px):
            leaking[pairs[:, 0]] = True
        split[leaking] = DROPPED
        lost += int(leaking.sum())
    return lost


def _refuse_emptied(options: SplitOptions, before: Ints, after: Ints) -> None:
    names = list(options.fractions)
    emptied = [names[k] for k in np.flatnonzero((before > 0) & (after == 0))]
    if emptied:
        raise RecipeError(
            f"split.by = '{options.by}' leaves no chip to {some(emptied)}: all of them share "
            f"ground with chips of other splits, or lie nearer than split.gap = {options.gap_px} "
            "px; take chips.stride = size, a larger split.block, a smaller gap, or more imagery"
        )


def _notes(
    options: SplitOptions, counts: Ints, dropped: tuple[int, int], block: int | None
) -> tuple[str, ...]:
    leaking, unassigned = dropped
    notes = []
    if block is not None and block < options.block:
        notes.append(
            f"split.block was made smaller, from {options.block} to {block} chips, so that each "
            "split has a block"
        )
    if leaking:
        notes.append(
            f"{leaking} chips were left out: they share ground with chips of another split"
            + (f", or lie nearer than {options.gap_px} px" if options.gap_px else "")
            + ("; a larger split.block loses fewer" if block is not None else "")
        )
    if unassigned:
        notes.append(f"{unassigned} chips were left out: the split field has no value for them")
    empty = [
        name for name, count in zip(options.fractions, counts.tolist(), strict=True) if not count
    ]
    if empty:
        notes.append(f"no chip is in {some(empty)}")
    return tuple(notes)
