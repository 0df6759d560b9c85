"""Clocks that jump, and files from the future or the past: no byte and no number depends on them."""

import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from support.commands import leftovers, run_cli
from support.datasets import differing
from support.rasters import place, write_raster
from support.standing import SCENES, SIDE, five_scenes, standing

CHIPS = SCENES * (SIDE // 64) ** 2
DAY = 86_400
LONG_AGO, FAR_AHEAD = 86_400 * 365, 86_400 * 365 * 130
"""1971 and 2100."""
JUMPING = f"""
import datetime, itertools, time
_true, _jump = time.time, itertools.cycle((0, -{DAY}, {DAY} * 365, -{DAY} * 20_000))
time.time = lambda: _true() + next(_jump)
time.time_ns = lambda: int(time.time() * 1e9)
class _Jumping(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(max(time.time(), 0), tz)
datetime.datetime = _Jumping
"""
"""Python runs it first in each process: the wall clock is another one at each look."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs, and the dataset that is made of them by a clock that goes evenly."""
    folder = tmp_path_factory.mktemp("made")
    five_scenes(folder)
    run_cli("run", "recipe.toml", "--workers", "1", cwd=folder)
    (folder / "clock").mkdir()
    (folder / "clock" / "sitecustomize.py").write_text(JUMPING)
    return folder


@pytest.fixture
def desk(made: Path, tmp_path: Path) -> Path:
    """A copy of it all, dates included."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def date(folder: Path, seconds: float) -> None:
    """Give every file and folder below another date."""
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (seconds, seconds))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_clock_that_jumps_while_a_run_is_killed_and_resumed(desk: Path, workers: int) -> None:
    jumping = {"PYTHONPATH": str(desk / "clock")}
    command = ("run", "recipe.toml", "-o", "out", "--workers", workers)
    with standing(command, desk, lambda event: bool(event.get("done")), env=jumping) as run:
        os.killpg(run.pid, signal.SIGKILL)
    done = run_cli(*command, "--resume", "--progress", "json", cwd=desk, env=jumping)
    events = [json.loads(line) for line in done.out.splitlines()]
    progress = [event for event in events if event["event"] == "progress"]
    seconds = [event["seconds"] for event in progress]
    assert seconds == sorted(seconds)
    assert seconds[0] >= 0
    assert seconds[-1] < DAY
    assert [event["done"] for event in progress] == sorted(event["done"] for event in progress)
    assert progress[-1]["done"] == progress[-1]["total"] == CHIPS
    assert differing(desk / "out", desk / "whole") == []
    assert leftovers(desk) == []


@pytest.mark.parametrize("seconds", [LONG_AGO, FAR_AHEAD])
def test_dates_alone_change_no_byte(desk: Path, seconds: float) -> None:
    before = desk / "before"
    shutil.copytree(desk / "whole", before)
    date(desk, seconds)
    run_cli("run", "recipe.toml", "--update", "--workers", "1", cwd=desk)
    assert differing(desk / "whole", before) == []
    assert json.loads(run_cli("verify", "whole", "--json", cwd=desk).out)["ok"]


@pytest.mark.parametrize("seconds", [LONG_AGO, FAR_AHEAD])
def test_what_changed_is_seen_whatever_its_date(desk: Path, seconds: float) -> None:
    """The clock was set back by years before the image was written, or went ahead."""
    write_raster(desk / "2.tif", place(SIDE, SIDE), np.full((2, SIDE, SIDE), 9, np.uint16))
    date(desk, seconds)
    run_cli("run", "recipe.toml", "--update", "--workers", "1", cwd=desk)
    run_cli("run", "recipe.toml", "-o", "fresh", "--workers", "1", cwd=desk)
    assert differing(desk / "whole", desk / "fresh") == []
