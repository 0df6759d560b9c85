# SPDX-License-Identifier: GPL-2.0-or-later
"""Polychip in QGIS: from polygons and imagery to aligned training chips."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from .plugin import PolychipPlugin


def classFactory(iface: QgisInterface | None) -> PolychipPlugin:
    """The plugin, made once by QGIS; `iface` is None in qgis_process."""
    from .plugin import PolychipPlugin  # imported late, so that QGIS's plugin list stays quick

    return PolychipPlugin(iface)
