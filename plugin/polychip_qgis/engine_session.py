# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine kept running for questions: `polychip serve` through QProcess, docs/serve.md's client.

Never waits. When the engine dies, every question gets an answer that says so, and the next
question starts it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from qgis.PyQt.QtCore import QObject, QProcess, QTimer, pyqtSignal

from .about import version
from .engine import Engine, process_environment
from .translation import tr

PROTOCOL = 1
DIED, CANCELLED = "died", "cancelled"
KEPT_CHARACTERS = 4_000
END_MS = 3_000
"""From closing the engine's stdin to ending it."""


class Answer(NamedTuple):
    """What the engine says to one question."""

    ok: bool
    result: dict[str, Any]
    """Empty unless `ok`."""
    code: str = ""
    """The error's code of docs/serve.md, or DIED."""
    message: str = ""


class EngineSession(QObject):
    """Questions to one engine; call it on the main thread."""

    greeted = pyqtSignal(object)
    """What the engine says of itself, a dict; after each start."""
    died = pyqtSignal(str)
    """The engine ended without being asked to; a sentence. All open questions were answered."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine: Engine | None = None
        self._process: QProcess | None = None
        self._open: dict[int, tuple[Callable[[Answer], None], Callable[[dict], None] | None]] = {}
        self._number = 0
        self._rest: list[bytes] = []
        self._tail = ""

    @property
    def is_running(self) -> bool:
        """Whether there is an engine to ask."""
        return self._process is not None

    @property
    def output(self) -> str:
        """What the engine wrote beside its answers, the last part."""
        return self._tail

    def process_id(self) -> int:
        """The engine's process id; 0 when it does not run."""
        return int(self._process.processId()) if self._process is not None else 0

    def use(self, engine: Engine) -> None:
        """Ask this engine from now on; one of another place is ended."""
        if engine != self._engine:
            self.stop()
            self._engine = engine

    def ask(
        self,
        method: str,
        params: dict[str, Any],
        answered: Callable[[Answer], None],
        told: Callable[[dict], None] | None = None,
    ) -> int:
        """Ask; `answered` is called once, later, and `told` for each event before it."""
        if self._process is None:
            self._start()
        return self._send(method, params, answered, told)

    def cancel(self, number: int) -> None:
        """Withdraw a question; it is answered with CANCELLED."""
        if number in self._open and self._process is not None:
            self._send("cancel", {"request": number}, _ignore, None)

    def stop(self) -> None:
        """End the engine; open questions are answered with CANCELLED."""
        process, self._process = self._process, None
        if process is None:
            return
        process.finished.disconnect(self._ended)
        process.errorOccurred.disconnect(self._failed)
        process.readyReadStandardOutput.disconnect(self._read)
        process.closeWriteChannel()  # upon which it ends by itself
        process.finished.connect(process.deleteLater)
        QTimer.singleShot(END_MS, process.kill)
        process.setParent(None)
        _ENDING.append(process)
        process.finished.connect(lambda *_: _ENDING.remove(process))
        self._answer_all(Answer(False, {}, CANCELLED, tr("The engine was ended.")))

    def abandon(self) -> None:
        """End the engine at once and tell nobody, for when QGIS or the plugin goes away."""
        self._open.clear()
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect(self._ended)
            process.errorOccurred.disconnect(self._failed)
            process.closeWriteChannel()
            if not process.waitForFinished(1_000):
                process.kill()
                process.waitForFinished(1_000)
            process.deleteLater()

    def _start(self) -> None:
        self._rest, self._tail = [], ""
        self._process = QProcess(self)
        self._process.setProcessEnvironment(process_environment())
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.readyReadStandardError.connect(self._read_errors)
        self._process.finished.connect(self._ended)
        self._process.errorOccurred.connect(self._failed)
        program, *arguments = self._engine.command("serve")
        self._process.start(program, arguments)
        hello = {"protocol": PROTOCOL, "client": f"polychip_qgis {version()}"}
        self._send("hello", hello, self._greet, None)

    def _greet(self, answer: Answer) -> None:
        if answer.ok:
            self.greeted.emit(answer.result)

    def _send(
        self,
        method: str,
        params: dict[str, Any],
        answered: Callable[[Answer], None],
        told: Callable[[dict], None] | None,
    ) -> int:
        self._number += 1
        number = self._number
        self._open[number] = (answered, told)
        line = json.dumps({"id": number, "method": method, "params": params}) + "\n"
        if self._process is not None:
            self._process.write(line.encode("utf-8"))
        else:  # it could not even be started, which was told in `_failed`
            QTimer.singleShot(0, lambda: self._answer(number, _could_not_start()))
        return number

    def _read(self) -> None:
        if self._process is None:
            return
        *ends, rest = bytes(self._process.readAllStandardOutput()).split(b"\n")
        for part in ends:
            line = b"".join([*self._rest, part])
            self._rest = []
            self._take(line)
        if rest:
            self._rest.append(rest)

    def _read_errors(self) -> None:
        if self._process is not None:
            text = bytes(self._process.readAllStandardError()).decode("utf-8", "replace")
            self._tail = (self._tail + text)[-KEPT_CHARACTERS:]

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
            number = message["id"]
        except (ValueError, KeyError, TypeError):
            return
        if "ok" not in message:
            told = self._open.get(number, (None, None))[1]
            if told is not None:
                told(message)
        elif message["ok"]:
            self._answer(number, Answer(True, message.get("result") or {}))
        else:
            error = message.get("error") or {}
            code, text = str(error.get("code", "")), str(error.get("message", ""))
            self._answer(number, Answer(False, {}, code, text))

    def _answer(self, number: int, answer: Answer) -> None:
        answered, _ = self._open.pop(number, (None, None))
        if answered is not None:
            answered(answer)

    def _answer_all(self, answer: Answer) -> None:
        for number in list(self._open):
            self._answer(number, answer)

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:  # other errors end in `finished` as well
            reason = self._process.errorString()
            self._die(tr("The engine could not be started: {reason}.").format(reason=reason))

    def _ended(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        self._read_errors()
        if status == QProcess.ExitStatus.CrashExit:
            self._die(tr("The engine was ended or crashed."))
        else:
            self._die(tr("The engine ended with exit code {code}.").format(code=code))

    def _die(self, message: str) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.deleteLater()
        self._answer_all(Answer(False, {}, DIED, message))
        self.died.emit(message)


_ENDING: list[QProcess] = []
"""Engines that were told to end; without a reference Qt would kill them in mid-word."""


def _ignore(answer: Answer) -> None:
    """For questions whose answer changes nothing."""


def _could_not_start() -> Answer:
    return Answer(False, {}, DIED, tr("The engine could not be started."))
