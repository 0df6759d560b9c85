"""Esri's folders, checked against the structure that Esri's docs give; its own reader was never tried."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from support import traps
from support.truth import truths

VALUES = {0: 1, 1: 2, 2: 3, 3: 4, 5: 5, 255: 0}
"""By code: background is a class, 0 is NoData."""
SPLITS = ("train", "val", "test")


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        assert file.nodata is None
        return file.read(1)


def pairs(root: Path) -> list[tuple[str, str]]:
    """Image and label of each line of map.txt: two words, or its reader goes wrong."""
    lines = [line.split() for line in (root / "map.txt").read_text().splitlines()]
    assert all(len(words) == 2 for words in lines)
    return [(image, label) for image, label in lines]


def test_tiles_hold_classes_from_1_with_background_and_0_for_nodata(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("esri")
    n_pixels = {split: np.zeros(6, dtype=int) for split in SPLITS}
    for truth in truths(dataset):
        root = folder / truth.split
        assert (f"images/{truth.stem}.tif", f"labels/{truth.stem}.tif") in pairs(root)
        label = read(root / f"labels/{truth.stem}.tif")
        for code, value in VALUES.items():
            assert np.array_equal(label == value, truth.semantic == code)
        source = dataset / truth.row["files"]["image"]
        assert (root / f"images/{truth.stem}.tif").read_bytes() == source.read_bytes()
        for code, value in VALUES.items():
            n_pixels[truth.split][value] += (truth.semantic == code).sum()
    for split in SPLITS:
        root = folder / split
        definition = json.loads((root / "esri_model_definition.emd").read_text("utf-8"))
        names = {c["Value"]: c["Name"] for c in definition["Classes"]}
        assert names == {1: "background"} | {VALUES[c]: n for c, n in traps.NAMES.items()}
        assert (definition["ImageHeight"], definition["MetaDataMode"]) == (32, "Classified_Tiles")
        stats = json.loads((root / "esri_accumulated_stats.json").read_text("utf-8"))
        assert stats["NumTiles"] == len(pairs(root)) == len(list((root / "images").iterdir()))
        assert (stats["NumBands"], stats["NumClasses"]) == (4, 5)
        assert stats["ClassPixelStats"]["NumPixelsPerClass"] == n_pixels[split][1:].tolist()
        assert f"images = {stats['NumTiles']}" in (root / "stats.txt").read_text("utf-8")


def test_masks_hold_the_objects_of_a_class_from_1(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("esri-rcnn")
    listed = {split: pairs(folder / split) for split in SPLITS}
    for truth in truths(dataset):
        root = folder / truth.split
        assert truth.instance is not None
        for value, code in enumerate(traps.THINGS, start=1):
            ids = [
                o["local_id"] for o in truth.objects if o["class_code"] == code and o["local_id"]
            ]
            name = f"labels/{value}/{truth.stem}.tif"
            assert (root / name).exists() == bool(ids)
            if not ids:
                continue
            listed[truth.split].remove((f"images/{truth.stem}.tif", name))
            mask = read(root / name)
            for number, local_id in enumerate(ids, start=1):
                assert np.array_equal(mask == number, truth.instance == local_id)
            assert mask.max() == len(ids)
    assert not any(listed.values())
    told = json.loads((folder / "conversion.json").read_text("utf-8"))["left_out"]
    assert told["objects wholly hidden by others"] == 1
    assert told["chips without objects, which map.txt does not name"] == 1


@pytest.mark.parametrize("name", ["esri", "esri-rcnn"])
def test_the_readme_says_that_only_the_structure_was_tested(
    converted: Callable[..., Path], name: str
) -> None:
    text = (converted(name) / "README.md").read_text("utf-8")
    assert "structure tested only" in text
    assert "Esri's own reader was never tried" in text
