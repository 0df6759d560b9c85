"""Runs that stand still halfway, so that a test can change the world meanwhile."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import shapely

from support.commands import COMMAND
from support.labels import from_pixels, write_labels
from support.rasters import place, write_raster

SCENES, SIDE = 5, 256


def five_scenes(folder: Path, *, moved: int = 0) -> None:
    """Five scenes, a block each: with two workers images first, masks once all labels are there."""
    where = place(SIDE, SIDE)
    shapes = [
        from_pixels(where, shapely.box(x, y, x + 17 + (moved if x < 60 else 0), y + 11))
        for x in range(3, SIDE, 40)
        for y in range(5, SIDE, 30)
    ]
    classes = ["field" if i % 3 else "water" for i in range(len(shapes))]
    write_labels(folder / "labels.gpkg", shapes, where.crs, **{"class": classes})
    text = '[output]\npath = "whole"\n[chips]\nsize = 64\n[masks]\nmode = "panoptic"\n'
    for i in range(SCENES):
        write_raster(folder / f"{i}.tif", where)
        text += f'[[scenes]]\nname = "s{i}"\nimage = "{i}.tif"\nlabels = "labels.gpkg"\n'
    (folder / "recipe.toml").write_text(text)


class Standing:
    """A command that was stopped; it and its workers are one process group."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    @property
    def pid(self) -> int:
        """Of the command itself."""
        return self.process.pid

    def go_on(self) -> tuple[int, str, str]:
        """Let it run to its end: exit code, stdout, stderr."""
        os.killpg(self.pid, signal.SIGCONT)
        out, err = self.process.communicate(timeout=120)
        assert "Traceback" not in out + err, err
        return self.process.returncode, out, err


@contextmanager
def standing(
    arguments: Sequence[object],
    cwd: Path,
    at: Callable[[dict[str, Any]], bool] = lambda event: event["event"] == "progress",
    env: dict[str, str] | None = None,
) -> Iterator[Standing]:
    """`polychip`, stopped at the first event of `--progress json` that is meant.

    By default its first progress: the folder is locked, and no chip is made yet.
    """
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments), "--progress", "json"], cwd=cwd, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        env=os.environ | (env or {}),
    )  # fmt: skip
    assert process.stdout
    told: list[str] = []
    for line in process.stdout:
        told.append(line)
        if at(json.loads(line)):
            os.killpg(process.pid, signal.SIGSTOP)
            break
    else:
        raise AssertionError((told, process.communicate()))
    try:
        yield Standing(process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
