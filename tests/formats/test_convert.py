"""What all formats have in common: order, workers, wholeness, refusals, the one stretch."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support import traps
from support.conversions import ANY_DATASET
from support.datasets import differing, files_of, manifest
from support.truth import truths

import polychip
from polychip.errors import FormatError, OutputError
from polychip.format_list import FORMATS


@pytest.mark.parametrize("name", ANY_DATASET)
def test_two_workers_write_the_bytes_that_one_writes(
    dataset: Path, tmp_path: Path, name: str, converted: Callable[..., Path]
) -> None:
    polychip.convert(dataset, name, tmp_path / "two", workers=2)
    assert differing(converted(name), tmp_path / "two") == []


@pytest.mark.parametrize("name", ANY_DATASET)
def test_each_format_says_how_it_is_loaded_and_what_it_does_not_hold(
    converted: Callable[..., Path], name: str, dataset: Path
) -> None:
    folder = converted(name)
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "```python" in text
    assert "What this format does not hold" in text
    told = json.loads((folder / "conversion.json").read_text(encoding="utf-8"))
    assert told["format"] == name
    assert told["chips"] == 6
    assert told["dataset"]["digest"] == manifest(dataset)["digest"]
    assert set(told["by_split"]) == {"train", "val", "test"}


def test_a_folder_with_other_files_is_never_touched(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(OutputError, match=r"holds other files \(notes.txt\)"):
            polychip.convert(dataset, "png", tmp_path / "mine", overwrite=overwrite)
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
    with pytest.raises(OutputError, match="holds a Polychip dataset"):
        polychip.convert(dataset, "png", dataset, overwrite=True)


def test_a_conversion_is_replaced_only_when_told_to_and_then_as_a_whole(
    dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    polychip.convert(dataset, "png", out)
    with pytest.raises(OutputError, match="--overwrite"):
        polychip.convert(dataset, "yolo-semantic", out)
    polychip.convert(dataset, "yolo-semantic", out, overwrite=True)
    assert not (out / "ann_dir").exists()
    assert (out / "data.yaml").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_refused_chip_leaves_nothing_and_keeps_what_was_there(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    polychip.convert(dataset, "voc", out)
    before = files_of(out)
    monkeypatch.setattr("polychip.formats.pascal_voc.MOST_OBJECTS", 1)
    with pytest.raises(FormatError, match="hold 1; make chips smaller"):
        polychip.convert(dataset, "voc", out, overwrite=True)
    assert files_of(out) == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_damaged_dataset_is_refused_by_the_file_that_is_missing(tmp_path: Path) -> None:
    broken = traps.build(tmp_path / "broken")
    victim = sorted(broken.glob("masks/semantic/**/*.tif"))[3]
    victim.unlink()
    with pytest.raises(polychip.InputError, match=victim.name):
        polychip.convert(broken, "png", tmp_path / "out", workers=2)
    assert not (tmp_path / "out").exists()


def test_formats_of_objects_refuse_a_dataset_without_any(
    semantic_dataset: Path, tmp_path: Path
) -> None:
    for name in ANY_DATASET:
        if FORMATS[name].needs_objects:
            with pytest.raises(FormatError, match=r"--mode"):
                polychip.convert(semantic_dataset, name, tmp_path / name)
        else:
            done = polychip.convert(semantic_dataset, name, tmp_path / name)
            assert done.by_split == {"train": 6}


def test_unknown_names_are_refused_with_the_nearest(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="did you mean 'coco'"):
        polychip.convert(dataset, "coc", tmp_path / "x")
    with pytest.raises(FormatError, match="did you mean 'masks'"):
        polychip.convert(dataset, "coco", tmp_path / "x", mask="visible")
    with pytest.raises(FormatError, match="did you mean 'visible'"):
        polychip.convert(dataset, "coco", tmp_path / "x", masks="visibel")
    with pytest.raises(FormatError, match="has 4 bands"):
        polychip.convert(dataset, "coco", tmp_path / "x", bands=[5])
    with pytest.raises(FormatError, match="no layer 'sar'"):
        polychip.convert(dataset, "coco", tmp_path / "x", layer="sar")
    with pytest.raises(FormatError, match="a stretch has no use"):
        polychip.convert(dataset, "gpkg", tmp_path / "x", stretch="0,1")
    with pytest.raises(FormatError, match="only whole datasets"):
        polychip.open(dataset).split("train").convert("coco", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["5", "3,1", "1,1", "1,2,3,4", "a,b", "0,inf", "nan,4"])
def test_a_stretch_that_says_nothing_is_refused(dataset: Path, tmp_path: Path, text: str) -> None:
    with pytest.raises(FormatError, match="MIN,MAX with MIN below MAX"):
        polychip.convert(dataset, "png", tmp_path / "x", stretch=text)


def pictures(folder: Path) -> dict[str, np.ndarray]:
    return {p.stem: np.array(Image.open(p)) for p in folder.glob("img_dir/*/*.png")}


def test_a_fixed_stretch_is_the_formula_in_every_chip(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    shown = pictures(converted("png", stretch="100,5100", bands=(2, 1, 4)))
    for truth in truths(dataset):
        pixels = truth.image[[1, 0, 3]].astype(float)
        expected = ((pixels - 100) * 255 / 5000).clip(0, 255)
        expected[truth.image[[1, 0, 3]] == 0] = 0
        assert np.abs(shown[truth.stem].transpose(2, 0, 1) - expected).max() < 0.5 + 1e-9


def test_a_pair_for_each_band_may_be_given(dataset: Path, converted: Callable[..., Path]) -> None:
    shown = pictures(converted("png", stretch="0,6000,0,12000,0,60000", bands=(1, 2, 4)))
    for truth in truths(dataset):
        grey = shown[truth.stem]
        known = truth.image[0] > 0
        # The second band is twice the first, and so is its stretch.
        assert np.array_equal(grey[..., 0][known], grey[..., 1][known])


def test_the_percentiles_are_those_of_all_pixels_with_data(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    told = json.loads((converted("png") / "conversion.json").read_text(encoding="utf-8"))
    stretch = told["facts"]["picture"]["stretch"]
    pixels = np.concatenate([t.image.reshape(4, -1) for t in truths(dataset)], axis=1)
    for band in range(3):
        values = np.sort(pixels[band][pixels[band] != 0])
        low, high = (values[int(np.ceil(share * len(values))) - 1] for share in (0.02, 0.98))
        assert stretch["min"][band] == low
        assert stretch["max"][band] == high


def test_a_recipes_formats_lie_below_the_dataset_and_leave_its_digest_alone(
    tmp_path: Path, dataset: Path
) -> None:
    coco = {"to": "coco", "stretch": "0,6000", "set": {"masks": "visible"}}
    formats: list[Any] = ["yolo-semantic", coco]
    made = traps.build(
        tmp_path, output={"path": str(tmp_path / "dataset"), "compress": "none", "formats": formats}
    )
    assert manifest(made)["digest"] == manifest(dataset)["digest"]
    told = json.loads((made / "formats/coco/conversion.json").read_text(encoding="utf-8"))
    assert told["options"] == {"stretch": "0,6000", "more": {"masks": "visible"}}
    polychip.convert(made, "yolo-semantic", tmp_path / "again")
    assert differing(made / "formats/yolo-semantic", tmp_path / "again") == []
    from polychip.quality.verify import verify_dataset

    assert verify_dataset(made).ok


def test_replacing_a_dataset_takes_its_formats_with_it(tmp_path: Path) -> None:
    from support.rasters import place
    from support.workshop import Workshop

    workshop = Workshop(tmp_path, where=place(traps.HEIGHT, traps.WIDTH))
    recipe = traps.recipe(workshop)
    recipe["output"]["formats"] = ["png"]
    made = workshop.run(recipe)
    (made / "formats" / "mine").mkdir()
    (made / "formats" / "mine" / "notes.txt").write_text("mine")
    recipe["output"]["formats"] = ["yolo-seg"]
    workshop.run(recipe, overwrite=True)
    assert sorted(p.name for p in (made / "formats").iterdir()) == ["mine", "yolo-seg"]
