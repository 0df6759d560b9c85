"""Objects through the whole pipeline, on a scene of 12 × 12 pixels that can be counted by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco
from shapely import MultiPolygon, box
from support.datasets import manifest, read_chip, rows
from support.rasters import place
from support.workshop import Workshop

import polychip
from polychip.errors import InputError
from polychip.quality.verify import verify_dataset

PLACE = place(12, 12)
SHAPES = [
    box(1, 1, 4, 4),  # house b1: 9 px, wholly in the first chip
    box(4, 2, 8, 4),  # house b2 …: 8 px, four in each of two chips
    box(8, 8, 10, 10),  # … and its second feature: 4 px in the last chip
    box(1, 8, 3, 11),  # house without an id: 6 px
    box(0, 5, 12, 7),  # road: stuff
    MultiPolygon([box(9, 0, 11, 2), box(9, 3, 11, 4)]),  # house b3 in two parts: 4 + 2 px
]
CLASSES = ["house", "house", "house", "house", "road", "house"]
IDS = ["b1", "b2", "b2", None, None, "b3"]
SCHEMA = {
    "class_field": "class",
    "instance_field": "id",
    "classes": [
        {"name": "house", "code": 2},
        {"name": "road", "code": 1, "thing": False},
    ],
}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, PLACE)


def build(shop: Workshop, out: str = "dataset", **masks: Any) -> Path:
    labels = shop.labels(SHAPES, **{"class": CLASSES, "id": IDS}, name=f"{out}.gpkg")
    return shop.build(
        shop.image(), labels, out=out, schema=SCHEMA, chips={"size": 6},
        masks={"mode": "panoptic", **masks},
    )  # fmt: skip


def table(dataset: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Rows by (place of the chip, instance id)."""
    return {(row["chip_id"][-17:], row["instance_id"]): row for row in rows(dataset, "instances")}


FIRST, RIGHT, BELOW, LAST = (f"r000000{r}_c000000{c}" for r, c in ((0, 0), (0, 1), (1, 0), (1, 1)))


def test_objects_counted_by_hand(shop: Workshop) -> None:
    dataset = build(shop)
    found = table(dataset)
    assert {key: (row["area_px"], row["visible_px"]) for key, row in found.items()} == {
        (FIRST, "b1"): (9, 9),
        (FIRST, "b2"): (4, 4),
        (RIGHT, "b2"): (4, 4),
        (LAST, "b2"): (4, 4),
        (BELOW, "fid:4"): (6, 6),
        (RIGHT, "b3"): (6, 6),
    }
    assert found[FIRST, "b2"]["n_features"] == 2
    assert found[FIRST, "b2"]["visible_fraction"] == pytest.approx(4 / 12)
    assert found[FIRST, "b2"]["truncated"]
    assert not found[FIRST, "b1"]["truncated"]
    assert found[RIGHT, "b2"]["bbox_px"] == [0, 2, 2, 2]
    assert found[RIGHT, "b3"]["bbox_px"] == [3, 0, 2, 4]
    for row in found.values():
        assert int(coco.area({"size": [6, 6], "counts": row["rle"].encode()})) == row["area_px"]


def test_the_dataset_counts_each_object_once(shop: Workshop) -> None:
    dataset = polychip.open(build(shop))
    assert dataset.count() == 4
    assert dataset.count(by_class=True) == {"house": 4}
    assert len(dataset.instances) == 6


def test_each_labelled_pixel_belongs_to_exactly_one_segment(shop: Workshop) -> None:
    dataset = polychip.open(build(shop, context_px=1))
    for chip in dataset:
        ids, segments = chip.panoptic()
        assert np.array_equal(ids == 0, chip.semantic == 255), "ignore is void"
        assert [s.number for s in segments] == list(range(1, len(segments) + 1))
        for segment in segments:
            mine = ids == segment.number
            assert int(mine.sum()) == segment.area_px > 0
            assert (chip.semantic[mine] == segment.class_code).all()
            assert segment.is_thing == (segment.local_id > 0)
            if segment.is_thing:
                assert np.array_equal(mine, chip.instance == segment.local_id)
        stuff = [s.class_code for s in segments if not s.is_thing]
        assert len(stuff) == len(set(stuff)), "one segment a class"


