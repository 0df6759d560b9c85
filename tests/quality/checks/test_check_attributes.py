"""Classes, instance ids and dates."""

import shapely
from support.desk import Desk

SCHEMA = {
    "classes": [{"name": "water", "code": 1, "thing": False}, {"name": "building", "code": 3}]
}


def row(n: int) -> list[shapely.Geometry]:
    """Squares that touch nothing."""
    return [
        shapely.box(2 + 4 * (i % 11), 2 + 4 * (i // 11), 4 + 4 * (i % 11), 4 + 4 * (i // 11))
        for i in range(n)
    ]


def test_a_missing_class_is_an_error(desk: Desk) -> None:
    assert desk.check(row(2), classes=["water", None], schema=SCHEMA) == {
        ("attributes.class_missing", "2")
    }
    assert desk.check(row(2), classes=["water", "building"], schema=SCHEMA) == set()


def test_a_class_the_schema_does_not_know_is_unknown_or_a_typo(desk: Desk) -> None:
    found = desk.check(row(4), classes=["water", "builing", "orchard", "3"], schema=SCHEMA)
    assert found == {("attributes.class_typo", "2"), ("attributes.class_unknown", "3")}
    assert desk.report is not None
    assert (
        "'building'?" in desk.report.problems[0].message
        or "'building'?" in desk.report.problems[1].message
    )
    desk.check(row(2), classes=["water", "orchard"], schema=SCHEMA | {"unknown": "ignore"})
    assert [p.severity for p in desk.report.problems] == ["warning"]


def test_without_a_schema_a_rare_spelling_of_a_common_class_is_a_typo(desk: Desk) -> None:
    many = ["building"] * 20
    assert ("attributes.class_typo", "21") in desk.check(row(21), classes=[*many, "buildng"])
    assert ("attributes.class_typo", "21") in desk.check(row(21), classes=[*many, "Building"])
    names = {check for check, _ in desk.check(row(21), classes=[*many, "road"])}
    assert "attributes.class_typo" not in names
    even = desk.check(row(20), classes=["building1", "building2"] * 10)
    assert even == set(), "two common classes are two classes"


def test_shared_and_missing_instance_ids_are_told(desk: Desk) -> None:
    schema = SCHEMA | {"instance_field": "object"}
    found = desk.check(
        row(5), classes=["building"] * 4 + ["water"], schema=schema,
        fields={"object": ["1", "1", None, "4", None]},
    )  # fmt: skip
    assert found == {
        ("attributes.instance_shared", "1"), ("attributes.instance_shared", "2"),
        ("attributes.instance_null", "3"),
    }  # fmt: skip
    near = desk.check(
        row(2), classes=["building", "water"], schema=schema, fields={"object": ["1", None]}
    )
    assert near == set()


def test_one_id_for_two_classes_is_an_error(desk: Desk) -> None:
    found = desk.check(
        row(2), classes=["building", "water"], schema=SCHEMA | {"instance_field": "object"},
        fields={"object": ["1", "1"]},
    )  # fmt: skip
    assert {check for check, _ in found} == {"attributes.instance_two_classes"}
    assert desk.report is not None
    assert not desk.report.ok


def test_a_label_of_another_day_is_found(desk: Desk) -> None:
    days = {"drawn": ["2024-10-30", "2024-10-31", "2024-11-01", None]}
    found = desk.check(row(4), fields=days, date_field="drawn", dates=("2024-10-31", "2024-10-31"))
    assert found == {("attributes.date", "1"), ("attributes.date", "3")}
    span = desk.check(row(4), fields=days, date_field="drawn", dates=("2024-10-30", "2024-11-01"))
    assert span == set()
    assert desk.check(row(4), fields=days) == set()
