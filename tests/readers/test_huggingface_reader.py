"""Hugging Face folders and Parquet files, loaded by `datasets` without a network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from datasets import Image, load_dataset
from support.truth import truths

SPLITS = {"train": "train", "val": "validation", "test": "test"}


def loaded(folder: Path, layout: str, cache: Path) -> dict[str, Any]:
    if layout == "folder":
        return dict(
            load_dataset("imagefolder", data_dir=str(folder / "data"), cache_dir=str(cache))
        )
    files = {name: str(folder / f"data/{name}-*.parquet") for name in SPLITS.values()}
    return dict(load_dataset("parquet", data_files=files, cache_dir=str(cache)))


@pytest.mark.parametrize("layout", ["folder", "parquet"])
def test_every_chip_comes_back_with_masks_place_and_objects(
    traps_dataset: Path, converted: Callable[..., Path], layout: str, tmp_path: Path
) -> None:
    folder = converted("huggingface", layout=layout)
    chips = loaded(folder, layout, tmp_path)
    known = {(t.row["scene"], t.row["chip_id"]): t for t in truths(traps_dataset)}
    for split, name in SPLITS.items():
        assert isinstance(chips[name].features["mask"], Image)
        for sample in chips[name]:
            truth = known.pop((sample["scene"], sample["chip_id"]))
            assert truth.split == split
            assert np.array_equal(np.array(sample["mask"]), truth.semantic)
            assert np.array_equal(np.array(sample["instance"]), truth.instance)
            assert np.array(sample["image"]).shape == (*truth.semantic.shape, 3)
            data = sample["tiff"]
            if layout == "folder":
                data = (folder / "data" / name / data).read_bytes()
            with rasterio.MemoryFile(data) as memory, memory.open() as file:
                assert np.array_equal(file.read(), truth.image)
                assert sample["tile_metadata"]["transform"] == list(file.transform)[:6]
                assert sample["tile_metadata"]["bounds"] == list(file.bounds)
            assert [o["rle"] for o in sample["objects"]] == [o["rle"] for o in truth.objects]
            assert [o["local_id"] for o in sample["objects"]] == [
                o["local_id"] for o in truth.objects
            ]
    assert not known
