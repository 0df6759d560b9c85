"""Quality in a real QGIS window: the check, the way to a problem, and QGIS's own dialogs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from osgeo import ogr
from qgis.core import QgsGeometry

from window.harness import WindowResult, WindowRun, plugins_folder, run_window

SCENARIOS = Path(__file__).resolve().parent / "scenarios"
ARTIFACTS = Path(os.environ.get("POLYCHIP_ARTIFACTS", ROOT / "artifacts")) / "window"
SAMPLE = ROOT / "sample_data"


@pytest.fixture(scope="module", params=["default", "Night Mapping"], ids=["light", "dark"])
def judged(request, unpacked_plugin, engine_program, tmp_path_factory) -> WindowResult:
    """The scenario, once in each theme, on copies of the sample."""
    theme = "light" if request.param == "default" else "dark"
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(unpacked_plugin, plugins_folder(home) / "polychip_qgis")
    inputs = {
        "raster": str(shutil.copy(SAMPLE / "after_20241031.tif", home / "after.tif")),
        "labels": str(shutil.copy(SAMPLE / "labels.gpkg", home / "labels.gpkg")),
    }
    result = run_window(WindowRun(
        scenario=SCENARIOS / "quality.py",
        artifacts=ARTIFACTS / f"quality_{theme}",
        home=home,
        inputs=inputs,
        settings={
            "PythonPlugins/polychip_qgis": "true",
            "PythonPlugins/processing": "true",
            "UI/UITheme": request.param,
            "polychip/engine": str(engine_program),
        },
        timeout_s=240,
    ))  # fmt: skip
    assert not result.error, result.error
    result.values["labels"] = inputs["labels"]
    return result


def test_the_list_begins_with_the_one_error(judged):
    rows = judged.values["rows"]
    assert rows[0] == ["Error", "geometry.invalid", "Self-intersection"]
    assert [row[0] for row in rows].count("Error") == 1
    assert judged.values["status"].startswith(f"Problems: {len(rows)} (errors: 1, ")


def test_a_click_shows_the_broken_polygon(judged):
    source = ogr.Open(judged.values["labels"])
    layer = source.GetLayerByName("labels")
    broken = [
        f.GetGeometryRef().ExportToWkt() for f in layer if not f.GetGeometryRef().IsValid()
    ]
    assert len(broken) == 1
    assert judged.values["width_after"] < judged.values["width_before"] / 3
    assert judged.values["hint"] != ""
    # Labels are in degrees, the map in the image's metres: the oracle goes by GDAL.
    box = QgsGeometry.fromWkt(broken[0]).boundingBox()
    degrees, metres = layer.GetSpatialRef(), ogr.osr.SpatialReference()
    metres.ImportFromEPSG(32630)
    for system in (degrees, metres):
        system.SetAxisMappingStrategy(ogr.osr.OAMS_TRADITIONAL_GIS_ORDER)
    way = ogr.osr.CoordinateTransformation(degrees, metres)
    x, y, _ = way.TransformPoint(box.center().x(), box.center().y())
    middle = judged.values["centre"]
    assert abs(middle[0] - x) < judged.values["width_after"] / 2
    assert abs(middle[1] - y) < judged.values["width_after"] / 2


def test_advice_and_agreement_open_in_qgis_own_dialogs(judged):
    assert judged.values["adviseLabels"].startswith("Advise on a")
    assert judged.values["agreeLabels"].startswith("Agreement of")
    assert judged.values["layers"] == [
        "Problem areas of labels", "Problems of labels", "after", "labels",
    ]  # fmt: skip


def test_the_log_has_no_warning_from_the_plugin(judged):
    assert judged.warnings("polychip") == []
    assert "Traceback" not in judged.output


def test_the_pictures_are_kept(judged):
    for name in ("quality", "adviseLabels", "agreeLabels"):
        assert (judged.artifacts / f"{name}.png").stat().st_size > 15_000
