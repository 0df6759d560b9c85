"""COCO and VOC folders, loaded by supervision, datumaro and transformers."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import supervision
from datumaro.components.annotation import AnnotationType
from datumaro.components.dataset import Dataset
from PIL import Image
from support import traps
from support.truth import truths
from transformers import DetrImageProcessor

SPLITS = ("train", "val", "test")


def test_supervision_reads_every_mask(traps_dataset: Path, converted: Callable[..., Path]) -> None:
    folder = converted("coco")
    known = {t.stem: t for t in truths(traps_dataset)}
    for split in SPLITS:
        chips = supervision.DetectionDataset.from_coco(
            str(folder / "images" / split),
            str(folder / "annotations" / f"instances_{split}.json"),
            force_masks=True,
        )
        for path, _, found in chips:
            truth = known.pop(Path(path).stem)
            assert len(found) == len(truth.objects)
            for mask, number, expected in (
                zip(found.mask, found.class_id, truth.objects, strict=True) if len(found) else ()
            ):
                assert np.array_equal(mask.astype(bool), truth.whole(expected))
                assert chips.classes[number] == traps.NAMES[expected["class_code"]]
    assert not known


def test_datumaro_reads_every_mask(traps_dataset: Path, converted: Callable[..., Path]) -> None:
    chips = Dataset.import_from(str(converted("coco")), "coco_instances")
    known = {t.stem: t for t in truths(traps_dataset)}
    names = {i: c.name for i, c in enumerate(chips.categories()[AnnotationType.label].items)}
    for item in chips:
        truth = known.pop(Path(item.id).stem)
        masks = [a for a in item.annotations if a.type == AnnotationType.mask]
        assert len(masks) == len(truth.objects)
        for found, expected in zip(sorted(masks, key=lambda a: a.id), truth.objects, strict=True):
            assert np.array_equal(found.image.astype(bool), truth.whole(expected))
            assert names[found.label] == traps.NAMES[expected["class_code"]]
    assert not known


def test_transformers_makes_masks_of_the_panoptic_folder(
    traps_dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("coco-panoptic")
    maker = DetrImageProcessor(
        format="coco_panoptic", do_resize=False, do_normalize=False, do_rescale=False, do_pad=False
    )
    known = {t.stem: t for t in truths(traps_dataset)}
    for split in SPLITS:
        document = json.loads((folder / f"annotations/panoptic_{split}.json").read_text("utf-8"))
        images = {i["id"]: i for i in document["images"]}
        names = {c["id"]: c["name"] for c in document["categories"]}
        for annotation in document["annotations"]:
            truth = known.pop(Path(annotation["file_name"]).stem)
            image = Image.open(
                folder / "images" / split / images[annotation["image_id"]]["file_name"]
            )
            made = maker(
                images=image, annotations=annotation, masks_path=folder / f"panoptic_{split}",
                return_tensors="pt",
            )  # fmt: skip
            label = made["labels"][0]
            classes = [names[int(c)] for c in label["class_labels"]]
            masks = label["masks"].numpy().astype(bool)
            expected = traps.NAMES | {0: "background"}
            painted = np.full(truth.semantic.shape, "ignore", dtype=object)
            for mask, name in zip(masks, classes, strict=True):
                painted[mask] = name
            for code, name in expected.items():
                assert np.array_equal(painted == name, truth.semantic == code)
            assert np.array_equal(painted == "ignore", truth.semantic == 255)
    assert not known


def test_datumaro_reads_classes_and_objects_of_the_voc_folder(
    traps_dataset: Path, converted: Callable[..., Path]
) -> None:
    chips = Dataset.import_from(str(converted("voc") / "VOCdevkit/VOC2012"), "voc_segmentation")
    names = {i: c.name for i, c in enumerate(chips.categories()[AnnotationType.label].items)}
    known = {(t.split, t.stem): t for t in truths(traps_dataset)}
    for item in chips:
        if item.subset == "trainval":
            continue
        truth = known.pop((item.subset, item.id))
        assert truth.instance is not None
        masks = [a for a in item.annotations if a.type == AnnotationType.mask]
        for code, name in traps.NAMES.items():
            painted = np.zeros(truth.semantic.shape, dtype=bool)
            for found in masks:
                if names[found.label] == name:
                    painted |= found.image.astype(bool)
            if code in traps.THINGS:
                assert np.array_equal(painted, truth.semantic == code)
        things = [a for a in masks if names[a.label] in {traps.NAMES[c] for c in traps.THINGS}]
        shown = [o for o in truth.objects if o["local_id"]]
        for found in shown:
            mask = truth.instance == found["local_id"]
            assert any(np.array_equal(a.image.astype(bool), mask) for a in things)
    assert not known
