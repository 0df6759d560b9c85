"""The end of a run: tables, split lists, recipe, card, preview, report, and the manifest last."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polychip.addresses import public
from polychip.blocks.jobs import SceneJob
from polychip.blocks.traces import SceneTraces
from polychip.card import write_card
from polychip.errors import InputError
from polychip.execute import Executor
from polychip.inputs import remember, scene_inputs
from polychip.io.atomic import write_text
from polychip.layout.frozen import FROZEN_FILE
from polychip.manifest import build_manifest, write_manifest
from polychip.recipe import Recipe, map_paths
from polychip.report.chips import preview_rows
from polychip.report.page import write_report
from polychip.report.preview import draw_preview
from polychip.scenes.prepare import Plan
from polychip.scenes.reports import SceneReport
from polychip.schema import LabelSchema
from polychip.state import RunState
from polychip.statistics import Counts
from polychip.tables import Totals, dataset_digest, dataset_path, write_splits, write_tables

if TYPE_CHECKING:
    from polychip.formats.convert import Converted


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run made, for the closing words."""

    output: Path
    counts: Counts
    class_names: dict[int, str]
    shares: dict[str, Any]
    """Of the chips and of each class's pixels, by split; empty without splits."""
    skipped: dict[str, int]
    """Chips left out, by reason."""
    failed: dict[str, str]
    """Error by chip."""
    tiny: dict[str, int]
    """Objects too small to hold a pixel's centre, by class."""
    repaired: list[str]
    """Invalid features, by name."""
    n_empty: int
    """Features without a geometry that has an area."""
    n_objects: int
    """Objects on the imagery, counted once a scene; 0 without instance masks."""
    small_rests: int
    """Objects left out of a chip because too little of them is seen there."""
    digest: str
    report: bool = False
    """Whether there is a report.html."""
    seconds: float = 0.0
    formats: tuple["Converted", ...] = ()
    """Further formats that were written."""
    address: str | None = None
    """Where it was sent to; None: it stays in the folder `output`."""

    @property
    def place(self) -> str:
        """Where the dataset is."""
        return self.address or str(self.output)


@dataclass(frozen=True, slots=True)
class Made:
    """What a build learnt, scene by scene."""

    reports: Sequence[SceneReport]
    """What was found in the labels."""
    jobs: Sequence[SceneJob]
    """With the labels loaded."""
    traces: Sequence[SceneTraces]
    """Of the labels, for a later update."""


def finish(
    plan: Plan,
    state: RunState,
    schema: LabelSchema,
    made: Made,
    identities: dict[str, str],
    tidy: Callable[[], None],
    executor: Executor,
) -> Summary:
    """Write everything that comes after the chips; the manifest makes the dataset whole.

    Args:
        plan: what was planned.
        state: of the dataset's folder.
        schema: of the labels.
        made: what was learnt of the scenes.
        identities: content ids of source files, by path.
        tidy: removes what an earlier dataset left behind; the new index is there by then.
        executor: its workers do what they can of it; nothing is asked of them afterwards.

    Raises:
        InputError: no chip is left.
    """
    output, job, reports = state.output, made.jobs[0], made.reports
    totals = write_tables(plan, state, schema, job)
    skipped = dict(totals.skipped) | _left_out(plan)
    if not totals.counts.n_chips:
        raise _nothing_left(totals, skipped)
    write_splits(plan, output, totals)
    tidy()
    write_text(output / "recipe.toml", relative_recipe(plan.recipe, output).to_toml())
    digest = dataset_digest(output, totals)
    manifest = build_manifest(plan, schema, reports, identities, totals, skipped, digest)
    preview = executor.submit(draw_preview, output, preview_rows(output, manifest), manifest)
    write_card(output, manifest)
    if plan.recipe.output.report:
        write_report(output, manifest, executor=executor)
    executor.no_more()
    state.write("sources.json", {"paths": [public(path) for path in identities]})
    _remember(plan, state, made, identities, totals)
    preview.result()
    state.clear_work()
    write_manifest(output, manifest)
    state.write("run.json", {**(state.read("run.json") or {}), "status": "done"})
    tiny: Counter[str] = Counter()
    for report in reports:
        tiny.update(report.tiny_by_class)
    sources = [source for report in reports for source in report.sources]
    return Summary(
        output=output,
        counts=totals.counts,
        class_names=class_names(schema),
        shares=manifest["split"]["shares"],
        skipped=skipped,
        failed=totals.failed,
        tiny=dict(tiny),
        repaired=[fid for source in sources for fid in source.repaired],
        n_empty=sum(source.n_empty + source.n_unreadable for source in sources),
        n_objects=sum(report.n_objects for report in reports) if job.objects else 0,
        small_rests=totals.small_rests,
        digest=digest,
        report=plan.recipe.output.report,
    )


def _remember(
    plan: Plan,
    state: RunState,
    made: Made,
    identities: dict[str, str],
    totals: Totals,
) -> None:
    """Store what the chips were made of, for a later update."""
    found = {
        job.scene: replace(
            scene_inputs(job, seen, plan.recipe.chips, identities),
            skipped=totals.skipped_chips.get(job.scene, {}),
        )
        for job, seen in zip(made.jobs, made.traces, strict=True)
    }
    remember(state, found)


def class_names(schema: LabelSchema) -> dict[int, str]:
    """Names of all codes that a mask may hold."""
    names = {entry.code: entry.name for entry in schema.classes}
    return names | {schema.background: "background", schema.ignore: "ignore"}


def _left_out(plan: Plan) -> dict[str, int]:
    left = {
        "would leak between splits": plan.splits.dropped_leaking,
        "no split in the field": plan.splits.dropped_unassigned,
    }
    return {why: n for why, n in left.items() if n}


def _nothing_left(totals: Totals, skipped: dict[str, int]) -> InputError:
    if totals.failed:
        chip, why = next(iter(totals.failed.items()))
        return InputError(f"all {len(totals.failed)} chips failed; the first, {chip}: {why}")
    reasons = ", ".join(f"{n} {why}" for why, n in skipped.items())
    return InputError(
        f"no chip is left ({reasons}); loosen chips.max_nodata, chips.min_labelled or "
        "chips.negatives"
    )


def relative_recipe(recipe: Recipe, output: Path) -> Recipe:
    """The recipe with paths as seen from the dataset: nothing of this machine is in it."""
    moved = map_paths(recipe, lambda path: dataset_path(path, output))
    if moved.split.frozen is None:
        return moved
    frozen = moved.split.model_copy(update={"frozen": f"splits/{FROZEN_FILE}"})
    return moved.model_copy(update={"split": frozen})
