"""What the labels show on these pixels: counted block by block, as an export would burn them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.burn.runs import paint, scan
from polychip.errors import InputError
from polychip.grid import Grid, Window, blocks
from polychip.io.vector import is_raster_path
from polychip.labels.labelset import NO_OBJECT, LabelSet
from polychip.quality.checks.subject import Subject
from polychip.recipe import LabelSource, MaskOptions, SchemaOptions
from polychip.scenes.attributes import distinct_classes
from polychip.scenes.labels import load_scene_labels
from polychip.scenes.place import ScenePlace
from polychip.schema import LabelSchema, schema_from_values

BLOCK_PX = 1024
Ints = NDArray[np.int64]
Loaded = Sequence[tuple[Grid, LabelSet, "_Tally", float | None]]
"""By image: its grid, its labels, their tally, its pixel in metres."""


@dataclass(frozen=True, slots=True)
class ClassEvidence:
    """The figures of one class, lengths in pixels of the image.

    Objects that cover no pixel count as objects.
    """

    name: str
    code: int
    declared_thing: bool | None
    """What the schema says; None without one."""
    features: int
    objects: int
    pixels: int
    """Visible in a semantic mask."""
    image_share: float
    """Of the images' pixels."""
    touching: int
    """Objects that would melt together with another of their class in a semantic mask."""
    groups: int
    """Groups of objects that melt together, and objects that stand alone: what counting connected
    components gives. Objects that cannot be seen make no group."""
    overlapped: int
    """Objects of which another polygon hides a part."""
    hidden: int
    """Objects of which nothing is seen."""
    small: int
    """Objects of fewer pixels than `small_px`."""
    cut: int
    """Objects that the image's edge cuts."""
    side_median: float
    """Of the square root of the objects' area."""
    extent_median: float
    """Of the longer side of the objects' boxes."""
    extent_p95: float
    extent_most: float
    compactness: float
    """Median of 4π·area / perimeter²: 1 for a circle, 0.79 for a square, near 0 for a thread."""
    spread: float
    """Standard deviation of log10 of the objects' areas: 0 when all are alike."""
    largest_share: float
    """Of the images' pixels, covered by the largest object."""
    dominance: float
    """Of the class's own area, covered by the largest object."""
    vertices: int
    own_vertices: int
    """Vertices without those that neighbours of the class share."""

    @property
    def touching_share(self) -> float:
        """Of the objects."""
        return self.touching / self.objects if self.objects else 0.0

    @property
    def count_loss(self) -> float:
        """Share of the objects that counting connected components would miss."""
        return 1 - self.groups / self.objects if self.objects else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}
        return rounded | {
            "touching_share": round(self.touching_share, 4),
            "count_loss": round(self.count_loss, 4),
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the advice rests on."""

    images: tuple[str, ...]
    image_px: int
    image_side: int
    """The shorter side of the smallest image, in pixels."""
    pixel_m: float | None
    small_px: int
    classes: tuple[ClassEvidence, ...]
    sides: dict[str, NDArray[np.float64]]
    """By class: (n_objects, 2) width and height of each object's box."""
    picture: "Crop | None"

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the sides only as what is told of them."""
        return {
            "images": list(self.images),
            "image_px": self.image_px,
            "pixel_m": None if self.pixel_m is None else round(self.pixel_m, 6),
            "small_px": self.small_px,
            "classes": {entry.name: entry.to_dict() for entry in self.classes},
        }


@dataclass(frozen=True, slots=True)
class Crop:
    """Where most objects touch: for the picture."""

    image: int
    window: Window
    objects: NDArray[np.int64]
    """(height, width): number of the object seen, −1 for none."""
    groups: NDArray[np.int64]
    """(height, width): number of the group of touching objects."""


@dataclass(slots=True)
class _Tally:
    """What the blocks of one image add up to; arrays have an entry an object."""

    visible: Ints
    touches: NDArray[np.bool_]
    root: Ints
    """A smaller or equal number of each object's group."""


def gather(
    subject: Subject, source: LabelSource, options: SchemaOptions, *, small_px: int
) -> tuple[Evidence, LabelSchema]:
    """Count everything.

    Args:
        subject: the labels and their images.
        source: the same labels, for the engine's own reader.
        options: the schema.
        small_px: objects of fewer pixels count as small.

    Raises:
        InputError: no image, no label on one, or labels that can't be read.
    """
    if is_raster_path(source.path):
        raise InputError(f"{source.path}: advice needs polygons; this is a raster")
    schema = _all_things(options.build() or _own_schema(source, options))
    loaded = []
    for image in subject.images:
        grid = image.imagery.grid
        place = ScenePlace(
            image.name, grid, grid.window, allow_ballpark=subject.request.allow_ballpark
        )
        labels, _ = load_scene_labels(
            place, [source], schema, options, MaskOptions(mode="instance"), chip_shape=(512, 512)
        )
        loaded.append((grid, labels, _tally(grid, labels), place.pixel_m))
    if not sum(len(labels.objects) for _, labels, _, _ in loaded):
        raise InputError(
            f"{source.path}: no label of a class lies on the images given; check both CRSs"
        )
    total = sum(grid.width * grid.height for grid, *_ in loaded)
    classes, sides = [], {}
    vertices = _vertices(subject)
    for entry in schema.mask_classes:
        figures, boxes = _class_evidence(entry.code, entry.name, loaded, total, small_px)
        if figures is None:
            continue
        declared = None
        if subject.schema is not None:
            declared = subject.schema.by_code[entry.code].thing
        n, own = vertices.get(entry.code, (0, 0))
        compactness, spread = _shape_figures(subject, entry.code)
        classes.append(
            replace(
                figures, declared_thing=declared, vertices=n, own_vertices=own,
                compactness=compactness, spread=spread,
            )
        )  # fmt: skip
        sides[entry.name] = boxes
    evidence = Evidence(
        images=tuple(image.name for image in subject.images),
        image_px=total,
        image_side=min(min(grid.width, grid.height) for grid, *_ in loaded),
        pixel_m=loaded[0][3],
        small_px=small_px,
        classes=tuple(classes),
        sides=sides,
        picture=_crop(loaded),
    )
    return evidence, schema


def _own_schema(source: LabelSource, options: SchemaOptions) -> LabelSchema:
    values = distinct_classes([source], options)
    if not values:
        raise InputError(f"{source.path}: the labels hold no class value; check the class field")
    return schema_from_values(values, things=True)[0]


def _all_things(schema: LabelSchema) -> LabelSchema:
    """The schema with every class countable, so that all are counted."""
    special = (schema.background, schema.ignore)
    classes = tuple(replace(entry, thing=entry.code not in special) for entry in schema.classes)
    return replace(schema, classes=classes)


def _tally(grid: Grid, labels: LabelSet) -> _Tally:
    """Visible pixels and neighbourhoods of all objects of an image."""
    n = len(labels.objects)
    tally = _Tally(np.zeros(n, np.int64), np.zeros(n, np.bool_), np.arange(n))
    links = []
    for block in blocks(grid.window, BLOCK_PX, BLOCK_PX):
        inner = block.intersection(grid.window)
        wide = Window(inner.x_off, inner.y_off, inner.width + 1, inner.height + 1)
        number = top_objects(labels, wide.intersection(grid.window))
        seen = number[: inner.height, : inner.width]
        tally.visible += np.bincount(seen[seen >= 0], minlength=n)
        for a, b in ((number[:, :-1], number[:, 1:]), (number[:-1], number[1:])):
            links.append(_neighbours(a, b, labels.objects.code))
    pairs = np.unique(np.concatenate(links), axis=0) if links else np.empty((0, 2), np.int64)
    tally.touches[pairs.ravel()] = True
    tally.root = _roots(pairs, n)
    return tally


def top_objects(labels: LabelSet, window: Window) -> Ints:
    """The object on top of each pixel, (height, width); −1 for none and for ignore."""
    canvas = np.full((window.height, window.width), -1, dtype=np.int64)
    runs = scan(labels.edges, window)
    values = np.where(
        labels.object_of[runs.owner] == NO_OBJECT, -1, labels.object_of[runs.owner]
    ).astype(np.int64)
    paint(canvas, runs, values)
    return canvas


def _neighbours(a: Ints, b: Ints, code: Ints) -> Ints:
    """Pairs (n, 2) of different objects of one class that stand side by side."""
    meet = (a != b) & (a >= 0) & (b >= 0)
    first, second = a[meet], b[meet]
    same = code[first] == code[second]
    low, high = np.minimum(first, second)[same], np.maximum(first, second)[same]
    return np.unique(np.column_stack((low, high)), axis=0)


def _roots(pairs: Ints, n: int) -> Ints:
    """The smallest member of each object's group."""
    root = np.arange(n)
    while True:
        low = np.minimum(root[pairs[:, 0]], root[pairs[:, 1]])
        new = root.copy()
        np.minimum.at(new, root[pairs[:, 0]], low)
        np.minimum.at(new, root[pairs[:, 1]], low)
        new = np.minimum(new, new[new])
        if (new == root).all():
            return root
        root = new


def _class_evidence(
    code: int, name: str, loaded: "Loaded", total: int, small: int
) -> tuple[ClassEvidence | None, NDArray[np.float64]]:  # fmt: skip
    features = objects = pixels = touching = groups = overlapped = hidden = n_small = cut = 0
    areas, boxes = [], []
    for grid, labels, tally, _ in loaded:
        on_image = _on_image(labels, grid)
        mine = np.flatnonzero((labels.objects.code == code) & on_image)
        features += int(np.isin(labels.object_of, mine).sum())
        area, visible = labels.objects.area_px[mine], tally.visible[mine]
        objects += len(mine)
        pixels += int(visible.sum())
        touching += int((tally.touches[mine]).sum())
        groups += len(np.unique(tally.root[mine[visible > 0]]))
        overlapped += int((visible < area).sum())
        hidden += int(((visible == 0) & (area > 0)).sum())
        n_small += int((area < small).sum())
        box = _boxes(labels, len(on_image))[mine]
        cut += int(
            ((box[:, 0] < 0) | (box[:, 1] < 0) | (box[:, 2] > grid.width)
             | (box[:, 3] > grid.height)).sum()
        )  # fmt: skip
        areas.append(area)
        boxes.append((box[:, 2:] - box[:, :2]).astype(np.float64))
    if not objects:
        return None, np.empty((0, 2))
    area, sides = np.concatenate(areas).astype(np.float64), np.concatenate(boxes)
    longer = sides.max(axis=1)
    return ClassEvidence(
        name=name, code=code, declared_thing=None, features=features, objects=objects,
        pixels=pixels, image_share=pixels / total, touching=touching, groups=groups,
        overlapped=overlapped, hidden=hidden, small=n_small, cut=cut,
        side_median=float(np.median(np.sqrt(area))),
        extent_median=float(np.median(longer)),
        extent_p95=float(np.percentile(longer, 95)),
        extent_most=float(longer.max()),
        compactness=0.0, spread=0.0, largest_share=float(area.max()) / total,
        dominance=float(area.max()) / max(float(area.sum()), 1.0),
        vertices=0, own_vertices=0,
    ), sides  # fmt: skip


def _boxes(labels: LabelSet, n: int) -> Ints:
    """(n_objects, 4) first column, first row, end column, end row of each object."""
    box = np.empty((n, 4), dtype=np.int64)
    box[:, :2], box[:, 2:] = np.iinfo(np.int64).max, np.iinfo(np.int64).min
    has = labels.object_of != NO_OBJECT
    owner = labels.object_of[has]
    for axis in (0, 1):
        np.minimum.at(box[:, axis], owner, labels.edges.box[has, axis])
        np.maximum.at(box[:, axis + 2], owner, labels.edges.box[has, axis + 2])
    return box


def _on_image(labels: LabelSet, grid: Grid) -> NDArray[np.bool_]:
    box = _boxes(labels, len(labels.objects))
    return np.asarray(
        (box[:, 0] < grid.width) & (box[:, 2] > 0) & (box[:, 1] < grid.height) & (box[:, 3] > 0)
    )


def _vertices(subject: Subject) -> dict[int, tuple[int, int]]:
    """By class: (vertices as drawn, without those that neighbours share)."""
    found = {}
    for code in np.unique(subject.codes[subject.known]).tolist():
        mine = subject.known[subject.codes[subject.known] == code]
        rings = shapely.get_rings(shapely.get_parts(subject.shapes[mine]))
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        closing = np.r_[ring[1:] != ring[:-1], True]
        points = np.round(xy[~closing], 3)
        found[int(code)] = (len(points), len(np.unique(points, axis=0)))
    return found


def _shape_figures(subject: Subject, code: int) -> tuple[float, float]:
    """(median compactness, spread of log10 area) of a class's polygons."""
    mine = subject.shapes[subject.known[subject.codes[subject.known] == code]]
    area, around = shapely.area(mine), shapely.length(mine)
    some = (area > 0) & (around > 0)
    if not some.any():
        return 0.0, 0.0
    compact = 4 * np.pi * area[some] / around[some] ** 2
    return float(np.median(compact)), float(np.std(np.log10(area[some])))


_CROP_PX = 128


def _crop(loaded: Loaded) -> Crop | None:
    """The window in which most objects touch."""
    best: tuple[int, int, Window] | None = None
    for number, (grid, labels, tally, _) in enumerate(loaded):
        touching = np.flatnonzero(tally.touches)
        if not len(touching):
            continue
        box = _boxes(labels, len(labels.objects))[touching]
        middle = (box[:, :2] + box[:, 2:]) // 2
        _, cell_of, counts = np.unique(
            middle // _CROP_PX, axis=0, return_inverse=True, return_counts=True
        )
        best_cell = int(counts.argmax())
        x, y = np.median(middle[cell_of.ravel() == best_cell], axis=0).astype(int) - _CROP_PX // 2
        window = Window(int(x), int(y), _CROP_PX, _CROP_PX).intersection(grid.window)
        if not window.is_empty() and (best is None or int(counts.max()) > best[0]):
            best = (int(counts.max()), number, window)
    if best is None:
        return None
    _, number, window = best
    _, labels, tally, _ = loaded[number]
    objects = top_objects(labels, window)
    groups = np.where(objects >= 0, tally.root[objects], -1)
    return Crop(number, window, objects, groups)
