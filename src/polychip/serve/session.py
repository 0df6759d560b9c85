"""A plan that stays open: its labels loaded, its images opened at the first preview."""

import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from polychip.blocks.jobs import INSTANCE, SEMANTIC, image_kind
from polychip.errors import nearest
from polychip.labels.extent import Extent
from polychip.labels.labelset import LabelSet
from polychip.layout.cells import chip_ids
from polychip.layout.split import DROPPED
from polychip.planning import CountedBlock, Prepared, count_plan, prepare_plan
from polychip.recipe import Recipe
from polychip.reporter import Reporter
from polychip.scenes.prepare import ScenePlan, chip_slots
from polychip.schema import LabelSchema
from polychip.serve.capabilities import MAX_PREVIEW_PX
from polychip.serve.chips import ChipMaker, MadeChip
from polychip.serve.features import SceneSurroundings, SentFeatures
from polychip.serve.protocol import (
    BAD_REQUEST,
    NO_CHIP,
    TOO_LARGE,
    UNKNOWN_LABELS,
    ServeError,
    encode_array,
)

KEPT_LABELS = 16
"""Label sets of sent features that a scene remembers."""
NO_SPLIT = 255
LEFT_BY_SPLIT = "left out by the split"
T = TypeVar("T")
ARRAYS = ("picture", "image", "semantic", "instance")


class OpenScene:
    """One scene of an open plan."""

    def __init__(self, prepared: Prepared, index: int) -> None:
        self._prepared = prepared
        self._plan: ScenePlan = prepared.plan.scenes[index]
        self.maker = ChipMaker(prepared.jobs[index])
        self._surroundings = SceneSurroundings(prepared, self._plan)
        self._labels: OrderedDict[str, LabelSet] = OrderedDict()
        self._extents: OrderedDict[str, Extent] = OrderedDict()

    def chip_at(self, x: float, y: float) -> int:
        """Index of the chip under a point of the grid's CRS; of several the nearest middle's.

        Raises:
            ServeError: no chip lies there.
        """
        grid = self._plan.imagery.grid
        column, row = grid.to_pixels(np.array([x]), np.array([y]))[0]
        height, width = self._prepared.plan.chip_shape
        left, top = column - self._plan.x_off, row - self._plan.y_off
        inside = np.flatnonzero((left >= 0) & (left < width) & (top >= 0) & (top < height))
        if not len(inside):
            raise ServeError(NO_CHIP, f"no chip of {self._plan.name} lies at {x:.9g}, {y:.9g}")
        away = np.hypot(left[inside] - width / 2, top[inside] - height / 2)
        return int(inside[np.argmin(away)])

    def chip_named(self, chip_id: str) -> int:
        """Index of a chip by its id.

        Raises:
            ServeError: there is none.
        """
        ids = chip_ids(
            self._plan.scene.group_name, self._plan.row, self._plan.col, self._plan.suffix
        )
        if chip_id not in ids:
            raise ServeError(NO_CHIP, f"{self._plan.name} has no chip '{chip_id[:80]}'")
        return list(ids).index(chip_id)

    def sent_labels(self, key: str, features: Callable[[], SentFeatures | None]) -> LabelSet:
        """The labels that a client sent under this key, now or before."""
        return _remembered(self._labels, key, features, self._surroundings.labels)

    def sent_extent(self, key: str, features: Callable[[], SentFeatures | None]) -> Extent:
        """The extent that a client sent under this key, now or before."""
        return _remembered(self._extents, key, features, self._surroundings.extent)

    def make(self, index: int, labels: LabelSet | None, extent: Extent | None) -> MadeChip:
        """The chip at an index."""
        height, width = self._prepared.plan.chip_shape
        if max(height, width) > MAX_PREVIEW_PX:
            raise ServeError(
                TOO_LARGE,
                f"chips of {height} × {width} px are too large for a preview; the limit is "
                f"{MAX_PREVIEW_PX} px",
            )
        [slot] = chip_slots(self._prepared.plan, self._plan, np.array([index]))
        return self.maker.make(slot, labels, extent)

    def describe(self, chip: MadeChip, index: int, wanted: tuple[str, ...]) -> dict[str, Any]:
        """What is told of a chip, with the arrays that are wanted."""
        slot, window = chip.slot, chip.slot.window
        entry = chip.record.masks[slot.chip_id]
        left = self._plan.split[index] == DROPPED
        columns = chip.record.instances.get(slot.chip_id, {})
        told = [name for name in columns if name not in ("rle", "namespace")]
        return {
            "scene": self._plan.name,
            "chip_id": slot.chip_id,
            "row": slot.row,
            "col": slot.col,
            "x_off": window.x_off,
            "y_off": window.y_off,
            "width": window.width,
            "height": window.height,
            "corners": self._plan.imagery.grid.corners(window).tolist(),
            "split": slot.split,
            "skipped": LEFT_BY_SPLIT if left else chip.skipped,
            "pixels": entry["counts"],
            "padding_px": entry["padding_px"],
            "n_instances": entry.get("n_instances"),
            "instances": [
                dict(zip(told, values, strict=True))
                for values in zip(*(columns[name] for name in told), strict=True)
            ],
            "arrays": {
                name: encode_array(array) for name, array in self._arrays(chip, wanted).items()
            },
        }

    def _arrays(self, chip: MadeChip, wanted: tuple[str, ...]) -> dict[str, NDArray[np.generic]]:
        layer = self.maker.job.layers[0][0]
        found: dict[str, NDArray[np.generic]] = {}
        if "picture" in wanted:
            found["picture"] = self.maker.picture(chip, layer)
        if "image" in wanted:
            found["image"] = chip.pixels[image_kind(layer)]
        for name in (SEMANTIC, INSTANCE):
            if name in wanted and f"masks/{name}" in chip.pixels:
                found[name] = chip.pixels[f"masks/{name}"][0]
        return found


