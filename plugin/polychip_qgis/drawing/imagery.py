# SPDX-License-Identifier: GPL-2.0-or-later
"""How the imagery is shown: bands, stretch, water index, one date or the other."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from qgis.core import (
    QgsColorRampShader,
    QgsContrastEnhancement,
    QgsCoordinateTransform,
    QgsMapLayer,
    QgsMultiBandColorRenderer,
    QgsProject,
    QgsRasterDataProvider,
    QgsRasterLayer,
    QgsRasterShader,
    QgsRectangle,
    QgsSingleBandGrayRenderer,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtGui import QColor

from ..translation import tr

TRUE_COLOR, FALSE_COLOR, WATER_INDEX = "true_color", "false_color", "water_index"
PRESETS = (TRUE_COLOR, FALSE_COLOR, WATER_INDEX)
ROLES = ("blue", "green", "red", "nir")
BANDS = "polychip/bands"
"""Custom property of a raster layer: its bands, as the user has given them."""
CUT = (0.02, 0.98)
INDEX_RANGE = (-0.6, 0.6)
SAMPLE_PX = 250_000
INDEX_OF = "polychip/waterIndexOf"
_SENTINEL = {"B02": "blue", "B2": "blue", "B03": "green", "B3": "green", "B04": "red", "B4": "red",
             "B08": "nir", "B8": "nir"}  # fmt: skip


class Bands(NamedTuple):
    """Band numbers from 1; 0 for a band that the image does not have."""

    blue: int = 0
    green: int = 0
    red: int = 0
    nir: int = 0


def bands_of(layer: QgsRasterLayer) -> Bands:
    """As the user has given them, else by the bands' names, else by their number."""
    try:
        given = json.loads(layer.customProperty(BANDS, "") or "null")
        if isinstance(given, list) and len(given) == len(Bands._fields):
            return Bands(*(int(number) for number in given))
    except (ValueError, TypeError):
        given = None
    found: dict[str, int] = {}
    count = layer.bandCount()
    for number in range(1, count + 1):
        name = layer.bandName(number).split(":", 1)[-1]
        for word in re.findall(r"[A-Za-z]+[0-9]*", name):
            role = _SENTINEL.get(word.upper(), word.lower())
            if role in ROLES:
                found.setdefault(role, number)
    if len(found) >= 3:
        return Bands(**found)
    if count >= 8:  # Sentinel-2 in order: B1, B2, B3, B4, …, B8
        return Bands(2, 3, 4, 8)
    if count >= 3:
        return Bands(3, 2, 1, 4 if count >= 4 else 0)
    return Bands()


def set_bands(layer: QgsRasterLayer, bands: Bands) -> None:
    """What the user says."""
    layer.setCustomProperty(BANDS, json.dumps(list(bands)))


def presets_of(layer: QgsRasterLayer) -> list[str]:
    """Those that the image's bands allow."""
    bands = bands_of(layer)
    allowed = [TRUE_COLOR] if min(bands.blue, bands.green, bands.red) else []
    if bands.nir and bands.green:
        allowed += [FALSE_COLOR] if bands.red else []
        allowed.append(WATER_INDEX)
    return allowed


def preset_title(preset: str) -> str:
    """A preset for people."""
    return {
        TRUE_COLOR: tr("True colour"),
        FALSE_COLOR: tr("False colour"),
        WATER_INDEX: tr("Water index"),
    }[preset]


def show_preset(layer: QgsRasterLayer, preset: str, project: QgsProject) -> None:
    """Show the image so; the water index is a layer of its own on top, made when it is wanted."""
    bands = bands_of(layer)
    index = _index_layer(layer, project)
    if preset == WATER_INDEX:
        if index is None:
            index = _add_index(layer, bands, project)
        _set_visible(index, True, project)
        return
    if index is not None:
        project.removeMapLayer(index.id())
    chosen = (
        (bands.red, bands.green, bands.blue)
        if preset == TRUE_COLOR
        else (bands.nir, bands.red, bands.green)
    )
    former = layer.renderer()
    renderer = QgsMultiBandColorRenderer(layer.dataProvider(), *chosen)
    known = _enhancements(former) if isinstance(former, QgsMultiBandColorRenderer) else {}
    for band, put in zip(
        chosen,
        (
            renderer.setRedContrastEnhancement,
            renderer.setGreenContrastEnhancement,
            renderer.setBlueContrastEnhancement,
        ),
    ):
        if band in known:
            put(QgsContrastEnhancement(known[band]))
    layer.setRenderer(renderer)
    if not all(band in known for band in chosen):
        stretch(layer, layer.extent())
    layer.triggerRepaint()


def _enhancements(renderer: QgsMultiBandColorRenderer) -> dict[int, QgsContrastEnhancement]:
    pairs = (
        (renderer.redBand(), renderer.redContrastEnhancement()),
        (renderer.greenBand(), renderer.greenContrastEnhancement()),
        (renderer.blueBand(), renderer.blueContrastEnhancement()),
    )
    return {band: enhancement for band, enhancement in pairs if enhancement is not None}


