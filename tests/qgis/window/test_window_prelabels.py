"""Pre-labels and the wand in a real QGIS window; clicks and keys counted against the docs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from qgis.core import QgsGeometry

from window.harness import WindowResult
from window.test_window_drawing import SAMPLE, images, run


@pytest.fixture(scope="module", params=["default", "Night Mapping"], ids=["light", "dark"])
def labelled(request, unpacked_plugin, tmp_path_factory) -> WindowResult:
    """The scenario, once in each theme."""
    theme = "light" if request.param == "default" else "dark"
    home = tmp_path_factory.mktemp("home")
    inputs = {**images(home / "images"), "geopackage": str(home / "work" / "labels.gpkg")}
    truth = shutil.copy(SAMPLE / "labels.gpkg", home / "images" / "truth.gpkg")
    inputs["truth"] = f"{truth}|layername=labels"
    result = run("prelabels", home, unpacked_plugin, inputs, request.param, f"prelabels_{theme}")
    assert not result.error, result.error
    return result


def overlap(values, rows):
    """Intersection over union of drawn water and the sample's own labels, in the cell."""
    truth = QgsGeometry.fromWkt(values["truth"])
    cell = QgsGeometry.fromWkt(values["cell"])
    made = QgsGeometry.unaryUnion([QgsGeometry.fromWkt(text) for _, text in rows])
    made = made.intersection(cell)
    return made.intersection(truth).area() / made.combine(truth).area()


def test_the_docs_state_the_clicks_and_keys_and_how_well_the_result_agrees(labelled):
    values = labelled.values
    text = (ROOT / "docs" / "drawing.md").read_text(encoding="utf-8")
    row = r"\| {} \| (\d+) \| (0\.\d\d) \|"
    for name, count, rows in (
        ("by hand", values["by_hand"], values["hand_shapes"]),
        ("pre-labels", values["with_prelabels"], values["made"]),
    ):
        stated = re.search(row.format(name), text)
        assert stated, (name, count, round(overlap(values, rows), 3))
        assert int(stated[1]) == pytest.approx(count, abs=2), name
        assert float(stated[2]) == pytest.approx(overlap(values, rows), abs=0.015), name


def test_converting_is_one_step_and_records_index_and_threshold(labelled):
    values = labelled.values
    assert {tool for tool, _ in values["made"]} == {f"prelabel:NDWI>{values['otsu']:.4g}"}
    assert values["after_undo"] == []
    assert values["moved"] > values["otsu"] == values["otsu_again"]


def test_the_wand_keeps_what_was_dragged(labelled):
    values = labelled.values
    ((tool, text),) = values["by_wand"]
    assert values["tolerance"] == pytest.approx(0.1)
    assert tool == "wand:0.1"
    truth = QgsGeometry.fromWkt(values["truth"])
    made = QgsGeometry.fromWkt(text)
    assert made.intersection(truth).area() > 0.5 * made.area()


def test_the_log_has_no_warning_and_the_pictures_are_kept(labelled):
    assert labelled.warnings("polychip") == []
    assert "Traceback" not in labelled.output
    assert len(list(Path(labelled.artifacts).glob("0*.png"))) == 6
