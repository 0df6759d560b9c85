"""A scene's labels read a second time, with GeoPandas, for the independent painter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyproj
import rasterio
import shapely
from numpy.typing import NDArray

from polychip.grid import Grid, Window
from polychip.io.no_network import no_network
from polychip.io.raster import open_raster
from polychip.io.vector import local_file
from polychip.quality.painting import (
    NOTHING,
    CannotRepeatError,
    Carrier,
    Painting,
    Shapes,
    depth_of,
    feature_areas,
)
from polychip.recipe import (
    CLASS_FIELD_NAMES,
    ExtentSource,
    LabelSource,
    Recipe,
    Scene,
    VectorSource,
)
from polychip.scenes.attributes import namespaces

_PARQUET = (".parquet", ".geoparquet", ".pq")
_RASTER = (".tif", ".tiff", ".vrt", ".img", ".jp2", ".png", ".cog")


def has_raster_labels(scene: Scene) -> bool:
    """Whether a scene's classes come from a raster, too."""
    return any(source.path.lower().endswith(_RASTER) for source in scene.labels)


def read_painting(
    recipe: Recipe,
    scene: Scene,
    entry: Mapping[str, Any],
    schema: Mapping[str, Any],
    grid: Grid,
    least: Window,
) -> Painting:
    """Everything that was burned into a scene.

    Args:
        recipe: with paths that lead to the sources.
        scene: one of its scenes.
        entry: the scene in the manifest.
        schema: the manifest's.
        grid: the scene's.
        least: what image and chips cover at least; areas count in it.

    Raises:
        CannotRepeatError: the labels are such that this path doesn't follow.
    """
    _refuse(recipe, scene)
    most = _at_most(least, grid, *recipe.chips.height_width)
    names = namespaces([source for each in recipe.scenes for source in each.labels])
    first = _first_source(recipe, scene)
    parts = []
    for number, source in enumerate(scene.labels):
        pipeline = str(entry["labels"][number]["operation"]["pipeline"])
        shift = source.shift_px or (0.0, 0.0)
        frame = _read(source, grid, _reached(most, shift))
        geometry, kept = _polygons(frame)
        frame, keys = frame[kept], _keys(frame[kept], source, recipe, names[first + number])
        codes = _codes(frame, source, recipe, schema)
        if recipe.masks.explode_parts:
            ids = _shared_ids(source, recipe)
            things = {item["code"] for item in schema["classes"] if item["thing"]}
            named = _names(frame, source)
            geometry, codes, keys = _taken_apart(geometry, codes, keys, named, ids, things)
        shapes = Shapes.of(Carrier(grid, pipeline, _crs(frame, source), shift), geometry)
        parts.append(
            _Part(
                shapes,
                codes,
                keys,
                feature_areas(shapes, least, most),
            )
        )
    painting = _join(parts, schema, has_extent=bool(scene.extent))
    for extent in scene.extent:
        painting.extent.append(_read_extent(extent, grid, most, painting))
        painting.looked_for.append(_looked_for(extent, schema))
    return painting


def _reached(window: Window, shift_px: tuple[float, float]) -> Window:
    """The window and all that a shift may bring into it."""
    columns, rows = (int(abs(part)) + 1 if part else 0 for part in shift_px)
    x, y, width, height = window
    return Window(x - columns, y - rows, width + 2 * columns, height + 2 * rows)


def _at_most(least: Window, grid: Grid, height: int, width: int) -> Window:
    """What chips may cover at most; those that were left out are not in the index."""
    if grid.window == least:
        return least
    return least.union(Window(-width, -height, grid.width + 2 * width, grid.height + 2 * height))


@dataclass(frozen=True, slots=True)
class _Part:
    """The features of one source; lists have an entry a feature."""

    shapes: Shapes
    codes: list[int]
    keys: list[tuple[str, str]]
    area: NDArray[np.float64]


def _join(parts: list[_Part], schema: Mapping[str, Any], *, has_extent: bool) -> Painting:
    codes = [code for part in parts for code in part.codes]
    keys = [key for part in parts for key in part.keys]
    things = {item["code"] for item in schema["classes"] if item["thing"]}
    objects: dict[tuple[str, str], int] = {}
    own = [
        objects.setdefault(key, len(objects)) if code in things else NOTHING
        for key, code in zip(keys, codes, strict=True)
    ]
    depth = {code: depth_of(schema, code) for code in set(codes)}
    return Painting(
        layers=[part.shapes for part in parts],
        start=np.cumsum([0, *(len(part.codes) for part in parts)])[:-1].tolist(),
        code=np.array(codes, dtype=np.int64),
        depth=np.array([depth[code] for code in codes], dtype=np.int64),
        area=np.concatenate([part.area for part in parts]),
        object=np.array(own, dtype=np.int64),
        names=list(objects),
        has_extent=has_extent,
        all_classes=frozenset(
            int(item["code"])
            for item in schema["classes"]
            if item["code"] not in (schema["background"], schema["ignore"])
        ),
    )


