"""A scene's labels: read near the image, repaired, classed, in pixel space."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.burn.edges import EdgeSet, build_edges
from polychip.crs import (
    Operation,
    choose_operation,
    is_geographic,
    lonlat_bounds,
    unit_in_metres,
)
from polychip.errors import InputError, nearest, some
from polychip.grid import Grid, Window
from polychip.io.vector import (
    LayerInfo,
    VectorTable,
    describe_layer,
    is_raster_path,
    read_column,
    read_features,
    source_crs,
)
from polychip.labels.geometry import REPAIR_METHOD, Repaired, repair
from polychip.labels.labelset import NO_OBJECT, LabelSet, SourceFeatures, assemble
from polychip.labels.project import Box, Footprint, clip_far, footprint, pixel_edges
from polychip.recipe import CLASS_FIELD_NAMES, LabelSource, SchemaOptions, VectorSource
from polychip.scenes.widths import METRES_PER_DEGREE, grown, widened
from polychip.schema import LabelSchema, as_whole_number

_CLASS_OF_LAYER = "fixed class"


@dataclass(frozen=True, slots=True)
class ScenePlace:
    """The grid that a scene's labels are brought onto."""

    name: str
    grid: Grid
    padded: Window
    """The image's pixels and all chips' padding."""
    allow_ballpark: bool = False

    @property
    def lonlat(self) -> tuple[float, float, float, float]:
        """(west, south, east, north) in degrees; NaN where that means nothing."""
        return lonlat_bounds(self.grid.crs_wkt, self.grid.outline(self.padded))

    @property
    def middle(self) -> tuple[float, float]:
        """(longitude, latitude) in degrees, also where the scene crosses the antimeridian."""
        west, south, east, north = self.lonlat
        return west + ((east - west) % 360.0) / 2, (south + north) / 2

    @property
    def pixel_m(self) -> float | None:
        """The shorter side of a pixel in metres, roughly; None for an unknown unit."""
        side = min(self.grid.pixel_size)
        if is_geographic(self.grid.crs_wkt):
            south, north = self.lonlat[1], self.lonlat[3]
            return side * METRES_PER_DEGREE * max(math.cos(math.radians((south + north) / 2)), 0.01)
        unit = unit_in_metres(self.grid.crs_wkt)
        return None if unit is None else side * unit


@dataclass(slots=True)
class SourceReport:
    """What was found in one label source near one scene."""

    path: str
    layer: str
    n_near: int = 0
    """Features near the image."""
    n_empty: int = 0
    n_unreadable: int = 0
    n_unknown: int = 0
    """Features of unknown or missing class, burned as ignore (schema.unknown = 'ignore')."""
    repaired: list[str] = field(default_factory=list)
    """The names of the invalid features."""
    operation: dict[str, Any] = field(default_factory=dict)
    bounds: Box | None = None
    """Of the whole layer, in its own CRS."""
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class SceneReport:
    """What was found in all label sources near one scene."""

    scene: str
    sources: list[SourceReport]
    n_features: int
    n_burned: int
    """Features that cover at least one pixel of the image."""
    n_objects: int
    """Objects that cover at least one pixel of the image."""
    features_by_class: dict[str, int]
    tiny_by_class: dict[str, int]
    """Features on the image too small to hold a pixel's centre."""
    off_image: int
    """Features read near the image that do not reach it."""
    n_extents: int | None = None
    """Polygons of the extent near the image; None where no extent was given."""
    most_objects: int = 0
    """Upper bound of the objects in one chip."""


def namespaces(sources: Sequence[LabelSource]) -> list[str]:
    """For each source the namespace of its instance ids: given, else file and layer.

    Files of the same name in different folders get a number.
    """
    names: dict[tuple[str, str | None], str] = {}
    taken: Counter[str] = Counter()
    result = []
    for source in sources:
        if source.namespace is not None:
            result.append(source.namespace)
            continue
        key = (source.path, source.layer)
        if key not in names:
            base = Path(source.path).name + (f"|{source.layer}" if source.layer else "")
            taken[base] += 1
            names[key] = base if taken[base] == 1 else f"{base}#{taken[base]}"
        result.append(names[key])
    return result


