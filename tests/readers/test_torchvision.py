"""VOC and Cityscapes folders, loaded by torchvision."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from support.truth import truths
from torchvision.datasets import Cityscapes, VOCSegmentation

SPLITS = ("train", "val", "test")
VALUES = {0: 0, 1: 1, 2: 2, 3: 3, 5: 4, 255: 255}


def recoded(mask: np.ndarray) -> np.ndarray:
    return np.vectorize(VALUES.__getitem__)(mask)


def test_voc_masks_come_back_with_their_images(
    traps_dataset: Path, converted: Callable[..., Path]
) -> None:
    known = {t.stem: t for t in truths(traps_dataset)}
    for split in ("train", "val"):  # torchvision takes no other
        chips = VOCSegmentation(str(converted("voc")), year="2012", image_set=split, download=False)
        for index in range(len(chips)):
            image, mask = chips[index]
            truth = known.pop(Path(chips.images[index]).stem)
            assert truth.split == split
            assert image.size == mask.size
            assert np.array_equal(np.array(mask), recoded(truth.semantic))
    assert {t.split for t in known.values()} == {"test"}
    both = VOCSegmentation(str(converted("voc")), year="2012", image_set="trainval")
    assert len(both) == 6 - len(known)


def test_cityscapes_ids_come_back_as_classes_and_objects(
    traps_dataset: Path, converted: Callable[..., Path]
) -> None:
    known = {t.stem: t for t in truths(traps_dataset)}
    for split in SPLITS:
        chips = Cityscapes(
            str(converted("cityscapes")), split=split, mode="fine",
            target_type=["instance", "semantic"],
        )  # fmt: skip
        for index in range(len(chips)):
            image, (instance, semantic) = chips[index]
            _, row, col, *_ = Path(chips.images[index]).stem.split("_")
            truth = known.pop(f"scene_r{row}_c{col}")
            assert truth.split == split
            ids, labels = np.array(instance).astype(int), np.array(semantic)
            assert image.size == instance.size
            assert np.array_equal(labels, recoded(truth.semantic))
            assert np.array_equal(np.where(ids < 1000, ids, ids // 1000), labels)
            for found in truth.objects:
                if found["local_id"]:
                    assert len(set(ids[truth.instance == found["local_id"]].tolist())) == 1
    assert not known
