"""Class masks of png, yolo-semantic, VOC and Cityscapes, read by Pillow, NumPy and tifffile."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image
from support import traps
from support.rasters import place
from support.truth import truths
from support.workshop import Workshop

import polychip
from polychip.errors import FormatError

VALUES = {0: 0, 1: 1, 2: 2, 3: 3, 5: 4, 255: 255}
"""By code: the gap at 4 is closed."""


def pixels(path: Path, mode: str | None = None) -> np.ndarray:
    with Image.open(path) as picture:
        assert mode is None or picture.mode == mode, picture.mode
        return np.array(picture)


def recoded(mask: np.ndarray, values: dict[int, int]) -> np.ndarray:
    out = np.full(mask.shape, -1)
    for code, value in values.items():
        out[mask == code] = value
    assert (out >= 0).all()
    return out


def facts(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "conversion.json").read_text(encoding="utf-8"))["facts"]


def test_png_masks_hold_the_classes_without_gaps(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("png")
    for truth in truths(dataset):
        mask = pixels(folder / f"ann_dir/{truth.split}/{truth.stem}.png", "P")
        assert np.array_equal(mask, recoded(truth.semantic, VALUES))
        image = pixels(folder / f"img_dir/{truth.split}/{truth.stem}.png", "RGB")
        assert image.shape == (*truth.semantic.shape, 3)
    names = {c["value"]: c["name"] for c in facts(folder)["classes"]}
    assert names == {
        0: "background", 1: "Wald & Wiese", 2: "flood water", 3: "Gebäude mit Hof", 4: "Straße",
        255: "ignore",
    }  # fmt: skip


def test_png_masks_may_keep_the_codes(dataset: Path, converted: Callable[..., Path]) -> None:
    folder = converted("png", values="codes")
    for truth in truths(dataset):
        mask = pixels(folder / f"ann_dir/{truth.split}/{truth.stem}.png", "P")
        assert np.array_equal(mask, truth.semantic)


def test_codes_beyond_255_become_16_bit_png(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, where=place(16, 16))
    labels = workshop.labels([traps.box(2, 3, 4, 5)], **{"class": ["far"]})
    made = workshop.build(
        workshop.image(), {"path": labels},
        schema={"class_field": "class", "classes": [{"name": "far", "code": 300}]},
    )  # fmt: skip
    polychip.convert(made, "png", tmp_path / "codes", values="codes")
    mask = pixels(next((tmp_path / "codes/ann_dir").rglob("*.png")), "I;16")
    assert (mask == 300).sum() == 20
    assert (mask == 0).sum() == 16 * 16 - 20
    polychip.convert(made, "png", tmp_path / "contiguous")
    assert (pixels(next((tmp_path / "contiguous/ann_dir").rglob("*.png")), "P") == 1).sum() == 20


def test_more_than_254_classes_are_refused_where_masks_have_8_bits(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, where=place(16, 16))
    labels = workshop.labels([traps.box(2, 3, 4, 5)], **{"class": ["c1"]})
    classes = [{"name": f"c{code}", "code": code} for code in range(1, 300)]
    made = workshop.build(
        workshop.image(), {"path": labels}, schema={"class_field": "class", "classes": classes}
    )
    for name in ("png", "yolo-semantic", "voc"):
        with pytest.raises(FormatError, match="up to 254 classes in 8 bits, the dataset has 299"):
            polychip.convert(made, name, tmp_path / name)


def test_yolo_semantic_masks_count_classes_from_0_and_lie_beside_the_images(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("yolo-semantic")
    for truth in truths(dataset):
        mask = pixels(folder / f"masks/{truth.split}/{truth.stem}.png", "L")
        assert np.array_equal(mask, recoded(truth.semantic, VALUES))
        assert (folder / f"images/{truth.split}/{truth.stem}.png").exists()


def test_multispectral_images_have_a_page_a_band(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("yolo-semantic", bands=("all",), stretch="0,60000")
    assert "channels: 4" in (folder / "data.yaml").read_text(encoding="utf-8")
    for truth in truths(dataset):
        path = folder / f"images/{truth.split}/{truth.stem}.tiff"
        with tifffile.TiffFile(path) as file:
            assert len(file.pages) == 4
            shown = np.stack([page.asarray() for page in file.pages])
        assert shown.dtype == np.uint8
        assert np.abs(shown - (truth.image * (255 / 60000)).clip(0, 255)).max() < 0.5 + 1e-9


def voc_color(value: int) -> list[int]:
    """VOC's colour map, from the table that everybody knows."""
    known = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 3: (128, 128, 0), 4: (0, 0, 128),
             255: (224, 224, 192)}  # fmt: skip
    return list(known[value])


