"""What a recipe would give: the dry run behind `polychip plan`."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np

from polychip.blocks.jobs import SceneJob
from polychip.crs import crs_label
from polychip.errors import PolychipError
from polychip.execute import Executor, SerialExecutor, default_workers, make_executor
from polychip.finish import class_names
from polychip.io.raster import inspect_file
from polychip.planning.dry import (
    CountedBlock,
    Heard,
    Prepared,
    Tally,
    close_scene,
    count_scene,
    group_sizes,
    prepare_plan,
)
from polychip.planning.values import ClassCounts, PlanReport, SceneChips, unit_of
from polychip.recipe import Recipe
from polychip.reporter import Reporter
from polychip.scenes.prepare import Plan, ScenePlan
from polychip.scenes.reports import SceneReport
from polychip.schema import LabelSchema
from polychip.sizes import chip_bytes, target_bytes

_FEW_CHIPS = 4096
"""Below so many, processes of their own take longer to start than they save."""


def report_plan(
    recipe: Recipe,
    *,
    exact: bool = False,
    workers: int | None = 1,
    reporter: Reporter | None = None,
) -> PlanReport:
    """What a run of the recipe would give. Nothing is written but a temporary folder.

    Args:
        recipe: with absolute paths, as `load_recipe` gives it.
        exact: read the imagery, so that nothing is estimated.
        workers: processes; None: one a processor, one for few chips.
        reporter: hears the progress; notes and warnings are in the report.

    Raises:
        PolychipError: an input or the recipe can't be used; what a run would say.
    """
    with tempfile.TemporaryDirectory(prefix="polychip-plan-") as folder:
        prepared = prepare_plan(recipe, Path(folder), reporter)
        if workers is None:
            workers = default_workers() if prepared.plan.n_chips >= _FEW_CHIPS else 1
        executor = make_executor(workers)
        try:
            return count_plan(prepared, exact=exact, executor=executor)
        except BrokenProcessPool as error:
            raise PolychipError(
                "a worker process died, often for want of memory: try again with fewer --workers"
            ) from error
        finally:
            executor.stop(now=True)


def count_plan(
    prepared: Prepared,
    *,
    exact: bool = False,
    seen: Callable[[str, CountedBlock], None] | None = None,
    executor: Executor | None = None,
) -> PlanReport:
    """Make every block without writing it, and add up what comes out.

    Args:
        prepared: the labels' folder must still be there.
        exact: read the imagery, so that nothing is estimated.
        seen: hears what each block gave, and of which scene.
        executor: who makes the blocks; None: this process.
    """
    plan, heard, tally, number = prepared.plan, prepared.heard, Tally(), 0
    executor = executor or SerialExecutor()
    try:
        for index in range(len(plan.scenes)):
            number = count_scene(prepared, index, number, tally, executor, exact=exact, seen=seen)
    finally:
        close_scene()
    tally.settle(group_sizes(plan))
    heard.finish()
    return _report(
        plan, prepared.jobs, prepared.schema, prepared.reports, tally, heard, exact=exact
    )


def _report(
    plan: Plan,
    jobs: Sequence[SceneJob],
    schema: LabelSchema,
    reports: Sequence[SceneReport],
    tally: Tally,
    heard: Heard,
    *,
    exact: bool,
) -> PlanReport:
    recipe = plan.recipe
    sources = [source for report in reports for source in report.sources]
    left = {
        "would leak between splits": plan.splits.dropped_leaking,
        "no split in the field": plan.splits.dropped_unassigned,
    }
    most_bytes = max(chip_bytes(job, schema) for job in jobs)
    by_split = {name: tally.counts.n_by_split[name] for name in plan.splits.names}
    return PlanReport(
        mode=recipe.masks.mode,
        chip_shape=plan.chip_shape,
        chips=tally.counts.n_chips,
        scenes=tuple(_scene_chips(scene, tally) for scene in plan.scenes),
        by_split=by_split if plan.has_splits else {},
        split_shares=_split_shares(plan, schema, tally) if plan.has_splits else {},
        sample=recipe.chips.sample,
        skipped=dict(tally.skipped) | {why: n for why, n in left.items() if n},
        failed=tally.failed,
        classes=tuple(_class_counts(schema, reports, tally, objects=jobs[0].objects)),
        repaired=tuple(fid for source in sources for fid in source.repaired),
        n_empty=sum(source.n_empty + source.n_unreadable for source in sources),
        operations=tuple(_operations(reports)),
        bytes_at_most=tally.counts.n_chips * most_bytes,
        targets=tuple(target_bytes(jobs[0], tally.counts.n_chips)),
        options=_options(recipe),
        small_rests=tally.small_rests,
        output=recipe.output.path,
        notes=tuple(dict.fromkeys(heard.notes)),
        warnings=tuple(dict.fromkeys(heard.warnings + _nothing_left(tally))),
        exact=exact,
        estimated=() if exact else tuple(_estimated(recipe, jobs)),
    )


def _split_shares(plan: Plan, schema: LabelSchema, tally: Tally) -> dict[str, Any]:
    codes = [schema.background, *(entry.code for entry in schema.mask_classes)]
    return tally.counts.split_shares(plan.splits.names, codes)


_TOLD = {
    "masks": ("all_touched", "keep_tiny", "context_px", "min_visible", "small_rests",
              "explode_parts"),
    "chips": ("edge", "anchor", "n_chips", "jitter", "balance", "min_pixels", "max_nodata",
              "min_labelled", "negatives", "dates"),
    "split": ("block", "gap", "folds", "objects", "stratify", "frozen"),
    "output": ("images",),
}  # fmt: skip
"""Options that change which chips there are or what they hold, and stand nowhere else in a plan."""


def _options(recipe: Recipe) -> dict[str, Any]:
    """Those of `_TOLD` that differ from their defaults, and what holds for single scenes."""
    told: dict[str, Any] = {}
    for name, keys in _TOLD.items():
        table = getattr(recipe, name)
        plain = type(table)()
        told |= {f"{name}.{key}": getattr(table, key) for key in keys
                 if getattr(table, key) != getattr(plain, key)}  # fmt: skip
    for scene in recipe.scenes:
        classes = [entry.classes for entry in scene.extent if entry.classes]
        if classes:
            told[f"{scene.name}: extent.classes"] = classes
    for index, scene in enumerate(recipe.scenes):
        for other in recipe.scenes[:index]:
            same = (scene.labels, scene.extent) == (other.labels, other.extent)
            if same and scene.group_name == other.group_name:
                told[f"{scene.name}: labels"] = f"those of {other.name}"
                break
    if recipe.chips.features is not None:
        told["chips.features"] = recipe.chips.features.path
    return told


def _nothing_left(tally: Tally) -> list[str]:
    if tally.counts.n_chips:
        return []
    reasons = ", ".join(f"{n} {why}" for why, n in tally.skipped.items()) or "all fail"
    return [f"no chip would be left ({reasons}): a run of this recipe stops with an error"]


def _scene_chips(scene: ScenePlan, tally: Tally) -> SceneChips:
    grid = scene.imagery.grid
    return SceneChips(
        name=scene.name,
        group=scene.scene.group_name,
        width=grid.width,
        height=grid.height,
        crs=crs_label(grid.crs_wkt),
        pixel_size=grid.pixel_size,
        unit=unit_of(grid),
        planned=len(scene.row),
        chips=tally.counts.n_by_scene[scene.name],
    )


def _class_counts(
    schema: LabelSchema, reports: Sequence[SceneReport], tally: Tally, *, objects: bool
) -> Iterator[ClassCounts]:
    features: Counter[str] = Counter()
    tiny: Counter[str] = Counter()
    for report in reports:
        features.update(report.features_by_class)
        tiny.update(report.tiny_by_class)
    for code, name in sorted(class_names(schema).items()):
        known = schema.by_code.get(code)
        alias = known.name if known else name
        yield ClassCounts(
            code=code,
            name=name,
            features=features.get(alias, features.get(name, 0)),
            objects=tally.objects[code] if objects else None,
            pixels=tally.counts.pixels[code],
            tiny=tiny.get(alias, tiny.get(name, 0)),
        )


def _operations(reports: Sequence[SceneReport]) -> Iterator[dict[str, Any]]:
    seen = set()
    for report in reports:
        for source in report.sources:
            entry = {"path": source.path, "layer": source.layer, **source.operation}
            key = tuple(entry.values())
            if key not in seen:
                seen.add(key)
                yield entry


def _estimated(recipe: Recipe, jobs: Sequence[SceneJob]) -> Iterator[str]:
    """Fields of the report that reading the pixels could change."""
    if not any(_may_lack_data(job) for job in jobs):
        return
    yield "classes.pixels"
    if recipe.chips.max_nodata < 1 or recipe.chips.min_labelled > 0:
        yield from ("chips", "scenes.chips", "by_split", "skipped", "bytes_at_most")


def _may_lack_data(job: SceneJob) -> bool:
    """Whether a pixel of a scene could be nodata or masked."""
    if job.ignore_rasters:
        return True
    for _, layer in job.layers:
        if layer.profile.nodata is not None or np.dtype(layer.profile.dtype).kind in "fc":
            return True
        for placement in layer.placements:
            info = inspect_file(placement.path)
            if (
                placement.method == "warp"
                or placement.extent != layer.grid.window
                or placement.nodata is not None
                or info.alpha is not None
                or info.mask != "none"
                or any(value is not None for value in info.band_nodata)
            ):
                return True
    return False
