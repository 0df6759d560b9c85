"""What is made when: labels load while images are written, masks follow; nothing waits idle."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from polychip import tasks
from polychip.blocks.jobs import Block, BlockRecord
from polychip.blocks.traces import SceneTraces
from polychip.class_values import ClassValueReading
from polychip.errors import InputError, some
from polychip.execute import Executor, InFlight
from polychip.recipe import LabelSource
from polychip.reporter import Reporter
from polychip.scenes.attributes import namespaces_by_scene
from polychip.scenes.prepare import Plan, scene_blocks, scene_job, scene_place
from polychip.scenes.reports import SceneReport
from polychip.schema import LabelSchema
from polychip.state import RunState
from polychip.targets.registry import target_specs

MANY_OBJECTS = 65_535
"""More objects than this in a chip need 32-bit instance masks."""
_FEATURES_AT_ONCE = 500_000
"""Of labels that are loaded at the same time: about 1 GB."""
_WORTH_LOADING = 3
"""Workers load labels, too, when so many scenes are left: what it takes must be imported first."""


class Build:
    """Schedules a run: labels are loaded while images are written, masks follow.

    With `labels_only` (a plan) nothing but the labels is done; with `labels_first` no block is
    begun before the labels of all scenes are there. `before_first_block` is called once.
    """

    def __init__(
        self,
        plan: Plan,
        state: RunState,
        executor: Executor,
        reporter: Reporter,
        *,
        own_process: bool = False,
        labels_only: bool = False,
        labels_first: bool = False,
        before_first_block: Callable[[], None] | None = None,
    ) -> None:
        self.plan, self.state, self.reporter = plan, state, reporter
        self._labels_only, self._labels_first = labels_only, labels_first
        self.on_block: Callable[[BlockRecord], None] | None = None
        """Hears of each block that is made and noted."""
        self._before_first_block = before_first_block
        self.between: Callable[[], None] = lambda: None
        """Called whenever something is done; what it raises ends the build."""
        self.schema: LabelSchema | None = plan.recipe.schema_.build()
        self.jobs = [scene_job(plan, s, state.output, state.folder) for s in plan.scenes]
        self._reports: dict[int, SceneReport] = {}
        self._most_features: int | None = None
        """Of the scenes whose labels are loaded: the most near one of them."""
        self._told = 0
        """Scenes whose notes and warnings were passed on; always in the order of scenes."""
        self._traces: dict[int, SceneTraces] = {}
        self._to_trace: deque[int] = deque()
        self._reading = None if self.schema else ClassValueReading(plan.recipe)
        self._names = namespaces_by_scene(plan.recipe.scenes)
        self._flight = InFlight(executor)
        self._own_process = own_process or executor.workers > 1
        self._here = own_process  # it would only wait, and a user's has data frames to load
        self._asked_labels = 0
        self._held: dict[int, BlockRecord] = {}
        """What is known of blocks that are not done: their images, or chips that are kept."""
        self._later: deque[tuple[int, Block]] = deque()
        self._fresh = self._blocks_to_do()
        self._next: tuple[int, Block] | None = None
        self._reached = 0
        """Scene of the last block that was begun; behind the last scene once there is none left."""
        chips = plan.recipe.chips
        self._images_first = (
            executor.workers > 1
            and not labels_first
            and chips.negatives >= 1
            and chips.min_labelled <= 0
            and not chips.min_pixels
        )

    @property
    def reports(self) -> Iterator[SceneReport]:
        """What was found in the labels, scene by scene."""
        return (self._reports[index] for index in range(len(self.plan.scenes)))

    @property
    def traces(self) -> list[SceneTraces]:
        """Of the labels, scene by scene, for a later update."""
        return [self._traces[index] for index in range(len(self.plan.scenes))]

    def known_schema(self) -> LabelSchema:
        """The schema, declared or read from the labels.

        Raises:
            ValueError: it is asked for too early.
        """
        if self.schema is None:
            raise ValueError("the schema is asked for before it is known")
        return self.schema

    def _blocks_to_do(self) -> Iterator[tuple[int, Block]]:
        number = 0
        for index, scene in enumerate(self.plan.scenes):
            for block in scene_blocks(self.plan, scene, number):
                number = block.number + 1
                held = self._held.get(block.number)
                if self.state.is_done(block.number):
                    self.reporter.advance(len(block.chips))
                elif held is None:
                    yield index, block
                else:
                    left = tuple(slot for slot in block.chips if not held.tells(slot.chip_id))
                    self.reporter.advance(len(block.chips) - len(left))
                    yield index, replace(block, chips=left)

    def hold(self, record: BlockRecord) -> None:
        """Take chips of a block as they are told; only its others are made."""
        self._held[record.number] = record

    def hold_traces(self, index: int, traces: SceneTraces) -> None:
        """Take the traces of a scene's labels as they are told."""
        self._traces[index] = traces
        self._to_trace.remove(index)

    def execute(self) -> None:
        """Make every block that is not done."""
        self.reporter.start(self.plan.n_chips, 0)
        for text in self.plan.notes + self.plan.splits.notes:
            self.reporter.note(text)
        for text in self.plan.warnings:
            self.reporter.warn(text)
        while True:
            while not self._flight.full and self._start_something():
                pass
            if not len(self._flight):
                return
            for purpose, result in self._flight.collect():
                self._take(purpose, result)
            self.between()

    def _start_something(self) -> bool:
        """Start the most useful task there is; False when there is none for now."""
        return (
            self._start_values()
            or self._start_wanted_labels()
            or self._start_trace()
            or (self._labels_lag and self._start_more_labels())
            or self._start_block()
            or self._start_wanted_labels()
            or self._start_trace()
            or self._start_more_labels()
        )

    def _start_values(self) -> bool:
        """Read the class values of some sources; without a schema all labels wait for them."""
        lot = self._reading.next_lot() if self._reading else ()
        if self._reading is None or not lot:
            return False
        start = (
            self._flight.start_here if self._reading.is_short and self._here else self._flight.start
        )
        options = self.plan.recipe.schema_
        start(("values", lot), tasks.read_values_task, lot, options, self._own_process)
        return True

    def _start_wanted_labels(self) -> bool:
        """Load the next scene's labels, one scene ahead of the blocks."""
        if not self._may_load(1) or self._asked_labels > len(self._reports):
            return False
        self._start_labels(here=self._here)
        return True

    def _start_more_labels(self) -> bool:
        """Load labels of one more scene in a worker, which would wait or get ahead of them.

        Loading takes memory: how many scenes at once is judged by the largest so far.
        """
        workers, loading = self._flight.workers, self._asked_labels - len(self._reports)
        left = len(self.plan.scenes) - self._asked_labels
        if workers == 1 or left < _WORTH_LOADING or not self._may_load(workers):
            return False
        most = self._most_features
        if most is None or (loading + 1) * most > _FEATURES_AT_ONCE:
            return False
        self._start_labels(here=False)
        return True

    def _may_load(self, ahead: int) -> bool:
        """Whether labels are to be loaded that many scenes ahead of the blocks."""
        if self.schema is None or self._asked_labels >= len(self.plan.scenes):
            return False
        all_at_once = self._labels_only or self._all_labels_first
        return all_at_once or self._asked_labels <= self._current + ahead

    @property
    def _current(self) -> int:
        """The scene that blocks have reached."""
        return self._next[0] if self._next else self._reached

    @property
    def _labels_lag(self) -> bool:
        """Whether images are made of scenes whose labels nobody loads yet."""
        return self._images_first and self._asked_labels <= self._current

    @property
    def _all_labels_first(self) -> bool:
        """Whether masks must wait for all scenes: the dtype of instance masks hangs on them."""
        several = self.plan.recipe.masks.mode != "semantic" and len(self.plan.scenes) > 1
        return several or self._labels_first

    def _start_labels(self, *, here: bool) -> None:
        index = self._asked_labels
        recipe, scene = self.plan.recipe, self.plan.scenes[index]
        task = tasks.LabelTask(
            place=scene_place(self.plan, scene),
            sources=tuple(scene.scene.labels),
            known=tuple(
                (name, self._reading.info_of(source) if self._reading else None)
                for name, source in zip(self._names[index], scene.scene.labels, strict=True)
            ),
            extent=tuple(scene.scene.extent),
            schema=self.known_schema(),
            options=recipe.schema_,
            masks=recipe.masks,
            chip_shape=self.plan.chip_shape,
            labels_folder=self.jobs[index].labels,
            extent_folder=self.jobs[index].extent,
        )
        start = self._flight.start_here if here else self._flight.start
        start(("labels", index), tasks.load_labels_task, task, self._own_process)
        self._asked_labels += 1

    def _start_trace(self) -> bool:
        """Take what an update compares while blocks are made: at the end others would wait."""
        if not self._to_trace or self._before_first_block is not None:
            return False
        index = self._to_trace.popleft()
        self._flight.start(("traces", index), tasks.trace_scene, self.jobs[index])
        return True

    def _start_block(self) -> bool:
        if self._before_first_block is not None:
            if self._labels_first and len(self._reports) < len(self.plan.scenes):
                return False
            self._before_first_block()
            self._before_first_block = None
        if self._labels_only:
            return False
        if self._later and self._ready(self._later[0][0]):
            index, block = self._later.popleft()
            self._flight.start(("masks", index, block), tasks.make_masks, self.jobs[index], block)
            return True
        if self._next is None:
            self._next = next(self._fresh, None)
        if self._next is None:
            self._reached = len(self.plan.scenes)
            return False
        index, block = self._next
        self._reached = index
        if self._ready(index):
            self._flight.start(("block", index, block), tasks.make_block, self.jobs[index], block)
        elif self._images_first:
            self._flight.start(("images", index, block), tasks.make_images, self.jobs[index], block)
        else:
            return False
        self._next = None
        return True

    def _ready(self, index: int) -> bool:
        if self._all_labels_first and len(self._reports) < len(self.plan.scenes):
            return False
        return index in self._reports

    def _take(self, purpose: tuple[Any, ...], result: Any) -> None:
        kind = purpose[0]
        if kind == "values" and self._reading:
            self._take_values(self._reading, purpose[1], result)
        elif kind == "labels":
            self._take_labels(purpose[1], result)
        elif kind == "images":
            self._take_images(purpose[1], purpose[2], result)
        elif kind == "traces":
            self._traces[purpose[1]] = result
        else:
            block: Block = purpose[2]
            record: BlockRecord = result
            held = self._held.pop(block.number, None)
            if held is not None:
                record.absorb(held)
            self.state.save_record(record)
            (self.jobs[purpose[1]].scratch / f"valid-{block.number}.npy").unlink(missing_ok=True)
            self.reporter.advance(len(block.chips))
            if self.on_block is not None:
                self.on_block(record)

    def _take_images(self, index: int, block: Block, record: BlockRecord | None) -> None:
        if record is None:  # unreadable as one: made anew, chip by chip, once labels are there
            self._fresh = _chain((index, block), self._fresh)
            self._images_first = False
            return
        self._held[block.number] = record
        self._later.append((index, block))

    def _take_values(
        self, reading: ClassValueReading, sources: Sequence[LabelSource], found: tasks.ClassValues
    ) -> None:
        reading.take(sources, found)
        if reading.is_done:
            self.schema, rule = reading.schema()
            self.reporter.note(rule)

    def _take_labels(self, index: int, report: SceneReport) -> None:
        from polychip.scenes.imagery import open_raster_labels

        self._reports[index] = report
        self._most_features = max(self._most_features or 0, report.n_features)
        while self._told in self._reports:
            self._tell(self._reports[self._told])
            self._told += 1
        scene = self.plan.scenes[index]
        rasters = open_raster_labels(
            scene.scene.labels,
            scene.imagery.grid,
            self.known_schema(),
            self.plan.recipe.grid,
        )
        specs = target_specs(self.plan.recipe.masks, self.known_schema())
        self.jobs[index] = replace(
            self.jobs[index], schema=self.schema, raster_labels=rasters, targets=specs
        )
        if not self._labels_only:
            self._to_trace.append(index)
        if len(self._reports) == len(self.plan.scenes):
            self._all_loaded()

    def _tell(self, report: SceneReport) -> None:
        for source in report.sources:
            for text in source.notes:
                self.reporter.note(f"{report.scene}: {text}")
            for text in source.warnings:
                self.reporter.warn(f"{report.scene}: {text}")

    def _all_loaded(self) -> None:
        rasters = any(job.raster_labels for job in self.jobs)
        if not rasters and not any(report.n_burned for report in self._reports.values()):
            raise nothing_burned(self.plan, list(self.reports))
        if all(report.n_extents == 0 for report in self._reports.values()):
            raise InputError(
                "no polygon of the extent lies on any scene, so everything would be ignore; check "
                "the extent's layer and its `where`, or leave extent out"
            )
        most = max(report.most_objects for report in self._reports.values())
        dtype = "uint32" if most > MANY_OBJECTS else "uint16"
        self.jobs = [replace(job, instance_dtype=dtype) for job in self.jobs]
        for scene, report in zip(self.plan.scenes, self.reports, strict=True):
            if report.n_extents == 0:
                self.reporter.warn(
                    f"{scene.name}: no polygon of the extent lies on it: all of it is ignore"
                )
            if not scene.scene.extent:
                self.reporter.warn(
                    f"{scene.name}: no extent given: the whole image counts as looked at, what "
                    "is unlabelled is background"
                )
            if not report.n_burned and not rasters:
                self.reporter.warn(f"{scene.name}: no label burns a pixel of this scene")


