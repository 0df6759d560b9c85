"""Damaged files of all kinds: an exit code that is documented, a message, no traceback, no hang."""

import os
import resource
import shutil
import signal
import sys
from pathlib import Path
from random import Random

import pytest
from shapely import box
from support.datasets import manifest
from support.fuzzed_files import damaged, geojson
from support.rasters import place
from support.workshop import Workshop

from polychip import tasks
from polychip.cli import commands
from polychip.cli.main import main

KINDS = ("image.tif", "plain.tif", "labels.gpkg", "labels.geojson", "recipe.toml")
SAMPLE, WHOLE = range(12), range(12, 100)
"""Numbers of damages of each kind: in each run of the tests, and by night: 500 files."""
SECONDS, BYTES = 60, 8 * 2**30
assert tasks, commands  # loaded once, for all children

numbers = pytest.mark.parametrize(
    "number", [*SAMPLE, *(pytest.param(n, marks=pytest.mark.nightly) for n in WHOLE)]
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Undamaged files."""
    folder = tmp_path_factory.mktemp("whole")
    where = place(64, 64)
    shop = Workshop(folder, where=where)
    shop.image(tiled=True, blockxsize=32, blockysize=32, compress="deflate")
    shop.image(name="plain.tif", nodata=0)
    shop.labels([box(i, i, i + 9, i + 7) for i in range(0, 50, 10)], **{"class": list("abcab")})
    boxes = [(700_010 + i, 4_399_700, 700_090 + i, 4_399_800) for i in range(0, 300, 60)]
    (folder / "labels.geojson").write_text(geojson(boxes, "urn:ogc:def:crs:EPSG::32630"))
    (folder / "recipe.toml").write_text(
        '[[scenes]]\nname = "s"\nimage = "image.tif"\nlabels = { path = "labels.gpkg" }\n'
        '[schema]\nclass_field = "class"\n[chips]\nsize = [ 32 , 32 ]\nnegatives = 0.5\n'
        '[split]\nby = "blocks"\nfractions = { train = 0.5 , val = 0.5 }\n'
        '[masks]\nmode = "instance"\n[output]\npath = "out"\n'
    )
    return folder


def arguments(kind: str) -> list[str]:
    if kind == "recipe.toml":
        return ["run", "recipe.toml"]
    image = kind if kind.endswith(".tif") else "image.tif"
    labels = kind if kind.startswith("labels") else "labels.gpkg"
    return ["export", image, "--labels", labels, "-o", "out", "--size", "32"]


def in_a_child(folder: Path, command: list[str]) -> tuple[int, str, str]:
    """Run the command line in a forked process: what it loads is loaded, and it may crash."""
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        for stream, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(name, os.O_CREAT | os.O_WRONLY), stream)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        signal.alarm(SECONDS)
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        code = main([*command, "--workers", "1"])
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    _, status = os.waitpid(pid, 0)
    told = [(folder / name).read_text(errors="replace") for name in ("stdout", "stderr")]
    return os.waitstatus_to_exitcode(status), told[0], told[1]


def test_the_files_are_good_before_they_are_damaged(whole: Path, tmp_path: Path) -> None:
    for kind in KINDS:
        shutil.copytree(whole, tmp_path / kind)
        code, out, err = in_a_child(tmp_path / kind, arguments(kind))
        assert (code, "4 chips written" in out) == (0, True), err


@pytest.mark.parametrize("kind", KINDS)
@numbers
def test_a_damaged_file_ends_with_a_message(
    whole: Path, tmp_path: Path, kind: str, number: int
) -> None:
    folder = tmp_path / "desk"
    shutil.copytree(whole, folder)
    damaged(folder / kind, Random(f"{kind} {number}"))
    code, out, err = in_a_child(folder, arguments(kind))
    assert "Traceback" not in out + err
    assert "fault of Polychip" not in err
    assert code in (0, 1, 3), (code, err)
    if code == 0:
        assert len(list(folder.rglob("manifest.json"))) == 1  # a recipe may name another folder
    elif code == 3:
        counts = manifest(folder / "out")["counts"]
        assert len(counts["failed"]) + counts["chips"] == 4
        assert "failed" in err
    else:
        assert "error: " in err
        assert not (folder / "out" / "manifest.json").exists()
    assert [path.name for path in folder.rglob("*.part*")] == []
