"""TrainingDML-AI, read as JSON, with rasterio and pycocotools."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from pycocotools import mask as rle
from pyproj import Transformer
from shapely.geometry import shape
from support import traps
from support.rasters import place
from support.truth import truths

import polychip


@pytest.fixture
def told(converted: Callable[..., Path]) -> dict[str, Any]:
    """The document."""
    return json.loads((converted("tdml") / "trainingdml.json").read_text("utf-8"))


def test_masks_images_and_splits_are_those_of_the_dataset(
    dataset: Path, converted: Callable[..., Path], told: dict[str, Any]
) -> None:
    names = {"train": "training", "val": "validation", "test": "test"}
    known = list(truths(dataset))
    assert told["amountOfTrainingData"] == len(known)
    for truth, datum in zip(known, told["data"], strict=True):
        assert datum["id"] == truth.stem
        assert datum["trainingType"] == names[truth.split]
        assert datum["dataTime"] == [traps.DATE]
        (image,) = datum["dataURL"]
        semantic, instance = (label["imageURL"][0] for label in datum["labels"][:2])
        pairs = ((image, truth.image), (semantic, truth.semantic), (instance, truth.instance))
        for name, expected in pairs:
            with rasterio.open(converted("tdml") / name) as file:
                assert np.array_equal(file.read().squeeze(), expected)


def test_objects_keep_their_class_pixels_and_place_hidden_ones_too(
    dataset: Path, told: dict[str, Any]
) -> None:
    there = Transformer.from_crs(place().crs, "EPSG:4326", always_xy=True)
    hidden = 0
    for truth, datum in zip(truths(dataset), told["data"], strict=True):
        labels = [label for label in datum["labels"] if label["type"] == "AI_ObjectLabel"]
        assert datum["numberOfLabels"] == 2 + len(labels)
        for label, known in zip(labels, truth.objects, strict=True):
            properties = label["object"]["properties"]
            assert label["class"] == traps.NAMES[known["class_code"]]
            assert properties["instance_id"] == known["instance_id"]
            coded = {"size": [traps.SIZE, traps.SIZE], "counts": properties["rle"].encode()}
            mask = rle.decode(coded).astype(bool)
            assert np.array_equal(mask, truth.whole(known))
            hidden += properties["local_id"] == 0
            rows, columns = np.nonzero(mask)
            at = place(traps.HEIGHT, traps.WIDTH).transform
            corners = [
                (at.a * (truth.row["x_off"] + x) + at.c, at.e * (truth.row["y_off"] + y) + at.f)
                for x in (columns.min(), columns.max() + 1)
                for y in (rows.min(), rows.max() + 1)
            ]
            lon, lat = there.transform(*zip(*corners, strict=True))
            bounds = (min(lon), min(lat), max(lon), max(lat))
            assert shape(label["object"]["geometry"]).bounds == pytest.approx(bounds, abs=1e-8)
    assert hidden == 1


def test_classes_and_pixels_are_counted(dataset: Path, told: dict[str, Any]) -> None:
    classes = {entry["key"]: entry["value"] for entry in told["classes"]}
    assert classes == {"background": 0} | {name: code for code, name in traps.NAMES.items()}
    pixels = {entry["key"]: entry["value"] for entry in told["statisticsInfo"]}
    for name, code in classes.items():
        n_pixels = sum((truth.semantic == code).sum() for truth in truths(dataset))
        assert pixels[f"pixels: {name}"] == n_pixels
    assert pixels["ignore value"] == 255
    assert [band["maxValue"] for band in told["bands"]] == [
        max(int(truth.image[band].max()) for truth in truths(dataset)) for band in range(4)
    ]


def test_a_semantic_dataset_has_the_mask_alone(semantic_dataset: Path, tmp_path: Path) -> None:
    polychip.convert(semantic_dataset, "tdml", tmp_path / "out", files="reference")
    told = json.loads((tmp_path / "out/trainingdml.json").read_text("utf-8"))
    assert {datum["numberOfLabels"] for datum in told["data"]} == {1}
    assert [task["taskType"] for task in told["tasks"]] == ["Semantic Segmentation"]
    for datum in told["data"]:
        assert (tmp_path / "out" / datum["dataURL"][0]).resolve().is_file()
