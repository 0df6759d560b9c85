"""The labels of one scene: edges in painting order, their classes and their objects."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.burn.edges import (
    EdgeSet,
    flat_edges,
    index_edges,
    joined_edges,
    load_edges,
)
from polychip.burn.runs import count_pixels, merge, scan
from polychip.errors import InputError, some
from polychip.grid import Window
from polychip.labels.mapped_texts import text_arrays, texts_of
from polychip.labels.outlines import Shapes
from polychip.labels.project import PixelEdges
from polychip.schema import LabelSchema

NO_OBJECT = -1
_ARRAYS = ("codes", "object_of", "burns")
_OBJECT_ARRAYS = ("code", "n_features", "area_px")
_OBJECT_TEXTS = ("instance_id", "namespace", "source_fid")
_SURE_RADIUS_PX = 0.73
"""A circle of this radius holds a pixel's centre wherever it lies: half the diagonal, and a little
for edges that bend."""


@dataclass(frozen=True, slots=True)
class SourceFeatures:
    """Features of one label source, in the source's CRS and in pixels. An entry a feature."""

    shapes: Shapes
    """Valid polygons in the source's CRS, those of some features."""
    edges: PixelEdges
    codes: NDArray[np.int64]
    fids: Sequence[str]
    """What names each feature: the id field's value, else the file's feature number."""
    instances: list[str | None]
    """The instance field's value; None: the feature is an object of its own."""
    namespace: str
    confidence: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Objects:
    """Thing objects of a scene, in painting order; arrays and lists have an entry an object."""

    instance_id: Sequence[str]
    namespace: Sequence[str]
    source_fid: Sequence[str]
    """The feature's name; for objects of several features the first in sorted order."""
    code: NDArray[np.int64]
    n_features: NDArray[np.int64]
    area_px: NDArray[np.int64]
    """Pixels on the whole image, before overlap and ignore."""

    def __len__(self) -> int:
        """Number of objects."""
        return len(self.instance_id)


NO_OBJECTS = Objects([], [], [], *(np.empty(0, dtype=np.int64) for _ in range(3)))


