"""Shared ground: exact on coinciding pixels, by polygons between grids."""

import itertools

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from polychip.errors import InputError
from polychip.grid import Grid, Window
from polychip.layout import leakage
from polychip.layout.ground import Footprints
from polychip.layout.leakage import Leak, audit, overlapping_pairs


def grid(x, y, size, *, crs="EPSG:32630", res=10.0):
    return Grid(crs, Affine(res, 0, x, 0, -res, y), size, size)


def footprints(rows):
    """From (grid, x_off, y_off, width, height)."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 5)
    return Footprints(table[:, 0].astype(np.int32), *table[:, 1:].T)


def pairs_of(found, grids, gap=0):
    parts = [pairs.tolist() for pairs in overlapping_pairs(found, grids, gap)]
    pairs = [tuple(pair) for part in parts for pair in part]
    assert len(pairs) == len(set(pairs))
    return set(pairs)


def pixels_of(row, origins, size):
    """The set of ground pixels of a footprint, its padding left out; the slow way."""
    g, x, y, width, height = row
    own = Window(x, y, width, height).intersection(Window(0, 0, size, size))
    dx, dy = origins[g]
    columns = range(own.x_off + dx, own.x_end + dx)
    return set(itertools.product(columns, range(own.y_off + dy, own.y_end + dy)))


def grown(pixels, by):
    steps = range(-by, by + 1)
    return {(x + dx, y + dy) for x, y in pixels for dx in steps for dy in steps}


rows = st.tuples(
    st.integers(0, 2), st.integers(-3, 9), st.integers(-3, 9), st.integers(1, 5), st.integers(1, 5)
)
origins = st.tuples(*[st.tuples(st.integers(-9, 9), st.integers(-9, 9))] * 3)


@given(st.lists(rows, max_size=9), origins, st.integers(0, 3))
def test_pairs_on_coinciding_pixels_equal_those_of_pixel_sets(table, places, gap):
    grids = [grid(500_000 + x * 10, 4_000_000 - y * 10, 8) for x, y in places]
    sets = [pixels_of(row, places, 8) for row in table]
    expected = {
        (i, j) for (i, a), (j, b) in itertools.combinations(enumerate(sets), 2) if grown(a, gap) & b
    }
    assert pairs_of(footprints(table), grids, gap) == expected


@given(st.lists(rows, max_size=9), origins, st.integers(0, 2))
def test_the_size_of_the_parts_changes_no_pair(table, places, gap):
    grids = [grid(500_000 + x * 10, 4_000_000 - y * 10, 8) for x, y in places]
    whole = pairs_of(footprints(table), grids, gap)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leakage, "CANDIDATES", 2)
        assert pairs_of(footprints(table), grids, gap) == whole


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(-2, 9), st.integers(-2, 9)), max_size=8),
    st.integers(-60, 60),
    st.integers(-60, 60),
)
def test_pairs_between_resolutions_equal_those_of_rectangles_in_metres(table, dx, dy):
    grids = [grid(500_000, 4_000_000, 8), grid(500_000 + dx, 4_000_000 + dy, 8, res=7.0)]
    rects = []
    for g, x, y in table:
        own = Window(x, y, 3, 3).intersection(grids[g].window)
        corners = grids[g].corners(own)
        rects.append(shapely.box(*corners.min(axis=0), *corners.max(axis=0)) if own[2] else None)
    expected = {
        (i, j)
        for (i, a), (j, b) in itertools.combinations(enumerate(rects), 2)
        if a is not None and b is not None and a.intersection(b).area > 1e-3
    }
    assert pairs_of(footprints([(g, x, y, 3, 3) for g, x, y in table]), grids) == expected


def test_chips_that_only_touch_share_no_ground_but_lie_nearer_than_a_pixel():
    for second in (grid(500_080, 4_000_000, 8), grid(500_080, 4_000_000, 4, res=20.0)):
        grids = [grid(500_000, 4_000_000, 8), second]
        found = footprints([(0, 0, 0, 8, 8), (1, 0, 0, 4, 4)])
        assert pairs_of(found, grids) == set()
        assert pairs_of(found, grids, gap=1) == {(0, 1)}


def test_a_gap_across_resolutions_is_measured_in_the_first_grids_pixels():
    grids = [grid(500_000, 4_000_000, 8), grid(500_110, 4_000_000, 4, res=20.0)]
    found = footprints([(0, 0, 0, 8, 8), (1, 0, 0, 4, 4)])  # 30 m, three of the first's pixels
    assert pairs_of(found, grids, gap=3) == set()
    assert pairs_of(found, grids, gap=4) == {(0, 1)}


def test_padding_shows_no_ground():
    grids = [grid(500_000, 4_000_000, 8), grid(500_080, 4_000_000, 8)]
    assert pairs_of(footprints([(0, 4, 0, 8, 8), (1, 0, 0, 8, 8)]), grids) == set()
    assert pairs_of(footprints([(0, 8, 0, 8, 8), (0, 9, 0, 8, 8)]), grids) == set()


def degrees_polygon(of, window):
    """A window's outline in degrees, densely sampled: the independent answer."""
    to_degrees = Transformer.from_crs(of.crs_wkt, "EPSG:4326", always_xy=True)
    return shapely.Polygon(np.column_stack(to_degrees.transform(*of.outline(window, 65).T)))


