"""Labels drawn in a real QGIS window, by mouse and keys; then the real engine and an oracle."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from polychip_qgis.drawing.make import open_layers
from polychip_qgis.drawing.templates import template
from qgis.core import QgsGeometry, QgsPointXY

from window.harness import WindowResult, WindowRun, plugins_folder, run_window

SCENARIOS = Path(__file__).resolve().parent / "scenarios"
ARTIFACTS = Path(os.environ.get("POLYCHIP_ARTIFACTS", ROOT / "artifacts")) / "window"
SAMPLE = ROOT / "sample_data"


def images(folder):
    """Copies: QGIS may write side files beside an image."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {"before": "before_20240915.tif", "after": "after_20241031.tif"}
    return {key: str(shutil.copy(SAMPLE / name, folder / name)) for key, name in found.items()}


def run(scenario, home, unpacked_plugin, inputs, theme="default", folder=None):
    if not plugins_folder(home).exists():
        shutil.copytree(unpacked_plugin, plugins_folder(home) / "polychip_qgis")
    return run_window(WindowRun(
        scenario=SCENARIOS / f"{scenario}.py",
        artifacts=ARTIFACTS / (folder or scenario),
        home=home,
        inputs=inputs,
        settings={"PythonPlugins/polychip_qgis": "true", "UI/UITheme": theme},
        timeout_s=300,
    ))  # fmt: skip


@pytest.fixture(scope="module", params=["default", "Night Mapping"], ids=["light", "dark"])
def drawn(request, unpacked_plugin, tmp_path_factory) -> WindowResult:
    """The scenario, once in each theme."""
    theme = "light" if request.param == "default" else "dark"
    home = tmp_path_factory.mktemp("home")
    inputs = {**images(home / "images"), "geopackage": str(home / "work" / "labels.gpkg")}
    result = run("drawing", home, unpacked_plugin, inputs, request.param, f"drawing_{theme}")
    assert not result.error, result.error
    result.values["inputs"] = inputs
    return result


def test_the_page_lays_out_whole_cells(drawn):
    assert drawn.values["cells"] == "Cells: 25"


def test_the_image_to_be_labelled_shows_and_the_other_date_does_not(drawn):
    assert drawn.values["shown"] == {"before": False, "after": True}


def test_corners_lie_where_the_mouse_was_clicked(drawn):
    ring = [QgsPointXY(*at) for at in drawn.values["kept"]["water"]]
    clicked = QgsGeometry.fromPolygonXY([[*ring, ring[0]]])
    shapes = [
        QgsGeometry.fromWkt(text) for name, text in drawn.values["polygons"] if name == "water"
    ]
    nearest = min(shape.hausdorffDistance(clicked) for shape in shapes)
    assert nearest < 1.5 * drawn.values["pixel_m"]


def test_a_house_inside_water_under_each_rule(drawn):
    areas = drawn.values["areas"]

    def by_class(name):
        return {row[0]: row[2] for row in areas[name]}

    for rule in ("overlap", "give_way", "take_ground"):
        assert sorted(by_class(rule)) == ["infrastructure", "water"]
    house, water = by_class("overlap")["infrastructure"], by_class("overlap")["water"]
    for rule in ("give_way", "take_ground"):
        cut = by_class(rule)
        assert cut["infrastructure"] == pytest.approx(house, rel=0.02)
        assert cut["water"] == pytest.approx(water - house, rel=0.02)


def test_hole_split_merge_and_re_class(drawn):
    areas = drawn.values["areas"]
    waters = {name: [row for row in rows if row[0] == "water"] for name, rows in areas.items()}
    before, hole = waters["take_ground"][0][2], waters["hole"][0][2]
    assert hole < before
    assert len(waters["split"]) == 2
    assert sum(row[2] for row in waters["split"]) == pytest.approx(hole, rel=1e-6)
    assert drawn.values["n_selected"] == 2
    assert len(waters["merge"]) == 1
    assert waters["merge"][0][2] == pytest.approx(hole, rel=1e-6)
    assert waters["merge"][0][1] == waters["take_ground"][0][1]
    assert sorted(row[0] for row in areas["re_class"]) == ["debris", "water"]


def test_undo_and_redo_all_the_way(drawn):
    assert drawn.values["after_undo"] == []
    assert drawn.values["same_after_redo"]
    assert drawn.values["n_steps"] == 10


