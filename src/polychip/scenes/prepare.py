"""From a recipe to a plan: grids, chips, splits, blocks."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from polychip.blocks.jobs import Block, ChipSlot, SceneJob
from polychip.errors import InputError, RecipeError, some
from polychip.grid import Window
from polychip.layout.cells import (
    Cells,
    ChipOptions,
    Lattice,
    check_group_names,
    chip_ids,
    coverage_gap,
    group_lattice,
)
from polychip.layout.frozen import FrozenSplit
from polychip.layout.split import DROPPED, SplitAssignment
from polychip.recipe import Recipe, Scene
from polychip.scenes.choose import choose_chips
from polychip.scenes.contents import LabelSurvey
from polychip.scenes.imagery import SceneImagery, open_imagery
from polychip.scenes.place import ScenePlace
from polychip.targets.registry import margin_px, target_specs

BLOCK_PX = 2048
"""Side of a block that is read and burned at once, in pixels."""
BLOCK_BYTES = 96 * 2**20
"""Most bytes of imagery in a block, unless one chip is larger."""


@dataclass(frozen=True, slots=True)
class ScenePlan:
    """A scene on its grid, with its chips. Arrays have an entry a chip, by row and column."""

    scene: Scene
    imagery: SceneImagery
    lattice: int
    """Index of its group's lattice."""
    row: NDArray[np.int64]
    col: NDArray[np.int64]
    x_off: NDArray[np.int64]
    y_off: NDArray[np.int64]
    split: NDArray[np.int8]
    """Index into the split names, DROPPED for chips that are left out."""
    suffix: NDArray[np.str_] | None = None
    """What follows the group in the chips' ids; None: row and column."""

    @property
    def name(self) -> str:
        """The scene's name."""
        return self.scene.name

    @property
    def kept(self) -> NDArray[np.int64]:
        """Indices of the chips that are not left out."""
        return np.flatnonzero(self.split != DROPPED)

    def padded(self, height: int, width: int) -> Window:
        """The image's pixels and those of all chips."""
        window = self.imagery.grid.window
        if not len(self.row):
            return window
        x, y = int(self.x_off.min()), int(self.y_off.min())
        x_end, y_end = int(self.x_off.max()) + width, int(self.y_off.max()) + height
        return window.union(Window(x, y, x_end - x, y_end - y))


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before a pixel is read."""

    recipe: Recipe
    scenes: tuple[ScenePlan, ...]
    lattices: tuple[Lattice, ...]
    splits: SplitAssignment
    chip_shape: tuple[int, int]
    notes: tuple[str, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())
    frozen: FrozenSplit | None = None
    """The splits that were kept; the dataset stores them."""

    @property
    def has_splits(self) -> bool:
        """Whether chips are divided at all."""
        return self.recipe.split.by != "none"

    @property
    def n_chips(self) -> int:
        """Chips planned in all scenes, those that would leak left out."""
        return sum(len(scene.kept) for scene in self.scenes)


def make_plan(recipe: Recipe) -> Plan:
    """Open the imagery's headers and decide where the chips lie and to which split they go.

    Labels are only looked at where the recipe's sampling or splits hang on them.

    Raises:
        InputError: imagery can't be read, or fits no common grid; a target does not fit the schema.
        RecipeError: the chips or splits asked for can't be had.
    """
    schema = recipe.schema_.build()
    if schema is not None:
        target_specs(recipe.masks, schema)  # what names no class is said before anything is read
    imagery = [open_imagery(scene, recipe.grid) for scene in recipe.scenes]
    if recipe.output.images == "none":
        _refuse_warps(recipe, imagery)
    groups = _groups(recipe)
    check_group_names(list(groups))
    check_group_names([scene.name for scene in recipe.scenes])
    options = _chip_options(recipe)
    lattices = tuple(
        group_lattice(name, [(recipe.scenes[i].name, imagery[i].grid) for i in members])
        for name, members in groups.items()
    )
    with tempfile.TemporaryDirectory(prefix="polychip-look-") as folder:
        chosen = choose_chips(
            recipe, lattices, groups, options, LabelSurvey(recipe, imagery, Path(folder))
        )
    cells, splits = chosen.cells, chosen.splits
    if not any(len(found) for found in cells):
        raise _no_chip(recipe, imagery, options)
    scenes: list[ScenePlan | None] = [None] * len(recipe.scenes)
    for index, members in enumerate(groups.values()):
        chip_split = splits.split[chosen.unit_of[index]]
        for position, scene in enumerate(members):
            scenes[scene] = _scene_plan(
                recipe.scenes[scene], imagery[scene], index, cells[index], position, chip_split
            )
    gaps = _gap_warnings(lattices, options) if recipe.chips.sample == "grid" else ()
    return Plan(
        recipe=recipe,
        scenes=tuple(scene for scene in scenes if scene is not None),
        lattices=lattices,
        splits=splits,
        chip_shape=(options.height, options.width),
        notes=(*(note for found in imagery for note in found.notes), *chosen.notes),
        warnings=tuple(gaps),
        frozen=chosen.frozen,
    )


def _no_chip(recipe: Recipe, imagery: Sequence[SceneImagery], options: ChipOptions) -> InputError:
    sizes = ", ".join(f"{i.grid.height} × {i.grid.width} px" for i in imagery[:3])
    if recipe.chips.balance is not None and recipe.chips.edge != "drop":
        return InputError(
            f"no chip of {options.height} × {options.width} px shows a class that chips.balance "
            f"draws, on the imagery ({sizes}): the labels lie elsewhere, or masks.context_px, "
            "masks.min_visible and chips.min_pixels leave none"
        )
    if recipe.chips.sample == "grid":
        return InputError(
            f"no chip of {options.height} × {options.width} px fits wholly into the imagery "
            f"({sizes}), and edge = 'drop' leaves out all others; use edge = 'pad', or a smaller "
            "size"
        )
    return InputError(
        f"sample = '{recipe.chips.sample}' gives no chip of {options.height} × {options.width} px "
        f"on the imagery ({sizes}): nothing to make chips of lies on it, or edge = 'drop' leaves "
        "all out; check the labels or chips.features, or use edge = 'pad'"
    )


def _refuse_warps(recipe: Recipe, imagery: Sequence[SceneImagery]) -> None:
    """Raise RecipeError where chips are no windows of the files."""
    for scene, found in zip(recipe.scenes, imagery, strict=True):
        for name, layer in found.layers:
            warped = [p.path for p in layer.placements if p.method == "warp"]
            if warped:
                raise RecipeError(
                    f"output.images = 'none', but {some(warped)} must be resampled for scene "
                    f"'{scene.name}'{f', layer {name}' if name else ''}: its chips are no windows "
                    "of that file; use images = 'copies', or leave [grid] out"
                )


def _groups(recipe: Recipe) -> dict[str, list[int]]:
    """Indices of the scenes of each group, in the recipe's order."""
    groups: dict[str, list[int]] = {}
    for index, scene in enumerate(recipe.scenes):
        groups.setdefault(scene.group_name, []).append(index)
    return groups


