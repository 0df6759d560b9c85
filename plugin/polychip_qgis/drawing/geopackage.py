# SPDX-License-Identifier: GPL-2.0-or-later
"""The GeoPackage of a labelling project: labels, extent, tasks, with their lists of values.

Lists of values are coded domains, which QGIS and other programs show as lists without the plugin.
"""

from __future__ import annotations

import contextlib
import sqlite3
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from osgeo import gdal, ogr, osr

from ..snapshot import remove_geopackage
from ..translation import tr
from .cells import Cell
from .classes import LabelClass
from .names import (
    ANNOTATOR,
    CELL,
    CHANGED,
    CLASS,
    COL,
    CONFIDENCE,
    CONFIDENCES,
    CREATED,
    EXTENT,
    IMAGE,
    INSTANCE,
    LABEL_STATUSES,
    LABELS,
    NOTE,
    ROW,
    SOURCE,
    STATUS,
    TASK_STATUSES,
    TASKS,
    TODO,
    TOOL,
    UUID,
)

_LABEL_FIELDS = (
    (CLASS, ogr.OFTString, "polychip_class"),
    (INSTANCE, ogr.OFTInteger64, ""),
    (UUID, ogr.OFTString, ""),
    (CONFIDENCE, ogr.OFTString, "polychip_confidence"),
    (STATUS, ogr.OFTString, "polychip_label_status"),
    (ANNOTATOR, ogr.OFTString, ""),
    (CREATED, ogr.OFTDateTime, ""),
    (CHANGED, ogr.OFTDateTime, ""),
    (SOURCE, ogr.OFTString, ""),
    (TOOL, ogr.OFTString, ""),
)
_EXTENT_FIELDS = (
    (NOTE, ogr.OFTString, ""),
    (ANNOTATOR, ogr.OFTString, ""),
    (CREATED, ogr.OFTDateTime, ""),
)
_TASK_FIELDS = (
    (CELL, ogr.OFTString, ""),
    (IMAGE, ogr.OFTString, ""),
    (ROW, ogr.OFTInteger, ""),
    (COL, ogr.OFTInteger, ""),
    (STATUS, ogr.OFTString, "polychip_task_status"),
    (ANNOTATOR, ogr.OFTString, ""),
    (NOTE, ogr.OFTString, ""),
    (CHANGED, ogr.OFTDateTime, ""),
)


class GeoPackageError(Exception):
    """The GeoPackage cannot be written; the text says why."""


class LabelRow(NamedTuple):
    """A polygon to begin with."""

    wkb: bytes
    """In the GeoPackage's CRS, a MultiPolygon."""
    values: Mapping[str, Any]


def create_geopackage(
    path: Path,
    crs_wkt: str,
    classes: Sequence[LabelClass],
    cells: Iterable[Cell],
    labels: Iterable[LabelRow] = (),
) -> tuple[int, int]:
    """Write a new GeoPackage beside, then move it into place.

    Returns:
        (cells, labels) written.

    Raises:
        GeoPackageError: GDAL refuses something.
    """
    partial = path.with_name(f"{path.stem}.partial.gpkg")
    remove_geopackage(partial)
    try:
        counts = _written(partial, crs_wkt, classes, cells, labels)
        partial.replace(path)
    except RuntimeError as error:  # GDAL's, where QGIS or a plugin has turned its exceptions on
        raise GeoPackageError(_refused(path, str(error))) from error
    except OSError as error:
        raise GeoPackageError(_refused(path, str(error))) from error
    finally:
        remove_geopackage(partial)
    return counts


def settle(path: Path) -> None:
    """Bring what was saved out of SQLite's write-ahead log into the file itself.

    QGIS turns an edited GeoPackage to a log beside it; until the log is emptied, a copy of the file
    lacks what was saved, and the next program that closes the file changes it.
    """
    with _quiet(), contextlib.suppress(RuntimeError):  # busy: the next Save brings it in
        dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE)
        if dataset is not None:
            dataset.ReleaseResultSet(dataset.ExecuteSQL("PRAGMA wal_checkpoint(TRUNCATE)"))


