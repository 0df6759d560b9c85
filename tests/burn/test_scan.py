"""Which pixels a polygon takes: golden cases, shared edges, every window the same."""

from pathlib import Path

import numpy as np
import pytest
import rasterio.features
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial import Delaunay
from shapely import Polygon, box
from support.pixels import cover, edge_set, random_polygons

from polychip.burn import edges as edges_module
from polychip.burn import runs as runs_module
from polychip.burn.edges import (
    EdgeSet,
    flat_edges,
    index_edges,
    joined_edges,
    load_edges,
    ring_edges,
    stored_edges,
)
from polychip.burn.runs import count_pixels, scan
from polychip.grid import Window

THREE = Window(0, 0, 3, 3)


def burn(polygon: Polygon, window: Window = THREE, *, all_touched: bool = False) -> list[list[int]]:
    runs = scan(edge_set([polygon], all_edges=all_touched), window, all_touched=all_touched)
    return cover(runs, 1, window)[0].tolist()


@pytest.mark.parametrize(
    ("polygon", "expected"),
    [
        # corners on pixel corners: exactly these pixels
        (box(0, 0, 2, 1), [[1, 1, 0], [0, 0, 0], [0, 0, 0]]),
        # corners on pixel centres: the left and the upper centre belong, the right and lower don't
        (box(0.5, 0.5, 2.5, 1.5), [[1, 1, 0], [0, 0, 0], [0, 0, 0]]),
        (box(0.5, 0.5, 2.5, 2.5), [[1, 1, 0], [1, 1, 0], [0, 0, 0]]),
        # a hole takes its centre out; the frame keeps the rest
        (box(0, 0, 3, 3) - box(1, 1, 2, 2), [[1, 1, 1], [1, 0, 1], [1, 1, 1]]),
        # a triangle: 2.5 px at the top row's centre line, then 1.5, then 0.5
        (Polygon([(0, 0), (3, 0), (0, 3)]), [[1, 1, 0], [1, 0, 0], [0, 0, 0]]),
        (Polygon([(0, 0), (3.1, 0), (0, 3.1)]), [[1, 1, 1], [1, 1, 0], [1, 0, 0]]),
        # two parts
        (box(0, 0, 1, 1) | box(2, 2, 3, 3), [[1, 0, 0], [0, 0, 0], [0, 0, 1]]),
        # between the centres: nothing
        (box(0.6, 0.6, 1.4, 1.4), [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
        # larger than the window
        (box(-9, -9, 9, 9), [[1, 1, 1], [1, 1, 1], [1, 1, 1]]),
        # outside
        (box(3, 0, 4, 3), [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ],
)
def test_golden_masks(polygon: Polygon, expected: list[list[int]]) -> None:
    assert burn(polygon) == expected


@pytest.mark.parametrize(
    ("polygon", "expected"),
    [
        # a corner inside a pixel takes the pixel; touching along an edge or in a point does not
        (box(0.9, 0.9, 2, 2), [[1, 1, 0], [1, 1, 0], [0, 0, 0]]),
        (box(1, 1, 2, 2), [[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
        (box(0.6, 0.6, 0.7, 0.7), [[1, 0, 0], [0, 0, 0], [0, 0, 0]]),
        (Polygon([(0, 0), (3, 3), (0, 3)]), [[1, 0, 0], [1, 1, 0], [1, 1, 1]]),
        # a sliver between two centre rows
        (box(0.2, 1.6, 2.8, 1.7), [[0, 0, 0], [1, 1, 1], [0, 0, 0]]),
    ],
)
def test_golden_masks_of_all_touched(polygon: Polygon, expected: list[list[int]]) -> None:
    assert burn(polygon, all_touched=True) == expected


def tiling(rng: np.random.Generator, size: int, n_points: int, n_groups: int) -> list[Polygon]:
    """Polygons with vertices on pixel centres and corners that tile a square without gaps.

    Triangles of a Delaunay mesh, put together at random into shapes with holes and parts.
    """
    inner = rng.integers(0, 2 * size + 1, (n_points, 2)) / 2
    corners = [(-1, -1), (size + 1, -1), (-1, size + 1), (size + 1, size + 1)]
    points = np.unique(np.concatenate((inner, corners)), axis=0)
    mesh = Delaunay(points)
    triangles = shapely.polygons(points[mesh.simplices])
    triangles = triangles[shapely.area(triangles) > 0]
    group = rng.integers(0, n_groups, len(triangles))
    return [
        shapely.coverage_union_all(triangles[group == g])
        for g in range(n_groups)
        if (group == g).any()
    ]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), n_points=st.integers(3, 60), n_groups=st.integers(2, 20))
def test_neighbours_share_out_every_pixel_just_once(
    seed: int, n_points: int, n_groups: int
) -> None:
    size = 24
    window = Window(0, 0, size, size)
    polygons = tiling(np.random.default_rng(seed), size, n_points, n_groups)
    count = cover(scan(edge_set(polygons), window), len(polygons), window).sum(axis=0)
    assert (count == 1).all(), f"covered {count.min()} to {count.max()} times"


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), x=st.integers(-9, 30), y=st.integers(-9, 30),
       width=st.integers(1, 30), height=st.integers(1, 30), touched=st.booleans())  # fmt: skip
def test_any_window_is_the_crop_of_the_whole(
    seed: int, x: int, y: int, width: int, height: int, touched: bool
) -> None:
    polygons = random_polygons(np.random.default_rng(seed), 32, 6)
    edges = edge_set(polygons, all_edges=touched)
    whole, part = Window(-10, -10, 80, 80), Window(x, y, width, height)
    everything = cover(scan(edges, whole, all_touched=touched), 6, whole)
    burned = cover(scan(edges, part, all_touched=touched), 6, part)
    rows, columns = part.slices_in(whole)
    assert np.array_equal(burned, everything[:, rows, columns])


@pytest.mark.parametrize("block", [1, 7, 64, 600])
def test_polygons_of_thousands_of_vertices_are_the_same_by_any_block(block: int) -> None:
    """Their edges are searched by row; a block that asks for a few rows gets all that cross."""
    rng = np.random.default_rng(3)
    angle = np.linspace(0, 2 * np.pi, 9000, endpoint=False)
    radius = 280 + 15 * np.sin(40 * angle) + rng.uniform(-1, 1, 9000)
    shape = Polygon(np.column_stack((300 + radius * np.cos(angle), 300 + radius * np.sin(angle))))
    assert len(angle) > edges_module.LONG
    polygons = [shape, Polygon(shape.exterior.coords[::-1]).buffer(0) - box(100, 100, 200, 205.5)]
    edges = edge_set(polygons)
    whole = Window(0, 0, 600, 600)
    everything = cover(scan(edges, whole), 2, whole)
    assert np.array_equal(everything[0], _rasterio(polygons[0], 600))
    for top in range(0, 600, max(block, 150) if block < 64 else block):
        part = Window(0, top, 600, min(block, 600 - top))
        assert np.array_equal(
            cover(scan(edges, part), 2, part), everything[:, top : top + part.height]
        )


@pytest.mark.parametrize("lot", [1, 40, 1 << 30])
def test_runs_are_the_same_by_any_lot_of_crossings(
    lot: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    polygons = random_polygons(np.random.default_rng(8), 50, 30)
    window = Window(-10, -10, 80, 80)
    known = [_inside(polygon, window) for polygon in polygons]
    monkeypatch.setattr(runs_module, "_CROSSINGS", lot)
    edges = edge_set(polygons)
    assert np.array_equal(cover(scan(edges, window), 30, window), known)
    counts = count_pixels(edges, window, np.arange(30))
    assert counts.tolist() == [int(pixels.sum()) for pixels in known]


def _inside(polygon: Polygon, window: Window) -> NDArray[np.bool_]:
    """Pixels whose centre GEOS finds inside."""
    x, y = np.meshgrid(np.arange(window.width), np.arange(window.height))
    found: NDArray[np.bool_] = shapely.contains_xy(
        polygon, x + window.x_off + 0.5, y + window.y_off + 0.5
    )
    return found


def test_windows_of_more_pixels_than_32_bits_can_number() -> None:
    """Two of the corners' pixels are 150,000 rows and columns apart."""
    edges = edge_set([box(2, 3, 5, 7), box(150_001, 150_002, 150_004, 150_003)])
    found = scan(edges, Window(0, 0, 200_000, 200_000))
    assert found.owner.tolist() == [0, 0, 0, 0, 1]
    assert found.row.tolist() == [3, 4, 5, 6, 150_002]
    assert (found.start.tolist(), found.stop.tolist()) == ([2] * 4 + [150_001], [5] * 4 + [150_004])


def test_owners_far_apart_are_found_by_their_buckets() -> None:
    """Polygons in other buckets, on bucket borders and at negative pixels."""
    side = edges_module.BUCKET_PX
    spots = [(-3 * side, 5), (side - 1, side - 1), (side, 0), (4 * side + 3, -2 * side)]
    polygons = [box(x, y, x + 2, y + 2) for x, y in spots]
    edges = edge_set(polygons)
    for number, (x, y) in enumerate(spots):
        window = Window(x, y, 2, 2)
        assert edges.owners_in(window).tolist() == [number]
        assert cover(scan(edges, window), 4, window)[number].all()
    assert not len(edges.owners_in(Window(2 * side, 2 * side, 10, 10)))
    assert not len(scan(edge_set([]), THREE))


def _rasterio(polygon: Polygon, size: int, *, all_touched: bool = False) -> NDArray[np.int64]:
    burned = rasterio.features.rasterize(
        [(polygon, 1)], out_shape=(size, size), all_touched=all_touched
    )
    return burned.astype(np.int64)


@pytest.mark.parametrize("seed", range(12))
def test_random_polygons_burn_as_gdal_burns_them(seed: int) -> None:
    """Centres on an edge apart, which random coordinates never meet."""
    polygons = random_polygons(np.random.default_rng(seed), 64, 5)
    window = Window(0, 0, 64, 64)
    burned = cover(scan(edge_set(polygons), window), 5, window)
    for mine, polygon in zip(burned, polygons, strict=True):
        assert np.array_equal(mine, _rasterio(polygon, 64))


@pytest.mark.parametrize("seed", range(8))
def test_all_touched_takes_the_pixels_whose_area_a_polygon_overlaps(seed: int) -> None:
    size = 20
    polygons = random_polygons(np.random.default_rng(100 + seed), size, 4)
    window = Window(0, 0, size, size)
    burned = cover(scan(edge_set(polygons, all_edges=True), window, all_touched=True), 4, window)
    row, column = np.mgrid[:size, :size]
    pixels = shapely.box(column, row, column + 1, row + 1)
    for mine, polygon in zip(burned, polygons, strict=True):
        overlap = shapely.area(shapely.intersection(pixels, polygon))
        sure = (overlap == 0) | (overlap > 1e-9)
        assert np.array_equal((mine == 1)[sure], (overlap > 0)[sure])


def test_all_touched_on_lattice_vertices_never_takes_what_only_touches() -> None:
    size = 12
    window = Window(0, 0, size, size)
    row, column = np.mgrid[:size, :size]
    pixels = shapely.box(column, row, column + 1, row + 1)
    for seed in range(20):
        polygons = tiling(np.random.default_rng(seed), size, 15, 4)
        runs = scan(edge_set(polygons, all_edges=True), window, all_touched=True)
        for mine, polygon in zip(cover(runs, len(polygons), window), polygons, strict=True):
            overlap = shapely.area(shapely.intersection(pixels, polygon))
            sure = (overlap == 0) | (overlap > 1e-9)
            assert np.array_equal((mine == 1)[sure], (overlap > 0)[sure])


def test_runs_of_one_owner_never_touch_a_pixel_twice() -> None:
    for seed in range(10):
        polygons = random_polygons(np.random.default_rng(seed), 30, 5)
        window = Window(-3, 2, 33, 20)
        for touched in (False, True):
            runs = scan(edge_set(polygons, all_edges=touched), window, all_touched=touched)
            assert cover(runs, 5, window).max() == 1
            order = np.lexsort((runs.start, runs.row, runs.owner))
            assert np.array_equal(order, np.arange(len(runs)))


def test_pixels_are_counted_per_owner_inside_the_window_alone() -> None:
    polygons = [box(0, 0, 4, 4), box(-5, -5, 2, 2), box(9, 9, 10, 10), box(0.6, 0.6, 0.9, 0.9)]
    window = Window(0, 0, 8, 8)
    assert count_pixels(edge_set(polygons), window, np.arange(4)).tolist() == [16, 4, 0, 0]
    edges = edge_set(polygons, all_edges=True)
    assert count_pixels(edges, window, np.arange(4), all_touched=True).tolist() == [16, 4, 0, 1]


def test_polygons_that_lie_off_the_window_cover_none_of_its_pixels() -> None:
    edges = edge_set([shapely.box(50, 50, 60, 60), shapely.box(70, 70, 70.2, 70.2)])
    assert count_pixels(edges, Window(0, 0, 10, 10), np.arange(2)).tolist() == [0, 0]


@pytest.mark.parametrize("all_edges", [False, True])
def test_edges_of_rings_are_those_of_each_vertex_and_the_next(all_edges: bool) -> None:
    rng = np.random.default_rng(4)
    rings = [
        np.vstack((ring, ring[:1]))
        for ring in (rng.integers(-8, 40, (n, 2)) / 4 for n in (3, 9, 4))
    ]
    first, owner = np.cumsum([0, *map(len, rings)]), np.array([0, 2, 2])  # 1 and 3 have no ring
    found = ring_edges(np.concatenate(rings), first, owner, 4, all_edges=all_edges)
    pairs = [np.hstack((ring, np.vstack((ring[1:], ring[-1:])))) for ring in rings]
    counts = np.bincount(owner, weights=[len(ring) for ring in rings], minlength=4).astype(int)
    known = flat_edges(np.concatenate(pairs), counts, all_edges=all_edges)
    assert found.points.tolist() == known.points.tolist()
    assert found.counts.tolist() == known.counts.tolist()
    assert found.box.tolist() == known.box.tolist()


def test_edges_joined_lot_by_lot_are_all_there_whatever_the_room() -> None:
    lots = [
        flat_edges(np.random.default_rng(n).random((n, 4)) * 50, np.array([n]), all_edges=True)
        for n in (5, 1, 40, 3)
    ]
    for room in (0, 7, 49, 1000):
        whole = joined_edges(iter(lots), room)
        assert whole.points.tolist() == [edge for lot in lots for edge in lot.points.tolist()]
        assert whole.counts.tolist() == [5, 1, 40, 3]
        assert whole.box.tolist() == [box for lot in lots for box in lot.box.tolist()]


def test_edges_that_go_to_their_file_at_once_are_those_of_memory(tmp_path: Path) -> None:
    """A polygon whose edges are sorted for searching is among them."""
    angle = np.linspace(0, 2 * np.pi, 3 * edges_module.LONG)
    star = np.column_stack((np.cos(angle), np.sin(angle))) * (90 + 9 * np.sin(30 * angle))[:, None]
    lots = [_flat([box(1, 1, 9, 9)]), _flat([Polygon(star + 100), box(40, 3, 60, 50)]), _flat([])]
    number = np.array([2, 0, 1])
    memory = index_edges(joined_edges(lots, 10), number)
    folder, link = tmp_path / "real", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    stored = index_edges(stored_edges(iter(lots), link), number)
    stored.save(link, {"more": number})
    assert memory.long_owner.tolist() == [0]
    mapped, others = load_edges(folder)
    assert others["more"].tolist() == [2, 0, 1]
    for found in (stored, mapped):
        for name in EdgeSet.__slots__:
            assert np.array_equal(getattr(found, name), getattr(memory, name)), name
    del stored, found, mapped, others
    memory.save(folder, {})  # other edges than the file's: it is written anew
    assert np.array_equal(load_edges(folder)[0].points, memory.points)
    none = index_edges(stored_edges([], tmp_path / "none"), np.empty(0, np.int64))
    none.save(tmp_path / "none", {})
    assert load_edges(tmp_path / "none")[0].points.shape == (0, 4)


def _flat(polygons: list[Polygon]) -> edges_module.FlatEdges:
    rings = [shapely.get_coordinates(polygon) for polygon in polygons]
    points = [np.hstack((xy[:-1], xy[1:])) for xy in rings]
    counts = np.array([len(edges) for edges in points], dtype=np.int64)
    return flat_edges(np.concatenate([np.empty((0, 4)), *points]), counts, all_edges=True)
