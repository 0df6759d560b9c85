"""Ctrl-C: at any moment, without a traceback, and nothing lost."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import COMMAND, Cli, leftovers
from support.datasets import differing


def interrupt(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """Ctrl-C, as a terminal sends it: to the whole process group. Returns the rest of the output."""
    os.killpg(process.pid, signal.SIGINT)
    return process.communicate(timeout=60)


def start(*command: str, cwd: Path) -> "subprocess.Popen[str]":
    """A command in a process group of its own."""
    return subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupted_run_resumes_to_the_same_bytes(
    cli: Cli, large: tuple[Path, Path], tmp_path: Path, workers: str
) -> None:
    image, labels = large
    export = ("export", str(image), "--labels", str(labels), "--size", "128", "--mode", "instance")
    process = start(
        *COMMAND, *export, "-o", "broken", "--progress", "json", "--workers", workers, cwd=tmp_path
    )
    assert process.stdout
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "progress" and event["done"]:
            assert event["done"] < event["total"]
            break
    out, err = interrupt(process)
    assert process.returncode == 130, err
    assert err.startswith("interrupted: what is finished is kept in ")
    assert "go on with --resume" in err
    assert "Traceback" not in err
    last = json.loads(out.splitlines()[-1])
    assert (last["event"], last["exit_code"]) == ("error", 130)
    assert not (tmp_path / "broken" / "manifest.json").exists()
    assert leftovers(tmp_path) == []
    refused = cli(*export, "-o", "broken", code=1)
    assert "an unfinished run is already here; use --resume to go on with it" in refused.err
    resumed = cli(*export, "-o", "broken", "--resume", "--progress", "json")
    assert json.loads(resumed.out.splitlines()[-1])["chips"] == 1600
    cli(*export, "-o", "straight")
    assert differing(tmp_path / "broken", tmp_path / "straight") == []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_that_another_program_ends_is_resumable_like_one_after_ctrl_c(
    cli: Cli, large: tuple[Path, Path], tmp_path: Path, workers: str
) -> None:
    image, labels = large
    export = ("export", str(image), "--labels", str(labels), "--size", "256")
    process = start(
        *COMMAND, *export, "-o", "broken", "--progress", "json", "--workers", workers, cwd=tmp_path
    )
    assert process.stdout
    for line in process.stdout:
        if json.loads(line).get("done"):
            break
    process.terminate()  # SIGTERM, to the process alone
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.startswith("interrupted: what is finished is kept in ")
    assert "Traceback" not in err
    assert json.loads(out.splitlines()[-1])["exit_code"] == 130
    assert leftovers(tmp_path) == []
    cli(*export, "-o", "broken", "--resume")
    cli(*export, "-o", "straight")
    assert differing(tmp_path / "broken", tmp_path / "straight") == []


MODULES = ("polychip.cli.arguments", "multiprocessing.context", "pydantic_core", "numpy", "pyproj")


@pytest.mark.parametrize("module", MODULES)
def test_ctrl_c_while_python_still_imports_is_as_clean(
    recipe: Path, tmp_path: Path, module: str
) -> None:
    python = (sys.executable, "-X", "importtime")
    process = start(*python, "-m", "polychip", "run", str(recipe), "--workers", "2", cwd=tmp_path)
    assert process.stderr
    for line in process.stderr:
        if line.split("|")[-1].strip().startswith(module):
            break
    _, err = interrupt(process)
    told = [line for line in err.splitlines() if not line.startswith("import time:")]
    assert process.returncode == 130, told
    assert [line for line in told if line.startswith("interrupted: ")], told
    assert "Traceback" not in err
    assert "leaked" not in err
    assert leftovers(tmp_path) == []


def test_ctrl_c_before_the_first_chip_leaves_nothing(tmp_path: Path) -> None:
    slow = tmp_path / "slow.toml"
    os.mkfifo(slow)
    process = start(*COMMAND, "run", str(slow), cwd=tmp_path)
    with slow.open("w"):  # opens once the command reads
        _, err = interrupt(process)
    assert process.returncode == 130
    assert err.startswith("interrupted: stopped; give the same command again")
    assert [path.name for path in tmp_path.iterdir()] == ["slow.toml"]


DROPPED = """
import signal, sys
from polychip.cli.main import entry_point

class Finder:
    pressed = False

    def __del__(self):
        signal.raise_signal(signal.SIGINT)

    @staticmethod
    def find_spec(name, *_):
        if not Finder.pressed:
            Finder.pressed = True
            Finder()  # Python drops what is raised while it goes

sys.meta_path.insert(0, Finder)
entry_point()
"""


def test_ctrl_c_that_python_drops_in_a_finaliser_is_heard_again(
    recipe: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DROPPED, "run", str(recipe)], capture_output=True, text=True,
        check=False, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    assert done.stderr.startswith("interrupted: "), done.stderr
    assert leftovers(tmp_path) == []


HEARD_ELSEWHERE = """
import os, signal, threading, time
from polychip.cli.progress import Told
from polychip.cli.watch import Watch

def press():
    time.sleep(0.3)  # the main thread waits for a pipe by then
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)

try:
    with Watch(Told(bar=False)):
        threading.Thread(target=press).start()
        os.read(os.pipe()[0], 1)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_that_came_just_before_a_read_is_heard() -> None:
    """Python only notes it, and the read would wait for ever: as when it came a moment too early."""
    done = subprocess.run(
        [sys.executable, "-c", HEARD_ELSEWHERE], capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