def class_field(
    source: LabelSource, options: SchemaOptions, info: LayerInfo
) -> tuple[str | None, str | None, str]:
    """(field, fixed class name, note): where a source's class comes from; one of the two is None.

    Raises:
        InputError: a named field is missing, or several fields could be meant.
    """
    if source.class_name is not None:
        return None, source.class_name, ""
    named = source.class_field or options.class_field
    if named is not None:
        require_field(info, named, "class field")
        return named, None, ""
    found = [name for name in info.fields if name.casefold() in CLASS_FIELD_NAMES]
    if len(found) > 1:
        raise InputError(
            f"{info.path}: layer '{info.layer}' has {len(found)} fields that could hold the "
            f"class ({some(found)}); say which with schema.class_field (--class-field)"
        )
    if found:
        return found[0], None, f"class field: '{found[0]}' (found by its name)"
    note = (
        f"no class field given or found: all features of '{info.layer}' are one class, "
        f"'{info.layer}'"
    )
    return None, info.layer, note


def require_field(info: LayerInfo, name: str, what: str) -> None:
    """Raise InputError where a layer lacks a field."""
    if name not in info.fields:
        raise InputError(
            f"{info.path}: layer '{info.layer}' has no field '{name}' ({what})"
            f"{nearest(name, info.fields)}; it has {some(info.fields) or 'no fields'}"
        )


def as_text(value: object) -> str | None:
    """A field's value as text; None for null. Whole floats lose their '.0'."""
    if value is None:
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, float | np.floating):
        if math.isnan(value):
            return None
        return str(int(value)) if value == int(value) else repr(float(value))
    return str(value)


def texts(values: NDArray[Any]) -> list[str | None]:
    """`as_text` of each value; alike values share one text."""
    items = values.tolist()
    known = {value: as_text(value) for value in set(items)}
    return [known[value] for value in items]


def distinct_classes(sources: Sequence[LabelSource], options: SchemaOptions) -> list[str]:
    """All class values of the sources, the whole layers read; for labels without a schema.

    Raises:
        InputError: a source can't be read or its class field is unclear.
    """
    found: set[str] = set()
    seen = set()
    for source in sources:
        key = source.model_dump_json()
        if key in seen or is_raster_path(source.path):
            continue
        seen.add(key)
        info = describe_layer(source)
        name, fixed, _ = class_field(source, options, info)
        if fixed is not None:
            found.add(fixed)
        elif name is not None:
            values = texts(read_column(source, info, name))
            found.update(value for value in values if value is not None)
    return sorted(found)


def load_scene_labels(
    place: ScenePlace,
    sources: Sequence[LabelSource],
    schema: LabelSchema,
    options: SchemaOptions,
    *,
    all_touched: bool,
    keep_tiny: bool,
    chip_shape: tuple[int, int],
    names: Sequence[str] | None = None,
) -> tuple[LabelSet, SceneReport]:
    """Everything that lies near the scene, in painting order.

    Args:
        chip_shape: (height, width) in pixels, for the most objects that a chip can hold.
        names: the sources' namespaces; default: by `namespaces`.

    Raises:
        InputError: the labels can't be read, placed or classed.
    """
    vectors = [
        (source, name)
        for source, name in zip(sources, names or namespaces(sources), strict=True)
        if not is_raster_path(source.path)
    ]
    loaded, reports = [], []
    for source, name in vectors:
        features, found = _load_source(place, source, schema, options, name)
        loaded.append(features)
        reports.append(found)
    image = place.grid.window
    labels = assemble(loaded, schema, image, all_touched=all_touched, keep_tiny=keep_tiny)
    report = _scene_report(place, labels, reports, schema)
    report.most_objects = most_objects(labels, chip_shape)
    return labels, report


