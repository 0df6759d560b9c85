"""The ZIP by the rules of the QGIS plugin site; its validator and its scans are the source."""

from __future__ import annotations

import ast
import configparser
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from urllib.parse import urlparse

import build
import pytest
from conftest import ROOT

REQUIRED = {
    "name", "description", "version", "qgisMinimumVersion", "author", "email", "about",
    "tracker", "repository", "homepage",
}  # fmt: skip
MAX_BYTES = 25_000_000
SUSPICIOUS = (
    ".exe",
    ".dll",
    ".so",
    ".dylib",
    ".bat",
    ".sh",
    ".ps1",
    ".cmd",
    ".pyc",
    ".pyo",
    ".pyd",
)
STANDARD_LIBRARY = set(sys.stdlib_module_names)
ALLOWED = {"qgis", "osgeo", "numpy", "processing"}
"""QGIS itself and the GDAL bindings that come with it."""


@pytest.fixture(scope="module")
def names(plugin_zip: Path) -> list[str]:
    """Every name in the ZIP, in order."""
    with zipfile.ZipFile(plugin_zip) as archive:
        assert archive.testzip() is None
        return archive.namelist()


@pytest.fixture(scope="module")
def metadata(unpacked_plugin: Path) -> dict[str, str]:
    """metadata.txt, read as the plugin site reads it."""
    parser = configparser.ConfigParser()
    parser.optionxform = str
    parser.read_string((unpacked_plugin / "metadata.txt").read_text(encoding="utf-8"))
    return dict(parser.items("general"))


