# SPDX-License-Identifier: GPL-2.0-or-later
"""Making the engine's own environment: a Python, `venv`, `pip`; step by step, never waiting.

It is made beside its place and moved there when it works, so that a half-made one is never found.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QObject, QProcess, QProcessEnvironment, pyqtSignal

from .about import version
from .engine import places, process_environment
from .translation import tr

OLDEST, NEWEST = (3, 11), (3, 13)
"""Versions of Python that the engine runs on."""
KEPT_CHARACTERS = 20_000
_ASK = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
_EXPECTED_LINES = 90
"""Lines that pip writes, roughly; the bar follows them."""


class InstallPlan(NamedTuple):
    """What is to be installed, and where."""

    target: Path
    """The environment's folder."""
    requirement: str
    """As pip takes it, 'polychip==0.1.0'."""
    wheels: str = ""
    """A folder of wheels; '' for the registry alone."""
    offline: bool = False
    """Whether only the folder of wheels is used."""


def default_plan(wheels: str = "", *, offline: bool = False) -> InstallPlan:
    """The environment that this plugin looks for."""
    return InstallPlan(places().managed, f"polychip=={version()}", wheels, offline)


def proxy_variables() -> dict[str, str]:
    """The proxy of QGIS's own settings as pip reads it; empty where QGIS has none."""
    settings = QgsSettings()
    if not settings.value("proxy/proxyEnabled", False, type=bool):
        return {}
    kind = str(settings.value("proxy/proxyType", ""))
    host, port = (
        str(settings.value("proxy/proxyHost", "")),
        str(settings.value("proxy/proxyPort", "")),
    )
    if kind == "DefaultProxy" or not host:
        return {}  # the system's, which pip finds by itself
    user = str(settings.value("proxy/proxyUser", ""))
    password = str(settings.value("proxy/proxyPassword", ""))
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    scheme = "socks5" if kind == "Socks5Proxy" else "http"
    address = f"{scheme}://{login}{host}" + (f":{port}" if port else "")
    found = {"HTTP_PROXY": address, "HTTPS_PROXY": address}
    excluded = settings.value("proxy/noProxyUrls", []) or []
    hosts = [re.sub(r"^\w+://", "", str(url)).split("/")[0] for url in _as_list(excluded)]
    if hosts:
        found["NO_PROXY"] = ",".join(hosts)
    return found


