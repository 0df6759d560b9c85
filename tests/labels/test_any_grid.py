"""Grids, windows and polygons drawn at random: the burned class is that of the pixel's centre."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay
from support.labels import from_pixels, write_labels
from support.oracle import assert_equals_oracle, expected_codes, far_from_edges
from support.pixels import random_polygons
from support.rasters import Place
from support.scenes import burned, count_owners, load

from polychip.grid import Window

PLACES = {
    "EPSG:32630": ((690_000.0, 4_400_000.0), 1.0, ("EPSG:4326", "EPSG:25830", "EPSG:32631", "EPSG:3035")),
    "EPSG:4326": ((-0.7, 39.7), 1e-5, ("EPSG:32630", "EPSG:3857", "EPSG:3035")),
    "EPSG:32718": ((280_000.0, 8_660_000.0), 1.0, ("EPSG:4326", "EPSG:32717", "EPSG:3857")),
    "EPSG:2056": ((2_600_000.0, 1_200_000.0), 1.0, ("EPSG:32632", "EPSG:4326")),
}  # fmt: skip
"""Grid CRS: a place, a metre in its units, label CRSs."""


@st.composite
def grids(draw: st.DrawFn) -> tuple[Place, str]:
    """A grid of any direction, pixel size and shape, and a CRS for its labels."""
    crs = draw(st.sampled_from(sorted(PLACES)))
    (x, y), metre, others = PLACES[crs]
    side = draw(st.sampled_from([0.3, 2.0, 10.0, 100.0])) * metre
    ratio = draw(st.sampled_from([1.0, 1.0, 0.37, 2.5]))
    angle = draw(st.sampled_from([0.0, 0.0, 30.0, -73.1, 180.0]))
    flip = draw(st.sampled_from([-1.0, -1.0, 1.0]))
    shift = draw(st.floats(0, 1))
    transform = (
        Affine.translation(x + shift * side, y)
        * Affine.rotation(angle)
        * Affine.scale(side, flip * side * ratio)
    )
    height, width = draw(st.integers(5, 40)), draw(st.integers(5, 40))
    return Place(crs, transform, height, width), draw(st.sampled_from([crs, *others]))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=grids(), seed=st.integers(0, 2**32), reach=st.sampled_from([1.0, 1.0, 30.0]),
       x=st.integers(-5, 30), y=st.integers(-5, 30), size=st.integers(1, 30))  # fmt: skip
def test_any_window_of_any_grid_holds_the_class_of_each_centre(
    drawn: tuple[Place, str], seed: int, reach: float, x: int, y: int, size: int, tmp_path: Path
) -> None:
    where, crs = drawn
    rng = np.random.default_rng(seed)
    shapes = random_polygons(rng, 40.0, 4)
    if reach > 1:
        shapes[0] = shapely.Polygon(rng.uniform(-reach * 20, reach * 20, (3, 2)) + 20)
    polygons = [from_pixels(where, shape, crs) for shape in shapes]
    polygons = [p if p.is_valid else p.buffer(0) for p in polygons]
    path = write_labels(tmp_path / "labels.fgb", polygons, crs)
    labels, _ = load(where, [path], padding=5)
    window = Window(x, y, size, size)
    at = Place(where.crs, where.transform * Affine.translation(x, y), size, size)
    inside = Window(-5, -5, where.width + 10, where.height + 10).intersection(window)
    known = np.zeros((size, size), dtype=bool)
    known[inside.slices_in(window)] = True
    mask = burned(labels, window)
    expected = expected_codes(at, polygons, [1] * len(polygons), crs)
    limit = 1e-6 if crs == where.crs else 0.05
    far = far_from_edges(at, polygons, crs, known & (mask != expected), limit_px=limit)
    assert not len(far), f"rows and columns {far[:5].tolist()} differ"


def tiles_in_pixels(seed: int, size: int, outside: float) -> list[shapely.Polygon]:
    """Triangles that tile a square and more, vertices on a half-pixel lattice."""
    rng = np.random.default_rng(seed)
    inner = rng.integers(0, 2 * size + 1, (12, 2)) / 2
    corners = np.array([(0, 0), (1, 0), (0, 1), (1, 1)]) * (size + 2 * outside) - outside
    points = np.unique(np.concatenate((inner, corners)), axis=0)
    triangles = shapely.polygons(points[Delaunay(points).simplices])
    return list(triangles[shapely.area(triangles) > 0])


TILED = {
    "utm": Place("EPSG:32630", Affine(10, 0, 690_000, 0, -10, 4_400_000), 24, 24),
    "fractions of a metre": Place("EPSG:32630", Affine(0.3, 0, 690_000.1, 0, -0.3, 4_400_000.7), 24, 24),
    "rotated": Place("EPSG:32630", Affine(10, 0, 690_000, 0, -10, 4_400_000) * Affine.rotation(30), 24, 24),
    "degrees": Place("EPSG:4326", Affine(1e-4, 0, -0.7, 0, -1e-4, 39.7), 24, 24),
    "south-up": Place("EPSG:32630", Affine(10, 0, 690_000, 0, 10, 4_400_000), 24, 24),
}  # fmt: skip


@pytest.mark.parametrize("outside", [2.0, 5000.0])
@pytest.mark.parametrize("crs", ["same", "EPSG:3035"])
@pytest.mark.parametrize("kind", TILED)
def test_neighbours_share_out_every_pixel_on_every_grid(
    kind: str, crs: str, outside: float, tmp_path: Path
) -> None:
    """Edges through centres, reaching far beyond the image or not: never both, never neither."""
    where = TILED[kind]
    label_crs = where.crs if crs == "same" else crs
    window = Window(0, 0, where.width, where.height)
    for seed in range(4):
        shapes = [from_pixels(where, t, label_crs) for t in tiles_in_pixels(seed, 24, outside)]
        path = write_labels(tmp_path / f"{seed}.fgb", shapes, label_crs)
        labels, _ = load(where, [path], padding=3)
        count = count_owners(labels, window)
        assert (count == 1).all(), f"seed {seed}: {np.argwhere(count != 1)[:5].tolist()}"


@pytest.mark.parametrize("kind", ["utm", "degrees", "fractions of a metre", "south-up"])
def test_vertices_on_centres_and_corners_burn_half_open_on_the_ground(
    kind: str, tmp_path: Path
) -> None:
    """The first column and row of centres on the outline belong, the last ones don't."""
    where = TILED[kind]
    on_centres = from_pixels(where, shapely.box(2.5, 3.5, 9.5, 7.5))
    on_corners = from_pixels(where, shapely.box(12, 3, 20, 8))
    path = write_labels(tmp_path / "labels.gpkg", [on_centres, on_corners], where.crs)
    labels, _ = load(where, [path])
    expected = np.zeros((24, 24), dtype=int)
    expected[3:7, 2:9] = 1
    expected[3:8, 12:20] = 1
    assert np.array_equal(burned(labels, Window(0, 0, 24, 24)), expected)


