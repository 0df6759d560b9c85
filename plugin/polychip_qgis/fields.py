# SPDX-License-Identifier: GPL-2.0-or-later
"""Attribute fields on every QGIS from 3.22 on."""

from __future__ import annotations

from qgis.core import Qgis, QgsField
from qgis.PyQt.QtCore import QMetaType, QVariant

# QGIS 3.38 deprecates the QVariant types; before it, QgsField knows no others.
if Qgis.QGIS_VERSION_INT >= 33800:
    _STRING, _INTEGER = QMetaType.Type.QString, QMetaType.Type.Int
else:
    _STRING, _INTEGER = QVariant.String, QVariant.Int


def text_field(name: str) -> QgsField:
    """A field of texts."""
    return QgsField(name, _STRING)


def integer_field(name: str) -> QgsField:
    """A field of whole numbers of 32 bits."""
    return QgsField(name, _INTEGER)
