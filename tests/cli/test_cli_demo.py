"""`polychip demo`: the whole way, on a sample that stays as it was."""

import hashlib
import shutil
from pathlib import Path

from support.commands import Cli
from support.datasets import manifest

from polychip.demo import sample_folder


def test_the_demo_goes_the_whole_way_and_leaves_the_sample_alone(cli: Cli, tmp_path: Path) -> None:
    sample = sample_folder()
    before = {p.name: hashlib.sha256(p.read_bytes()).digest() for p in sample.glob("*.*")}
    told = cli("demo").out
    after = {p.name: hashlib.sha256(p.read_bytes()).digest() for p in sample.glob("*.*")}
    assert after == before
    assert manifest(tmp_path / "polychip-demo")["counts"]["chips"] == 50
    assert (tmp_path / "polychip-demo" / "preview.png").stat().st_size > 10_000
    for words in ("after_20241031.tif is read", "50 chips written", "every check passed"):
        assert words in told
    assert told.rstrip().splitlines()[-2].endswith("polychip-demo/preview.png.")


def test_the_demo_overwrites_nothing_without_being_told(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    result = cli("demo", "-o", "out", code=1)
    assert "the folder holds other files (mine.txt)" in result.err


def test_the_sample_inside_an_installed_package_is_found(tmp_path: Path) -> None:
    import subprocess
    import sys

    import polychip

    package = tmp_path / "site" / "polychip"
    shutil.copytree(Path(polychip.__file__).parent, package)
    shutil.copytree(sample_folder(), package / "_sample")
    code = "import polychip.demo as d; print(d.sample_folder())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "site", capture_output=True, text=True,
        check=True, env={"PYTHONPATH": str(tmp_path / "site")},
    )  # fmt: skip
    assert done.stdout.strip() == str(package / "_sample")
