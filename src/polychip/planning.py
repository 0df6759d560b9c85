"""What a recipe would give, without a file being written: the dry run behind `polychip plan`.

The blocks are made by the run's own code, in a worker that writes nothing and, unless the plan is
to be exact, takes all pixels for valid instead of reading them.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from polychip.blocks.jobs import Block, BlockRecord, SceneJob
from polychip.blocks.opened import Pixels, SceneWorker
from polychip.blocks.work import make_block
from polychip.crs import crs_label, is_geographic, unit_in_metres
from polychip.execute import SerialExecutor
from polychip.finish import class_names
from polychip.grid import Grid, Window
from polychip.io.placement import LayerPlan
from polychip.io.raster import inspect_file
from polychip.recipe import MaskOptions, Recipe
from polychip.reporter import Reporter, Silent
from polychip.scenes.prepare import Plan, ScenePlan, make_plan, scene_blocks
from polychip.scenes.reports import SceneReport
from polychip.schedule import Build
from polychip.schema import LabelSchema
from polychip.sizes import TargetBytes, chip_bytes, target_bytes
from polychip.state import RunState
from polychip.statistics import Counts
from polychip.tables import INCOMPLETE, NO_SPLIT, class_pixels


@dataclass(frozen=True, slots=True)
class SceneChips:
    """A scene's grid and its chips."""

    name: str
    group: str
    width: int
    height: int
    crs: str
    pixel_size: tuple[float, float]
    """In CRS units, (along a row, along a column)."""
    unit: str
    """Of the CRS: 'm', '°', or '' for others."""
    planned: int
    """Chips on the grid."""
    chips: int
    """Chips that would be written."""


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """What there is of one class."""

    code: int
    name: str
    features: int
    """On the images; counted in each scene."""
    objects: int | None
    """Distinct objects that cover a pixel, counted in each scene; None without instance masks."""
    pixels: int
    """In the chips, padding left out; where chips overlap, counted in each."""
    tiny: int
    """Features too small to hold a pixel's centre."""


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What a run would give. `estimated` names the fields that pixels may change."""

    mode: str
    chip_shape: tuple[int, int]
    """(height, width) in pixels."""
    chips: int
    """Chips that would be written."""
    scenes: tuple[SceneChips, ...]
    by_split: dict[str, int]
    split_shares: dict[str, Any]
    """Of the chips and of each class's pixels (by code), by split; empty without splits."""
    sample: str
    """How chips are chosen: 'grid', 'random', 'objects' or 'features'."""
    skipped: dict[str, int]
    """Chips left out, by reason."""
    failed: dict[str, str]
    """Error by chip; only an exact plan can know."""
    classes: tuple[ClassCounts, ...]
    """Background and ignore included."""
    repaired: tuple[str, ...]
    """Names of the invalid features."""
    n_empty: int
    """Features without a geometry that has an area."""
    operations: tuple[dict[str, Any], ...]
    """From each label layer's CRS to the scene's grid, with its accuracy in metres."""
    bytes_at_most: int
    """Of all chip files, uncompressed."""
    targets: tuple[TargetBytes, ...]
    options: dict[str, Any]
    """What else is asked of masks and files, as in the recipe; what is left at its default is not
    here."""
    small_rests: int
    """Objects left out of a chip because too little of them is seen there."""
    output: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    exact: bool
    """Whether the imagery was read."""
    estimated: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `polychip plan --json` prints them."""
        return asdict(self)

    def __str__(self) -> str:
        """The plan for people."""
        from polychip.plan_text import plan_lines

        return "\n".join(plan_lines(self))


@dataclass(slots=True)
class _Heard:
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
    heard: _Heard
    """What was said so far."""


@dataclass(slots=True)
class _Tally:
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


def report_plan(
    recipe: Recipe, *, exact: bool = False, reporter: Reporter | None = None
) -> PlanReport:
    """What a run of the recipe would give. Nothing is written but a temporary folder.

    Args:
        recipe: with absolute paths, as `load_recipe` gives it.
        exact: read the imagery, so that nothing is estimated.
        reporter: hears the progress; notes and warnings are in the report.

    Raises:
        PolychipError: an input or the recipe can't be used; what a run would say.
    """
    with tempfile.TemporaryDirectory(prefix="polychip-plan-") as folder:
        return count_plan(prepare_plan(recipe, Path(folder), reporter), exact=exact)


def prepare_plan(recipe: Recipe, folder: Path, reporter: Reporter | None = None) -> Prepared:
    """Place the chips and load the labels into a folder, as a run does before its first block.

    Raises:
        PolychipError: an input or the recipe can't be used; what a run would say.
    """
    heard = _Heard(reporter or Silent())
    plan = make_plan(recipe)
    build = Build(plan, RunState(folder), SerialExecutor(), heard, labels_only=True)
    build.execute()
    return Prepared(plan, tuple(build.jobs), build.known_schema(), tuple(build.reports), heard)


def count_plan(
    prepared: Prepared,
    *,
    exact: bool = False,
    seen: Callable[[Block, BlockRecord], None] | None = None,
) -> PlanReport:
    """Make every block without writing it, and add up what comes out.

    Args:
        prepared: the labels' folder must still be there.
        exact: read the imagery, so that nothing is estimated.
        seen: hears what each block gave.
    """
    plan, heard, tally, number = prepared.plan, prepared.heard, _Tally(), 0
    for scene, job in zip(plan.scenes, prepared.jobs, strict=True):
        number = _count_scene(prepared, scene, job, number, tally, exact=exact, seen=seen)
        if plan.recipe.chips.dates == "any":
            tally.count(None)
    tally.count(_dates(plan))
    heard.finish()
    return _report(
        plan, prepared.jobs, prepared.schema, prepared.reports, tally, heard, exact=exact
    )


def _dates(plan: Plan) -> dict[str, int]:
    """For each scene how many scenes its group has."""
    sizes = Counter(scene.scene.group_name for scene in plan.scenes)
    return {scene.name: sizes[scene.scene.group_name] for scene in plan.scenes}


def _count_scene(
    prepared: Prepared,
    scene: ScenePlan,
    job: SceneJob,
    number: int,
    tally: _Tally,
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


def _report(
    plan: Plan,
    jobs: Sequence[SceneJob],
    schema: LabelSchema,
    reports: Sequence[SceneReport],
    tally: _Tally,
    heard: _Heard,
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


def _split_shares(plan: Plan, schema: LabelSchema, tally: _Tally) -> dict[str, Any]:
    codes = [schema.background, *(entry.code for entry in schema.mask_classes)]
    return tally.counts.split_shares(plan.splits.names, codes)


def _options(recipe: Recipe) -> dict[str, Any]:
    """What differs from the defaults of the options that change what chips hold."""
    plain, masks = MaskOptions(), recipe.masks
    names = ("all_touched", "keep_tiny", "context_px", "min_visible", "small_rests",
             "explode_parts")  # fmt: skip
    told = {f"masks.{name}": getattr(masks, name) for name in names
            if getattr(masks, name) != getattr(plain, name)}  # fmt: skip
    return told | ({"output.images": "none"} if recipe.output.images == "none" else {})


def unit_of(grid: Grid) -> str:
    """The unit of a grid's CRS as people write it: 'm', '°', or '' for others."""
    if is_geographic(grid.crs_wkt):
        return "°"
    return "m" if unit_in_metres(grid.crs_wkt) == 1.0 else ""


def _nothing_left(tally: _Tally) -> list[str]:
    if tally.counts.n_chips:
        return []
    reasons = ", ".join(f"{n} {why}" for why, n in tally.skipped.items()) or "all fail"
    return [f"no chip would be left ({reasons}): a run of this recipe stops with an error"]


def _scene_chips(scene: ScenePlan, tally: _Tally) -> SceneChips:
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
    schema: LabelSchema, reports: Sequence[SceneReport], tally: _Tally, *, objects: bool
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
