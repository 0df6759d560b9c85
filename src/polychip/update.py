"""A dataset brought up to date: only the chips whose inputs changed are made again."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polychip import tasks
from polychip.blocks.jobs import Block, BlockRecord, ChipSlot, SceneJob
from polychip.build import (
    RunOptions,
    Start,
    carry_out,
    check_workers,
    early_executor,
    fingerprint,
    run,
    workers_for,
    write_formats,
    write_frozen,
)
from polychip.errors import OutputError
from polychip.execute import Executor, make_executor
from polychip.inputs import SceneInputs, remembered, scene_inputs, touched
from polychip.io.atomic import remove_stale_parts
from polychip.io.light import load_pyogrio_light
from polychip.recipe import Recipe
from polychip.records import SceneRows, dataset_records, files_are_there, wanted_files
from polychip.reporter import Reporter, Silent
from polychip.scenes.choose import needs_labels
from polychip.scenes.prepare import block_bands, count_blocks, make_plan, scene_blocks
from polychip.schedule import Build
from polychip.sources import Sources
from polychip.state import MANIFEST, UPDATING, RunState, clear_blocks, lock, release, remove_strays

if TYPE_CHECKING:
    from polychip.finish import Summary


def update_dataset(
    recipe: Recipe,
    options: RunOptions,
    reporter: Reporter | None = None,
    executor: Executor | None = None,
) -> "Summary":
    """Bring the dataset of a recipe up to date; the result is a fresh build's, byte by byte.

    A chip is made again when a label or an extent that touches it, the imagery, or a key of the
    recipe that decides its pixels changed. Without a dataset this is a run. What an interruption
    leaves is brought up to date by the next update.

    Args:
        recipe: what to build.
        options: workers; resume and overwrite mean nothing here.
        reporter: hears progress, notes and warnings.
        executor: workers that were started early; default: as many as the options say.

    Raises:
        InputError: an input can't be used; the dataset stays as it was.
        RecipeError: the recipe asks for something that can't be had.
        OutputError: the folder holds something else, or an unfinished first run.
        Interrupted: Ctrl-C.
    """
    reporter, started = reporter or Silent(), time.monotonic()
    output = Path(recipe.output.path)
    state = RunState(output)
    if not _is_there(state):
        fresh = replace(options, resume=False, overwrite=False)
        return run(recipe, fresh, reporter, executor)
    executor = executor or early_executor(options)
    lock(state)
    try:
        if options.own_process and needs_labels(recipe):
            load_pyogrio_light()
        sources = Sources(recipe)
        plan = make_plan(recipe)
        identities = sources.identify()
        executor = executor or make_executor(workers_for(plan, options))
        told = fingerprint(recipe, identities, plan.frozen)
        kept = _Kept(state, identities)
        check_workers(executor, state, identities)

        def begin(build: Build) -> None:
            clear_blocks(state)
            if not kept.trusted:
                remove_stale_parts(output)
            kept.find(build)
            state.write("run.json", {"fingerprint": told, "status": UPDATING})
            (output / MANIFEST).unlink(missing_ok=True)
            write_frozen(plan, output)

        def tidy() -> None:
            n_removed = remove_strays(output, wanted_files(plan, output))
            reporter.note(
                f"update: {plan.n_chips - kept.n_chips:,} chips were looked at again, "
                f"{kept.n_chips:,} were kept, {n_removed:,} that are gone were removed"
            )

        summary = carry_out(
            plan, state, executor, options, reporter, sources,
            Start(begin, labels_first=True, keep=True, again="give the same command again",
                  tidy=tidy),
        )  # fmt: skip
        summary = replace(summary, formats=write_formats(recipe, options, reporter))
    finally:
        release(state)
        if executor is not None:
            executor.stop(now=True)
        tasks.close_scenes()
    return replace(summary, seconds=time.monotonic() - started)


def _is_there(state: RunState) -> bool:
    """Whether there is a dataset, or one whose update was interrupted.

    Raises:
        OutputError: there is an unfinished first run.
    """
    if (state.output / MANIFEST).exists():
        return True
    begun = state.read("run.json")
    if begun is None:
        return False
    if begun.get("status") != UPDATING:
        raise OutputError(
            f"{state.output}: the run that made this dataset has not been finished; go on with "
            "--resume, or build it anew with --overwrite"
        )
    return True


@dataclass(slots=True)
class _Kept:
    """Finds the chips that need not be made again."""

    state: RunState
    identities: Mapping[str, str]
    n_chips: int = 0
    before: dict[str, SceneInputs] = field(init=False)
    trusted: bool = field(init=False)
    """Whether the files are those of the index; an interrupted update leaves newer ones."""

    def __post_init__(self) -> None:
        """Look at what is there before anything is written."""
        self.before = remembered(self.state)
        self.trusted = (self.state.output / MANIFEST).exists()

    def find(self, build: Build) -> None:
        """Hand the chips that stay over to a build whose labels are loaded."""
        number = 0
        for index, (scene, job) in enumerate(zip(build.plan.scenes, build.jobs, strict=True)):
            old = self.before.get(scene.name)
            traces = tasks.trace_scene(job)
            build.hold_traces(index, traces)
            now = scene_inputs(job, traces, build.plan.recipe.chips, self.identities)
            if old is None or old.whole != now.whole:
                number += count_blocks(build.plan, scene)
                continue
            tables = SceneRows(self.state.output, job.scene, objects=job.objects)
            changed = old.boxes_changed(now)
            for band in block_bands(scene_blocks(build.plan, scene, number)):
                number = band[-1].number + 1
                self._find_band(build, job, band, tables, old, changed)

    def _find_band(
        self,
        build: Build,
        job: SceneJob,
        band: list[Block],
        tables: SceneRows,
        old: SceneInputs,
        changed: NDArray[np.int64],
    ) -> None:
        rows, objects = tables.band(band)
        slots = [slot for block in band for slot in block.chips]
        hit = touched(slots, changed, job.margin_px)
        same = {slot.chip_id for slot, is_hit in zip(slots, hit, strict=True) if not is_hit}
        for block in band:
            staying = tuple(
                slot
                for slot in block.chips
                if slot.chip_id in same and self._usable(slot, rows.get(slot.chip_id))
            )
            record = dataset_records(None, job, replace(block, chips=staying), rows, objects)
            skipped = {
                slot.chip_id: old.skipped[slot.chip_id]
                for slot in block.chips
                if slot.chip_id in same and slot.chip_id in old.skipped
            }
            if record is not None:
                self._hand_over(build, block, replace(record, skipped=skipped))

    def _hand_over(self, build: Build, block: Block, record: BlockRecord) -> None:
        n = sum(record.tells(slot.chip_id) for slot in block.chips)
        self.n_chips += n
        if n == len(block.chips):
            build.state.save_record(record)
        elif n:
            build.hold(record)

    def _usable(self, slot: ChipSlot, row: Mapping[str, Any] | None) -> bool:
        """Whether the dataset has the chip where it is planned, its files whole."""
        if row is None or (row["x_off"], row["y_off"]) != (slot.window.x_off, slot.window.y_off):
            return False
        if not files_are_there(self.state.output, row):
            return False
        return self.trusted or all(
            hashlib.sha256((self.state.output / path).read_bytes()).hexdigest()
            == row["sha256"][kind]
            for kind, path in row["files"].items()
        )
