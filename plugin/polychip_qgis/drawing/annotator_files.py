# SPDX-License-Identifier: GPL-2.0-or-later
"""One file for each annotator, and back into one.

A GeoPackage that several people write to on a network drive breaks: its locks do not hold there.
So each annotator gets a copy, and the copies come back as unsaved edits, to be looked at and saved.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from qgis.core import QgsFeature, QgsFeatureRequest, QgsGeometry, QgsProject, QgsVectorLayer

from ..snapshot import remove_geopackage
from ..translation import tr
from .geopackage import GeoPackageError, copy_committed
from .journal import plain
from .make import open_layers
from .names import ANNOTATOR, CELL, CHANGED, INSTANCE, NOTE, STATUS, TODO, UUID
from .session import LabelSession


class AnnotatorFilesError(Exception):
    """Files cannot be written or merged; the text says why and what to do."""


class Merged(NamedTuple):
    """What came back from the annotators' files."""

    n_added: int
    n_changed: int
    n_cells: int
    n_renumbered: int
    """Objects whose id was taken by another one."""
    missing: list[int]
    """Polygons of the project in the files' cells that the files no longer have; they are kept."""


def write_files(session: LabelSession) -> list[Path]:
    """A copy of the GeoPackage for each annotator that cells were handed out to, with their cells.

    Raises:
        AnnotatorFilesError: edits are not saved, nobody has cells, a file is there already or cannot
            be written.
    """
    if session.modified:
        raise AnnotatorFilesError(tr("Save first: the files are copies of what is saved."))
    names = list(session.book.progress_by_annotator())
    if not names:
        raise AnnotatorFilesError(tr("Hand out cells first: no cell has an annotator."))
    source = session.layers.geopackage
    paths = [source.with_name(f"{source.stem}-{_file_name(name)}.gpkg") for name in names]
    for path in paths:
        if path.exists():
            raise AnnotatorFilesError(
                tr("{path} is there already; merge it or move it away first.").format(path=path)
            )
    for name, path in zip(names, paths):
        _copy_for(source, path, name)
        recipe = source.with_name("recipe.toml")
        if recipe.exists():
            text = recipe.read_text(encoding="utf-8").replace(source.name, path.name)
            path.with_suffix(".recipe.toml").write_text(text, encoding="utf-8")
    return paths


def merge_files(session: LabelSession, paths: list[Path]) -> Merged:
    """Take annotators' files in: newer polygons and cells win; one step of undo in each layer.

    Raises:
        MakeError: a file lacks a layer.
        AnnotatorFilesError: a file is in another CRS, cannot be read, or is edited in this project.
    """
    for path in paths:
        _check_saved(path)
    session.start()
    total = Merged(0, 0, 0, 0, [])
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(paths):
            # Of a file that QGIS has open, a second connection may see an older state.
            copy = Path(folder) / f"{number}.gpkg"
            _copy(path, copy)
            merged = _merge_copy(session, copy, path)
            total = Merged(*(one + other for one, other in zip(total, merged)))
    return total


def _check_saved(path: Path) -> None:
    for layer in QgsProject.instance().mapLayers().values():
        if not isinstance(layer, QgsVectorLayer) or not layer.isModified():
            continue
        if Path(layer.source().split("|")[0]) == path:
            raise AnnotatorFilesError(
                tr("“{name}” of {path} has unsaved edits: save them first.").format(
                    name=layer.name(), path=path
                )
            )


def _merge_copy(session: LabelSession, copy: Path, path: Path) -> Merged:
    """Merge one file from its copy; the layers are let go of at the end."""
    labels, _, tasks = open_layers(copy, told=path)
    if labels.crs() != session.labels.crs():
        raise AnnotatorFilesError(
            tr("{path} is in {crs}, the project in {other}.").format(
                path=path, crs=labels.crs().authid(), other=session.labels.crs().authid()
            )
        )
    n_cells, area = _merge_tasks(session, tasks)
    n_added, n_changed, n_renumbered, missing = _merge_labels(session, labels, area)
    return Merged(n_added, n_changed, n_cells, n_renumbered, missing)


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "annotator"


def _copy_for(source: Path, target: Path, name: str) -> None:
    partial = target.with_name(f"{target.stem}.partial.gpkg")
    remove_geopackage(partial)
    try:
        _copy(source, partial)
        # Not by a layer: QGIS keeps connections open, which would turn the file to a log again.
        with contextlib.closing(sqlite3.connect(str(partial))) as copy, copy:
            copy.execute("DELETE FROM tasks WHERE annotator IS NOT ?", (name,))
        shutil.move(str(partial), str(target))
    except sqlite3.Error as error:
        raise AnnotatorFilesError(
            tr("{path} cannot be written: {reason}").format(path=target, reason=error)
        ) from error
    finally:
        remove_geopackage(partial)


def _copy(source: Path, target: Path) -> None:
    try:
        copy_committed(source, target)
    except GeoPackageError as error:
        raise AnnotatorFilesError(str(error)) from error


def _merge_tasks(session: LabelSession, tasks: QgsVectorLayer) -> tuple[int, QgsGeometry]:
    """(cells changed, the file's cells as one shape)"""
    mine = {task.cell: task for task in session.book.tasks}
    changes: dict[int, dict[str, Any]] = {}
    shapes = []
    for feature in tasks.getFeatures():
        shapes.append(feature.geometry())
        task = mine.get(feature[CELL])
        if task is None or feature[STATUS] in (None, TODO):
            continue
        values = {
            key: feature[key]
            for key, old in ((STATUS, task.status), (ANNOTATOR, task.annotator), (NOTE, task.note))
            if isinstance(feature[key], str) and feature[key] != old
        }
        if values:
            changes[task.fid] = values
    if changes:
        session.book.write(changes, tr("Merge annotators’ files"))
    return len(changes), QgsGeometry.unaryUnion(shapes) if shapes else QgsGeometry()


def _merge_labels(
    session: LabelSession, theirs: QgsVectorLayer, area: QgsGeometry
) -> tuple[int, int, int, list[int]]:
    layer = session.labels
    mine = {f[UUID]: QgsFeature(f) for f in layer.getFeatures() if f[UUID]}
    taken = {f[INSTANCE] for f in mine.values() if isinstance(f[INSTANCE], int)}
    n_added = n_changed = n_renumbered = 0
    seen = set()
    layer.beginEditCommand(tr("Merge annotators’ files"))
    for feature in theirs.getFeatures(QgsFeatureRequest()):
        seen.add(feature[UUID])
        known = mine.get(feature[UUID])
        if known is None:
            number = feature[INSTANCE]
            if not isinstance(number, int) or number in taken:
                n_renumbered += isinstance(number, int)
                number = session.tally.next_id()
            taken.add(number)
            n_added += _add(layer, feature, number)
        elif _newer(feature, known) or _changed_without_time(layer, feature, known):
            n_changed += _change(layer, known, feature)
    layer.endEditCommand()
    layer.triggerRepaint()
    missing = [
        f.id()
        for key, f in mine.items()
        if key not in seen and not area.isNull() and area.contains(f.geometry().pointOnSurface())
    ]
    return n_added, n_changed, n_renumbered, missing


def _newer(feature: QgsFeature, known: QgsFeature) -> bool:
    one, other = plain(feature[CHANGED]), plain(known[CHANGED])
    if one == other or one is None:
        return False
    return other is None or feature[CHANGED] > known[CHANGED]


def _changed_without_time(layer: QgsVectorLayer, feature: QgsFeature, known: QgsFeature) -> bool:
    """By a program that keeps no time of change, or in the second in which it was drawn."""
    if plain(feature[CHANGED]) != plain(known[CHANGED]):
        return False
    names = [name for name in _names(layer, feature) if name not in (INSTANCE, UUID)]
    return not feature.geometry().equals(known.geometry()) or any(
        plain(feature[name]) != plain(known[name]) for name in names
    )


def _names(layer: QgsVectorLayer, feature: QgsFeature) -> list[str]:
    key = set(layer.primaryKeyAttributes())
    theirs = {field.name() for field in feature.fields()}
    return [f.name() for i, f in enumerate(layer.fields()) if i not in key and f.name() in theirs]


def _add(layer: QgsVectorLayer, feature: QgsFeature, number: int) -> bool:
    copy = QgsFeature(layer.fields())
    copy.setGeometry(feature.geometry())
    for name in _names(layer, feature):
        copy.setAttribute(layer.fields().lookupField(name), feature[name])
    copy.setAttribute(layer.fields().lookupField(INSTANCE), number)
    return layer.addFeature(copy)


def _change(layer: QgsVectorLayer, known: QgsFeature, feature: QgsFeature) -> bool:
    layer.changeGeometry(known.id(), feature.geometry(), True)
    for name in _names(layer, feature):
        if name not in (INSTANCE, UUID) and feature[name] != known[name]:
            index = layer.fields().lookupField(name)
            layer.changeAttributeValue(known.id(), index, feature[name], known[name], True)
    return True
