"""The functions that workers run. Importing this module loads what they need, once."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from polychip.blocks import work
from polychip.blocks.jobs import Block, BlockRecord, SceneJob
from polychip.blocks.opened import SceneWorker
from polychip.recipe import LabelSource, SchemaOptions, VectorSource
from polychip.schema import LabelSchema

_OPEN: dict[str, SceneWorker] = {}
"""The scene that this process has open, by name; one at a time."""


def _worker(job: SceneJob) -> SceneWorker:
    """The scene, opened unless it is open already."""
    held = _OPEN.get(job.scene)
    if held is None or held.job != job:
        close_scenes()
        held = _OPEN[job.scene] = SceneWorker(job)
    return held


def close_scenes() -> None:
    """Let go of all files that this process holds open."""
    for worker in _OPEN.values():
        worker.close()
    _OPEN.clear()


def make_block(job: SceneJob, block: Block) -> BlockRecord:
    """Make a block's images and masks."""
    return work.make_block(_worker(job), block)


def make_images(job: SceneJob, block: Block) -> BlockRecord | None:
    """Make a block's images before the labels are there."""
    return work.make_images(_worker(job), block)


def make_masks(job: SceneJob, block: Block) -> BlockRecord:
    """Make the masks of a block that has its images."""
    return work.make_masks(_worker(job), block)


@dataclasses.dataclass(frozen=True, slots=True)
class LabelTask:
    """What it takes to load a scene's labels."""

    place: Any
    """polychip.scenes.labels.ScenePlace"""
    sources: tuple[LabelSource, ...]
    namespaces: tuple[str, ...]
    extent: tuple[VectorSource, ...]
    schema: LabelSchema
    options: SchemaOptions
    all_touched: bool
    keep_tiny: bool
    chip_shape: tuple[int, int]
    labels_folder: Path
    extent_folder: Path | None


def load_labels_task(task: LabelTask, own_process: bool) -> Any:  # noqa: FBT001 - SceneReport
    """Load a scene's labels and extent, and leave them as flat files; returns the report."""
    from polychip.io.light import load_pyogrio_light
    from polychip.scenes.labels import load_extent, load_scene_labels

    if own_process:
        load_pyogrio_light()
    labels, report = load_scene_labels(
        task.place,
        task.sources,
        task.schema,
        task.options,
        all_touched=task.all_touched,
        keep_tiny=task.keep_tiny,
        names=task.namespaces,
        chip_shape=task.chip_shape,
    )
    labels.save(task.labels_folder)
    if task.extent_folder is not None:
        task.extent_folder.mkdir(parents=True, exist_ok=True)
        extent = load_extent(task.place, task.extent)
        extent.save(task.extent_folder)
        report.n_extents = extent.n_owners
    return report


def distinct_classes_task(
    sources: Sequence[LabelSource],
    options: SchemaOptions,
    own_process: bool,  # noqa: FBT001
) -> list[str]:
    """All class values of labels that come without a schema."""
    from polychip.io.light import load_pyogrio_light
    from polychip.scenes.imagery import raster_class_values
    from polychip.scenes.labels import distinct_classes

    if own_process:
        load_pyogrio_light()
    return sorted({*distinct_classes(sources, options), *raster_class_values(sources)})
