"""Sen1Floods11's folders, loaded by TerraTorch's own dataset of it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from support import floods, real
from support.conversions import readme_snippet
from support.datasets import read_chip, rows
from support.rasters import place
from support.workshop import Workshop
from terratorch.datasets import Sen1Floods11NonGeo

import polychip


@pytest.fixture(scope="module")
def flood(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return floods.flood(tmp_path_factory.mktemp("flood"), names=("Elbe_2024", "Oder"))


@pytest.fixture(scope="module")
def folder(flood: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("converted") / "sen1floods11"
    polychip.convert(flood, "sen1floods11", out)
    return out


def test_every_chip_arrives_in_its_split_with_all_bands_and_its_label(
    flood: Path, folder: Path
) -> None:
    known = {
        f"{row['scene'].replace('_', '-')}_{row['row']:07d}{row['col']:07d}": row
        for row in rows(flood)
    }
    for split in ("train", "val", "test"):
        chips = Sen1Floods11NonGeo(str(folder), split=split)
        for index in range(len(chips)):
            stem = Path(chips.image_files[index]).name.removesuffix("_S2Hand.tif")
            assert Path(chips.segmentation_mask_files[index]).name == f"{stem}_LabelHand.tif"
            row = known.pop(stem)
            assert row["split"] == split
            sample = chips[index]
            optical = read_chip(flood, row, "image_s2")
            assert np.allclose(sample["image"].numpy(), optical * 1e-4, rtol=1e-6, atol=0)
            semantic = read_chip(flood, row, "semantic")[0]
            expected = np.isin(semantic, (2, 4)).astype(int) - (semantic == 255)
            assert np.array_equal(sample["mask"].numpy(), expected)
    assert not known


def test_the_dates_arrive_where_a_scene_has_one(folder: Path) -> None:
    chips = Sen1Floods11NonGeo(str(folder), use_metadata=True)
    by_event = {
        Path(path).name.split("_")[0]: chips[index]["temporal_coords"].tolist()
        for index, path in enumerate(chips.image_files)
    }
    assert by_event["Elbe-2024"] == [[2024.0, 156.0]]  # 5 June, counted from 0


def test_the_readmes_snippet_runs(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", readme_snippet(folder)],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("size", [512, 128])
def test_the_spanish_flood_of_sen1floods11_comes_back_as_its_makers_drew_it(
    tmp_path: Path, real_data: Path, size: int
) -> None:
    source = real_data / "sen1floods11-spain"
    workshop = Workshop(tmp_path, where=place())
    image = {s: str(source / f"Spain_7370579_{s.upper()}Hand.tif") for s in ("s1", "s2")}
    schema = {
        "class_field": "class",
        "classes": [{"name": "no_data", "code": 255}, {"name": "water", "code": 1}],
    }
    dataset = workshop.build(
        image, str(source / "Spain_7370579_water_DERIVED.gpkg"), schema=schema,
        chips={"size": size}, scene={"name": "Spain"},
        split={"by": "random", "fractions": {"train": 0.5, "val": 0.25, "test": 0.25}},
    )  # fmt: skip
    polychip.convert(dataset, "sen1floods11", tmp_path / "out")
    hand = real.pixels_of(source / "Spain_7370579_LabelHand.tif")[0]
    optical = real.pixels_of(source / "Spain_7370579_S2Hand.tif")
    seen = np.zeros(hand.shape, dtype=int)
    for split in ("train", "val", "test"):
        chips = Sen1Floods11NonGeo(str(tmp_path / "out"), split=split)
        for index, path in enumerate(chips.image_files):
            with rasterio.open(path) as file:
                place_crs = file.transform
            whole = real.place_of(source / "Spain_7370579_S2Hand.tif").transform
            x, y = (round(v) for v in ~whole @ (place_crs.c, place_crs.f))
            part = (slice(y, y + size), slice(x, x + size))
            sample = chips[index]
            assert np.array_equal(sample["mask"].numpy(), hand[part])
            assert np.allclose(sample["image"].numpy(), optical[:, *part] * 1e-4, rtol=1e-6)
            seen[part] += 1
    assert (seen == 1).all()
