"""SIGKILL at random moments: what is left can be brought to the bytes of a run that nobody touched."""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.commands import leftovers, run_cli
from support.datasets import differing
from support.killing import Moment, count_files, kill_at
from support.standing import SCENES, five_scenes

from polychip import state

SAMPLE, WHOLE = range(4), range(4, 50)
"""Numbers of moments: in each run of the tests, and by night."""
UPDATE_SAMPLE, UPDATE_WHOLE = range(50, 52), range(52, 70)
UPDATE_SECONDS = 2.5
"""About as long as an update takes."""
COMMAND = ("run", "recipe.toml", "--workers", "2")


def moments(sample: range, whole: range) -> pytest.MarkDecorator:
    by_night = [pytest.param(number, marks=pytest.mark.nightly) for number in whole]
    return pytest.mark.parametrize("number", [*sample, *by_night])


@dataclass(frozen=True)
class Undisturbed:
    """Inputs, and the dataset that is made of them when nobody kills it."""

    folder: Path
    n_files: int
    """All files of the dataset, those of the machine's own state among them."""

    @property
    def whole(self) -> Path:
        """The dataset."""
        return self.folder / "whole"


def build(folder: Path, **inputs: Any) -> Undisturbed:
    folder.mkdir(exist_ok=True)
    five_scenes(folder, **inputs)
    run_cli(*COMMAND, cwd=folder)
    return Undisturbed(folder, count_files(folder / "whole"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return build(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The same inputs with some labels changed, in all scenes."""
    return build(tmp_path_factory.mktemp("edited"), moved=9)


def check_end(code: int, told: str, victim: str, advice: str) -> None:
    """A killed command says nothing; one that lost a worker says what to do."""
    if victim == "worker" and code == 1:
        assert "a worker process died" in told
        assert advice in told
    else:
        assert code in (0, -9), told


@moments(SAMPLE, WHOLE)
def test_a_killed_run_resumes_to_the_same_bytes(undisturbed: Undisturbed, number: int) -> None:
    folder, name = undisturbed.folder, f"run{number}"
    moment = Moment.at_random(number, undisturbed.n_files)
    code, told = kill_at(moment, (*COMMAND, "-o", name), folder / name, folder)
    check_end(code, told, moment.victim, "go on with --resume")
    run_cli(*COMMAND, "-o", name, "--resume", cwd=folder)
    assert differing(folder / name, undisturbed.whole) == []
    assert leftovers(folder / name) == []
    shutil.rmtree(folder / name)


@moments(UPDATE_SAMPLE, UPDATE_WHOLE)
def test_a_killed_update_is_brought_to_its_end_by_the_next(
    undisturbed: Undisturbed, edited: Undisturbed, tmp_path: Path, number: int
) -> None:
    folder = tmp_path / "desk"
    shutil.copytree(edited.folder, folder, ignore=shutil.ignore_patterns("whole"))
    shutil.copytree(undisturbed.whole, folder / "whole")
    moment = Moment.at_random(number, 0, UPDATE_SECONDS)
    code, told = kill_at(moment, (*COMMAND, "--update"), folder / "whole", folder)
    check_end(code, told, moment.victim, "give the same command again")
    run_cli(*COMMAND, "--update", cwd=folder)
    assert differing(folder / "whole", edited.whole) == []
    assert leftovers(folder / "whole") == []


@pytest.fixture(scope="module")
def unfinished(undisturbed: Undisturbed) -> Path:
    """A run that was killed when two of its blocks were done."""
    folder = undisturbed.folder
    done = folder / "unfinished" / ".polychip" / "blocks"
    kill_at(Moment(2, 0.0, "all"), (*COMMAND, "-o", "unfinished"), done, folder)
    assert not (folder / "unfinished" / "manifest.json").exists()
    return folder / "unfinished"


class _KilledError(BaseException):
    """Stands for SIGKILL: nobody catches it."""


def _removed_up_to(number: int, dataset: Path, copy: Path, patcher: pytest.MonkeyPatch) -> bool:
    """Copy a dataset and remove it, killed after so many files; whether that was before the end."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(dataset, copy)
    unlink, left = os.unlink, [number]

    def remove(*arguments: Any, **options: Any) -> None:
        if not left[0]:
            raise _KilledError
        left[0] -= 1
        unlink(*arguments, **options)

    with patcher.context() as patch, suppress(_KilledError):
        patch.setattr(os, "unlink", remove)
        state.clear_dataset(copy)
        return False
    return True


def test_killed_while_it_removes_an_older_run_no_chip_counts_as_done_that_is_gone(
    undisturbed: Undisturbed, unfinished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = undisturbed.folder / "anew"
    assert any(state.RunState(unfinished).is_done(number) for number in range(SCENES))
    n_removed = 0
    while _removed_up_to(n_removed, unfinished, output, monkeypatch):
        n_removed += 23
        begun = state.RunState(output)
        records = [begun.load_record(n) for n in range(SCENES) if begun.is_done(n)]
        told = [entry["path"] for r in records for e in r.images.values() for entry in e.values()]
        assert [path for path in told if not (output / path).exists()] == []
    assert n_removed > 50
    _removed_up_to(70, unfinished, output, monkeypatch)
    shutil.rmtree(unfinished)
    output.rename(unfinished)
    run_cli(*COMMAND, "-o", "unfinished", "--resume", cwd=undisturbed.folder)
    assert differing(unfinished, undisturbed.whole) == []


def test_killed_before_its_first_chip_a_run_can_be_given_again(
    undisturbed: Undisturbed,
) -> None:
    for option in ((), ("--resume",)):
        output = undisturbed.folder / "early"
        (output / ".polychip").mkdir(parents=True)
        (output / ".polychip" / "lock").write_text("999999999")
        run_cli(*COMMAND, "-o", "early", *option, cwd=undisturbed.folder)
        assert differing(output, undisturbed.whole) == []
        shutil.rmtree(output)
