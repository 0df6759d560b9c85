"""Overlaps, duplicates, gaps: found where they are, at the size they have."""

from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon
from support.desk import Desk

LEFT = shapely.box(5, 5, 15, 15)
RANKED = {"classes": [{"name": "a", "code": 1}, {"name": "b", "code": 2}]}
STUFF = {"classes": [{"name": "a", "code": 1, "thing": False}]}


@pytest.mark.parametrize(
    ("check", "shapes", "near_miss"),
    [
        ("topology.overlap", [LEFT, shapely.box(14.9, 5, 25, 15)], [LEFT, shapely.box(15, 5, 25, 15)]),
        ("topology.overlap", [LEFT, shapely.box(14.9, 5, 25, 15)], [LEFT, shapely.box(14.999, 5, 25, 15)]),
        ("topology.duplicate", [LEFT, LEFT], [LEFT, shapely.box(5, 5, 15, 15.1)]),
        ("topology.near_duplicate", [LEFT, shapely.box(5.2, 5.2, 15, 15)], [LEFT, shapely.box(6, 5, 16, 15)]),
        ("topology.unclosed", [LEFT, shapely.box(15.3, 5, 25, 15)], [LEFT, shapely.box(15.6, 5, 25, 15)]),
        ("topology.unclosed", [LEFT, shapely.box(15.3, 5, 25, 15)], [LEFT, shapely.box(15.2, 15.2, 25, 25)]),
    ],
)  # fmt: skip
def test_a_fault_between_two_is_found_and_its_near_miss_is_not(
    desk: Desk, check: str, shapes: list[Any], near_miss: list[Any]
) -> None:
    assert check in {c for c, _ in desk.check(shapes)}
    assert check not in {c for c, _ in desk.check(near_miss)}


def test_an_overlap_of_two_classes_is_a_warning_until_a_schema_ranks_them(desk: Desk) -> None:
    shapes = [LEFT, shapely.box(10, 5, 20, 15)]
    desk.check(shapes, classes=["a", "b"])
    assert desk.report is not None
    [problem] = desk.report.problems
    assert (problem.check.id, problem.severity) == ("topology.overlap_classes", "warning")
    assert "50 px²" in problem.message
    desk.check(shapes, classes=["a", "b"], schema=RANKED)
    assert [p.severity for p in desk.report.problems] == ["info"]
    assert desk.check([LEFT, shapely.box(15, 5, 20, 15)], classes=["a", "b"]) == set()


def test_stuff_may_lie_over_itself(desk: Desk) -> None:
    desk.check([LEFT, shapely.box(10, 5, 20, 15)], schema=STUFF)
    assert desk.report is not None
    assert [(p.check.id, p.severity) for p in desk.report.problems] == [
        ("topology.overlap", "info")
    ]


def test_parts_of_one_object_may_lie_over_each_other(desk: Desk) -> None:
    found = desk.check(
        [LEFT, shapely.box(10, 5, 20, 15)],
        schema={"instance_field": "object"}, fields={"object": ["x", "x"]},
    )  # fmt: skip
    assert {check for check, _ in found} == {"attributes.instance_shared"}


def test_a_hole_shut_in_between_neighbours_is_a_gap_and_a_courtyard_is_none(desk: Desk) -> None:
    left = Polygon([(5, 5), (15, 5), (15, 8), (14.7, 8), (14.7, 12), (15, 12), (15, 15), (5, 15)])
    right = shapely.box(15, 5, 25, 15)
    assert {check for check, _ in desk.check([left, right])} == {"topology.gap"}
    assert desk.report is not None
    [problem] = desk.report.problems
    west, south, east, north = problem.where.bounds
    assert (east - west, north - south) == pytest.approx((3.0, 40.0))
    wide = Polygon([(5, 5), (15, 5), (15, 8), (14, 8), (14, 12), (15, 12), (15, 15), (5, 15)])
    assert desk.check([wide, right]) == set()
    yard = Polygon(LEFT.exterior, [shapely.box(8, 8, 8.3, 12).exterior])
    assert desk.check([yard, right]) == set()


def test_the_areas_of_overlaps_are_those_of_a_plain_loop(desk: Desk) -> None:
    rng = np.random.default_rng(5)
    corner = rng.uniform(2, 30, (40, 2))
    shapes = [
        shapely.affinity.rotate(shapely.box(x, y, x + 9, y + 5), angle)
        for (x, y), angle in zip(corner, rng.uniform(0, 90, 40), strict=True)
    ]
    desk.check(shapes, classes=["a", "b"] * 20)
    assert desk.report is not None
    found = {
        frozenset((p.source_fid, p.other_fid)): p.where.area / 100
        for p in desk.report.problems
        if p.check.id.startswith("topology.overlap") or p.check.id == "topology.near_duplicate"
    }
    expected = {}
    for i, one in enumerate(shapes):
        for j, other in enumerate(shapes[:i]):
            area = one.intersection(other).area
            if area > 0.05:
                expected[frozenset((str(i + 1), str(j + 1)))] = area
    assert expected.keys() <= found.keys()
    assert all(found[pair] == pytest.approx(area, rel=1e-6) for pair, area in expected.items())
    assert all(area < 0.06 for pair, area in found.items() if pair not in expected)