def _refuse(recipe: Recipe, scene: Scene) -> None:
    if recipe.masks.all_touched:
        raise CannotRepeatError("all_touched masks are not painted again")
    if recipe.masks.keep_tiny:
        raise CannotRepeatError("keep_tiny masks are not painted again")
    if has_raster_labels(scene):
        raise CannotRepeatError(f"{scene.name} has raster labels, which are not painted again")
    for source in scene.labels:
        if source.buffer_m is not None or source.width_field is not None:
            raise CannotRepeatError(
                f"{scene.name} has buffered labels, which are not painted again"
            )


def _first_source(recipe: Recipe, scene: Scene) -> int:
    before = 0
    for each in recipe.scenes:
        if each.name == scene.name:
            break
        before += len(each.labels)
    return before


@no_network()
def _read(source: VectorSource, grid: Grid, around: Window) -> geopandas.GeoDataFrame:
    """Features near the scene; the feature number is the frame's index."""
    path = local_file(source.path)
    if path.lower().endswith(_PARQUET):
        frame = geopandas.read_parquet(path)
        frame.index = pd.RangeIndex(len(frame))
        return frame
    options: dict[str, Any] = {"fid_as_index": True, "engine": "pyogrio"}
    if source.layer is not None:
        options["layer"] = source.layer
    if source.where is not None:
        options["where"] = source.where
    head = geopandas.read_file(path, rows=1, **options)
    box = _box(grid, around, _crs(head, source))
    if box is not None:
        options["bbox"] = box
    return geopandas.read_file(path, **options)


def _box(grid: Grid, around: Window, crs_wkt: str) -> tuple[float, float, float, float] | None:
    """A generous box around the scene in a layer's CRS; None where it has no simple one."""
    outline = grid.outline(around)
    own = pyproj.CRS.from_wkt(grid.crs_wkt)
    move = pyproj.Transformer.from_crs(own, pyproj.CRS.from_user_input(crs_wkt), always_xy=True)
    x, y = move.transform(outline[:, 0], outline[:, 1])
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    wide, high = float(np.ptp(x)), float(np.ptp(y))
    if pyproj.CRS.from_user_input(crs_wkt).is_geographic and (
        wide > 180 or np.abs(x).max() > 179 or np.abs(y).max() > 89
    ):
        return None
    return (
        float(x.min()) - wide / 4, float(y.min()) - high / 4,
        float(x.max()) + wide / 4, float(y.max()) + high / 4,
    )  # fmt: skip


def _crs(frame: geopandas.GeoDataFrame, source: VectorSource) -> str:
    if frame.crs is not None:
        return str(frame.crs.to_wkt())
    if source.crs is None:
        raise CannotRepeatError(f"{source.path} states no CRS")
    return str(pyproj.CRS.from_user_input(source.crs).to_wkt())


def _polygons(frame: geopandas.GeoDataFrame) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Valid polygons, and which features have one."""
    geometry = shapely.force_2d(np.asarray(frame.geometry.to_numpy(), dtype=object))
    empty = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    bad = ~empty & ~shapely.is_valid(geometry)
    geometry[bad] = shapely.make_valid(geometry[bad], method="structure", keep_collapsed=False)
    for index in np.flatnonzero(shapely.get_type_id(geometry) == 7).tolist():
        polygons = [part for part in geometry[index].geoms if part.area > 0]
        geometry[index] = shapely.union_all(polygons)
    kept = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    return geometry[kept], kept


def _text(value: object) -> str | None:
    """A value as the schema writes it: whole numbers without a point, null for nothing."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NaT:
        return None
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value).strip() or None


def _texts(values: Iterable[object]) -> list[str | None]:
    return [_text(value.item() if isinstance(value, np.generic) else value) for value in values]


def _codes(
    frame: geopandas.GeoDataFrame, source: LabelSource, recipe: Recipe, schema: Mapping[str, Any]
) -> list[int]:
    known: dict[str, int] = {}
    for item in schema["classes"]:
        known |= {str(value): item["code"] for value in item["values"] or [item["name"]]}
    for item in schema["classes"]:
        if not item["values"]:
            known.setdefault(str(item["code"]), item["code"])
    codes = []
    for value in _class_values(frame, source, recipe):
        code = None if value is None else known.get(value)
        if code is None and value is not None:
            code = known.get(_text(_number(value)) or "")
        if code is None and recipe.schema_.unknown == "error":
            raise CannotRepeatError(f"{source.path} has features of class '{value}' now")
        codes.append(int(schema["ignore"]) if code is None else int(code))
    return codes


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _class_values(
    frame: geopandas.GeoDataFrame, source: LabelSource, recipe: Recipe
) -> list[str | None]:
    if source.class_name is not None:
        return [source.class_name] * len(frame)
    named = source.class_field or recipe.schema_.class_field
    if named is None:
        found = [name for name in frame.columns if str(name).casefold() in CLASS_FIELD_NAMES]
        if not found:
            layer = source.layer or _only_layer(source.path)
            return [layer] * len(frame)
        named = found[0]
    return _texts(frame[named])