@pytest.fixture(scope="module")
def pyproject() -> dict:
    """pyproject's [project] table."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def sources(unpacked_plugin: Path) -> list[Path]:
    """The Python files, of which there must be some."""
    found = sorted(unpacked_plugin.rglob("*.py"))
    assert len(found) > 5
    return found


def test_the_zip_is_small_and_holds_one_folder_with_a_python_name(plugin_zip, names):
    assert plugin_zip.stat().st_size <= MAX_BYTES
    assert {name.split("/")[0] for name in names} == {"polychip_qgis"}
    assert "polychip_qgis".isidentifier()
    for needed in (
        "__init__.py",
        "metadata.txt",
        "LICENSE",
        "icons/polychip.svg",
        "i18n/polychip_de.qm",
    ):
        assert f"polychip_qgis/{needed}" in names


def test_the_zip_holds_nothing_that_the_site_forbids(names, plugin_zip):
    for name in names:
        assert not name.lower().endswith(SUSPICIOUS)
        assert not re.search(r"\.\.|\\|^/", name)
        parts = name.split("/")
        assert not {"__MACOSX", ".git", "__pycache__", "tests"} & set(parts)
        assert not parts[-1].startswith(".")
    with zipfile.ZipFile(plugin_zip) as archive:
        assert all(
            (info.external_attr >> 16) & 0o111 == 0 for info in archive.infolist()
        )  # nothing executable


def test_everything_but_the_translations_is_text(names, plugin_zip):
    with zipfile.ZipFile(plugin_zip) as archive:
        for name in names:
            if not name.endswith(".qm"):
                assert "\0" not in archive.read(name).decode("utf-8"), name


def test_the_metadata_has_all_that_is_required(metadata):
    assert {key for key in REQUIRED if not metadata.get(key, "").strip()} == set()
    assert metadata["qgisMinimumVersion"] == "3.22"
    assert metadata["qgisMaximumVersion"] == "4.99"
    assert metadata["hasProcessingProvider"] == "yes"
    assert metadata["author"] == "Polychip developers"
    assert "supportsQt6" not in metadata
    assert "/" not in metadata["author"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", metadata["version"])


def test_version_and_addresses_are_those_of_pyproject(metadata, pyproject, plugin_zip):
    urls = {key.lower(): value for key, value in pyproject["urls"].items()}
    assert metadata["version"] == pyproject["version"]
    assert plugin_zip.name == f"polychip_qgis-{pyproject['version']}.zip"
    assert (metadata["homepage"], metadata["repository"], metadata["tracker"]) == (
        urls["homepage"], urls["repository"], urls["issues"],
    )  # fmt: skip
    for key in ("homepage", "repository", "tracker"):
        assert urlparse(metadata[key]).scheme == "https"
        assert urlparse(metadata[key]).netloc


def test_the_icon_named_in_the_metadata_is_there(metadata, unpacked_plugin):
    assert (unpacked_plugin / metadata["icon"]).is_file()


def test_the_licence_is_the_gpl_that_every_source_names(unpacked_plugin):
    text = (unpacked_plugin / "LICENSE").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text
    assert "Version 2, June 1991" in text
    for path in sources(unpacked_plugin):
        assert path.read_text(encoding="utf-8").startswith(
            "# SPDX-License-Identifier: GPL-2.0-or-later\n"
        ), path.name


def test_building_twice_gives_the_same_bytes(plugin_zip, tmp_path):
    assert build.build(destination=tmp_path).read_bytes() == plugin_zip.read_bytes()
    with zipfile.ZipFile(plugin_zip) as archive:
        assert {info.date_time for info in archive.infolist()} == {(2020, 1, 1, 0, 0, 0)}
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.namelist() == sorted(archive.namelist())
    assert [p.name for p in tmp_path.iterdir()] == [plugin_zip.name]  # nothing half-written is left


def copy_of_the_sources(folder: Path) -> Path:
    """A root with only what the build reads."""
    for name in ("pyproject.toml", "metadata.txt", "plugin/polychip_qgis/__init__.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


@pytest.mark.parametrize(("file", "old", "new", "message"), [
    ("pyproject.toml", r'version = "[^"]*"', 'version = "1.0rc1"', "'1.0rc1' is not like 1.2.3"),
    ("pyproject.toml", r"(?m)^Issues = .*$", "", r"has no 'issues', which becomes 'tracker'"),
    ("metadata.txt", r"(?m)^version=.*$", "", "0 lines begin with 'version='"),
])  # fmt: skip
def test_a_build_that_would_be_refused_by_the_site_stops(tmp_path, file, old, new, message):
    root = copy_of_the_sources(tmp_path)
    path = root / file
    path.write_text(re.sub(old, new, path.read_text(encoding="utf-8"), count=1), encoding="utf-8")
    with pytest.raises(build.BuildError, match=message):
        build.build(root)
    assert not list(tmp_path.glob("dist/*"))


def test_a_file_that_does_not_belong_stops_the_build(tmp_path):
    root = copy_of_the_sources(tmp_path)
    (root / "plugin/polychip_qgis/notes.orig").write_text("left over")
    with pytest.raises(build.BuildError, match=r"notes\.orig: files like this are not shipped"):
        build.build(root)


def test_the_code_parses_as_python_3_9(unpacked_plugin):
    for path in sources(unpacked_plugin):
        ast.parse(path.read_text(encoding="utf-8"), path.name, feature_version=(3, 9))


def test_modules_that_use_newer_annotations_do_not_evaluate_them(unpacked_plugin):
    for path in sources(unpacked_plugin):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        postponed = any(
            isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in tree.body
        )
        annotated = any(
            isinstance(n, ast.BinOp) and isinstance(n.op, ast.BitOr) for n in ast.walk(tree)
        )
        assert postponed or not annotated, path.name


def test_the_plugin_imports_qgis_and_the_standard_library_alone(unpacked_plugin):
    for path in sources(unpacked_plugin):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            for name in names:
                assert name.split(".")[0] in STANDARD_LIBRARY | ALLOWED, f"{path.name}: {name}"
                assert not name.startswith(("PyQt", "osgeo.gdal_array")), f"{path.name}: {name}"


def test_bandit_finds_nothing(unpacked_plugin):
    command = [sys.executable, "-m", "bandit", "-r", str(unpacked_plugin), "-f", "json", "-q"]
    scan = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    report = json.loads(scan.stdout)
    assert report["errors"] == []
    assert report["metrics"]["_totals"]["loc"] > 500
    assert [f"{r['filename']}:{r['line_number']} {r['test_id']}" for r in report["results"]] == []


def test_detect_secrets_finds_nothing(unpacked_plugin):
    command = [
        sys.executable,
        "-m",
        "detect_secrets",
        "scan",
        "--all-files",
        "--exclude-files",
        r"metadata\.txt",
        ".",
    ]
    scan = subprocess.run(
        command, cwd=unpacked_plugin, capture_output=True, text=True, timeout=120, check=True
    )
    assert json.loads(scan.stdout)["results"] == {}


def test_the_secret_scan_would_find_one(tmp_path):
    (tmp_path / "leak.py").write_text('key = "AKIA' + "IOSFODNN7" + 'EXAMPLQ"\n')
    command = [sys.executable, "-m", "detect_secrets", "scan", "--all-files", "."]
    scan = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    assert "leak.py" in json.loads(scan.stdout)["results"]
