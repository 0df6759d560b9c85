"""A scene's labels: read near the image, repaired, classed, in pixel space."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polychip.crs import (
    Operation,
)
from polychip.errors import InputError, some
from polychip.io.vector import (
    LayerInfo,
    VectorTable,
    describe_layer,
    is_raster_path,
    read_column,
    read_features,
    source_crs,
)
from polychip.labels.footprint import Footprint, clip_far
from polychip.labels.geometry import REPAIR_METHOD
from polychip.labels.labelset import NO_OBJECT, LabelSet, SourceFeatures, assemble
from polychip.labels.outlines import outlines_of
from polychip.labels.placed import PlacedPolygons, placed, placed_wkb
from polychip.labels.polygons import repaired_polygons
from polychip.labels.project import pixel_edges
from polychip.recipe import LabelSource, MaskOptions, SchemaOptions
from polychip.scenes.attributes import (
    class_codes,
    class_field,
    confidences,
    feature_names,
    instance_field_of,
    namespaces,
    require_field,
    texts,
)
from polychip.scenes.explode import explode, shared_ids
from polychip.scenes.place import ScenePlace, place_layer
from polychip.scenes.reports import SceneReport, SourceReport
from polychip.scenes.widths import grown, widened
from polychip.schema import LabelSchema


def load_scene_labels(
    place: ScenePlace,
    sources: Sequence[LabelSource],
    schema: LabelSchema,
    options: SchemaOptions,
    masks: MaskOptions,
    *,
    chip_shape: tuple[int, int],
    known: Sequence[tuple[str, LayerInfo | None]] | None = None,
    store: Path | None = None,
) -> tuple[LabelSet, SceneReport]:
    """Everything that lies near the scene, in painting order.

    Args:
        chip_shape: (height, width) in pixels, for the most objects that a chip can hold.
        known: of each source its namespace, and its layer if somebody has looked at that; default:
            by `namespaces`.
        store: folder in which the label set will be saved: edges go there at once where that is
            possible. None: they stay in memory.

    Raises:
        InputError: the labels can't be read, placed or classed.
    """
    vectors = [
        (source, name, info)
        for source, (name, info) in zip(
            sources, known or [(name, None) for name in namespaces(sources)], strict=True
        )
        if not is_raster_path(source.path)
    ]
    loaded, reports = [], []
    if len(vectors) > 1 or masks.keep_tiny or masks.explode_parts:
        store = None  # other edges will be saved than those of the file
    for source, name, info in vectors:
        layer = info or describe_layer(source)
        features, found = _load_source(place, source, layer, schema, options, name, masks, store)
        loaded.append(features)
        reports.append(found)
    image = place.grid.window
    labels = assemble(
        loaded,
        schema,
        image,
        objects=masks.mode != "semantic",
        all_touched=masks.all_touched,
        keep_tiny=masks.keep_tiny,
        all_edges=needs_all_edges(masks),
    )
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
    tiny = labels.codes[on_image & ~labels.burns]
    return SceneReport(
        scene=place.name,
        sources=reports,
        n_features=len(labels.codes),
        n_burned=int(np.count_nonzero(labels.burns)),
        n_objects=int(np.count_nonzero(labels.objects.area_px)),
        features_by_class=_count_names(labels.codes[on_image], names),
        tiny_by_class=_count_names(tiny, names),
        off_image=int(np.count_nonzero(~on_image)),
    )


def _count_names(codes: NDArray[np.int64], names: dict[int, str]) -> dict[str, int]:
    counts = np.bincount(codes)
    return {names[code]: int(counts[code]) for code in np.flatnonzero(counts).tolist()}


def _load_source(
    place: ScenePlace,
    source: LabelSource,
    info: LayerInfo,
    schema: LabelSchema,
    options: SchemaOptions,
    namespace: str,
    masks: MaskOptions,
    store: Path | None,
) -> tuple[SourceFeatures, SourceReport]:
    report = SourceReport(path=source.path, layer=info.layer, bounds=info.bounds)
    class_name, one_class, note = class_field(source, options, info)
    if note:
        report.notes.append(note)
    instance_field = instance_field_of(source, options, info, report)
    for name, what in ((source.id_field, "id_field"), (source.width_field, "width_field")):
        if name is not None:
            require_field(info, name, what)
    sure = masks.confidence.field if "confidence" in masks.targets else None
    if sure is not None:
        require_field(info, sure, "masks.confidence.field")
    wanted = [class_name, instance_field, source.id_field, source.width_field, sure]
    columns = list(dict.fromkeys(name for name in wanted if name is not None))
    table, polygons, around = _read_polygons(
        place, source, info, columns, report, all_edges=needs_all_edges(masks), store=store
    )
    alive = polygons.alive
    report.n_near = len(table.fids)

    def column(name: str | None) -> list[str | None]:
        return [None] * len(alive) if name is None else texts(table.columns[name][alive])

    fids = feature_names(source, info, column(source.id_field), table.fids[alive])
    report.repaired = [fids[i] for i in polygons.repaired]
    values = [one_class] * len(alive) if one_class is not None else column(class_name)
    codes = class_codes(values, fids, schema, source, class_name, report)
    shapes, instances = polygons.shapes, column(instance_field)
    edges, confidence = polygons.edges, None
    if sure is not None:
        values_told = table.columns[sure][alive].tolist()
        confidence = confidences(values_told, fids, masks.confidence, source, report)
    if masks.explode_parts:
        things = np.isin(codes, [entry.code for entry in schema.classes if entry.thing])
        whole = texts(read_column(source, info, instance_field)) if instance_field else []
        every = shapes(np.arange(len(alive)))
        parts = explode(every, things, fids, instances, shared_ids(whole))
        instances, codes = parts.instances, codes[parts.feature]
        fids = [fids[i] for i in parts.feature]
        confidence = None if confidence is None else confidence[parts.feature]
        cut = clip_far(parts.geometry, around)
        shapes = parts.geometry.__getitem__
        edges = pixel_edges(
            outlines_of(cut), cut.__getitem__, around, all_edges=needs_all_edges(masks)
        )
    return SourceFeatures(shapes, edges, codes, fids, instances, namespace, confidence), report


def needs_all_edges(masks: MaskOptions) -> bool:
    """Whether edges matter that cross no row of pixel centres."""
    return masks.all_touched or masks.keep_tiny or "coverage" in masks.targets


def placed_features(
    geometry: NDArray[np.object_],
    around: Footprint,
    codes: NDArray[np.int64],
    fids: Sequence[str],
    instances: list[str | None],
    namespace: str,
    masks: MaskOptions,
) -> SourceFeatures:
    """Valid polygons in pixel space, cut where they reach far beyond the image.

    Args:
        geometry: in the CRS that `around` is in; the other arguments have an entry a geometry.
    """
    near = clip_far(geometry, around)
    edges = pixel_edges(
        outlines_of(near), near.__getitem__, around, all_edges=needs_all_edges(masks)
    )
    return SourceFeatures(geometry.__getitem__, edges, codes, fids, instances, namespace)


def _read_polygons(
    place: ScenePlace,
    source: LabelSource,
    info: LayerInfo,
    columns: Sequence[str],
    report: SourceReport,
    *,
    all_edges: bool,
    store: Path | None,
) -> tuple[VectorTable, PlacedPolygons, Footprint]:
    """Valid polygons near the scene, in a CRS that is placed."""
    crs_wkt = source_crs(source, info)
    operation, around = place_layer(place, crs_wkt, source.shift_px)
    boxes = around.read_boxes()
    has_width = source.buffer_m is not None or source.width_field is not None
    if has_width:
        boxes = grown(boxes, _widest(source, info), crs_wkt, *place.middle)
    table = read_features(source, info, columns, boxes)
    if has_width:
        distance = _distances(source, table)
        wide, crs_wkt = widened(table.geometry, distance, crs_wkt, around, place.middle)
        operation, around = place_layer(place, crs_wkt, source.shift_px)
        repaired = [repaired_polygons(wide, around)]
        polygons = placed(repaired, around, all_edges=all_edges, store=store)
    else:
        polygons = placed_wkb(table.wkb, around, all_edges=all_edges, store=store)
    if polygons.no_area.any():
        raise _no_area(source, info, table, polygons.no_area)
    report.n_empty, report.n_unreadable = polygons.n_empty, polygons.n_unreadable
    if len(polygons.repaired):
        report.notes.append(
            f"invalid geometries: {len(polygons.repaired)}, repaired by {REPAIR_METHOD}"
        )
    report.operation = _operation_entry(operation)
    if source.shift_px is not None:
        report.shift_px = source.shift_px
        report.warnings.append(
            f"labels.shift_px moves '{info.layer}' by {source.shift_px[0]:g} columns and "
            f"{source.shift_px[1]:g} rows"
        )
    _warn_of_accuracy(place, operation, report)
    return table, polygons, around


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
