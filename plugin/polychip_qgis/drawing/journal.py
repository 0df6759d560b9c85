# SPDX-License-Identifier: GPL-2.0-or-later
"""The recovery file: unsaved edits and the unfinished polygon, beside the GeoPackage.

It is written after every edit, in a moment: beside, then moved. Nothing is ever committed for it;
saving or giving up the edits empties it. What a crash has left is set aside first, so that new
edits cannot write over it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from qgis.core import QgsFeature, QgsFeatureRequest, QgsGeometry, QgsVectorLayer
from qgis.PyQt.QtCore import QDateTime, Qt

from ..translation import tr
from .label_layers import role_of
from .names import UUID

VERSION = 1


class Unfinished(NamedTuple):
    """A polygon in mid-drawing."""

    points: list[tuple[float, float]]
    """In the labels' CRS."""
    purpose: str
    """'draw', 'hole' or 'split'."""
    class_name: str


class Restored(NamedTuple):
    """What was brought back."""

    n_added: int
    n_changed: int
    n_deleted: int
    n_lost: int
    """Edits of polygons that are no longer there."""
    unfinished: Unfinished | None


def journal_path(geopackage: Path) -> Path:
    """The recovery file of a GeoPackage."""
    return geopackage.with_name(f"{geopackage.stem}.unsaved.json")


def set_aside(geopackage: Path) -> list[Path]:
    """Move what a crash has left out of the way; returns all that waits, oldest first."""
    path = journal_path(geopackage)
    waiting = sorted(geopackage.parent.glob(f"{geopackage.stem}.unsaved-*.json"))
    if path.exists():
        number = 1 + max((_number(known) for known in waiting), default=0)
        kept = geopackage.with_name(f"{geopackage.stem}.unsaved-{number:03d}.json")
        path.replace(kept)
        waiting.append(kept)
    return waiting


def _number(path: Path) -> int:
    tail = path.stem.rsplit("-", 1)[-1]
    return int(tail) if tail.isdigit() else 0


def write_journal(
    geopackage: Path, layers: Iterable[QgsVectorLayer], unfinished: Unfinished | None
) -> bool:
    """Write what is not saved; with nothing to keep the file goes. Returns whether there is one."""
    edits = {role_of(layer): _edits(layer) for layer in layers if layer.isModified()}
    path = journal_path(geopackage)
    if not edits and unfinished is None:
        path.unlink(missing_ok=True)
        return False
    content: dict[str, Any] = {"version": VERSION, "edits": edits}
    if unfinished is not None:
        content["unfinished"] = unfinished._asdict()
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
    partial.replace(path)
    return True


def restore(path: Path, layers: Iterable[QgsVectorLayer]) -> Restored:
    """Bring back a recovery file, as one step of undo in each layer; the file stays.

    Raises:
        ValueError: the file is damaged.
        OSError: it cannot be read.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    counts = [0, 0, 0, 0]
    try:
        for layer in layers:
            edits = content["edits"].get(role_of(layer))
            if edits:
                counts = [a + b for a, b in zip(counts, _apply(layer, edits))]
        unfinished = content.get("unfinished")
        if unfinished is not None:
            points = [(float(x), float(y)) for x, y in unfinished["points"]]
            unfinished = Unfinished(points, unfinished["purpose"], unfinished["class_name"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name}: {error}") from error
    return Restored(*counts, unfinished)


def _edits(layer: QgsVectorLayer) -> dict[str, Any]:
    buffer = layer.editBuffer()
    names = [field.name() for field in layer.fields()]
    return {
        "added": [
            {"values": _values(names, feature.attributes()), "shape": _packed(feature.geometry())}
            for feature in buffer.addedFeatures().values()
        ],
        "reshaped": {
            str(fid): _packed(shape)
            for fid, shape in buffer.changedGeometries().items()
            if fid not in buffer.addedFeatures()
        },
        "changed": {
            str(fid): {names[index]: plain(value) for index, value in changes.items()}
            for fid, changes in buffer.changedAttributeValues().items()
            if fid not in buffer.addedFeatures()
        },
        "deleted": list(buffer.deletedFeatureIds()),
    }


def _apply(layer: QgsVectorLayer, edits: dict[str, Any]) -> list[int]:
    """[added, changed, deleted, lost]"""
    if not layer.isEditable():
        layer.startEditing()
    there = set(layer.allFeatureIds())
    uuids = _uuids(layer)
    key = set(layer.primaryKeyAttributes())
    at = {field.name(): layer.fields().lookupField(field.name()) for field in layer.fields()}
    n_added = n_lost = 0
    changed: set[int] = set()
    layer.beginEditCommand(tr("Restore"))
    for row in edits["added"]:
        if row["values"].get(UUID) in uuids and UUID in at:
            continue  # it was saved before the crash
        feature = QgsFeature(layer.fields())
        feature.setGeometry(_unpacked(row["shape"]))
        for name, value in row["values"].items():
            if at.get(name, -1) not in key and name in at:
                feature.setAttribute(at[name], _rich(value))
        n_added += layer.addFeature(feature)
    for text, shape in edits["reshaped"].items():
        if int(text) in there and layer.changeGeometry(int(text), _unpacked(shape), True):
            changed.add(int(text))
        else:
            n_lost += 1
    for text, values in edits["changed"].items():
        if int(text) not in there:
            n_lost += 1
            continue
        old = layer.getFeature(int(text))
        for name, value in values.items():
            if name in at:
                layer.changeAttributeValue(int(text), at[name], _rich(value), old[name], True)
        changed.add(int(text))
    deleted = [fid for fid in edits["deleted"] if fid in there]
    layer.deleteFeatures(deleted)
    layer.endEditCommand()
    layer.triggerRepaint()
    return [n_added, len(changed), len(deleted), n_lost]


def _uuids(layer: QgsVectorLayer) -> set[str]:
    index = layer.fields().lookupField(UUID)
    if index < 0:
        return set()
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setSubsetOfAttributes([index])
    return {feature[UUID] for feature in layer.getFeatures(request) if feature[UUID]}


def _values(names: list[str], values: list[Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in zip(names, values)}


def plain(value: Any) -> Any:
    if value is None or (hasattr(value, "isNull") and value.isNull()):
        return None
    if isinstance(value, QDateTime):
        return {"time": value.toString(Qt.DateFormat.ISODateWithMs)}
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def _rich(value: Any) -> Any:
    if isinstance(value, dict):
        return QDateTime.fromString(value["time"], Qt.DateFormat.ISODateWithMs)
    return value


def _packed(shape: QgsGeometry) -> str:
    return base64.b64encode(bytes(shape.asWkb())).decode("ascii")


def _unpacked(text: str) -> QgsGeometry:
    shape = QgsGeometry()
    shape.fromWkb(base64.b64decode(text))
    return shape
