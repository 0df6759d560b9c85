# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody has looked at and left as it is: the table `checked` of the GeoPackage.

An ordinary table without geometry, which any program opens. It is written at once, apart from the
labels' edits: it says something of them and changes none.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from osgeo import gdal, ogr
from qgis.PyQt.QtCore import QDateTime, Qt

from ..translation import tr
from .problem import Mark

TABLE = "checked"
_FIELDS = ("check", "label", "other", "measure", "annotator", "checked")


class CheckedError(Exception):
    """The table cannot be read or written; the text says why."""


def read_checked(geopackage: Path) -> set[Mark]:
    """The problems that were checked; a file without the table has none.

    Raises:
        CheckedError: the file cannot be read.
    """
    with _opened(geopackage, gdal.OF_READONLY) as dataset:
        layer = _table(dataset)
        if layer is None:
            return set()
        return {Mark(*(feature[name] or "" for name in _FIELDS[:4])) for feature in layer}


def write_checked(
    geopackage: Path, marks: Iterable[Mark], checked: bool, annotator: str
) -> None:
    """Add problems to the table, or take them out.

    Raises:
        CheckedError: the file cannot be written.
    """
    now = QDateTime.currentDateTimeUtc().toString(Qt.DateFormat.ISODate)
    known = read_checked(geopackage)
    with _opened(geopackage, gdal.OF_UPDATE) as dataset:
        layer = _table(dataset)
        if layer is None:
            if not checked:
                return
            layer = dataset.CreateLayer(TABLE, None, ogr.wkbNone, ["FID=fid"])
            for name in _FIELDS[:-1]:
                layer.CreateField(ogr.FieldDefn(name, ogr.OFTString))
            layer.CreateField(ogr.FieldDefn(_FIELDS[-1], ogr.OFTDateTime))
        layer.StartTransaction()
        wanted = set(marks)
        if checked:
            for mark in sorted(wanted - known):
                feature = ogr.Feature(layer.GetLayerDefn())
                for name, value in zip(_FIELDS, (*mark, annotator, now)):
                    feature.SetField(name, value)
                layer.CreateFeature(feature)
        else:
            for fid in _fids(layer, wanted):
                layer.DeleteFeature(fid)
        layer.CommitTransaction()


def _fids(layer: ogr.Layer, marks: set[Mark]) -> list[int]:
    layer.ResetReading()
    return [
        feature.GetFID()
        for feature in layer
        if Mark(*(feature[name] or "" for name in _FIELDS[:4])) in marks
    ]


def _table(dataset: gdal.Dataset) -> ogr.Layer | None:
    for number in range(dataset.GetLayerCount()):
        layer = dataset.GetLayer(number)
        if layer.GetName() == TABLE:
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
            raise CheckedError(
                tr("What was checked cannot be kept in {path}: {reason}").format(
                    path=path, reason=error
                )
            ) from error
