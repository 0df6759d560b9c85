# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers that the engine has written, with the styles that lie in their GeoPackage."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsVectorLayer,
)
from qgis.PyQt import sip


class OwnStyle(QgsProcessingLayerPostProcessorInterface):
    """Gives a layer the default style of its own file, which Processing passes over."""

    def postProcessLayer(
        self,
        layer: QgsMapLayer,
        context: QgsProcessingContext,  # noqa: ARG002 - as QGIS calls it
        feedback: QgsProcessingFeedback,  # noqa: ARG002
    ) -> None:
        """Called by QGIS on the main thread when the layer is loaded."""
        layer.loadDefaultStyle()
        layer.triggerRepaint()


_in_use: list[OwnStyle] = []
"""The context deletes them at its end, but keeps no reference to their Python half."""


def layer_uri(path: str, layer: str) -> str:
    """How QGIS names a layer of a GeoPackage."""
    return f"{path}|layername={layer}"


def show_when_done(context: QgsProcessingContext, uri: str, name: str, output: str) -> None:
    """Have QGIS add this layer to the project at the end, styled."""
    details = QgsProcessingContext.LayerDetails(name, context.project(), output)
    _in_use[:] = [style for style in _in_use if not sip.isdeleted(style)]
    _in_use.append(OwnStyle())
    details.setPostProcessor(_in_use[-1])
    context.addLayerToLoadOnCompletion(uri, details)


def styled_layer(path: Any, layer: str, name: str) -> QgsVectorLayer:
    """Such a layer, opened with its own style."""
    opened = QgsVectorLayer(layer_uri(str(path), layer), name, "ogr")
    opened.loadDefaultStyle()
    return opened
