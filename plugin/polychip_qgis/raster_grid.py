# SPDX-License-Identifier: GPL-2.0-or-later
"""The true pixel grid of a raster layer.

QGIS shows rotated and south-up rasters through a warped view and reports that view's size, so the
grid is read from the file's header by the GDAL that QGIS itself runs on.
"""

from __future__ import annotations

import warnings

from osgeo import gdal
from qgis.core import QgsRasterLayer

from .chips import PixelGrid
from .translation import tr


class NoPixelGridError(Exception):
    """The layer has no pixels of its own to cut chips from; the text says what to do."""


def grid_of(layer: QgsRasterLayer) -> PixelGrid:
    """The pixel grid of a file raster.

    Raises:
        NoPixelGridError: a web layer, a broken layer, or an image that is not georeferenced.
    """
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
    path = layer.source().split("|")[0]
    with warnings.catch_warnings():
        # GDAL 3.7 and later ask for a choice of error style; that choice is QGIS's, not ours.
        warnings.simplefilter("ignore", FutureWarning)
        try:
            dataset = gdal.OpenEx(path, gdal.OF_RASTER | gdal.OF_READONLY)
        except RuntimeError:
            dataset = None
    if dataset is None:
        raise NoPixelGridError(
            tr("“{name}” cannot be read; repair its data source.").format(name=name)
        )
    transform = dataset.GetGeoTransform(can_return_null=True)
    if transform is None:
        raise NoPixelGridError(
            tr(
                "“{name}” has no regular georeference; "
                "warp it to a GeoTIFF first (Raster ▸ Projections ▸ Warp)."
            ).format(name=name)
        )
    return PixelGrid(tuple(transform), dataset.RasterXSize, dataset.RasterYSize)
