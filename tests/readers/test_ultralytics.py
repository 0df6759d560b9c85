"""YOLO folders, loaded by ultralytics."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from support import traps
from support.truth import Truth, truths
from ultralytics.data.dataset import SemanticDataset, YOLODataset
from ultralytics.data.utils import check_det_dataset

SPLITS = ("train", "val", "test")
VALUES = {0: 0, 1: 1, 2: 2, 3: 3, 5: 4, 255: 255}


def loaded(kind: Any, folder: Path, split: str, task: str) -> Any:
    """Ultralytics' dataset of a split, in the chips' own pixels."""
    data = check_det_dataset(str(folder / "data.yaml"))
    return kind(
        img_path=data[split], data=data, task=task, augment=False, imgsz=traps.SIZE, rect=False
    )


def masks_by_line(dataset: Any, index: int) -> tuple[list[int], list[np.ndarray]]:
    """Class and filled polygon of each line, as ultralytics paints them."""
    from ultralytics.data.utils import polygon2mask

    label = dataset.get_image_and_label(index)
    size = np.array([traps.SIZE, traps.SIZE], dtype=np.float32)
    instances = label["instances"]
    shapes = [(instances.normalized, segment) for segment in instances.segments]
    painted = [
        polygon2mask(
            (traps.SIZE, traps.SIZE), [(segment * size if normalised else segment).reshape(-1)]
        ).astype(bool)
        for normalised, segment in shapes
    ]
    return [int(c) for c in label["cls"].ravel()], painted


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def each_chip(folder: Path, dataset: Path, kind: Any, task: str) -> list[tuple[Truth, Any, int]]:
    known = {t.stem: t for t in truths(dataset)}
    found = []
    for split in SPLITS:
        chips = loaded(kind, folder, split, task)
        for index, path in enumerate(chips.im_files):
            truth = known.pop(Path(path).stem)
            assert truth.split == split
            found.append((truth, chips, index))
    assert not known
    return found


@pytest.mark.parametrize("masks", ["full", "visible"])
def test_every_object_is_painted_pixel_for_pixel(
    traps_dataset: Path, converted: Callable[..., Path], masks: str
) -> None:
    folder = converted("yolo-seg", masks=masks)
    n_objects = 0
    for truth, chips, index in each_chip(folder, traps_dataset, YOLODataset, "segment"):
        assert truth.instance is not None
        classes, painted = masks_by_line(chips, index)
        expected = [
            (
                o["class_code"],
                truth.whole(o) if masks == "full" else truth.instance == o["local_id"],
            )
            for o in truth.objects
            if masks == "full" or o["local_id"]
        ]
        assert len(painted) == len(expected)
        for code, mask in expected:
            best = max(range(len(painted)), key=lambda i: iou(painted[i], mask))
            assert iou(painted[best], mask) == 1.0
            assert chips.data["names"][classes[best]] == traps.NAMES[code]
            n_objects += 1
    assert n_objects == (9 if masks == "full" else 8)


def test_an_empty_chip_counts_as_background_not_as_missing(
    traps_dataset: Path, converted: Callable[..., Path]
) -> None:
    for truth, chips, index in each_chip(
        converted("yolo-seg"), traps_dataset, YOLODataset, "segment"
    ):
        text = Path(chips.label_files[index])
        assert text.exists()
        assert (text.read_text(encoding="utf-8") == "") == (not truth.objects)


def test_semantic_masks_and_images_come_back(
    traps_dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("yolo-semantic")
    for truth, chips, index in each_chip(folder, traps_dataset, SemanticDataset, "semantic"):
        mask = np.asarray(chips[index]["semantic_mask"]).squeeze()
        expected = np.vectorize(VALUES.__getitem__)(truth.semantic)
        assert np.array_equal(mask, expected)
        assert chips.data["names"][4] == "Straße"


def test_all_bands_arrive_as_channels(traps_dataset: Path, converted: Callable[..., Path]) -> None:
    folder = converted("yolo-semantic", bands=("all",), stretch="0,60000")
    for truth, chips, index in each_chip(folder, traps_dataset, SemanticDataset, "semantic"):
        image = chips.get_image_and_label(index)["img"]
        assert image.shape == (traps.SIZE, traps.SIZE, 4)
        expected = (truth.image * (255 / 60000)).clip(0, 255).transpose(1, 2, 0)
        assert np.abs(image - expected).max() < 0.5 + 1e-9


def test_pictures_are_the_same_for_opencv(
    traps_dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("yolo-seg", stretch="0,60000", bands=(3, 2, 1))
    for truth in truths(traps_dataset):
        path = folder / f"images/{truth.split}/{truth.stem}.png"
        bgr = cv2.imread(str(path))
        expected = (truth.image[:3] * (255 / 60000)).transpose(1, 2, 0)
        assert np.abs(bgr - expected).max() < 0.5 + 1e-9
