"""Masks become polygons, polygons masks: nothing is lost, nothing added."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from support.datasets import masks_of, read_chip, rows
from support.labels import star, star_with_hole
from support.rasters import place, write_raster
from support.vectors import burned, layer, same_partition
from support.workshop import Workshop

import polychip

CLASSES = [
    {"name": "cloud", "code": 255, "thing": False},
    {"name": "house", "code": 3, "thing": True},
    {"name": "water", "code": 1, "thing": False},
]


def many(rng: np.random.Generator, n: int) -> tuple[list[Any], list[str]]:
    shapes = [
        (star_with_hole if i % 3 else star)(rng, *rng.uniform(0, 90, 2), rng.uniform(1, 25))
        for i in range(n)
    ]
    names = [("water", "house", "house", "cloud")[i % 4] for i in range(n)]
    return shapes, names


@pytest.mark.parametrize("mode", ["semantic", "instance", "panoptic"])
@pytest.mark.parametrize("chips", [{"size": 32}, {"size": 32, "stride": 20}, {"size": 200}])
def test_export_vectorize_export_gives_the_same_masks(
    workshop: Workshop, mode: str, chips: dict[str, int]
) -> None:
    workshop.where = place(84, 97)
    shapes, names = many(np.random.default_rng(5), 40)
    image = workshop.image()
    labels = workshop.labels(shapes, **{"class": names}, crs="EPSG:4326")
    extent = workshop.labels([shapely.box(3, 4, 90, 70)], name="extent.gpkg")
    tables = {
        "schema": {"class_field": "class", "classes": CLASSES},
        "masks": {"mode": mode}, "chips": chips,
    }  # fmt: skip
    first = workshop.build(image, labels, scene={"extent": {"path": extent}}, **tables)
    back = workshop.folder / "back.gpkg"
    polychip.vectorize(first, out=back)
    if mode != "semantic":
        tables["schema"] = tables["schema"] | {"instance_field": "instance_id"}
    second = workshop.build(
        image, {"path": str(back), "layer": "labels"}, out="second",
        scene={"extent": {"path": str(back), "layer": "extent"}}, **tables,
    )  # fmt: skip
    for row in rows(first):
        a, b = (folder / row["files"]["semantic"] for folder in (first, second))
        assert a.read_bytes() == b.read_bytes(), row["chip_id"]
        if mode != "semantic":
            ids = [read_chip(folder, row, "instance")[0] for folder in (first, second)]
            assert same_partition(*ids), row["chip_id"]
    if mode != "semantic":
        visible = {r["instance_id"] for r in rows(first, "instances") if r["local_id"]}
        assert {r["instance_id"] for r in rows(second, "instances")} == visible


def test_the_sample_keeps_every_class_pixel_of_both_dates(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "sample_data"
    data = tomllib.loads((folder / "recipe.toml").read_text(encoding="utf-8"))
    for scene in data["scenes"]:
        scene["image"] = str(folder / scene["image"])
        for kind in ("labels", "extent"):
            scene[kind]["path"] = str(folder / scene[kind]["path"])
    data["output"]["path"] = str(tmp_path / "first")
    first = polychip.run(data)
    summary = polychip.vectorize(first.folder, out=tmp_path / "back.gpkg")
    assert set(summary.layers) == {
        f"{kind}_valencia-{date}" for kind in ("labels", "extent") for date in (20240915, 20241031)
    }
    for scene in data["scenes"]:
        at = str(tmp_path / "back.gpkg")
        scene["labels"] = [{"path": at, "layer": f"labels_{scene['name']}", "id_field": "uid"}]
        scene["extent"] = [{"path": at, "layer": f"extent_{scene['name']}"}]
    data["output"]["path"] = str(tmp_path / "second")
    data["chips"]["max_nodata"] = 1.0
    second = polychip.run(data)
    before, after = masks_of(first.folder), masks_of(second.folder)
    assert len(before) > 30
    for name, mask in before.items():
        assert np.array_equal(mask, after[name]), name
    objects = {r["instance_id"] for r in rows(first.folder, "instances") if r["local_id"]}
    assert {r["instance_id"] for r in rows(second.folder, "instances")} == objects


@pytest.mark.parametrize("mode", ["semantic", "instance"])
def test_chips_without_anything_give_an_extent_and_no_polygon(
    workshop: Workshop, mode: str
) -> None:
    cloud = workshop.labels([shapely.box(4, 5, 6, 7)], **{"class": ["cloud"]})
    schema = {"class_field": "class", "classes": CLASSES}
    dataset = workshop.build(workshop.image(), cloud, schema=schema, masks={"mode": mode})
    out = workshop.folder / "back.gpkg"
    summary = polychip.vectorize(dataset, out=out)
    assert summary.polygons == {}
    assert len(layer(out)) == 0
    assert layer(out, "extent").geometry.area.tolist() == [(40 * 50 - 4) * 100]


def test_codes_of_16_bits_and_their_ignore_come_back(workshop: Workshop) -> None:
    codes = np.zeros((1, 40, 50), "uint16")
    codes[0, 5:30, 7:20], codes[0, 5:30, 20:33], codes[0, 35:] = 300, 65534, 65535
    raster = write_raster(workshop.folder / "codes.tif", workshop.where, codes)
    dataset = workshop.build(workshop.image(), raster)
    out = workshop.folder / "back.gpkg"
    polychip.vectorize(dataset, out=out)
    frame = layer(out)
    again = burned(frame, workshop.where, frame["class_code"])
    assert np.array_equal(again, np.where(codes[0] == 65535, 0, codes[0]))
    extent = burned(layer(out, "extent"), workshop.where, [1])
    assert np.array_equal(extent, codes[0] != 65535)