def copy_committed(source: Path, target: Path) -> None:
    """Copy a GeoPackage with all that was saved in it, whatever is open elsewhere.

    SQLite's own copy holds what is still in the write-ahead log.

    Raises:
        GeoPackageError: there is no such file, or it cannot be read.
    """
    if not source.is_file():  # SQLite would make an empty one
        raise GeoPackageError(tr("{path} is not there.").format(path=source))
    try:
        with contextlib.closing(sqlite3.connect(str(source))) as reading:
            with contextlib.closing(sqlite3.connect(str(target))) as writing:
                reading.backup(writing)
                writing.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise GeoPackageError(
            tr("{path} cannot be read: {reason}").format(path=source, reason=error)
        ) from error


def _written(
    path: Path,
    crs_wkt: str,
    classes: Sequence[LabelClass],
    cells: Iterable[Cell],
    labels: Iterable[LabelRow],
) -> tuple[int, int]:
    with _quiet():
        dataset = _made(gdal.GetDriverByName("GPKG").Create(str(path), 0, 0, 0, gdal.GDT_Unknown))
        reference = osr.SpatialReference()
        if crs_wkt:
            reference.ImportFromWkt(crs_wkt)
        for name, values in (
            ("polychip_class", {known.name: known.title for known in classes}),
            ("polychip_label_status", {value: value for value in LABEL_STATUSES}),
            ("polychip_task_status", {value: value for value in TASK_STATUSES}),
            ("polychip_confidence", {value: value for value in CONFIDENCES}),
        ):
            domain = ogr.CreateCodedFieldDomain(name, "", ogr.OFTString, ogr.OFSTNone, values)
            _made(dataset.AddFieldDomain(domain))
        layers = {
            name: _layer(dataset, name, reference, kind, fields)
            for name, kind, fields in (
                (LABELS, ogr.wkbMultiPolygon, _LABEL_FIELDS),
                (EXTENT, ogr.wkbMultiPolygon, _EXTENT_FIELDS),
                (TASKS, ogr.wkbPolygon, _TASK_FIELDS),
            )
        }
        _made(dataset.StartTransaction() == ogr.OGRERR_NONE)
        n_cells = _fill(layers[TASKS], _cell_rows(cells))
        n_labels = _fill(layers[LABELS], ((row.wkb, row.values) for row in labels))
        _made(dataset.CommitTransaction() == ogr.OGRERR_NONE)
        layers.clear()
        del dataset  # closes the file
    return n_cells, n_labels


def _layer(
    dataset: gdal.Dataset,
    name: str,
    reference: osr.SpatialReference,
    kind: int,
    fields: Sequence[tuple[str, int, str]],
) -> ogr.Layer:
    layer = _made(dataset.CreateLayer(name, reference, kind, ["FID=fid", "GEOMETRY_NAME=geom"]))
    for field, field_type, domain in fields:
        definition = ogr.FieldDefn(field, field_type)
        if domain:
            definition.SetDomainName(domain)
        _made(layer.CreateField(definition) == ogr.OGRERR_NONE)
    return layer


def _cell_rows(cells: Iterable[Cell]) -> Iterator[tuple[bytes, Mapping[str, Any]]]:
    for cell in cells:
        ring = ogr.Geometry(ogr.wkbLinearRing)
        for x, y in (*cell.corners, cell.corners[0]):
            ring.AddPoint_2D(x, y)
        polygon = ogr.Geometry(ogr.wkbPolygon)
        polygon.AddGeometry(ring)
        values = {CELL: cell.name, IMAGE: cell.image, ROW: cell.row, COL: cell.col, STATUS: TODO}
        yield bytes(polygon.ExportToWkb()), values


def _fill(layer: ogr.Layer, rows: Iterable[tuple[bytes, Mapping[str, Any]]]) -> int:
    definition = layer.GetLayerDefn()
    count = 0
    for wkb, values in rows:
        feature = ogr.Feature(definition)
        feature.SetGeometry(ogr.CreateGeometryFromWkb(wkb))
        for name, value in values.items():
            if value is not None:
                feature.SetField(name, value)
        _made(layer.CreateFeature(feature) == ogr.OGRERR_NONE)
        count += 1
    return count


def _made(thing: Any) -> Any:
    """What GDAL has made; where its exceptions are off it gives None or False instead."""
    if thing is None or thing is False:
        raise RuntimeError(gdal.GetLastErrorMsg())
    return thing


def _refused(path: Path, reason: str) -> str:
    return tr("The GeoPackage {path} cannot be written: {reason}").format(path=path, reason=reason)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """GDAL 3.7 and later ask for a choice of error style; that choice is QGIS's, not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield
