# SPDX-License-Identifier: GPL-2.0-or-later
"""Labels and recipe beside a dataset while it is being replaced: the former ones wait.

The engine keeps the old dataset until a new one can be made. Its labels and its recipe must stay
with it: they are set aside, and come back when the engine refuses, is cancelled before it began,
or dies, and also when QGIS itself dies in between.
"""

from __future__ import annotations

import os
from pathlib import Path

from .recipe import OutputPaths
from .snapshot import remove_geopackage

MANIFEST = "manifest.json"


def former(path: Path) -> Path:
    """Where a file waits."""
    return path.with_name(f"{path.stem}.former{path.suffix}")


def set_aside(paths: OutputPaths) -> None:
    """Let what lies beside the dataset wait; the new files can take its place then."""
    settle(paths)
    for path in (paths.labels, paths.recipe):
        if path.is_file():
            os.replace(path, former(path))


def settle(paths: OutputPaths) -> None:
    """Decide, by what the dataset's folder holds, which files stay; the others go.

    To be called after a run, whatever came of it; it does nothing when no file waits.
    """
    waiting = [path for path in (paths.labels, paths.recipe) if former(path).is_file()]
    if not waiting:
        return
    if _holds_the_new(paths):
        for path in waiting:
            _remove(former(path))
        return
    for path in waiting:
        if path == paths.labels:
            remove_geopackage(path)
        os.replace(former(path), path)


def _holds_the_new(paths: OutputPaths) -> bool:
    """Whether the folder's dataset, finished or not, is that of the new recipe."""
    manifest = paths.output / MANIFEST
    if not paths.recipe.is_file():
        return False  # QGIS died before the new files were there
    if manifest.is_file():  # the last file of a run; the recipe is written just before one
        return manifest.stat().st_mtime_ns >= paths.recipe.stat().st_mtime_ns
    return (paths.output / ".polychip" / "run.json").is_file()


def _remove(path: Path) -> None:
    if path.suffix == ".gpkg":
        remove_geopackage(path)
    else:
        path.unlink()
