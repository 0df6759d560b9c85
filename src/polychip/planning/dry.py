"""Blocks made without a file being written.

The run's own code makes them, in a worker that writes nothing and, unless the plan is to be exact,
takes all pixels for valid instead of reading them.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from polychip.blocks.jobs import Block, BlockRecord, SceneJob
from polychip.blocks.opened import Pixels, SceneWorker
from polychip.blocks.work import make_block
from polychip.execute import SerialExecutor
from polychip.grid import Window
from polychip.io.placement import LayerPlan
from polychip.recipe import Recipe
from polychip.reporter import Reporter, Silent
from polychip.scenes.prepare import Plan, ScenePlan, make_plan, scene_blocks
from polychip.scenes.reports import SceneReport
from polychip.schedule import Build
from polychip.schema import LabelSchema
from polychip.state import RunState
from polychip.statistics import Counts
from polychip.tables import INCOMPLETE, NO_SPLIT, class_pixels


@dataclass(slots=True)
class Heard:
    """A reporter that keeps what was said, and passes the chips on."""

    inner: Reporter
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def start(self, n_chips: int, done: int) -> None:
        """The dry run begins."""
        self.inner.start(n_chips, done)

    def advance(self, n_chips: int) -> None:
        """Chips were looked at."""
        self.inner.advance(n_chips)

    def note(self, text: str) -> None:
        """Keep it."""
        self.notes.append(text)

    def warn(self, text: str) -> None:
        """Keep it."""
        self.warnings.append(text)

    def finish(self) -> None:
        """No more chips."""
        self.inner.finish()


class _DryWorker(SceneWorker):
    """Makes blocks without a trace; unless exact, imagery is not read and counts as valid."""

    def __init__(self, job: SceneJob, *, exact: bool) -> None:
        job = replace(job, targets=(), margin_px=0)
        super().__init__(job if exact else replace(job, ignore_rasters=()))
        self._exact = exact

    def read(self, name: str, plan: LayerPlan, window: Window) -> Pixels:
        """The pixels; without bands and valid wherever there is an image, unless exact."""
        if self._exact or not name.startswith("layer:"):
            return super().read(name, plan, window)
        shape = (window.height, window.width)
        valid = np.zeros(shape, dtype=np.bool_)
        valid[window.intersection(plan.grid.window).slices_in(window)] = True
        return Pixels(window, np.empty((0, *shape), dtype=np.uint8), valid)

    def write(self, *_: Any, **__: Any) -> dict[str, str]:
        """Write nothing."""
        return {}


class _CountedChip(NamedTuple):
    """What one chip adds."""

    chip_id: str
    scene: str
    split: str
    pixels: dict[int, int]
    """By class code."""
    n_objects: int
    n_rests: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan whose labels are loaded: what counts and previews are made from."""

    plan: Plan
    jobs: tuple[SceneJob, ...]
    """As `plan.scenes`; their labels lie in the folder that was given."""
    schema: LabelSchema
    reports: tuple[SceneReport, ...]
    heard: Heard
    """What was said so far."""


@dataclass(slots=True)
class Tally:
    """What the dry blocks add up to."""

    counts: Counts = field(default_factory=Counts)
    skipped: Counter[str] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)
    objects: Counter[int] = field(default_factory=Counter)
    small_rests: int = 0
    chips: list[_CountedChip] = field(default_factory=list)
    """Chips that are not counted yet."""

    def count(self, dates: Mapping[str, int] | None) -> None:
        """Count the chips; those that not all dates have are left out where that is asked for.

        Args:
            dates: how many scenes the group of each scene has; None: chips of any date count.
        """
        seen = Counter(chip.chip_id for chip in self.chips)
        for chip in self.chips:
            if dates is not None and seen[chip.chip_id] < dates[chip.scene]:
                self.skipped[INCOMPLETE] += 1
            else:
                self.counts.add(chip.scene, chip.split, chip.pixels, chip.n_objects)
                self.small_rests += chip.n_rests
        self.chips.clear()


def prepare_plan(recipe: Recipe, folder: Path, reporter: Reporter | None = None) -> Prepared:
    """Place the chips and load the labels into a folder, as a run does before its first block.

    Raises:
        PolychipError: an input or the recipe can't be used; what a run would say.
    """
    heard = Heard(reporter or Silent())
    plan = make_plan(recipe)
    build = Build(plan, RunState(folder), SerialExecutor(), heard, labels_only=True)
    build.execute()
    return Prepared(plan, tuple(build.jobs), build.known_schema(), tuple(build.reports), heard)


def group_sizes(plan: Plan) -> dict[str, int]:
    """For each scene how many scenes its group has."""
    sizes = Counter(scene.scene.group_name for scene in plan.scenes)
    return {scene.name: sizes[scene.scene.group_name] for scene in plan.scenes}


def count_scene(
    prepared: Prepared,
    scene: ScenePlan,
    job: SceneJob,
    number: int,
    tally: Tally,
    *,
    exact: bool,
    seen: Callable[[Block, BlockRecord], None] | None,
) -> int:
    """Make a scene's blocks without writing; returns the next block's number."""
    schema, plan = job.known_schema(), prepared.plan
    worker = _DryWorker(job, exact=exact)
    try:
        for block in scene_blocks(plan, scene, number):
            number = block.number + 1
            record = make_block(worker, block)
            if seen is not None:
                seen(block, record)
            for slot in block.chips:
                if slot.chip_id in record.masks:
                    pixels = class_pixels(slot, record, schema)
                    split = slot.split or NO_SPLIT
                    views = int(record.masks[slot.chip_id].get("n_instances") or 0)
                    rests = int(record.masks[slot.chip_id].get("n_rests", 0))
                    tally.chips.append(
                        _CountedChip(slot.chip_id, scene.name, split, pixels, views, rests)
                    )
            tally.skipped.update(record.skipped.values())
            tally.failed.update(
                {f"{scene.name}/{chip_id}": text for chip_id, text in record.failed.items()}
            )
            prepared.heard.advance(len(block.chips))
        if job.objects:
            objects = worker.labels.objects
            tally.objects.update(objects.code[objects.area_px > 0].tolist())
    finally:
        worker.close()
    return number
