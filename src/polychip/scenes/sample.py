"""Which chips a recipe asks for: on the grid, at random, around objects or features."""

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.errors import InputError
from polychip.io.vector import describe_layer, read_features, source_crs
from polychip.labels.footprint import clip_far
from polychip.labels.geometry import repair
from polychip.layout.cells import Cells, ChipOptions, Lattice, plan_cells
from polychip.layout.samplers import (
    Places,
    centred_places,
    id_suffixes,
    place_cells,
    random_places,
)
from polychip.recipe import FeatureSource, Recipe
from polychip.scenes.attributes import require_field, texts
from polychip.scenes.contents import LabelSurvey
from polychip.scenes.place import ScenePlace, place_layer

Ints = NDArray[np.int64]

POOL = 8
"""Random chips to draw from, for each chip that a balanced draw is to give."""


def sampled_cells(
    recipe: Recipe,
    lattices: Sequence[Lattice],
    groups: Mapping[str, Sequence[int]],
    options: ChipOptions,
    survey: LabelSurvey,
) -> tuple[list[Cells], list[str]]:
    """(the chips of each group, what people should know).

    Raises:
        InputError: there is no object, or the layer of features can't be read or placed.
    """
    how = recipe.chips.sample
    if how == "grid":
        return [plan_cells(lattice, options) for lattice in lattices], []
    cells, notes = [], []
    for lattice, members in zip(lattices, groups.values(), strict=True):
        if how == "random":
            places, note = _random(recipe, lattice, options)
        elif how == "objects":
            places, note = _around_objects(recipe, lattice, members, options, survey)
        else:
            places, note = _on_features(recipe, lattice, options)
        found = place_cells(lattice, places, options)
        cells.append(found)
        notes += [f"group '{lattice.group}': {text}" for text in note]
        outside = len(places) - len(set(found.suffix.tolist() if found.suffix is not None else ()))
        if outside:
            why = "reach over the image's edge" if options.edge == "drop" else "lie off the images"
            notes.append(f"group '{lattice.group}': {outside} chips {why} and are left out")
    return cells, notes


def _random(recipe: Recipe, lattice: Lattice, options: ChipOptions) -> tuple[Places, list[str]]:
    asked = recipe.chips.n_chips or 0
    n = asked * POOL if recipe.chips.balance is not None else asked
    places = random_places(lattice, options, n, recipe.chips.seed)
    if len(places) >= asked:
        return places, []
    return places, [
        f"only {len(places)} of {asked} random chips were found: the images are too small for more"
    ]


def _around_objects(
    recipe: Recipe,
    lattice: Lattice,
    members: Sequence[int],
    options: ChipOptions,
    survey: LabelSurvey,
) -> tuple[Places, list[str]]:
    """A chip for each object, however many dates show it."""
    boxes: dict[tuple[str, str], Ints] = {}
    for scene, (x, y) in zip(members, lattice.offsets, strict=True):
        seen = survey.objects(scene)
        shifted = seen.boxes + np.array([x, y, x, y])
        for key, box in zip(
            zip(seen.namespace, seen.instance_id, strict=True), shifted, strict=True
        ):
            known = boxes.setdefault(key, box)
            boxes[key] = np.r_[np.minimum(known[:2], box[:2]), np.maximum(known[2:], box[2:])]
    keys = sorted(boxes)
    suffixes = id_suffixes("o", [name for _, name in keys], ["\0".join(key) for key in keys])
    table = np.array([boxes[key] for key in keys], dtype=np.int64).reshape(-1, 4)
    places = centred_places(
        lattice, options, table, suffixes, jitter_px=recipe.chips.jitter, seed=recipe.chips.seed
    )
    return places, _too_large(table, options, "objects")


def _on_features(
    recipe: Recipe, lattice: Lattice, options: ChipOptions
) -> tuple[Places, list[str]]:
    """A chip for each polygon of the layer that reaches the group's images."""
    source = recipe.chips.features
    if source is None:
        raise ValueError("chips by features need a layer")
    names, boxes = _feature_boxes(source, lattice, allow_ballpark=recipe.grid.allow_ballpark)
    near = (boxes[:, 2] > 0) & (boxes[:, 3] > 0)
    near &= (boxes[:, 0] < lattice.grid.width) & (boxes[:, 1] < lattice.grid.height)
    index = np.flatnonzero(near)
    mine = [names[i] for i in index.tolist()]
    suffixes = id_suffixes("f", mine, mine)
    table = boxes[index]
    places = centred_places(lattice, options, table, suffixes, jitter_px=0, seed=recipe.chips.seed)
    return places, _too_large(table, options, "features")


def _too_large(boxes: Ints, options: ChipOptions, what: str) -> list[str]:
    large = (boxes[:, 2] - boxes[:, 0] > options.width) | (
        boxes[:, 3] - boxes[:, 1] > options.height
    )
    n = int(large.sum())
    return [f"{n} {what} are larger than a chip, which shows their middle only"] if n else []


def _feature_boxes(
    source: FeatureSource, lattice: Lattice, *, allow_ballpark: bool
) -> tuple[list[str], Ints]:
    """Names of the layer's polygons near the group, and their boxes in lattice pixels."""
    place = ScenePlace(
        lattice.group, lattice.grid, lattice.grid.window, allow_ballpark=allow_ballpark
    )
    info = describe_layer(source)
    columns = []
    if source.id_field is not None:
        require_field(info, source.id_field, "features.id_field")
        columns.append(source.id_field)
    operation, around = place_layer(place, source_crs(source, info))
    table = read_features(source, info, columns, around.read_boxes())
    fixed = repair(table.geometry).geometry
    alive = np.flatnonzero(~shapely.is_missing(fixed))
    near = clip_far(fixed[alive], around)

    def to_pixels(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        moved = operation.forward(xy[:, 0], xy[:, 1])
        return lattice.grid.to_pixels(moved[:, 0], moved[:, 1])

    bounds = shapely.bounds(shapely.transform(near, to_pixels)).reshape(-1, 4)
    kept = np.flatnonzero(np.isfinite(bounds).all(axis=1))
    fids = [str(fid) for fid in table.fids[alive].tolist()]
    names = fids
    if source.id_field is not None:
        values = texts(table.columns[source.id_field][alive])
        if None in values or len(set(values)) < len(values):
            raise InputError(
                f"{source.path}: the field '{source.id_field}' (features.id_field) is empty or the "
                "same for several polygons; take one that names each polygon, or leave it out"
            )
        names = [str(value) for value in values]
    low, high = np.floor(bounds[kept, :2]), np.ceil(bounds[kept, 2:])
    return [names[i] for i in kept.tolist()], np.hstack((low, high)).astype(np.int64)
