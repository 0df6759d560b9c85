"""The functions that workers run. Importing this module loads what they need, once."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from polychip.blocks import work
from polychip.blocks.jobs import Block, BlockRecord, SceneJob
from polychip.blocks.opened import SceneWorker
from polychip.errors import InputError
from polychip.io.atomic import writing_into
from polychip.schema import LabelSchema, schema_from_values

if TYPE_CHECKING:
    from polychip.blocks.traces import SceneTraces
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
    namespaces: tuple[str, ...]
    extent: tuple["ExtentSource", ...]
    schema: LabelSchema | None
    """None: made of the values that `all_sources` hold."""
    all_sources: tuple["LabelSource", ...]
    """The label sources of all scenes: one mapping for the whole dataset; none with a schema."""
    things: bool
    """Whether objects are asked for, and classes without a schema are countable."""
    options: "SchemaOptions"
    masks: "MaskOptions"
    chip_shape: tuple[int, int]
    labels_folder: Path
    extent_folder: Path | None


@dataclasses.dataclass(frozen=True, slots=True)
class LabelResult:
    """What loading a scene's labels found."""

    report: "SceneReport"
    schema: LabelSchema
    rule: str | None
    """How the schema was made, in a sentence; None when it was given."""


def load_labels_task(task: LabelTask, own_process: bool) -> LabelResult:  # noqa: FBT001
    """Load a scene's labels and extent, and leave them as flat files.

    Raises:
        InputError: they can't be used.
        OutputError: the disk is full, read-only, …
    """
    with writing_into(task.labels_folder.parent):
        return _load_labels(task, own_process)


def _load_labels(task: LabelTask, own_process: bool) -> LabelResult:  # noqa: FBT001
    from polychip.io.light import load_pyogrio_light
    from polychip.scenes.extent import load_extent
    from polychip.scenes.labels import load_scene_labels

    if own_process:
        load_pyogrio_light()
    schema, rule = (task.schema, None) if task.schema else _schema_of_values(task)
    labels, report = load_scene_labels(
        task.place,
        task.sources,
        schema,
        task.options,
        task.masks,
        names=task.namespaces,
        chip_shape=task.chip_shape,
        store=task.labels_folder,
    )
    labels.save(task.labels_folder)
    _save_for_targets(task, labels)
    if task.extent_folder is not None:
        task.extent_folder.mkdir(parents=True, exist_ok=True)
        extent = load_extent(task.place, task.extent, schema)
        extent.save(task.extent_folder)
        report.n_extents = extent.n_owners
    return LabelResult(report, schema, rule)


def _save_for_targets(task: LabelTask, labels: "LabelSet") -> None:
    """Leave what targets need of the whole scene beside the labels."""
    import numpy as np

    if {"center", "offset"} & set(task.masks.targets):
        from polychip.labels.centres import object_centres

        centres = object_centres(labels, task.place.grid.window, all_touched=task.masks.all_touched)
        np.save(task.labels_folder / "centres.npy", centres)


def _schema_of_values(task: LabelTask) -> tuple[LabelSchema, str]:
    """The schema of labels that come without one."""
    from polychip.scenes.attributes import distinct_classes
    from polychip.scenes.imagery import raster_class_values

    values = {*distinct_classes(task.all_sources, task.options)}
    values.update(raster_class_values(task.all_sources))
    if not values:
        raise InputError("the labels hold no class value at all; check the class field")
    schema, rule = schema_from_values(values, things=task.things)
    return dataclasses.replace(schema, unknown=task.options.unknown), rule
