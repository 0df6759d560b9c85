# SPDX-License-Identifier: GPL-2.0-or-later
"""Asking the engine for its version without making QGIS wait, and telling what came of it."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import NamedTuple

from qgis.core import Qgis
from qgis.PyQt.QtCore import (
    PYQT_VERSION_STR,
    QT_VERSION_STR,
    QObject,
    QProcess,
    QTimer,
    pyqtSignal,
)

from .about import version
from .engine import (
    Engine,
    EngineNotFoundError,
    Places,
    dropped_variables,
    find_engine,
    process_environment,
)
from .translation import tr

TIMEOUT_MS = 30_000
"""A first start reads the libraries from disk, which takes long on a network drive."""
KEPT_CHARACTERS = 4_000


class EngineReport(NamedTuple):
    """What is known of the engine."""

    engine: Engine | None
    version: str
    """'' unless the engine answered."""
    message: str
    """One sentence for the user."""
    output: str = ""
    """What the engine wrote, its last part."""

    @property
    def ok(self) -> bool:
        """Whether the engine answered with its version."""
        return self.version != ""


def parse_version(text: str) -> str:
    """The version in the answer 'polychip 1.2.3', '' when it is another answer."""
    match = re.search(r"^polychip,?\s+(?:version\s+)?(\d+\.\d+\S*)\s*$", text, re.MULTILINE)
    return match.group(1) if match else ""


def fits(engine: str, plugin: str) -> bool:
    """Whether engine and plugin go together: their first two numbers are the same.

    A bare source tree has no version of its own ('0.0.0') and takes any engine.
    """
    return plugin == "0.0.0" or engine.split(".")[:2] == plugin.split(".")[:2]


class EngineCheck(QObject):
    """Runs `polychip --version`; `finished` brings an EngineReport, once for each `start`."""

    finished = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None, timeout_ms: int = TIMEOUT_MS) -> None:
        super().__init__(parent)
        self._engine: Engine | None = None
        self._process: QProcess | None = None
        self._timed_out = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(timeout_ms)
        self._timer.timeout.connect(self._give_up)

    def start(self, where: Places) -> None:
        """Look for the engine and ask it; an earlier question that still runs is dropped."""
        self.cancel()
        try:
            self._engine = find_engine(where)
        except EngineNotFoundError as error:
            self._engine = None
            self.finished.emit(EngineReport(None, "", str(error)))
            return
        self._timed_out = False
        self._process = QProcess(self)
        self._process.setProcessEnvironment(process_environment())
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self._process.finished.connect(self._ended)
        self._process.errorOccurred.connect(self._failed)
        program, *arguments = self._engine.command("--version")
        self._timer.start()
        self._process.start(program, arguments)
        if self._process is not None:  # a failed start may already have been reported
            self._process.closeWriteChannel()

    def cancel(self) -> None:
        """End a question that still runs; nothing is emitted for it."""
        self._timer.stop()
        process, self._process = self._process, None
        if process is None:
            return
        process.finished.disconnect(self._ended)
        process.errorOccurred.disconnect(self._failed)
        if process.state() != QProcess.ProcessState.NotRunning:
            process.kill()
            process.waitForFinished(2_000)
        process.deleteLater()

    def _give_up(self) -> None:
        self._timed_out = True
        if self._process is not None:
            self._process.kill()

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:  # other errors end in `finished` as well
            self._report(
                "",
                tr("The engine could not be started: {reason}.").format(
                    reason=self._process.errorString()
                ),
            )

    def _ended(self, code: int, status: QProcess.ExitStatus) -> None:
        output = bytes(self._process.readAll()).decode("utf-8", "replace").strip()
        found = parse_version(output)
        if self._timed_out:
            message = tr("The engine did not answer within {seconds} seconds.").format(
                seconds=self._timer.interval() // 1000
            )
            found = ""
        elif status == QProcess.ExitStatus.CrashExit:
            message, found = tr("The engine crashed when it was asked for its version."), ""
        elif code != 0:
            message, found = tr("The engine ended with exit code {code}.").format(code=code), ""
        elif not found:
            message = tr("The program answered, but not as Polychip’s engine does.")
        elif not fits(found, version()):
            message = tr(
                "Engine {engine} does not go with plugin {plugin}: install the engine anew in the "
                "settings, or update the plugin."
            ).format(engine=found, plugin=version())
            found = ""
        else:
            message = tr("Polychip engine {version} is ready.").format(version=found)
        self._report(found, message, output)

    def _report(self, found: str, message: str, output: str = "") -> None:
        self._timer.stop()
        process, self._process = self._process, None
        process.deleteLater()
        self.finished.emit(EngineReport(self._engine, found, message, output[-KEPT_CHARACTERS:]))


def diagnostics(where: Places, report: EngineReport | None) -> str:
    """A text for a bug report; no value of any variable, and the home folder as '~'."""
    lines = [
        f"Polychip plugin {version()}",
        f"QGIS {Qgis.QGIS_VERSION}, Qt {QT_VERSION_STR}, PyQt {PYQT_VERSION_STR}",
        f"Python {platform.python_version()}, {platform.platform()}",
        f"path in the settings: {where.option or '-'}",
        f"managed environment: {where.managed} ({_presence(where.managed)})",
        f"prefix of the interpreter: {where.prefix}",
        f"variables kept from the engine: {', '.join(dropped_variables(os.environ)) or '-'}",
    ]
    if report is None:
        lines.append("engine: not asked yet")
    else:
        command = " ".join(report.engine.command("--version")) if report.engine else "-"
        origin = report.engine.origin if report.engine else "-"
        lines += [f"engine: {command} (origin: {origin})", f"result: {report.message}"]
        lines += [f"  {line}" for line in report.output.splitlines()]
    return "\n".join(lines).replace(str(Path.home()), "~")


def _presence(folder: Path) -> str:
    return "there" if folder.is_dir() else "not there"