def test_what_was_saved_is_what_the_engine_burns(drawn, run_cli, ask_oracle, tmp_path):
    path = Path(drawn.values["inputs"]["geopackage"])
    dataset = run_cli(path.with_name("recipe.toml"), tmp_path / "dataset")
    labels, _, tasks = open_layers(path)
    assert sorted(f["class"] for f in labels.getFeatures()) == sorted(
        name for name, _ in drawn.values["polygons"]
    )
    assert {f["annotator"] for f in labels.getFeatures()} == {"Ann"}
    assert {f["source_image"] for f in labels.getFeatures()} == {"after"}
    assert sorted(f["status"] for f in tasks.getFeatures()).count("done") == 3
    classes = template("flood").classes
    polygons = [
        [known.code, text]
        for known in classes
        for name, text in drawn.values["polygons"]
        if name == known.name
    ]
    answer = ask_oracle(
        "pixels", dataset=str(dataset), image=drawn.values["inputs"]["after"], polygons=polygons,
        looked_at=drawn.values["done"], near=1e-6,
    )  # fmt: skip
    assert answer["wrong"] == 0
    assert answer["compared"] > 25 * 128 * 128 - 1000
    assert set(answer["values"]) == {"0", "1", "3", "4", "255"}
    known = sum(count for value, count in answer["values"].items() if value != "255")
    assert known == 3 * 128 * 128


def test_no_key_is_shared_with_another_action_of_qgis(drawn):
    assert drawn.values["ambiguous"] == []


def test_shift_and_a_digit_are_the_classes_after_the_ninth(drawn):
    assert drawn.values["class_keys"] == [10, 9, 12]


def test_nothing_unsaved_is_left_beside_the_labels(drawn):
    assert [name for name in drawn.values["dirty_files"] if "unsaved" in name] == []
    assert {"labels.gpkg", "labels.qgz", "recipe.toml"} <= set(drawn.values["dirty_files"])


def test_the_other_date_and_the_water_index_show(drawn):
    assert drawn.values["flicker"]["before"]
    assert not drawn.values["flicker"]["after"]
    assert drawn.values["index"] == ["Water index of after"]


def test_the_log_has_no_warning_from_the_plugin(drawn):
    assert drawn.warnings("polychip") == []
    assert "Traceback" not in drawn.output


def test_the_pictures_are_kept(drawn):
    names = sorted(path.stem for path in drawn.artifacts.glob("[01]*.png"))
    assert len(names) == 12
    for name in names:
        assert (drawn.artifacts / f"{name}.png").stat().st_size > 15_000


@pytest.fixture(scope="module")
def restored(unpacked_plugin, tmp_path_factory):
    """QGIS is killed in mid-drawing, then started again: what was there, what came back."""
    home = tmp_path_factory.mktemp("home")
    work = home / "work"
    inputs = {**images(home / "images"), "geopackage": str(work / "labels.gpkg")}
    first = run("killed", home, unpacked_plugin, inputs)
    assert "ended with code -9" in first.error, first.error
    before = json.loads((first.artifacts / "before.json").read_text())
    result = run("restored", home, unpacked_plugin, {"project": str(work / "labels.qgz")})
    assert not result.error, result.error
    return before, result


def test_after_a_kill_edits_and_corners_come_back(restored):
    before, result = restored
    assert [row[:3] for row in before["rows"]] == [row[:3] for row in result.values["rows"]]
    assert len(before["rows"]) == 2
    assert result.values["current"] == "debris"
    for one, other in zip(result.values["corners"], before["corners"], strict=True):
        assert one == pytest.approx(other, abs=1e-3)
    assert result.values["statuses"].count("done") == 1
    assert result.values["message"].startswith("Restored: 1 new, ")


def test_opening_after_a_kill_leaves_the_project_clean(restored):
    assert not restored[1].values["dirty"]


def test_the_restored_drawing_is_finished_undone_redone_and_saved(restored):
    values = restored[1].values
    assert values["same_after_redo"]
    assert [row[0] for row in values["saved"]] == ["debris", "infrastructure", "water"]
    assert len({row[1] for row in values["saved"]}) == 3
    assert restored[1].warnings("polychip") == []
    assert "Traceback" not in restored[1].output
