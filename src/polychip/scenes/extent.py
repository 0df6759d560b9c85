"""What was looked at: the extent's polygons on a scene's grid."""

from collections.abc import Sequence

import numpy as np
import shapely

from polychip.burn.edges import build_edges
from polychip.errors import RecipeError, nearest, some
from polychip.io.vector import (
    describe_layer,
    read_features,
    source_crs,
)
from polychip.labels.extent import Extent
from polychip.labels.footprint import clip_far
from polychip.labels.geometry import repair
from polychip.labels.project import pixel_edges
from polychip.recipe import ExtentSource
from polychip.scenes.place import ScenePlace, place_layer
from polychip.schema import LabelSchema


def load_extent(place: ScenePlace, sources: Sequence[ExtentSource], schema: LabelSchema) -> Extent:
    """Everything that was looked at; an owner a polygon, none far from the image.

    Raises:
        InputError: a layer can't be read or placed.
        RecipeError: a layer names a class that the schema doesn't know.
    """
    everything = tuple(entry.code for entry in schema.mask_classes)
    sets: dict[tuple[int, ...], int] = {everything: 0}
    points, owners, kinds, total = [], [], [], 0
    for source in sources:
        codes = looked_for(source, schema)
        kind = sets.setdefault(codes, len(sets)) if source.classes else 0
        info = describe_layer(source)
        _, around = place_layer(place, source_crs(source, info))
        table = read_features(source, info, [], around.read_boxes())
        fixed = repair(table.geometry)
        geometry = clip_far(fixed.geometry[~shapely.is_missing(fixed.geometry)], around)
        edges = pixel_edges(geometry, around)
        points.append(edges.points)
        owners.append(edges.owner + total)
        kinds.append(np.full(len(geometry), kind, dtype=np.int64))
        total += len(geometry)
    if not total:
        points, owners = [np.empty((0, 4))], [np.empty(0, dtype=np.int64)]
    edges_of_all = build_edges(
        np.concatenate(points), np.concatenate(owners), np.arange(total), all_edges=False
    )
    looked = np.concatenate(kinds) if kinds else np.empty(0, dtype=np.int64)
    return Extent(edges_of_all, looked, tuple(sets)[1:], everything)


def looked_for(source: ExtentSource, schema: LabelSchema) -> tuple[int, ...]:
    """Codes of the classes that an extent is about, ascending; all classes where it names none.

    Raises:
        RecipeError: it names a class that the schema doesn't know.
    """
    known = {entry.name: entry.code for entry in schema.mask_classes}
    for name in source.classes:
        if name not in known:
            raise RecipeError(
                f"extent.classes names '{name}'{nearest(name, known)}, which is none of the "
                f"classes {some(known)}; only classes can be looked for"
            )
    return tuple(sorted(known[name] for name in source.classes or known))
