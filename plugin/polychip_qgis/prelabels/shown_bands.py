# SPDX-License-Identifier: GPL-2.0-or-later
"""Which bands of an image the map shows."""

from __future__ import annotations

from qgis.core import QgsMultiBandColorRenderer, QgsRasterLayer


def shown_bands(layer: QgsRasterLayer) -> list[int]:
    """Their numbers, from 1; all of them where the way of showing does not tell."""
    renderer = layer.renderer()
    if isinstance(renderer, QgsMultiBandColorRenderer):
        found = [renderer.redBand(), renderer.greenBand(), renderer.blueBand()]
    else:
        found = list(renderer.usesBands()) if renderer is not None else []
    known = [band for band in dict.fromkeys(found) if 0 < band <= layer.bandCount()]
    return known or list(range(1, layer.bandCount() + 1))
