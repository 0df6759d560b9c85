"""Vector layers: what is in them, and their features in bulk."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.addresses import file_name, is_read, is_remote
from polychip.crs import crs_label, parse_crs, to_wkt
from polychip.errors import InputError, nearest, some
from polychip.io.no_network import no_network
from polychip.labels.wkb import WkbColumn, column_of, joined
from polychip.recipe import VectorSource

PARQUET_SUFFIXES = (".parquet", ".geoparquet", ".pq")
RASTER_SUFFIXES = (".tif", ".tiff", ".vrt", ".img", ".jp2", ".png", ".cog")

_SEVERAL_FILES = (".shp", ".tab", ".mif", ".gdb")

ARROW_SUFFIXES = (".gpkg", ".fgb")
"""Formats whose columns GDAL hands over in bulk, and whose texts are UTF-8."""
_PLAIN_TYPES = frozenset(("int16", "int32", "int64", "float32", "float64", "object"))

_OWN_TABLES = ("gpkg_", "rtree_", "sqlite_")
"""What the names of a GeoPackage's own tables begin with."""

_MOST_IN_ONE = 1 << 20
"""So many features are read in one piece, which need not be put together afterwards."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """What a vector layer says of itself, without its features being read."""

    path: str
    layer: str
    crs_wkt: str | None
    fields: dict[str, str]
    """Field names and their types, in the file's order."""
    geometry: str
    n_features: int
    bounds: Box | None
    """(west, south, east, north) in the layer's own CRS; None when it is empty."""


@dataclass(frozen=True)
class VectorTable:
    """Features as they are in the file. Arrays have an entry a feature."""

    wkb: WkbColumn
    fids: NDArray[np.int64]
    columns: dict[str, NDArray[Any]]
    crs_wkt: str

    @cached_property
    def geometry(self) -> NDArray[np.object_]:
        """Shapely geometries or None."""
        return self.wkb.shapes(np.arange(len(self.wkb)))


def is_raster_path(path: str) -> bool:
    """Whether the file's name says that its labels are pixels."""
    return file_name(path).lower().endswith(RASTER_SUFFIXES)


def local_file(path: str) -> str:
    """The path of a file on disk; one on a server is copied here first, as a whole.

    Raises:
        InputError: the server doesn't give it.
    """
    if not is_read(path):
        return path
    from polychip.io.remote import download

    return download(path)


@no_network()
def describe_layer(source: VectorSource) -> LayerInfo:
    """The layer that a source names, or the file's only layer.

    Raises:
        InputError: no such file or layer, several layers and none named, or not a vector file.
    """
    check_exists(source.path, "label file")
    if file_name(source.path).lower().endswith(PARQUET_SUFFIXES):
        return _describe_parquet(source)
    from pyogrio import read_info
    from pyogrio.errors import DataLayerError, DataSourceError

    layer = pick_layer(source, layer_names(source.path))
    try:
        info = read_info(
            local_file(source.path), layer=layer, force_feature_count=True, force_total_bounds=True
        )
    except (DataLayerError, DataSourceError, ValueError) as error:
        raise InputError(f"{source.path}: layer '{layer}' can't be read: {error}") from error
    bounds = info["total_bounds"]
    return LayerInfo(
        path=source.path,
        layer=layer,
        crs_wkt=str(info["crs"]) if info["crs"] else None,
        fields=dict(zip(info["fields"].tolist(), info["dtypes"].tolist(), strict=True)),
        geometry=str(info["geometry_type"] or "Unknown"),
        n_features=int(info["features"]),
        bounds=_as_box(bounds) if bounds is not None and info["features"] else None,
    )


def _as_box(bounds: Sequence[float]) -> Box:
    west, south, east, north = (float(value) for value in bounds)
    return west, south, east, north


