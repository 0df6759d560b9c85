# SPDX-License-Identifier: GPL-2.0-or-later
"""One command or one question to the engine from a Processing thread: waited for, cancellable."""

from __future__ import annotations

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


def run_command(
    engine: Engine, arguments: list[str], feedback: QgsProcessingFeedback
) -> CommandResult:
    """Run `polychip ARGUMENTS` to its end; cancelling ends it."""
    process, loop, poll = QProcess(), QEventLoop(), QTimer()
    process.setProcessEnvironment(process_environment())
    heard: list[bytes] = []
    process.readyReadStandardOutput.connect(
        lambda: heard.append(bytes(process.readAllStandardOutput()))
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
    heard.append(bytes(process.readAllStandardOutput()))
    errors = bytes(process.readAllStandardError()).decode("utf-8", "replace")
    normal = process.exitStatus() == QProcess.ExitStatus.NormalExit
    failed = process.error() == QProcess.ProcessError.FailedToStart
    code = process.exitCode() if normal and not failed else -1
    if failed:
        errors = tr("The engine could not be started: {reason}.").format(
            reason=process.errorString()
        )
    text = b"".join(heard).decode("utf-8", "replace")
    return CommandResult(code, text, errors, feedback.isCanceled())


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