def test_labels_in_a_wkt_without_a_code_are_not_moved(tmp_path: Path) -> None:
    where = TILED["utm"]
    wkt = (
        'PROJCS["somebody\'s UTM",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,'
        '298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],'
        'PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],'
        'PARAMETER["central_meridian",-3],PARAMETER["scale_factor",0.9996],'
        'PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1],'
        'AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
    )
    shape = from_pixels(where, shapely.box(2.5, 3.5, 9.5, 7.5))
    labels, report = load(where, [write_labels(tmp_path / "labels.gpkg", [shape], wkt)])
    assert report.sources[0].operation["pipeline"] == ""
    assert burned(labels, Window(0, 0, 24, 24)).sum() == 28


def test_an_edge_as_long_as_the_scene_bends_with_the_meridian(tmp_path: Path) -> None:
    """Two vertices 60 km apart: the straight line between them would be pixels off."""
    where = Place("EPSG:32630", Affine(20.0, 0.0, 640_000.0, 0.0, -20.0, 4_430_000.0), 1500, 400)
    shape = shapely.box(-1.32, 39.0, -1.0, 40.5)
    parallel = shapely.box(-2.0, 39.9, 0.5, 42.0)
    path = write_labels(tmp_path / "labels.fgb", [shape, parallel], "EPSG:4326")
    labels, _ = load(where, [path])
    mask = burned(labels, Window(0, 0, 400, 1500))
    assert_equals_oracle(mask, where, [shape, parallel], [1, 1], "EPSG:4326")


