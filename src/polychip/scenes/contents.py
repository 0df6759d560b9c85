"""The labels looked at before chips are chosen: where objects lie, which chip shows what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polychip.blocks.jobs import ChipSlot, SceneJob
from polychip.blocks.masks import Burned, burn_block
from polychip.blocks.opened import SceneWorker
from polychip.blocks.rests import ChipView, view_chip
from polychip.errors import InputError
from polychip.grid import Window
from polychip.io.atomic import writing_into
from polychip.labels.labelset import NO_OBJECT
from polychip.layout.cells import Cells
from polychip.layout.contents import Contents
from polychip.recipe import MaskOptions, Recipe
from polychip.scenes.attributes import distinct_classes, namespaces_by_scene
from polychip.scenes.extent import load_extent
from polychip.scenes.imagery import SceneImagery, open_raster_labels, raster_class_values
from polychip.scenes.labels import load_scene_labels
from polychip.scenes.place import ScenePlace
from polychip.schema import LabelSchema, schema_from_values

Ints = NDArray[np.int64]

BATCH_PX = 1536
"""Chips whose first pixels lie in a square of this side are looked at together."""


@dataclass(frozen=True, slots=True)
class SeenObjects:
    """Objects that cover at least a pixel of a scene; an entry each."""

    namespace: list[str]
    instance_id: list[str]
    boxes: Ints
    """x0, y0, x1, y1 in the scene's pixels, cut to the image, shape (n, 4)."""


class LabelSurvey:
    """The labels of all scenes, loaded into a folder once they are asked for.

    What is nodata is not known here: it counts as labelled.
    """

    def __init__(self, recipe: Recipe, imagery: Sequence[SceneImagery], folder: Path) -> None:
        self._recipe, self._imagery, self._folder = recipe, imagery, folder
        self._schema: LabelSchema | None = None
        self._jobs: dict[int, SceneJob] = {}
        self._names = namespaces_by_scene(recipe.scenes)

    @property
    def schema(self) -> LabelSchema:
        """Declared, or made of all values that the labels hold; then all classes are countable.

        Raises:
            InputError: the labels hold no class.
        """
        if self._schema is None:
            self._schema = self._recipe.schema_.build() or self._schema_of_values()
        return self._schema

    def _schema_of_values(self) -> LabelSchema:
        sources = [source for scene in self._recipe.scenes for source in scene.labels]
        values = {*distinct_classes(sources, self._recipe.schema_)}
        values.update(raster_class_values(sources))
        if not values:
            raise InputError("the labels hold no class value at all; check the class field")
        schema, _ = schema_from_values(values, things=True)
        return replace(schema, unknown=self._recipe.schema_.unknown)

    def job(self, index: int) -> SceneJob:
        """A scene with its labels loaded.

        Raises:
            InputError: they can't be read, placed or classed.
        """
        if index not in self._jobs:
            self._jobs[index] = self._load(index)
        return self._jobs[index]

    def _load(self, index: int) -> SceneJob:
        recipe, scene, imagery = self._recipe, self._recipe.scenes[index], self._imagery[index]
        height, width = recipe.chips.height_width
        whole = imagery.grid.window
        padded = Window(-width, -height, whole.width + 2 * width, whole.height + 2 * height)
        place = ScenePlace(
            scene.name, imagery.grid, padded, allow_ballpark=recipe.grid.allow_ballpark
        )
        labels, _ = load_scene_labels(
            place,
            scene.labels,
            self.schema,
            recipe.schema_,
            _masks_to_look_at(recipe.masks),
            chip_shape=(height, width),
            known=[(name, None) for name in self._names[index]],
        )
        folder = self._folder / str(index)
        with writing_into(folder):
            labels.save(folder / "labels")
            if scene.extent:
                (folder / "extent").mkdir(parents=True)
                load_extent(place, scene.extent, self.schema).save(folder / "extent")
        return SceneJob(
            scene=scene.name,
            grid=imagery.grid,
            layers=(),
            output=folder,
            chip_shape=(height, width),
            compress="none",
            max_nodata=1.0,
            scratch=folder,
            labels=folder / "labels",
            extent=folder / "extent" if scene.extent else None,
            ignore_rasters=imagery.ignore_rasters,
            raster_labels=open_raster_labels(scene.labels, imagery.grid, self.schema, recipe.grid),
            schema=self.schema,
            all_touched=recipe.masks.all_touched,
            context_px=recipe.masks.context_px,
            min_visible=recipe.masks.min_visible,
            drop_rests=recipe.masks.small_rests == "drop",
        )

    def objects(self, index: int) -> SeenObjects:
        """The objects of a scene."""
        labels = SceneWorker(self.job(index)).labels
        known, n = labels.objects, len(labels.objects)
        mine = np.flatnonzero(labels.object_of != NO_OBJECT)
        box, of = labels.edges.box[mine].astype(np.int64), labels.object_of[mine]
        limits = np.iinfo(np.int64)
        boxes = np.tile(np.array([limits.max, limits.max, limits.min, limits.min]), (n, 1))
        for column, extreme in enumerate((np.minimum, np.minimum, np.maximum, np.maximum)):
            extreme.at(boxes[:, column], of, box[:, column])
        window = self._imagery[index].grid.window
        boxes = np.clip(boxes, 0, [window.width, window.height] * 2)
        shown = np.flatnonzero(known.area_px > 0)
        return SeenObjects(
            [known.namespace[i] for i in shown.tolist()],
            [known.instance_id[i] for i in shown.tolist()],
            boxes[shown],
        )

    def contents(
        self,
        cells: Sequence[Cells],
        members: Sequence[Sequence[int]],
        unit_of: Sequence[Ints],
        *,
        objects: bool,
    ) -> Contents:
        """What each unit shows, over all scenes.

        Args:
            cells: of each group.
            members: scenes of each group.
            unit_of: for each group the unit of each of its chips.
            objects: whether objects are asked for.
        """
        codes = [entry.code for entry in self.schema.classes]
        codes = [code for code in codes if code not in (self.schema.background, self.schema.ignore)]
        names = tuple(self.schema.by_code[code].name for code in codes)
        n_units = 1 + max((int(of.max()) for of in unit_of if len(of)), default=-1)
        pixels = np.zeros((n_units, len(codes)), dtype=np.int64)
        labelled = np.zeros(n_units, dtype=np.int64)
        numbers: dict[tuple[str, str], int] = {}
        shown: list[Ints] = [np.empty((0, 2), dtype=np.int64)]
        for found, scenes, units in zip(cells, members, unit_of, strict=True):
            for position, scene in enumerate(scenes):
                chips = np.flatnonzero(found.scene == position)
                job = self.job(scene)
                job = replace(job, objects=objects or job.min_visible > 0)
                for at, counts, seen in _look(job, found.x_off[chips], found.y_off[chips]):
                    unit = int(units[chips[at]])
                    pixels[unit] += counts[codes]
                    labelled[unit] += counts.sum() - counts[self.schema.ignore]
                    if objects and seen:
                        keys = [numbers.setdefault(key, len(numbers)) for key in seen]
                        shown.append(np.array([(unit, key) for key in keys]))
        pairs = np.unique(np.concatenate(shown).astype(np.int64), axis=0)
        return Contents(names, pixels, labelled, pairs, len(numbers))


