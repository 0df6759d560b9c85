"""The one place that joins the stages: plan → read → burn → encode → write → index."""

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from polychip import __version__, tasks
from polychip.addresses import is_remote, public
from polychip.blocks.jobs import BlockRecord
from polychip.errors import InputError, Interrupted, PolychipError
from polychip.execute import Executor, default_workers, make_executor
from polychip.format_list import FORMATS_FOLDER
from polychip.io.atomic import remove_stale_parts, write_text
from polychip.io.light import load_pyogrio_light
from polychip.layout.frozen import FROZEN_FILE, FrozenSplit
from polychip.recipe import Recipe, map_paths
from polychip.reporter import Reporter, Silent
from polychip.scenes.choose import needs_labels
from polychip.scenes.prepare import Plan, count_blocks, make_plan
from polychip.schedule import Build
from polychip.sources import SourceChangedError, Sources
from polychip.state import MANIFEST, RunState, abandon, begin, claim, clear_blocks, release

if TYPE_CHECKING:
    from polychip.finish import Summary
    from polychip.formats.convert import Converted


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is carried out; none of it changes the dataset."""

    resume: bool = False
    overwrite: bool = False
    workers: int | None = None
    """Processes; None: as many as there are processors, one for small jobs."""
    own_process: bool = False
    """Whether this process is the command line's own, not a user's program."""
    scheduler: str | None = None
    """Address of a Dask scheduler; 'local': of a cluster on this machine, made for the run."""
    on_block: Callable[[BlockRecord], None] | None = None
    """Hears, in this process, of each block that is made and noted."""


def run(
    recipe: Recipe,
    options: RunOptions,
    reporter: Reporter | None = None,
    executor: Executor | None = None,
) -> "Summary":
    """Build the dataset of a recipe.

    Args:
        recipe: what to build.
        options: how to go about it.
        reporter: hears progress, notes and warnings.
        executor: workers that were started early; default: as many as the options say.

    Raises:
        InputError: an input can't be used.
        RecipeError: the recipe asks for something that can't be had.
        OutputError: the dataset can't be written.
        Interrupted: Ctrl-C; the run can be resumed.
    """
    reporter = reporter or Silent()
    started = time.monotonic()
    executor = executor or early_executor(options)
    try:
        if options.own_process and needs_labels(recipe):
            load_pyogrio_light()
        sources = Sources(recipe)
        plan = make_plan(recipe)
        executor = executor or make_executor(workers_for(plan, options))
        identities = sources.identify()
        output = Path(recipe.output.path)
        told = fingerprint(recipe, identities, plan.frozen)
        state = claim(output, told, resume=options.resume, overwrite=options.overwrite)

        def start(_: Build) -> None:
            begin(state, told, replace=options.overwrite)
            write_frozen(plan, output)

        replaces = options.overwrite and (output / MANIFEST).exists()
        try:
            check_workers(executor, state, identities)
            summary = carry_out(
                plan, state, executor, options, reporter, sources,
                Start(start, labels_first=replaces, keep=options.resume),
            )  # fmt: skip
            summary = replace(summary, formats=write_formats(recipe, options, reporter))
        finally:
            release(state)
    finally:
        if executor is not None:
            executor.stop(now=True)
        tasks.close_scenes()
    return replace(summary, seconds=time.monotonic() - started)


def early_executor(options: RunOptions) -> Executor | None:
    """The workers that are asked for whatever the plan: a cluster's, or several processes.

    Raises:
        PolychipError: the cluster can't be reached.
    """
    if options.scheduler:
        from polychip.cluster import connect

        return connect(options.scheduler, options.workers)
    return make_executor(options.workers) if options.workers and options.workers > 1 else None


def check_workers(executor: Executor, state: RunState, identities: dict[str, str]) -> None:
    """Make sure that workers elsewhere see what they must; else nothing is written.

    Raises:
        PolychipError: one of them doesn't, or has other software.
    """
    begun = state.read("run.json") is not None
    try:
        executor.check(state.folder, [path for path in identities if not is_remote(path)])
    except PolychipError:
        if not begun:
            abandon(state, began=False)
        raise


def workers_for(plan: Plan, options: RunOptions) -> int:
    """How many processes a plan is worth, unless the options say."""
    if options.workers is not None:
        return options.workers
    blocks = sum(count_blocks(plan, scene) for scene in plan.scenes)
    return min(default_workers(), blocks) if options.own_process and blocks >= 4 else 1


@dataclass(frozen=True, slots=True)
class Start:
    """How writing begins, and what stays when it fails."""

    begin: Callable[[Build], None]
    """Called once, before the first block."""
    labels_first: bool
    """Whether nothing is written before the labels are there."""
    keep: bool
    """Whether what is there stays when an input turns out to be wrong."""
    again: str = "go on with --resume"
    """What to do after an interruption."""
    tidy: Callable[[], None] = lambda: None
    """Called when the tables are written: removes what an earlier dataset leaves behind."""


def carry_out(
    plan: Plan,
    state: RunState,
    executor: Executor,
    options: RunOptions,
    reporter: Reporter,
    sources: Sources,
    start: Start,
) -> "Summary":
    """Make the chips of a plan and finish the dataset.

    Raises:
        PolychipError: an input can't be used, or a worker died.
        Interrupted: Ctrl-C.
    """
    began = False
    build: Build

    def start_writing() -> None:
        nonlocal began
        start.begin(build)
        began = True

    build = Build(
        plan,
        state,
        executor,
        reporter,
        own_process=options.own_process,
        before_first_block=start_writing,
        labels_first=start.labels_first,
    )
    build.on_block = options.on_block
    build.between = sources.look
    try:
        if executor.workers > 1:  # this process only waits: it may load what comes last
            threading.Thread(target=_load_finish_early, args=(options,), daemon=True).start()
        build.execute()
        if executor.shared:
            remove_stale_parts(state.output)  # of workers that were lost
        sources.check()
        reporter.finish()
        schema = build.known_schema()
        _load_finish(options)
        from polychip.finish import Made, finish

        made = Made(list(build.reports), build.jobs, build.traces)
        return finish(plan, state, schema, made, sources.identities, start.tidy, executor)
    except KeyboardInterrupt:
        executor.stop(now=True)
        if not began:
            abandon(state, began=False)
            raise Interrupted("interrupted before the first chip; nothing was written") from None
        raise Interrupted(
            f"interrupted; what is finished is kept in {state.output}: {start.again}"
        ) from None
    except BrokenProcessPool as error:
        raise PolychipError(
            "a worker process died, often for want of memory; what is finished is kept in "
            f"{state.output}: {start.again}, with fewer --workers if memory was short"
        ) from error
    except InputError as error:
        executor.stop(now=True)
        if not (began and start.keep):
            abandon(state, began=began)
        elif isinstance(error, SourceChangedError):
            clear_blocks(state)  # the file may come back, and what was made of the other must not
        raise


def write_frozen(plan: Plan, output: Path) -> None:
    """Store the splits that were kept, so that the dataset's own recipe says what was done."""
    if plan.frozen is not None:
        write_text(output / "splits" / FROZEN_FILE, plan.frozen.to_csv())