EARTH = 20_037_508.34
WORLDS = {
    "Mercator": Place("EPSG:3857", Affine(2e5, 0, -EARTH, 0, -2e5, EARTH), 200, 200),
    "Mercator around the Pacific": Place("EPSG:3832", Affine(2e5, 0, -EARTH, 0, -2e5, 1e7), 100, 200),
    "equal area": Place("EPSG:6933", Affine(1e5, 0, -17_367_530, 0, -1e5, 7_300_000), 146, 347),
    "degrees": Place("EPSG:4326", Affine(2, 0, -180, 0, -2, 90), 90, 180),
    "degrees from 0 to 360": Place("EPSG:4326", Affine(2, 0, 0, 0, -2, 90), 90, 180),
    "Mercator across its end": Place("EPSG:3857", Affine(2e3, 0, EARTH - 6e4, 0, -2e3, -1.9e6), 60, 60),
}  # fmt: skip


@pytest.mark.parametrize("padding", [0, 56, 512])
@pytest.mark.parametrize("kind", WORLDS)
def test_images_of_the_whole_world_are_burned_once_with_and_without_padding(
    kind: str, padding: int, tmp_path: Path
) -> None:
    """Chips of 512 px pad a world of 200 px by more than a turn; no label may come round again."""
    where = WORLDS[kind]
    polygons = [
        shapely.box(-180, -90, 180, -60), shapely.box(100, 10, 179.9, 50), shapely.box(-10, 0, 20, 40),
        shapely.box(-180, -17, -179.6, -16.9), shapely.box(179.5, -17, 180, -16.9),
        shapely.Polygon([(-170, 10), (-100, 30), (-140, -30)]),
    ]  # fmt: skip
    path = write_labels(tmp_path / "labels.fgb", polygons, "EPSG:4326")
    labels, _ = load(where, [path], padding=padding)
    mask = burned(labels, Window(0, 0, where.width, where.height))
    assert_equals_oracle(mask, where, polygons, [1] * len(polygons), "EPSG:4326", wrap=True)


@pytest.mark.parametrize(("crs", "sign"), [("EPSG:3413", 1), ("EPSG:3031", -1)])
@pytest.mark.parametrize("corner", [-100_000.0, 0.0, 1000.0])
def test_scenes_around_beside_and_on_the_pole_are_burned_by_their_meridians(
    crs: str, sign: int, corner: float, tmp_path: Path
) -> None:
    where = Place(crs, Affine(2000, 0, corner, 0, -2000, 100_000), 100, 100)
    low, high = (89.2, 89.6) if sign > 0 else (-89.6, -89.2)
    polygons = [
        shapely.box(-180, low, 180, high),
        shapely.box(10, min(sign * 88, sign * 89.9), 70, max(sign * 88, sign * 89.9)),
        shapely.box(-180, min(sign * 89.7, sign * 90), 180, max(sign * 89.7, sign * 90)),
    ]
    path = write_labels(tmp_path / "labels.fgb", polygons, "EPSG:4326")
    labels, _ = load(where, [path], padding=5)
    mask = burned(labels, Window(0, 0, 100, 100))
    assert_equals_oracle(mask, where, polygons, [1] * 3, "EPSG:4326")
    if corner < 0:  # the whole ring and the whole cap lie on the image
        area = dict(zip(labels.objects.source_fid, labels.objects.area_px.tolist(), strict=True))
        assert area["0"] > area["2"] > 500
        assert list(labels.fids).index("0") < list(labels.fids).index("2"), "smaller on top"


def test_a_world_sized_polygon_does_not_explode_around_a_pole(tmp_path: Path) -> None:
    where = Place("EPSG:3413", Affine(2000, 0, -100_000, 0, -2000, 100_000), 100, 100)
    world = shapely.box(-180, -90, 180, 89.5)
    labels, _ = load(where, [write_labels(tmp_path / "labels.fgb", [world], "EPSG:4326")])
    mask = burned(labels, Window(0, 0, 100, 100))
    assert_equals_oracle(mask, where, [world], [1], "EPSG:4326")
    assert len(labels.edges.points) < 100_000
