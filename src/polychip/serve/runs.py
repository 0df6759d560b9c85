"""Runs for a client: the command line in a process of its own, its words passed on."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from polychip.serve.protocol import CANCELLED, DIED, REFUSED, ServeError

INTERRUPTED = 130
SOME_FAILED = 3
GRACE_SECONDS = 15.0
"""From asking a run to end to ending it."""
_FLAGS = {
    "new": (),
    "resume": ("--resume",),
    "overwrite": ("--overwrite",),
    "update": ("--update",),
}
_TAIL = 4000


class ChildRun:
    """One `polychip run` that a client has asked for."""

    def __init__(
        self, recipe: Path, way: str, workers: int, output: str | None, folder: Path
    ) -> None:
        self._command = [sys.executable, "-I", "-m", "polychip", "run", str(recipe), *_FLAGS[way]]
        self._command += ["--progress", "json"]
        if workers:
            self._command += ["--workers", str(workers)]
        if output is not None:
            self._command += ["--output", output]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = threading.Event()
        self._lock = threading.Lock()

    def listen(self, tell: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
        """Run to the end; `tell` hears each event on the way. Returns the closing event.

        Raises:
            ServeError: the run was refused, cancelled, or died.
        """
        with tempfile.TemporaryFile() as errors:
            with self._lock:
                if self._cancelled.is_set():
                    raise ServeError(CANCELLED, "cancelled before it began")
                # The command is this program's own, and every part of it a plain argument.
                self._process = subprocess.Popen(  # noqa: S603
                    self._command,
                    cwd=self._folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                )
            done, error = self._events(self._process, tell)
            code = self._process.wait()
            errors.seek(0)
            tail = errors.read()[-_TAIL:].decode("utf-8", "replace")
        if done is not None and code in (0, SOME_FAILED):
            return done
        if code == INTERRUPTED or self._cancelled.is_set():
            raise ServeError(CANCELLED, error or "cancelled")
        if error:
            raise ServeError(REFUSED, error)
        raise ServeError(DIED, f"the run ended with exit code {code}: {tail.strip()}")

    @staticmethod
    def _events(
        process: "subprocess.Popen[bytes]", tell: Callable[[Mapping[str, Any]], None]
    ) -> tuple[dict[str, Any] | None, str]:
        done, error = None, ""
        assert process.stdout is not None  # noqa: S101 - asked for above
        for line in process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # a library's own words
            kind = event.get("event") if isinstance(event, dict) else None
            if kind == "done":
                done = {key: value for key, value in event.items() if key != "event"}
            elif kind == "error":
                error = str(event.get("message", ""))
            elif kind:
                tell(event)
        return done, error

    def cancel(self) -> None:
        """Ask the run to end; it is ended if it doesn't. What is finished is kept."""
        with self._lock:
            self._cancelled.set()
            process = self._process
        if process is None or process.poll() is not None:
            return
        if os.name == "nt":
            process.terminate()
            return
        process.send_signal(signal.SIGTERM)
        killer = threading.Timer(GRACE_SECONDS, process.kill)
        killer.daemon = True
        killer.start()
