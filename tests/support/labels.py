"""Small label files that tests make for themselves."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyproj
import shapely

from support.rasters import Place


@functools.lru_cache(maxsize=64)
def transformer(source: str, target: str) -> pyproj.Transformer:
    """PROJ's own choice between two CRSs, longitude first; choosing takes a tenth of a second."""
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def write_labels(
    path: Path, geometry: Sequence[Any], crs: str | None, *, layer: str | None = None, **fields: Any
) -> str:
    """Write geometries with fields as a vector file of the kind that the suffix says."""
    frame = geopandas.GeoDataFrame(fields, geometry=list(geometry), crs=crs)
    options = {"layer": layer} if layer else {}
    frame.to_file(path, engine="pyogrio", **options)
    return str(path)


def from_pixels(where: Place, geometry: Any, crs: str | None = None) -> Any:
    """Geometry drawn in pixel coordinates (column, row), its vertices moved to the CRS.

    With another CRS than the grid's only the vertices are transformed: the edges between them are
    straight in that CRS, as someone who draws there would draw them.
    """
    moved = shapely.transform(geometry, where.to_crs)
    if crs is None or crs == where.crs:
        return moved
    to_labels = transformer(where.crs, crs)
    return shapely.transform(moved, lambda xy: np.column_stack(to_labels.transform(*xy.T)))


def star(
    rng: np.random.Generator, x: float, y: float, radius: float, corners: int = 9
) -> shapely.Polygon:
    """A simple polygon around a point that is star-shaped, its corners at random distances."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    angle += np.linspace(0, 0.3, corners)
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False) + (angle % 0.5) / corners
    distance = radius * rng.uniform(0.35, 1.0, corners)
    return shapely.Polygon(
        np.column_stack((x + distance * np.cos(angle), y + distance * np.sin(angle)))
    )


def star_with_hole(
    rng: np.random.Generator, x: float, y: float, radius: float, corners: int = 9
) -> Any:
    """A star with a smaller star cut out of its middle."""
    return star(rng, x, y, radius, corners) - star(rng, x, y, radius * 0.45, 5)