def _look(
    job: SceneJob, x_off: Ints, y_off: Ints
) -> Iterator[tuple[int, Ints, list[tuple[str, str]]]]:
    """For each chip of a scene its place, its pixels by code, and the objects that it shows."""
    worker, schema = SceneWorker(job), job.known_schema()
    height, width = job.chip_shape
    n_codes = 1 + max(schema.background, schema.ignore, *(c.code for c in schema.classes))
    try:
        for chips in _batches(x_off, y_off):
            x, y = int(x_off[chips].min()), int(y_off[chips].min())
            x_end, y_end = int(x_off[chips].max()) + width, int(y_off[chips].max()) + height
            window = Window(x, y, x_end - x, y_end - y)
            valid = np.zeros((window.height, window.width), dtype=np.bool_)
            valid[window.intersection(job.grid.window).slices_in(window)] = True
            burned = burn_block(worker, window, valid)
            for at in chips.tolist():
                own = Window(int(x_off[at]), int(y_off[at]), width, height)
                codes = _view(worker, own, burned, valid).semantic
                counts = np.bincount(codes.ravel(), minlength=n_codes)
                on_image = own.intersection(job.grid.window)
                counts[schema.ignore] -= own.width * own.height - on_image.width * on_image.height
                seen = []
                if job.objects:
                    known = worker.labels.objects
                    for local in np.unique(burned.things.cut(window, on_image).owner).tolist():
                        number = int(burned.numbers[local])
                        seen.append((known.namespace[number], known.instance_id[number]))
                yield at, counts, seen
    finally:
        worker.close()


def _masks_to_look_at(masks: MaskOptions) -> MaskOptions:
    """The same objects without their targets; there are objects also where masks show none."""
    mode = "instance" if masks.mode == "semantic" else masks.mode
    return masks.model_copy(update={"mode": mode, "targets": []})


def _view(worker: SceneWorker, own: Window, burned: Burned, valid: NDArray[np.bool_]) -> ChipView:
    """A chip as it will be, its outer pixels and small rests left out."""
    part = valid[own.slices_in(burned.window)]
    return view_chip(
        worker.job, ChipSlot("", 0, 0, own), burned, worker.labels.objects.area_px,
        lambda numbers: burn_block(worker, own, part, numbers),
    )  # fmt: skip


def _batches(x_off: Ints, y_off: Ints) -> Iterator[Ints]:
    """Chips that lie near each other."""
    if not len(x_off):
        return
    key = np.column_stack((y_off // BATCH_PX, x_off // BATCH_PX))
    order = np.lexsort(key.T[::-1])
    fresh = (key[order][1:] != key[order][:-1]).any(axis=1)
    yield from np.split(order.astype(np.int64), np.flatnonzero(fresh) + 1)
