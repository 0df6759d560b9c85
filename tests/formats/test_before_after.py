"""xBD and SpaceNet 8, read by Pillow, csv and rasterio."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image
from support import floods
from support.conversions import docs_snippet, readme_snippet
from support.datasets import differing, manifest, read_chip, rows

import polychip
from polychip.errors import FormatError

SPELLED = {"train": "train", "val": "hold", "test": "test"}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return floods.before_after(tmp_path_factory.mktemp("pair"))


@pytest.fixture(scope="module", params=["xbd", "spacenet8"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def codes(dataset: Path) -> dict[str, int]:
    return {c["name"]: c["code"] for c in manifest(dataset)["schema"]["classes"]}


def stem(row: dict[str, Any]) -> str:
    return f"elbe-1_{row['row']:07d}{row['col']:07d}"


def test_xbd_targets_are_buildings_before_and_grades_after(pair: Path, tmp_path: Path) -> None:
    polychip.convert(pair, "xbd", tmp_path / "out", stretch="0,100")
    code, seen = codes(pair), set()
    for row in rows(pair):
        side = "pre" if row["scene"] == "elbe_2024-05-01" else "post"
        folder = tmp_path / "out" / SPELLED[row["split"]]
        with Image.open(folder / f"images/{stem(row)}_{side}_disaster.png") as picture:
            assert picture.mode == "RGB"
        target = np.array(Image.open(folder / f"targets/{stem(row)}_{side}_disaster_target.png"))
        semantic = read_chip(pair, row, "semantic")[0]
        expected = (semantic == code["building"]).astype(int)
        for value, grade in enumerate(floods.GRADES, start=1):
            expected[semantic == code[grade]] = value if side == "post" else 1
        assert np.array_equal(target, expected)
        seen |= {(side, value) for value in np.unique(target).tolist()}
    assert seen == {("pre", 0), ("pre", 1), *(("post", value) for value in range(5))}
    n = sum((read_chip(pair, row, "semantic") == code["road"]).sum() for row in rows(pair))
    told = json.loads((tmp_path / "out/conversion.json").read_text("utf-8"))
    assert told["left_out"]["pixels of class 'road' that became background"] == n


def test_spacenet8_bands_are_one_hot_and_listed_with_both_images(
    pair: Path, tmp_path: Path
) -> None:
    out, code = tmp_path / "out", codes(pair)
    polychip.convert(pair, "spacenet8", out, dry_building="building,no-damage,minor-damage",
                     flooded_building="major-damage,destroyed")  # fmt: skip
    expected = [("building", "no-damage", "minor-damage"), ("major-damage", "destroyed"), ("road",),
                ("flooded road",)]  # fmt: skip
    after = {stem(r): r for r in rows(pair) if r["scene"] == "elbe_2024-06-05"}
    before = {stem(r): r for r in rows(pair) if r["scene"] == "elbe_2024-05-01"}
    total = np.zeros(4, dtype=int)
    for split in SPELLED:
        with (out / f"sn8_data_{split}.csv").open() as file:
            listed = list(csv.DictReader(file))
        for line in listed:
            row = after.pop(Path(line["postimg"]).stem)
            assert row["split"] == split
            assert (out / line["postimg"]).read_bytes() == (
                pair / row["files"]["image"]
            ).read_bytes()
            earlier = before[stem(row)]["files"]["image"]
            assert (out / line["preimg"]).read_bytes() == (pair / earlier).read_bytes()
            semantic = read_chip(pair, row, "semantic")[0]
            with rasterio.open(out / line["flood"]) as file:
                assert (file.count, file.dtypes[0], file.nodata) == (4, "uint8", None)
                flood = file.read()
            for band, names in zip(flood, expected, strict=True):
                assert np.array_equal(band, np.isin(semantic, [code[n] for n in names]))
            for kind, bands in (("building", flood[:2]), ("road", flood[2:])):
                with rasterio.open(out / line[kind]) as file:
                    assert np.array_equal(file.read(1), bands.sum(axis=0))
            total += flood.sum(axis=(1, 2), dtype=int)
    assert not after
    assert (total > 0).all()


def test_two_workers_write_the_bytes_that_one_writes(pair: Path, tmp_path: Path, name: str) -> None:
    for workers in (1, 2):
        polychip.convert(pair, name, tmp_path / f"out{workers}", workers=workers)
    assert differing(tmp_path / "out1", tmp_path / "out2") == []


def test_the_snippet_runs_and_is_the_one_that_the_docs_show(
    pair: Path, tmp_path: Path, name: str
) -> None:
    polychip.convert(pair, name, tmp_path / "out")
    snippet = readme_snippet(tmp_path / "out")
    page = Path(__file__).parents[2] / "docs" / "formats.md"
    assert docs_snippet(page, name) == snippet
    done = subprocess.run(
        [sys.executable, "-c", snippet],
        cwd=tmp_path / "out", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_chip_without_its_partner_is_refused(tmp_path: Path, name: str) -> None:
    made = floods.before_after(
        tmp_path / "made", hole=True, chips={"size": floods.SIZE, "max_nodata": 0.5}
    )
    with pytest.raises(FormatError, match=r"scene 'elbe_2024-05-01' has no such chip \(1 of"):
        polychip.convert(made, name, tmp_path / "x")


def test_ignored_pixels_stop_it_unless_they_may_become_background(
    tmp_path: Path, name: str
) -> None:
    made = floods.before_after(tmp_path / "made", cloud=True)
    with pytest.raises(FormatError, match=r"chip elbe.*20 of its pixels are ignore.*=background"):
        polychip.convert(made, name, tmp_path / "x")
    polychip.convert(made, name, tmp_path / "out", ignore="background")
    told = json.loads((tmp_path / "out/conversion.json").read_text("utf-8"))
    assert told["left_out"]["ignored pixels that became background"] == 20


def test_a_dataset_of_one_date_is_no_pair(dataset: Path, tmp_path: Path, name: str) -> None:
    option = {"xbd": "building", "spacenet8": "dry_building"}[name]
    with pytest.raises(FormatError, match=r"group 'scene' has scene \(2024-10-31\)"):
        polychip.convert(dataset, name, tmp_path / "x", **{option: "Gebäude mit Hof"})


def test_the_user_may_say_which_scene_is_before(pair: Path, tmp_path: Path) -> None:
    polychip.convert(pair, "xbd", tmp_path / "out", pre="elbe_2024-06-05")
    told = json.loads((tmp_path / "out/conversion.json").read_text("utf-8"))
    assert told["facts"]["sides"] == {"elbe_2024-05-01": "post", "elbe_2024-06-05": "pre"}
    with pytest.raises(FormatError, match="did you mean 'elbe_2024-06-05'"):
        polychip.convert(pair, "xbd", tmp_path / "x", pre="elbe_2024-06-06")