@dataclass(frozen=True, slots=True)
class LabelSet:
    """All labels of a scene in pixel space, in painting order (the last lies on top)."""

    edges: EdgeSet
    codes: NDArray[np.int64]
    """(n_owners,) class code of each feature."""
    object_of: NDArray[np.int64]
    """(n_owners,) object of each feature; NO_OBJECT for stuff, background and ignore."""
    burns: NDArray[np.bool_]
    """(n_owners,) whether the feature covers a pixel of the image, before any overlap."""
    objects: Objects
    fids: Sequence[str]
    """(n_owners,) the features' names; none where no objects were asked for."""
    confidence: NDArray[np.float32] | None = None
    """(n_owners,) what the labels' field says; None where nobody asked."""

    def save(self, folder: Path) -> None:
        """Write arrays and texts as two flat files."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {name: getattr(self, name) for name in _ARRAYS} | text_arrays("fids", self.fids)
        if self.confidence is not None:
            arrays["confidence"] = self.confidence
        for name in _OBJECT_ARRAYS:
            arrays[f"object_{name}"] = getattr(self.objects, name)
        for name in _OBJECT_TEXTS:
            arrays |= text_arrays(f"object_{name}", getattr(self.objects, name))
        self.edges.save(folder, arrays)


def load_labels(folder: Path) -> LabelSet:
    """A saved label set, memory-mapped: all processes of a machine share the pages."""
    edges, arrays = load_edges(folder)
    values: dict[str, Any] = {name: texts_of(f"object_{name}", arrays) for name in _OBJECT_TEXTS}
    values |= {name: arrays[f"object_{name}"] for name in _OBJECT_ARRAYS}
    return LabelSet(
        edges=edges,
        objects=Objects(**values),
        fids=texts_of("fids", arrays),
        confidence=arrays.get("confidence"),
        **{name: arrays[name] for name in _ARRAYS},
    )


def assemble(
    sources: Sequence[SourceFeatures],
    schema: LabelSchema,
    image: Window,
    *,
    objects: bool,
    all_touched: bool,
    keep_tiny: bool,
    all_edges: bool = False,
) -> LabelSet:
    """One label set of all sources.

    Args:
        sources: features near the scene.
        schema: decides the painting order and what is a thing.
        image: the image's own pixels, in which areas are counted.
        objects: whether things are made objects and counted; else every feature is stuff.
        all_touched: whether pixels count that are merely overlapped.
        keep_tiny: give features that hold no pixel's centre the nearest pixel.
        all_edges: keep also edges that cross no row of pixel centres.

    Raises:
        InputError: one instance id has two classes.
    """
    codes = _ints([s.codes for s in sources])
    order = painting_order(sources, codes, schema)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    flat = joined_edges([s.edges.flat for s in sources])
    edges = index_edges(flat, place)
    radius = np.concatenate([np.empty(0), *(s.edges.inradius_px for s in sources)])
    holds_centre = radius > _SURE_RADIUS_PX
    area = _areas(edges, image, holds_centre[order] & (not objects), all_touched=all_touched)
    if keep_tiny:
        points, owner = _grow_tiny(flat.points, flat.owner, area[place], image)
        counts = np.bincount(owner, minlength=len(order))
        whole = flat_edges(points, counts, all_edges=all_edges or all_touched)
        edges = index_edges(whole, place)
        area = _areas(edges, image, holds_centre[order] & (not objects), all_touched=all_touched)
    told = [s.confidence for s in sources if s.confidence is not None]
    confidence = np.concatenate(told)[order] if told else None
    ordered_codes = codes[order]
    if not objects:
        stuff = np.full(len(order), NO_OBJECT, dtype=np.int64)
        return LabelSet(edges, ordered_codes, stuff, area > 0, NO_OBJECTS, [], confidence)
    fids = [fid for s in sources for fid in s.fids]
    ordered_fids = [fids[i] for i in order.tolist()]
    namespaces = [name for s in sources for name in [s.namespace] * len(s.fids)]
    instances = [value for s in sources for value in s.instances]
    keys = [(namespaces[i], instances[i]) for i in order.tolist()]
    object_of, found = _objects(keys, ordered_codes, ordered_fids, area, schema)
    _count_unions(found, object_of, edges, image, all_touched=all_touched)
    return LabelSet(edges, ordered_codes, object_of, area > 0, found, ordered_fids, confidence)


def _areas(
    edges: EdgeSet, image: Window, large: NDArray[np.bool_], *, all_touched: bool
) -> NDArray[np.int64]:
    """(n_owners,) pixels of each feature on the image; just 1 for large ones that lie on it."""
    box = edges.box
    within = (
        (box[:, 0] >= image.x_off) & (box[:, 2] <= image.x_end)
        & (box[:, 1] >= image.y_off) & (box[:, 3] <= image.y_end)
    )  # fmt: skip
    area = (large & within).astype(np.int64)
    rest = np.flatnonzero(area == 0)
    area[rest] = count_pixels(edges, image, rest, all_touched=all_touched)
    return area


def _ints(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def painting_order(
    sources: Sequence[SourceFeatures],
    codes: NDArray[np.int64],
    schema: LabelSchema,
) -> NDArray[np.int64]:
    """Indices of the features, the bottom one first.

    By the schema's priority, then smaller area on top, then normalised WKB, class code, id: never
    by the order in the file.
    """
    area = np.concatenate([np.empty(0), *(s.edges.area_px for s in sources)])
    depth_of = np.zeros(int(codes.max(initial=0)) + 1, dtype=np.int64)
    for code in np.flatnonzero(np.bincount(codes)).tolist():
        depth_of[code] = schema.priority(code)
    depth = depth_of[codes]
    order = np.lexsort((-area, -depth))
    same = (np.diff(depth[order]) == 0) & (np.diff(area[order]) == 0)
    if not same.any():
        return order.astype(np.int64)
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    group = np.cumsum(np.append(True, ~same))[tied]
    members = order[tied]
    shapes, names = _features(sources, members)
    wkb = shapely.to_wkb(shapely.normalize(shapes))
    keys = zip(group.tolist(), wkb, codes[members].tolist(), names, strict=True)
    ranked = sorted(zip(keys, members.tolist(), strict=True), key=lambda item: item[0])
    result = order.astype(np.int64)
    result[tied] = [member for _, member in ranked]
    return result


def _features(
    sources: Sequence[SourceFeatures], features: NDArray[np.int64]
) -> tuple[NDArray[np.object_], list[str]]:
    """Shapes and names of some features, numbered through all sources."""
    starts = np.cumsum([0, *(len(s.fids) for s in sources)])
    source = np.searchsorted(starts, features, side="right") - 1
    own = features - starts[source]
    shapes = np.empty(len(features), dtype=object)
    for index in np.flatnonzero(np.bincount(source)).tolist():
        mine = np.flatnonzero(source == index)
        shapes[mine] = sources[index].shapes(own[mine])
    names = zip(source.tolist(), own.tolist(), strict=True)
    return shapes, [sources[index].fids[feature] for index, feature in names]


def _grow_tiny(
    points: NDArray[np.float64], owner: NDArray[np.int64], area: NDArray[np.int64], image: Window
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Replace features without a pixel by the outline of the pixel that holds their middle.

    Args:
        points: (n, 4) edges.
        owner: (n,) their features, ascending.
        area: (n_features,) pixels of each feature.
        image: features whose middle lies elsewhere stay as they are.
    """
    middles = points.reshape(-1, 2, 2).mean(axis=1)
    counts = np.maximum(np.bincount(owner, minlength=len(area)), 1)
    x, y = (
        np.floor(np.bincount(owner, weights=middles[:, axis], minlength=len(area)) / counts)
        for axis in (0, 1)
    )
    inside = (x >= image.x_off) & (x < image.x_end) & (y >= image.y_off) & (y < image.y_end)
    seen = np.bincount(owner, minlength=len(area)) > 0
    chosen = np.flatnonzero((area == 0) & inside & seen)
    x, y = x[chosen], y[chosen]
    sides = [(x, y, x + 1, y), (x + 1, y, x + 1, y + 1), (x + 1, y + 1, x, y + 1), (x, y + 1, x, y)]
    squares = np.concatenate([np.column_stack(side) for side in sides])
    rest = ~np.isin(owner, chosen)
    points = np.concatenate((points[rest], squares))
    owner = np.concatenate((owner[rest], np.tile(chosen, 4)))
    order = np.argsort(owner, kind="stable")
    return points[order], owner[order]


