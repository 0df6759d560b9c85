"""Counts by class."""

import pytest
import shapely
from support.desk import Desk
from support.rasters import place


def test_a_class_with_few_small_objects_is_rare(desk: Desk) -> None:
    desk.where = place(200, 200)
    big = [
        shapely.box(5, 5, 95, 95),
        *(shapely.box(105, y, 195, y + 30) for y in (5, 45, 85, 125, 160)),
    ]
    small = [shapely.box(10 + 5 * i, 110, 12 + 5 * i, 112) for i in range(4)]
    classes = ["field"] * 6 + ["well"] * 4
    assert desk.check(big + small, classes=classes) == {("balance.rare_class", None)}
    five = [*small, shapely.box(40, 110, 42, 112)]
    assert desk.check(big + five, classes=["field"] * 6 + ["well"] * 5) == set()


def test_figures_are_counts_that_can_be_done_by_hand(desk: Desk) -> None:
    desk.check(
        [shapely.box(0, 0, 4, 4), shapely.box(6, 0, 8, 4), shapely.box(30, 30, 40, 36)],
        classes=["a", "a", "b"], fields={"object": ["1", "1", "2"]},
        schema={"instance_field": "object"}, chip_px=20,
    )  # fmt: skip
    assert desk.report is not None
    a, b = desk.report.classes
    assert (a.name, a.features, a.objects, a.area) == ("a", 2, 1, pytest.approx(24))
    assert (b.objects, b.median, b.share) == (1, pytest.approx(60), pytest.approx(60 / 84))
    assert (a.per_chip_mean, a.per_chip_most) == (1.0, 1)
