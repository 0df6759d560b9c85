"""Two runs into one folder: the second refuses; nobody else is kept from it."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import COMMAND, run_cli
from support.datasets import differing
from support.standing import five_scenes, standing

from polychip.io import locks
from polychip.state import RunState, lock

RUN = ("run", "recipe.toml", "--workers", "2")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs, and the dataset that one undisturbed run makes of them."""
    folder = tmp_path_factory.mktemp("desk")
    five_scenes(folder)
    run_cli(*RUN, cwd=folder)
    return folder


@pytest.fixture
def out(desk: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder for a dataset, beside the undisturbed one: what it says of its inputs is the same."""
    folder = desk / f"run {tmp_path.name}"
    yield folder
    shutil.rmtree(folder)


def file_of(output: Path) -> Path:
    return output / ".polychip" / "lock"


@pytest.mark.parametrize("option", [(), ("--resume",), ("--overwrite",), ("--update",)])
def test_while_one_run_writes_a_second_refuses_and_harms_nothing(
    desk: Path, out: Path, tmp_path: Path, option: tuple[str, ...]
) -> None:
    if option == ("--update",):
        shutil.copytree(desk / "whole", out)
    first = (*RUN, "-o", out, *(option if option == ("--update",) else ()))
    with standing(first, desk, at=lambda event: event["event"] in {"progress", "warning"}) as run:
        told = json.loads(file_of(out).read_text())
        assert told["pid"] == run.pid
        refused = run_cli(*RUN, "-o", out, *option, cwd=desk, code=1)
        who = f"process {run.pid} on {told['host']}, since {told['since']}"
        assert f"{out}: another run ({who}) is writing here; wait for it, or" in refused.err
        elsewhere = tmp_path / "by another name"
        elsewhere.symlink_to(out)
        again = run_cli(*RUN, "-o", elsewhere, *option, cwd=desk, code=1)
        assert f"another run ({who}) is writing here" in again.err
        assert run.go_on()[0] == 0
    assert differing(out, desk / "whole") == []
    assert not file_of(out).exists()


def test_an_append_and_an_update_keep_off_each_other(desk: Path, out: Path) -> None:
    shutil.copytree(desk / "whole", out)
    more = 'labels = "labels.gpkg"\n[output]\npath = "x"\n[chips]\nsize = 64\n'
    (desk / "more.toml").write_text(f'[[scenes]]\nname = "new"\nimage = "0.tif"\n{more}')
    with standing(
        (*RUN, "-o", out, "--update"), desk, lambda event: event["event"] in {"progress", "warning"}
    ):
        refused = run_cli("append", out, "more.toml", cwd=desk, code=1)
        assert "is writing here; wait for it" in refused.err


@pytest.mark.parametrize("victim", ["all", "main"])
def test_a_killed_run_holds_nothing_even_if_its_workers_still_stand_there(
    desk: Path, out: Path, victim: str
) -> None:
    with standing((*RUN, "-o", out), desk) as run:
        kill = os.killpg if victim == "all" else os.kill
        kill(run.pid, signal.SIGKILL)  # workers stay stopped: they can't end with their parent
        run.process.wait()
        assert file_of(out).exists()
        # the number of the dead may be another process's by now: here it is this test's
        file_of(out).write_text(json.dumps({"host": "here", "pid": os.getpid(), "since": "now"}))
        run_cli(*RUN, "-o", out, "--resume", cwd=desk)
        assert differing(out, desk / "whole") == []


@pytest.mark.parametrize(
    "number", [0, 1, *(pytest.param(n, marks=pytest.mark.nightly) for n in range(2, 30))]
)
def test_of_runs_that_start_together_one_writes(desk: Path, out: Path, number: int) -> None:
    runs = [
        subprocess.Popen(
            [*COMMAND, *RUN, "-o", out], cwd=desk, stderr=subprocess.PIPE, text=True,
            stdout=subprocess.DEVNULL,
        )
        for _ in range(3)
    ]  # fmt: skip
    told = [run.communicate(timeout=120)[1] for run in runs]
    assert sorted(run.returncode for run in runs) == [0, 1, 1], told
    for run, text in zip(runs, told, strict=True):
        assert "Traceback" not in text
        if run.returncode:
            assert "is writing here" in text or "a finished dataset is already here" in text
    assert differing(out, desk / "whole") == []


def is_free(path: Path) -> bool:
    """Whether another process gets the lock."""
    code = (
        "import sys; from pathlib import Path; from polychip.io.locks import take\n"
        "sys.exit(take(Path(sys.argv[1])) is not None)"
    )
    return subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 0


def test_in_one_process_too_and_being_refused_costs_the_holder_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert locks.take(path) is None
    holder = locks.take(path)
    assert holder is not None
    assert (holder.pid, holder.sure) == (os.getpid(), True)
    assert not is_free(path)
    locks.give(path)
    assert not path.exists()
    assert is_free(path)
    assert locks.take(path) is None  # the file is there again, and nobody holds it
    locks.give(path)


def test_a_forked_child_neither_holds_the_lock_nor_gives_it_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert locks.take(path) is None
    child = os.fork()
    if child == 0:
        os._exit(locks.take(path) is None)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not is_free(path)
    locks.give(path)


def test_where_a_file_system_knows_no_locks_the_file_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(file: int, number: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks, "_take", unknown)
    state = RunState(tmp_path / "out")
    lock(state)
    locks.give(file_of(state.output))
    file_of(state.output).write_text(json.dumps({"host": "moon", "pid": 7, "since": "May"}))
    with pytest.raises(
        Exception, match=r"\(process 7 on moon, since May\).*can't tell.*delete .*lock$"
    ):
        lock(state)
    file_of(state.output).unlink()
    lock(state)
    locks.give(file_of(state.output))
