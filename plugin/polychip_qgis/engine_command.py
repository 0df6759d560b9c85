# SPDX-License-Identifier: GPL-2.0-or-later
"""One command or one question to the engine from a Processing thread: waited for, cancellable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from qgis.core import QgsProcessingFeedback
from qgis.PyQt.QtCore import QEventLoop, QProcess, QTimer

from .engine import Engine, process_environment
from .engine_session import CANCELLED, Answer, EngineSession
from .translation import tr

_POLL_MS = 100
"""Between two looks at the user's wish to cancel."""


class CommandResult(NamedTuple):
    """How a command ended."""

    code: int
    """-1 when it could not be started, crashed or was cancelled."""
    output: str
    errors: str
    cancelled: bool

    def words(self) -> str:
        """Why it failed: the engine's own words, else its exit code."""
        words = self.errors.strip().removeprefix("error: ")
        return words or tr("The engine ended with exit code {code}.").format(code=self.code)


def run_command(
    engine: Engine,
    arguments: list[str],
    feedback: QgsProcessingFeedback,
    each_line: Callable[[str], None] | None = None,
) -> CommandResult:
    """Run `polychip ARGUMENTS` to its end; cancelling ends it.

    Args:
        each_line: told of each line of stdout as it comes.
    """
    process, loop, poll = QProcess(), QEventLoop(), QTimer()
    process.setProcessEnvironment(process_environment())
    heard, errors_heard = _Lines(each_line), []
    process.readyReadStandardOutput.connect(
        lambda: heard.take(bytes(process.readAllStandardOutput()))
    )
    # Both pipes are emptied all the time: a full one would make the engine wait.
    process.readyReadStandardError.connect(
        lambda: errors_heard.append(bytes(process.readAllStandardError()))
    )
    process.finished.connect(loop.quit)
    process.errorOccurred.connect(loop.quit)
    poll.setInterval(_POLL_MS)
    poll.timeout.connect(lambda: process.kill() if feedback.isCanceled() else None)
    poll.start()
    program, *rest = engine.command(*arguments)
    process.start(program, rest)
    process.closeWriteChannel()
    if process.state() != QProcess.ProcessState.NotRunning:
        loop.exec()
    process.waitForFinished(2_000)
    poll.stop()
    heard.take(bytes(process.readAllStandardOutput()))
    errors_heard.append(bytes(process.readAllStandardError()))
    errors = b"".join(errors_heard).decode("utf-8", "replace")
    normal = process.exitStatus() == QProcess.ExitStatus.NormalExit
    failed = process.error() == QProcess.ProcessError.FailedToStart
    code = process.exitCode() if normal and not failed else -1
    if failed:
        errors = tr("The engine could not be started: {reason}.").format(
            reason=process.errorString()
        )
    return CommandResult(code, heard.text(), errors, feedback.isCanceled())


class _Lines:
    """Bytes that come in pieces, kept, and told line by line."""

    def __init__(self, told: Callable[[str], None] | None) -> None:
        self._told, self._all, self._rest = told, [], b""

    def take(self, piece: bytes) -> None:
        self._all.append(piece)
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines if self._told is not None else ():
            self._told(line.decode("utf-8", "replace"))

    def text(self) -> str:
        return b"".join(self._all).decode("utf-8", "replace")


def ask_engine(
    engine: Engine, method: str, params: dict[str, Any], feedback: QgsProcessingFeedback
) -> Answer:
    """Ask the engine one question and wait for the answer; cancelling ends it."""
    answers: list[Answer] = []
    loop, session, poll = QEventLoop(), EngineSession(), QTimer()

    def take(answer: Answer) -> None:
        answers.append(answer)
        loop.quit()

    def told(event: dict[str, Any]) -> None:
        if event.get("total"):
            feedback.setProgress(100.0 * event.get("done", 0) / event["total"])

    session.use(engine)
    session.ask(method, params, take, told)

    def look() -> None:
        if feedback.isCanceled() and not answers:
            take(Answer(False, {}, CANCELLED))

    poll.setInterval(_POLL_MS)
    poll.timeout.connect(look)
    poll.start()
    if not answers:
        loop.exec()
    poll.stop()
    session.abandon()
    return answers[0]


def is_cancelled(answer: Answer) -> bool:
    """Whether the question was withdrawn."""
    return not answer.ok and answer.code == CANCELLED