@no_network()
def layer_names(path: str) -> list[str]:
    """The layers of a vector file.

    Raises:
        InputError: not a vector file.
    """
    if file_name(path).lower().endswith(PARQUET_SUFFIXES):
        return [Path(file_name(path)).stem]
    sole = _sole_layer(path)
    if sole is not None:
        return [sole]
    from pyogrio import list_layers
    from pyogrio.errors import DataSourceError

    try:
        return [str(name) for name in list_layers(local_file(path))[:, 0]]
    except (DataSourceError, ValueError) as error:
        raise InputError(
            f"{path}: not a vector file that GDAL can read ({error}); expected "
            "GeoPackage, GeoJSON, FlatGeobuf, Shapefile, GeoParquet or another OGR format"
        ) from error


def _sole_layer(path: str) -> str | None:
    """The only table of a GeoPackage on disk; None where GDAL, ten times as slow, must be asked."""
    if not path.lower().endswith(".gpkg") or is_remote(path) or Path(f"{path}-wal").exists():
        return None
    address = f"{Path(path).absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as file:
            contents = file.execute("SELECT table_name, data_type FROM gpkg_contents").fetchmany(2)
            names = file.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
            tables = [name for (name,) in names if not str(name).startswith(_OWN_TABLES)]
    except (sqlite3.Error, ValueError, OverflowError):
        return None
    if len(contents) != 1 or contents[0][1] != "features" or tables != [contents[0][0]]:
        return None
    return tables[0] if isinstance(tables[0], str) else None


def check_exists(path: str, what: str) -> None:
    """Raise InputError where a local path leads nowhere, naming a close neighbour.

    Or where an address names one of several files that belong together.
    """
    if is_read(path) and file_name(path).lower().endswith(_SEVERAL_FILES):
        raise InputError(
            f"{path}: a layer of this format is several files, and an address names one; convert "
            "it to GeoPackage or FlatGeobuf, or download all of them"
        )
    try:
        if is_remote(path) or Path(path).exists():
            return
    except OSError as error:  # too long, a loop of links, …
        raise InputError(
            f"{path}: no such {what}; the path can't be followed ({error.strerror or error})"
        ) from error
    folder = Path(path).parent
    if not folder.is_dir():
        raise InputError(f"{path}: no such {what}; the folder {folder} does not exist either")
    close = nearest(Path(path).name, sorted(entry.name for entry in folder.iterdir()))
    raise InputError(f"{path}: no such {what}{close}; check the path")


def pick_layer(source: VectorSource, layers: Sequence[str]) -> str:
    """The named layer, or the only one."""
    if source.layer is not None:
        if source.layer not in layers:
            raise InputError(
                f"{source.path}: no layer '{source.layer}'{nearest(source.layer, layers)}; "
                f"it has {some(layers)}"
            )
        return source.layer
    if len(layers) != 1:
        raise InputError(
            f"{source.path}: {len(layers)} layers ({some(layers)}), and none was named; "
            f"write {source.path}|LAYER"
        )
    return layers[0]


def source_crs(source: VectorSource, info: LayerInfo) -> str:
    """The CRS of a layer's coordinates as WKT; `crs` given in the recipe counts if none is stated.

    Raises:
        InputError: neither the file nor the recipe states one.
    """
    if info.crs_wkt:
        if source.crs:
            stated, given = to_wkt(info.crs_wkt), to_wkt(source.crs)
            if parse_crs(stated) != parse_crs(given):
                raise InputError(
                    f"{source.path}: states the CRS {crs_label(stated)}, the recipe says "
                    f"{crs_label(given)}; remove labels.crs, or correct the file"
                )
        return info.crs_wkt
    if source.crs:
        return to_wkt(source.crs)
    raise InputError(
        f"{source.path}: layer '{info.layer}' states no CRS, so nobody can say where its "
        "polygons are; set it in the file, or give labels.crs (--labels-crs EPSG:…)"
    )


