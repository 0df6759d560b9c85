"""The chips of a recipe, those that are drawn of them, and the split of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polychip.io.frozen import load_frozen
from polychip.layout.balance import draw_balanced
from polychip.layout.cells import Cells, ChipOptions, Lattice
from polychip.layout.contents import Contents
from polychip.layout.frozen import FrozenSplit
from polychip.layout.items import hashes
from polychip.layout.split import SplitAssignment, SplitOptions, assign_splits
from polychip.layout.units import UnitTable, gather_units
from polychip.recipe import Recipe
from polychip.scenes.contents import LabelSurvey
from polychip.scenes.fields import field_of_units
from polychip.scenes.sample import sampled_cells

Ints = NDArray[np.int64]
Groups = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The chips of each group and their splits."""

    cells: list[Cells]
    unit_of: tuple[Ints, ...]
    """For each group the unit of each of its chips."""
    splits: SplitAssignment
    notes: tuple[str, ...]
    frozen: FrozenSplit | None


def choose_chips(
    recipe: Recipe,
    lattices: Sequence[Lattice],
    groups: Groups,
    options: ChipOptions,
    survey: LabelSurvey,
) -> Chosen:
    """Sample, draw, divide.

    Args:
        recipe: what is asked for.
        lattices: of the groups.
        groups: indices of the scenes of each group.
        options: of the chips.
        survey: the labels, loaded where they are needed.

    Raises:
        InputError: labels or layers can't be used.
        RecipeError: the chips or splits asked for can't be had.
    """
    frozen = None if recipe.split.frozen is None else load_frozen(recipe.split.frozen)
    cells, notes = sampled_cells(recipe, lattices, groups, options, survey)
    units, unit_of = gather_units(cells, lattices, options)
    contents = None
    if len(units) and needs_contents(recipe):
        contents = survey.contents(
            cells, list(groups.values()), unit_of, objects=recipe.split.objects == "whole"
        )
    if recipe.chips.balance is not None and contents is not None:
        kept, told = _draw(recipe, units, lattices, contents, frozen)
        cells = [found.take(np.flatnonzero(kept[of])) for found, of in zip(cells, unit_of,
                                                                          strict=True)]  # fmt: skip
        contents = _taken(contents, np.flatnonzero(kept))
        units, unit_of = gather_units(cells, lattices, options)
        notes.append(told)
    splits = assign_splits(
        units,
        lattices,
        split_options(recipe),
        _field_values(recipe, units, lattices, groups),
        contents,
        frozen,
    )
    return Chosen(cells, unit_of, splits, tuple(notes), frozen)


def needs_labels(recipe: Recipe) -> bool:
    """Whether chips or splits hang on the labels."""
    return recipe.chips.sample == "objects" or needs_contents(recipe)


def needs_contents(recipe: Recipe) -> bool:
    """Whether it must be known what each chip shows before chips are divided."""
    split = recipe.split
    return is_stratified(recipe) or split.objects == "whole" or recipe.chips.balance is not None


def is_stratified(recipe: Recipe) -> bool:
    """Whether the classes' shares are evened out."""
    return recipe.split.stratify and recipe.split.by in ("blocks", "scene", "kfold")


def split_options(recipe: Recipe) -> SplitOptions:
    """How chips are divided, from the recipe."""
    split, seed = recipe.split, recipe.chips.seed
    if split.by == "kfold":
        return SplitOptions.kfold(
            split.folds,
            block=split.block,
            gap_px=split.gap,
            seed=seed,
            objects=split.objects,
            stratify=split.stratify,
        )
    by = "field" if split.by.startswith("field:") else split.by
    return SplitOptions(
        by=by,  # type: ignore[arg-type]  # the recipe's pattern allows no other
        fractions=split.fractions,
        block=split.block,
        gap_px=split.gap,
        seed=seed,
        objects=split.objects,
        stratify=split.stratify,
    )


def _draw(
    recipe: Recipe,
    units: UnitTable,
    lattices: Sequence[Lattice],
    contents: Contents,
    frozen: FrozenSplit | None,
) -> tuple[NDArray[np.bool_], str]:
    """(units that are drawn, how often each class is shown)."""
    chips = recipe.chips
    given = chips.balance
    weights = dict.fromkeys(contents.names, 1.0) if isinstance(given, str) else dict(given or {})
    ids = units.ids(lattices)
    known = np.array([frozen is not None and name in frozen.of_chip for name in ids], dtype=bool)
    asked = (chips.n_chips or 0) * len(lattices)
    chosen, seen = draw_balanced(
        contents, weights, chips.min_pixels, asked, hashes(chips.seed, ids), known
    )
    shows = ", ".join(f"{name} {n}" for name, n in seen.items())
    return chosen, f"{int(chosen.sum())} of {len(units)} chips were drawn; they show: {shows}"


def _taken(contents: Contents, index: Ints) -> Contents:
    """What some of the units show, in their order."""
    place = np.full(len(contents.pixels), -1, dtype=np.int64)
    place[index] = np.arange(len(index))
    shown = contents.shown[place[contents.shown[:, 0]] >= 0]
    moved = np.column_stack((place[shown[:, 0]], shown[:, 1]))
    return Contents(
        contents.names, contents.pixels[index], contents.labelled[index], moved, contents.n_objects
    )


def _field_values(
    recipe: Recipe, units: UnitTable, lattices: Sequence[Lattice], groups: Groups
) -> list[str | None] | None:
    if not recipe.split.by.startswith("field:"):
        return None
    name = recipe.split.by.removeprefix("field:")
    sources = [
        [source for scene in members for source in recipe.scenes[scene].extent]
        for members in groups.values()
    ]
    return field_of_units(name, units, lattices, sources, allow_ballpark=recipe.grid.allow_ballpark)
