"""What is checked: the labels in a plane, the images they belong to, what was looked at."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.burn.edges import EdgeSet, index_edges
from polychip.burn.runs import count_pixels
from polychip.errors import InputError
from polychip.io.placement import LayerPlan
from polychip.io.vector import (
    LayerInfo,
    describe_layer,
    is_raster_path,
    read_features,
    source_crs,
)
from polychip.labels.footprint import clip_far
from polychip.labels.geometry import repair
from polychip.labels.outlines import outlines_of
from polychip.labels.project import pixel_edges
from polychip.quality.checks.plane import Plane, image_plane, metre_plane
from polychip.recipe import GridOptions, LabelSource, Scene, SchemaOptions, VectorSource
from polychip.requests import scene_tables
from polychip.scenes.attributes import class_field, feature_names, require_field, texts
from polychip.scenes.imagery import SceneImagery, open_imagery
from polychip.scenes.place import ScenePlace, place_layer
from polychip.schema import LabelSchema, as_whole_number

UNKNOWN = -1
"""Code of features whose class the schema does not know, or that have none."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to check, against what."""

    labels: LabelSource
    images: tuple[str, ...] = ()
    extent: tuple[VectorSource, ...] = ()
    options: SchemaOptions = field(default_factory=SchemaOptions)
    """The schema, its class field and instance field."""
    pixel_m: float | None = None
    """Side of the pixels, where there is no image to tell."""
    dates: tuple[str, str] | None = None
    """First and last day (YYYY-MM-DD) that a label may be of."""
    date_field: str | None = None
    gap_px: float = 0.5
    """Gaps and open neighbours narrower than this are problems."""
    chip_px: int = 512
    allow_ballpark: bool = False


@dataclass(frozen=True, slots=True)
class ImageSeen:
    """An image, and the labels burned on it."""

    name: str
    imagery: SceneImagery
    edges: EdgeSet
    """Of all features near it; an owner a feature, numbered as in the layer."""
    area_px: NDArray[np.int64]
    """(n_features,) pixels whose centre a feature holds on this image, before any overlap."""
    inside: NDArray[np.bool_]
    """(n_features,) whether the feature's polygon meets the image."""

    @property
    def layer(self) -> LayerPlan:
        """The image's first layer."""
        return self.imagery.layers[0][1]


@dataclass(frozen=True, slots=True)
class Subject:
    """Labels, ready to be checked. Arrays and lists have an entry a feature."""

    request: Request
    info: LayerInfo
    crs_wkt: str
    plane: Plane
    fids: list[str]
    raw: NDArray[np.object_]
    """As in the file."""
    flat: NDArray[np.object_]
    """The same in the plane, invalid ones too; None where nothing can be placed."""
    shapes: NDArray[np.object_]
    """Valid polygons in the plane; None where nothing is left."""
    invalid: NDArray[np.bool_]
    empty: NDArray[np.bool_]
    no_area: NDArray[np.bool_]
    """Lines and points."""
    class_name: str | None
    """The class field; None where all features are one class."""
    classes: list[str | None]
    codes: NDArray[np.int64]
    """By the schema; UNKNOWN where it knows nothing."""
    schema: LabelSchema | None
    """As declared; None without one."""
    instances: list[str | None] | None
    """None without an instance field."""
    dates: list[str | None] | None
    images: tuple[ImageSeen, ...]

    def __len__(self) -> int:
        """Number of features."""
        return len(self.fids)

    @property
    def known(self) -> NDArray[np.int64]:
        """Features with a polygon."""
        return np.flatnonzero(~shapely.is_missing(self.shapes))

    def places(self, index: Sequence[int] | NDArray[np.int64]) -> NDArray[np.object_]:
        """Features as they are in the file, as places of problems."""
        return self.raw[np.asarray(index, dtype=np.int64)]


