"""COCO panoptic, decoded as its definition says, with Pillow."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from support import traps
from support.truth import Truth, truths

SPLITS = ("train", "val", "test")


def decoded(folder: Path, dataset: Path) -> Iterator[tuple[Truth, np.ndarray, dict[int, Any]]]:
    """Ids of each chip, and its segments by id."""
    by_name = {}
    for split in SPLITS:
        text = (folder / f"annotations/panoptic_{split}.json").read_text(encoding="utf-8")
        for annotation in json.loads(text)["annotations"]:
            by_name[split, annotation["file_name"]] = annotation
    for truth in truths(dataset):
        annotation = by_name[truth.split, f"{truth.stem}.png"]
        with Image.open(folder / f"panoptic_{truth.split}" / annotation["file_name"]) as picture:
            assert picture.mode == "RGB"
            rgb = np.array(picture, dtype=np.int64)
        ids = rgb[..., 0] + 256 * rgb[..., 1] + 65536 * rgb[..., 2]
        yield truth, ids, {s["id"]: s for s in annotation["segments_info"]}


def categories(folder: Path) -> dict[int, dict[str, Any]]:
    text = (folder / "annotations/panoptic_train.json").read_text(encoding="utf-8")
    return {c["id"]: c for c in json.loads(text)["categories"]}


def test_every_pixel_has_its_class_and_its_object_and_ignore_is_void(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("coco-panoptic")
    names = {code: c["name"] for code, c in categories(folder).items()}
    for truth, ids, segments in decoded(folder, dataset):
        assert truth.instance is not None
        assert np.array_equal(ids == 0, truth.semantic == 255)
        expected = traps.NAMES | {0: "background"}
        for number, segment in segments.items():
            here = ids == number
            assert segment["area"] == here.sum() > 0
            assert len(set(truth.semantic[here].tolist())) == 1
            assert names[segment["category_id"]] == expected[int(truth.semantic[here][0])]
            rows, columns = np.nonzero(here)
            x, y = columns.min(), rows.min()
            assert segment["bbox"] == [x, y, columns.max() + 1 - x, rows.max() + 1 - y]
            assert segment["iscrowd"] == 0
        things = truth.instance > 0
        assert np.array_equal(ids[things], truth.instance[things])
        assert set(np.unique(ids).tolist()) - {0} == set(segments)


def test_hidden_objects_have_no_segment_and_touching_ones_have_two(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    for truth, _, segments in decoded(converted("coco-panoptic"), dataset):
        shown = {o["local_id"] for o in truth.objects if o["local_id"]}
        assert shown <= set(segments)
        assert len([s for s in segments.values() if s["category_id"] in traps.THINGS]) == len(shown)


def test_categories_say_what_is_a_thing_and_background_is_stuff_of_its_own(
    converted: Callable[..., Path],
) -> None:
    found = categories(converted("coco-panoptic"))
    assert {code: c["name"] for code, c in found.items()} == traps.NAMES | {6: "background"}
    assert {code for code, c in found.items() if c["isthing"]} == set(traps.THINGS)
    assert all(len(c["color"]) == 3 for c in found.values())


def test_panoptic_quality_of_the_truth_against_the_dataset_is_1(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    """PQ as Kirillov et al. 2019 define it: segments match where IoU is above a half."""
    folder = converted("coco-panoptic")
    codes = {number: code for code, number in {**{c: c for c in traps.NAMES}, 0: 6}.items()}
    total, hits, misses = Counter[int](), Counter[int](), Counter[int]()
    for truth, ids, segments in decoded(folder, dataset):
        assert truth.instance is not None
        parts = [
            (code, truth.semantic == code) for code in {0, *traps.NAMES} - set(traps.THINGS)
        ] + [
            (o["class_code"], truth.instance == o["local_id"])
            for o in truth.objects if o["local_id"]
        ]  # fmt: skip
        left = set(segments)
        for code, mask in parts:
            if not mask.any():
                continue
            ious = {
                n: (mask & (ids == n)).sum() / (mask | (ids == n)).sum()
                for n, s in segments.items() if codes[s["category_id"]] == code
            }  # fmt: skip
            best = max(ious, key=lambda n: ious[n], default=0)
            if ious.get(best, 0) > 0.5:
                total[code] += ious[best]
                hits[code] += 1
                left.discard(best)
            else:
                misses[code] += 1
        for number in left:
            misses[codes[segments[number]["category_id"]]] += 1
    assert set(hits) == {0, *traps.NAMES}
    assert {code: total[code] / (hits[code] + misses[code] / 2) for code in hits} == dict.fromkeys(
        hits, 1.0
    )
