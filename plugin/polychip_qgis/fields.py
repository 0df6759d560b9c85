# SPDX-License-Identifier: GPL-2.0-or-later
"""Attribute fields on every QGIS from 3.22 on."""

from __future__ import annotations

from qgis.core import Qgis, QgsField
from qgis.PyQt.QtCore import QMetaType, QVariant

# QGIS 3.38 deprecates the QVariant types; before it, QgsField knows no others.
if Qgis.QGIS_VERSION_INT >= 33800:
    _STRING, _INTEGER, _LONG = QMetaType.Type.QString, QMetaType.Type.Int, QMetaType.Type.LongLong
else:
    _STRING, _INTEGER, _LONG = QVariant.String, QVariant.Int, QVariant.LongLong

_STORED_AS_IT_IS = frozenset(
    (
        QMetaType.Type.Bool,
        QMetaType.Type.Int,
        QMetaType.Type.LongLong,
        QMetaType.Type.Double,
        QMetaType.Type.QString,
        QMetaType.Type.QDate,
        QMetaType.Type.QDateTime,
    )
)
"""Types that a GeoPackage holds; in Qt 5 they equal those of QVariant, by their numbers."""


def text_field(name: str) -> QgsField:
    """A field of texts."""
    return QgsField(name, _STRING)


def integer_field(name: str) -> QgsField:
    """A field of whole numbers of 32 bits."""
    return QgsField(name, _INTEGER)


def long_field(name: str) -> QgsField:
    """A field of whole numbers of 64 bits."""
    return QgsField(name, _LONG)


def stored_as_it_is(field: QgsField) -> bool:
    """Whether a GeoPackage holds the field's values; others (lists, maps, times) become text."""
    return field.type() in _STORED_AS_IT_IS


def renamed(field: QgsField, name: str) -> QgsField:
    """A bare field of the same type: no default, constraint, alias or comment."""
    return QgsField(name, field.type(), "", field.length(), field.precision())
