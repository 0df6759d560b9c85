"""The gallery command, and targets on the command line."""

import json
from pathlib import Path

import numpy as np
import rasterio
from support.commands import BOXES, CLASSES, leftovers, run_cli, write_square_labels
from support.datasets import rows
from support.rasters import place, write_raster


def build(folder: Path, *options: str) -> Path:
    where = place(150, 170)
    image = write_raster(folder / "image.tif", where)
    labels = write_square_labels(folder / "labels.gpkg", where, BOXES, **{"class": CLASSES})
    run_cli(
        "export", image, "--labels", labels, "-o", "dataset", "--size", "64", *options, cwd=folder
    )
    return folder / "dataset"


def test_targets_of_the_command_line_are_written_and_pictured(tmp_path: Path) -> None:
    dataset = build(tmp_path, "--mode", "instance", "--targets", "distance,boundary,footprint")
    assert set(rows(dataset)[0]["files"]) == {
        "image", "semantic", "instance", "boundary", "footprint", "distance",
    }  # fmt: skip
    told = run_cli("gallery", "dataset", "-o", "picture.png", cwd=tmp_path).out
    assert "picture.png: image/image_r0000000_c0000000" in told
    with rasterio.open(tmp_path / "picture.png") as file:
        picture = file.read()
    assert picture.shape[0] == 3
    panel = picture[:, 8 + 16 : 8 + 16 + 256, 8 + 4 * 264 : 8 + 4 * 264 + 256]
    assert sorted(np.unique(panel[0]).tolist()) == [0, 255], "the fifth panel is the footprint"
    assert (panel[0, ::4, ::4] == 255)[5:19, 5:29].all()
    assert not leftovers(tmp_path)


def test_a_chip_can_be_asked_for_by_name(tmp_path: Path) -> None:
    build(tmp_path)
    name = "image_r0000001_c0000001"
    assert f"image/{name}" in run_cli("gallery", "dataset", "--chip", name, cwd=tmp_path).out
    assert (tmp_path / "gallery.png").exists()
    wrong = run_cli("gallery", "dataset", "--chip", name + "1", cwd=tmp_path, code=1).err
    assert f"no chip '{name}1' (did you mean '{name}'?)" in wrong
    assert "no dataset here" in run_cli("gallery", "elsewhere", cwd=tmp_path, code=1).err


def test_an_unknown_target_is_refused_with_the_nearest(tmp_path: Path) -> None:
    result = run_cli(
        "export",
        "a.tif",
        "--labels",
        "b.gpkg",
        "-o",
        "d",
        "--targets",
        "distanc",
        cwd=tmp_path,
        code=1,
    )
    assert "--targets: 'distanc' is no target (did you mean 'distance'?)" in result.err


def test_the_plan_names_the_targets_and_their_bytes(tmp_path: Path) -> None:
    build(tmp_path, "--mode", "instance", "--targets", "distance,coverage")
    recipe = tmp_path / "dataset" / "recipe.toml"
    plan = json.loads(run_cli("plan", recipe, "--json", cwd=tmp_path).out)
    told = {entry["name"]: entry for entry in plan["targets"]}
    n = plan["chips"]
    assert told["distance"]["bytes_at_most"] == n * (2048 + 64 * 64 * 4)
    assert told["coverage"]["channels"] == ["field", "water"]
    assert told["coverage"]["bytes_at_most"] == n * (2048 + 64 * 64 * 2)
    assert told["distance"]["parameters"] == {"limit_px": 20, "of": "objects"}
    text = run_cli("plan", recipe, cwd=tmp_path).out
    assert "distance  1 band float32" in text
