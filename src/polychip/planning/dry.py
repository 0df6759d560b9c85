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

from polychip.blocks.jobs import Block, BlockRecord, ChipSlot, SceneJob
from polychip.blocks.opened import SceneWorker
from polychip.blocks.work import make_block, make_masks_where
from polychip.execute import Executor, SerialExecutor, in_order
from polychip.labels.labelset import load_labels
from polychip.recipe import Recipe
from polychip.reporter import Reporter, Silent
from polychip.scenes.prepare import Plan, make_plan, scene_blocks
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

    def start(self, n_chips: int, done: int, unit: str = "chip") -> None:
        """The dry run begins."""
        self.inner.start(n_chips, done, unit)

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

    def make(self, block: Block) -> BlockRecord:
        """What a run would tell of the block."""
        if self._exact:
            return make_block(self, block)
        window = self.job.reach(block)
        valid = np.zeros((window.height, window.width), dtype=np.bool_)
        valid[window.intersection(self.job.grid.window).slices_in(window)] = True
        return make_masks_where(self, block, valid)

    def write(self, *_: Any, **__: Any) -> dict[str, str]:
        """Write nothing."""
        return {}


class CountedChip(NamedTuple):
    """What one chip adds."""

    chip_id: str
    scene: str
    split: str
    pixels: dict[int, int]
    """By class code."""
    n_objects: int
    n_rests: int


@dataclass(slots=True)
class CountedBlock:
    """What a block gave, added up where nothing else hangs on its single chips."""

    n_chips: int
    """Chips looked at."""
    counts: Counts = field(default_factory=Counts)
    small_rests: int = 0
    apart: list[CountedChip] = field(default_factory=list)
    """The chips, where other dates decide whether they stay; they are not in `counts` then."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Reason by chip."""
    failed: dict[str, str] = field(default_factory=dict)
    """Error by chip."""


_OPEN: list[tuple[SceneJob, bool, _DryWorker]] = []
"""The scene that this process has open."""


def close_scene() -> None:
    """Let go of what this process holds open."""
    for _, _, worker in _OPEN:
        worker.close()
    _OPEN.clear()


def count_block(job: SceneJob, block: Block, exact: bool, apart: bool) -> CountedBlock:  # noqa: FBT001
    """On a worker: make a block without writing it.

    Args:
        job: with its labels loaded.
        block: of the scene.
        exact: read the imagery.
        apart: give out the chips one by one.
    """
    if not _OPEN or _OPEN[0][:2] != (job, exact):
        close_scene()
        _OPEN.append((job, exact, _DryWorker(job, exact=exact)))
    record = _OPEN[0][2].make(block)
    found = CountedBlock(len(block.chips), skipped=record.skipped, failed=record.failed)
    for slot in block.chips:
        if slot.chip_id in record.masks:
            chip = _counted_chip(job, slot, record)
            if apart:
                found.apart.append(chip)
            else:
                found.counts.add(chip.scene, chip.split, chip.pixels, chip.n_objects)
                found.small_rests += chip.n_rests
    return found


def _counted_chip(job: SceneJob, slot: ChipSlot, record: BlockRecord) -> CountedChip:
    entry = record.masks[slot.chip_id]
    return CountedChip(
        slot.chip_id,
        job.scene,
        slot.split or NO_SPLIT,
        class_pixels(slot, record, job.known_schema()),
        int(entry.get("n_instances") or 0),
        int(entry.get("n_rests", 0)),
    )


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
    apart: list[CountedChip] = field(default_factory=list)
    """Chips that are not counted yet: other dates decide."""

    def add(self, scene: str, block: CountedBlock) -> None:
        """Add a block of a scene."""
        self.counts.merge(block.counts)
        self.small_rests += block.small_rests
        self.apart += block.apart
        self.skipped.update(block.skipped.values())
        self.failed.update({f"{scene}/{chip_id}": text for chip_id, text in block.failed.items()})

    def settle(self, dates: Mapping[str, int]) -> None:
        """Count the chips that all dates have; the others are left out.

        Args:
            dates: how many scenes the group of each scene has.
        """
        seen = Counter(chip.chip_id for chip in self.apart)
        for chip in self.apart:
            if seen[chip.chip_id] < dates[chip.scene]:
                self.skipped[INCOMPLETE] += 1
            else:
                self.counts.add(chip.scene, chip.split, chip.pixels, chip.n_objects)
                self.small_rests += chip.n_rests
        self.apart.clear()


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
    index: int,
    number: int,
    tally: Tally,
    executor: Executor,
    *,
    exact: bool,
    seen: Callable[[str, CountedBlock], None] | None,
) -> int:
    """Make a scene's blocks without writing; returns the next block's number."""
    plan, scene, job = prepared.plan, prepared.plan.scenes[index], prepared.jobs[index]
    apart = plan.recipe.chips.dates == "all"
    calls = ((job, block, exact, apart) for block in scene_blocks(plan, scene, number))
    for found in in_order(executor, count_block, calls):
        number += 1
        tally.add(scene.name, found)
        if seen is not None:
            seen(scene.name, found)
        prepared.heard.advance(found.n_chips)
    if job.objects:
        objects = load_labels(job.labels).objects
        tally.objects.update(objects.code[objects.area_px > 0].tolist())
    return number