def write_formats(
    recipe: Recipe, options: RunOptions, reporter: Reporter
) -> tuple["Converted", ...]:
    """Write the recipe's formats below the dataset, which is whole by now.

    Raises:
        FormatError: one can't hold the dataset; the dataset stays.
    """
    made: list[Converted] = []
    for wanted in recipe.output.formats:
        from polychip.formats.convert import convert_dataset
        from polychip.formats.options import ConvertOptions

        dataset = Path(recipe.output.path)
        bands = None if wanted.bands is None else tuple(wanted.bands)
        try:
            done = convert_dataset(
                dataset,
                wanted.to,
                dataset / FORMATS_FOLDER / wanted.to,
                ConvertOptions(wanted.layer, bands, wanted.stretch, wanted.set),
                workers=options.workers if options.workers or options.own_process else 1,
                overwrite=True,
                reporter=reporter,
            )
        except PolychipError as error:
            told = f"the dataset is whole, but not all of its formats were written: {error}"
            raise type(error)(told) from error
        made.append(done)
    return tuple(made)


def _load_finish_early(options: RunOptions) -> None:
    """Import the last stage beside the blocks; a failure is told when that stage begins."""
    with contextlib.suppress(Exception):
        _load_finish(options)


def _load_finish(options: RunOptions) -> None:
    """Import the last stage; while workers are busy, that costs no time."""
    if options.own_process:
        from polychip.io.light import load_pyarrow_light

        load_pyarrow_light()
    import polychip.finish  # noqa: F401


def fingerprint(
    recipe: Recipe, identities: dict[str, str], frozen: FrozenSplit | None = None
) -> str:
    """What must be the same for a run to be resumed."""
    kept = None if frozen is None else hashlib.sha256(frozen.to_csv().encode()).hexdigest()
    told = {
        "frozen": kept,
        "version": __version__,
        "recipe": map_paths(recipe, public).model_dump(mode="json", by_alias=True),
        "sources": {public(path): identity for path, identity in identities.items()},
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
