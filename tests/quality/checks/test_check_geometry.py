"""Each check of single geometries finds its case and lets the near miss pass."""

from typing import Any

import pytest
import shapely
from shapely.geometry import LineString, Point, Polygon
from support.desk import Desk

SQUARE = shapely.box(5, 5, 15, 15)
BOW_TIE = Polygon([(5, 5), (15, 15), (15, 5), (5, 15)])
PINCHED = Polygon([(5, 5), (10, 10), (15, 5), (15, 15), (10, 10), (5, 15)])
HOLE_AT_SHELL = Polygon(SQUARE.exterior, [[(5, 10), (9, 8), (9, 12)]])
TWICE = Polygon([(5, 5), (15, 5), (15, 5.0005), (15, 15), (5, 15)])
NEARLY_TWICE = Polygon([(5, 5), (15, 5), (15, 5.002), (15, 15), (5, 15)])
NEEDLE = Polygon([(5, 5), (10, 5), (10.01, 2), (10.02, 5), (15, 5), (15, 15), (5, 15)])
BROAD_TIP = Polygon([(5, 5), (10, 5), (10.5, 2), (11, 5), (15, 5), (15, 15), (5, 15)])
SHORT_NEEDLE = Polygon([(5, 5), (10, 5), (10.005, 4.2), (10.01, 5), (15, 5), (15, 15), (5, 15)])


def ring_of(n: int, radius: float) -> Any:
    return Point(20, 20).buffer(radius, quad_segs=n // 4)


@pytest.mark.parametrize(
    ("check", "shape", "near_miss"),
    [
        ("geometry.invalid", BOW_TIE, SQUARE),
        ("geometry.self_touch", PINCHED, HOLE_AT_SHELL),
        ("geometry.empty", None, SQUARE),
        ("geometry.empty", Polygon(), SQUARE),
        ("geometry.empty", Polygon([(5, 5), (10, 10), (15, 15)]), shapely.box(5, 5, 15, 5.6)),
        ("geometry.no_area", LineString([(5, 5), (15, 15)]), SQUARE),
        ("geometry.no_area", Point(5, 5), Point(5, 5).buffer(2)),
        ("geometry.duplicate_vertices", TWICE, NEARLY_TWICE),
        ("geometry.spike", NEEDLE, BROAD_TIP),
        ("geometry.spike", NEEDLE, SHORT_NEEDLE),
        ("geometry.sliver", shapely.box(5, 5.3, 25, 5.7), shapely.box(5, 5.3, 25, 5.9)),
        ("geometry.sliver", shapely.box(5, 5.3, 25, 5.7), shapely.box(5, 5.3, 7, 5.7)),
        ("geometry.tiny", shapely.box(5.6, 5.6, 6.4, 6.4), shapely.box(5.6, 5.6, 6.6, 6.6)),
        ("geometry.vertices", ring_of(400, 10), ring_of(200, 10)),
        ("geometry.vertices", ring_of(24, 0.8), ring_of(16, 0.8)),
    ],
)
def test_a_fault_is_found_and_its_near_miss_is_not(
    desk: Desk, check: str, shape: Any, near_miss: Any
) -> None:
    far = shapely.box(30, 30, 35, 35)
    assert (check, "1") in desk.check([shape, far])
    assert (check, "1") not in desk.check([near_miss, far])


def test_a_layer_without_faults_has_no_problem(desk: Desk) -> None:
    assert desk.check([SQUARE, shapely.box(20, 20, 30, 30)]) == set()
    assert desk.report is not None
    assert desk.report.ok


def test_the_place_of_a_fault_is_where_it_is(desk: Desk) -> None:
    desk.check([BOW_TIE])
    assert desk.report is not None
    [problem] = desk.report.problems
    x, y = desk.where.to_crs([[10.0, 10.0]])[0]
    assert problem.where.distance(Point(x, y)) < 1e-6
    assert problem.severity == "error"
    assert not desk.report.ok


def test_without_an_image_sizes_are_in_metres_and_pixels_are_not_judged(desk: Desk) -> None:
    sliver = shapely.box(5, 5.3, 25, 5.7)
    assert desk.check([sliver], with_image=False) == set()
    assert desk.report is not None
    assert desk.report.unit == "m"
    assert {check for check, _ in desk.report.left_out} >= {"geometry.sliver", "place.nodata"}
    assert ("geometry.sliver", "1") in desk.check([sliver], with_image=False, pixel_m=10.0)
    tiny = shapely.box(5, 5, 5.6, 5.6)
    assert ("geometry.tiny", "1") in desk.check([tiny], with_image=False, pixel_m=10.0)
