"""A scene's labels painted a second time, by another path than the engine's.

Labels stay in their own CRS; pixel centres come to them. Nothing of `polychip.burn`,
`polychip.labels` or `polychip.io.vector` is used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from polychip.grid import Grid, Window

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NOTHING = -1
"""No feature, no object."""
_CIRCLE = 16
_AT_ONCE = 20_000
"""Polygons whose pixels or areas are found at a time; bounds the memory."""


class CannotRepeatError(Exception):
    """The labels ask for something that this painter doesn't do; the text says what."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """Brings points of the grid to a label layer's CRS and back."""

    grid: Grid
    pipeline: str | None
    """From the layer's CRS to the grid's; '' for the same CRS, None: PROJ's own choice."""
    crs_wkt: str
    shift_px: tuple[float, float] = (0.0, 0.0)
    """By which the recipe moves the layer on the grid."""

    @property
    def tolerance_px(self) -> float:
        """How far from an edge a centre may fall either way."""
        return 1e-5 if self.pipeline == "" else 0.05

    def to_labels(self, x: Floats, y: Floats) -> Floats:
        """Label coordinates of pixel coordinates, shape (n, 2)."""
        x, y = x - self.shift_px[0], y - self.shift_px[1]
        t = self.grid.transform
        east, north = t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f
        if self.pipeline == "":
            return np.column_stack((east, north))
        if self.pipeline is None:
            return np.column_stack(self._default().transform(east, north))
        move = pyproj.Transformer.from_pipeline(self.pipeline)
        return np.column_stack(move.transform(east, north, direction="INVERSE"))

    def to_pixels(self, xy: Floats) -> Floats:
        """Pixel coordinates of label coordinates, shape (n, 2)."""
        east, north = xy.T
        if self.pipeline is None:
            east, north = self._default().transform(east, north, direction="INVERSE")
        elif self.pipeline:
            east, north = pyproj.Transformer.from_pipeline(self.pipeline).transform(east, north)
        inverse = ~self.grid.transform
        x = inverse.a * (east - self.grid.transform.c) + inverse.b * (north - self.grid.transform.f)
        y = inverse.d * (east - self.grid.transform.c) + inverse.e * (north - self.grid.transform.f)
        return np.column_stack((x + self.shift_px[0], y + self.shift_px[1]))

    def default_difference_px(self) -> float:
        """How far the operation moves from PROJ's own choice, in pixels at most."""
        if self.pipeline is None:
            return 0.0
        w, h = self.grid.width, self.grid.height
        x, y = np.array([0.0, w, w, 0, w / 2]), np.array([0.0, 0, h, h, h / 2])
        t = self.grid.transform
        there = self._default().transform(t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f)
        back = self.to_pixels(np.column_stack(there)) - self.shift_px
        moved = np.hypot(back[:, 0] - x, back[:, 1] - y)
        return float(np.nanmax(moved)) if np.isfinite(moved).any() else float("inf")

    def _default(self) -> pyproj.Transformer:
        return pyproj.Transformer.from_crs(
            pyproj.CRS.from_wkt(self.grid.crs_wkt), pyproj.CRS.from_user_input(self.crs_wkt),
            always_xy=True,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shapes:
    """Valid polygons of one layer, ready to be asked."""

    carrier: Carrier
    geometry: NDArray[np.object_]
    tree: shapely.STRtree
    turns: tuple[float, ...]
    """Shifts of longitude under which the layer is looked at."""
    reach: Ints
    """(n, 4) column and row of the first pixel that a polygon may hold, and behind the last."""

    @classmethod
    def of(cls, carrier: Carrier, geometry: NDArray[np.object_]) -> "Shapes":
        """Polygons of a layer; those that chips meet are prepared when they do."""
        bounds = shapely.bounds(geometry)
        degrees = pyproj.CRS.from_user_input(carrier.crs_wkt).is_geographic
        wide = degrees and len(bounds) and np.nanmax(np.abs(bounds[:, [0, 2]])) > 179.0
        turns = (0.0, -360.0, 360.0) if wide else (0.0,)
        tree = shapely.STRtree(geometry)
        return cls(carrier, geometry, tree, turns, _reach(carrier, bounds, turns))

    def near(self, points: Floats) -> Ints:
        """Polygons whose envelope meets that of label coordinates."""
        low, high = points.min(axis=0), points.max(axis=0)
        if not np.isfinite(low).all() or not np.isfinite(high).all():
            return np.arange(len(self.geometry))
        boxes = [shapely.box(low[0] + s, low[1], high[0] + s, high[1]) for s in self.turns]
        return np.unique(np.concatenate([self.tree.query(box) for box in boxes]))

    def covers(self, number: int, window: Window, points: Floats) -> Ints:
        """Pixels of a window, counted row by row, whose centres lie inside a polygon.

        Args:
            number: of the polygon.
            window: on the grid.
            points: (height · width, 2) the centres in the layer's CRS.
        """
        x0, y0, x1, y1 = self.reach[number].tolist()
        left, right = max(x0 - window.x_off, 0), min(x1 - window.x_off, window.width)
        top, bottom = max(y0 - window.y_off, 0), min(y1 - window.y_off, window.height)
        if left >= right or top >= bottom:
            return np.empty(0, dtype=np.int64)
        block = points.reshape(window.height, window.width, 2)[top:bottom, left:right]
        inside = self._holds(number, block.reshape(-1, 2))
        row, column = np.divmod(inside, right - left)
        pixels: Ints = (row + top) * window.width + column + left
        return pixels

    def _holds(self, number: int, points: Floats) -> Ints:
        """Indices of the points inside a polygon."""
        shape = self.geometry[number]
        shapely.prepare(shape)
        west, south, east, north = shape.bounds
        found = []
        for shift in self.turns:
            x, y = points[:, 0] + shift, points[:, 1]
            some = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
            found.append(some[shapely.contains_xy(shape, x[some], y[some])])
        return found[0] if len(found) == 1 else np.unique(np.concatenate(found))

    def edges_near(self, x: Floats, y: Floats) -> tuple[Ints, Ints]:
        """(point, polygon) pairs where a polygon's edge comes within the tolerance.

        Args:
            x: pixel coordinates of the points.
            y: likewise.
        """
        angle = np.linspace(0, 2 * np.pi, _CIRCLE, endpoint=False)
        reach = self.carrier.tolerance_px / np.cos(np.pi / _CIRCLE)
        px = (x[:, None] + reach * np.cos(angle)).ravel()
        py = (y[:, None] + reach * np.sin(angle)).ravel()
        rings = self.carrier.to_labels(px, py).reshape(len(x), _CIRCLE, 2)
        pairs = []
        for shift in self.turns:
            circles = shapely.polygons(rings + np.array([shift, 0.0]))
            point, polygon = self.tree.query(circles)
            met, place = np.unique(polygon, return_inverse=True)
            edges = shapely.boundary(self.geometry[met])
            shapely.prepare(circles)
            hit = shapely.intersects(circles[point], edges[place])
            pairs.append(np.stack((point[hit], polygon[hit])))
        point, polygon = np.concatenate(pairs, axis=1)
        return point, polygon


def _reach(carrier: Carrier, bounds: Floats, turns: tuple[float, ...]) -> Ints:
    """The pixels that boxes of label coordinates may touch, with a margin; see Shapes.reach."""
    everywhere = np.iinfo(np.int32)
    reach = np.tile(np.array([everywhere.min] * 2 + [everywhere.max] * 2), (len(bounds), 1))
    if len(turns) > 1 or not len(bounds):
        return reach
    u, v = (side.ravel() for side in np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 9)))
    for begin in range(0, len(bounds), _AT_ONCE):
        west, south, east, north = bounds[begin : begin + _AT_ONCE].T[:, :, None]
        x, y = west + (east - west) * u, south + (north - south) * v
        pixels = carrier.to_pixels(np.column_stack((x.ravel(), y.ravel()))).reshape(*x.shape, 2)
        known = np.isfinite(pixels).all(axis=(1, 2)) & (np.abs(pixels) < 1e8).all(axis=(1, 2))
        low, high = pixels[known].min(axis=1), pixels[known].max(axis=1)
        margin = 2 + (high - low) / 8
        part = begin + np.flatnonzero(known)
        reach[part, :2], reach[part, 2:] = np.floor(low - margin), np.ceil(high + margin)
    return reach


