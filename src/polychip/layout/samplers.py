"""Chips that lie elsewhere than on the grid: at random, or around objects and features; pure."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polychip.layout.cells import Cells, ChipOptions, Lattice

Ints = NDArray[np.int64]

TRIES = 50
"""Random places are looked for so many times as often as chips are asked for."""
MAX_ID = 60
"""Characters of an id that go into a chip's name."""


@dataclass(frozen=True, slots=True)
class Places:
    """Named chips of a group, on its lattice; an entry each."""

    suffix: NDArray[np.str_]
    """What follows the group in the chip's id: 'n0000012', 'oB-0159', 'f17'."""
    x_off: Ints
    """First column, in lattice pixels; may be negative or reach beyond."""
    y_off: Ints

    def __len__(self) -> int:
        """Number of chips."""
        return len(self.suffix)


def _draw(text: str, below: int) -> int:
    """A whole number from 0 to below - 1 that hangs on nothing but the text."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") * below >> 64


def random_places(lattice: Lattice, options: ChipOptions, n: int, seed: int) -> Places:
    """Up to n different places, each inside a scene where the scene is large enough.

    The first places are the same for any larger n.
    """
    size = (options.width, options.height)
    rooms = [
        [max(1, side - need + 1) for side, need in zip((w.width, w.height), size, strict=True)]
        for w in lattice.scenes
    ]
    weights = np.cumsum([w * h for w, h in rooms])
    found: dict[tuple[int, int], None] = {}
    for number in range(TRIES * n):
        if len(found) == n:
            break
        text = f"{seed}:random:{lattice.group}:{number}"
        scene = int(np.searchsorted(weights, _draw(f"{text}:scene", int(weights[-1])), "right"))
        window, room = lattice.scenes[scene], rooms[scene]
        x, y = (_draw(f"{text}:{axis}", room[k]) for k, axis in enumerate("xy"))
        found.setdefault((window.x_off + x, window.y_off + y))
    places = np.array(list(found), dtype=np.int64).reshape(-1, 2)
    suffix = np.array([f"n{number:07d}" for number in range(len(places))], dtype=np.str_)
    return Places(suffix, places[:, 0], places[:, 1])


def centred_places(
    lattice: Lattice,
    options: ChipOptions,
    boxes: Ints,
    suffixes: Sequence[str],
    *,
    jitter_px: int,
    seed: int,
) -> Places:
    """A chip around the middle of each box.

    Args:
        lattice: of the group.
        options: size, and edge: 'shift' moves chips back onto the lattice.
        boxes: x0, y0, x1, y1 in lattice pixels, shape (n, 4).
        suffixes: of the chips' ids.
        jitter_px: each chip is moved by up to so many pixels along either axis.
        seed: of the jitter.
    """
    first = []
    for axis, size in ((0, options.width), (1, options.height)):
        begin = (boxes[:, axis] + boxes[:, axis + 2] - size) // 2
        moves = [
            _draw(f"{seed}:jitter:{lattice.group}:{suffix}:{'xy'[axis]}", 2 * jitter_px + 1)
            for suffix in suffixes
        ]
        begin = begin + np.array(moves, dtype=np.int64) - jitter_px
        if options.edge == "shift":
            length = (lattice.grid.width, lattice.grid.height)[axis]
            begin = np.clip(begin, 0, max(0, length - size))
        first.append(begin)
    return Places(np.array(suffixes, dtype=np.str_), first[0], first[1])


def place_cells(lattice: Lattice, places: Places, options: ChipOptions) -> Cells:
    """The chips of every scene of a group, ordered by scene, row, column, name.

    A place belongs to each scene that it cuts, with edge 'drop' to each that it lies in wholly.
    Row and column are those of the square of the chips' size that the first pixel lies in.
    """
    row = np.maximum(places.y_off, 0) // options.height
    col = np.maximum(places.x_off, 0) // options.width
    parts: list[list[NDArray[np.generic]]] = []
    x, y = places.x_off, places.y_off
    for index, scene in enumerate(lattice.scenes):
        if options.edge == "drop":
            mine = (x >= scene.x_off) & (x + options.width <= scene.x_end)
            mine &= (y >= scene.y_off) & (y + options.height <= scene.y_end)
        else:
            mine = (x < scene.x_end) & (x + options.width > scene.x_off)
            mine &= (y < scene.y_end) & (y + options.height > scene.y_off)
        at = np.flatnonzero(mine)
        at = at[np.lexsort((places.suffix[at], col[at], row[at]))]
        number = np.full(len(at), index, dtype=np.int64)
        parts.append(
            [number, row[at], col[at], x[at] - scene.x_off, y[at] - scene.y_off, places.suffix[at]]
        )
    scenes, rows, cols, x_offs, y_offs, suffix = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    return Cells(scenes.astype(np.int32), rows, cols, x_offs, y_offs, suffix)


def id_suffixes(kind: str, ids: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Chip id suffixes 'oB-0159' of ids: letters, digits and '-', short, and none twice.

    Args:
        kind: the first letter.
        ids: as people know them.
        keys: what tells the entries apart, also where ids are alike.
    """
    safe = [re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:MAX_ID] for text in ids]
    alike: dict[str, int] = {}
    for text in safe:
        alike[text.casefold()] = alike.get(text.casefold(), 0) + 1
    return [
        f"{kind}{text}"
        if text == given and alike[text.casefold()] == 1
        else f"{kind}{text}-{hashlib.blake2b(key.encode(), digest_size=4).hexdigest()}"
        for text, given, key in zip(safe, ids, keys, strict=True)
    ]
