"""Polygons read without an object each are the same polygons."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, box

from polychip.labels.outlines import Outlines, outlines_of, surely_simple
from polychip.labels.wkb import column_of
from tests.support.pixels import random_polygons

SQUARE = box(0, 0, 2, 2)
RING_WITH_HOLE = box(0, 0, 9, 9) - box(3, 3, 6, 6)


def rings(*polygons: Polygon) -> Outlines:
    return outlines_of(np.array(polygons, dtype=object))


def test_one_ringed_polygons_are_found_among_all_that_wkb_can_hold() -> None:
    geometries = [
        SQUARE,
        RING_WITH_HOLE,
        None,
        MultiPolygon([box(5, 5, 6, 7)]),
        MultiPolygon([SQUARE, box(5, 5, 6, 6)]),
        shapely.LineString([(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]),
        Polygon([(0, 0, 1), (1, 0, 1), (1, 1, 1)]),
        shapely.GeometryCollection([SQUARE]),
        Polygon(),
        Polygon([(0, 0), (4, 0), (0, 4)]),
    ]
    wkb = [None if g is None else shapely.to_wkb(g) for g in geometries]
    features, counts, xy = column_of(wkb).one_ringed()
    assert features.tolist() == [0, 3, 9]
    assert counts.tolist() == [5, 5, 4]
    expected = np.concatenate([shapely.get_coordinates(geometries[i]) for i in (0, 3, 9)])
    assert np.array_equal(xy, expected)


def test_big_endian_and_broken_off_wkb_are_left_to_geos() -> None:
    whole = shapely.to_wkb(SQUARE)
    column = column_of([shapely.to_wkb(SQUARE, byte_order=0), whole[:-3], whole])
    assert column.one_ringed()[0].tolist() == [2]
    shapes = column.shapes(np.arange(3))
    assert shapes[0].equals(SQUARE)
    assert shapes[1] is None


def test_geometries_come_back_whole_and_flat() -> None:
    high = Polygon([(0, 0, 5), (1, 0, 5), (1, 1, 5)])
    column = column_of([shapely.to_wkb(SQUARE), None, shapely.to_wkb(high, output_dimension=3)])
    found = column.shapes(np.array([2, 1, 0]))
    assert [shape if shape is None else shape.wkt for shape in found] == [
        "POLYGON ((0 0, 1 0, 1 1, 0 0))",
        None,
        SQUARE.wkt,
    ]
    assert column.take(np.array([1, 0])).shapes(np.arange(2)).tolist() == [None, SQUARE]


@pytest.mark.parametrize(
    ("points", "simple"),
    [
        ([(0, 0), (4, 0), (4, 4), (0, 4)], True),
        ([(0, 0), (0, 4), (4, 4), (4, 0)], True),
        ([(0, 0), (4, 4), (4, 0), (0, 4)], False),  # a bow tie
        ([(0, 0), (4, 0), (4, 0), (4, 4)], False),  # a vertex twice: GEOS shall decide
        ([(0, 0), (8, 0), (8, 8), (0, 8), (0, 0), (8, 0), (8, 8), (0, 8)], False),  # round twice
        ([(0, 0), (4, 0), (2, 0)], False),  # flat
    ],
)
def test_a_ring_is_proven_simple_by_going_round_once(
    points: list[tuple[float, float]], *, simple: bool
) -> None:
    assert surely_simple(rings(Polygon(points))).tolist() == [simple]


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=7),
    st.sampled_from([(0.0, 0.0), (4_400_000.3, 600_000.1), (-179.9999, 60.0)]),
)
def test_what_is_proven_simple_is_valid_for_geos(
    points: list[tuple[int, int]], origin: tuple[float, float]
) -> None:
    ring = Polygon(np.array(points) * 0.1 + origin)
    if surely_simple(rings(ring))[0]:
        assert ring.is_valid


def test_most_buildings_and_stars_are_proven_simple() -> None:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    reach = np.random.default_rng(3).uniform(0.5, 1.0, 24)
    star = Polygon(np.column_stack((reach * np.cos(angle), reach * np.sin(angle))))
    building = Polygon([(0, 0), (10, 0), (10, 4), (6, 4), (6, 8), (0, 8)])
    assert surely_simple(rings(star, building)).tolist() == [True, True]


def test_chunks_hold_each_polygon_once_and_whole() -> None:
    polygons = random_polygons(np.random.default_rng(4), 30.0, 40)
    large = Polygon(np.column_stack((np.cos(a := np.linspace(0, 6.2, 90_000)), np.sin(a))))
    geometry = np.array([*polygons[:20], large, None, *polygons[20:], large, None], dtype=object)
    found: list[NDArray[np.float64]] = []
    total = 0
    for chunk in outlines_of(geometry).chunks():
        assert chunk.first[0] == 0
        assert chunk.first[-1] == len(chunk.xy)
        for ring, owner in enumerate(chunk.owner):
            assert 0 <= owner < chunk.n_polygons
            found.append(chunk.xy[chunk.first[ring] : chunk.first[ring + 1]])
        total += chunk.n_polygons
    assert total == len(geometry)
    parts = shapely.get_rings(shapely.get_parts(geometry))
    assert len(found) == len(parts)
    assert all(
        np.array_equal(a, shapely.get_coordinates(b)) for a, b in zip(found, parts, strict=True)
    )
