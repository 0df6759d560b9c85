"""`polychip vectorize` and `polychip import` as a person meets them."""

import json
import shlex
from pathlib import Path

import pytest
from support.commands import Cli, leftovers
from support.datasets import files_of, rows
from support.rasters import Place, write_raster
from support.vectors import layer


@pytest.fixture
def dataset(cli: Cli, image: Path, labels: Path) -> str:
    """A dataset of 64-px chips with two classes."""
    cli("export", image, "--labels", labels, "-o", "dataset", "--size", 64, "--mode", "instance")
    return "dataset"


def test_vectorize_tells_what_it_made_and_the_command_it_prints_runs(
    cli: Cli, dataset: str, tmp_path: Path
) -> None:
    done = cli("vectorize", dataset, "-o", "back.gpkg")
    assert "3 polygons from 9 chips written to back.gpkg" in done.out
    assert done.err == ""
    line = next(text for text in done.out.splitlines() if "polychip export" in text)
    words = ["scene.tif" if word == "IMAGE" else word for word in shlex.split(line)[1:]]
    words[words.index("DIR")] = "again"
    cli(*words, "--instance-field", "instance_id", "--mode", "instance", "--size", 64)
    first, second = files_of(tmp_path / "dataset"), files_of(tmp_path / "again")
    masks = [name for name in first if name.startswith("masks/semantic")]
    assert len(masks) == 9
    assert all(first[name] == second[name] for name in masks)


def test_vectorize_answers_in_json_and_keeps_a_file_that_is_there(cli: Cli, dataset: str) -> None:
    told = json.loads(
        cli("vectorize", dataset, "-o", "back.gpkg", "--json", "--min-size", 1000).out
    )
    assert told["polygons"] == {"field": 1, "water": 1}
    assert told["too_small"] == {"water": 1}
    assert told["layers"] == ["labels", "extent"]
    assert told["chips"] == 9
    again = cli("vectorize", dataset, "-o", "back.gpkg", code=1)
    assert "is there already; --overwrite replaces it" in again.err
    cli("vectorize", dataset, "-o", "back.gpkg", "--overwrite")


@pytest.mark.parametrize(("arguments", "message"), [
    (["dataset", "-o", "back.shp"], "back.shp: labels and extent are written as layers of a .gpkg"),
    (["datase", "-o", "back.gpkg"], "no dataset here"),
    (["dataset", "-o", "back.gpkg", "--scene", "secne"], "did you mean 'scene'"),
    (["dataset", "-o", "back.gpkg", "--predictions", "nowhere"], "no such folder of predictions"),
    (["dataset", "-o", "back.gpkg", "--predictions", "."], "give the folder that holds one kind"),
    (["dataset", "-o", "back.gpkg", "--predictions", "other"], "none of its 1 rasters is named like"),
    (["dataset", "-o", "back.gpkg", "--threshold", "0.5"], "about --predictions"),
    (["dataset", "-o", "back.gpkg", "--min-size", "-1"], "0 or more"),
])  # fmt: skip
def test_what_vectorize_can_not_do_is_said_in_a_line(
    cli: Cli, dataset: str, tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "something.png").write_bytes(b"")
    done = cli("vectorize", *arguments, code=1)
    assert message in done.err
    assert not list(tmp_path.glob("*.gpkg.*"))
    assert not leftovers(tmp_path)


def test_a_broken_mask_leaves_no_file_behind(cli: Cli, dataset: str, tmp_path: Path) -> None:
    mask = tmp_path / "dataset" / rows(tmp_path / "dataset")[3]["files"]["semantic"]
    mask.write_bytes(b"II*\0")
    done = cli("vectorize", dataset, "-o", "back.gpkg", code=1)
    assert mask.name in done.err
    assert "run polychip verify" in done.err
    assert not (tmp_path / "back.gpkg").exists()
    assert not leftovers(tmp_path)


def test_a_damaged_file_among_the_predictions_leaves_the_old_result_alone(
    cli: Cli, dataset: str, tmp_path: Path, where: Place
) -> None:
    cli("vectorize", dataset, "-o", "back.gpkg")
    before = (tmp_path / "back.gpkg").read_bytes()
    (tmp_path / "predicted").mkdir()
    chip = rows(tmp_path / "dataset")[0]["chip_id"]
    write_raster(tmp_path / "predicted" / f"{chip}.tif", where)
    done = cli(
        "vectorize", dataset, "-o", "back.gpkg", "--overwrite", "--predictions", "predicted", code=1
    )
    assert "px (height × width), its chip has 64 × 64" in done.err or "bands" in done.err
    assert (tmp_path / "back.gpkg").read_bytes() == before


def test_import_tells_what_it_made_and_the_command_it_prints_runs(
    cli: Cli, image: Path, tmp_path: Path
) -> None:
    (tmp_path / "yolo").mkdir()
    (tmp_path / "yolo" / "scene.txt").write_text("1 0.5 0.5 0.25 0.25\n0 0.1 0.1 0.1 0.1\n")
    done = cli(
        "import", "yolo", "yolo", "--images", image, "--classes", "tree,house", "-o", "l.gpkg"
    )
    assert "2 annotations of 1 image (0 without any) written to l.gpkg in EPSG:32630" in done.out
    line = next(text for text in done.out.splitlines() if "polychip export" in text)
    words = [str(image) if word == "IMAGE" else word for word in shlex.split(line)[1:]]
    words[words.index("DIR")] = "chips"
    cli(*words, "--mode", "instance", "--size", 64)
    assert {r["instance_id"] for r in rows(tmp_path / "chips", "instances")} == {
        "scene:1",
        "scene:2",
    }
    told = json.loads(
        cli(
            "import", "yolo", "yolo", "--images", image, "-o", "l.gpkg", "--json", "--overwrite"
        ).out
    )
    assert told["annotations"] == {"0": 1, "1": 1}
    assert len(layer(tmp_path / "l.gpkg")) == 2


@pytest.mark.parametrize(("arguments", "code", "message"), [
    (["cocoa", "x", "--images", "scene.tif"], 2, "invalid choice: 'cocoa'"),
    (["coco", "none.json", "--images", "scene.tif"], 1, "none.json: no such file or folder"),
    (["coco", "list.json", "--images", "scene.tif"], 1, "a list of results; expected an object"),
    (["labelme", "list.json", "--images", "nowhere"], 1, "nowhere: no such image or folder"),
    (["yolo", ".", "--images", "scene.tif"], 1, "no .txt files"),
    (["voc", ".", "--images", "scene.tif"], 1, "no .xml files"),
    (["labelme", "list.json", "--images", "scene.tif"], 1, "has no shapes"),
    (["masks", "list.json", "--images", "scene.tif"], 1, "expected index rasters"),
])  # fmt: skip
def test_what_import_can_not_do_is_said_in_a_line(
    cli: Cli, image: Path, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    (tmp_path / "list.json").write_text("[]")
    done = cli("import", *arguments, "-o", "l.gpkg", code=code)
    assert message in done.err
    assert not (tmp_path / "l.gpkg").exists()
    assert not leftovers(tmp_path)


def test_progress_as_json_lines_ends_with_what_was_made(cli: Cli, dataset: str) -> None:
    out = cli("vectorize", dataset, "-o", "back.gpkg", "--progress", "json").out
    told = [json.loads(line) for line in out.splitlines()]
    assert told[0]["event"] == "progress"
    assert [t["done"] for t in told if t["event"] == "progress"][-1] == 9
    assert told[-1]["event"] == "done"
    assert told[-1]["polygons"] == {"field": 1, "water": 2}
