"""Help: quick, complete, and with examples that run."""

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import BOXES, CLASSES, Cli, write_square_labels
from support.rasters import Place, coordinates_as_pixels, place, write_raster

from polychip.cli.arguments import build_parser
from polychip.requests import OPTIONS

COMMANDS = (
    "init", "plan", "export", "run", "append", "verify", "check", "agree", "advise", "gallery",
    "report", "convert", "demo", "vectorize", "import",
)  # fmt: skip
ON_THE_DESK = (
    "init", "plan", "export", "run", "verify", "check", "agree", "advise", "convert", "demo",
)  # fmt: skip
"""Commands whose examples need no more than images, labels, a recipe and a dataset."""


def examples(text: str) -> list[str]:
    """The commands under 'Example:', continued lines joined."""
    _, _, tail = text.partition("Example:\n")
    return [line.strip() for line in tail.replace("\\\n", " ").splitlines() if line.strip()]


@pytest.fixture
def desk(tmp_path: Path, recipe: Path, where: Place, cli: Cli) -> Path:
    """A folder with everything that the examples name, and `polychip` itself."""
    write_raster(tmp_path / "scene.tif", place(1100, 900))
    for name in ("B02", "B03", "B04"):
        write_raster(tmp_path / f"{name}.tif", where, coordinates_as_pixels(*where.shape)[:1])
    write_square_labels(tmp_path / "fields.gpkg", where, BOXES, layer="crops", **{"class": CLASSES})
    write_square_labels(tmp_path / "fields.gpkg", where, BOXES[:1], layer="extent")
    cli("run", recipe, "-o", "elsewhere-first")
    script = tmp_path / "bin" / "polychip"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m polychip "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_its_purpose_in_a_sentence_and_shows_examples(
    cli: Cli, command: str
) -> None:
    text = cli(command, "--help").out
    purpose = text.split("\n\n")[1]
    assert re.match(r"[A-Z].*\.$", purpose, re.DOTALL), purpose
    assert examples(text), text


@pytest.mark.parametrize("command", ON_THE_DESK)
def test_the_examples_of_the_help_run_as_they_are_printed(
    cli: Cli, desk: Path, command: str
) -> None:
    for line in examples(cli(command, "--help").out):
        folder = desk / "desk"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path in desk.iterdir():
            if path.is_file() and (command != "init" or path.suffix != ".toml"):
                shutil.copy(path, folder)
        if command in ("verify", "convert"):
            shutil.copytree(desk / "elsewhere-first", folder / "dataset")
        done = subprocess.run(
            ["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=False,
            env={"PATH": f"{desk / 'bin'}:/usr/bin:/bin"},
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stderr)


def test_help_loads_neither_numpy_nor_pydantic(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "polychip", "export", "--help"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not loaded & {"numpy", "pydantic", "rasterio", "tqdm", "pyproj", "shapely"}


def test_every_option_of_an_export_can_be_given_on_the_command_line() -> None:
    args = build_parser().parse_args(["export", "a.tif", "--labels", "b.gpkg", "-o", "c"])
    assert set(OPTIONS) <= set(vars(args))
    assert all(getattr(args, name) is None for name in OPTIONS)


def test_the_version_is_that_of_the_package(cli: Cli) -> None:
    from importlib.metadata import version

    assert cli("--version").out == f"polychip {version('polychip')}\n"


@pytest.mark.parametrize("arguments", [(), ("exprot",), ("export", "a.tif"), ("run", "--frob")])
def test_wrong_usage_ends_with_2_and_says_where_help_is(
    cli: Cli, arguments: tuple[str, ...]
) -> None:
    result = cli(*arguments, code=2)
    assert result.err.startswith("error: ")
    assert "--help" in result.err
