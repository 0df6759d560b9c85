"""Tables read along with the blocks: each chip's rows, and few of them at a time."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shapely import box
from support.datasets import differing
from support.pixels import random_polygons
from support.rasters import place
from support.workshop import Workshop

from polychip import api, records
from polychip.blocks.jobs import Block, ChipSlot
from polychip.errors import InputError
from polychip.grid import Window
from polychip.io.index import TableWriter
from polychip.records import Paths, SceneRows
from polychip.scenes.prepare import block_bands

SIDE = 96


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two scenes of 12 × 12 chips with objects, in tables of many small row groups."""
    monkeypatch.setattr(TableWriter, "_GROUP", 10)
    monkeypatch.setattr(records, "_BATCH", 7)
    shop = Workshop(tmp_path, place(SIDE, SIDE))
    scenes = []
    for seed, name in enumerate(("north", "south")):
        rng = np.random.default_rng(seed)
        labels = shop.labels(random_polygons(rng, SIDE, 40), name=f"{name}.gpkg")
        scenes.append({"name": name, "image": shop.image(name=f"{name}.tif"), "labels": labels})
    api.run(recipe_of(scenes, tmp_path / "dataset"))
    return tmp_path / "dataset"


def recipe_of(scenes: list[dict[str, Any]], out: Path) -> dict[str, Any]:
    return {
        "scenes": scenes,
        "chips": {"size": 8},
        "masks": {"mode": "instance"},
        "output": {"path": str(out)},
    }


def blocks(rows: list[dict[str, Any]], size: int) -> list[Block]:
    """Blocks of `size` rows of chips, two to a band."""
    found: dict[tuple[int, int], list[ChipSlot]] = {}
    for row in rows:
        window = Window(row["x_off"], row["y_off"], 8, 8)
        slot = ChipSlot(row["chip_id"], row["row"], row["col"], window)
        found.setdefault((row["row"] // size, row["col"] // 6), []).append(slot)
    return [Block(n, "", tuple(slots)) for n, (_, slots) in enumerate(sorted(found.items()))]


def test_bands_give_each_chip_its_rows_and_hold_no_others(dataset: Path) -> None:
    chips = pq.read_table(dataset / "chips.parquet").drop(["footprint", "bbox"]).to_pylist()
    objects = pq.read_table(dataset / "instances.parquet").to_pylist()
    assert len(chips) == 288
    for scene in ("north", "south"):
        mine = [row for row in chips if row["scene"] == scene]
        tables = SceneRows(dataset, scene, objects=True)
        seen: dict[str, dict[str, Any]] = {}
        shown: dict[str, list[dict[str, Any]]] = {}
        for band in block_bands(blocks(mine, 3)):
            assert len(band) == 2
            rows, found = tables.band(band)
            assert set(rows) == {slot.chip_id for block in band for slot in block.chips}
            seen |= rows
            shown |= found
        assert list(seen.values()) == mine
        assert [entry for chip_id in seen for entry in shown.get(chip_id, [])] == [
            entry for entry in objects if entry["scene"] == scene
        ]
        assert list(tables.left()) == []


def test_chips_below_the_last_band_are_left(dataset: Path) -> None:
    chips = pq.read_table(dataset / "chips.parquet").to_pylist()
    north = [row for row in chips if row["scene"] == "north"]
    tables = SceneRows(dataset, "north", columns=["chip_id", "row"])
    rows, _ = tables.band(blocks(north[:24], 2))
    assert list(rows) == [row["chip_id"] for row in north[:24]]
    assert list(tables.left()) == [row["chip_id"] for row in north[24:]]


def test_objects_that_are_gone_are_missed(dataset: Path) -> None:
    path = dataset / "instances.parquet"
    table = pq.read_table(path)
    visible = table.filter(pa.compute.greater(table["local_id"], 0))
    first = visible["chip_id"][0].as_py()
    pq.write_table(table.filter(pa.compute.not_equal(table["chip_id"], first)), path)
    chips = pq.read_table(dataset / "chips.parquet").to_pylist()
    tables = SceneRows(dataset, "north", objects=True)
    with pytest.raises(InputError, match=f"lacks the objects of chip {first}.*damaged"):
        tables.band(blocks([row for row in chips if row["scene"] == "north"], 12))


def test_an_update_of_many_row_groups_is_a_fresh_build(dataset: Path, tmp_path: Path) -> None:
    shop = Workshop(tmp_path, place(SIDE, SIDE))
    rng = np.random.default_rng(1)
    shapes = [*random_polygons(rng, SIDE, 40), box(41, 41, 47.5, 52)]
    shop.labels(shapes, name="south.gpkg")
    scenes = [
        {
            "name": name,
            "image": str(tmp_path / f"{name}.tif"),
            "labels": str(tmp_path / f"{name}.gpkg"),
        }
        for name in ("north", "south")
    ]
    api.run(recipe_of(scenes, dataset), update=True, reporter=shop.ear)
    (told,) = [note for note in shop.ear.notes if note.startswith("update: ")]
    again, kept = re.match(r"update: (\d+) .*, (\d+) were kept", told).groups()  # type: ignore[union-attr]
    assert 0 < int(again) < 20
    assert int(again) + int(kept) == 288
    api.run(recipe_of(scenes, tmp_path / "fresh"))
    assert not differing(dataset, tmp_path / "fresh")


def test_paths_are_known_by_eight_bytes() -> None:
    names = [f"images/scene/r{i // 100:07d}/chip_{i}.tif" for i in range(20_000)]
    known = Paths(iter(names))
    assert all(name in known for name in names)
    assert not any(f"{name}f" in known for name in names)
    assert "anything" not in Paths(iter(()))
