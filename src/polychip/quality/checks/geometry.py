"""Checks of single geometries."""

import re
from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.quality.checks.problem import Check, Problem
from polychip.quality.checks.subject import Subject

REPEATED = 1e-3
"""Vertices nearer to each other than this (pixels, or metres) are one vertex twice."""
SPIKE_DEGREES = 2.0
"""A corner sharper than this whose legs are both longer than SPIKE_LEG is a spike."""
SPIKE_LEG = 1.0
SPIKE_AREA = 0.1
"""A spike whose triangle is no larger than this (square pixels) can be cut off safely."""
SLIVER_WIDTH_PX = 0.5
SLIVER_LENGTH = 8.0
"""A sliver is narrower than SLIVER_WIDTH_PX and this many times as long as wide."""
TINY_PX = 0.5
"""Without an image, polygons smaller than this many square pixels are tiny."""
VERTICES_PER_PX = 4.0
FEW_VERTICES = 20
"""Shapes with fewer vertices never have too many."""

INVALID = Check(
    "geometry.invalid", "error", "the outline crosses itself or its rings are nested wrongly",
    "redraw it, or let --fix mend it as an export would", fixable=True,
)  # fmt: skip
SELF_TOUCH = Check(
    "geometry.self_touch", "warning", "a ring touches itself in a point, so it pinches the polygon",
    "split the polygon there, or let --fix mend it", fixable=True,
)  # fmt: skip
EMPTY = Check(
    "geometry.empty", "error", "the feature has no geometry, or one without area",
    "delete it, or draw it; --fix leaves it out", fixable=True,
)  # fmt: skip
NO_AREA = Check(
    "geometry.no_area", "error", "a line or point covers no pixels, and an export stops there",
    "give it a width (labels.buffer_m or width_field), or leave it out with labels.where",
)  # fmt: skip
DUPLICATE_VERTICES = Check(
    "geometry.duplicate_vertices", "info", "vertices lie on top of each other",
    "harmless to masks; --fix removes them", fixable=True,
)  # fmt: skip
SPIKE = Check(
    "geometry.spike", "warning", "the outline runs out and back in a needle",
    "remove the vertex; --fix does where no pixel is lost by it", fixable=True,
)  # fmt: skip
SLIVER = Check(
    "geometry.sliver", "warning", "long and narrower than half a pixel: usually left by an overlay",
    "merge it into its neighbour, or delete it",
)  # fmt: skip
TINY = Check(
    "geometry.tiny", "warning", "too small to hold a pixel's centre, so it vanishes from the masks",
    "leave it out, or burn its nearest pixel with masks.keep_tiny",
)  # fmt: skip
VERTICES = Check(
    "geometry.vertices", "info", "more than four vertices to a pixel's length: no pixel shows them",
    "simplify to a quarter of a pixel, neighbours together",
)  # fmt: skip
CHECKS = (
    INVALID, SELF_TOUCH, EMPTY, NO_AREA, DUPLICATE_VERTICES, SPIKE, SLIVER, TINY, VERTICES,
)  # fmt: skip
NEED_PIXEL = (SLIVER, TINY, VERTICES)

_PLACE = re.compile(r"\[(\S+) (\S+)\]")
_POLYGONAL = (3, 6)


def find(subject: Subject) -> Iterator[Problem]:
    """All problems of single geometries."""
    for index in np.flatnonzero(subject.no_area).tolist():
        kind = str(subject.raw[index].geom_type)
        yield Problem(NO_AREA, subject.fids[index], f"is a {kind}", subject.raw[index])
    for index in np.flatnonzero(subject.empty & ~subject.no_area).tolist():
        missing = subject.raw[index] is None or subject.raw[index].is_empty
        what = "has no geometry" if missing else "has no area"
        yield Problem(EMPTY, subject.fids[index], what, None if missing else subject.raw[index])
    yield from _invalid(subject)
    yield from _vertices(subject)
    if subject.plane.pixel_known:
        yield from _against_pixel(subject)


def _invalid(subject: Subject) -> Iterator[Problem]:
    bad = np.flatnonzero(subject.invalid & ~subject.empty)
    reasons = shapely.is_valid_reason(subject.raw[bad])
    for index, reason in zip(bad.tolist(), reasons, strict=True):
        check = SELF_TOUCH if str(reason).startswith("Ring Self-inter") else INVALID
        found = _PLACE.search(str(reason))
        where = shapely.Point(float(found[1]), float(found[2])) if found else subject.raw[index]
        yield Problem(check, subject.fids[index], _PLACE.sub("", str(reason)).strip(), where)