def look_at(request: Request) -> Subject:
    """Read labels and images.

    Raises:
        InputError: something can't be read or placed.
    """
    source = request.labels
    if is_raster_path(source.path):
        raise InputError(f"{source.path}: check looks at polygons; this is a raster")
    info = describe_layer(source)
    crs_wkt = source_crs(source, info)
    imagery = [(name, _open(name, files)) for name, files in _scenes(request.images)]
    plane = (
        image_plane(
            crs_wkt,
            imagery[0][1].grid,
            allow_ballpark=request.allow_ballpark,
            shift_px=source.shift_px,
        )
        if imagery
        else metre_plane(crs_wkt, info.bounds, request.pixel_m)
    )
    options = request.options
    class_name, fixed, _ = class_field(source, options, info)
    columns = {
        "class field": class_name,
        "instance field": source.instance_field or options.instance_field,
        "id_field": source.id_field,
        "date field": request.date_field,
    }
    for what, name in columns.items():
        if name is not None:
            require_field(info, name, what)
    wanted = list(dict.fromkeys(name for name in columns.values() if name is not None))
    table = read_features(source, info, wanted, None)

    def column(name: str | None) -> list[str | None] | None:
        return None if name is None else texts(table.columns[name])

    fids = list(feature_names(source, info, column(source.id_field) or [], table.fids))
    classes = column(class_name) or [fixed] * len(fids)
    schema = options.build()
    fixed_shapes = repair(table.geometry)
    flat = plane.flat(table.geometry)
    shapes = flat.copy()
    shapes[fixed_shapes.invalid] = plane.flat(fixed_shapes.geometry[fixed_shapes.invalid])
    shapes = _valid(shapes)
    shapes[fixed_shapes.empty | fixed_shapes.no_area] = None
    return Subject(
        request=request,
        info=info,
        crs_wkt=crs_wkt,
        plane=plane,
        fids=fids,
        raw=table.geometry,
        flat=flat,
        shapes=shapes,
        invalid=fixed_shapes.invalid,
        empty=fixed_shapes.empty,
        no_area=fixed_shapes.no_area,
        class_name=class_name,
        classes=classes,
        codes=_codes(classes, schema),
        schema=schema,
        instances=column(columns["instance field"]),
        dates=column(request.date_field),
        images=tuple(
            _burn(name, opened, fixed_shapes.geometry, crs_wkt, request) for name, opened in imagery
        ),
    )


def _scenes(images: Sequence[str]) -> list[tuple[str, list[str]]]:
    if not images:
        return []
    return [(table["name"], table["image"]) for table in scene_tables(images, "scenes")]


def _open(name: str, files: list[str]) -> SceneImagery:
    scene = Scene(name=name, image=files, labels=[LabelSource(path="labels")])
    return open_imagery(scene, GridOptions())


def _valid(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Shapes that rounding in the plane made invalid are mended again."""
    bad = ~shapely.is_missing(shapes) & ~shapely.is_valid(shapes)
    if bad.any():
        shapes[bad] = repair(shapes[bad]).geometry
    return shapes


def _codes(classes: Sequence[str | None], schema: LabelSchema | None) -> NDArray[np.int64]:
    """Codes by the schema; without one, classes are numbered in sorted order."""
    values = sorted({value for value in classes if value is not None})
    if schema is None:
        lookup = {value: number for number, value in enumerate(values, start=1)}
    else:
        known = schema.lookup()
        lookup = {}
        for value in values:
            number = as_whole_number(value)
            code = known.get(value, None if number is None else known.get(str(number)))
            lookup[value] = UNKNOWN if code is None else code
    return np.array(
        [UNKNOWN if value is None else lookup[value] for value in classes], dtype=np.int64
    )


def _burn(
    name: str,
    imagery: SceneImagery,
    geometry: NDArray[np.object_],
    crs_wkt: str,
    request: Request,
) -> ImageSeen:
    """The labels near an image, as the export would burn them."""
    grid = imagery.grid
    place = ScenePlace(name, grid, grid.window, allow_ballpark=request.allow_ballpark)
    _, around = place_layer(place, crs_wkt, request.labels.shift_px)
    boxes = [shapely.box(*box) for box in around.read_boxes()]
    present = ~shapely.is_missing(geometry)
    near = np.zeros(len(geometry), dtype=np.bool_)
    for part in boxes:
        near[present] |= shapely.intersects(geometry[present], part)
    chosen = np.flatnonzero(near)
    clipped = clip_far(geometry[chosen], around)
    chosen, clipped = _with_area(chosen, clipped)
    every = np.full(len(geometry), None, dtype=object)
    every[chosen] = clipped
    numbers = np.arange(len(geometry))
    edges = pixel_edges(outlines_of(every), every.__getitem__, around, all_edges=True)
    built = index_edges(edges.flat, numbers)
    box = built.box
    inside = (
        near & (box[:, 0] < grid.width) & (box[:, 2] > 0)
        & (box[:, 1] < grid.height) & (box[:, 3] > 0)
    )  # fmt: skip
    return ImageSeen(name, imagery, built, count_pixels(built, grid.window, numbers), inside)


def _with_area(chosen: NDArray[np.int64], clipped: NDArray[np.object_]) -> tuple[Any, Any]:
    kept = ~shapely.is_missing(clipped) & ~shapely.is_empty(clipped)
    return chosen[kept], clipped[kept]
