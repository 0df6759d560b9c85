"""The plugin in a real QGIS window; the pictures are kept in artifacts/ to be looked at."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, files_of
from osgeo import gdal
from polychip_qgis.dock_settings import DockSettings, remember
from qgis.core import QgsProject, QgsRasterLayer, QgsVectorLayer

from window.harness import WindowResult, WindowRun, plugins_folder, run_window

SCENARIOS = Path(__file__).resolve().parent / "scenarios"
ARTIFACTS = Path(os.environ.get("POLYCHIP_ARTIFACTS", ROOT / "artifacts")) / "window"
FOREIGN = ["rasterio", "fiona", "pyproj", "shapely", "geopandas"]


@pytest.fixture(scope="module", params=["default", "Night Mapping"], ids=["light", "dark"])
def first_look(request, plugin_zip, scene, labels, tmp_path_factory) -> WindowResult:
    """The scenario first_look, once in each theme, with the foreign packages within reach."""
    home = tmp_path_factory.mktemp("home")
    reach = tmp_path_factory.mktemp("reach")
    for name in FOREIGN:
        (reach / f"{name}.py").touch()
    theme = "light" if request.param == "default" else "dark"
    run = WindowRun(
        scenario=SCENARIOS / "first_look.py",
        artifacts=ARTIFACTS / f"first_look_{theme}",
        home=home,
        inputs={
            "zip": str(plugin_zip), "raster": str(scene), "labels": str(labels),
            "output": str(home / "dataset"),
        },
        settings={"UI/UITheme": request.param},
        environment={"PYTHONPATH": str(reach)},
    )  # fmt: skip
    result = run_window(run)
    assert not result.error, result.error
    return result


def test_the_zip_installs_into_a_clean_profile_and_the_dock_waits_for_its_button(first_look):
    assert first_look.values["plugin_imported"]
    assert first_look.values["dock_hidden_at_first"]
    assert [m["level"] for m in first_look.log if "Plugin installed successfully" in m["text"]] in (
        ["Info"], ["Success"],
    )  # fmt: skip
    assert first_look.values["raster_menu"] == ["Polychip Dock", "Polychip Labels"]


def test_the_chip_count_follows_what_is_typed(first_look):
    assert first_look.values["layers_valid"] == [True, True]
    assert (
        first_look.values["count_at_512"] == "Chips: 1 (1 down, 1 across)\nImage: 300 × 200 pixels"
    )
    assert (
        first_look.values["count_at_64"] == "Chips: 20 (4 down, 5 across)\nImage: 300 × 200 pixels"
    )


def test_what_was_chosen_by_mouse_and_keyboard_is_in_the_project(first_look):
    assert first_look.values["remembered"]
    stored = json.loads(first_look.values["stored"])
    assert (stored["class_field"], stored["size"], stored["mode"]) == ("class", 64, "semantic")


def test_export_without_an_engine_says_how_to_set_it_up(first_look):
    assert (
        first_look.values["export_message"] == "The engine is missing: set it up in the settings."
    )
    assert first_look.values["export_message_level"] == 1  # a warning


def test_the_window_imports_no_foreign_package(first_look):
    assert first_look.values["findable_foreign"] == FOREIGN
    assert first_look.values["imported_foreign"] == []


def test_the_log_has_no_warning_from_the_plugin(first_look):
    assert first_look.warnings("polychip") == []
    assert "Traceback" not in first_look.output


def test_the_layers_keep_their_crs(first_look):
    assert first_look.values["layer_crs"] == ["EPSG:32630", "EPSG:32630"]


def test_the_pictures_are_kept(first_look):
    for name in ("dock", "no_engine", "options", "end"):
        assert (first_look.artifacts / f"{name}.png").stat().st_size > 20_000


@pytest.fixture(scope="module")
def return_visit(unpacked_plugin, scene, labels, tmp_path_factory, qgis_app) -> WindowResult:
    """The scenario return_visit, on a project that another QGIS process has written."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(unpacked_plugin, plugins_folder(home) / "polychip_qgis")
    project = QgsProject()
    image, polygons = (
        QgsRasterLayer(str(scene), "scene"),
        QgsVectorLayer(str(labels), "buildings", "ogr"),
    )
    project.addMapLayers([image, polygons])
    remember(
        project,
        DockSettings(image.id(), polygons.id(), "class", mode="panoptic", size=96, edge="drop"),
    )
    assert project.write(str(home / "remembered.qgs"))
    run = WindowRun(
        scenario=SCENARIOS / "return_visit.py",
        artifacts=ARTIFACTS / "return_visit",
        home=home,
        inputs={"project": str(home / "remembered.qgs")},
        settings={"PythonPlugins/polychip_qgis": "true", "locale/userLocale": "de"},
    )
    result = run_window(run)
    assert not result.error, result.error
    return result


def test_a_project_brings_the_choices_back_in_the_language_of_qgis(return_visit):
    assert return_visit.values["title"] == "Polychip-Bedienfeld"
    assert return_visit.values["algorithm"] == "Chip-Raster"
    assert return_visit.values["restored"] == {
        "imagery": "scene", "class_field": "class", "mode": "Panoptisch", "size": 96,
        "count": "Chips: 6 (2 senkrecht, 3 waagerecht)\nBild: 300 × 200 Pixel",
    }  # fmt: skip
    assert return_visit.values["clean_after_opening"]