def _only_layer(path: str) -> str:
    if path.lower().endswith(_PARQUET):
        from pathlib import Path

        return Path(path).stem
    return str(geopandas.list_layers(path)["name"].iloc[0])


def _keys(
    frame: geopandas.GeoDataFrame, source: LabelSource, recipe: Recipe, namespace: str
) -> list[tuple[str, str]]:
    """(namespace, instance id) of each feature's object."""
    fids = _names(frame, source)
    named = source.instance_field or recipe.schema_.instance_field
    if named is None or named not in frame.columns:
        return [(namespace, f"fid:{fid}") for fid in fids]
    return [
        (namespace, f"fid:{fid}" if value is None else value)
        for fid, value in zip(fids, _texts(frame[named]), strict=True)
    ]


def _names(frame: geopandas.GeoDataFrame, source: LabelSource) -> list[str | None]:
    return _texts(frame.index if source.id_field is None else frame[source.id_field])


@no_network()
def _shared_ids(source: LabelSource, recipe: Recipe) -> set[str]:
    """Instance ids of several features of a layer, the whole layer read."""
    named = source.instance_field or recipe.schema_.instance_field
    if named is None:
        return set()
    path = local_file(source.path)
    if path.lower().endswith(_PARQUET):
        frame = geopandas.read_parquet(path)
    else:
        frame = geopandas.read_file(path, layer=source.layer, where=source.where, engine="pyogrio")
    if named not in frame.columns:
        return set()
    values = pd.Series(_texts(frame[named])).dropna()
    return set(values[values.duplicated()])


def _taken_apart(
    geometry: NDArray[np.object_],
    codes: list[int],
    keys: list[tuple[str, str]],
    fids: list[str | None],
    shared: set[str],
    things: set[int],
) -> tuple[NDArray[np.object_], list[int], list[tuple[str, str]]]:
    """Each polygon of a countable feature as a feature of its own, named as FORMAT.md says."""
    out: list[tuple[Any, int, tuple[str, str]]] = []
    for shape, code, (space, name), fid in zip(geometry, codes, keys, fids, strict=True):
        polygons = [shape]
        if code in things:
            name = f"{name}/{fid}" if name in shared else name  # noqa: PLW2901
            polygons = sorted(
                getattr(shape, "geoms", [shape]), key=lambda part: part.normalize().wkb
            )
        several = len(polygons) > 1
        out += [
            (part, code, (space, f"{name}#{number}" if several else name))
            for number, part in enumerate(polygons, start=1)
        ]
    shapes = np.empty(len(out), dtype=object)
    shapes[:] = [part for part, _, _ in out]
    return shapes, [code for _, code, _ in out], [key for _, _, key in out]


def _looked_for(source: ExtentSource, schema: Mapping[str, Any]) -> frozenset[int]:
    """Codes of the classes that an extent is about; background among them when it is about all."""
    special = (schema["background"], schema["ignore"])
    codes = {e["name"]: int(e["code"]) for e in schema["classes"] if e["code"] not in special}
    named = frozenset(codes[name] for name in source.classes or codes)
    return named | {int(schema["background"])} if len(named) == len(codes) else named


def _read_extent(source: VectorSource, grid: Grid, around: Window, painting: Painting) -> Shapes:
    frame = _read(source, grid, around)
    crs_wkt = _crs(frame, source)
    crs = pyproj.CRS.from_user_input(crs_wkt)
    if crs.equals(pyproj.CRS.from_wkt(grid.crs_wkt), ignore_axis_order=True):
        carrier = Carrier(grid, "", crs_wkt)
    else:
        same = (
            shapes.carrier.pipeline
            for shapes in painting.layers
            if pyproj.CRS.from_user_input(shapes.carrier.crs_wkt).equals(crs)
        )
        carrier = Carrier(grid, next(same, None), crs_wkt)
    return Shapes.of(carrier, _polygons(frame)[0])


def ignored_by_rasters(scene: Scene, grid: Grid, window: Window) -> NDArray[np.bool_]:
    """Where the scene's ignore rasters hold one of their values, shape (height, width).

    Raises:
        CannotRepeatError: one is not on the scene's grid.
    """
    from polychip.quality.imagery import WarpedError, own_offset

    masked = np.zeros((window.height, window.width), dtype=np.bool_)
    for entry in scene.ignore:
        with open_raster(entry.path) as file:
            own = Grid(file.crs.to_wkt(), file.transform, file.height, file.width)
            try:
                offset = own_offset(grid, own, entry.path)
            except WarpedError as error:
                raise CannotRepeatError(str(error)) from error
            inner = Window(*offset, file.width, file.height).intersection(window)
            if inner.is_empty():
                continue
            part = rasterio.windows.Window(
                inner.x_off - offset[0], inner.y_off - offset[1], inner.width, inner.height
            )
            values = file.read(entry.band, window=part)
        masked[inner.slices_in(window)] |= np.isin(values, entry.values)
    return masked