@dataclass
class Painting:
    """Features of a scene in one numbering; arrays have an entry a feature."""

    layers: list[Shapes]
    start: list[int]
    """Number of each layer's first feature."""
    code: Ints
    depth: Ints
    """Place in the schema's order, 0 on top."""
    area: Floats
    """(n, 2): least and most area in pixels that may have decided the order."""
    object: Ints
    """Number of the feature's object, NOTHING where it is not countable."""
    names: list[tuple[str, str]]
    """(namespace, instance id) of each object."""
    extent: list[Shapes] = field(default_factory=list)
    looked_for: list[frozenset[int]] = field(default_factory=list)
    """For each of the extent's layers the codes that were looked for; background with all."""
    has_extent: bool = False
    all_classes: frozenset[int] = frozenset()
    """Codes that are neither background nor ignore."""

    @property
    def by_class(self) -> bool:
        """Whether some of the extent is about some classes only."""
        return any(not self.all_classes <= codes for codes in self.looked_for)

    @cached_property
    def numbers(self) -> dict[tuple[str, str], int]:
        """Number of each object by its name."""
        return {name: number for number, name in enumerate(self.names)}

    def area_of(self, number: int) -> float:
        """About how many pixels an object has at most."""
        return float(self.area[self.object == number, 1].sum())

    @cached_property
    def rank(self) -> Ints:
        """Each feature's place in the painting order, the lowest first."""
        order = np.lexsort((-self.area[:, 0], -self.depth))
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        return rank


