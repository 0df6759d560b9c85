"""A shift between labels and image edges is measured, and none is invented."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely
from support.desk import Desk
from support.rasters import place


def houses(seed: int = 3) -> list[Any]:
    rng = np.random.default_rng(seed)
    out = []
    for x in range(20, 380, 24):
        for y in range(20, 380, 24):
            w, h = rng.uniform(8, 15, 2)
            dx, dy = rng.uniform(0, 6, 2)
            box = shapely.box(x + dx, y + dy, x + dx + w, y + dy + h)
            out.append(shapely.affinity.rotate(box, float(rng.uniform(0, 90))))
    return out


def measured(desk: Desk) -> Any:
    assert desk.report is not None
    return desk.report.registrations[0]


@pytest.fixture
def town(desk: Desk, edges: Callable[..., Any]) -> Desk:
    desk.where = place(400, 400)
    desk.image(edges(houses(), (400, 400)))
    return desk


@pytest.mark.parametrize(("dx", "dy"), [(3, -2), (0.5, 0), (-1.7, 2.4), (5.2, 6.1)])
def test_labels_that_were_moved_are_found_moved(town: Desk, dx: float, dy: float) -> None:
    town.check([shapely.affinity.translate(s, dx, dy) for s in houses()])
    whole = measured(town).whole
    assert (whole.dx, whole.dy) == pytest.approx((dx, dy), abs=0.25)
    assert whole.confidence > 0.9


def test_a_shift_is_a_problem_from_one_and_a_half_pixels(town: Desk) -> None:
    assert not {c for c, _ in town.check(houses())}
    far = town.check([shapely.affinity.translate(s, 3, -2) for s in houses()])
    assert ("registration.shift", None) in far
    assert town.report is not None
    [problem] = [p for p in town.report.problems if p.check.id == "registration.shift"]
    assert "3.0 px right and 2.0 px up" in problem.message
    assert "shift_px = [-3.0, 2.0]" in problem.message
    near = town.check([shapely.affinity.translate(s, 1, 0) for s in houses()])
    assert ("registration.shift", None) not in near


def test_labels_that_a_recipe_moves_back_are_measured_where_they_then_lie(town: Desk) -> None:
    moved = [shapely.affinity.translate(s, 3, -2) for s in houses()]
    assert town.check(moved, shift_px=(-3.0, 2.0)) == set()
    assert measured(town).whole.length < 0.25
    assert town.report is not None
    assert "moved by labels.shift_px first: -3 columns, 2 rows" in str(town.report)
    town.check([shapely.box(-0.5, 5, 9, 15)], shift_px=(2.0, 0.0))
    assert town.report.problems == (), "it lies on the image once it is moved"


def test_a_part_that_lies_otherwise_is_found_by_its_cell(town: Desk) -> None:
    moved = [
        shapely.affinity.translate(s, 4, 0) if s.centroid.x < 100 and s.centroid.y < 100 else s
        for s in houses()
    ]
    assert ("registration.cell", None) in town.check(moved)
    assert town.report is not None
    [problem] = [p for p in town.report.problems if p.check.id == "registration.cell"]
    assert "columns 0 to 99, rows 0 to 99" in problem.message


def test_noise_has_no_shift_that_anyone_could_be_sure_of(desk: Desk) -> None:
    desk.where = place(400, 400)
    noise = np.random.default_rng(0).integers(0, 255, (3, 400, 400)).astype(np.uint8)
    desk.image(noise)
    assert ("registration.shift", None) not in desk.check(houses())
    assert measured(desk).whole.confidence < 0.5


def test_too_few_outlines_measure_nothing(desk: Desk) -> None:
    desk.check([shapely.box(5, 5, 15, 15)])
    assert measured(desk).whole is None
