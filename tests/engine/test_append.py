"""Scenes added to a dataset: nothing moves, and the result is the dataset built anew."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from shapely import box
from support.datasets import differing, files_of, manifest, rows
from support.pixels import random_polygons
from support.rasters import place
from support.workshop import Workshop

import polychip
from polychip.errors import InputError, RecipeError
from polychip.quality.verify import verify_dataset


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, place(48, 64))


def scene_of(shop: Workshop, name: str, seed: int, shift_px: int) -> dict[str, Any]:
    """A scene of random squares, some pixels to the east of the workshop's place."""
    rng = np.random.default_rng(seed)
    at = place(48, 64, transform=shop.where.transform @ Affine.translation(shift_px, 0))
    image = shop.image(
        rng.integers(1, 4000, (2, 48, 64)).astype("uint16"), name=f"{name}.tif", where=at
    )
    shapes = random_polygons(rng, 60, 15)
    labels = shop.labels(
        shapes, name=f"{name}.gpkg", where=at, kind=[f"c{i % 3}" for i in range(15)]
    )
    return {"name": name, "image": image, "labels": labels}


def recipe_of(shop: Workshop, scenes: list[dict[str, Any]], out: str, **tables: Any) -> Any:
    return {
        "scenes": scenes,
        "schema": {"class_field": "kind"},
        "chips": {"size": 16},
        "masks": {"mode": "instance"},
        "split": {"by": "blocks", "block": 2, "fractions": {"train": 0.7, "val": 0.3}},
        "output": {"path": str(shop.folder / out)},
    } | tables


def written(shop: Workshop, scenes: list[dict[str, Any]], name: str = "more.toml") -> Path:
    """A recipe that holds scenes and nothing else."""
    lines = [
        f'[[scenes]]\nname = "{s["name"]}"\nimage = "{s["image"]}"\nlabels = "{s["labels"]}"\n'
        + (f'group = "{s["group"]}"\n' if "group" in s else "")
        for s in scenes
    ]
    path = shop.folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def splits_of(dataset: Path) -> dict[str, str]:
    return {row["chip_id"]: row["split"] for row in rows(dataset)}


WAYS: list[dict[str, Any]] = [
    {},
    {"split": {"by": "kfold", "folds": 2, "block": 1, "gap": 2}, "masks": {"mode": "semantic"}},
    {"split": {"by": "scene", "fractions": {"train": 0.5, "val": 0.5}}},
    {"split": {"by": "none"}, "chips": {"size": 16, "negatives": 0.5}},
    {
        "chips": {"size": 24, "sample": "objects", "jitter": 3},
        "split": {"by": "blocks", "block": 1},
    },
    {"chips": {"size": 24, "sample": "random", "n_chips": 5}},
    {"chips": {"size": 16, "n_chips": 6, "balance": "classes"}},
    {"masks": {"mode": "instance", "targets": ["distance", "center", "weights", "coverage"]}},
    {
        "chips": {"size": 24, "sample": "objects"},
        "masks": {"mode": "instance", "targets": ["boundary"], "context_px": 2, "min_visible": 0.4},
    },
    {"masks": {"mode": "instance", "min_visible": 0.5, "small_rests": "drop"}},
]


@pytest.mark.parametrize("tables", WAYS, ids=lambda t: "-".join(map(str, t)) or "blocks")
def test_appending_gives_the_bytes_of_building_anew_with_the_split_kept(
    shop: Workshop, tables: dict[str, Any]
) -> None:
    """The second scene lies apart, the third half on the ground of the first."""
    old = [scene_of(shop, "first", 1, 0), scene_of(shop, "second", 2, 500)]
    new = [scene_of(shop, "third", 3, 30)]
    grown = shop.run(recipe_of(shop, old, "grown", **tables))
    before = splits_of(grown)
    stamps = {p: p.stat().st_mtime_ns for p in (grown / "images").rglob("*.tif")}
    kept = shop.folder / "kept.csv"
    divided = tables.get("split", {}).get("by") != "none"
    if divided:
        with kept.open("w", newline="") as file:
            csv.writer(file).writerows([("chip_id", "split"), *sorted(before.items())])
    polychip.append(grown, written(shop, new))
    after = splits_of(grown)
    assert {chip_id: after[chip_id] for chip_id in before} == before
    assert len(after) > len(before)
    told = recipe_of(shop, old + new, "anew", **tables)
    if divided:
        told["split"] = told["split"] | {"frozen": str(kept)}
    assert differing(grown, shop.run(told)) == []
    assert verify_dataset(grown).ok
    # Chips left out, or drawn in addition, make their block anew.
    if not {"negatives", "balance"} & tables.get("chips", {}).keys():
        assert {p: p.stat().st_mtime_ns for p in stamps} == stamps
    if "min_visible" in tables.get("masks", {}):
        told = [row["n_rests"] for row in rows(grown)]
        assert manifest(grown)["counts"]["small_rests"] == sum(told) > 0


