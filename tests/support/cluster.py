"""A real Dask scheduler and workers, each a process of its own, on loopback addresses."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DASK = (sys.executable, "-m", "dask")


class Machines:
    """A scheduler on 127.0.0.1, and workers on 127.0.0.2, .3, …"""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        self._processes: list[subprocess.Popen[bytes]] = []
        log = folder / "scheduler.log"
        self._start(log, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.address = self._wait(log, r"Scheduler at:\s+(tcp://\S+)")

    def _start(self, log: Path, *command: str, **env: str) -> "subprocess.Popen[bytes]":
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*DASK, *command], cwd=self.folder, stdout=out, stderr=out, env=os.environ | env
            )
        self._processes.append(process)
        return process

    def _wait(self, log: Path, pattern: str) -> str:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = re.search(pattern, log.read_text(errors="replace"))
            if found:
                return found[found.re.groups]
            time.sleep(0.05)
        raise AssertionError(log.read_text(errors="replace"))

    def add_worker(self, **env: str) -> "subprocess.Popen[bytes]":
        """Start a worker with one thread and no nanny, and wait until it is registered."""
        number = len(self.workers) + 2
        log = self.folder / f"worker-{number}.log"
        worker = self._start(
            log, "worker", self.address, "--host", f"127.0.0.{number}", "--nthreads", "1",
            "--no-nanny", "--no-dashboard", "--local-directory", str(self.folder / f"w{number}"),
            **env,
        )  # fmt: skip
        self.workers.append(worker)
        self._wait(log, r"Registered to:\s+(tcp://\S+)")
        return worker

    def end(self) -> None:
        """End what was started."""
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()


@contextmanager
def machines(folder: Path, workers: int) -> Iterator[Machines]:
    """A scheduler with some workers."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Machines(folder)
    try:
        for _ in range(workers):
            made.add_worker()
        yield made
    finally:
        made.end()
