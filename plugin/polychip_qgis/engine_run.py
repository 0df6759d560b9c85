# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine at work in a process of its own: started, listened to, cancelled.

Needs an event loop, on the main thread or on another; never waits.
"""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

from qgis.PyQt.QtCore import QObject, QProcess, QTimer, pyqtSignal

from .engine import Engine, process_environment
from .translation import tr

DONE, SOME_FAILED, REFUSED, CANCELLED, DIED = "done", "some failed", "refused", "cancelled", "died"
INTERRUPTED_CODE = 130
GRACE_MS = 5_000
"""From asking the engine to end to ending it."""
KEPT_CHARACTERS = 4_000
RATE_SECONDS = 20.0
"""The rate is that of the last seconds: a resumed run begins with a leap over what was there."""


class Progress(NamedTuple):
    """How far the engine has come."""

    done: int
    total: int
    rate: float
    """Chips a second lately, 0 while it is not known."""

    @property
    def seconds_left(self) -> float | None:
        """None while it is not known."""
        return (self.total - self.done) / self.rate if self.rate > 0 else None


class RunOutcome(NamedTuple):
    """How a run ended."""

    kind: str
    """DONE, SOME_FAILED, REFUSED, CANCELLED or DIED."""
    message: str = ""
    """What went wrong, one sentence or the engine's own words."""
    summary: dict[str, Any] = {}
    """The engine's closing event: 'chips', 'failed', 'seconds' and more."""
    warnings: tuple[str, ...] = ()
    output: str = ""
    """What the engine wrote, its last part."""

    @property
    def ok(self) -> bool:
        """Whether there is a dataset, if not of all chips."""
        return self.kind in (DONE, SOME_FAILED)


class EngineRun(QObject):
    """One run of the engine with `--progress json`; `finished` brings a RunOutcome, once."""

    progressed = pyqtSignal(object)
    """A Progress."""
    noted = pyqtSignal(str)
    warned = pyqtSignal(str)
    finished = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None, grace_ms: int = GRACE_MS) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._rest = b""
        self._tail = ""
        self._recent: deque[tuple[int, float]] = deque()
        self._error = ""
        self._summary: dict[str, Any] | None = None
        self._warnings: list[str] = []
        self._cancelled = False
        self._kill = QTimer(self)
        self._kill.setSingleShot(True)
        self._kill.setInterval(grace_ms)
        self._kill.timeout.connect(self._kill_now)

    def start(self, engine: Engine, arguments: list[str], folder: Path) -> None:
        """Start the engine in this working folder; call it once."""
        self._process = QProcess(self)
        self._process.setProcessEnvironment(process_environment())
        self._process.setWorkingDirectory(str(folder))
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.readyReadStandardError.connect(self._read_errors)
        self._process.finished.connect(self._ended)
        self._process.errorOccurred.connect(self._failed)
        program, *rest = engine.command(*arguments)
        self._process.start(program, rest)
        if self._process is not None:  # a failed start may already have been reported
            self._process.closeWriteChannel()

    def cancel(self) -> None:
        """Ask the engine to end; it is ended if it doesn't. What is finished is kept."""
        if self._process is None or self._cancelled:
            return
        self._cancelled = True
        self._process.terminate()
        self._kill.start()

    def abandon(self) -> None:
        """End the engine at once and tell nobody, for when QGIS or the plugin goes away."""
        process, self._process = self._process, None
        self._kill.stop()
        if process is not None:
            process.finished.disconnect(self._ended)
            process.errorOccurred.disconnect(self._failed)
            process.terminate()
            if not process.waitForFinished(1_000):
                process.kill()
                process.waitForFinished(1_000)
            process.deleteLater()

    def process_id(self) -> int:
        """The engine's process id; 0 when it does not run."""
        return int(self._process.processId()) if self._process is not None else 0

    def _kill_now(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _read(self) -> None:
        if self._process is None:
            return
        *lines, self._rest = (self._rest + bytes(self._process.readAllStandardOutput())).split(
            b"\n"
        )
        for line in lines:
            self._take(line.decode("utf-8", "replace").strip())

    def _read_errors(self) -> None:
        if self._process is not None:
            self._keep(bytes(self._process.readAllStandardError()).decode("utf-8", "replace"))

    def _keep(self, text: str) -> None:
        self._tail = (self._tail + text)[-KEPT_CHARACTERS:]

    def _take(self, line: str) -> None:
        """One line of stdout: an event, or something that a library printed."""
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            self._keep(f"{line}\n" if line else "")
            return
        kind, message = event.get("event"), str(event.get("message", ""))
        if kind == "progress":
            self._advance(event)
        elif kind == "note":
            self.noted.emit(message)
        elif kind == "warning":
            self._warnings.append(message)
            self.warned.emit(message)
        elif kind == "error":
            self._error = message
        elif kind == "done":
            self._summary = event

    def _advance(self, event: dict[str, Any]) -> None:
        try:
            done, total = int(event["done"]), int(event["total"])
            seconds = float(event["seconds"])
        except (KeyError, TypeError, ValueError):
            self._keep(f"{event}\n")
            return
        self._recent.append((done, seconds))
        while len(self._recent) > 2 and seconds - self._recent[0][1] > RATE_SECONDS:
            self._recent.popleft()
        n_made, since = done - self._recent[0][0], seconds - self._recent[0][1]
        self.progressed.emit(Progress(done, total, n_made / since if since > 0 else 0.0))

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:  # other errors end in `finished` as well
            reason = self._process.errorString()
            self._finish(
                DIED, tr("The engine could not be started: {reason}.").format(reason=reason)
            )

    def _ended(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        self._read_errors()
        if self._rest:
            self._take(self._rest.decode("utf-8", "replace").strip())
        crashed = status == QProcess.ExitStatus.CrashExit
        if self._summary is not None and not crashed:
            self._finish(SOME_FAILED if self._summary.get("failed") else DONE)
        elif self._cancelled or (code == INTERRUPTED_CODE and not crashed):
            self._finish(CANCELLED)
        elif self._error:
            self._finish(REFUSED, self._error)
        elif crashed:
            self._finish(DIED, tr("The engine was ended or crashed in the middle of the export."))
        else:
            self._finish(DIED, tr("The engine ended with exit code {code}.").format(code=code))

    def _finish(self, kind: str, message: str = "") -> None:
        self._kill.stop()
        process, self._process = self._process, None
        process.deleteLater()
        self.finished.emit(
            RunOutcome(kind, message, self._summary or {}, tuple(self._warnings), self._tail)
        )
