"""Real places converted by the command line, each format read by its own reader."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import webdataset
from datasets import load_dataset
from support.conversions import readme_snippet
from support.truth import Truth, truths
from torchvision.datasets import Cityscapes, VOCSegmentation
from ultralytics.data.dataset import SemanticDataset
from ultralytics.data.utils import check_det_dataset


def converted(built: Path, name: str) -> Path:
    """The dataset in another format, by the command line."""
    out = built.parent / name
    command = [sys.executable, "-m", "polychip", "convert", built, "--to", name, "-o", out]
    subprocess.run(command, check=True, capture_output=True)
    return out


class Compared:
    """Class masks of all chips against the dataset's; one format's values for one class each."""

    def __init__(self, built: Path) -> None:
        self._known: dict[str, Truth] = {truth.stem: truth for truth in truths(built)}
        self._pairs: set[tuple[int, int]] = set()

    def chip(self, stem: str, mask: Any) -> Truth:
        """Take a chip's mask as a reader gives it; what is ignored must be the same pixels."""
        truth, found = self._known.pop(stem), np.asarray(mask).squeeze()
        assert np.array_equal(found == 255, truth.semantic == 255)
        self._pairs.update(
            zip(truth.semantic.ravel().tolist(), found.ravel().tolist(), strict=True)
        )
        return truth

    def done(self) -> None:
        """Every chip was there, and each value stands for one class."""
        assert not self._known
        ours, theirs = ({pair[i] for pair in self._pairs} for i in (0, 1))
        assert len(self._pairs) == len(ours) == len(theirs) >= 2


def test_torchvision_reads_voc_and_cityscapes(built: Path) -> None:
    compared = Compared(built)
    chips = VOCSegmentation(str(converted(built, "voc")), year="2012", image_set="train")
    for index, path in enumerate(chips.images):
        compared.chip(Path(path).stem, chips[index][1])
    compared.done()
    compared = Compared(built)
    scene = next(iter(truths(built))).row["scene"]
    chips = Cityscapes(
        str(converted(built, "cityscapes")), split="train", mode="fine",
        target_type=["instance", "semantic"],
    )  # fmt: skip
    for index, path in enumerate(chips.images):
        _, row, col, *_ = Path(path).stem.rsplit("_", 3)
        ids, labels = (np.array(target).astype(int) for target in chips[index][1])
        truth = compared.chip(f"{scene}_r{row}_c{col}", labels)
        for found in truth.objects:
            if found["local_id"]:
                [number] = set(ids[truth.instance == found["local_id"]].tolist())
                assert (ids == number).sum() == found["visible_px"]
    compared.done()


def test_ultralytics_reads_class_masks(built: Path) -> None:
    folder = converted(built, "yolo-semantic")
    data, compared = check_det_dataset(str(folder / "data.yaml")), Compared(built)
    size = next(iter(truths(built))).semantic.shape[0]
    chips = SemanticDataset(
        img_path=data["train"], data=data, task="semantic", augment=False, imgsz=size, rect=False
    )
    for index, path in enumerate(chips.im_files):
        compared.chip(Path(path).stem, chips[index]["semantic_mask"])
    compared.done()


def test_webdataset_and_datasets_read_arrays_and_objects(
    built: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = converted(built, "webdataset")
    monkeypatch.chdir(folder)
    shown: dict[str, Any] = {}
    exec(readme_snippet(folder), shown)  # noqa: S102
    known = {truth.stem: truth for truth in truths(built)}
    shards = sorted(str(path) for path in folder.glob("train-*.tar"))
    for sample in webdataset.WebDataset(shards, shardshuffle=False).decode(shown["decode"]):
        truth = known.pop(Path(sample["__key__"]).name)
        assert np.array_equal(sample["image.tif"], truth.image)
        assert np.array_equal(sample["semantic.png"], truth.semantic)
        assert np.array_equal(sample["instance.png"], truth.instance)
        assert len(sample["json"]["objects"]) == len(truth.objects)
    assert not known
    folder = converted(built, "huggingface")
    chips = load_dataset(
        "imagefolder", data_dir=str(folder / "data"), cache_dir=str(tmp_path / "cache")
    )
    known = {truth.row["chip_id"]: truth for truth in truths(built)}
    for sample in chips["train"]:
        truth = known.pop(sample["chip_id"])
        assert np.array_equal(np.array(sample["mask"]), truth.semantic)
        assert np.array_equal(np.array(sample["instance"]), truth.instance)
        assert [o["rle"] for o in sample["objects"]] == [o["rle"] for o in truth.objects]
    assert not known
