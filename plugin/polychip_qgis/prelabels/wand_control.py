# SPDX-License-Identifier: GPL-2.0-or-later
"""Joins the magic wand to the image that is drawn from and to the labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qgis.core import Qgis
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QObject

from ..raster_grid import NoPixelGridError
from ..translation import tr
from .convert import carried_back, placed
from .outlines import outlines
from .pixels import Image, PixelError, image_for, read_bands
from .shown_bands import shown_bands
from .view import View, to_image, view_of
from .wand import Pixels, likeness
from .wand_tool import Seen, WandTool

NAME = "wand"
"""Of its action."""


class WandControl(QObject):
    """One for the drawing."""

    def __init__(
        self,
        iface: QgisInterface,
        drawing: Any,
        index: Callable[[], tuple[View, np.ndarray] | None],
        smooth: Callable[[], bool],
    ) -> None:
        super().__init__(drawing)
        self._canvas, self._drawing = iface.mapCanvas(), drawing
        self._index, self._smooth = index, smooth
        self.tool = WandTool(self._canvas, self._see)
        drawing.map.add_tool(NAME, self.tool)
        self.tool.kept.connect(self._kept)
        self.tool.grown.connect(self._grown)
        self.tool.ended.connect(drawing.map.show_class)
        self.tool.refused.connect(self._tell)

    def remove(self) -> None:
        """Take it off the map."""
        self.tool.ended.disconnect(self._drawing.map.show_class)
        self._drawing.map.remove_tool(NAME)
        self.tool.remove()

    def _see(self, tell: bool) -> Seen | None:
        """What the wand compares: the index while its preview shows, else the bands on the map."""
        index = self._index()
        if index is not None:
            view, values = index
            return Seen(view, likeness(view.window, [values]))
        try:
            layer = self._drawing.view.image()
            if layer is None:
                raise PixelError(tr("Choose the image under View first."))
            image = image_for(layer)
            view = view_of(image, self._canvas.mapSettings())
            if view is None:
                raise PixelError(tr("The map shows nothing of “{name}”.").format(name=image.name))
            read = read_bands(image, shown_bands(layer), view.window)
            return Seen(view, likeness(view.window, list(read.values())))
        except (PixelError, NoPixelGridError) as error:
            if tell:
                self._tell(str(error))
            return None

    def _kept(self, image: Image, pixels: Pixels, tolerance: float) -> None:
        inside = np.ones(pixels.mask.shape, dtype=bool) if self._smooth() else None
        try:
            traced = outlines(pixels.mask, inside, placed(image, pixels.window))
            to_it = to_image(image, self._drawing.session.labels.crs())
            polygons = carried_back(traced, image, to_it)
        except PixelError as error:
            self._tell(str(error))
            return
        self._drawing.take_polygons(polygons, f"{NAME}:{tolerance:.3g}")

    def _grown(self, tolerance: float) -> None:
        percent = f"{100 * tolerance:.1f}"
        self._drawing.map.show_class(tr("± {percent} %").format(percent=percent))

    def _tell(self, text: str) -> None:
        self._drawing.tell(text, Qgis.MessageLevel.Warning)
