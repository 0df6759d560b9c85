# SPDX-License-Identifier: GPL-2.0-or-later
"""Labels and extent as they are seen in QGIS, written to a GeoPackage of their own.

Edits, filters, joins, virtual fields and memory layers are in it, because the features are read
from the layer object, not from its file. `see` is called on the main thread, `write_snapshot` on
any.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from qgis.core import (
    QgsAbstractFeatureSource,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsFeature,
    QgsFeatureRequest,
    QgsFeedback,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
    QgsWkbTypes,
)

from .fields import long_field, renamed, stored_as_it_is, text_field
from .recipe import EXTENT, LABELS, SOURCE_FID
from .translation import tr

_RESERVED = ("fid", "geom", SOURCE_FID)
"""Columns that the GeoPackage has of its own; a field of this name gets another."""
_COUNTS = {LABELS: "SELECT COUNT(*) FROM labels", EXTENT: "SELECT COUNT(*) FROM extent"}
_COUNTING_PROVIDERS = ("ogr", "memory", "spatialite", "delimitedtext")
"""Those that count; databases and services may estimate."""
_STEP = 200
"""Features between two looks at the user's wish to cancel."""


class SnapshotError(Exception):
    """The layer cannot be written as it is seen; the text says why and what to do."""


class SnapshotCancelled(Exception):
    """The user has cancelled."""


class SeenLayer(NamedTuple):
    """A vector layer as it is at one moment, readable on any thread."""

    name: str
    source: QgsAbstractFeatureSource
    fields: QgsFields
    crs: QgsCoordinateReferenceSystem
    wkb_type: int
    n_reported: int
    """Features that the layer says it has; -1 where it does not know or only guesses."""


class Snapshot(NamedTuple):
    """What was written."""

    digest: str
    """SHA-256 of everything that was seen; the file's own bytes hold the time of writing."""
    counts: dict[str, int]
    """Features by layer of the snapshot."""
    label_fields: dict[str, str]
    """Field of the labels to its name in the snapshot."""


def see(layer: QgsVectorLayer) -> SeenLayer:
    """The layer as it is now; call it on the main thread.

    Raises:
        SnapshotError: the layer is broken or has no CRS.
    """
    name = layer.name()
    if not layer.isValid():
        raise SnapshotError(
            tr("“{name}” cannot be read; repair its data source.").format(name=name)
        )
    if not layer.crs().isValid():
        raise SnapshotError(
            tr(
                "“{name}” has no coordinate reference system; "
                "set it first (Layer ▸ Set CRS of Layer(s)…)."
            ).format(name=name)
        )
    layer.joinBuffer().createJoinCaches()  # joined layers belong to the main thread
    source = QgsVectorLayerFeatureSource(layer)
    exact = layer.featureCount() == 0 or layer.providerType() in _COUNTING_PROVIDERS
    n_reported = layer.featureCount() if exact else -1
    fields = QgsFields(layer.fields())
    return SeenLayer(name, source, fields, layer.crs(), layer.wkbType(), n_reported)


def write_snapshot(path: Path, layers: Mapping[str, SeenLayer], feedback: QgsFeedback) -> Snapshot:
    """Write the layers, by their name in the snapshot, to a new GeoPackage; compare the counts.

    On any error, and when cancelled, the file is removed.

    Raises:
        SnapshotError: a feature was refused, or more or fewer arrived than were seen.
        SnapshotCancelled: the feedback says so.
    """
    remove_geopackage(path)
    try:
        return _written(path, layers, feedback)
    except BaseException:
        remove_geopackage(path)
        raise


def remove_geopackage(path: Path) -> None:
    """Remove a GeoPackage with what SQLite may have left beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def snapshot_names(fields: Iterable[str]) -> list[str]:
    """A name for each field that a GeoPackage can hold beside the others.

    SQLite does not tell 'class' from 'Class', and 'fid', 'geom' and 'source_fid' are taken.
    """
    names: list[str] = []
    originals = list(fields)
    taken = set(_RESERVED)
    plain = {name.casefold() for name in originals}
    for original in originals:
        name, number = original or "field", 0
        while name.casefold() in taken or (number and name.casefold() in plain):
            number += 1
            name = f"{original or 'field'}_{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _written(path: Path, layers: Mapping[str, SeenLayer], feedback: QgsFeedback) -> Snapshot:
    expected = {name: _count(seen, feedback) for name, seen in layers.items()}
    total = max(1, sum(expected.values()))
    digest = hashlib.sha256()
    written, before = {}, 0
    for name, seen in layers.items():
        count = 0
        for count in _copy(path, name, seen, digest):  # noqa: B007 - the last one is kept
            if count % _STEP == 0:
                _stop_if_cancelled(feedback)
                feedback.setProgress(min(100.0, 100.0 * (before + count) / total))
        written[name] = count
        before += count
    stored = _stored_counts(path, layers)
    for name, seen in layers.items():
        reported = seen.n_reported if seen.n_reported >= 0 else expected[name]
        if not reported == expected[name] == written[name] == stored[name]:
            raise SnapshotError(
                tr(
                    "“{name}” has {expected} features, but {stored} arrived in the snapshot; "
                    "nothing was exported. Save the layer to a new file and export that."
                ).format(name=seen.name, expected=reported, stored=stored[name])
            )
    feedback.setProgress(100.0)
    originals = [field.name() for field in layers[LABELS].fields]
    return Snapshot(digest.hexdigest(), stored, dict(zip(originals, snapshot_names(originals))))


def _count(seen: SeenLayer, feedback: QgsFeedback) -> int:
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry).setNoAttributes()
    count = 0
    for _ in _features(seen, request):
        count += 1
        if count % _STEP == 0:
            _stop_if_cancelled(feedback)
    return count


def _features(seen: SeenLayer, request: QgsFeatureRequest) -> Iterator[QgsFeature]:
    """An iterator's isValid() says nothing: with an edit session on, it is always false (3.22)."""
    yield from seen.source.getFeatures(request)


