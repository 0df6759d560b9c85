"""Run a scenario inside a real QGIS window, from a clean profile, on a display of its own.

`run_window` starts Xvfb and qgis.bin, waits for the scenario's result with a deadline, and ends
only what it started. What the scenario saw comes back as values; pictures land in a folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SCREEN = "1400x900x24"
PROFILE_SETTINGS = {
    "UI/UITheme": "default",
    "locale/overrideFlag": "true",
    "locale/userLocale": "en",
    "qgis/checkVersion": "false",
    "app/news-feed/disabled": "true",
    "qgis/enableMacros": "SessionOnly",
}
"""Settings that keep a fresh QGIS from asking questions."""


@dataclass(frozen=True)
class WindowResult:
    """What a scenario brought back."""

    values: dict[str, Any]
    """What the scenario recorded."""
    error: str
    """A traceback, '' when the scenario ran to its end."""
    log: list[dict[str, str]]
    """QGIS's message log: tag, level, text."""
    output: str
    """What QGIS wrote to stdout and stderr."""
    seconds: float
    artifacts: Path
    """Folder of the screenshots."""

    def warnings(self, word: str) -> list[str]:
        """Log messages above Info that mention `word`; not what the message bar told the user."""
        loud = (
            m for m in self.log if m["level"] in ("Warning", "Critical") and m["tag"] != "Messages"
        )
        return [f"[{m['tag']}] {m['text']}" for m in loud if word in (m["tag"] + m["text"]).lower()]


@dataclass
class WindowRun:
    """What to run."""

    scenario: Path
    """A file with a generator function `scenario(window)`; see driver.py."""
    artifacts: Path
    home: Path
    """An empty folder; becomes HOME and holds the QGIS profile."""
    inputs: dict[str, str] = field(default_factory=dict)
    """Given to the scenario as `window.inputs`."""
    settings: dict[str, str] = field(default_factory=dict)
    """More settings for the profile, 'section/key' to value."""
    environment: dict[str, str] = field(default_factory=dict)
    """More variables for QGIS, over a clean environment."""
    timeout_s: float = 120.0


def run_window(run: WindowRun) -> WindowResult:
    """Run the scenario; a hang or a crash of QGIS comes back as `error`, never as an exception."""
    run.artifacts.mkdir(parents=True, exist_ok=True)
    result_file = run.artifacts / "result.json"
    for stale in (result_file, run.artifacts / "failed.png"):
        stale.unlink(missing_ok=True)
    prepare_home(run)
    started = time.monotonic()
    output_file = run.artifacts / "qgis.log"
    with _display(run.artifacts) as display, output_file.open("wb") as output:
        environment = qgis_environment(run.home) | {
            "DISPLAY": display,
            "POLYCHIP_WINDOW_RUN": json.dumps(
                {
                    "scenario": str(run.scenario),
                    "artifacts": str(run.artifacts),
                    "inputs": run.inputs,
                    "timeout_s": run.timeout_s - 15,
                }
            ),
        }
        command = ["qgis.bin", "--noversioncheck", "--nologo", "--code", str(HERE / "driver.py")]
        process = subprocess.Popen(
            command,
            env=environment | run.environment,
            cwd=run.home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(run.timeout_s)
            ending = f"QGIS ended with code {process.returncode} and without a result"
        except subprocess.TimeoutExpired:
            ending = f"no result within {run.timeout_s:.0f} s"
        finally:
            _end(process)
    seconds = time.monotonic() - started
    text = output_file.read_text(encoding="utf-8", errors="replace")
    if not result_file.is_file():
        return WindowResult(
            {}, f"{ending}; its last words:\n{text[-3000:]}", [], text, seconds, run.artifacts
        )
    result = json.loads(result_file.read_text(encoding="utf-8"))
    return WindowResult(
        result["values"], result["error"], result["log"], text, seconds, run.artifacts
    )


def qgis_environment(home: Path) -> dict[str, str]:
    """A clean environment for a QGIS process that lives in `home`."""
    runtime = home / "runtime"
    runtime.mkdir(parents=True, exist_ok=True)
    runtime.chmod(0o700)
    return {
        # QGIS takes the standard library of the first python3 on PATH for its own.
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_AT_BRIDGE": "1",
    }


def prepare_home(run: WindowRun) -> None:
    """Write the profile's settings file."""
    sections: dict[str, dict[str, str]] = {}
    for path, value in (PROFILE_SETTINGS | run.settings).items():
        section, key = path.split("/", 1)
        sections.setdefault(section, {})[key.replace("/", "\\")] = value
    folder = _profile(run.home) / "QGIS"
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for section, pairs in sections.items():
        lines += [f"[{section}]", *(f"{key}={value}" for key, value in pairs.items()), ""]
    (folder / "QGIS3.ini").write_text("\n".join(lines), encoding="utf-8")


def plugins_folder(home: Path) -> Path:
    """Where the profile in `home` keeps its plugins."""
    return _profile(home) / "python" / "plugins"


def _profile(home: Path) -> Path:
    return home / ".local" / "share" / "QGIS" / "QGIS3" / "profiles" / "default"


@contextlib.contextmanager
def _display(artifacts: Path) -> Iterator[str]:
    """An X server on the first free display, which it chooses and names itself."""
    reading, writing = os.pipe()
    with (artifacts / "xvfb.log").open("wb") as output:
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", SCREEN, "-nolisten", "tcp"],
            pass_fds=(writing,),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    os.close(writing)
    try:
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()  # ends when the server dies, too
        if not number:
            raise RuntimeError(
                f"Xvfb did not start: {(artifacts / 'xvfb.log').read_text(errors='replace')}"
            )
        yield f":{number}"
    finally:
        _end(server)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that was started here, with the children in its own session."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
            return


def main() -> None:
    """Run one scenario by hand: harness.py SCENARIO ARTIFACTS [key=value …]."""
    scenario, artifacts, *pairs = sys.argv[1:]
    folder = Path(artifacts).resolve()
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    inputs = dict(pair.split("=", 1) for pair in pairs)
    theme = {"UI/UITheme": inputs.pop("theme")} if "theme" in inputs else {}
    result = run_window(WindowRun(Path(scenario).resolve(), folder, home, inputs, theme))
    print(json.dumps({"values": result.values, "seconds": round(result.seconds, 1)}, indent=2))
    print("\n".join(result.warnings("polychip")))
    if result.error:
        sys.exit(result.error)


if __name__ == "__main__":
    main()