def _chip_options(recipe: Recipe) -> ChipOptions:
    chips = recipe.chips
    height, width = chips.height_width
    stride_y, stride_x = chips.stride_yx
    return ChipOptions(height, width, stride_y, stride_x, chips.edge, chips.anchor)


def _scene_plan(
    scene: Scene,
    imagery: SceneImagery,
    lattice: int,
    cells: Cells,
    position: int,
    split: NDArray[np.int8],
) -> ScenePlan:
    mine = np.flatnonzero(cells.scene == position)
    return ScenePlan(
        scene=scene,
        imagery=imagery,
        lattice=lattice,
        row=cells.row[mine],
        col=cells.col[mine],
        x_off=cells.x_off[mine],
        y_off=cells.y_off[mine],
        split=split[mine],
        suffix=None if cells.suffix is None else cells.suffix[mine],
    )


def _gap_warnings(lattices: Sequence[Lattice], options: ChipOptions) -> Iterator[str]:
    for lattice in lattices:
        gap = coverage_gap(lattice, options)
        if gap > 0:
            why = "stride is larger than size" if options.edge != "drop" else "edge = 'drop'"
            yield f"group '{lattice.group}': {gap:.1%} of the pixels lie in no chip ({why})"


def scene_place(plan: Plan, scene: ScenePlan) -> ScenePlace:
    """The grid that the scene's labels are brought onto."""
    return ScenePlace(
        scene.name,
        scene.imagery.grid,
        scene.padded(*plan.chip_shape),
        allow_ballpark=plan.recipe.grid.allow_ballpark,
    )


