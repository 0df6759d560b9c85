"""Chips elsewhere than on the grid, draws, dates, and extents by class; in whole runs."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely import box
from shapely.affinity import translate
from support.datasets import differing, manifest, masks_of, read_chip, rows
from support.pixels import random_polygons
from support.rasters import place
from support.workshop import Workshop

from polychip import api, finish
from polychip.blocks.jobs import BlockRecord
from polychip.errors import InputError, RecipeError
from polychip.quality.verify import verify_dataset
from polychip.state import RunState

HOUSES = [box(10, 10, 14, 14), box(40, 30, 46, 38), box(94, 1, 96, 3), box(60, 60, 61, 61)]


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, place(64, 96))


def houses(shop: Workshop, **fields: Any) -> str:
    return shop.labels(HOUSES, kind=["house"] * 4, uid=["a", "b/1", "c", "d"], **fields)


def table(path: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "class_field": "kind", "id_field": "uid"} | more


def by_id(dataset: Path) -> dict[str, dict[str, Any]]:
    return {row["chip_id"]: row for row in rows(dataset)}


def test_a_chip_is_centred_on_each_object_and_named_after_it(shop: Workshop) -> None:
    labels = table(houses(shop, thing=["1", "2", "3", None]), instance_field="thing")
    dataset = shop.build(
        shop.image(), labels, chips={"size": 16, "sample": "objects"}, masks={"mode": "instance"}
    )
    chips = by_id(dataset)
    named = {re.sub(r"-[0-9a-f]{8}$", "", chip_id): row for chip_id, row in chips.items()}
    corners = {name: (row["x_off"], row["y_off"]) for name, row in named.items()}
    assert corners == {  # the middle of each box, less half a chip; the third is padded
        "scene_o1": (4, 4),
        "scene_o2": (35, 26),
        "scene_o3": (87, -6),
        "scene_ofid-d": (52, 52),  # without an instance id: named after the feature
    }
    assert all(row["n_instances"] >= 1 for row in rows(dataset))
    assert verify_dataset(dataset, all_chips=True).ok


def test_jitter_moves_chips_by_at_most_what_is_asked_and_never_off_their_object(
    shop: Workshop,
) -> None:
    labels = table(houses(shop))
    still, moved = (
        by_id(shop.build(shop.image(), labels, out=f"j{jitter}",
                         chips={"size": 16, "sample": "objects", "jitter": jitter}))
        for jitter in (0, 4)
    )  # fmt: skip
    assert still.keys() == moved.keys()
    steps = [
        abs(still[name][axis] - moved[name][axis])
        for name, axis in itertools.product(still, ("x_off", "y_off"))
    ]
    assert 0 < max(steps) <= 4
    assert all(row["px_1"] > 0 for row in moved.values())


def test_edge_shift_brings_chips_onto_the_image_and_drop_leaves_them_out(shop: Workshop) -> None:
    labels = table(houses(shop))
    found = {
        edge: shop.build(
            shop.image(), labels, out=edge,
            chips={"size": 16, "sample": "objects", "edge": edge},
        )
        for edge in ("shift", "drop")
    }  # fmt: skip
    chips = rows(found["shift"])
    assert len(chips) == 4
    assert all(0 <= r["x_off"] <= 80 and 0 <= r["y_off"] <= 48 for r in chips)
    assert len(rows(found["drop"])) == 2  # the third reaches over the top, the fourth the bottom
    assert any("2 chips reach over the image's edge and are left out" in n for n in shop.ear.notes)


def test_random_chips_lie_inside_differ_and_more_of_them_begin_with_the_same(
    shop: Workshop,
) -> None:
    few, many = (
        by_id(shop.build(shop.image(), table(houses(shop)), out=f"n{n}",
                         chips={"size": 16, "sample": "random", "n_chips": n}))
        for n in (7, 20)
    )  # fmt: skip
    assert sorted(many) == [f"scene_n{n:07d}" for n in range(20)]
    places = {(row["x_off"], row["y_off"]) for row in many.values()}
    assert len(places) == 20
    assert all(0 <= x <= 80 and 0 <= y <= 48 for x, y in places)
    for name, row in few.items():
        assert (row["x_off"], row["y_off"]) == (many[name]["x_off"], many[name]["y_off"])


def test_each_polygon_of_a_task_layer_gets_a_chip_with_its_name(shop: Workshop) -> None:
    cells = [box(x, y, x + 16, y + 16) for y in (0, 16) for x in (0, 16, 32)] + [
        box(900, 0, 916, 9)
    ]
    tasks = shop.labels(cells, name="tasks.gpkg", crs="EPSG:4326", cell=[f"t{n}" for n in range(7)])
    dataset = shop.build(
        shop.image(),
        table(houses(shop)),
        chips={
            "size": 16,
            "sample": "features",
            "features": {"path": tasks, "id_field": "cell"},
        },
    )
    chips = by_id(dataset)
    assert sorted(chips) == [f"scene_ft{n}" for n in range(6)]
    for n, (y, x) in enumerate(itertools.product((0, 16), (0, 16, 32))):
        row = chips[f"scene_ft{n}"]
        assert abs(row["x_off"] - x) <= 1  # boxes in degrees are a little wider than squares
        assert abs(row["y_off"] - y) <= 1
    assert verify_dataset(dataset).ok


def three_classes(shop: Workshop) -> dict[str, Any]:
    """Much of a, some b, and c in two places only."""
    shapes = [box(x, y, x + 5, y + 5) for x in range(0, 96, 8) for y in range(0, 64, 8)]
    kinds = ["a"] * len(shapes)
    for n in range(0, len(shapes), 9):
        kinds[n] = "b"
    kinds[10] = kinds[70] = "c"
    return {"path": shop.labels(shapes, kind=kinds), "class_field": "kind"}


def test_a_balanced_draw_shows_rare_classes_as_often_as_there_are_chips_of_them(
    shop: Workshop,
) -> None:
    chips = {"size": 8, "n_chips": 12, "balance": "classes"}
    dataset = shop.build(shop.image(), three_classes(shop), chips=chips)
    shown = [{c for c in (1, 2, 3) if row[f"px_{c}"]} for row in rows(dataset)]
    assert len(shown) == 12
    assert sum(3 in s for s in shown) == 2  # all there are
    assert sum(2 in s for s in shown) == 5
    assert sum(1 in s for s in shown) == 5
    assert any("12 of 96 chips were drawn; they show: a 5, b 5, c 2" in n for n in shop.ear.notes)


@pytest.mark.parametrize(
    "masks",
    [
        {"context_px": 3},
        {"mode": "instance", "min_visible": 0.6},
        {"mode": "instance", "min_visible": 0.6, "small_rests": "drop", "context_px": 1},
    ],
    ids=lambda masks: "-".join(map(str, masks)),
)
def test_a_draw_counts_what_chips_show_without_their_outer_pixels_and_small_rests(
    shop: Workshop, masks: dict[str, Any]
) -> None:
    rng = np.random.default_rng(3)
    shapes = [
        translate(shape, *rng.uniform((10, 10), (72, 40))) & box(0, 0, 96, 64)
        for shape in random_polygons(rng, 14, 60)
    ]
    kinds = ["abc"[n % 3] for n in range(60)]
    labels = {"path": shop.labels(shapes, kind=kinds), "class_field": "kind"}
    chips = {"size": 8, "n_chips": 20, "balance": "classes"}
    dataset = shop.build(shop.image(), labels, chips=chips, masks=masks)
    seen = {name: sum(row[f"px_{code}"] > 0 for row in rows(dataset))
            for code, name in enumerate("abc", start=1)}  # fmt: skip
    [note] = [note for note in shop.ear.notes if "chips were drawn" in note]
    told = dict(pair.split() for pair in note.split("they show: ")[1].split(", "))
    assert {name: int(n) for name, n in told.items()} == seen
    assert min(seen.values()) > 0


def test_targets_of_chips_around_objects_are_windows_of_the_scene_s(shop: Workshop) -> None:
    image, labels = shop.image(), table(houses(shop))
    names = ["distance", "center", "boundary"]
    masks = {"mode": "instance", "targets": names}
    whole = shop.build(image, labels, out="whole", chips={"size": [64, 96]}, masks=masks)
    [row] = rows(whole)
    scene = {name: np.pad(read_chip(whole, row, name), ((0, 0), *[(16, 16)] * 2)) for name in names}
    dataset = shop.build(image, labels, chips={"size": 16, "sample": "objects"}, masks=masks)
    for row in rows(dataset):
        inside = read_chip(dataset, row, "semantic")[0] != 255
        y, x = row["y_off"] + 16, row["x_off"] + 16
        for name in names:
            made = read_chip(dataset, row, name)[:, inside]
            assert np.array_equal(made, scene[name][:, y : y + 16, x : x + 16][:, inside])
    assert verify_dataset(dataset, all_chips=True).ok


def test_chips_that_one_date_lacks_leave_no_target_behind(shop: Workshop) -> None:
    recipe = shop.recipe("", "") | {
        "scenes": dates(shop, labels_of="t1-x"),
        "chips": {"size": 16, "dates": "all", "max_nodata": 0.5},
        "masks": {"mode": "instance", "targets": ["distance"], "min_visible": 0.5},
    }
    dataset = shop.run(recipe)
    told = {row["files"]["distance"] for row in rows(dataset)}
    there = {p.relative_to(dataset).as_posix() for p in dataset.glob("masks/distance/**/*.tif")}
    assert there == told
    assert api.plan(recipe, exact=True).small_rests == manifest(dataset)["counts"]["small_rests"]


def test_weights_and_chips_without_features_can_be_drawn(shop: Workshop) -> None:
    shapes = [box(x, 0, x + 6, 6) for x in range(0, 96, 8)]
    labels = {"path": shop.labels(shapes, kind=["a"] * 12), "class_field": "kind"}
    chips = {"size": 8, "n_chips": 12, "balance": {"a": 3, "background": 1}}
    dataset = shop.build(shop.image(), labels, chips=chips)
    assert sum(row["px_1"] > 0 for row in rows(dataset)) == 9
    with pytest.raises(RecipeError, match=r"names the class 'b'.*the labels have a, background"):
        shop.build(shop.image(), labels, out="x", chips=chips | {"balance": {"b": 1}})


def test_chips_with_too_few_pixels_of_the_classes_that_count_are_left_out(shop: Workshop) -> None:
    shapes = [box(0, 0, 4, 4), box(16, 0, 26, 10), box(40, 0, 44, 4)]
    labels = {"path": shop.labels(shapes, kind=["a", "a", "b"]), "class_field": "kind"}
    dataset = shop.build(
        shop.image(), labels, chips={"size": 16, "min_pixels": {"a": 50}, "negatives": 0.0}
    )
    assert [row["chip_id"] for row in rows(dataset)] == ["scene_r0000000_c0000001"]
    assert manifest(dataset)["counts"]["skipped"] == {"no feature": 21, "too few pixels": 2}


@pytest.mark.parametrize("by", ["blocks", "kfold"])
@pytest.mark.parametrize(
    "chips",
    [
        {"size": 16, "sample": "random", "n_chips": 30},
        {"size": 8, "sample": "objects", "jitter": 5},
        {"size": 16, "stride": 8},
    ],
    ids=lambda chips: chips.get("sample", "grid"),
)
def test_overlapping_chips_are_split_without_a_shared_pixel(
    shop: Workshop, by: str, chips: dict[str, Any]
) -> None:
    rng = np.random.default_rng(4)
    labels = shop.labels(random_polygons(rng, 90, 30), kind=[f"c{i % 3}" for i in range(30)])
    dataset = shop.build(
        shop.image(),
        {"path": labels, "class_field": "kind"},
        chips=chips,
        split={"by": by, "block": 1, "folds": 3, "fractions": {"train": 0.7, "val": 0.3}},
    )
    pixels: dict[str, set[tuple[int, int]]] = {}
    for row in rows(dataset):
        x, y = (
            range(max(0, row[k]), min(row[k] + row["width"], side))
            for k, side in (("x_off", 96), ("y_off", 64))
        )
        pixels.setdefault(row["split"], set()).update(itertools.product(x, y))
    assert len(pixels) == (3 if by == "kfold" else 2)
    for a, b in itertools.combinations(pixels.values(), 2):
        assert not a & b
    lists = {p.stem: set(p.read_text().split()) for p in (dataset / "splits").glob("*.txt")}
    if by == "kfold":
        assert lists["fold1-train"] == lists["fold0"] | lists["fold2"]
        assert len(lists) == 6
    told = manifest(dataset)
    planned = len(rows(dataset)) + told["counts"]["skipped"].get("would leak between splits", 0)
    assert told["split"]["dropped_leaking"] == planned - len(rows(dataset))
    assert verify_dataset(dataset).ok


def test_whole_objects_are_in_one_split_each_and_verify_finds_one_that_is_torn(
    shop: Workshop,
) -> None:
    shapes = [box(x - 3, y - 3, x + 3, y + 3) for x in (16, 48, 80) for y in (8, 24, 40, 56)]
    labels = {"path": shop.labels(shapes, kind=["a"] * 12), "class_field": "kind"}
    dataset = shop.build(
        shop.image(),
        labels,
        masks={"mode": "instance"},
        split={
            "by": "blocks",
            "block": 1,
            "objects": "whole",
            "fractions": {"train": 0.5, "val": 0.5},
        },
    )
    split_of = {row["chip_id"]: row["split"] for row in rows(dataset)}
    seen: dict[str, set[str]] = {}
    for row in rows(dataset, "instances"):
        seen.setdefault(row["instance_id"], set()).add(split_of[row["chip_id"]])
    assert len(seen) == 12
    assert all(len(splits) == 1 for splits in seen.values())
    report = {check.id: check for check in verify_dataset(dataset).checks}
    assert "no ground and no object is in two of 2 splits" in report["leakage"].message
    cut = shop.build(
        shop.image(), labels, out="cut", masks={"mode": "instance"},
        split={"by": "blocks", "block": 1, "fractions": {"train": 0.5, "val": 0.5}},
    )  # fmt: skip
    path = cut / "manifest.json"
    told = json.loads(path.read_text())
    told["split"]["objects"] = "whole"
    path.write_text(json.dumps(told))
    report = {check.id: check for check in verify_dataset(cut).checks}
    assert not report["leakage"].ok
    assert "is shown by chips of more than one split" in report["leakage"].message


def test_only_the_classes_that_were_looked_for_are_known_in_their_extent(shop: Workshop) -> None:
    """Left: all was looked at; middle: only water; right of it: only houses; and both at once."""
    shapes = [box(x, 2, x + 4, 6) for x in (2, 26, 50, 74)]
    shapes += [box(x, 8, x + 4, 12) for x in (2, 26, 50, 74)]
    labels = {
        "path": shop.labels(shapes, kind=["house"] * 4 + ["water"] * 4),
        "class_field": "kind",
    }
    whole = shop.labels([box(0, 0, 24, 64)], name="whole.gpkg")
    water = shop.labels([box(24, 0, 48, 64), box(72, 0, 96, 64)], name="water.gpkg")
    house = shop.labels([box(48, 0, 96, 64)], name="house.gpkg")
    scene = {
        "extent": [
            whole,
            {"path": water, "classes": ["water"]},
            {"path": house, "classes": ["house"]},
        ]
    }
    dataset = shop.build(
        shop.image(), labels, scene=scene, chips={"size": 96}, masks={"mode": "instance"}
    )
    [mask] = masks_of(dataset).values()
    expected = np.zeros((96, 96), dtype=np.uint8)
    expected[:, 24:72] = expected[64:] = 255
    house_code, water_code = 1, 2
    for x in (2, 50, 74):
        expected[2:6, x : x + 4] = house_code
    for x in (2, 26, 74):
        expected[8:12, x : x + 4] = water_code
    assert np.array_equal(mask, expected)
    assert verify_dataset(dataset, all_chips=True).ok
    scene["extent"][1] = {"path": water, "classes": ["watr"]}
    with pytest.raises(RecipeError, match=r"extent\.classes names 'watr'.*did you mean 'water'"):
        shop.build(shop.image(), labels, out="x", scene=scene)


def dates(shop: Workshop, **second: Any) -> list[dict[str, Any]]:
    """Two dates; the second one has no data in its first 16 columns."""
    pixels = np.full((1, 64, 96), 7, dtype=np.uint8)
    before = shop.image(pixels, name="before.tif", nodata=0)
    pixels = pixels.copy()
    pixels[:, :, :16] = 0
    after = shop.image(pixels, name="after.tif", nodata=0)
    labels = table(houses(shop))
    return [
        {"name": "t1-x", "group": "g", "image": before, "labels": labels, "date": "2024-01-01"},
        {"name": "t2-x", "group": "g", "image": after, "date": "2024-02-01"} | second,
    ]


def test_dates_share_ids_and_labels_on_request_and_keep_their_own_nodata(shop: Workshop) -> None:
    recipe = shop.recipe("", "") | {"scenes": dates(shop, labels_of="t1-x")}
    dataset = shop.run(recipe)
    masks = masks_of(dataset)
    assert len(masks) == 48
    for name, mask in masks.items():
        scene, chip_id = name.split("/")
        if scene == "t2-x":
            other = masks[f"t1-x/{chip_id}"]
            nodata = chip_id.endswith("c0000000")
            assert (mask == 255).all() if nodata else np.array_equal(mask, other)
    with pytest.raises(RecipeError, match="labels_of names another scene that has labels"):
        api.plan(recipe | {"scenes": dates(shop, labels_of="t3")})


def test_with_all_dates_asked_for_a_chip_that_one_date_lacks_is_in_none(shop: Workshop) -> None:
    recipe = shop.recipe("", "") | {
        "scenes": dates(shop, labels_of="t1-x"),
        "chips": {"size": 16, "dates": "all", "max_nodata": 0.5},
        "split": {"by": "blocks", "block": 1, "fractions": {"train": 0.5, "val": 0.5}},
    }
    dataset = shop.run(recipe)
    chips: dict[str, set[str]] = {}
    for row in rows(dataset):
        chips.setdefault(row["chip_id"], set()).add(row["scene"])
        assert row["col"] > 0
    assert len(chips) == 20
    assert all(scenes == {"t1-x", "t2-x"} for scenes in chips.values())
    told = manifest(dataset)["counts"]["skipped"]
    assert told == {"missing in another date": 4, "nodata": 4}
    planned = api.plan(recipe, exact=True)
    assert planned.chips == 40
    assert planned.skipped == told
    assert verify_dataset(dataset).ok


def test_no_object_on_the_image_is_an_error_that_says_so(shop: Workshop) -> None:
    labels = table(shop.labels([box(900, 0, 910, 9)], kind=["house"], uid=["a"]))
    with pytest.raises(InputError, match=r"sample = 'objects' gives no chip.*check the labels"):
        shop.build(shop.image(), labels, chips={"size": 16, "sample": "objects"})


@pytest.mark.parametrize(
    ("chips", "message"),
    [
        ({"sample": "random"}, "needs n_chips"),
        ({"balance": "classes"}, "balance needs n_chips"),
        ({"n_chips": 5}, "n_chips is for sample = 'random'"),
        ({"sample": "features"}, "features, the layer, go together"),
        ({"jitter": 5}, "jitter moves the chips of sample = 'objects'"),
        ({"sample": "objects", "stride": 5}, "has no grid, so no stride"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    shop: Workshop, chips: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        shop.build("x.tif", "x.gpkg", chips=chips)


SAMPLERS: list[dict[str, Any]] = [
    {"chips": {"size": 24, "sample": "random", "n_chips": 15}},
    {"chips": {"size": 24, "sample": "objects", "jitter": 4}},
    {"chips": {"size": 16, "n_chips": 10, "balance": "classes"}},
    {"chips": {"size": 16, "dates": "all", "max_nodata": 0.5}},
]


@pytest.mark.parametrize("tables", SAMPLERS, ids=lambda t: "-".join(map(str, t["chips"])))
def test_workers_change_no_byte_of_any_sample(shop: Workshop, tables: dict[str, Any]) -> None:
    base = shop.recipe("", "") | {
        "scenes": dates(shop, labels_of="t1-x"),
        "masks": {"mode": "instance"},
        "split": {"by": "blocks", "block": 1, "fractions": {"train": 0.7, "val": 0.3}},
    }
    made = [
        shop.run(base | tables | {"output": {"path": str(shop.folder / f"w{n}")}}, workers=n)
        for n in (1, 2)
    ]
    assert differing(*made) == []


@pytest.mark.parametrize("tables", SAMPLERS, ids=lambda t: "-".join(map(str, t["chips"])))
def test_a_run_that_dies_and_is_resumed_gives_the_same_bytes(
    shop: Workshop, tables: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = shop.recipe("", "") | {
        "scenes": dates(shop, labels_of="t1-x"),
        "split": {"by": "kfold", "folds": 2, "block": 1},
    }
    straight = shop.run(base | tables | {"output": {"path": str(shop.folder / "straight")}})
    told = base | tables | {"output": {"path": str(shop.folder / "broken")}}
    save = RunState.save_record

    def save_first(state: RunState, record: BlockRecord) -> None:
        if record.number:
            raise RuntimeError("killed here")
        save(state, record)

    with monkeypatch.context() as patch:
        patch.setattr(RunState, "save_record", save_first)
        with pytest.raises(RuntimeError, match="killed here"):
            shop.run(told)
    with monkeypatch.context() as patch:
        patch.setattr(finish, "write_card", _die)
        with pytest.raises(RuntimeError, match="killed here"):
            shop.run(told, resume=True)
    assert differing(shop.run(told, resume=True), straight) == []


def _die(*_: object) -> None:
    raise RuntimeError("killed here")