def test_voc_masks_are_palette_pictures_with_void(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("voc") / "VOCdevkit/VOC2012"
    listed = []
    for split in ("train", "val", "test"):
        listed += (folder / f"ImageSets/Segmentation/{split}.txt").read_text().split()
    assert sorted(listed) == sorted(t.stem for t in truths(dataset))
    for truth in truths(dataset):
        assert truth.instance is not None
        with Image.open(folder / f"SegmentationClass/{truth.stem}.png") as picture:
            assert picture.mode == "P"
            palette = np.array(picture.getpalette()).reshape(-1, 3)
            mask = np.array(picture)
        assert np.array_equal(mask, recoded(truth.semantic, VALUES))
        for value in VALUES.values():
            assert palette[value].tolist() == voc_color(value)
        objects = pixels(folder / f"SegmentationObject/{truth.stem}.png", "P")
        assert np.array_equal(objects == 255, truth.semantic == 255)
        assert np.array_equal(objects[objects != 255], truth.instance[objects != 255])
        assert truth.stem in (folder / f"ImageSets/Segmentation/{truth.split}.txt").read_text()


def test_voc_images_without_loss_are_the_png_formats(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    lossless = converted("voc", images="png") / "VOCdevkit/VOC2012/JPEGImages"
    lossy = converted("voc") / "VOCdevkit/VOC2012/JPEGImages"
    for truth in truths(dataset):
        known = pixels(converted("png") / f"img_dir/{truth.split}/{truth.stem}.png")
        assert np.array_equal(pixels(lossless / f"{truth.stem}.png"), known)
        assert np.abs(pixels(lossy / f"{truth.stem}.jpg").astype(int) - known).mean() < 8


def many_objects(folder: Path, n: int, side: int) -> Path:
    """A dataset of one chip with so many objects of one pixel each, 2 px apart."""
    folder.mkdir()
    workshop = Workshop(folder, where=place(side, side))
    places = [(x, y) for y in range(0, side, 2) for x in range(0, side, 2)][:n]
    labels = workshop.labels([traps.box(x, y, 1, 1) for x, y in places])
    return workshop.build(
        workshop.image(), {"path": labels, "class_name": "dot"}, chips={"size": side},
        masks={"mode": "instance"}, split={"by": "none"},
    )  # fmt: skip


def test_voc_holds_254_objects_and_refuses_the_255th(tmp_path: Path) -> None:
    most = many_objects(tmp_path / "most", 254, 32)
    polychip.convert(most, "voc", tmp_path / "voc")
    mask = pixels(next(tmp_path.glob("voc/VOCdevkit/VOC2012/SegmentationObject/*.png")), "P")
    assert sorted(np.unique(mask).tolist()) == list(range(255))
    more = many_objects(tmp_path / "more", 255, 32)
    with pytest.raises(
        FormatError, match=r"chip scene/scene_r\d+_c\d+: it shows 255 objects.*coco"
    ):
        polychip.convert(more, "voc", tmp_path / "refused")


def test_cityscapes_ids_are_class_thousands_and_objects(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("cityscapes")
    for truth in truths(dataset):
        assert truth.instance is not None
        row = truth.row
        name = f"{truth.split}/scene/scene_{row['row']:07d}_{row['col']:07d}"
        assert (folder / f"leftImg8bit/{name}_leftImg8bit.png").exists()
        labels = pixels(folder / f"gtFine/{name}_gtFine_labelIds.png")
        assert np.array_equal(labels, recoded(truth.semantic, VALUES))
        ids = pixels(folder / f"gtFine/{name}_gtFine_instanceIds.png").astype(int)
        assert np.array_equal(np.where(ids < 1000, ids, ids // 1000), labels)
        assert np.array_equal(ids >= 1000, truth.instance > 0)
        pairs = set(
            zip(ids[ids >= 1000].tolist(), truth.instance[ids >= 1000].tolist(), strict=True)
        )
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
        for value in {a // 1000 for a, _ in pairs}:
            numbers = sorted(a % 1000 for a, _ in pairs if a // 1000 == value)
            assert numbers == list(range(len(numbers)))


def test_cityscapes_holds_1000_objects_of_a_class_and_refuses_the_next(tmp_path: Path) -> None:
    most = many_objects(tmp_path / "most", 1000, 64)
    polychip.convert(most, "cityscapes", tmp_path / "out")
    ids = pixels(next(tmp_path.glob("out/gtFine/*/*/*_instanceIds.png")))
    assert sorted(np.unique(ids).tolist()) == [0, *range(1000, 2000)]
    more = many_objects(tmp_path / "more", 1001, 64)
    with pytest.raises(FormatError, match=r"more than 1000 objects of class 'dot'.*coco"):
        polychip.convert(more, "cityscapes", tmp_path / "refused")


def test_cityscapes_refuses_splits_that_it_does_not_know(tmp_path: Path) -> None:
    odd = traps.build(tmp_path, split={"by": "random", "fractions": {"train": 0.5, "holdout": 0.5}})
    with pytest.raises(FormatError, match="'holdout'; build the dataset with these names"):
        polychip.convert(odd, "cityscapes", tmp_path / "out")
