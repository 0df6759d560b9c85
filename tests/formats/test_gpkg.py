"""The grid of chips, read by GeoPandas, fiona and SQLite."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import fiona
import geopandas
import pytest
from support import traps
from support.datasets import manifest
from support.rasters import place
from support.truth import truths

import polychip


def test_each_chip_lies_where_its_pixels_are_with_split_and_files(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    grid = geopandas.read_file(converted("gpkg") / "chips.gpkg", layer="chips")
    assert grid.crs.to_epsg() == 32630
    where = place(traps.HEIGHT, traps.WIDTH).transform
    known = list(truths(dataset))
    assert grid["chip_id"].tolist() == [t.row["chip_id"] for t in known]
    for truth, (_, row) in zip(known, grid.iterrows(), strict=True):
        left, top = where @ (truth.row["x_off"], truth.row["y_off"])
        assert row.geometry.bounds == pytest.approx((left, top - 320, left + 320, top))
        assert row["split"] == truth.split
        assert row["n_instances"] == len([o for o in truth.objects if o["local_id"]])
        assert (dataset / row["image"]).exists()
        assert (dataset / row["semantic"]).exists()
        for code in (0, 1, 2, 3, 5, 255):
            assert row[f"px_{code}"] == (truth.semantic == code).sum()


def test_reasons_of_chips_that_were_left_out_are_listed(tmp_path: Path) -> None:
    made = traps.build(tmp_path / "in", chips={"size": 32, "negatives": 0.0})
    assert manifest(made)["counts"]["skipped"] == {"no feature": 1}
    polychip.convert(made, "gpkg", tmp_path / "out")
    with fiona.open(tmp_path / "out/chips.gpkg", layer="left_out") as layer:
        rows = [dict(entry.properties) for entry in layer]
    assert rows == [{"scene": None, "chip_id": None, "reason": "no feature", "chips": 1}]


def test_the_default_style_colours_each_split(converted: Callable[..., Path]) -> None:
    with sqlite3.connect(converted("gpkg") / "chips.gpkg") as file:
        rows = file.execute(
            "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
        ).fetchall()
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        columns = {row[1] for row in file.execute("PRAGMA table_info(chips)")}
    (table, geometry, default, qml) = rows[0]
    assert (table, geometry, default) == ("chips", "geom", 1)
    assert {"geom", "split"} <= columns
    root = ElementTree.fromstring(qml)  # noqa: S314 - our own
    renderer = root.find("renderer-v2")
    assert renderer is not None
    assert renderer.get("attr") == "split"
    values = {c.get("value"): c.get("symbol") for c in renderer.iter("category")}
    assert set(values) == {"train", "val", "test", ""}
    symbols = {s.get("name") for s in renderer.iter("symbol")}
    assert set(values.values()) == symbols


def test_scenes_in_two_zones_share_longitude_and_latitude(tmp_path: Path) -> None:
    from support.workshop import Workshop

    first = Workshop(tmp_path / "a", where=place(32, 32))
    second = Workshop(tmp_path / "b", where=place(32, 32, crs="EPSG:32631"))
    for workshop in (first, second):
        workshop.folder.mkdir()
    scenes = [
        {
            "name": name,
            "image": workshop.image(),
            "labels": {"path": workshop.labels([traps.box(2, 2, 5, 5)]), "class_name": "x"},
        }
        for name, workshop in (("one", first), ("two", second))
    ]
    recipe = {"scenes": scenes, "chips": {"size": 32}, "output": {"path": str(tmp_path / "ds")}}
    made = first.run(recipe)
    polychip.convert(made, "gpkg", tmp_path / "out")
    grid = geopandas.read_file(tmp_path / "out/chips.gpkg", layer="chips")
    assert grid.crs.to_epsg() == 4326
    assert grid.total_bounds[0] < 0 < grid.total_bounds[2]
