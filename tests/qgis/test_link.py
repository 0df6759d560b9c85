"""Linking the plugin into a profile for development."""

from __future__ import annotations

import subprocess
import sys

import build
import link
import pytest
from conftest import ROOT


def test_a_linked_plugin_follows_the_sources_and_has_its_metadata(tmp_path):
    target = link.link(tmp_path)
    assert target == tmp_path / "polychip_qgis"
    assert (target / "dock.py").resolve() == ROOT / "plugin" / "polychip_qgis" / "dock.py"
    assert not (target / "metadata.txt").is_symlink()
    assert f"version={build.project()['version']}\n" in (target / "metadata.txt").read_text(
        encoding="utf-8"
    )
    assert (target / "i18n" / "polychip_de.qm").stat().st_size > 1000


def test_linking_again_replaces_only_what_linking_made(tmp_path):
    target = link.link(tmp_path)
    (target / "gone.py").touch()
    assert not (link.link(tmp_path) / "gone.py").exists()
    assert (ROOT / "plugin" / "polychip_qgis" / "dock.py").is_file()
    installed = tmp_path / "other" / "polychip_qgis"
    installed.mkdir(parents=True)
    (installed / "mine.txt").write_text("keep me")
    with pytest.raises(
        build.BuildError, match="was not made by this script; uninstall the plugin in QGIS first"
    ):
        link.link(tmp_path / "other")
    assert (installed / "mine.txt").read_text() == "keep me"


def test_a_linked_plugin_finds_its_own_files(tmp_path):
    target = link.link(tmp_path)
    code = "from polychip_qgis import about; print(about.version()); print(about.PACKAGE)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.split() == [build.project()["version"], str(target)]
