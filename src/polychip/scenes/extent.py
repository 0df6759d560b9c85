"""What was looked at: the extent's polygons on a scene's grid."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.burn.edges import EdgeSet, build_edges
from polychip.io.vector import (
    describe_layer,
    read_features,
    source_crs,
)
from polychip.labels.footprint import Footprint, clip_far
from polychip.labels.geometry import repair
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
        parts.append((read_features(source, info, [], around.read_boxes()).geometry, around))
    return extent_edges(parts)


def extent_edges(parts: Sequence[tuple[NDArray[np.object_], Footprint]]) -> EdgeSet:
    """The edges of polygons, each array of them in the CRS that its footprint is in."""
    points, owners, total = [], [], 0
    for shapes, around in parts:
        fixed = repair(shapes)
        geometry = clip_far(fixed.geometry[~shapely.is_missing(fixed.geometry)], around)
        edges = pixel_edges(geometry, around)
        points.append(edges.points)
        owners.append(edges.owner + total)
        total += len(geometry)
    if not total:
        points, owners = [np.empty((0, 4))], [np.empty(0, dtype=np.int64)]
    return build_edges(
        np.concatenate(points), np.concatenate(owners), np.arange(total), all_edges=False
    )