class Corners:
    """The vertices of all rings in the plane, each with its neighbours."""

    def __init__(self, shapes: NDArray[np.object_]) -> None:
        """Take rings apart; shapes that are no polygons have none."""
        polygonal = np.flatnonzero(np.isin(shapely.get_type_id(shapes), _POLYGONAL))
        parts, part_of = shapely.get_parts(shapes[polygonal], return_index=True)
        rings, ring_part = shapely.get_rings(parts, return_index=True)
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        last = np.r_[ring[1:] != ring[:-1], True] if len(ring) else np.empty(0, dtype=np.bool_)
        self.xy: NDArray[np.float64] = xy[~last]
        """(n, 2): each vertex once."""
        self.ring: NDArray[np.int64] = ring[~last]
        self.feature: NDArray[np.int64] = polygonal[part_of[ring_part[self.ring]]]
        self.nth: NDArray[np.int64] = np.flatnonzero(~last)
        """(n,) place of each vertex among all coordinates, closing ones included."""

    def neighbours(
        self, keep: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """(vertex, the one before, the one after) of the vertices kept, around each ring."""
        chosen = np.flatnonzero(keep)
        ring = self.ring[chosen]
        start = np.searchsorted(ring, ring, side="left")
        end = np.searchsorted(ring, ring, side="right") - 1
        place = np.arange(len(chosen))
        before = np.where(place == start, end, place - 1)
        after = np.where(place == end, start, place + 1)
        return chosen, chosen[before], chosen[after]

    def repeated(self) -> NDArray[np.bool_]:
        """(n,) vertices that lie where the one before them in their ring does."""
        vertex, before, _ = self.neighbours(np.ones(len(self.xy), dtype=np.bool_))
        gap = np.hypot(*(self.xy[vertex] - self.xy[before]).T)
        return np.asarray((gap < REPEATED) & (vertex != before))

    def spikes(
        self, keep: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """(vertex, shorter leg, area of the triangle) of needles among the vertices kept."""
        vertex, before, after = self.neighbours(keep)
        a, b = self.xy[before] - self.xy[vertex], self.xy[after] - self.xy[vertex]
        la, lb = np.hypot(*a.T), np.hypot(*b.T)
        cross = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
        dot = (a * b).sum(axis=1)
        angle = np.degrees(np.arctan2(cross, dot))
        leg = np.minimum(la, lb)
        hits = np.flatnonzero((angle < SPIKE_DEGREES) & (leg > SPIKE_LEG) & (before != after))
        return vertex[hits], leg[hits], cross[hits] / 2


def _vertices(subject: Subject) -> Iterator[Problem]:
    corners = Corners(subject.flat)
    twice = corners.repeated()
    counts = np.bincount(corners.feature[twice], minlength=len(subject))
    first = np.full(len(subject), -1, dtype=np.int64)
    first[corners.feature[twice][::-1]] = np.flatnonzero(twice)[::-1]
    hit = np.flatnonzero(counts)
    places = subject.plane.back(np.asarray(shapely.points(corners.xy[first[hit]]), dtype=object))
    for index, where in zip(hit.tolist(), places, strict=True):
        n = int(counts[index])
        word = "vertex lies" if n == 1 else "vertices lie"
        yield Problem(
            DUPLICATE_VERTICES, subject.fids[index], f"{n} {word} on the one before", where
        )
    vertex, leg, area = corners.spikes(~twice)
    places = subject.plane.back(np.asarray(shapely.points(corners.xy[vertex]), dtype=object))
    for v, length, size, where in zip(vertex, leg, area, places, strict=True):
        fid = subject.fids[int(corners.feature[v])]
        text = f"a needle of {length:.3g} {subject.plane.unit}"
        yield Problem(SPIKE, fid, text, where, fixable_here=bool(size <= SPIKE_AREA))


def _against_pixel(subject: Subject) -> Iterator[Problem]:
    index = subject.known
    shapes = subject.shapes[index]
    area, around = shapely.area(shapes), shapely.length(shapes)
    with np.errstate(divide="ignore", invalid="ignore"):
        width = 2 * area / around
        spacing = around / shapely.get_num_coordinates(shapes)
    sliver = (width < SLIVER_WIDTH_PX) & (around / 2 > SLIVER_LENGTH * width)
    sliver &= around / 2 > SLIVER_LENGTH * SLIVER_WIDTH_PX
    for i in np.flatnonzero(sliver).tolist():
        text = f"{width[i]:.2g} px wide, {around[i] / 2:.3g} px long"
        yield Problem(SLIVER, subject.fids[index[i]], text, subject.raw[index[i]])
    if subject.images:
        held = sum((image.area_px for image in subject.images), np.zeros(len(subject), np.int64))
        seen = np.logical_or.reduce([image.inside for image in subject.images])
        tiny = seen[index] & (held[index] == 0) & ~sliver
        tiny &= _wholly_inside(subject, index)
    else:
        tiny = (area < TINY_PX) & ~sliver
    for i in np.flatnonzero(tiny).tolist():
        text = f"{area[i]:.2g} square pixels, no pixel's centre"
        yield Problem(TINY, subject.fids[index[i]], text, subject.raw[index[i]])
    dense = (spacing < 1 / VERTICES_PER_PX) & (shapely.get_num_coordinates(shapes) > FEW_VERTICES)
    for i in np.flatnonzero(dense).tolist():
        n = int(shapely.get_num_coordinates(shapes[i]))
        text = f"{n} vertices, {1 / spacing[i]:.2g} to a pixel's length"
        yield Problem(VERTICES, subject.fids[index[i]], text, subject.raw[index[i]])


def _wholly_inside(subject: Subject, index: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Features whose pixels would all be on an image; the part beyond may hold a centre."""
    inside = np.zeros(len(index), dtype=np.bool_)
    for image in subject.images:
        grid, box = image.imagery.grid, image.edges.box[index]
        inside |= (
            image.inside[index] & (box[:, 0] >= 0) & (box[:, 1] >= 0)
            & (box[:, 2] <= grid.width) & (box[:, 3] <= grid.height)
        )  # fmt: skip
    return inside