def scene_job(plan: Plan, scene: ScenePlan, output: Path, state: Path) -> SceneJob:
    """What a worker is told of a scene, before its labels are loaded."""
    recipe = plan.recipe
    return SceneJob(
        scene=scene.name,
        grid=scene.imagery.grid,
        layers=scene.imagery.layers,
        output=output,
        chip_shape=plan.chip_shape,
        compress=recipe.output.compress,
        max_nodata=recipe.chips.max_nodata,
        scratch=state / "scratch",
        labels=state / "labels" / scene.name,
        extent=state / "extent" / scene.name if scene.scene.extent else None,
        ignore_rasters=scene.imagery.ignore_rasters,
        objects=recipe.masks.mode != "semantic",
        all_touched=recipe.masks.all_touched,
        min_labelled=recipe.chips.min_labelled,
        min_pixels=tuple(recipe.chips.min_pixels.items()),
        images=recipe.output.images == "copies",
        context_px=recipe.masks.context_px,
        min_visible=recipe.masks.min_visible,
        drop_rests=recipe.masks.small_rests == "drop",
        margin_px=margin_px(recipe.masks) if recipe.masks.targets else 0,
    )


def scene_blocks(plan: Plan, scene: ScenePlan, first_number: int) -> Iterator[Block]:
    """The scene's chips in blocks, numbered on from first_number."""
    rows, cols = block_chips(plan, scene)
    kept = scene.kept
    if not len(kept):
        return
    band = (scene.row[kept] - scene.row[kept].min()) // rows
    column = (scene.col[kept] - scene.col[kept].min()) // cols
    key = band * (int(column.max()) + 1) + column
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(key[order]) != 0])
    for number, members in enumerate(np.split(kept[order], starts[1:]), start=first_number):
        yield Block(number, scene.name, tuple(chip_slots(plan, scene, members)))


def block_bands(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """A scene's blocks in bands: no row of chips is in two of them."""
    band: list[Block] = []
    last = 0
    for block in blocks:
        if band and block.chips[0].row > last:
            yield band
            band = []
        rows = max(slot.row for slot in block.chips)
        last = max(last, rows) if band else rows
        band.append(block)
    if band:
        yield band


def count_blocks(plan: Plan, scene: ScenePlan) -> int:
    """Number of blocks that `scene_blocks` gives."""
    rows, cols = block_chips(plan, scene)
    kept = scene.kept
    if not len(kept):
        return 0
    band = (scene.row[kept] - scene.row[kept].min()) // rows
    column = (scene.col[kept] - scene.col[kept].min()) // cols
    return len(np.unique(band * (int(column.max()) + 1) + column))


def block_chips(plan: Plan, scene: ScenePlan) -> tuple[int, int]:
    """(rows, columns) of chips in a block: depends on the scene alone, never on the workers.

    Images stored in strips are read in whole strips, so their blocks are as wide as the image.
    """
    height, width = plan.chip_shape
    stride_y, stride_x = plan.recipe.chips.stride_yx
    if scene.suffix is not None:  # chips lie anywhere in their squares, and reach into the next
        return max(1, BLOCK_PX // height - 1), max(1, BLOCK_PX // width - 1)
    pixel_bytes = sum(
        layer.profile.count * np.dtype(layer.profile.dtype).itemsize
        for _, layer in scene.imagery.layers
    )
    grid = scene.imagery.grid
    strips = all(layer.block_shape[1] >= grid.width for _, layer in scene.imagery.layers)
    wide = grid.width if strips and grid.width * height * pixel_bytes <= BLOCK_BYTES else BLOCK_PX
    cols = max(
        1, (wide - width) // stride_x + 1 if wide < grid.width else len(np.unique(scene.col))
    )
    block_width = min((cols - 1) * stride_x + width, max(grid.width, width))
    most_rows = BLOCK_BYTES // max(1, block_width * pixel_bytes)
    tall = min(BLOCK_PX, most_rows)
    rows = max(1, (tall - height) // stride_y + 1)
    return rows, cols


def chip_slots(plan: Plan, scene: ScenePlan, members: NDArray[np.int64]) -> Iterator[ChipSlot]:
    """The chips at these indices of the scene's arrays."""
    height, width = plan.chip_shape
    names = plan.splits.names if plan.has_splits else None
    suffix = None if scene.suffix is None else scene.suffix[members]
    ids = chip_ids(scene.scene.group_name, scene.row[members], scene.col[members], suffix)
    chips = plan.recipe.chips
    for chip_id, index in zip(ids, members.tolist(), strict=True):
        yield ChipSlot(
            chip_id=chip_id,
            row=int(scene.row[index]),
            col=int(scene.col[index]),
            window=Window(int(scene.x_off[index]), int(scene.y_off[index]), width, height),
            split=names[split] if names and (split := int(scene.split[index])) != DROPPED else None,
            keep_empty=keeps_empty(chip_id, chips.negatives, chips.seed),
        )


def keeps_empty(chip_id: str, share: float, seed: int) -> bool:
    """Whether a chip without a feature is kept: a fixed draw by its name."""
    if share >= 1.0:
        return True
    digest = hashlib.blake2b(f"{seed}:negative:{chip_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 < share