def _copy(path: Path, name: str, seen: SeenLayer, digest: Any) -> Iterator[int]:
    """Write one layer; yields the number of features so far."""
    names = snapshot_names(field.name() for field in seen.fields)
    as_text = [not stored_as_it_is(field) for field in seen.fields]
    digest.update(json.dumps([name, names, seen.crs.toWkt()]).encode())
    fields = QgsFields()
    fields.append(long_field(SOURCE_FID))
    for field, new_name, text in zip(seen.fields, names, as_text):
        fields.append(text_field(new_name) if text else _wide(renamed(field, new_name)))
    writer = _writer(path, name, seen, fields)
    for count, feature in enumerate(_features(seen, QgsFeatureRequest()), 1):
        copy = QgsFeature(fields)
        values = [_text(v) if t else v for v, t in zip(feature.attributes(), as_text)]
        copy.setAttributes([feature.id(), *values])
        if feature.hasGeometry():
            copy.setGeometry(flat_multi(feature.geometry()))
        told = [None if is_null(value) else value for value in copy.attributes()]
        digest.update(repr(told).encode("utf-8", "backslashreplace"))
        digest.update(bytes(copy.geometry().asWkb()))
        if not writer.addFeature(copy):
            raise SnapshotError(
                tr("Feature {fid} of “{name}” could not be written: {reason}").format(
                    fid=feature.id(), name=seen.name, reason=writer.errorMessage()
                )
            )
        yield count
    del writer  # closes the file


def _writer(path: Path, name: str, seen: SeenLayer, fields: QgsFields) -> QgsVectorFileWriter:
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    options.fileEncoding = "UTF-8"
    options.layerName = name
    options.layerOptions = ["FID=fid", "GEOMETRY_NAME=geom"]
    action = QgsVectorFileWriter.ActionOnExistingFile
    options.actionOnExistingFile = (
        action.CreateOrOverwriteLayer if path.exists() else action.CreateOrOverwriteFile
    )
    kind = QgsWkbTypes.multiType(QgsWkbTypes.flatType(QgsWkbTypes.linearType(seen.wkb_type)))
    writer = QgsVectorFileWriter.create(
        str(path), fields, kind, seen.crs, QgsCoordinateTransformContext(), options
    )
    if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
        raise SnapshotError(
            tr("The snapshot {path} cannot be written: {reason}").format(
                path=path, reason=writer.errorMessage()
            )
        )
    return writer


def _wide(field: QgsField) -> QgsField:
    """No limit on length: edits and joins may hold more than the file's own field allows."""
    field.setLength(0)
    field.setPrecision(0)
    return field


def _text(value: Any) -> Any:
    """Lists and maps as JSON, other unusual values as Qt shows them; NULL stays NULL."""
    if is_null(value):
        return None
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.toString() if hasattr(value, "toString") else str(value)


def is_null(value: Any) -> bool:
    return value is None or (hasattr(value, "isNull") and value.isNull())


def flat_multi(geometry: QgsGeometry) -> QgsGeometry:
    """A multi-part geometry without Z, M and curves, which masks know nothing of."""
    flat = QgsGeometry(geometry)
    if QgsWkbTypes.isCurvedType(flat.wkbType()):
        flat = QgsGeometry(flat.constGet().segmentize())
    shape = flat.get()
    shape.dropZValue()
    shape.dropMValue()
    flat.convertToMultiType()
    return flat


def _stored_counts(path: Path, layers: Iterable[str]) -> dict[str, int]:
    connection = sqlite3.connect(str(path))
    try:
        return {name: connection.execute(_COUNTS[name]).fetchone()[0] for name in layers}
    finally:
        connection.close()


def _stop_if_cancelled(feedback: QgsFeedback) -> None:
    if feedback.isCanceled():
        raise SnapshotCancelled
