"""What was looked at: the extent's polygons on a scene's grid."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from polychip.burn.edges import index_edges, joined_edges
from polychip.errors import RecipeError, nearest, some
from polychip.io.vector import (
    describe_layer,
    read_features,
    source_crs,
)
from polychip.labels.extent import Extent
from polychip.labels.footprint import Footprint
from polychip.labels.placed import placed_wkb
from polychip.labels.polygons import repaired_polygons
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
    parts, kinds = [], [np.empty(0, dtype=np.int64)]
    for source in sources:
        codes = looked_for(source, schema)
        kind = sets.setdefault(codes, len(sets)) if source.classes else 0
        info = describe_layer(source)
        _, around = place_layer(place, source_crs(source, info))
        table = read_features(source, info, [], around.read_boxes())
        parts.append(placed_wkb(table.wkb, around).edges.flat)
        kinds.append(np.full(len(parts[-1].counts), kind, dtype=np.int64))
    flat = joined_edges(parts)
    edges = index_edges(flat, np.arange(len(flat.counts)))
    return Extent(edges, np.concatenate(kinds), tuple(sets)[1:], everything)


def extent_of(geometry: NDArray[np.object_], around: Footprint, schema: LabelSchema) -> Extent:
    """Polygons of any kind, in the CRS that `around` is in, in which every class was looked for."""
    polygons = repaired_polygons(geometry, around)
    flat = pixel_edges(polygons.outlines, polygons.clipped, around).flat
    numbers = np.arange(len(flat.counts))
    everything = tuple(entry.code for entry in schema.mask_classes)
    return Extent(index_edges(flat, numbers), np.zeros(len(numbers), np.int64), (), everything)


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
