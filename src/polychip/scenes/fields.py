"""The split that an attribute of the extent layer gives to each chip."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.errors import RecipeError
from polychip.io.vector import describe_layer, read_features, source_crs
from polychip.labels.footprint import clip_far
from polychip.labels.geometry import repair
from polychip.layout.cells import Lattice
from polychip.layout.units import UnitTable
from polychip.recipe import VectorSource
from polychip.scenes.attributes import require_field, texts
from polychip.scenes.place import ScenePlace, place_layer


def field_of_units(
    name: str,
    units: UnitTable,
    lattices: Sequence[Lattice],
    sources: Sequence[Sequence[VectorSource]],
    *,
    allow_ballpark: bool,
) -> list[str | None]:
    """For each unit the field's value in the extent polygons that cover most of it.

    Args:
        name: the field.
        units: cells of all groups.
        lattices: the groups' lattices.
        sources: each group's extent layers.
        allow_ballpark: accept inaccurate transformations.

    Raises:
        RecipeError: a group has no extent layer.
        InputError: a layer can't be read, or lacks the field.
    """
    values: list[str | None] = [None] * len(units)
    for group, (lattice, layers) in enumerate(zip(lattices, sources, strict=True)):
        if not layers:
            raise RecipeError(
                f"split.by = 'field:{name}' takes the split from the extent layer, and group "
                f"'{lattice.group}' has none; give its scenes an extent"
            )
        mine = np.flatnonzero(units.group == group)
        shapes, found = _polygons(name, lattice, layers, allow_ballpark=allow_ballpark)
        x, y = units.x_off[mine], units.y_off[mine]
        cells = shapely.box(x, y, x + units.width, y + units.height)
        for place, value in zip(mine.tolist(), _largest(cells, shapes, found), strict=True):
            values[place] = value
    return values


def _polygons(
    name: str, lattice: Lattice, layers: Sequence[VectorSource], *, allow_ballpark: bool
) -> tuple[NDArray[np.object_], list[str | None]]:
    """The extent's polygons in lattice pixels, and their values."""
    place = ScenePlace(
        lattice.group, lattice.grid, lattice.grid.window, allow_ballpark=allow_ballpark
    )
    shapes: list[NDArray[np.object_]] = []
    values: list[str | None] = []
    for source in dict.fromkeys(layers):
        info = describe_layer(source)
        require_field(info, name, "split")
        operation, around = place_layer(place, source_crs(source, info))
        table = read_features(source, info, [name], around.read_boxes())
        fixed = repair(table.geometry).geometry
        alive = np.flatnonzero(~shapely.is_missing(fixed))
        near = clip_far(fixed[alive], around)

        def to_pixels(xy: NDArray[np.float64]) -> NDArray[np.float64]:
            moved = operation.forward(xy[:, 0], xy[:, 1])  # noqa: B023 - used at once
            return lattice.grid.to_pixels(moved[:, 0], moved[:, 1])

        shapes.append(shapely.make_valid(shapely.transform(near, to_pixels)))
        values += texts(table.columns[name][alive])
    return np.concatenate(shapes), values


def _largest(
    cells: NDArray[np.object_], shapes: NDArray[np.object_], values: Sequence[str | None]
) -> list[str | None]:
    """For each cell the value with the largest area in it; ties go to the first by name."""
    tree = shapely.STRtree(shapes)
    cell, shape = tree.query(cells, predicate="intersects")
    area = shapely.area(shapely.intersection(cells[cell], shapes[shape]))
    shares: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for index, other, size in zip(cell.tolist(), shape.tolist(), area.tolist(), strict=True):
        value = values[other]
        if value is not None and size > 0:
            shares[index][value] += size
    return [
        min(shares[i], key=lambda value: (-shares[i][value], value)) if i in shares else None
        for i in range(len(cells))
    ]
