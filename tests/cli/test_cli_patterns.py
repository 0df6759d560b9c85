"""Patterns in place of images, for shells that leave them to programs, and folders of thousands."""

from pathlib import Path

import pytest
from support.commands import Cli
from support.datasets import manifest

from polychip.cli.options import matching


def test_a_pattern_is_all_its_files_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t" / "sub").mkdir(parents=True)
    for name in ("t/b.tif", "t/a.tif", "t/c.png", "t/sub/d.tif", "t/x[1].tif", "t/x1.tif"):
        (tmp_path / name).touch()
    assert matching("t/*.tif") == ["t/a.tif", "t/b.tif", "t/x1.tif", "t/x[1].tif"]
    assert matching("t/**/*.tif") == ["t/a.tif", "t/b.tif", "t/sub/d.tif", "t/x1.tif", "t/x[1].tif"]
    assert matching("t/[ab].tif") == ["t/a.tif", "t/b.tif"]
    assert matching("t/x[1].tif") == ["t/x[1].tif"]  # a file that is there is no pattern
    assert matching("t/a.tif") == ["t/a.tif"]
    for nothing in ("t/*.jp2", "nowhere/*.tif", "https://example.org/a[1]?b=*.tif"):
        assert matching(nothing) == [nothing]


def test_an_export_takes_them(cli: Cli, image: Path, labels: Path, tmp_path: Path) -> None:
    (tmp_path / "other.tif").write_bytes(image.read_bytes())
    cli("export", "*.tif", "--labels", labels, "--size", "64", "-o", "out")
    assert [scene["name"] for scene in manifest(tmp_path / "out")["scenes"]] == ["other", "scene"]
    refused = cli("export", "*.jp2", "--labels", labels, "-o", "none", code=1)
    assert "*.jp2: no such image" in refused.err
