"""One scene walked from the top, block by block: pixels in, finished polygons out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polychip.grid import Window
from polychip.polygons.chips import Ints, SceneChips
from polychip.polygons.components import NOTHING, Components, find_components
from polychip.polygons.pixels import FIRST_OBJECT, BlockPixels, LabelSource
from polychip.polygons.stitch import Piece, Stitcher
from polychip.polygons.trace import trace

BLOCK_PX = 1024
"""Side of the blocks; whatever it is, polygons that are not simplified come out the same."""
_FIRST_PIECE = 2**40
"""Keys from here on are connected pixels, below they are objects."""

_NO_MORE = 2**62
"""A row below everything."""


@dataclass(frozen=True, slots=True)
class Finished:
    """Polygons of a strip that can't go on below it."""

    labels: list[Piece]
    extent: list[Piece]
    """Where somebody looked."""
    n_chips: int
    """Chips that are done with."""


class Channel:
    """One kind of polygons: labels, or the extent."""

    def __init__(self, source: LabelSource | None, simplify_px: float) -> None:
        """Without a source there are no objects."""
        self._source = source
        self._simplify_px = simplify_px
        self._stitcher = Stitcher()
        self._next = _FIRST_PIECE
        self._above: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        self._below: tuple[NDArray[np.int64], NDArray[np.int64]]
        self._left: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        self._x_end = 0
        self._finished: list[Piece] = []

    def begin_strip(self, width: int) -> None:
        """A new strip of the scene's whole width."""
        self._below = (np.full(width, NOTHING, np.int64), np.zeros(width, np.int64))
        self._left = None

    def add(self, window: Window, pixels: BlockPixels, values: NDArray[np.int32]) -> None:
        """The next block of the strip."""
        for a, b in pixels.same:
            until = 0 if self._source is None else self._source.describe(a).open_until
            self._stitcher.unite(a, b, until)
        found = find_components(values)
        keys = self._keys(found)
        shapes = trace(found, window.x_off, window.y_off, self._simplify_px)
        weight = pixels.confidence
        sums = (
            found.n_px.astype(np.float64)
            if weight is None
            else np.bincount(found.ids.ravel(), weights=weight.ravel(), minlength=len(found) + 1)
        )
        at_edge = self._at_edge(found)
        below = np.zeros(len(found) + 1, dtype=bool)
        below[found.ids[-1]] = True
        for number in range(1, len(found) + 1):
            value, key = int(found.value[number]), int(keys[number])
            piece = Piece(value, None, int(found.n_px[number]), float(sums[number]), window.y_end)
            piece.shapes.append(shapes[number - 1])
            if value >= FIRST_OBJECT and self._source is not None:
                entry = self._source.describe(key)
                piece.code, piece.object_number = entry.code, key
                piece.open_until = entry.open_until
            elif not at_edge[number]:
                self._finished.append(piece)
                continue
            elif below[number]:
                piece.open_until += 1
            self._stitcher.add(key, piece)
        self._join(window, found, keys)

    def end_strip(self, y_end: int) -> list[Piece]:
        """What is finished once all rows above `y_end` are there."""
        self._above = self._below
        done = [*self._finished, *self._stitcher.close(y_end)]
        self._finished = []
        return done

    def _keys(self, found: Components) -> NDArray[np.int64]:
        """Each component's key: its object's number, or a new one."""
        keys = self._next + np.arange(len(found) + 1, dtype=np.int64)
        self._next += len(found) + 1
        is_object = found.value >= FIRST_OBJECT
        keys[is_object] = found.value[is_object] - FIRST_OBJECT
        return keys

    def _at_edge(self, found: Components) -> NDArray[np.bool_]:
        edge = np.zeros(len(found) + 1, dtype=bool)
        for side in (found.ids[0], found.ids[-1], found.ids[:, 0], found.ids[:, -1]):
            edge[side] = True
        return edge

    def _join(self, window: Window, found: Components, keys: NDArray[np.int64]) -> None:
        """Unite what goes on from the block above and the block on the left."""
        values, number = found.value[found.ids], keys[found.ids]
        columns = slice(window.x_off, window.x_end)
        if self._above is not None:
            above = (self._above[0][columns], self._above[1][columns])
            self._unite_equal(above, (values[0], number[0]))
        if self._left is not None and self._x_end == window.x_off:
            self._unite_equal(self._left, (values[:, 0], number[:, 0]))
        self._x_end = window.x_end
        self._left = (values[:, -1].copy(), number[:, -1].copy())
        self._below[0][columns], self._below[1][columns] = values[-1], number[-1]

    def _unite_equal(
        self,
        a: tuple[NDArray[np.int64], NDArray[np.int64]],
        b: tuple[NDArray[np.int64], NDArray[np.int64]],
    ) -> None:
        same = (a[0] == b[0]) & (a[0] != NOTHING) & (a[0] < FIRST_OBJECT)
        pairs = np.unique(np.stack((a[1][same], b[1][same]), axis=1), axis=0)
        for first, second in pairs.tolist():
            self._stitcher.unite(first, second)


def walk(
    chips: SceneChips,
    source: LabelSource,
    *,
    simplify_px: float,
    block_px: int = BLOCK_PX,
    advance: Callable[[int], None] = lambda _: None,
) -> Iterator[Finished]:
    """The polygons of a scene, strip by strip; held are a block's pixels and what is unfinished.

    Args:
        chips: the scene's.
        source: its labels.
        simplify_px: see `trace`; the extent is not simplified.
        block_px: side of the blocks in pixels.
        advance: hears how many chips are done.
    """
    whole = chips.grid.window
    labels, extent = Channel(source, simplify_px), Channel(None, 0.0)
    n_done = 0
    for y in range(0, whole.height, block_px):
        strip = Window(0, y, whole.width, min(block_px, whole.height - y))
        among = chips.touching(strip)
        for channel in (labels, extent):
            channel.begin_strip(whole.width)
        for window, near in _blocks(strip, chips, among, block_px):
            pixels = source.read(window, near)
            labels.add(window, pixels, pixels.values)
            looked = BlockPixels(pixels.values, pixels.known, None)
            extent.add(window, looked, np.where(pixels.known, 0, NOTHING).astype(np.int32))
        last = strip.y_end == whole.height
        end = _NO_MORE if last else strip.y_end
        n_now = len(chips) if last else int(np.count_nonzero(chips.box[:, 3] <= strip.y_end))
        yield Finished(labels.end_strip(end), extent.end_strip(end), n_now - n_done)
        advance(n_now - n_done)
        n_done = n_now


def _blocks(
    strip: Window, chips: SceneChips, among: Ints, block_px: int
) -> Iterator[tuple[Window, Ints]]:
    """The strip's blocks, from the left, with the chips that touch them."""
    for x in range(0, strip.width, block_px):
        window = Window(x, strip.y_off, min(block_px, strip.width - x), strip.height)
        near = chips.touching(window, among)
        if len(near):
            yield window, near
