"""A layer's polygons in pixel space, batch by batch: only their edges are kept."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polychip.burn.edges import FlatEdges, joined_edges, stored_edges
from polychip.labels.footprint import Footprint
from polychip.labels.outlines import Shapes
from polychip.labels.polygons import Polygons, polygons_of
from polychip.labels.project import PixelEdges, pixel_edges
from polychip.labels.wkb import WkbColumn

_BATCH_BYTES = 1 << 21
"""Of WKB that are worked on at a time: memory, and a processor's cache, hold what comes of it."""
_VERTEX = 16
"""Bytes of a vertex."""


@dataclass(frozen=True, slots=True)
class PlacedPolygons:
    """Valid polygons in pixel space, and what had to be done for them, as in `Polygons`."""

    alive: NDArray[np.int64]
    shapes: Shapes
    """The polygons of some numbers as shapely geometries, in their own CRS."""
    repaired: NDArray[np.int64]
    no_area: NDArray[np.bool_]
    n_empty: int
    n_unreadable: int
    edges: PixelEdges


def placed_wkb(
    wkb: WkbColumn, around: Footprint, *, all_edges: bool = False, store: Path | None = None
) -> PlacedPolygons:
    """Polygons out of WKB of any kind, in pixels.

    Args:
        wkb: of the features.
        around: where they lie.
        all_edges: keep edges that cross no row of pixel centres.
        store: folder for the edges of more than one batch, as in `stored_edges`; None: all stay in
            memory.

    Raises:
        InputError: a label lies where the transformation is not defined.
    """
    if len(wkb.data) <= _BATCH_BYTES:
        store = None
    batches = (polygons_of(batch, around) for batch in wkb.batches(_BATCH_BYTES))
    room = len(wkb.data) // _VERTEX
    return placed(batches, around, all_edges=all_edges, room=room, store=store)


def placed(
    batches: Iterable[Polygons],
    around: Footprint,
    *,
    all_edges: bool = False,
    room: int = 0,
    store: Path | None = None,
) -> PlacedPolygons:
    """Polygons in pixels; those of each batch are numbered on from those of the last.

    Args:
        batches: polygons of features one behind the other.
        around: where they lie.
        all_edges: keep edges that cross no row of pixel centres.
        room: about how many edges there will be, or somewhat more.
        store: folder for the edges, as in `stored_edges`; None: they stay in memory.

    Raises:
        InputError: a label lies where the transformation is not defined.
    """
    seen: list[PlacedPolygons] = []

    def edges() -> Iterator[FlatEdges]:
        for batch in batches:
            found = pixel_edges(batch.outlines, batch.clipped, around, all_edges=all_edges)
            seen.append(_without_points(batch, found))
            yield found.flat

    flat = joined_edges(edges(), room) if store is None else stored_edges(edges(), store)
    features = np.cumsum([0, *(len(part.no_area) for part in seen)]).tolist()
    first = np.cumsum([0, *(len(part.alive) for part in seen)])
    none = np.empty(0, dtype=np.int64)
    return PlacedPolygons(
        alive=np.concatenate([none, *(p.alive + n for p, n in zip(seen, features, strict=False))]),
        shapes=_shapes_of([part.shapes for part in seen], first),
        repaired=np.concatenate(
            [none, *(p.repaired + n for p, n in zip(seen, first.tolist(), strict=False))]
        ),
        no_area=np.concatenate([np.empty(0, dtype=bool), *(part.no_area for part in seen)]),
        n_empty=sum(part.n_empty for part in seen),
        n_unreadable=sum(part.n_unreadable for part in seen),
        edges=PixelEdges(
            flat,
            np.concatenate([np.empty(0), *(part.edges.area_px for part in seen)]),
            np.concatenate([np.empty(0), *(part.edges.inradius_px for part in seen)]),
        ),
    )


def _without_points(batch: Polygons, found: PixelEdges) -> PlacedPolygons:
    """A batch, its outlines and edges forgotten."""
    nothing = FlatEdges(np.empty((0, 4)), np.empty(0, np.int64), np.empty((0, 4), np.int64))
    return PlacedPolygons(
        batch.alive, batch.shapes, batch.repaired, batch.no_area, batch.n_empty,
        batch.n_unreadable, PixelEdges(nothing, found.area_px, found.inradius_px),
    )  # fmt: skip


def _shapes_of(lots: Sequence[Shapes], first: NDArray[np.int64]) -> Shapes:
    """The polygons of several lots, numbered through: lot i begins with first[i]."""

    def pick(numbers: NDArray[np.int64]) -> NDArray[np.object_]:
        lot = np.searchsorted(first, numbers, side="right") - 1
        found = np.empty(len(numbers), dtype=object)
        for index in np.flatnonzero(np.bincount(lot)).tolist():
            mine = np.flatnonzero(lot == index)
            found[mine] = lots[index](numbers[mine] - first[index])
        return found

    return pick
