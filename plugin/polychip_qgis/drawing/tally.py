# SPDX-License-Identifier: GPL-2.0-or-later
"""How many objects and how much area each class has, kept up to date by what changes alone."""

from __future__ import annotations

from typing import NamedTuple

from qgis.core import (
    QgsDistanceArea,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsUnitTypes,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QObject, pyqtSignal

from .names import CLASS, INSTANCE


class Sum(NamedTuple):
    """Of one class."""

    count: int
    area_m2: float


class _Known(NamedTuple):
    name: str
    area: float


class Tally(QObject):
    """Listens to a label layer; reads, and never edits."""

    changed = pyqtSignal()

    def __init__(self, layer: QgsVectorLayer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layer = layer
        self._class_index = layer.fields().lookupField(CLASS)
        self._id_index = layer.fields().lookupField(INSTANCE)
        self._measure = _measure(layer)
        self._known: dict[int, _Known] = {}
        self._counts: dict[str, int] = {}
        self._areas: dict[str, float] = {}
        self._highest_id = 0
        self._scan()
        layer.featureAdded.connect(self._added)
        layer.featureDeleted.connect(self._deleted)
        layer.geometryChanged.connect(self._reshaped)
        layer.attributeValueChanged.connect(self._renamed)
        layer.afterRollBack.connect(self._scan)

    def stop(self) -> None:
        """Listen no longer."""
        self._layer.featureAdded.disconnect(self._added)
        self._layer.featureDeleted.disconnect(self._deleted)
        self._layer.geometryChanged.disconnect(self._reshaped)
        self._layer.attributeValueChanged.disconnect(self._renamed)
        self._layer.afterRollBack.disconnect(self._scan)

    def of(self, name: str) -> Sum:
        """Objects and area of a class."""
        count = self._counts.get(name, 0)
        return Sum(count, max(0.0, self._areas.get(name, 0.0)) if count else 0.0)

    @property
    def total(self) -> int:
        """All objects."""
        return len(self._known)

    def next_id(self) -> int:
        """An object id that no polygon has, nor had since the layer was opened."""
        self._highest_id += 1
        return self._highest_id

    def _scan(self) -> None:
        self._known.clear()
        self._counts.clear()
        self._areas.clear()
        request = QgsFeatureRequest().setSubsetOfAttributes([self._class_index, self._id_index])
        for feature in self._layer.getFeatures(request):
            self._enter(feature)
        self.changed.emit()

    def _enter(self, feature: QgsFeature) -> None:
        value, number = feature.attribute(self._class_index), feature.attribute(self._id_index)
        name = value if isinstance(value, str) else ""
        if isinstance(number, int):
            self._highest_id = max(self._highest_id, number)
        self._put(feature.id(), _Known(name, self._area(feature.geometry())))

    def _put(self, fid: int, known: _Known | None) -> None:
        former = self._known.pop(fid, None)
        if former is not None:
            self._counts[former.name] -= 1
            self._areas[former.name] -= former.area
        if known is not None:
            self._known[fid] = known
            self._counts[known.name] = self._counts.get(known.name, 0) + 1
            self._areas[known.name] = self._areas.get(known.name, 0.0) + known.area

    def _area(self, geometry: QgsGeometry) -> float:
        if geometry.isNull():
            return 0.0
        return (
            geometry.area() * self._factor
            if self._measure is None
            else (self._measure.measureArea(geometry))
        )

    @property
    def _factor(self) -> float:
        metre = QgsUnitTypes.fromUnitToUnitFactor(
            self._layer.crs().mapUnits(), QgsUnitTypes.DistanceUnit.DistanceMeters
        )
        return metre * metre

    def _added(self, fid: int) -> None:
        feature = self._layer.getFeature(fid)
        if feature.isValid():
            self._enter(feature)
            self.changed.emit()

    def _deleted(self, fid: int) -> None:
        self._put(fid, None)
        self.changed.emit()

    def _reshaped(self, fid: int, geometry: QgsGeometry) -> None:
        known = self._known.get(fid)
        if known is not None:
            self._put(fid, known._replace(area=self._area(geometry)))
            self.changed.emit()

    def _renamed(self, fid: int, index: int, value: object) -> None:
        known = self._known.get(fid)
        if index == self._class_index and known is not None:
            self._put(fid, known._replace(name=value if isinstance(value, str) else ""))
            self.changed.emit()
        if index == self._id_index and isinstance(value, int):
            self._highest_id = max(self._highest_id, value)


def _measure(layer: QgsVectorLayer) -> QgsDistanceArea | None:
    """On the ellipsoid for degrees; projected areas are those of the plane, ten times as quick."""
    if not layer.crs().isGeographic():
        return None
    measure = QgsDistanceArea()
    measure.setSourceCrs(layer.crs(), QgsProject.instance().transformContext())
    measure.setEllipsoid(layer.crs().ellipsoidAcronym() or "EPSG:7030")
    return measure
