# SPDX-License-Identifier: GPL-2.0-or-later
"""The true pixel grid of a raster layer, and the file that the engine reads its pixels from.

QGIS shows rotated and south-up rasters through a warped view and reports that view's size, so the
grid is read from the file's header by the GDAL that QGIS itself runs on.
"""

from __future__ import annotations

import warnings
from pathlib import Path

from osgeo import gdal
from qgis.core import QgsCoordinateReferenceSystem, QgsRasterLayer

from .chips import PixelGrid
from .recipe import is_remote
from .translation import tr


class NoPixelGridError(Exception):
    """The layer has no pixels of its own to cut chips from; the text says what to do."""


def grid_of(layer: QgsRasterLayer) -> PixelGrid:
    """The pixel grid of a file raster.

    Raises:
        NoPixelGridError: a web layer, a broken layer, or an image that is not georeferenced.
    """
    name = layer.name()
    dataset = _opened(layer)
    transform = dataset.GetGeoTransform(can_return_null=True)
    if transform is None:
        raise NoPixelGridError(
            tr(
                "“{name}” has no regular georeference; "
                "warp it to a GeoTIFF first (Raster ▸ Projections ▸ Warp)."
            ).format(name=name)
        )
    return PixelGrid(tuple(transform), dataset.RasterXSize, dataset.RasterYSize)


def image_of(layer: QgsRasterLayer) -> str:
    """The path or address by which another program opens the layer's pixels.

    Raises:
        NoPixelGridError: there is no such file, or it says another place than the layer does.
    """
    name = layer.name()
    path, dataset = _source(layer), _opened(layer)
    if path.startswith("/vsimem") or not (is_remote(path) or Path(path).exists()):
        raise NoPixelGridError(
            tr(
                "“{name}” is not a file of its own that other programs can open; "
                "save it as a GeoTIFF first (Export ▸ Save As…)."
            ).format(name=name)
        )
    stated = QgsCoordinateReferenceSystem.fromWkt(dataset.GetProjection())
    if not stated.isValid():
        raise NoPixelGridError(
            tr(
                "The file of “{name}” states no coordinate reference system; write it into the "
                "file first (Raster ▸ Projections ▸ Assign Projection)."
            ).format(name=name)
        )
    shown = layer.crs()
    if stated.authid() and shown.authid() and stated.authid() != shown.authid():
        raise NoPixelGridError(
            tr(
                "The file of “{name}” is in {stated}, but the layer was set to {shown}; chips are "
                "cut by the file, so set the layer back or correct the file "
                "(Raster ▸ Projections ▸ Assign Projection)."
            ).format(name=name, stated=stated.authid(), shown=shown.authid())
        )
    return path if is_remote(path) else str(Path(path).absolute())


def _source(layer: QgsRasterLayer) -> str:
    """Where the pixels are, without QGIS's open options ('FILE|option:NUM_THREADS=2')."""
    return layer.source().split("|")[0]


def _opened(layer: QgsRasterLayer) -> gdal.Dataset:
    name = layer.name()
    if not layer.isValid():
        raise NoPixelGridError(
            tr("“{name}” cannot be read; repair its data source.").format(name=name)
        )
    if layer.providerType() != "gdal":
        raise NoPixelGridError(
            tr(
                "“{name}” is not a raster file; save it as a GeoTIFF first (Export ▸ Save As…)."
            ).format(name=name)
        )
    with warnings.catch_warnings():
        # GDAL 3.7 and later ask for a choice of error style; that choice is QGIS's, not ours.
        warnings.simplefilter("ignore", FutureWarning)
        try:
            dataset = gdal.OpenEx(_source(layer), gdal.OF_RASTER | gdal.OF_READONLY)
        except RuntimeError:
            dataset = None
    if dataset is None:
        raise NoPixelGridError(
            tr("“{name}” cannot be read; repair its data source.").format(name=name)
        )
    return dataset