@pytest.mark.parametrize(
    "second",
    [
        grid(222_000, 4_430_000, 400, crs="EPSG:32631"),
        grid(222_000, 4_430_000, 400, crs="EPSG:25831"),
        Grid("EPSG:4326", Affine(1e-4, 0, -0.25, 0, -1e-4, 39.97), 400, 400),
        Grid(
            "EPSG:32630",
            Affine.translation(735_000, 4_425_000) @ Affine.rotation(30) @ Affine.scale(10, -10),
            400,
            400,
        ),
    ],
    ids=["next UTM zone", "other datum", "geographic", "rotated"],
)
def test_pairs_across_reference_systems_equal_intersections_in_degrees(second):
    grids = [grid(733_000, 4_429_000, 400), second]
    cells = [
        (g, x, y, 50, 50) for g in (0, 1) for y in range(0, 400, 50) for x in range(0, 400, 50)
    ]
    shapes = [degrees_polygon(grids[row[0]], Window(*row[1:])) for row in cells]
    shares = {
        (i, j): shapes[i].intersection(shapes[j]).area / shapes[i].area
        for i in range(64)
        for j in range(64, 128)
    }
    found = pairs_of(footprints(cells), grids)
    clear = {pair for pair, share in shares.items() if share > 1e-4}
    assert len(clear) > 20
    assert clear <= found
    assert found <= {pair for pair, share in shares.items() if share > 0}
    reversed_rows = [(1 - g, *rest) for g, *rest in cells[64:] + cells[:64]]
    swapped = pairs_of(footprints(reversed_rows), grids[::-1])
    turned = {(j - 64, i + 64) for i, j in swapped}
    assert clear <= turned


def degrees(x, size, res):
    return grid(x, 10, size, crs="EPSG:4326", res=res)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (degrees(-179.5, 100, 0.01), degrees(180, 100, 0.01)),
        (degrees(-179.5, 100, 0.01), degrees(180, 90, 0.011)),
        (degrees(179.2, 100, 0.01), degrees(-180.3, 80, 0.007)),
        (
            grid(780_000, 1_100_000, 900, crs="EPSG:32660", res=100.0),
            grid(170_000, 1_100_000, 900, crs="EPSG:32601", res=100.0),
        ),
    ],
    ids=["same pixels", "other pixels", "other pixels, crossing", "UTM 60 and 1"],
)
def test_ground_on_both_sides_of_the_antimeridian_is_one_ground(first, second):
    found = footprints(
        [(0, 0, 0, first.width, first.height), (1, 0, 0, second.width, second.height)]
    )
    assert pairs_of(found, [first, second]) == {(0, 1)}


def test_a_polar_grid_meets_degrees_near_the_pole():
    polar = Grid("EPSG:3413", Affine(1000, 0, -500_000, 0, -1000, 500_000), 1000, 1000)
    world = Grid("EPSG:4326", Affine(0.1, 0, -180, 0, -0.1, 90), 100, 3600)
    found = footprints([(0, 0, 0, 1000, 1000), (1, 1700, 5, 20, 20), (1, 1700, 80, 20, 20)])
    assert pairs_of(found, [polar, world]) == {(0, 1)}


def test_far_apart_grids_are_never_turned_into_polygons(monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr(leakage, "_across", refuse)
    grids = [grid(500_000, 4_000_000, 50), grid(500_000, 4_000_003, 50, crs="EPSG:32633")]
    assert pairs_of(footprints([(0, 0, 0, 50, 50), (1, 0, 0, 50, 50)]), grids) == set()


def test_reference_systems_that_cannot_be_compared_are_an_error_that_names_both():
    local = 'LOCAL_CS["plant",UNIT["metre",1],AXIS["X",EAST],AXIS["Y",NORTH]]'
    grids = [grid(500_000, 4_000_000, 8), grid(0, 0, 8, crs=local)]
    with pytest.raises(InputError, match=r"(plant.*EPSG:32630|EPSG:32630.*plant).*ruled out"):
        pairs_of(footprints([(0, 0, 0, 8, 8), (1, 0, 0, 8, 8)]), grids)


def test_the_audit_names_a_planted_leak_and_nothing_else():
    grids = [grid(500_000, 4_000_000, 40), grid(500_000, 4_000_000, 40)]
    cells = [(g, x, y, 10, 10) for g in (0, 1) for y in range(0, 40, 10) for x in range(0, 40, 10)]
    split = np.array([x // 20 for _, x, *_ in cells], dtype=np.int8)
    assert audit(footprints(cells), grids, split) == []
    split[5] = 1 - split[5]
    assert audit(footprints(cells), grids, split) == [Leak(21, 5)]
    split[5] = -1
    assert audit(footprints(cells), grids, split) == []


def test_the_audit_stops_at_its_limit_and_counts_the_gap():
    cells = [(0, x, 0, 10, 10) for x in range(0, 400, 10)]
    split = np.arange(40, dtype=np.int8) % 2
    grids = [grid(500_000, 4_000_000, 400)]
    assert audit(footprints(cells), grids, split) == []
    assert len(audit(footprints(cells), grids, split, gap_px=1)) == 39
    assert len(audit(footprints(cells), grids, split, gap_px=1, limit=7)) == 7


def test_no_footprints_share_nothing():
    assert pairs_of(footprints([]), []) == set()
    assert audit(footprints([]), [], np.empty(0, dtype=np.int8)) == []