def read_features(
    source: VectorSource, info: LayerInfo, columns: Sequence[str], boxes: Sequence[Box] | None
) -> VectorTable:
    """Features whose envelope cuts one of the boxes (in the layer's CRS), each once.

    Raises:
        InputError: `where` is not valid, or the file breaks off.
    """
    if file_name(source.path).lower().endswith(PARQUET_SUFFIXES):
        return _read_parquet(source, info, columns, boxes)
    wanted: list[Box | None] = [None] if boxes is None or _holds(boxes, info) else [*boxes]
    tables = [_read_ogr(source, info, columns, box) for box in wanted]
    wkb, fids, fields = tables[0]
    for more_wkb, more_fids, more_fields in tables[1:]:
        new = np.flatnonzero(~np.isin(more_fids, fids))
        wkb = joined((wkb, more_wkb.take(new)))
        fids = np.concatenate((fids, more_fids[new]))
        fields = [np.concatenate((a, b[new])) for a, b in zip(fields, more_fields, strict=True)]
    named = dict(zip(columns, fields, strict=True))
    return VectorTable(wkb, fids.astype(np.int64), named, source_crs(source, info))


def _holds(boxes: Sequence[Box], info: LayerInfo) -> bool:
    """Whether a box holds the whole layer, which is read quicker without looking at boxes."""
    if info.bounds is None:
        return True
    west, south, east, north = info.bounds
    return any(b[0] <= west and b[1] <= south and b[2] >= east and b[3] >= north for b in boxes)


def read_column(source: VectorSource, info: LayerInfo, name: str) -> NDArray[Any]:
    """One field of all features that `where` lets through; geometries are not read.

    Raises:
        InputError: `where` is not valid, or the file breaks off.
    """
    if file_name(source.path).lower().endswith(PARQUET_SUFFIXES):
        return _read_parquet(source, info, [name], None).columns[name]
    return _read_ogr(source, info, [name], None, geometry=False)[2][0]


_Columns = tuple[WkbColumn, NDArray[np.int64], list[NDArray[Any]]]


def _read_ogr(
    source: VectorSource,
    info: LayerInfo,
    columns: Sequence[str],
    box: Box | None,
    *,
    geometry: bool = True,
) -> _Columns:
    """A layer's (geometries, feature numbers, fields)."""
    from pyogrio.errors import DataLayerError, DataSourceError

    if file_name(source.path).lower().endswith(ARROW_SUFFIXES):
        quick = _read_arrow(source, info, columns, box, geometry=geometry)
        if quick is not None:
            return quick
    try:
        if box is None:
            return _read_one_by_one(source, info, columns, None, geometry=geometry)
        try:
            return _read_one_by_one(source, info, columns, box, geometry=geometry)
        except (DataLayerError, DataSourceError, ValueError, RuntimeError):
            # GDAL gives up at a geometry of which it can't tell whether it is in a box.
            return _read_one_by_one(source, info, columns, None, geometry=geometry)
    except (DataLayerError, DataSourceError, ValueError, RuntimeError) as error:
        about = f' with where = "{source.where}"' if source.where else ""
        raise InputError(
            f"{source.path}: layer '{info.layer}' can't be read{about}: {error}"
        ) from error


@no_network()
def _read_one_by_one(
    source: VectorSource,
    info: LayerInfo,
    columns: Sequence[str],
    box: Box | None,
    *,
    geometry: bool,
) -> _Columns:
    """By GDAL's features: any driver, any field."""
    from pyogrio.raw import read

    meta, fids, shapes, fields = read(
        local_file(source.path),
        layer=info.layer,
        columns=list(columns),
        force_2d=True,
        read_geometry=geometry,
        where=source.where,
        bbox=box,
        return_fids=True,
        encoding=None,
    )
    by_name = dict(zip(meta["fields"], fields, strict=True))
    return column_of(shapes if geometry else []), fids, [by_name[name] for name in columns]