def test_one_id_with_two_classes_is_an_error(shop: Workshop) -> None:
    labels = shop.labels(
        [box(0, 0, 3, 3), box(5, 5, 8, 8)], **{"class": ["house", "shed"], "id": ["a", "a"]}
    )
    schema = {**SCHEMA, "classes": [{"name": "house", "code": 1}, {"name": "shed", "code": 2}]}
    with pytest.raises(
        InputError, match=r"instance id 'a' has 2 classes \(house, shed; features 1, 2\)"
    ):
        shop.build(shop.image(), labels, schema=schema, masks={"mode": "instance"})


@pytest.mark.parametrize(("namespace", "n"), [(None, 2), ("town", 1)])
def test_equal_ids_of_two_files_are_one_object_only_in_one_namespace(
    shop: Workshop, namespace: str | None, n: int
) -> None:
    files = [
        {"path": shop.labels([box(k, k, k + 2, k + 2)], id=["a"], name=f"{k}.gpkg"), "class_name": "house"}
        | ({"namespace": namespace} if namespace else {})
        for k in (0, 6)
    ]  # fmt: skip
    dataset = polychip.open(shop.build(
        shop.image(), files, schema={"instance_field": "id"}, chips={"size": 6}, masks={"mode": "instance"},
    ))  # fmt: skip
    assert dataset.count() == n
    if n == 2:
        with pytest.raises(InputError, match=r"'a' is an object in .*0.*, .*6.*; name one"):
            dataset.track("a")
    assert len(dataset.track("a", min(dataset.instances["namespace"]))) == 2 // n


def test_an_object_is_followed_through_its_chips_in_time_order(shop: Workshop) -> None:
    """The later scene is named first in the recipe."""
    labels = shop.labels([box(1, 1, 9, 3), box(9, 9, 11, 11)], id=["a", "b"])
    scenes = [
        {"name": name, "group": "g", "date": date, "image": shop.image(name=f"{name}.tif"), "labels": labels}
        for name, date in (("new", "2024-05-01"), ("old", "2020-05-01"))
    ]  # fmt: skip
    dataset = polychip.open(shop.run({
        "scenes": scenes, "schema": {"instance_field": "id"}, "chips": {"size": 6},
        "masks": {"mode": "instance"}, "output": {"path": str(shop.folder / "dataset")},
    }))  # fmt: skip
    track = dataset.track("a")
    assert [(chip.scene, chip.chip_id) for chip in track] == [
        ("old", f"g_{FIRST}"), ("old", f"g_{RIGHT}"), ("new", f"g_{FIRST}"), ("new", f"g_{RIGHT}"),
    ]  # fmt: skip
    assert dataset.count() == 2, "both dates show the same objects"
    assert len(dataset.track("b")) == 2
    with pytest.raises(InputError, match="no object 'c'"):
        dataset.track("c")


def test_small_rests_become_ignore_and_are_counted(shop: Workshop) -> None:
    plain, dataset = build(shop, "plain"), build(shop, min_visible=0.5)
    found = table(dataset)
    for chip in (FIRST, RIGHT, LAST):
        assert (found[chip, "b2"]["local_id"], found[chip, "b2"]["visible_px"]) == (0, 0)
        assert found[chip, "b2"]["area_px"] == 4, "the full mask stays"
    assert found[FIRST, "b1"]["visible_px"] == 9
    assert manifest(dataset)["counts"]["small_rests"] == 3
    plan = polychip.plan(dataset / "recipe.toml")
    assert plan.small_rests == 3
    assert "masks.min_visible = 0.5" in str(plan)
    for before, row in zip(rows(plain), rows(dataset), strict=True):
        old, new = read_chip(plain, before, "semantic")[0], read_chip(dataset, row, "semantic")[0]
        assert set(np.unique(new[new != old])) <= {255}
    [first] = [row for row in rows(dataset) if row["chip_id"].endswith(FIRST)]
    mask = read_chip(dataset, first, "semantic")[0]
    assert (mask[2:4, 4:6] == 255).all()
    assert (mask == 255).sum() == 4
    assert verify_dataset(dataset, all_chips=True).ok