def test_the_plugin_can_be_switched_off_and_on_in_a_running_qgis(return_visit):
    values = return_visit.values
    assert (values["unloaded"], values["loaded"], values["started"]) == (True, True, True)
    assert values["left_over"] == []
    assert values["provider_gone"]
    assert values["restored_again"] == values["restored"]


def test_the_return_visit_leaves_no_warning_in_the_log(return_visit):
    assert return_visit.warnings("polychip") == []
    assert "Traceback" not in return_visit.output


@pytest.fixture(scope="module")
def large_sample(tmp_path_factory) -> Path:
    """The sample after its flood, enlarged so that the engine has nine blocks to do."""
    folder = tmp_path_factory.mktemp("large")
    shutil.copy(ROOT / "sample_data" / "labels.gpkg", folder / "labels.gpkg")
    options = gdal.TranslateOptions(width=4200, height=4200, creationOptions=["TILED=YES"])
    source = str(ROOT / "sample_data" / "after_20241031.tif")
    gdal.Translate(str(folder / "after.tif"), source, options=options)
    return folder


@pytest.fixture(scope="module", params=["default", "Night Mapping"], ids=["light", "dark"])
def exported(
    request, unpacked_plugin, large_sample, engine_program, tmp_path_factory
) -> WindowResult:
    """The scenario export, once in each theme, with the real engine."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(unpacked_plugin, plugins_folder(home) / "polychip_qgis")
    script, program = home / "pausing.py", home / "polychip"
    script.write_text(
        "import pathlib, sys, time, polychip.cli.progress as p\n"
        "real = p.JsonLines.advance\n"
        "def advance(self, n):\n"
        "    real(self, n)\n"
        "    self._tell()\n"
        f"    while not pathlib.Path({str(home / 'go')!r}).exists():\n"
        "        time.sleep(0.02)\n"
        "p.JsonLines.advance = advance\n"
        "from polychip.cli.main import main\n"
        "if __name__ == '__main__':  # its workers import this file\n"
        "    sys.exit(main(sys.argv[1:]))\n"
    )
    program.write_text(f'#!/bin/sh\nexec {engine_program.parent}/python -I {script} "$@"\n')
    program.chmod(0o755)
    theme = "light" if request.param == "default" else "dark"
    run = WindowRun(
        scenario=SCENARIOS / "export.py",
        artifacts=ARTIFACTS / f"export_{theme}",
        home=home,
        inputs={
            "raster": str(large_sample / "after.tif"),
            "labels": str(large_sample / "labels.gpkg"),
            "output": str(home / "dataset"), "go": str(home / "go"),
        },
        settings={
            "UI/UITheme": request.param,
            "PythonPlugins/polychip_qgis": "true",
            "polychip/engine": str(program),
        },
        timeout_s=180.0,
    )  # fmt: skip
    result = run_window(run)
    assert not result.error, result.error
    return result


def test_the_dock_shows_the_progress_of_an_export(exported):
    assert exported.values["engine"].startswith("Polychip engine ")
    assert exported.values["count"].startswith("Chips: 289 (17 down, 17 across)")
    done, total = exported.values["bar"]
    assert 0 < done < total == 289
    assert exported.values["progress"].startswith(f"{done} of 289 chips")
    assert exported.values["export_waits"]


def test_the_preview_follows_the_mouse_and_shows_what_the_chips_hold(exported):
    values = exported.values
    assert values["planned"].startswith("289 chips")
    chip, shares, objects = values["previewed"].splitlines()
    assert re.fullmatch(r"after_r\d{7}_c\d{7}", chip)
    assert re.search(r"(farmland|forest|water|background|ignore)\w* \d+\.\d%", shares), shares
    assert objects.startswith("Objects: ")
    assert values["next_previewed"].splitlines()[0] != chip


def test_an_export_is_cancelled_resumed_and_finished_by_clicks(exported):
    values = exported.values
    assert values["cancelled"] == "Export cancelled. Export again to resume it."
    assert values["offer"].startswith("This folder holds an unfinished export: resume it")
    assert values["done"].startswith("289 chips written in ")
    assert values["buttons"][:2] == ["Show Report", "Open Folder"]
    assert values["progress_hidden"]
    assert values["refused"].startswith("This folder holds a finished dataset: tick ")


def test_the_exported_dataset_is_sound_and_the_command_lines_own(
    exported, engine_program, run_cli, tmp_path
):
    output = Path(exported.values["output"])
    check = subprocess.run(
        [str(engine_program), "verify", str(output)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert check.returncode == 0, check.stdout + check.stderr
    again = run_cli(output.with_name("dataset-recipe.toml"), tmp_path / "again")
    assert files_of(output) == files_of(again)


def test_three_reference_systems_and_an_unsaved_edit_stay_as_they_were(exported):
    values = exported.values
    assert values["crs_after"] == values["crs_before"]
    assert values["crs_before"] == ["EPSG:32630", "EPSG:4326", "EPSG:4326", "EPSG:3857"]
    assert values["still_edited"]


def test_an_export_leaves_no_error_in_the_log(exported):
    assert [m for m in exported.log if m["level"] == "Critical"] == []
    assert [
        m["text"] for m in exported.log if m["tag"] == "Polychip" and "xception" in m["text"]
    ] == []
    assert "Traceback" not in exported.output


def test_the_pictures_of_an_export_are_kept(exported):
    for name in ("filled", "preview", "preview_objects", "planned", "progress", "cancelled",
                 "offer", "done", "refused"):  # fmt: skip
        assert (exported.artifacts / f"{name}.png").stat().st_size > 20_000
