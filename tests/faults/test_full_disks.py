"""A disk that fills up in each phase: a sentence with path and way out, nothing half there."""

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.commands import leftovers, mounted, run_cli
from support.datasets import differing, files_of
from support.standing import Standing, five_scenes, standing

from polychip.errors import OutputError
from polychip.io.atomic import writing_into

RUN = ("run", "recipe.toml", "-o", "disk/out", "--workers")
Event = dict[str, Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs, and the dataset that is made of them; its folder is as deep as the others'."""
    folder = tmp_path_factory.mktemp("made")
    five_scenes(folder)
    text = (folder / "recipe.toml").read_text()
    (folder / "recipe.toml").write_text(
        text.replace("[output]\n", '[output]\ncompress = "none"\n')
        .replace("[masks]\n", '[masks]\ntargets = ["center", "distance"]\n')
    )  # fmt: skip
    run_cli("run", "recipe.toml", "-o", "disk/out", "--workers", "1", cwd=folder)
    return folder


class Disk:
    """Fills up when it is told to: a tmpfs, or, where nobody may mount one, a limit on files."""

    def __init__(self, point: Path, *, is_own: bool) -> None:
        self.point, self._is_own = point, is_own

    def fill(self, run: Standing | None = None) -> None:
        """Leave no page free, as far as a stopped run can see."""
        if not self._is_own:
            assert run is not None
            resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (0, 0))
            return
        with (self.point / "ballast").open("wb", buffering=0) as ballast:
            try:
                while ballast.write(bytes(4096)):
                    pass
            except OSError:
                return

    def free(self) -> None:
        """Make room."""
        (self.point / "ballast").unlink(missing_ok=True)


@pytest.fixture
def disk(made: Path, tmp_path: Path) -> Iterator[Disk]:
    """A disk of its own in a copy of the inputs."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("disk"))
    point = tmp_path / "disk"
    point.mkdir()
    yield Disk(point, is_own=mounted(point, "size=32m"))
    if point.is_mount():
        subprocess.run(["umount", str(point)], check=True)


PHASES: dict[str, tuple[Callable[[Event], bool], str]] = {
    "labels": (lambda event: event["event"] == "progress", ".polychip/labels"),
    "chips": (lambda event: bool(event.get("done")), "s"),
    "tables": (lambda event: bool(event.get("done")) and event["done"] == event["total"], ""),
}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.nightly)])
def test_a_disk_that_is_full_is_told_and_the_run_goes_on_once_there_is_room(
    made: Path, disk: Disk, tmp_path: Path, phase: str, workers: int
) -> None:
    at, part = PHASES[phase]
    if workers == 2 and not disk._is_own:
        workers = 1  # a limit is set on one process
    with standing((*RUN, workers), tmp_path, at) as run:
        disk.fill(run)
        code, _, err = run.go_on()
    assert code == 1, err
    (error,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert error.startswith(f"error: {disk.point / 'out' / (part if workers == 1 else '')}"[:-1])
    assert "no space left on device; free some space there" in error.lower() or not disk._is_own
    assert "can't be written" in error
    assert not (disk.point / "out" / "manifest.json").exists()
    assert leftovers(disk.point) == []
    disk.free()
    run_cli(*RUN, workers, "--resume", cwd=tmp_path)
    assert differing(disk.point / "out", made / "disk" / "out") == []


@pytest.mark.parametrize(
    "name",
    [
        "coco",
        "gpkg",
        *(
            pytest.param(name, marks=pytest.mark.nightly)
            for name in ("webdataset", "huggingface", "esri")
        ),
    ],
)
def test_a_conversion_onto_a_full_disk_leaves_nothing(
    made: Path, disk: Disk, tmp_path: Path, name: str
) -> None:
    convert = ("convert", made / "disk" / "out", "--to", name, "-o")
    options: dict[str, Any] = {}
    if disk._is_own:
        disk.fill()
        with (disk.point / "ballast").open("r+b") as ballast:
            ballast.truncate(ballast.seek(0, os.SEEK_END) - 200 * 1024)
    else:
        options["preexec_fn"] = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    refused = run_cli(*convert, "disk/there", cwd=tmp_path, code=1, **options)
    assert "disk" in refused.err
    assert "no space left" in refused.err.lower() or not disk._is_own, refused.err
    assert "fault of Polychip" not in refused.err
    assert {path.name for path in disk.point.iterdir()} <= {"ballast"}
    disk.free()
    run_cli(*convert, "disk/there", cwd=tmp_path)
    run_cli(*convert, "straight", cwd=tmp_path)
    there, straight = files_of(disk.point / "there"), files_of(tmp_path / "straight")
    assert there.keys() == straight.keys()
    assert [n for n in there if there[n] != straight[n]] in ([], ["conversion.json"])


def test_numpy_says_nothing_of_the_file_so_the_folder_is_named(tmp_path: Path) -> None:
    told = rf"{tmp_path}: can't be written: .*; free some space"
    with pytest.raises(OutputError, match=told), writing_into(tmp_path):
        raise OSError("48 requested and 0 written")
    with pytest.raises(OSError, match="elsewhere"), writing_into(tmp_path):
        raise FileNotFoundError(2, "elsewhere", "/elsewhere/labels.gpkg")
