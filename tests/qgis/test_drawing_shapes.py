"""The drawing rules against shapely, which runs in the engine's Python; random shapes and by hand."""

from __future__ import annotations

import math
import random

import pytest
from polychip_qgis.drawing import shapes
from qgis.core import QgsGeometry, QgsPointXY


def polygon(text):
    return QgsGeometry.fromWkt(text)


def star(rng, x, y, radius):
    """A polygon with a wild outline, valid because its corners go round its middle."""
    corners = []
    for step in range(rng.randint(3, 9)):
        angle = 2 * math.pi * (step + rng.random() * 0.8) / 9
        reach = radius * rng.uniform(0.3, 1)
        corners.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    text = ",".join(f"{a} {b}" for a, b in [*corners, corners[0]])
    return QgsGeometry.fromWkt(f"POLYGON(({text}))")


@pytest.mark.parametrize("rule", ["overlap", "give_way", "take_ground"])
@pytest.mark.parametrize("seed", range(6))
def test_the_rules_leave_what_shapely_leaves(qgis_app, ask_oracle, rule, seed):
    rng = random.Random(seed)
    old = {n: star(rng, rng.uniform(0, 100), rng.uniform(0, 100), 40) for n in range(1, 9)}
    new = star(rng, 50, 50, 60)
    changed = shapes.RULES[rule](new, old)
    expected = ask_oracle(
        "rules", rule=rule, new=new.asWkt(17), old={n: s.asWkt(17) for n, s in old.items()}
    )
    assert sorted(map(int, expected["old"])) == sorted(changed.old)
    pairs = [[changed.new.asWkt(17), expected["new"]]]
    pairs += [[changed.old[int(n)].asWkt(17), text] for n, text in expected["old"].items()]
    assert max(ask_oracle("differences", pairs=pairs)) < 1e-6


WATER = "Polygon((0 0,10 0,10 10,0 10,0 0))"
HOUSE = "Polygon((2 2,4 2,4 4,2 4,2 2))"


@pytest.mark.parametrize(("rule", "house", "water"), [
    ("overlap", 4.0, None),
    ("give_way", 4.0, 96.0),
    ("take_ground", 4.0, 96.0),
])  # fmt: skip
def test_a_house_inside_water_works_in_all_rules(qgis_app, rule, house, water):
    changed = shapes.RULES[rule](polygon(HOUSE), {7: polygon(WATER)})
    assert changed.new.area() == house
    assert {fid: shape.area() for fid, shape in changed.old.items()} == (
        {7: water} if water else {}
    )


def test_water_drawn_over_a_house_gives_way_by_a_hole(qgis_app):
    changed = shapes.give_way(polygon(WATER), {3: polygon(HOUSE)})
    assert (changed.new.area(), changed.old) == (96.0, {})


def test_taking_the_ground_of_a_whole_polygon_leaves_nothing_of_it(qgis_app):
    changed = shapes.take_ground(polygon(WATER), {3: polygon(HOUSE)})
    assert changed.old[3].isEmpty()


def test_neighbours_that_share_an_edge_do_not_overlap(qgis_app):
    right = polygon("Polygon((10 0,20 0,20 10,10 10,10 0))")
    assert shapes.overlapping(polygon(WATER), {1: right}) == {}
    assert shapes.take_ground(polygon(WATER), {1: right}).old == {}


def test_a_bow_tie_becomes_two_triangles(qgis_app):
    shape = shapes.polygons_of(polygon("Polygon((0 0,10 10,10 0,0 10,0 0))"))
    assert shape.isGeosValid()
    assert shape.area() == 50.0


def test_a_line_across_splits_and_one_that_ends_inside_does_not(qgis_app):
    across = [QgsPointXY(-1, 3), QgsPointXY(11, 3)]
    assert [piece.area() for piece in shapes.split(polygon(WATER), across)] == [70.0, 30.0]
    short = [QgsPointXY(-1, 3), QgsPointXY(5, 3)]
    assert [piece.area() for piece in shapes.split(polygon(WATER), short)] == [100.0]


def test_a_split_keeps_holes_and_far_parts(qgis_app):
    shape = polygon(
        "MultiPolygon(((0 0,10 0,10 10,0 10,0 0),(2 2,4 2,4 4,2 4,2 2)),((20 0,21 0,21 1,20 1,20 0)))"
    )
    pieces = shapes.split(shape, [QgsPointXY(-1, 3), QgsPointXY(11, 3)])
    assert [piece.area() for piece in pieces] == [69.0, 28.0]
    assert all(piece.isMultipart() for piece in pieces)


def test_the_rest_of_a_cell_is_what_nobody_covers(qgis_app):
    assert shapes.rest_of(polygon(WATER), [polygon(HOUSE)]).area() == 96.0
    assert shapes.rest_of(polygon(WATER), [polygon(WATER)]).isEmpty()
    assert shapes.rest_of(polygon(WATER), []).area() == 100.0


def test_heights_and_curves_are_taken_off(qgis_app):
    assert shapes.flat(polygon("PolygonZ((0 0 5,1 0 5,1 1 5,0 0 5))")).asWkt() == (
        "Polygon ((0 0, 1 0, 1 1, 0 0))"
    )
    round_one = polygon("CurvePolygon(CircularString(0 0, 2 0, 0 0))")
    assert shapes.flat(round_one).area() == pytest.approx(math.pi, rel=1e-3)
