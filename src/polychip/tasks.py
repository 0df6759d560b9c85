"""The functions that workers run. Importing this module loads what they need, once."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from polychip.blocks import work
from polychip.blocks.jobs import Block, BlockRecord, SceneJob
from polychip.blocks.opened import SceneWorker
from polychip.io.atomic import writing_into
from polychip.schema import LabelSchema

if TYPE_CHECKING:
    from polychip.blocks.traces import SceneTraces
    from polychip.io.vector import LayerInfo
    from polychip.labels.labelset import LabelSet
    from polychip.recipe import ExtentSource, LabelSource, MaskOptions, SchemaOptions
    from polychip.scenes.place import ScenePlace
    from polychip.scenes.reports import SceneReport

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


def trace_scene(job: SceneJob) -> "SceneTraces":
    """Traces of a scene's labels, for a later update."""
    from polychip.blocks.traces import scene_traces

    return scene_traces(_worker(job))


@dataclasses.dataclass(frozen=True, slots=True)
class LabelTask:
    """What it takes to load a scene's labels."""

    place: "ScenePlace"
    sources: tuple["LabelSource", ...]
    known: tuple[tuple[str, "LayerInfo | None"], ...]
    """Of each source its namespace, and its layer if somebody has looked at that."""
    extent: tuple["ExtentSource", ...]
    schema: LabelSchema
    options: "SchemaOptions"
    masks: "MaskOptions"
    chip_shape: tuple[int, int]
    labels_folder: Path
    extent_folder: Path | None


@dataclasses.dataclass(frozen=True, slots=True)
class ClassValues:
    """What some label sources hold, for the schema of labels that come without one."""

    values: set[str]
    infos: list["LayerInfo | None"]
    """What is known of each source's layer now; None for rasters."""


def read_values_task(
    sources: Sequence["LabelSource"],
    options: "SchemaOptions",
    own_process: bool,  # noqa: FBT001
) -> ClassValues:
    """Read all class values of some label sources.

    Raises:
        InputError: one can't be read, or its class field is unclear.
    """
    from polychip.io.light import load_pyogrio_light
    from polychip.io.vector import describe_layer, is_raster_path
    from polychip.scenes.attributes import classes_in
    from polychip.scenes.imagery import raster_class_values

    if own_process:
        load_pyogrio_light()
    found = ClassValues(set(), [])
    for source in sources:
        info = None if is_raster_path(source.path) else describe_layer(source)
        found.infos.append(info)
        found.values.update(
            raster_class_values([source]) if info is None else classes_in(source, options, info)
        )
    return found


def load_labels_task(task: LabelTask, own_process: bool) -> "SceneReport":  # noqa: FBT001
    """Load a scene's labels and extent, and leave them as flat files.

    Raises:
        InputError: they can't be used.
        OutputError: the disk is full, read-only, …
    """
    with writing_into(task.labels_folder.parent):
        return _load_labels(task, own_process)


def _load_labels(task: LabelTask, own_process: bool) -> "SceneReport":  # noqa: FBT001
    from polychip.io.light import load_pyogrio_light
    from polychip.scenes.extent import load_extent
    from polychip.scenes.labels import load_scene_labels

    if own_process:
        load_pyogrio_light()
    labels, report = load_scene_labels(
        task.place,
        task.sources,
        task.schema,
        task.options,
        task.masks,
        known=task.known,
        chip_shape=task.chip_shape,
        store=task.labels_folder,
    )
    labels.save(task.labels_folder)
    _save_for_targets(task, labels)
    if task.extent_folder is not None:
        task.extent_folder.mkdir(parents=True, exist_ok=True)
        extent = load_extent(task.place, task.extent, task.schema)
        extent.save(task.extent_folder)
        report.n_extents = extent.n_owners
    return report


def _save_for_targets(task: LabelTask, labels: "LabelSet") -> None:
    """Leave what targets need of the whole scene beside the labels."""
    import numpy as np

    if {"center", "offset"} & set(task.masks.targets):
        from polychip.labels.centres import object_centres

        centres = object_centres(labels, task.place.grid.window, all_touched=task.masks.all_touched)
        np.save(task.labels_folder / "centres.npy", centres)
