"""Units taken out until no two splits share ground; as few as can be had simply; pure."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from polychip.layout.ground import Ground
from polychip.layout.leakage import pairs_between
from polychip.layout.split_options import DROPPED, SplitOptions

Ints = NDArray[np.int64]
Splits = NDArray[np.int8]


def separate(
    ground: Ground,
    split: Splits,
    options: SplitOptions,
    chance: NDArray[np.uint64],
    fixed: NDArray[np.bool_],
) -> int:
    """Take units out of `split`, in place, until no two splits share ground; how many.

    The smallest split keeps its units; a larger one loses those that meet units already kept, so
    that train gives way to the others. Splits of equal shares take turns: `chance` decides. What
    then turns out not to be in the way comes back: to its own split or, with blocks, to the only
    one that it meets.

    Args:
        ground: of the units.
        split: of each unit, shape (units,).
        options: shares and gap.
        chance: a number for each unit; at a border between equal splits the lower one stays.
        fixed: units that may not be taken out.
    """
    before = split.copy()
    solid = ground.on_ground()
    gap = options.gap_px
    _give_way(ground, split, solid & fixed, solid & ~fixed, gap)
    kept = np.zeros(len(split), dtype=np.bool_)
    for level in _levels(options):
        mine = np.isin(split, level) & solid & ~fixed
        _give_way(ground, split, kept, mine, gap)
        mine &= split != DROPPED
        for i, j in _facing(ground, split, mine, level, gap):
            # Both ends are looked at as they were: what falls needlessly comes back below.
            split[np.where(chance[i] > chance[j], i, j)] = DROPPED
        kept |= mine & (split != DROPPED)
    _bring_back(ground, before, split, options, chance)
    return int(((before != DROPPED) & (split == DROPPED)).sum())


def _levels(options: SplitOptions) -> Iterator[list[int]]:
    """Splits of equal share, the smallest first."""
    wanted = np.round(options.wanted, 9)
    for share in np.unique(wanted):
        yield np.flatnonzero(wanted == share).tolist()


def _give_way(
    ground: Ground,
    split: Splits,
    kept: NDArray[np.bool_],
    others: NDArray[np.bool_],
    gap: int,
) -> None:
    """Take those of the others out that meet a kept unit of another split."""
    for part in np.unique(split[kept]).tolist():
        mine = np.flatnonzero(others & (split != part) & (split != DROPPED))
        facing = np.flatnonzero(kept & (split == part))
        if len(mine):
            leaking = np.zeros(len(split), dtype=np.bool_)
            for pairs in pairs_between(ground, mine, facing, gap):
                leaking[pairs[:, 0]] = True
            split[leaking] = DROPPED


def _facing(
    ground: Ground, split: Splits, mine: NDArray[np.bool_], level: Sequence[int], gap: int
) -> list[tuple[Ints, Ints]]:
    """Pairs of units of different splits of a level that share ground."""
    found = []
    for place, part in enumerate(level[:-1]):
        first = np.flatnonzero(mine & (split == part))
        second = np.flatnonzero(mine & np.isin(split, level[place + 1 :]))
        if len(first) and len(second):
            found += [(p[:, 0], p[:, 1]) for p in pairs_between(ground, first, second, gap)]
    return found


def _bring_back(
    ground: Ground,
    before: Splits,
    split: Splits,
    options: SplitOptions,
    chance: NDArray[np.uint64],
) -> None:
    """Put units back that meet no other split, one after the other."""
    out = np.flatnonzero((before != DROPPED) & (split == DROPPED))
    alive = np.flatnonzero((before != DROPPED) & ground.on_ground())
    if not len(out):
        return
    pairs = np.concatenate(
        [np.empty((0, 2), np.int64), *pairs_between(ground, out, alive, options.gap_px)]
    )
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    begin, end = (np.searchsorted(pairs[:, 0], out, side=side) for side in ("left", "right"))
    may_join = options.has_blocks and options.objects == "cut"
    for k in np.lexsort((out, chance[out])).tolist():
        unit = int(out[k])
        met = set(split[pairs[begin[k] : end[k], 1]].tolist()) - {DROPPED}
        own = int(before[unit])
        if met <= {own}:
            split[unit] = own
        elif may_join and len(met) == 1:
            split[unit] = met.pop()
