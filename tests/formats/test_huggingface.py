"""Hugging Face folders and Parquet, read as JSON and by pyarrow; `datasets` reads them in tests/readers."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from support import floods, traps
from support.datasets import differing
from support.truth import truths

import polychip
from polychip.errors import FormatError

SPLITS = {"train": "train", "val": "validation", "test": "test"}


def test_each_line_names_files_that_hold_the_chips_arrays(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("huggingface")
    lines = {
        (split, line["chip_id"]): line
        for split, name in SPLITS.items()
        for line in map(
            json.loads, (folder / f"data/{name}/metadata.jsonl").read_text("utf-8").splitlines()
        )
    }
    for truth in truths(dataset):
        line = lines.pop((truth.split, truth.row["chip_id"]))
        root = folder / "data" / SPLITS[truth.split]
        assert np.array_equal(np.array(Image.open(root / line["mask_file_name"])), truth.semantic)
        assert np.array_equal(
            np.array(Image.open(root / line["instance_file_name"])), truth.instance
        )
        known = converted("png") / f"img_dir/{truth.split}/{truth.stem}.png"
        assert (root / line["file_name"]).read_bytes() == known.read_bytes()
        source = dataset / truth.row["files"]["image"]
        assert (root / line["tiff"]).read_bytes() == source.read_bytes()
        assert [o["instance_id"] for o in line["objects"]] == [
            o["instance_id"] for o in truth.objects
        ]
        # `datasets` makes a picture of every column with such a name, and can't of a GeoTIFF.
        assert {k for k in line if k.endswith("file_name")} == {
            "file_name", "mask_file_name", "instance_file_name",
        }  # fmt: skip
    assert not lines


def test_parquet_rows_hold_the_same(dataset: Path, converted: Callable[..., Path]) -> None:
    folder = converted("huggingface", layout="parquet")
    assert sorted(p.name for p in folder.iterdir()) == ["README.md", "conversion.json", "data"]
    table = {}
    for split, name in SPLITS.items():
        file = pq.read_table(folder / f"data/{name}-00000.parquet")
        features = json.loads(file.schema.metadata[b"huggingface"])["info"]["features"]
        assert features["image"] == features["mask"] == {"_type": "Image"}
        table |= {(split, row["chip_id"]): row for row in file.to_pylist()}
    for truth in truths(dataset):
        row = table.pop((truth.split, truth.row["chip_id"]))
        assert row["tiff"] == (dataset / truth.row["files"]["image"]).read_bytes()
        mask = np.array(Image.open(io.BytesIO(row["mask"]["bytes"])))
        assert np.array_equal(mask, truth.semantic)
        assert [o["rle"] for o in row["objects"]] == [o["rle"] for o in truth.objects]
    assert not table


def test_parquet_is_the_same_for_two_workers(
    dataset: Path, converted: Callable[..., Path], tmp_path: Path
) -> None:
    polychip.convert(dataset, "huggingface", tmp_path / "two", layout="parquet", workers=2)
    assert differing(converted("huggingface", layout="parquet"), tmp_path / "two") == []


def test_large_splits_become_several_files(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polychip.formats.huggingface_parquet._MOST_BYTES", 1)
    monkeypatch.setattr("polychip.formats.huggingface_parquet._GROUP_ROWS", 1)
    polychip.convert(dataset, "huggingface", tmp_path / "out", layout="parquet")
    train = sorted((tmp_path / "out/data").glob("train-*.parquet"))
    n = sum(1 for t in truths(dataset) if t.split == "train")
    assert [p.name for p in train] == [f"train-{i:05d}.parquet" for i in range(n)]
    assert all(pq.read_metadata(p).num_rows == 1 for p in train)


def test_a_geotiff_can_be_no_picture_and_odd_splits_are_refused(
    dataset: Path, tmp_path: Path
) -> None:
    with pytest.raises(FormatError, match="it must be png or jpeg"):
        polychip.convert(dataset, "huggingface", tmp_path / "x", images="tiff")
    odd = traps.build(tmp_path, split={"by": "random", "fractions": {"train": 0.5, "holdout": 0.5}})
    with pytest.raises(FormatError, match="'holdout'; build the dataset with these names"):
        polychip.convert(odd, "huggingface", tmp_path / "x")


def test_a_layer_is_chosen_where_there_are_several(tmp_path: Path) -> None:
    made = floods.flood(tmp_path)
    polychip.convert(made, "huggingface", tmp_path / "out", layer="s2", bands=[4, 3, 2])
    for truth in truths(made):
        root = tmp_path / "out/data" / SPLITS[truth.split]
        source = made / truth.row["files"]["image_s2"]
        assert (root / f"tiff/{truth.stem}.tif").read_bytes() == source.read_bytes()
    assert "other image layers than one" in (tmp_path / "out/README.md").read_text("utf-8")