def _remembered(
    known: "OrderedDict[str, T]",
    key: str,
    features: Callable[[], SentFeatures | None],
    make: Callable[[SentFeatures], T],
) -> T:
    if key not in known:
        sent = features()
        if sent is None:
            raise ServeError(UNKNOWN_LABELS, f"nothing was sent under the key '{key[:80]}'")
        known[key] = make(sent)
        while len(known) > KEPT_LABELS:
            known.popitem(last=False)
    known.move_to_end(key)
    return known[key]


class PlanSession:
    """An open plan; made in one thread, then used by one other."""

    def __init__(self, name: str, recipe: Recipe, reporter: Reporter, *, exact: bool) -> None:
        self.name = name
        self._folder = Path(tempfile.mkdtemp(prefix="polychip-serve-"))
        self._skipped: dict[str, dict[str, str]] = {}
        try:
            self._prepared = prepare_plan(recipe, self._folder, reporter)
            self.report = count_plan(self._prepared, exact=exact, seen=self._see)
        except BaseException:
            self._remove()
            raise
        self._scenes: dict[str, OpenScene] = {}

    def _see(self, scene: str, block: CountedBlock) -> None:
        found = dict(block.skipped) | dict.fromkeys(block.failed, "unreadable")
        if found:
            self._skipped.setdefault(scene, {}).update(found)

    def scene(self, name: str | None) -> OpenScene:
        """The scene of this name, opened; without a name the first.

        Raises:
            ServeError: there is none.
        """
        names = [scene.name for scene in self._prepared.plan.scenes]
        name = names[0] if name is None else name
        if name not in names:
            raise ServeError(
                BAD_REQUEST, f"the plan has no scene '{name[:80]}'{nearest(name, names)}"
            )
        if name not in self._scenes:
            self._scenes[name] = OpenScene(self._prepared, names.index(name))
        return self._scenes[name]

    def told(self, *, chips: bool) -> dict[str, Any]:
        """The answer to `plan`."""
        schema = self._prepared.schema
        told: dict[str, Any] = {
            "plan": self.name,
            "report": self.report.to_dict(),
            "schema": _schema(schema),
            "splits": list(self._split_names()),
        }
        if chips:
            told["grids"] = [self._grid(scene) for scene in self._prepared.plan.scenes]
        return told

    def _split_names(self) -> tuple[str, ...]:
        plan = self._prepared.plan
        return plan.splits.names if plan.has_splits else ()

    def _grid(self, scene: ScenePlan) -> dict[str, Any]:
        """A scene's chips, as arrays."""
        grid = scene.imagery.grid
        skipped = self._skipped.get(scene.name, {})
        ids = chip_ids(scene.scene.group_name, scene.row, scene.col) if skipped else []
        why = [skipped.get(chip_id, "") for chip_id in ids] or [""] * len(scene.row)
        if self._split_names():
            dropped = (scene.split == DROPPED).tolist()
            why = [LEFT_BY_SPLIT if d else w for d, w in zip(dropped, why, strict=True)]
        reasons = ["", *sorted(set(why) - {""})]
        number = {reason: index for index, reason in enumerate(reasons)}
        split = np.full(len(scene.row), NO_SPLIT, dtype=np.uint8)
        if self._split_names():
            split[scene.kept] = scene.split[scene.kept]
        return {
            "scene": scene.name,
            "group": scene.scene.group_name,
            "crs": grid.crs_wkt,
            "transform": [float(v) for v in grid.transform.to_gdal()],
            "width": grid.width,
            "height": grid.height,
            "reasons": reasons,
            "row": encode_array(scene.row.astype(np.int32)),
            "col": encode_array(scene.col.astype(np.int32)),
            "x_off": encode_array(scene.x_off.astype(np.int32)),
            "y_off": encode_array(scene.y_off.astype(np.int32)),
            "split": encode_array(split),
            "skipped": encode_array(np.array([number[w] for w in why], dtype=np.uint8)),
        }

    def close(self) -> None:
        """Let go of all files."""
        for scene in self._scenes.values():
            scene.maker.close()
        self._scenes.clear()
        self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _schema(schema: LabelSchema) -> Mapping[str, Any]:
    return {
        "background": schema.background,
        "ignore": schema.ignore,
        "classes": [
            {
                "name": entry.name,
                "code": entry.code,
                "color": entry.color,
                "thing": entry.thing,
                "values": list(entry.values),
            }
            for entry in schema.classes
        ],
    }
