"""What was looked at: the extent's polygons on a scene's grid."""

from collections.abc import Sequence

import numpy as np

from polychip.burn.edges import EdgeSet, index_edges, joined_edges
from polychip.io.vector import (
    describe_layer,
    read_features,
    source_crs,
)
from polychip.labels.polygons import polygons_of
from polychip.labels.project import pixel_edges
from polychip.recipe import VectorSource
from polychip.scenes.place import ScenePlace, place_layer


def load_extent(place: ScenePlace, sources: Sequence[VectorSource]) -> EdgeSet:
    """The edges of everything that was looked at; an owner a polygon, none far from the image.

    Raises:
        InputError: a layer can't be read or placed.
    """
    parts = []
    for source in sources:
        info = describe_layer(source)
        _, around = place_layer(place, source_crs(source, info))
        table = read_features(source, info, [], around.read_boxes())
        polygons = polygons_of(table.wkb, around)
        parts.append(pixel_edges(polygons.outlines, polygons.clipped, around).flat)
    flat = joined_edges(parts)
    return index_edges(flat, np.arange(len(flat.counts)))