def _chain(
    first: tuple[int, Block], rest: Iterator[tuple[int, Block]]
) -> Iterator[tuple[int, Block]]:
    yield first
    yield from rest


def nothing_burned(plan: Plan, reports: list[SceneReport]) -> InputError:
    """The error for labels that lie off the image, with both extents."""
    from polychip.crs import crs_label

    scene, report = plan.scenes[0], reports[0]
    grid = scene.imagery.grid
    corners = grid.corners()
    low, high = corners.min(axis=0), corners.max(axis=0)
    image = (
        f"({low[0]:.9g}, {low[1]:.9g}, {high[0]:.9g}, {high[1]:.9g}) in {crs_label(grid.crs_wkt)}"
    )
    where = []
    for source in report.sources:
        box = (
            "empty"
            if source.bounds is None
            else "({:.9g}, {:.9g}, {:.9g}, {:.9g})".format(*source.bounds)
        )
        where.append(f"{source.path}|{source.layer} {box} in {source.operation.get('source', '?')}")
    near = report.n_features
    found = (
        f"{near} polygons lie near it, but none covers a pixel" if near else "no label lies on it"
    )
    return InputError(
        f"nothing would be burned: {found}. The image '{scene.name}' covers {image}; labels: "
        f"{some(where)}; check that image and labels show the same place, and labels.where"
    )
