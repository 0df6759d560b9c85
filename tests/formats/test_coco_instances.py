"""COCO instances, read by pycocotools."""

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from support import traps
from support.truth import Truth, truths

import polychip

SPLITS = ("train", "val", "test")


def read(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def chips(folder: Path, dataset: Path) -> Iterator[tuple[Truth, COCO, list[dict[str, Any]]]]:
    """Each chip with its document and annotations."""
    documents = {s: read(folder / "annotations" / f"instances_{s}.json") for s in SPLITS}
    for truth in truths(dataset):
        coco = documents[truth.split]
        image = next(i for i in coco.dataset["images"] if i["file_name"] == f"{truth.stem}.png")
        assert (folder / "images" / truth.split / image["file_name"]).exists()
        assert (image["height"], image["width"]) == truth.semantic.shape
        yield truth, coco, coco.loadAnns(coco.getAnnIds(imgIds=image["id"]))


def test_every_object_comes_back_with_its_hole_its_hidden_parts_and_its_class(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    seen = []
    for truth, coco, found in chips(converted("coco"), dataset):
        assert [a["instance_id"] for a in found] == [o["instance_id"] for o in truth.objects]
        for annotation, known in zip(found, truth.objects, strict=True):
            mask = coco.annToMask(annotation).astype(bool)
            assert np.array_equal(mask, truth.whole(known))
            rows, columns = np.nonzero(mask)
            x, y = columns.min(), rows.min()
            assert annotation["bbox"] == [x, y, columns.max() + 1 - x, rows.max() + 1 - y]
            assert annotation["area"] == mask.sum()
            assert annotation["iscrowd"] == 0
            name = coco.cats[annotation["category_id"]]["name"]
            assert name == traps.NAMES[known["class_code"]]
            seen.append(known["instance_id"])
    assert {"ring", "left", "right", "below", "above", "half", "long"} <= set(seen)


def test_the_ring_keeps_its_hole_and_the_hidden_object_all_its_pixels(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    masks = {
        a["instance_id"]: coco.annToMask(a)
        for _, coco, found in chips(converted("coco"), dataset)
        for a in found
    }
    assert masks["ring"].sum() == 400 - 48
    assert masks["ring"][11:17, 10:18].sum() == 0
    assert masks["below"].sum() == 36
    assert masks["left"].sum() == 120
    assert masks["right"].sum() == 108


def test_visible_masks_are_those_of_the_instance_mask(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("coco", masks="visible")
    for truth, coco, found in chips(folder, dataset):
        assert truth.instance is not None
        shown = [o for o in truth.objects if o["local_id"]]
        assert [a["local_id"] for a in found] == [o["local_id"] for o in shown]
        for annotation in found:
            mask = coco.annToMask(annotation)
            assert np.array_equal(mask, truth.instance == annotation["local_id"])
            assert annotation["area"] == mask.sum()
    told = json.loads((folder / "conversion.json").read_text(encoding="utf-8"))
    assert told["left_out"] == {"objects wholly hidden by others": 1}


def test_ids_start_at_1_and_never_twice_over_all_splits(converted: Callable[..., Path]) -> None:
    documents = [read(converted("coco") / f"annotations/instances_{s}.json") for s in SPLITS]
    for key in ("images", "annotations"):
        ids = sorted(entry["id"] for d in documents for entry in d.dataset[key])
        assert ids == list(range(1, len(ids) + 1))
    assert all(d.dataset["categories"] == documents[0].dataset["categories"] for d in documents)


def test_categories_are_the_thing_classes_with_their_own_codes(
    converted: Callable[..., Path],
) -> None:
    coco = read(converted("coco") / "annotations/instances_train.json")
    found = {c["id"]: c["name"] for c in coco.dataset["categories"]}
    assert found == {2: "flood water", 3: "Gebäude mit Hof"}


@pytest.mark.parametrize("kind", ["segm", "bbox"])
def test_the_truth_scored_against_itself_is_perfect(
    converted: Callable[..., Path], kind: str
) -> None:
    for split in SPLITS:
        coco = read(converted("coco") / f"annotations/instances_{split}.json")
        detections = [a | {"score": 1.0} for a in coco.dataset["annotations"]]
        with contextlib.redirect_stdout(io.StringIO()):
            scored = COCOeval(coco, coco.loadRes(detections), kind)
            scored.evaluate()
            scored.accumulate()
            scored.summarize()
        assert scored.stats[0] == pytest.approx(1.0, abs=1e-12)


def test_an_empty_chip_is_an_image_without_annotations(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    empty = [
        truth.row["chip_id"] for truth, _, found in chips(converted("coco"), dataset) if not found
    ]
    assert len(empty) == 1
    assert empty[0].endswith("r0000001_c0000000")


def test_a_class_of_code_0_gets_a_category_that_is_not_0(tmp_path: Path) -> None:
    from support.rasters import place
    from support.workshop import Workshop

    workshop = Workshop(tmp_path, where=place(16, 16))
    labels = workshop.labels(
        [traps.box(1, 1, 4, 4), traps.box(8, 8, 5, 5)], **{"class": ["zero", "seven"]}
    )
    made = workshop.build(
        workshop.image(), {"path": labels},
        schema={"class_field": "class", "background": 9,
                "classes": [{"name": "zero", "code": 0}, {"name": "seven", "code": 7}]},
        masks={"mode": "instance"},
    )  # fmt: skip
    polychip.convert(made, "coco", tmp_path / "coco")
    coco = read(tmp_path / "coco/annotations/instances_train.json")
    assert {c["name"]: c["id"] for c in coco.dataset["categories"]} == {"zero": 8, "seven": 7}
    by_area = {a["area"]: a["category_id"] for a in coco.dataset["annotations"]}
    assert by_area == {16: 8, 25: 7}


def test_geotiff_images_are_the_datasets_own_bytes(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("coco", images="tiff")
    for truth in truths(dataset):
        copied = folder / "images" / truth.split / f"{truth.stem}.tif"
        assert copied.read_bytes() == (dataset / truth.row["files"]["image"]).read_bytes()
