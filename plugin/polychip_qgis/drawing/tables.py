# SPDX-License-Identifier: GPL-2.0-or-later
"""Plain tables of texts in the GeoPackage of a labelling project, each row with who and when.

They say something of the labels and change none, so they are written at once, apart from edits.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from osgeo import gdal, ogr
from qgis.PyQt.QtCore import QDateTime, Qt

from ..translation import tr
from .names import ANNOTATOR

WHEN = "noted"
"""The field with the time."""


class TableError(Exception):
    """The table cannot be read or written; the text says why."""


def read_rows(geopackage: Path, table: str, fields: Sequence[str]) -> list[tuple[str, ...]]:
    """The rows of a table; a file without it has none.

    Raises:
        TableError: the file cannot be read.
    """
    with _opened(geopackage, gdal.OF_READONLY) as dataset:
        layer = _table(dataset, table)
        if layer is None:
            return []
        return [tuple(feature[name] or "" for name in fields) for feature in layer]


def write_rows(
    geopackage: Path,
    table: str,
    fields: Sequence[str],
    added: Iterable[tuple[str, ...]],
    annotator: str,
    removed: Collection[tuple[str, ...]] = (),
) -> None:
    """Add rows that are not there yet, and take others out; the table is made when it is missing.

    Raises:
        TableError: the file cannot be written.
    """
    now = QDateTime.currentDateTimeUtc().toString(Qt.DateFormat.ISODate)
    known = set(read_rows(geopackage, table, fields))
    gone = set(map(tuple, removed))
    new = list(dict.fromkeys(row for row in map(tuple, added) if row not in known))
    if not new and not gone & known:
        return
    with _opened(geopackage, gdal.OF_UPDATE) as dataset:
        layer = _table(dataset, table) or _made(dataset, table, fields)
        layer.StartTransaction()
        for fid in [f.GetFID() for f in layer if tuple(f[name] or "" for name in fields) in gone]:
            layer.DeleteFeature(fid)
        for row in new:
            feature = ogr.Feature(layer.GetLayerDefn())
            for name, value in zip((*fields, ANNOTATOR, WHEN), (*row, annotator, now)):
                feature.SetField(name, value)
            layer.CreateFeature(feature)
        layer.CommitTransaction()


def _made(dataset: gdal.Dataset, table: str, fields: Sequence[str]) -> ogr.Layer:
    layer = dataset.CreateLayer(table, None, ogr.wkbNone, ["FID=fid"])
    if layer is None:
        raise RuntimeError(gdal.GetLastErrorMsg())
    for name in (*fields, ANNOTATOR):
        layer.CreateField(ogr.FieldDefn(name, ogr.OFTString))
    layer.CreateField(ogr.FieldDefn(WHEN, ogr.OFTDateTime))
    return layer


def _table(dataset: gdal.Dataset, table: str) -> ogr.Layer | None:
    for number in range(dataset.GetLayerCount()):
        layer = dataset.GetLayer(number)
        if layer.GetName() == table:
            return layer
    return None


@contextlib.contextmanager
def _opened(path: Path, flags: int) -> Iterator[gdal.Dataset]:
    with warnings.catch_warnings():
        # GDAL 3.7 and later ask for a choice of error style; that choice is QGIS's, not ours.
        warnings.simplefilter("ignore", FutureWarning)
        try:
            dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | flags)
            if dataset is None:
                raise RuntimeError(gdal.GetLastErrorMsg())
            yield dataset
        except RuntimeError as error:
            raise TableError(
                tr("The notes in {path} cannot be read or written: {reason}").format(
                    path=path, reason=error
                )
            ) from error