def test_masks_without_images_and_other_formats_grow_with_the_dataset(shop: Workshop) -> None:
    old, new = scene_of(shop, "first", 1, 0), scene_of(shop, "second", 2, 500)

    def told(scenes: list[dict[str, Any]], out: str, **output: Any) -> Any:
        masks = {"mode": "instance", "targets": ["contact"]}
        recipe = recipe_of(shop, scenes, out, split={"by": "none"}, masks=masks)
        recipe["output"] |= output
        return recipe

    borrowed = shop.run(told([old], "borrowed", images="none"))
    polychip.append(borrowed, written(shop, [new]))
    anew = shop.run(told([old, new], "borrowed-anew", images="none"))
    assert differing(borrowed, anew) == []
    assert verify_dataset(borrowed).ok
    chips = polychip.open(borrowed)
    assert [chip.image.shape for chip in chips] == [(2, 16, 16)] * 24
    coco = {"formats": [{"to": "coco"}]}
    grown = shop.run(told([old], "grown", **coco))
    polychip.append(grown, written(shop, [new]))
    listed = json.loads((grown / "formats/coco/conversion.json").read_text(encoding="utf-8"))
    assert listed["dataset"]["digest"] == manifest(grown)["digest"]
    assert differing(grown, shop.run(told([old, new], "anew", **coco))) == []


def test_appending_in_two_steps_and_with_several_workers_is_the_same(shop: Workshop) -> None:
    scenes = [scene_of(shop, f"s{n}-x", n, 200 * n) for n in range(3)]
    for name, workers in (("one", 1), ("two", 2)):
        dataset = shop.run(recipe_of(shop, scenes[:1], name))
        for scene in scenes[1:]:
            polychip.append(dataset, written(shop, [scene]), workers=workers)
    assert differing(shop.folder / "one", shop.folder / "two") == []
    assert manifest(shop.folder / "one")["split"]["kept_frozen"] == 24


def test_a_class_that_only_the_new_scene_has_makes_all_masks_anew(shop: Workshop) -> None:
    first, second = scene_of(shop, "first", 1, 0), scene_of(shop, "second", 2, 500)
    second["labels"] = shop.labels([box(510, 10, 540, 40)], name="b.gpkg", kind=["a0"])
    dataset = shop.run(recipe_of(shop, [first], "grown"))
    polychip.append(dataset, written(shop, [second]))
    names = {entry["name"]: entry["code"] for entry in manifest(dataset)["schema"]["classes"]}
    assert names["a0"] == 1
    assert names["c0"] == 2
    assert verify_dataset(dataset, all_chips=True).ok


def test_scenes_that_are_there_or_move_chips_are_refused_and_change_nothing(
    shop: Workshop,
) -> None:
    first = scene_of(shop, "first", 1, 0)
    dataset = shop.run(recipe_of(shop, [first], "grown"))
    before = files_of(dataset)
    with pytest.raises(RecipeError, match="has a scene 'first' already"):
        polychip.append(dataset, written(shop, [first]))
    west = scene_of(shop, "west", 2, -8) | {"group": "first"}
    with pytest.raises(RecipeError, match=r"would move or get other names.*a group of its own"):
        polychip.append(dataset, written(shop, [west]))
    shop.image(np.ones((2, 48, 64), dtype="uint16"), name="first.tif")
    with pytest.raises(InputError, match=r"first\.tif changed since the dataset was built"):
        polychip.append(dataset, written(shop, [scene_of(shop, "east", 2, 500)]))
    assert files_of(dataset) == before


def test_what_an_interrupted_append_left_is_taken_up(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = [scene_of(shop, "first", 1, 0), scene_of(shop, "second", 2, 30)]
    reference = shop.run(recipe_of(shop, scenes[:1], "straight"))
    polychip.append(reference, written(shop, scenes[1:]))
    dataset = shop.run(recipe_of(shop, scenes[:1], "broken"))
    from polychip import finish

    for name in ("write_tables", "write_card", "write_manifest"):
        with monkeypatch.context() as patch:
            patch.setattr(finish, name, _die)
            with pytest.raises(RuntimeError, match="killed here"):
                polychip.append(dataset, written(shop, scenes[1:]))
    polychip.append(dataset, written(shop, scenes[1:]))
    assert differing(dataset, reference) == []


def _die(*_: object) -> None:
    raise RuntimeError("killed here")
