"""Pixel lattices and windows on them; pure values."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from affine import Affine
from numpy.typing import NDArray

SNAP_TOLERANCE_PX = 1e-3
"""Two grids are the same lattice when their corners meet within this many pixels."""


class Window(NamedTuple):
    """A rectangle of whole pixels on a grid; it may reach beyond the grid."""

    x_off: int
    """First column."""
    y_off: int
    """First row."""
    width: int
    height: int

    @property
    def x_end(self) -> int:
        """First column to the right."""
        return self.x_off + self.width

    @property
    def y_end(self) -> int:
        """First row below."""
        return self.y_off + self.height

    def intersection(self, other: "Window") -> "Window":
        """The common pixels; width or height 0 when there are none."""
        x_off, y_off = max(self.x_off, other.x_off), max(self.y_off, other.y_off)
        width = max(0, min(self.x_end, other.x_end) - x_off)
        height = max(0, min(self.y_end, other.y_end) - y_off)
        return Window(x_off, y_off, width, height)

    def union(self, other: "Window") -> "Window":
        """The smallest window that holds both."""
        x_off, y_off = min(self.x_off, other.x_off), min(self.y_off, other.y_off)
        x_end, y_end = max(self.x_end, other.x_end), max(self.y_end, other.y_end)
        return Window(x_off, y_off, x_end - x_off, y_end - y_off)

    def holds(self, other: "Window") -> bool:
        """Whether another window reaches nowhere beyond this one."""
        x_off, y_off, width, height = other
        return (
            x_off >= self.x_off
            and y_off >= self.y_off
            and x_off + width <= self.x_off + self.width
            and y_off + height <= self.y_off + self.height
        )

    def is_empty(self) -> bool:
        """Whether the window holds no pixel."""
        return self.width <= 0 or self.height <= 0

    @classmethod
    def around(cls, windows: Sequence["Window"]) -> "Window":
        """The smallest window that holds all of some, at least one."""
        x_off, y_off = min(w[0] for w in windows), min(w[1] for w in windows)
        x_end, y_end = max(w[0] + w[2] for w in windows), max(w[1] + w[3] for w in windows)
        return cls(x_off, y_off, x_end - x_off, y_end - y_off)

    def shifted(self, columns: int, rows: int) -> "Window":
        """The window moved by whole pixels."""
        return Window(self.x_off + columns, self.y_off + rows, self.width, self.height)

    def grown(self, margin: int) -> "Window":
        """The window with a margin of so many pixels on each side."""
        return Window(
            self.x_off - margin,
            self.y_off - margin,
            self.width + 2 * margin,
            self.height + 2 * margin,
        )

    def slices_in(self, outer: "Window") -> tuple[slice, slice]:
        """(rows, columns) of this window inside an array that covers `outer`."""
        top, left = self.y_off - outer.y_off, self.x_off - outer.x_off
        return slice(top, top + self.height), slice(left, left + self.width)


@dataclass(frozen=True, slots=True)
class Grid:
    """A pixel lattice in a coordinate reference system."""

    crs_wkt: str
    """The CRS as WKT2 (or as the source file gave it)."""
    transform: Affine
    """Pixel (column, row) to CRS coordinates; corner convention, may be rotated."""
    height: int
    width: int

    def __post_init__(self) -> None:
        """Refuse lattices that hold no pixel or collapse to a line."""
        if self.height <= 0 or self.width <= 0:
            raise ValueError(f"a grid of {self.height} × {self.width} pixels holds nothing")
        if self.transform.is_degenerate:
            raise ValueError(f"the geotransform {tuple(self.transform)[:6]} has no area")

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.height, self.width

    @property
    def window(self) -> Window:
        """The whole grid."""
        return Window(0, 0, self.width, self.height)

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Lengths of a pixel's two sides in CRS units, (along a row, along a column)."""
        t = self.transform
        return math.hypot(t.a, t.d), math.hypot(t.b, t.e)

    def window_transform(self, window: Window) -> Affine:
        """The geotransform of a window's own pixels."""
        t, x, y = self.transform, window.x_off, window.y_off
        return Affine(t.a, t.b, t.c + t.a * x + t.b * y, t.d, t.e, t.f + t.d * x + t.e * y)

    def sub_grid(self, window: Window) -> "Grid":
        """The grid of a window, which may reach beyond this grid."""
        return Grid(self.crs_wkt, self.window_transform(window), window.height, window.width)

    def corners(self, window: Window | None = None) -> NDArray[np.float64]:
        """CRS coordinates of the four corners, shape (4, 2), clockwise from the first pixel's."""
        w = window or self.window
        columns = np.array([w.x_off, w.x_end, w.x_end, w.x_off], dtype=np.float64)
        rows = np.array([w.y_off, w.y_off, w.y_end, w.y_end], dtype=np.float64)
        return self.to_crs(columns, rows)

    def outline(self, window: Window | None = None, points: int = 33) -> NDArray[np.float64]:
        """CRS coordinates along the four sides, shape (4 · (points − 1), 2), a closed path's."""
        ring: NDArray[np.float64] = self.outlines([window or self.window], points)[0]
        return ring

    def outlines(self, windows: Sequence[Window], points: int = 33) -> NDArray[np.float64]:
        """`outline` of each window, shape (n, 4 · (points − 1), 2)."""
        columns = [(w.x_off, w.x_end, w.x_end, w.x_off) for w in windows]
        rows = [(w.y_off, w.y_off, w.y_end, w.y_end) for w in windows]
        corners = self.to_crs(*(np.array(v, dtype=np.float64).ravel() for v in (columns, rows)))
        starts = corners.reshape(-1, 4, 1, 2)
        ends = np.roll(starts, -1, axis=1)
        steps = np.linspace(0.0, 1.0, points)[:-1, None]
        return (starts + (ends - starts) * steps).reshape(len(windows), -1, 2)

    def to_crs(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """CRS coordinates of pixel coordinates (column, row), shape (n, 2)."""
        t = self.transform
        return np.column_stack((t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f))

    def to_pixels(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixel coordinates (column, row) of CRS coordinates, shape (n, 2).

        The origin is taken off first: with large coordinates that keeps the digits which a
        multiplied-out inverse would lose.
        """
        t = self.transform
        dx, dy = x - t.c, y - t.f
        if t.b == 0.0 and t.d == 0.0:
            return np.column_stack((dx / t.a, dy / t.e))
        det = t.a * t.e - t.b * t.d
        return np.column_stack(((t.e * dx - t.b * dy) / det, (t.a * dy - t.d * dx) / det))

    def offset_to(self, other: "Grid") -> tuple[float, float] | None:
        """(columns, rows) from this grid's first corner to the other's, in this grid's pixels.

        None when the other grid's pixels have another size or direction, by which I mean that
        over the other grid's own extent they would drift by more than SNAP_TOLERANCE_PX.
        """
        t, o = self.transform, other.transform
        scale = max(abs(t.a), abs(t.b), abs(t.d), abs(t.e))
        drift = max(
            max(abs(t.a - o.a), abs(t.d - o.d)) * other.width,
            max(abs(t.b - o.b), abs(t.e - o.e)) * other.height,
        )
        if drift > SNAP_TOLERANCE_PX * scale:
            return None
        column, row = self.to_pixels(np.array([o.c]), np.array([o.f]))[0]
        return float(column), float(row)


def blocks(window: Window, width: int, height: int) -> Iterator[Window]:
    """The windows of a fixed lattice of `width` × `height` blocks that cut `window`.

    The lattice starts at pixel (0, 0); the blocks are whole, also where they reach out.
    """
    for y in range(window.y_off // height * height, window.y_end, height):
        for x in range(window.x_off // width * width, window.x_end, width):
            yield Window(x, y, width, height)
