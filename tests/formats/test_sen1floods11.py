"""Sen1Floods11's folders, read by rasterio; TerraTorch reads them in tests/readers."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from support import floods
from support.datasets import differing, read_chip, rows
from support.rasters import place
from support.workshop import Workshop

import polychip
from polychip.errors import FormatError

DATA = "v1.1/data/flood_events/HandLabeled"
SPELLED = {"train": "train", "val": "valid", "test": "test"}


@pytest.fixture(scope="module")
def flood(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return floods.flood(tmp_path_factory.mktemp("flood"))


@pytest.fixture(scope="module")
def folder(flood: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("converted") / "sen1floods11"
    polychip.convert(flood, "sen1floods11", out)
    return out


def event(row: dict[str, object]) -> str:
    return f"Elbe-2024_{row['row']:07d}{row['col']:07d}"


def test_labels_are_int16_of_minus_1_0_and_1_without_a_nodata_tag(
    flood: Path, folder: Path
) -> None:
    seen = set()
    for row in rows(flood):
        semantic = read_chip(flood, row, "semantic")[0]
        expected = np.isin(semantic, (2, 4)).astype(int) - (semantic == 255)
        with rasterio.open(folder / DATA / f"LabelHand/{event(row)}_LabelHand.tif") as file:
            assert file.dtypes == ("int16",)
            assert file.nodata is None
            label = file.read(1)
            with rasterio.open(flood / row["files"]["semantic"]) as source:
                assert file.transform == source.transform
                assert file.crs == source.crs
        assert np.array_equal(label, expected)
        seen |= set(np.unique(label).tolist())
    assert seen == {-1, 0, 1}


def test_radar_and_optical_files_are_the_chips_own_bytes(flood: Path, folder: Path) -> None:
    for row in rows(flood):
        for kind in ("S1", "S2"):
            copied = folder / DATA / f"{kind}Hand/{event(row)}_{kind}Hand.tif"
            source = flood / row["files"][f"image_{kind.lower()}"]
            assert copied.read_bytes() == source.read_bytes()


def test_the_lists_name_each_chip_once_and_no_line_is_part_of_another(
    flood: Path, folder: Path
) -> None:
    lists = folder / "v1.1/splits/flood_handlabeled"
    seen = []
    for split, spelled in SPELLED.items():
        lines = (lists / f"flood_{spelled}_data.txt").read_text().splitlines()
        assert lines == [event(row) for row in rows(flood) if row["split"] == split]
        pairs = (lists / f"flood_{spelled}_data.csv").read_text().splitlines()
        assert pairs == [f"{line}_S1Hand.tif,{line}_LabelHand.tif" for line in lines]
        seen += lines
    assert len(seen) == 6
    assert all(a == b or a not in b for a in seen for b in seen)


def test_other_classes_are_counted_and_the_dates_are_told(flood: Path, folder: Path) -> None:
    told = json.loads((folder / "conversion.json").read_text(encoding="utf-8"))
    n = sum((read_chip(flood, row, "semantic") == 7).sum() for row in rows(flood))
    assert told["left_out"] == {"pixels of class 'building' that became not water": n}
    assert told["facts"]["water"] == ["flood_water", "permanent_water"]
    dates = json.loads((folder / "v1.1/Sen1Floods11_Metadata.geojson").read_text())
    [scene] = dates["features"]
    assert scene["properties"] == {
        "location": "Elbe-2024", "s1_date": "2024-06-05", "s2_date": "2024-06-05",
    }  # fmt: skip


def test_the_user_says_what_water_is(flood: Path, tmp_path: Path) -> None:
    polychip.convert(flood, "sen1floods11", tmp_path / "out", water="flood_water")
    for row in rows(flood):
        semantic = read_chip(flood, row, "semantic")[0]
        with rasterio.open(tmp_path / f"out/{DATA}/LabelHand/{event(row)}_LabelHand.tif") as file:
            assert np.array_equal(file.read(1) == 1, semantic == 2)
    with pytest.raises(FormatError, match="did you mean 'flood_water'"):
        polychip.convert(flood, "sen1floods11", tmp_path / "x", water="flod_water")


def test_two_workers_write_the_bytes_that_one_writes(
    flood: Path, folder: Path, tmp_path: Path
) -> None:
    polychip.convert(flood, "sen1floods11", tmp_path / "two", workers=2)
    assert differing(folder, tmp_path / "two") == []


def test_without_radar_only_the_optical_folder_is_there(flood: Path, tmp_path: Path) -> None:
    polychip.convert(flood, "sen1floods11", tmp_path / "out", s1="none")
    names = sorted(p.name for p in (tmp_path / "out" / DATA).iterdir())
    assert names == ["LabelHand", "S2Hand"]
    assert not list((tmp_path / "out").rglob("*.csv"))
    assert "S1Hand: the dataset has no such" in (tmp_path / "out/README.md").read_text()


def test_scenes_whose_names_would_match_each_others_files_are_refused(tmp_path: Path) -> None:
    made = floods.flood(tmp_path, names=("Elbe-1", "Elbe_1"))
    with pytest.raises(FormatError, match=r"scene 'Elbe-1' would bring those of 'Elbe_1' along"):
        polychip.convert(made, "sen1floods11", tmp_path / "out")


def test_layers_that_the_loader_would_misread_are_refused(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"13 bands for s2.*image \(4\)"):
        polychip.convert(dataset, "sen1floods11", tmp_path / "x")
    with pytest.raises(FormatError, match=r"13 bands of whole numbers.*'image' has 4 of uint16"):
        polychip.convert(dataset, "sen1floods11", tmp_path / "x", s2="image")


def test_reflectances_as_floats_are_refused(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, where=place(*floods.SHAPE))
    image = floods.layers(workshop, optical="float32")
    labels = workshop.labels([floods.box(2, 2, 9, 9)])
    made = workshop.build(image, {"path": labels, "class_name": "water"})
    with pytest.raises(FormatError, match="whole numbers, reflectance"):
        polychip.convert(made, "sen1floods11", tmp_path / "x", s2="s2")


def test_a_dataset_without_water_is_asked_what_water_is(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, where=place(*floods.SHAPE))
    labels = workshop.labels([floods.box(2, 2, 9, 9)])
    made = workshop.build(floods.layers(workshop), {"path": labels, "class_name": "inundated"})
    with pytest.raises(FormatError, match="--set water=NAME"):
        polychip.convert(made, "sen1floods11", tmp_path / "x")
    done = polychip.convert(made, "sen1floods11", tmp_path / "out", water="inundated")
    assert done.by_split == {"train": 24}
    lists = tmp_path / "out/v1.1/splits/flood_handlabeled"
    assert (lists / "flood_valid_data.txt").read_text() == ""
