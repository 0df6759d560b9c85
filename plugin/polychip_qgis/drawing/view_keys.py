# SPDX-License-Identifier: GPL-2.0-or-later
"""What the view keys do: hide, outline, opacity, flicker, bands, stretch, the cells' colours."""

from __future__ import annotations

from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsCoordinateTransform,
    QgsFillSymbol,
    QgsProject,
    QgsRasterLayer,
    QgsRuleBasedRenderer,
)
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QObject, Qt

from ..recipe import scene_name
from ..translation import tr
from .imagery import flicker, preset_title, presets_of, show_preset, stretch_to_view
from .palette import LabelPalette
from .session import LabelSession
from .styles import TASK_LOOKS, status_renderer

FEWER_THAN = 1
"""Done cells with fewer polygons than that are under-labelled."""


class ViewKeys(QObject):
    """Changes how things are shown, never what they are."""

    def __init__(self, canvas: QgsMapCanvas, palette: LabelPalette) -> None:
        super().__init__(palette)
        self._canvas, self._palette = canvas, palette
        self._session: LabelSession | None = None
        self._shown: dict[str, str] = {}
        palette.opacityChosen.connect(self._set_opacity)
        palette.taskViewChosen.connect(self.show_tasks_by)

    def attach(self, session: LabelSession) -> None:
        """Show this project's labels from now on."""
        self._session = session
        first, second = self._palette.compare_boxes
        order = QgsProject.instance().layerTreeRoot().layerOrder()
        rasters = [layer for layer in order if isinstance(layer, QgsRasterLayer)]
        scenes = {task.image for task in session.book.tasks} if session.book is not None else set()
        rasters.sort(key=lambda layer: scene_name(layer.name()) not in scenes)
        for box, layer in zip((first, second), rasters):
            box.setLayer(layer)

    def image(self) -> QgsRasterLayer | None:
        """The image that is drawn from."""
        return self._palette.compare_boxes[0].currentLayer()

    def show_first(self) -> None:
        """Show the image that is drawn from, not the other date, which may lie over it."""
        one, other = (box.currentLayer() for box in self._palette.compare_boxes)
        if one is not None and other is not None and one is not other:
            flicker(other, one, QgsProject.instance(), shown=one)

    def do(self, name: str, session: LabelSession) -> bool:
        """Do a deed of the view; False for all others."""
        if name == "outline":
            toggle_outline(session)
        elif name == "flicker":
            self._flicker()
        elif name == "bands":
            self._next_preset()
        elif name == "stretch":
            self._stretch()
        else:
            return False
        return True

    def hide_labels(self, session: LabelSession | None, hidden: bool) -> None:
        """All three layers; the images stay."""
        if session is None:
            return
        root = QgsProject.instance().layerTreeRoot()
        for layer in session.layers.all:
            node = root.findLayer(layer.id())
            if node is None:
                continue
            if hidden:
                self._shown.setdefault(layer.id(), "on" if node.itemVisibilityChecked() else "off")
                node.setItemVisibilityChecked(False)
            elif layer.id() in self._shown:
                node.setItemVisibilityChecked(self._shown.pop(layer.id()) == "on")

    def show_tasks_by(self, view: str) -> None:
        """By status, or the cells that are done with hardly a polygon."""
        session = self._session
        if session is None or session.book is None:
            return
        tasks = session.layers.tasks
        if view == "status":
            tasks.setRenderer(status_renderer())
        else:
            fids = [task.fid for task in session.under_labelled(FEWER_THAN)]
            tasks.setRenderer(under_labelled_renderer(fids))
        tasks.triggerRepaint()

    def _set_opacity(self, percent: int) -> None:
        if self._session is not None:
            self._session.labels.setOpacity(percent / 100)
            self._session.labels.triggerRepaint()

    def _flicker(self) -> None:
        one, other = (box.currentLayer() for box in self._palette.compare_boxes)
        if one is None or other is None or one is other:
            self._say(tr("Load a second date and choose it under View."))
            return
        shown = flicker(one, other, QgsProject.instance())
        self._say(shown.name())

    def _next_preset(self) -> None:
        layer = self.image()
        allowed = presets_of(layer) if layer is not None else []
        if not allowed:
            self._say(tr("The image has too few bands."))
            return
        now = layer.customProperty("polychip/preset", "")
        preset = allowed[(allowed.index(now) + 1) % len(allowed)] if now in allowed else allowed[0]
        layer.setCustomProperty("polychip/preset", preset)
        show_preset(layer, preset, QgsProject.instance())
        self._say(preset_title(preset))

    def _stretch(self) -> None:
        layer = self.image()
        if layer is None:
            return
        destination = self._canvas.mapSettings().destinationCrs()
        transform = QgsCoordinateTransform(destination, layer.crs(), QgsProject.instance())
        stretch_to_view(layer, self._canvas.extent(), transform)

    def _say(self, text: str) -> None:
        """Beside the image, without a message that has to be closed."""
        self._palette.total.setText(text)


def toggle_outline(session: LabelSession) -> bool:
    """Outlines alone, or filled; returns whether they are filled now."""
    renderer = session.labels.renderer()
    if not isinstance(renderer, QgsCategorizedSymbolRenderer):
        return True
    changed = renderer.clone()
    filled = True
    for index, category in enumerate(changed.categories()):
        symbol = category.symbol().clone()
        layer = symbol.symbolLayer(0)
        empty = layer.brushStyle() == Qt.BrushStyle.NoBrush
        filled = empty
        layer.setBrushStyle(Qt.BrushStyle.SolidPattern if empty else Qt.BrushStyle.NoBrush)
        changed.updateCategorySymbol(index, symbol)
    session.labels.setRenderer(changed)
    session.labels.triggerRepaint()
    return filled


def under_labelled_renderer(fids: list[int]) -> QgsRuleBasedRenderer:
    """Those cells in red, the others thin."""
    listed = ",".join(str(fid) for fid in fids) or "-1"
    root = QgsRuleBasedRenderer.Rule(None)
    red = {"color": "244,67,54,60", "outline_color": "244,67,54,255", "outline_width": "0.9"}
    for expression, look, label in (
        (f"$id IN ({listed})", red, tr("Done, but hardly a polygon")),
        ("ELSE", TASK_LOOKS["todo"], tr("Other cells")),
    ):
        root.appendChild(
            QgsRuleBasedRenderer.Rule(QgsFillSymbol.createSimple(look), 0, 0, expression, label)
        )
    return QgsRuleBasedRenderer(root)
