"""STAC items, checked as JSON against the dataset's files."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from affine import Affine
from shapely.geometry import shape
from support import traps
from support.rasters import Place, place
from support.truth import truths
from support.workshop import Workshop

import polychip
from polychip.errors import FormatError


def items(folder: Path) -> dict[str, dict[str, Any]]:
    """By id."""
    found = [json.loads(p.read_text("utf-8")) for p in sorted(folder.glob("items/*/*/*.json"))]
    return {item["id"]: item for item in found}


def one_chip(folder: Path, where: Place, date: str | None = "2024-10-31") -> Path:
    """A dataset of a single chip."""
    folder.mkdir(parents=True, exist_ok=True)
    workshop = Workshop(folder, where=where)
    label = {"path": workshop.labels([traps.box(2, 2, 5, 5)]), "class_name": "x"}
    recipe = workshop.recipe(workshop.image(), label, chips={"size": where.height})
    recipe["scenes"][0]["date"] = date
    return workshop.run({key: value for key, value in recipe.items() if value is not None})


def test_assets_are_the_datasets_files_with_their_size_and_multihash(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("stac")
    known = {truth.stem: truth for truth in truths(dataset)}
    found = items(folder)
    assert set(found) == set(known)
    for stem, item in found.items():
        assert set(item["assets"]) == {"image", "semantic", "instance"}
        path = next(folder.glob(f"items/*/*/{stem}.json"))
        for kind, asset in item["assets"].items():
            data = (path.parent / asset["href"]).read_bytes()
            assert data == (dataset / known[stem].row["files"][kind]).read_bytes()
            assert asset["file:size"] == len(data)
            assert asset["file:checksum"] == "1220" + hashlib.sha256(data).hexdigest()


def test_an_item_says_split_date_classes_and_pixels(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    found = items(converted("stac"))
    names = {"train": "train", "val": "validate", "test": "test"}
    for truth in truths(dataset):
        properties = found[truth.stem]["properties"]
        assert properties["ml-aoi:split"] == names[truth.split]
        assert properties["datetime"] == "2024-10-31T00:00:00Z"
        counts = {c["name"]: c["count"] for c in properties["label:overviews"][0]["counts"]}
        for code, name in traps.NAMES.items():
            assert counts[name] == (truth.semantic == code).sum()
        classes = found[truth.stem]["assets"]["semantic"]["classification:classes"]
        assert [entry["value"] for entry in classes] == [0, 1, 2, 3, 5, 255]
        assert [entry["title"] for entry in classes][1:5] == list(traps.NAMES.values())
        assert all(re.fullmatch("[0-9A-Za-z_-]+", entry["name"]) for entry in classes)
        assert [entry["value"] for entry in classes if entry.get("nodata")] == [255]


def test_referenced_files_are_not_copied_and_are_found(dataset: Path, tmp_path: Path) -> None:
    polychip.convert(dataset, "stac", tmp_path / "deep/er/out", files="reference")
    folder = tmp_path / "deep/er/out"
    assert not list(folder.rglob("*.tif"))
    for path in folder.glob("items/*/*/*.json"):
        for asset in json.loads(path.read_text("utf-8"))["assets"].values():
            assert dataset.resolve() in (path.parent / asset["href"]).resolve().parents


def test_a_scene_without_a_date_is_refused_and_may_be_given_one(tmp_path: Path) -> None:
    made = one_chip(tmp_path / "in", place(32, 32), date=None)
    with pytest.raises(FormatError, match=r"chip scene/\S+: .*no date.*--set date="):
        polychip.convert(made, "stac", tmp_path / "out")
    with pytest.raises(FormatError, match="must be a day"):
        polychip.convert(made, "stac", tmp_path / "out", date="yesterday")
    polychip.convert(made, "stac", tmp_path / "out", date="2020-02-29")
    (item,) = items(tmp_path / "out").values()
    assert item["properties"]["end_datetime"] == "2020-02-29T23:59:59Z"


def test_other_splits_than_ml_aoi_s_are_refused(tmp_path: Path) -> None:
    split = {"by": "random", "fractions": {"train": 0.5, "north": 0.5}}
    made = traps.build(tmp_path / "in", split=split)
    with pytest.raises(FormatError, match="'north'"):
        polychip.convert(made, "stac", tmp_path / "out")


def test_a_chip_over_the_antimeridian_is_split_there(tmp_path: Path) -> None:
    transform = Affine(0.01, 0, 179.84, 0, -0.01, 10.0)
    made = one_chip(tmp_path / "in", place(32, 32, crs="EPSG:4326", transform=transform))
    polychip.convert(made, "stac", tmp_path / "out")
    (item,) = items(tmp_path / "out").values()
    assert item["bbox"] == pytest.approx([179.84, 9.68, -179.84, 10.0])
    parts = [part.bounds for part in shape(item["geometry"]).geoms]
    assert parts[0] == pytest.approx((179.84, 9.68, 180.0, 10.0))
    assert parts[1] == pytest.approx((-180.0, 9.68, -179.84, 10.0))
    collection = json.loads((tmp_path / "out/collection.json").read_text("utf-8"))
    assert collection["extent"]["spatial"]["bbox"][0] == item["bbox"]


def test_outlines_follow_a_turned_grid_and_run_counter_clockwise(tmp_path: Path) -> None:
    from pyproj import Transformer

    transform = Affine(8.66, -5.0, 725_000, 5.0, 8.66, 4_365_000)  # turned, and south-up
    made = one_chip(tmp_path / "in", place(32, 32, transform=transform))
    polychip.convert(made, "stac", tmp_path / "out")
    (item,) = items(tmp_path / "out").values()
    outline = shape(item["geometry"])
    assert outline.exterior.is_ccw
    there = Transformer.from_crs("EPSG:32630", "EPSG:4326", always_xy=True)
    corners = [(0, 0), (0, 32), (32, 32), (32, 0)]
    a, b, c, d, e, f = tuple(transform)[:6]
    known = [there.transform(a * x + b * y + c, d * x + e * y + f) for x, y in corners]
    points = list(outline.exterior.coords)
    for lon, lat in known:
        assert min(max(abs(x - lon), abs(y - lat)) for x, y in points) < 1e-8
    assert item["properties"]["proj:transform"] == pytest.approx(list(transform)[:6])


def test_a_chip_around_the_pole_is_refused(tmp_path: Path) -> None:
    transform = Affine(1000, 0, -16_000, 0, -1000, 16_000)
    made = one_chip(tmp_path / "in", place(32, 32, crs="EPSG:3413", transform=transform))
    with pytest.raises(FormatError, match="around a pole"):
        polychip.convert(made, "stac", tmp_path / "out")