def centres(window: Window) -> tuple[Floats, Floats]:
    """Pixel coordinates of all centres of a window, row by row."""
    x, y = np.meshgrid(
        np.arange(window.x_off, window.x_end) + 0.5, np.arange(window.y_off, window.y_end) + 0.5
    )
    return x.ravel(), y.ravel()


def cover(painting: Painting, window: Window) -> list[tuple[int, Ints]]:
    """(feature, the window's pixels in it, row by row) of all features that hold a centre."""
    found = []
    x, y = centres(window)
    for shapes, start in zip(painting.layers, painting.start, strict=True):
        points = shapes.carrier.to_labels(x, y)
        for number in shapes.near(points).tolist():
            inside = shapes.covers(number, window, points)
            if len(inside):
                found.append((start + number, inside))
    return found


def on_top(painting: Painting, covered: Sequence[tuple[int, Ints]], n_points: int) -> Ints:
    """The feature that wins each point, NOTHING for none."""
    rank = painting.rank
    top = np.full(n_points, NOTHING, dtype=np.int64)
    for feature, inside in sorted(covered, key=lambda item: rank[item[0]]):
        top[inside] = feature
    return top


def looked_at(painting: Painting, window: Window, code: Ints) -> NDArray[np.bool_]:
    """Whether somebody looked for the class that the labels give a window's pixels, row by row.

    Background is known where all classes were looked for, also by several layers together.
    """
    x, y = centres(window)
    looked = np.full(len(x), not painting.has_extent)
    classes = sorted(set().union(*painting.looked_for))
    found = {number: np.zeros(len(x), dtype=np.bool_) for number in classes}
    for shapes, codes in zip(painting.extent, painting.looked_for, strict=True):
        points = shapes.carrier.to_labels(x, y)
        here = np.zeros(len(x), dtype=np.bool_)
        for number in shapes.near(points).tolist():
            here[shapes.covers(number, window, points)] = True
        for number in codes:
            found[number] |= here
    for number, here in found.items():
        looked |= here & (code == number)
    everything = painting.all_classes
    if painting.extent and everything <= set(found):
        looked |= np.logical_and.reduce([found[number] for number in sorted(everything)])
    return looked


def feature_areas(shapes: Shapes, least: Window, most: Window) -> Floats:
    """Areas in pixels inside two windows, shape (n, 2); what lies far outside is cut off first."""
    grid = shapes.carrier.grid
    outline = grid.outline(most)
    pixels = grid.to_pixels(outline[:, 0], outline[:, 1])
    around = shapes.carrier.to_labels(pixels[:, 0], pixels[:, 1])
    if len(shapes.turns) > 1:
        around[:, 0] = np.unwrap(around[:, 0], period=360.0)
    low, high = around.min(axis=0), around.max(axis=0)
    margin = (high - low) * 0.5
    box = shapely.box(*(low - margin), *(high + margin))
    total = np.zeros((len(shapes.geometry), 2))
    for begin in range(0, len(total), _AT_ONCE):
        some = slice(begin, begin + _AT_ONCE)
        for shift in shapes.turns:
            move = partial(np.add, np.array([shift, 0.0]))
            geometry = shapely.transform(shapes.geometry[some], move)
            far = ~shapely.covers(box, geometry)
            geometry[far] = shapely.intersection(geometry[far], box)
            moved = shapely.transform(geometry, shapes.carrier.to_pixels)
            for column, w in enumerate((least, most)):
                inside = shapely.clip_by_rect(moved, w.x_off, w.y_off, w.x_end, w.y_end)
                total[some, column] += shapely.area(inside)
    return total


def depth_of(schema: Mapping[str, Any], code: int) -> int:
    """Place of a class in the schema's order, 0 on top."""
    if not schema["ranked"]:
        return 0 if code == schema["ignore"] else 1
    order = [entry["code"] for entry in schema["classes"]]
    return order.index(code) + 1 if code in order else 0
