"""The dataset in PyTorch holds what the files hold."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from shapely import box
from support.datasets import read_chip, rows
from support.workshop import Workshop
from torch.utils.data import DataLoader, Dataset

import polychip
from polychip.errors import InputError


def double(sample: dict[str, Any]) -> dict[str, Any]:
    """A transform that spawned workers can import."""
    return sample | {"image": sample["image"] * 2}


@pytest.mark.parametrize("split", [None, "train", "val", "test"])
def test_images_and_masks_are_those_of_the_files(sample: Path, split: str | None) -> None:
    data = polychip.open(sample).to_torch(split)
    chosen = [row for row in rows(sample) if split in (None, row["split"])]
    assert isinstance(data, Dataset)
    assert len(data) == len(chosen) > 0
    for row, chip in zip(chosen, data, strict=True):
        assert (chip["chip_id"], chip["scene"]) == (row["chip_id"], row["scene"])
        assert (chip["image"].dtype, chip["mask"].dtype) == (torch.float32, torch.int64)
        np.testing.assert_array_equal(chip["image"].numpy(), read_chip(sample, row, "image"))
        np.testing.assert_array_equal(chip["mask"].numpy(), read_chip(sample, row, "semantic")[0])


def test_the_source_s_dtype_is_kept_on_request(sample: Path) -> None:
    chip = polychip.open(sample).to_torch(dtype=None)[3]
    assert chip["image"].dtype == torch.uint16
    np.testing.assert_array_equal(chip["image"], read_chip(sample, rows(sample)[3], "image"))
    assert polychip.open(sample).to_torch(dtype="float64")[3]["image"].dtype == torch.float64


def test_codes_and_ignore_are_named_for_the_loss(sample: Path) -> None:
    data = polychip.open(sample).to_torch()
    assert (data.num_classes, data.ignore_index) == (6, 255)
    assert data.class_names == {
        0: "background",
        1: "flood_water",
        2: "permanent_water",
        3: "building",
        4: "road",
        5: "debris",
    }
    seen = {int(code) for chip in data for code in chip["mask"].unique()}
    assert seen == set(data.class_names) | {data.ignore_index}


def test_objects_come_as_torchvision_s_detectors_take_them(workshop: Workshop) -> None:
    # Two objects in the left chip, the second partly under the first; none in the right one.
    labels = workshop.labels(
        [box(1, 2, 4, 6), box(3, 4, 9, 8)], name="two.gpkg", **{"class": ["house", "shed"]}
    )
    schema = {
        "class_field": "class",
        "classes": [{"name": "house", "code": 7}, {"name": "shed", "code": 2}],
    }
    made = workshop.build(workshop.image(), labels, masks={"mode": "instance"}, schema=schema)
    data = polychip.open(made).to_torch(style="detection")
    image, target = data[0]
    by_label = {int(label): place for place, label in enumerate(target["labels"])}
    house, shed = by_label[7], by_label[2]
    assert target["boxes"][house].tolist() == [1, 2, 4, 6]
    assert target["boxes"][shed].tolist() == [3, 4, 9, 8]
    assert target["area"][[house, shed]].tolist() == [12, 22]
    assert target["masks"].shape == (2, *image.shape[1:])
    assert target["masks"][shed, 4:8].sum(dim=1).tolist() == [5, 5, 6, 6]
    assert not (target["masks"].sum(dim=0) > 1).any()
    _, empty = data[1]
    assert empty["boxes"].shape == (0, 4)
    assert empty["masks"].shape == (0, *image.shape[1:])
    assert [target["image_id"], empty["image_id"]] == [0, 1]


def test_torchvision_s_mask_r_cnn_trains_on_the_sample(sample: Path) -> None:
    from torchvision.models.detection import maskrcnn_resnet50_fpn

    data = polychip.open(sample).to_torch(style="detection")
    image, target = max(
        (data[place] for place in range(len(data))), key=lambda s: len(s[1]["boxes"])
    )
    model = maskrcnn_resnet50_fpn(
        weights=None,
        weights_backbone=None,
        num_classes=data.num_classes,
        min_size=128,
        max_size=128,
    )
    losses = model.train()([image[:3] / 10_000], [target])
    assert {"loss_classifier", "loss_box_reg", "loss_mask"} <= losses.keys()
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_local_ids_join_with_the_table_of_objects(sample: Path) -> None:
    dataset = polychip.open(sample)
    data = dataset.to_torch(style="detection")
    visible = dataset.instances[dataset.instances.local_id > 0]
    expected = {
        (row.chip_id, row.scene, row.local_id): (row.class_code, row.visible_px)
        for row in visible.itertuples()
    }
    found = {}
    for row, (_, target) in zip(rows(sample), data, strict=True):
        for number, label, area in zip(
            target["local_ids"].tolist(),
            target["labels"].tolist(),
            target["area"].tolist(),
            strict=True,
        ):
            found[row["chip_id"], row["scene"], number] = (label, area)
    assert found == expected
    assert len(found) > 200


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_give_what_one_process_gives(sample: Path, start: str) -> None:
    data = polychip.open(sample).to_torch("train", transforms=double)
    alone = list(DataLoader(data, batch_size=4))
    together = list(DataLoader(data, batch_size=4, num_workers=2, multiprocessing_context=start))
    assert len(alone) == len(together) == 8
    for one, other in zip(alone, together, strict=True):
        assert torch.equal(one["image"], other["image"])
        assert torch.equal(one["mask"], other["mask"])
        assert one["chip_id"] == other["chip_id"]


def test_it_pickles_also_from_another_folder(
    sample: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(sample.parent)
    data = polychip.open(sample.name).to_torch("val")
    monkeypatch.chdir(tmp_path)
    copy = pickle.loads(pickle.dumps(data))  # noqa: S301 - our own bytes
    assert len(copy) == len(data)
    assert torch.equal(copy[-1]["mask"], data[len(data) - 1]["mask"])


def test_transforms_get_the_sample_and_their_answer_is_the_sample(sample: Path) -> None:
    dataset = polychip.open(sample)
    plain = dataset.to_torch()[0]
    assert torch.equal(dataset.to_torch(transforms=double)[0]["image"], plain["image"] * 2)

    def swap(image: Any, target: Any) -> tuple[Any, Any]:
        return target, image

    target, image = dataset.to_torch(style="detection", transforms=swap)[0]
    assert torch.equal(image, plain["image"])
    assert "boxes" in target


def test_layers_are_put_one_after_another_in_the_order_asked(workshop: Workshop) -> None:
    first = workshop.image(name="a.tif")
    second = workshop.image(name="b.tif", nodata=0)
    labels = workshop.labels([box(1, 1, 5, 5)])
    made = workshop.build({"s1": first, "s2": second}, labels)
    dataset, row = polychip.open(made), rows(made)[0]
    s1, s2 = read_chip(made, row, "image_s1"), read_chip(made, row, "image_s2")
    np.testing.assert_array_equal(dataset.to_torch()[0]["image"], np.concatenate([s1, s2]))
    both = dataset.to_torch(layers=["s2", "s1"])[0]["image"]
    np.testing.assert_array_equal(both, np.concatenate([s2, s1]))
    np.testing.assert_array_equal(dataset.to_torch(layers=["s2"])[0]["image"], s2)


def test_further_masks_come_by_name(sample: Path) -> None:
    chip = polychip.open(sample).to_torch(targets=["instance"])[7]
    np.testing.assert_array_equal(
        chip["instance"], read_chip(sample, rows(sample)[7], "instance")[0]
    )


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (lambda d: d.to_torch("tran"), "did you mean 'train'"),
        (lambda d: d.to_torch(layers=["s2"]), "no image layer 's2'"),
        (lambda d: d.to_torch(targets=["instanc"]), "did you mean 'instance'"),
        (lambda d: d.to_torch(dtype="float31"), "no such dtype"),
        (lambda d: d.to_torch(style="detect"), "did you mean 'detection'"),
    ],
)
def test_what_is_not_there_is_refused_by_name(
    sample: Path, asked: Callable[[Any], Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        asked(polychip.open(sample))


def test_objects_of_a_semantic_dataset_are_refused(workshop: Workshop) -> None:
    made = workshop.build(workshop.image(), workshop.labels([box(1, 1, 5, 5)]))
    with pytest.raises(InputError, match=r"masks\.mode = 'instance' or 'panoptic'"):
        polychip.open(made).to_torch(style="detection")
