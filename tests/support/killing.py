"""Runs that are killed at a moment: real processes, SIGKILL, nothing that could be caught."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from support.commands import COMMAND

Victim = Literal["all", "main", "worker"]


@dataclass(frozen=True)
class Moment:
    """When and whom to kill: once a folder holds so many files, and a little later."""

    n_files: int
    delay_s: float
    victim: Victim

    @classmethod
    def at_random(cls, number: int, n_files: int, longest_s: float = 0.3) -> "Moment":
        """The moment of a number; the same each time."""
        rng = random.Random(number)
        victim: Victim = rng.choice(("all", "all", "main", "worker"))
        n_files, delay_s = rng.randint(0, n_files), rng.uniform(0, longest_s)
        return cls(n_files, rng.choice((0.0, delay_s)) if n_files else delay_s, victim)


def kill_at(moment: Moment, arguments: Sequence[str], watched: Path, cwd: Path) -> tuple[int, str]:
    """Start `polychip` and kill it, or one of its workers, at a moment; its exit code and stderr.

    A run that ends before its moment is a moment, too.
    """
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    while process.poll() is None and count_files(watched) < moment.n_files:
        time.sleep(0.002)
    time.sleep(moment.delay_s)
    if moment.victim == "all":
        _kill(os.killpg, process.pid)
    elif moment.victim == "main":
        _kill(os.kill, process.pid)
    else:
        for pid in _grandchildren(process.pid)[:1]:
            _kill(os.kill, pid)
    _, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    return process.returncode, err


def count_files(folder: Path) -> int:
    """Files below a folder that somebody is writing."""
    return sum(len(names) for _, _, names in os.walk(folder))


def _kill(how: Callable[[int, int], None], pid: int) -> None:
    with suppress(ProcessLookupError):
        how(pid, signal.SIGKILL)


def _grandchildren(pid: int) -> list[int]:
    """Worker processes: children of the fork server, which is a child of the command."""
    parents = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                stat = Path(entry.path, "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    return sorted(c for c, p in parents.items() if parents.get(p) == pid)
