"""The problem list and proposals in a real QGIS window."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from osgeo import ogr

from window.harness import WindowResult
from window.test_window_drawing import SAMPLE, images, run


@pytest.fixture(scope="module")
def checked(unpacked_plugin, tmp_path_factory) -> WindowResult:
    """The scenario on the sample, proposals from its own labels."""
    home = tmp_path_factory.mktemp("home")
    inputs = {**images(home / "images"), "geopackage": str(home / "work" / "labels.gpkg")}
    former = shutil.copy(SAMPLE / "labels.gpkg", home / "images" / "last_year.gpkg")
    inputs["former"] = f"{former}|layername=labels"
    result = run("quick_checks", home, unpacked_plugin, inputs)
    assert not result.error, result.error
    result.values["inputs"] = inputs
    return result


def test_fixes_leave_the_older_duplicate_and_the_mended_bow_tie(checked):
    assert checked.values["after_fixes"] == [1, 2]


def test_a_key_accepts_one_and_a_key_rejects_one(checked):
    values = checked.values
    assert values["accepted_after_x"] == values["accepted_after_z"] == 1
    assert values["n_steps"] == 1
    assert values["n_accepted"] == values["n_proposed"] - 1


def test_labels_and_decisions_are_in_the_file(checked):
    source = ogr.Open(checked.values["inputs"]["geopackage"])
    labels = [f["tool"] for f in source.GetLayerByName("labels")]
    assert labels.count("from:last_year") == checked.values["n_accepted"]
    decisions = Counter(f["decision"] for f in source.GetLayerByName("proposals"))
    assert decisions == {"accepted": checked.values["n_accepted"], "rejected": 1}


def test_the_log_has_no_warning_from_the_plugin(checked):
    assert checked.warnings("polychip") == []
    assert "Traceback" not in checked.output


def test_the_pictures_are_kept(checked):
    assert len(list(Path(checked.artifacts).glob("0*.png"))) == 6
