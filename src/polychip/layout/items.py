"""What stays together when units are divided: blocks, places, chips of one object; pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polychip.layout.cells import Lattice
from polychip.layout.ground import Footprints
from polychip.layout.leakage import overlapping_pairs
from polychip.layout.stratify import NO_BORDERS, Borders
from polychip.layout.units import UnitTable

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Items:
    """Units grouped; an item goes to one split as a whole."""

    of_unit: Ints
    """Item of each unit, shape (units,)."""
    names: tuple[str, ...]
    """Of each item: what its hash is made of, so that the order of the input doesn't matter."""

    @property
    def sizes(self) -> Ints:
        """Units of each item."""
        return np.bincount(self.of_unit, minlength=len(self.names)).astype(np.int64)

    def order(self, seed: int) -> Ints:
        """The items in the order that chance gives them."""
        return np.argsort(hashes(seed, self.names), kind="stable").astype(np.int64)


def hashes(seed: int, ids: Sequence[str]) -> NDArray[np.uint64]:
    """A number for each id that depends on nothing but the seed and the id."""
    digests = b"".join(
        hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest() for name in ids
    )
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def block_items(units: UnitTable, lattices: Sequence[Lattice], block: int) -> Items:
    """Squares of neighbouring cells, `block` cells on a side."""
    keys = np.column_stack((units.group.astype(np.int64), units.row // block, units.col // block))
    order = np.lexsort(keys.T[::-1])
    fresh = np.ones(len(units), dtype=np.bool_)
    fresh[1:] = (keys[order][1:] != keys[order][:-1]).any(axis=1)
    item = np.empty(len(units), dtype=np.int64)
    item[order] = np.cumsum(fresh) - 1
    names = [
        f"{lattices[g].group}_block{block}_r{r}_c{c}" for g, r, c in keys[order[fresh]].tolist()
    ]
    return Items(item, tuple(names))


def place_items(units: UnitTable, lattices: Sequence[Lattice], gap_px: int) -> Items:
    """Groups that share ground, or come too near each other, as one item each."""
    place = _places(lattices, gap_px)
    present, of_unit = np.unique(place[units.group], return_inverse=True)
    # A place is named after its first group in alphabetical order, not in the order of the input.
    names = [
        min(x.group for x, at in zip(lattices, place, strict=True) if at == p) for p in present
    ]
    return Items(of_unit.astype(np.int64), tuple(names))


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
    joined = _Joined(count)
    for pairs in overlapping_pairs(whole, [lattice.grid for lattice in lattices], gap_px):
        for i, j in pairs.tolist():
            joined.join(i, j)
    return joined.roots()


def with_whole_objects(items: Items, shown: Ints) -> Items:
    """Items that show an object in common as one.

    Args:
        items: blocks, or places.
        shown: (unit, object), shape (n, 2).
    """
    if not len(shown):
        return items
    pairs = np.unique(np.column_stack((shown[:, 1], items.of_unit[shown[:, 0]])), axis=0)
    joined = _Joined(len(items.names))
    same = np.flatnonzero(pairs[1:, 0] == pairs[:-1, 0])
    for i, j in zip(pairs[same, 1].tolist(), pairs[same + 1, 1].tolist(), strict=True):
        joined.join(i, j)
    roots, place = np.unique(joined.roots(), return_inverse=True)
    names = [""] * len(roots)
    for at, name in zip(place.tolist(), items.names, strict=True):
        names[at] = min(names[at] or name, name)
    return Items(place.astype(np.int64)[items.of_unit], tuple(names))


class _Joined:
    """Numbers that are joined one by one (union-find)."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def _root(self, node: int) -> int:
        parent = self._parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def join(self, i: int, j: int) -> None:
        """Put two numbers, and all that hangs on them, together."""
        a, b = sorted((self._root(i), self._root(j)))
        self._parent[b] = a

    def roots(self) -> Ints:
        """The least number that each one is joined to."""
        return np.array([self._root(node) for node in range(len(self._parent))], dtype=np.int64)


def borders(units: UnitTable, lattices: Sequence[Lattice], items: Items, gap_px: int) -> Borders:
    """Which items share ground or come too near, and how many units that would cost."""
    n = len(items.names)
    keys: list[Ints] = []
    for pairs in overlapping_pairs(units.footprints, [x.grid for x in lattices], gap_px):
        a, b = items.of_unit[pairs].T
        met = a != b
        border = np.minimum(a, b)[met] * n + np.maximum(a, b)[met]
        keys += [np.unique(np.column_stack((border, end)), axis=0) for end in pairs[met].T]
    if not keys:
        return NO_BORDERS
    met_units = np.unique(np.concatenate(keys), axis=0)[:, 0]
    border, counts = np.unique(met_units, return_counts=True)
    return Borders(border // n, border % n, counts / 2.0)  # one side of the two gives way