def install_environment() -> QProcessEnvironment:
    """What the steps run in: clean of QGIS's libraries, with its proxy."""
    environment = process_environment()
    for name, value in proxy_variables().items():
        environment.insert(name, value)
        environment.insert(name.lower(), value)
    environment.insert("PIP_NO_INPUT", "1")
    environment.insert("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    return environment


def candidate_pythons() -> list[list[str]]:
    """Commands that may be a Python, the best first; QGIS's own interpreter is among them."""
    found: list[list[str]] = []
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        name = f"{NEWEST[0]}.{minor}"
        if sys.platform == "win32" and shutil.which("py"):
            found.append(["py", f"-{name}"])
        path = shutil.which(f"python{name}")
        if path:
            found.append([path])
    for name in ("python3", "python"):
        path = shutil.which(name)
        if path:
            found.append([path])
    for path in (Path(sys.prefix) / "python.exe", Path(sys.prefix) / "bin" / "python3"):
        if path.is_file():
            found.append([str(path)])
    return [list(command) for command in dict.fromkeys(map(tuple, found))]


def remove_environment(folder: Path) -> None:
    """Remove an environment that was made here."""
    shutil.rmtree(folder, ignore_errors=True)


class EngineInstall(QObject):
    """One installation; `finished` brings whether it worked and a sentence, once."""

    progressed = pyqtSignal(int, str)
    """Percent, and what goes on."""
    finished = pyqtSignal(bool, str)

    def __init__(self, plan: InstallPlan, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.plan = plan
        self.output = ""
        """What the steps wrote, the last part; for the diagnostics."""
        self._pythons = candidate_pythons()
        self._process: QProcess | None = None
        self._heard = ""
        self._lines = 0
        self._over = False
        self._partial = plan.target.with_name(plan.target.name + ".partial")
        self._next = self._take_python

    def start(self) -> None:
        """Begin; returns at once."""
        if self.plan.offline and not Path(self.plan.wheels).is_dir():
            text = tr("“{path}” is no folder; choose the folder that holds the wheels.")
            self._finish(False, text.format(path=self.plan.wheels))
            return
        self.progressed.emit(0, tr("Looking for a Python…"))
        self._try_python()

    def cancel(self) -> None:
        """Stop; what was there before stays."""
        if not self._over:
            self._drop_process()
            self._finish(False, tr("The installation was cancelled."))

    # --- steps

    def _try_python(self) -> None:
        if not self._pythons:
            text = tr(
                "No Python {oldest} to {newest} with venv was found. Install one from python.org "
                "or with the system’s packages (python3 and python3-venv), then try again."
            )
            oldest, newest = (".".join(map(str, v)) for v in (OLDEST, NEWEST))
            self._finish(False, text.format(oldest=oldest, newest=newest))
            return
        self._run([*self._pythons[0], "-I", "-c", _ASK], self._take_python)

    def _take_python(self, worked: bool) -> None:
        command = self._pythons.pop(0)
        found = re.search(r"^(\d+)\.(\d+)$", self._heard, re.MULTILINE)
        fits = found and OLDEST <= (int(found[1]), int(found[2])) <= NEWEST
        if not worked or not fits:
            self._try_python()
            return
        self.progressed.emit(3, tr("Making the environment…"))
        remove_environment(self._partial)
        self._partial.parent.mkdir(parents=True, exist_ok=True)
        self._run([*command, "-I", "-m", "venv", str(self._partial)], self._take_environment)

    def _take_environment(self, worked: bool) -> None:
        if not worked:
            text = tr("The environment could not be made in {folder}; see the diagnostics.")
            self._finish(False, text.format(folder=self._partial))
            return
        self.progressed.emit(10, tr("Installing the engine…"))
        pip = [*_python_of(self._partial), "-m", "pip", "install", "--no-warn-script-location"]
        if self.plan.wheels:
            pip += ["--find-links", self.plan.wheels]
        if self.plan.offline:
            pip += ["--no-index"]
        self._lines = 0
        self._run([*pip, self.plan.requirement], self._take_packages)

    def _take_packages(self, worked: bool) -> None:
        if not worked:
            self._finish(False, self._why_pip_failed())
            return
        self.progressed.emit(92, tr("Trying the engine…"))
        python = _python_of(self._partial)
        self._run([*python, "-I", "-m", "polychip", "--version"], self._take_version)

    def _take_version(self, worked: bool) -> None:
        if not worked or not self._heard.startswith("polychip "):
            self._finish(
                False, tr("The engine was installed but does not start; see the diagnostics.")
            )
            return
        try:
            _put_in_place(self._partial, self.plan.target)
        except OSError as error:
            text = tr("The environment could not be put in its place: {reason}")
            self._finish(False, text.format(reason=error))
            return
        self.progressed.emit(100, "")
        text = tr("Polychip engine {version} is installed.")
        self._finish(True, text.format(version=self._heard.split()[1]))

    def _why_pip_failed(self) -> str:
        """The cause that pip names, with what to do."""
        text = self.output
        if "No matching distribution" in text or "Could not find a version" in text:
            missing = re.findall(r"No matching distribution found for ([^\s(]+)", text)
            name = missing[-1] if missing else self.plan.requirement
            if self.plan.offline:
                return tr(
                    "The folder of wheels lacks {name} for this Python and system; add it and try "
                    "again."
                ).format(name=name)
            return tr(
                "The package registry has no {name}; check network and proxy (Settings ▸ Options ▸ "
                "Network), or install from a folder of wheels."
            ).format(name=name)
        if "No space left" in text:
            return tr("The disk is full; the environment needs about 1 GB.")
        return tr("pip could not install the engine; see the diagnostics.")

    # --- one step

    def _run(self, command: list[str], then: object) -> None:
        if self._over:
            return  # cancelled by whoever heard of the progress
        self._heard, self._next = "", then
        self._keep(f"$ {' '.join(command)}\n")
        self._process = QProcess(self)
        self._process.setProcessEnvironment(install_environment())
        self._process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self._process.setWorkingDirectory(str(Path.home()))
        self._process.readyRead.connect(self._read)
        self._process.finished.connect(self._ended)
        self._process.errorOccurred.connect(self._failed)
        program, *arguments = command
        self._process.start(program, arguments)
        if self._process is not None:
            self._process.closeWriteChannel()

    def _read(self) -> None:
        if self._process is None:
            return
        text = bytes(self._process.readAll()).decode("utf-8", "replace")
        self._heard += text
        self._keep(text)
        if self._next == self._take_packages:
            self._lines += text.count("\n")
            share = min(1.0, self._lines / _EXPECTED_LINES)
            named = re.findall(r"^(?:Collecting|Downloading|Processing) (\S+)", text, re.MULTILINE)
            word = tr("Installing the engine…")
            told = f"{word} {os.path.basename(named[-1])}" if named else word
            self.progressed.emit(10 + int(80 * share), told)

    def _keep(self, text: str) -> None:
        self.output = (self.output + text)[-KEPT_CHARACTERS:]

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._keep(self._process.errorString() + "\n")
            self._step_ended(False)

    def _ended(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        self._step_ended(code == 0 and status == QProcess.ExitStatus.NormalExit)

    def _step_ended(self, worked: bool) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        if not self._over:
            self._next(worked)

    def _drop_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.finished.disconnect(self._ended)
            process.errorOccurred.disconnect(self._failed)
            process.kill()
            process.waitForFinished(2_000)
            process.deleteLater()

    def _finish(self, worked: bool, message: str) -> None:
        self._over = True
        if not worked:
            remove_environment(self._partial)
        self.finished.emit(worked, message)


def _python_of(environment: Path) -> list[str]:
    if sys.platform == "win32":
        return [str(environment / "Scripts" / "python.exe")]
    return [str(environment / "bin" / "python")]


def _put_in_place(partial: Path, target: Path) -> None:
    """Move a finished environment; its scripts name the old place, so `python -m` is used."""
    old = target.with_name(target.name + ".old")
    remove_environment(old)
    if target.exists():
        os.replace(target, old)
    os.replace(partial, target)
    remove_environment(old)


def _as_list(value: object) -> list:
    return value if isinstance(value, list) else [value]