@no_network()
def _read_arrow(
    source: VectorSource,
    info: LayerInfo,
    columns: Sequence[str],
    box: Box | None,
    *,
    geometry: bool,
) -> _Columns | None:
    """By GDAL's columns, four times as fast; None where features one by one are the surer way.

    Those are fields other than numbers and texts, texts that are no UTF-8, an old GDAL, features
    without a geometry in a FlatGeobuf, and whatever goes wrong, so that it is told in one place.
    """
    if not all(info.fields.get(name) in _PLAIN_TYPES for name in columns):
        return None
    from pyogrio.errors import DataLayerError, DataSourceError
    from pyogrio.raw import read_arrow

    from polychip.io.light import load_pyarrow_light

    load_pyarrow_light()
    try:
        meta, table = read_arrow(
            local_file(source.path),
            layer=info.layer,
            columns=list(columns),
            read_geometry=geometry,
            where=source.where,
            bbox=box,
            return_fids=True,
            batch_size=_MOST_IN_ONE if 0 < info.n_features <= _MOST_IN_ONE else 65_536,
        )
        fields = [table[name].to_numpy() for name in columns]
    except (DataLayerError, DataSourceError, ValueError, RuntimeError, KeyError):
        return None
    wkb = _wkb_of(table[meta["geometry_name"] or "wkb_geometry"]) if geometry else column_of([])
    if wkb is None:
        return None
    return wkb, table[meta["fid_column"] or "OGC_FID"].to_numpy(), fields


def _wkb_of(chunks: Any) -> WkbColumn | None:
    """The geometries of an Arrow column of `binary`; None where it contradicts itself.

    GDAL's column of a FlatGeobuf is wrong once a feature has no geometry.
    """
    parts = [column_of([])]
    for chunk in chunks.chunks:
        _, offsets, data = chunk.buffers()
        start = np.frombuffer(offsets, dtype=np.int32)[chunk.offset :][: len(chunk) + 1]
        if start[0] < 0 or start[-1] > data.size or (np.diff(start) < 0).any():
            return None
        bytes_ = np.frombuffer(data, dtype=np.uint8)[start[0] : start[-1]]
        parts.append(WkbColumn(bytes_, start.astype(np.int64) - int(start[0])))
    return joined(parts)


def _describe_parquet(source: VectorSource) -> LayerInfo:
    import geopandas
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(local_file(source.path))
        frame = geopandas.read_parquet(local_file(source.path), columns=["geometry"])
    except (OSError, ValueError) as error:
        raise InputError(f"{source.path}: not a GeoParquet file ({error})") from error
    fields = {f.name: str(f.type) for f in file.schema_arrow if f.name != "geometry"}
    return LayerInfo(
        path=source.path,
        layer=Path(file_name(source.path)).stem,
        crs_wkt=frame.crs.to_wkt() if frame.crs is not None else None,
        fields=fields,
        geometry=", ".join(sorted(set(frame.geom_type.dropna()))) or "Unknown",
        n_features=len(frame),
        bounds=_as_box(frame.total_bounds) if len(frame) else None,
    )


def _read_parquet(
    source: VectorSource, info: LayerInfo, columns: Sequence[str], boxes: Sequence[Box] | None
) -> VectorTable:
    import geopandas

    if source.where:
        raise InputError(
            f'{source.path}: where = "{source.where}" needs OGR SQL, which does not reach into '
            "GeoParquet here; filter the file, or convert it to GeoPackage or FlatGeobuf"
        )
    frame = geopandas.read_parquet(local_file(source.path))
    if boxes is not None:
        near = np.zeros(len(frame), dtype=bool)
        for west, south, east, north in boxes:
            near |= frame.geometry.intersects(shapely.box(west, south, east, north)).to_numpy()
        near |= frame.geometry.isna().to_numpy()
    else:
        near = np.ones(len(frame), dtype=bool)
    chosen = frame[near]
    return VectorTable(
        wkb=column_of(shapely.to_wkb(shapely.force_2d(chosen.geometry.to_numpy())).tolist()),
        fids=np.flatnonzero(near).astype(np.int64),
        columns={name: chosen[name].to_numpy() for name in columns},
        crs_wkt=source_crs(source, info),
    )