def stretch(layer: QgsRasterLayer, extent: QgsRectangle) -> None:
    """From the 2nd to the 98th hundredth of what the extent shows, in the layer's CRS."""
    seen = extent.intersect(layer.extent())
    if seen.isEmpty():
        return
    renderer = layer.renderer().clone()
    if isinstance(renderer, QgsMultiBandColorRenderer):
        renderer.setRedContrastEnhancement(_stretched(layer, renderer.redBand(), seen))
        renderer.setGreenContrastEnhancement(_stretched(layer, renderer.greenBand(), seen))
        renderer.setBlueContrastEnhancement(_stretched(layer, renderer.blueBand(), seen))
    elif isinstance(renderer, QgsSingleBandGrayRenderer):
        renderer.setContrastEnhancement(_stretched(layer, renderer.grayBand(), seen))
    else:
        return
    layer.setRenderer(renderer)
    layer.triggerRepaint()


def _stretched(layer: QgsRasterLayer, band: int, extent: QgsRectangle) -> QgsContrastEnhancement:
    provider = layer.dataProvider()
    enhancement = QgsContrastEnhancement(provider.dataType(band))
    low, high = provider.cumulativeCut(band, *CUT, extent, SAMPLE_PX)
    enhancement.setMinimumValue(low)
    enhancement.setMaximumValue(high)
    enhancement.setContrastEnhancementAlgorithm(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
    )
    return enhancement


def stretch_to_view(
    layer: QgsRasterLayer, view: QgsRectangle, transform: QgsCoordinateTransform
) -> None:
    """As `stretch`, for a view in the map's CRS; `transform` leads from there to the layer's."""
    stretch(layer, transform.transformBoundingBox(view))


def flicker(
    one: QgsMapLayer, other: QgsMapLayer, project: QgsProject, shown: QgsMapLayer | None = None
) -> QgsMapLayer:
    """Show one of two layers and hide the other: `shown`, else the one that is hidden now."""
    if shown is None:
        node = project.layerTreeRoot().findLayer(one.id())
        shown = other if node is not None and node.isVisible() else one
    for layer in (one, other):
        _set_visible(layer, layer is shown, project)
    return shown


def _set_visible(layer: QgsMapLayer, visible: bool, project: QgsProject) -> None:
    node = project.layerTreeRoot().findLayer(layer.id())
    if node is None:
        return
    if visible:
        node.setItemVisibilityCheckedParentRecursive(True)
    else:
        node.setItemVisibilityChecked(False)


def _index_layer(layer: QgsRasterLayer, project: QgsProject) -> QgsRasterLayer | None:
    return next(
        (k for k in project.mapLayers().values() if k.customProperty(INDEX_OF) == layer.id()), None
    )


def _add_index(layer: QgsRasterLayer, bands: Bands, project: QgsProject) -> QgsRasterLayer:
    """(green − near infrared) / (green + near infrared), reckoned by QGIS as it is shown.

    Source: McFeeters 1996, the normalised difference water index.
    """
    source = QgsRasterDataProvider.VirtualRasterInputLayers()
    source.name, source.uri, source.provider = "img", layer.source(), layer.providerType()
    wanted = QgsRasterDataProvider.VirtualRasterParameters()
    wanted.crs, wanted.extent = layer.crs(), layer.extent()
    wanted.width, wanted.height = layer.width(), layer.height()
    green, nir = f'"img@{bands.green}"', f'"img@{bands.nir}"'
    wanted.formula = f"({green} - {nir}) / ({green} + {nir})"
    wanted.rInputLayers = [source]
    uri = QgsRasterDataProvider.encodeVirtualRasterProviderUri(wanted)
    name = tr("Water index of {name}").format(name=layer.name())
    index = QgsRasterLayer(uri, name, "virtualraster")
    index.setCustomProperty(INDEX_OF, layer.id())
    project.addMapLayer(index, False)
    root = project.layerTreeRoot()
    node = root.findLayer(layer.id())
    parent = node.parent() if node is not None and node.parent() is not None else root
    parent.insertLayer(parent.children().index(node) if node in parent.children() else -1, index)
    index.setRenderer(_index_renderer(index))
    return index


def _index_renderer(index: QgsRasterLayer) -> QgsSingleBandPseudoColorRenderer:
    """Brown is dry, blue is wet; the same on every image."""
    ramp = QgsColorRampShader(*INDEX_RANGE)
    ramp.setColorRampType(QgsColorRampShader.Type.Interpolated)
    low, high = INDEX_RANGE
    ramp.setColorRampItemList(
        [
            QgsColorRampShader.ColorRampItem(value, QColor(color), f"{value:g}")
            for value, color in ((low, "#8c510a"), (0.0, "#f5f5f5"), (high, "#01497c"))
        ]
    )
    shader = QgsRasterShader(*INDEX_RANGE)
    shader.setRasterShaderFunction(ramp)
    return QgsSingleBandPseudoColorRenderer(index.dataProvider(), 1, shader)
