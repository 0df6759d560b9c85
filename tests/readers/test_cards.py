"""A dataset's own card loads it, whatever its layers, nodata, classes and splits are."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from shapely import box
from snippets import block_with, card
from support.datasets import read_chip, rows
from support.workshop import Workshop

GAPS = {
    "class_field": "class",
    "classes": [{"name": "a", "code": 3}, {"name": "b", "code": 9}, {"name": "c", "code": 255}],
}


@pytest.fixture(autouse=True)
def _in_the_workshop(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workshop.folder)


def by_card(dataset: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The card's TerraTorch file, and the samples that it leads to."""
    config = yaml.safe_load(block_with(card(dataset), "terratorch"))
    module, name = config["data"]["class_path"].rsplit(".", 1)
    loader = getattr(import_module(module), name)(**config["data"]["init_args"])
    loader.setup("fit")
    return config, list(loader.train_dataset)


def float_image(workshop: Workshop) -> tuple[str, Any]:
    """One band of float32, its corner NaN, which is its nodata."""
    pixels = np.linspace(-30, 5, 2000, dtype="float32").reshape(1, 40, 50)
    pixels[0, :9, :11] = np.nan
    return workshop.image(pixels, name="sar.tif", nodata=float("nan"), descriptions=("VV",)), pixels


def test_terratorch_reads_float_images_whose_nodata_is_nan(workshop: Workshop) -> None:
    image, _ = float_image(workshop)
    made = workshop.build(
        image,
        workshop.labels([box(3, 3, 30, 30), box(20, 20, 38, 38)], **{"class": ["a", "b"]}),
        schema=GAPS,
    )
    config, samples = by_card(made)
    assert config["model"]["init_args"]["model_args"]["num_classes"] == 10
    assert config["data"]["init_args"]["rgb_indices"] == [0, 0, 0]
    assert len(samples) == len(rows(made))
    for sample, row in zip(samples, rows(made), strict=True):
        expected = np.nan_to_num(read_chip(made, row, "image"), nan=0)
        np.testing.assert_array_equal(sample["image"], expected)
        np.testing.assert_array_equal(sample["mask"], read_chip(made, row, "semantic")[0])


def test_terratorch_reads_the_first_of_several_layers(workshop: Workshop) -> None:
    optical = workshop.image(name="optical.tif", nodata=0)
    image, _ = float_image(workshop)
    labels = workshop.labels([box(3, 3, 30, 30), box(30, 20, 38, 38)], **{"class": ["a", "c"]})
    made = workshop.build({"optical": optical, "sar": image}, labels, schema=GAPS)
    config, samples = by_card(made)
    assert config["model"]["init_args"]["model_args"]["bands"] == [0, 1]
    assert len(samples) == len(rows(made))
    for sample, row in zip(samples, rows(made), strict=True):
        np.testing.assert_array_equal(sample["image"], read_chip(made, row, "image_optical"))
        np.testing.assert_array_equal(sample["mask"], read_chip(made, row, "semantic")[0])


def test_terratorch_reads_masks_of_16_bits(workshop: Workshop) -> None:
    schema = {
        "class_field": "class",
        "ignore": 65535,
        "classes": [{"name": "a", "code": 700}, {"name": "c", "code": 65535}],
    }
    labels = workshop.labels([box(3, 3, 30, 30), box(30, 20, 38, 38)], **{"class": ["a", "c"]})
    made = workshop.build(workshop.image(), labels, schema=schema)
    config, samples = by_card(made)
    assert config["model"]["init_args"]["ignore_index"] == 65535
    assert {int(code) for sample in samples for code in sample["mask"].unique()} == {0, 700, 65535}


def test_other_splits_stand_in_for_those_that_do_not_exist(workshop: Workshop) -> None:
    labels = workshop.labels([box(3, 3, 30, 30)])
    split = {"by": "blocks", "block": 1, "fractions": {"train": 0.5, "holdout": 0.5}}
    made = workshop.build(workshop.image(), labels, split=split)
    config, samples = by_card(made)
    given = config["data"]["init_args"]
    assert given["val_split"] == "dataset/splits/holdout.txt"
    assert "test_split" not in given
    assert len(samples) == sum(row["split"] == "train" for row in rows(made)) > 0
