"""Polygons are placed batch by batch, and nobody can tell."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from affine import Affine
from shapely import LineString, MultiPolygon, Polygon, box
from support.pixels import random_polygons

from polychip.crs import identity, to_wkt
from polychip.grid import Grid, Window
from polychip.labels import placed as placed_module
from polychip.labels.footprint import footprint
from polychip.labels.placed import PlacedPolygons, placed_wkb
from polychip.labels.wkb import column_of

BOW_TIE = Polygon([(10, 10), (30, 30), (30, 10), (10, 30)])


def geometries() -> list[shapely.Geometry | None]:
    """Some of each kind, in between others, with as much as a scene of 60 px has."""
    kinds = [
        None, BOW_TIE, MultiPolygon([box(1, 1, 5, 5), box(7, 7, 9, 9)]), Polygon(),
        box(0, 0, 40, 40) - box(10, 10, 20, 20), LineString([(0, 0), (9, 9)]),
        box(-1e6, -1e6, 1e6, 1e6),
    ]  # fmt: skip
    return [g for star in random_polygons(np.random.default_rng(6), 60, 9) for g in (star, *kinds)]


def place(column: list[bytes | None], store: Path | None = None) -> PlacedPolygons:
    crs = to_wkt("EPSG:32630")
    grid = Grid(crs, Affine(1, 0, 0, 0, -1, 60), 60, 60)
    around = footprint(grid, Window(-8, -8, 76, 76), identity("EPSG:32630"), crs)
    return placed_wkb(column_of(column), around, store=store)


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("batch", [1, 700, 5000])
def test_batches_of_any_size_give_the_same_polygons(
    batch: int, stored: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = geometries()
    wkb = [None if g is None else shapely.to_wkb(g) for g in found]
    whole = place(wkb)
    monkeypatch.setattr(placed_module, "_BATCH_BYTES", batch)
    parts = place(wkb, tmp_path if stored else None)
    for name in ("alive", "repaired", "no_area"):
        assert getattr(parts, name).tolist() == getattr(whole, name).tolist(), name
    assert (parts.n_empty, parts.n_unreadable) == (whole.n_empty, whole.n_unreadable)
    for name in ("points", "counts", "box"):
        assert getattr(parts.edges.flat, name).tolist() == getattr(whole.edges.flat, name).tolist()
    for name in ("area_px", "inradius_px"):
        assert getattr(parts.edges, name).tolist() == getattr(whole.edges, name).tolist()
    every = np.arange(len(whole.alive))
    assert shapely.equals(parts.shapes(every[::-1]), whole.shapes(every[::-1])).all()


def test_each_polygon_keeps_its_feature_and_its_shape() -> None:
    found = geometries()
    placed = place([None if g is None else shapely.to_wkb(g) for g in found])
    kinds = np.arange(len(found)) % 8
    assert placed.alive.tolist() == np.flatnonzero(np.isin(kinds, (0, 2, 3, 5, 7))).tolist()
    assert (kinds[placed.alive[placed.repaired]] == 2).all()
    assert len(placed.repaired) == 9
    assert np.flatnonzero(placed.no_area).tolist() == np.flatnonzero(kinds == 6).tolist()
    assert placed.n_empty == 18
    stars = np.flatnonzero(kinds[placed.alive] == 0)
    assert [g.equals(found[i]) for g, i in zip(
        placed.shapes(stars), placed.alive[stars], strict=True)] == [True] * 9  # fmt: skip


def test_no_feature_at_all() -> None:
    nothing = place([])
    assert len(nothing.alive) == len(nothing.edges.flat.points) == 0
    assert len(nothing.shapes(nothing.alive)) == 0