def test_dropped_rests_show_what_lies_beneath(shop: Workshop) -> None:
    """b2's part of the second chip lies over a house of 4 px that is wholly there."""
    labels = shop.labels(
        [box(1, 1, 8, 3), box(6, 0, 12, 5), box(0, 8, 2, 9)],
        **{"class": ["house"] * 3, "id": ["b2", "under", "other"]},
    )
    dataset = shop.build(
        shop.image(), labels, schema=SCHEMA, chips={"size": 6},
        masks={"mode": "panoptic", "min_visible": 0.5, "small_rests": "drop"},
    )  # fmt: skip
    found = table(dataset)
    assert set(found) == {(FIRST, "b2"), (RIGHT, "under"), (BELOW, "other")}
    assert found[RIGHT, "under"]["visible_px"] == 30, "b2's four pixels there are gone"
    assert manifest(dataset)["counts"]["small_rests"] == 1
    report = verify_dataset(dataset, all_chips=True)
    assert report.ok, str(report)


def test_the_outer_pixels_of_a_chip_are_ignore(shop: Workshop) -> None:
    plain, dataset = build(shop, "plain"), build(shop, context_px=2)
    for before, row in zip(rows(plain), rows(dataset), strict=True):
        old, new = read_chip(plain, before, "semantic")[0], read_chip(dataset, row, "semantic")[0]
        assert np.array_equal(new[2:4, 2:4], old[2:4, 2:4])
        assert (new == 255).sum() == 32
        assert not read_chip(dataset, row, "instance")[0][:2].any()
        assert np.array_equal(read_chip(dataset, row, "image"), read_chip(plain, before, "image"))
        assert row["labelled_fraction"] == pytest.approx(4 / 36)
    assert table(dataset)[FIRST, "b1"]["visible_px"] == 4
    assert verify_dataset(dataset, all_chips=True).ok


def test_a_chip_whose_features_lie_in_its_outer_pixels_alone_has_none(shop: Workshop) -> None:
    labels = shop.labels([box(0, 0, 1, 6), box(8, 8, 10, 10)])
    chips = {"size": 6, "negatives": 0}
    full = shop.build(shop.image(), labels, out="full", chips=chips)
    inner = shop.build(shop.image(), labels, out="inner", chips=chips, masks={"context_px": 1})
    assert [row["chip_id"][-17:] for row in rows(full)] == [FIRST, LAST]
    assert [row["chip_id"][-17:] for row in rows(inner)] == [LAST]


def test_exploded_parts_are_objects_of_their_own(shop: Workshop) -> None:
    dataset = build(shop, explode_parts=True)
    found = table(dataset)
    areas = {key: row["area_px"] for key, row in found.items()}
    assert areas == {
        (FIRST, "b1"): 9,
        (FIRST, "b2/2"): 4,
        (RIGHT, "b2/2"): 4,
        (LAST, "b2/3"): 4,
        (BELOW, "fid:4"): 6,
        (RIGHT, "b3#1"): areas[RIGHT, "b3#1"],
        (RIGHT, "b3#2"): 6 - areas[RIGHT, "b3#1"],
    }
    assert sorted([areas[RIGHT, "b3#1"], areas[RIGHT, "b3#2"]]) == [2, 4]
    assert {row["source_fid"] for key, row in found.items() if key[1].startswith("b3")} == {"6"}
    assert {row["n_features"] for row in found.values()} == {1}
    assert polychip.open(dataset).count() == 6
    report = verify_dataset(dataset, all_chips=True)
    assert report.ok, str(report)
    assert [c.id for c in report.checks if c.ok is None] == []
