"""A mount that dies: a sentence with the path after a stated time, instead of a silent hang."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import run_cli
from support.datasets import differing
from support.dead_mount import DeadMount, dead_mount
from support.standing import five_scenes, standing

from polychip.cli import watch
from polychip.cli.progress import Told
from polychip.cli.watch import Watch


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs, and the dataset that is made of them."""
    folder = tmp_path_factory.mktemp("made")
    five_scenes(folder)
    run_cli("run", "recipe.toml", "--workers", "1", cwd=folder)
    return folder


@pytest.fixture
def mount(made: Path, tmp_path: Path) -> Iterator[DeadMount]:
    """The inputs on a mount of their own; recipe.toml, outside, names the last image there."""
    names = ["labels.gpkg", *(f"{i}.tif" for i in range(5))]
    (tmp_path / "server").mkdir()
    for name in names:
        shutil.copy2(made / name, tmp_path / "server")
    text = (made / "recipe.toml").read_text()
    for name in names:
        text = text.replace(f'"{name}"', f'"far/{name}"')
    (tmp_path / "recipe.toml").write_text(text)
    with dead_mount(tmp_path / "server", tmp_path / "far") as mount:
        if mount is None:
            pytest.skip("mounting by FUSE needs root and /dev/fuse")
        yield mount


RUN = ("run", "recipe.toml", "-o", "out", "--workers")


def told(process: "subprocess.Popen[str]", words: str) -> None:
    """Wait until a command warns of something."""
    assert process.stdout
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(process.communicate())


def is_over(group: int) -> bool:
    """Whether no process of a command is left, a moment later."""
    for _ in range(200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


ONE_BY_NIGHT = [pytest.param(1, marks=pytest.mark.nightly), 2]
TWO_BY_NIGHT = [1, pytest.param(2, marks=pytest.mark.nightly)]


@pytest.mark.parametrize("workers", ONE_BY_NIGHT)
def test_a_mount_that_dies_in_the_middle_ends_the_run_with_its_path(
    made: Path, mount: DeadMount, tmp_path: Path, workers: int
) -> None:
    with standing((*RUN, workers), tmp_path, env={"POLYCHIP_TIMEOUT": "2"}) as run:
        mount.die()
        code, out, err = run.go_on()
        assert code == 1, err
        assert err.startswith(f"error: {tmp_path / 'far'}/")
        assert "s: the drive or server that it lies on is gone or stuck" in err
        last = json.loads(out.splitlines()[-1])
        assert (last["event"], last["exit_code"]) == ("error", 1)
        assert is_over(run.pid)
    mount.come_back()
    run_cli(*RUN, workers, "--resume", cwd=tmp_path)
    assert differing(tmp_path / "out", made / "whole") == ["recipe.toml"]  # the paths in it


def test_a_mount_that_is_dead_from_the_start_is_named(mount: DeadMount, tmp_path: Path) -> None:
    mount.die()
    refused = run_cli(*RUN, 2, cwd=tmp_path, env={"POLYCHIP_TIMEOUT": "2"}, code=1)
    assert f"error: {tmp_path / 'far'}/" in refused.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("workers", TWO_BY_NIGHT)
def test_a_mount_that_comes_back_costs_a_warning(
    made: Path, mount: DeadMount, tmp_path: Path, workers: int
) -> None:
    with standing((*RUN, workers), tmp_path, env={"POLYCHIP_TIMEOUT": "20"}) as run:
        mount.die()
        os.killpg(run.pid, signal.SIGCONT)
        told(run.process, "no answer for")
        mount.come_back()
        code, out, err = run.go_on()
    assert code == 0, err
    assert json.loads(out.splitlines()[-1])["warnings"] >= 1
    assert differing(tmp_path / "out", made / "whole") == ["recipe.toml"]


@pytest.mark.parametrize("workers", TWO_BY_NIGHT)
@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.nightly)]
)
def test_ctrl_c_does_not_wait_for_a_dead_mount(
    mount: DeadMount, tmp_path: Path, workers: int, number: int
) -> None:
    with standing((*RUN, workers), tmp_path, env={"POLYCHIP_TIMEOUT": "20"}) as run:
        mount.die()
        os.killpg(run.pid, signal.SIGCONT)
        told(run.process, "no answer for")
        # Ctrl-C as a terminal sends it, to all; SIGTERM as another program does
        os.killpg(run.pid, number) if number == signal.SIGINT else os.kill(run.pid, number)
        _, err = run.process.communicate(timeout=60)
        assert run.process.returncode == 130, err
        assert "does not answer; what is finished is kept" in err
        assert is_over(run.pid)


@pytest.mark.parametrize("going", [True, False])
def test_a_command_that_goes_on_is_not_ended_for_a_file_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, going: bool
) -> None:
    """As from a tape: one file takes minutes, and chips of others are made meanwhile."""
    ended, for_good = threading.Event(), threading.Event()
    messages: list[str] = []

    def end(self: Watch, code: int, message: str) -> None:
        messages.append(message)
        ended.set()
        self._stopped.set()

    monkeypatch.setenv(watch.TIMEOUT, "0.5")
    monkeypatch.setattr(watch, "ask", lambda _: for_good.wait(60))
    monkeypatch.setattr(Watch, "_end", end)
    reporter = Told(bar=False)
    with Watch(reporter, ["/tape/a.tif"]):
        for _ in range(40):
            if going:
                reporter.advance(1)
            ended.wait(0.05)
    for_good.set()
    assert ended.is_set() != going
    assert all(message.startswith("/tape/a.tif: no answer for") for message in messages)
    assert reporter.n_warnings == 1