def most_objects(labels: LabelSet, chip_shape: tuple[int, int]) -> int:
    """Upper bound of the objects in any chip of that shape, wherever it lies.

    A chip touches at most 2 × 2 cells of a lattice of its own shape.
    """
    box = labels.edges.box[labels.object_of != NO_OBJECT]
    if len(box) <= 1 or len(box) < np.prod(chip_shape) // 256:
        return len(box)
    height, width = chip_shape
    cells = np.stack((box[:, 0] // width, box[:, 1] // height), axis=1)
    ends = np.stack(((box[:, 2] - 1) // width, (box[:, 3] - 1) // height), axis=1)
    origin, shape = cells.min(axis=0), ends.max(axis=0) - cells.min(axis=0) + 1
    counts = np.zeros(shape + 2, dtype=np.int64)
    (x0, y0), (x1, y1) = (cells - origin).T, (ends - origin).T
    for x, y, sign in ((x0, y0, 1), (x1 + 1, y0, -1), (x0, y1 + 1, -1), (x1 + 1, y1 + 1, 1)):
        np.add.at(counts, (x, y), sign)
    per_cell = counts.cumsum(axis=0).cumsum(axis=1)
    four = per_cell[:-1, :-1] + per_cell[1:, :-1] + per_cell[:-1, 1:] + per_cell[1:, 1:]
    return int(four.max())


def _scene_report(
    place: ScenePlace, labels: LabelSet, reports: list[SourceReport], schema: LabelSchema
) -> SceneReport:
    image = place.grid.window
    box = labels.edges.box
    on_image = (
        (box[:, 0] < image.x_end) & (box[:, 2] > 0) & (box[:, 1] < image.y_end) & (box[:, 3] > 0)
    )
    names = {entry.code: entry.name for entry in schema.classes} | {schema.ignore: "ignore"}
    tiny = labels.codes[on_image & (labels.area_px == 0)]
    return SceneReport(
        scene=place.name,
        sources=reports,
        n_features=len(labels.fids),
        n_burned=int(np.count_nonzero(labels.area_px)),
        n_objects=int(np.count_nonzero(labels.objects.area_px)),
        features_by_class=_count_names(labels.codes[on_image], names),
        tiny_by_class=_count_names(tiny, names),
        off_image=int(np.count_nonzero(~on_image)),
    )


def _count_names(codes: NDArray[np.int64], names: dict[int, str]) -> dict[str, int]:
    values, counts = np.unique(codes, return_counts=True)
    return {names[int(v)]: int(n) for v, n in zip(values, counts, strict=True)}


def _load_source(
    place: ScenePlace,
    source: LabelSource,
    schema: LabelSchema,
    options: SchemaOptions,
    namespace: str,
) -> tuple[SourceFeatures, SourceReport]:
    info = describe_layer(source)
    report = SourceReport(path=source.path, layer=info.layer, bounds=info.bounds)
    class_name, one_class, note = class_field(source, options, info)
    if note:
        report.notes.append(note)
    instance_field = _instance_field(source, options, info, report)
    for name, what in ((source.id_field, "id_field"), (source.width_field, "width_field")):
        if name is not None:
            require_field(info, name, what)
    wanted = [class_name, instance_field, source.id_field, source.width_field]
    columns = list(dict.fromkeys(name for name in wanted if name is not None))
    polygons, table, around = _read_polygons(place, source, info, columns, report)
    alive = np.flatnonzero(~shapely.is_missing(polygons.geometry))
    report.n_near = len(table.fids)

    def column(name: str | None) -> list[str | None]:
        return [None] * len(alive) if name is None else texts(table.columns[name][alive])

    fids = _names(source, info, column(source.id_field), table.fids[alive])
    report.repaired = [fids[i] for i in np.flatnonzero(polygons.invalid[alive])]
    values = [one_class] * len(alive) if one_class is not None else column(class_name)
    codes = _codes(values, fids, schema, source, class_name, report)
    geometry = polygons.geometry[alive]
    edges = pixel_edges(clip_far(geometry, around), around)
    return (
        SourceFeatures(geometry, edges, codes, fids, column(instance_field), namespace),
        report,
    )


def _instance_field(
    source: LabelSource, options: SchemaOptions, info: LayerInfo, report: SourceReport
) -> str | None:
    if source.instance_field is not None:
        require_field(info, source.instance_field, "instance field")
        return source.instance_field
    if options.instance_field is None:
        return None
    if options.instance_field not in info.fields and source.class_name is not None:
        report.notes.append(
            f"'{info.layer}' has no field '{options.instance_field}': each feature is an object"
        )
        return None
    require_field(info, options.instance_field, "instance field")
    return options.instance_field


def _names(
    source: LabelSource, info: LayerInfo, ids: list[str | None], fids: NDArray[np.int64]
) -> list[str]:
    """Each feature's name, which must be its own."""
    if source.id_field is None:
        return [str(fid) for fid in fids.tolist()]
    missing = [fid for fid, name in zip(fids.tolist(), ids, strict=True) if name is None]
    names = [name for name in ids if name is not None]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if missing or twice:
        what = (
            f"{len(missing)} features have none (feature numbers {some(missing)})"
            if missing
            else f"{len(twice)} occur more than once ({some(twice)})"
        )
        raise InputError(
            f"{info.path}: id_field '{source.id_field}' must name each feature of layer "
            f"'{info.layer}': {what}; correct the field, or leave id_field out"
        )
    return names


def _codes(
    values: Sequence[str | None],
    fids: list[str],
    schema: LabelSchema,
    source: LabelSource,
    class_name: str | None,
    report: SourceReport,
) -> NDArray[np.int64]:
    lookup = schema.lookup()
    code_of = {value: _code(value, lookup) for value in set(values)}
    bad = [value for value, code in code_of.items() if code is None]
    if bad and schema.unknown == "error":
        raise _unknown_class(bad, values, fids, schema, source, class_name)
    report.n_unknown = sum(1 for value in values if code_of[value] is None)
    if report.n_unknown:
        known = sorted({str(v) for v in bad})
        report.warnings.append(
            f"{report.n_unknown} features of unknown class ({some(known)}) are burned as ignore"
        )
    filled = {v: schema.ignore if code is None else code for v, code in code_of.items()}
    return np.array([filled[value] for value in values], dtype=np.int64)


def _code(value: str | None, lookup: dict[str, int]) -> int | None:
    if value is None or value in lookup:
        return None if value is None else lookup[value]
    number = as_whole_number(value)
    return None if number is None else lookup.get(str(number))


def _unknown_class(
    bad: list[str | None],
    values: Sequence[str | None],
    fids: list[str],
    schema: LabelSchema,
    source: LabelSource,
    class_name: str | None,
) -> InputError:
    first = min(bad, key=lambda value: (value is None, value or ""))
    which = [fid for fid, value in zip(fids, values, strict=True) if value == first]
    found = "no class (null)" if first is None else f"class '{first}'"
    rest = "" if len(bad) == 2 else "s"
    others = f"; {len(bad) - 1} more unknown value{rest}" if len(bad) > 1 else ""
    explain = "" if first is None else f", {schema.explain_unknown(first)}"
    where = f" in field '{class_name}'" if class_name else ""
    noun = "feature has" if len(which) == 1 else "features have"
    return InputError(
        f"{source.path}: {len(which)} {noun} {found}{where} (ids {some(which)}){explain}{others}; "
        "fix the labels, add the class, or set schema.unknown = 'ignore'"
    )


def place_layer(place: ScenePlace, crs_wkt: str) -> tuple[Operation, Footprint]:
    """The operation from a layer's CRS to the scene's grid, and the scene's place in that CRS.

    Raises:
        InputError: there is none, or only a ballpark one.
    """
    operation = choose_operation(
        crs_wkt, place.grid.crs_wkt, place.lonlat, allow_ballpark=place.allow_ballpark
    )
    return operation, footprint(place.grid, place.padded, operation, crs_wkt)


def _read_polygons(
    place: ScenePlace,
    source: LabelSource,
    info: LayerInfo,
    columns: Sequence[str],
    report: SourceReport,
) -> tuple[Repaired, VectorTable, Footprint]:
    """Valid polygons near the scene, in a CRS that is placed."""
    crs_wkt = source_crs(source, info)
    operation, around = place_layer(place, crs_wkt)
    boxes = around.read_boxes()
    has_width = source.buffer_m is not None or source.width_field is not None
    if has_width:
        boxes = grown(boxes, _widest(source, info), crs_wkt, *place.middle)
    table = read_features(source, info, columns, boxes)
    geometry = table.geometry
    if has_width:
        distance = _distances(source, table)
        geometry, crs_wkt = widened(geometry, distance, crs_wkt, around, place.middle)
        operation, around = place_layer(place, crs_wkt)
    fixed = repair(geometry)
    if fixed.no_area.any():
        raise _no_area(source, info, table, fixed.no_area)
    report.n_empty = int(fixed.empty.sum()) - table.n_unreadable
    report.n_unreadable = table.n_unreadable
    if fixed.invalid.any():
        report.notes.append(f"{int(fixed.invalid.sum())} invalid geometries: {REPAIR_METHOD}")
    report.operation = _operation_entry(operation)
    _warn_of_accuracy(place, operation, report)
    return fixed, table, around


def _operation_entry(operation: Operation) -> dict[str, Any]:
    return {
        "source": operation.source,
        "target": operation.target,
        "name": operation.name,
        "pipeline": operation.pipeline,
        "accuracy_m": operation.accuracy_m,
        "ballpark": operation.ballpark,
    }


def _warn_of_accuracy(place: ScenePlace, operation: Operation, report: SourceReport) -> None:
    if operation.ballpark:
        report.warnings.append(
            f"{operation.source} to {operation.target} is only a ballpark transformation: masks "
            "may be off by 100 m and more"
        )
    elif operation.accuracy_m and place.pixel_m and operation.accuracy_m > place.pixel_m / 2:
        report.warnings.append(
            f"{operation.source} to {operation.target} ({operation.name}) is accurate to "
            f"{operation.accuracy_m:g} m, worse than half a pixel ({place.pixel_m / 2:.3g} m)"
        )


def _no_area(
    source: LabelSource, info: LayerInfo, table: VectorTable, no_area: NDArray[np.bool_]
) -> InputError:
    kinds = sorted({table.geometry[i].geom_type for i in np.flatnonzero(no_area)})
    ids = table.fids[no_area].tolist()
    return InputError(
        f"{source.path}: layer '{info.layer}' has {len(ids)} features that are {some(kinds)} "
        f"(feature numbers {some(ids)}), which cover no pixels; give them a width with "
        "labels.buffer_m or labels.width_field (--buffer-m), or leave them out with labels.where"
    )


def _distances(source: LabelSource, table: VectorTable) -> NDArray[np.float64]:
    """How far each feature reaches to each side, in metres."""
    if source.width_field is None:
        return np.full(len(table.fids), source.buffer_m or 0.0)
    widths = texts(table.columns[source.width_field])
    return np.array([float(value or 0) for value in widths], dtype=np.float64) / 2


def _widest(source: LabelSource, info: LayerInfo) -> float:
    """How far the widest feature of a layer reaches, in metres; the whole layer is read for it."""
    if source.width_field is None:
        return source.buffer_m or 0.0
    table = read_features(source, info, [source.width_field], None)
    return float(_distances(source, table).max(initial=0.0))


def load_extent(place: ScenePlace, sources: Sequence[VectorSource]) -> EdgeSet:
    """The edges of everything that was looked at; an owner a polygon, none far from the image.

    Raises:
        InputError: a layer can't be read or placed.
    """
    points, owners, total = [], [], 0
    for source in sources:
        info = describe_layer(source)
        _, around = place_layer(place, source_crs(source, info))
        table = read_features(source, info, [], around.read_boxes())
        fixed = repair(table.geometry)
        geometry = clip_far(fixed.geometry[~shapely.is_missing(fixed.geometry)], around)
        edges = pixel_edges(geometry, around)
        points.append(edges.points)
        owners.append(edges.owner + total)
        total += len(geometry)
    if not total:
        points, owners = [np.empty((0, 4))], [np.empty(0, dtype=np.int64)]
    return build_edges(
        np.concatenate(points), np.concatenate(owners), np.arange(total), all_edges=False
    )