def _objects(
    keys: list[tuple[str, str | None]],
    codes: NDArray[np.int64],
    fids: list[str],
    area: NDArray[np.int64],
    schema: LabelSchema,
) -> tuple[NDArray[np.int64], Objects]:
    """Objects of the thing features, numbered in painting order of their lowest feature."""
    things = {entry.code for entry in schema.classes if entry.thing}
    object_of = np.full(len(keys), NO_OBJECT, dtype=np.int64)
    if all(instance is None for _, instance in keys):
        chosen = np.flatnonzero(np.isin(codes, list(things)))
        object_of[chosen] = np.arange(len(chosen))
        names = [fids[i] for i in chosen.tolist()]
        return object_of, Objects(
            instance_id=[_instance_name(None, fid) for fid in names],
            namespace=[keys[i][0] for i in chosen.tolist()],
            source_fid=names,
            code=codes[chosen],
            n_features=np.ones(len(chosen), dtype=np.int64),
            area_px=area[chosen],
        )
    number: dict[tuple[str, str | None, int], int] = {}
    members: list[list[int]] = []
    for index, (namespace, instance) in enumerate(keys):
        if int(codes[index]) not in things:
            continue
        own = index if instance is None else -1
        found = number.setdefault((namespace, instance, own), len(members))
        if found == len(members):
            members.append([])
        members[found].append(index)
        object_of[index] = found
    clashes = [m for m in members if len({int(codes[i]) for i in m}) > 1]
    if clashes:
        namespace, instance = keys[clashes[0][0]]
        classes = {schema.by_code[int(codes[i])].name for i in clashes[0]}
        raise InputError(
            f"{namespace}: instance id '{instance}' has {len(classes)} classes "
            f"({some(sorted(classes))}; features {some(sorted(fids[i] for i in clashes[0]))})"
            f"{f', and so have {len(clashes) - 1} more ids' if len(clashes) > 1 else ''}; one "
            "object has one class: correct the ids, or leave instance_field out"
        )
    first = [m[0] for m in members]
    names = [min(fids[i] for i in m) for m in members]
    return object_of, Objects(
        instance_id=[
            _instance_name(keys[index][1], fid) for index, fid in zip(first, names, strict=True)
        ],
        namespace=[keys[index][0] for index in first],
        source_fid=names,
        code=codes[first] if first else np.empty(0, dtype=np.int64),
        n_features=np.array([len(m) for m in members], dtype=np.int64),
        area_px=np.array([area[m].sum() for m in members], dtype=np.int64),
    )


def _instance_name(instance: str | None, fid: str) -> str:
    """The instance field's value; objects without one are named after their feature."""
    return f"fid:{fid}" if instance is None else instance


def _count_unions(
    objects: Objects,
    object_of: NDArray[np.int64],
    edges: EdgeSet,
    image: Window,
    *,
    all_touched: bool,
) -> None:
    """Correct the areas of objects whose features may overlap each other; changes area_px."""
    several = np.flatnonzero(objects.n_features > 1)
    for number in several:
        box = edges.box[object_of == number]
        low, high = box[:, :2].min(axis=0), box[:, 2:].max(axis=0)
        around = Window(int(low[0]), int(low[1]), *(int(v) for v in high - low))
        window = around.intersection(image)
        if window.is_empty():
            continue
        runs = scan(edges, window, all_touched=all_touched)
        own = runs.take(object_of[runs.owner] == number)
        own.owner[:] = 0
        joined = merge([own], window)
        objects.area_px[number] = int((joined.stop - joined.start).sum())
