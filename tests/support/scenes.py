"""Labels brought onto a grid by Polychip, without images and without a run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polychip.burn.runs import paint, scan
from polychip.crs import to_wkt
from polychip.grid import Grid, Window
from polychip.labels.labelset import LabelSet
from polychip.recipe import LabelSource, MaskOptions, SchemaOptions
from polychip.scenes.labels import load_scene_labels
from polychip.scenes.place import ScenePlace
from polychip.scenes.reports import SceneReport
from polychip.schema import LabelSchema, schema_from_values
from support.rasters import Place


def load(
    where: Place,
    sources: Sequence[LabelSource | Path | str],
    *,
    schema: LabelSchema | None = None,
    options: SchemaOptions | None = None,
    padding: int = 0,
    all_touched: bool = False,
    keep_tiny: bool = False,
    allow_ballpark: bool = False,
) -> tuple[LabelSet, SceneReport]:
    """The label set of a scene on a grid; by default one class 'labels' with code 1."""
    grid = Grid(to_wkt(where.crs), where.transform, where.height, where.width)
    padded = Window(-padding, -padding, where.width + 2 * padding, where.height + 2 * padding)
    given = [
        s if isinstance(s, LabelSource) else LabelSource(path=str(s), class_name="labels")
        for s in sources
    ]
    return load_scene_labels(
        ScenePlace("scene", grid, padded, allow_ballpark=allow_ballpark),
        given,
        schema or schema_from_values(["labels"], things=True)[0],
        options or SchemaOptions(),
        MaskOptions(mode="instance", all_touched=all_touched, keep_tiny=keep_tiny),
        chip_shape=(64, 64),
    )


def burned(labels: LabelSet, window: Window, *, all_touched: bool = False) -> NDArray[np.int64]:
    """Class codes in a window, 0 for none."""
    runs = scan(labels.edges, window, all_touched=all_touched)
    canvas = np.zeros((window.height, window.width), dtype=np.int64)
    paint(canvas, runs, labels.codes[runs.owner])
    return canvas


def count_owners(labels: LabelSet, window: Window) -> NDArray[np.int64]:
    """How many features hold each pixel's centre."""
    count = np.zeros((window.height, window.width), dtype=np.int64)
    runs = scan(labels.edges, window)
    for row, start, stop in zip(runs.row, runs.start, runs.stop, strict=True):
        count[row, start:stop] += 1
    return count


def names_of(report: SceneReport) -> list[Any]:
    """Repaired features of all sources."""
    return [name for source in report.sources for name in source.repaired]
