"""Runs inside QGIS (`--code`): plays a scenario, watches the log, writes the result, leaves.

A scenario is a generator function `scenario(window)`. It yields conditions and goes on as soon as
they hold, while QGIS's event loop keeps turning:

    yield window.until(lambda: dock.isVisible(), "the dock shows")
    yield from window.click(button)
"""

import importlib.util
import json
import os
import time
import traceback
from pathlib import Path

from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtCore import QObject, QProcess, QTimer
from qgis.PyQt.QtWidgets import QApplication, QScrollArea
from qgis.utils import iface

STEP_MS = 25
LEVELS = {
    Qgis.MessageLevel.Info: "Info",
    Qgis.MessageLevel.Warning: "Warning",
    Qgis.MessageLevel.Critical: "Critical",
    Qgis.MessageLevel.Success: "Success",
}


class Condition:
    """Something to wait for, with a deadline."""

    def __init__(self, holds, what, seconds):
        self.holds, self.what, self.seconds = holds, what, seconds


class Window:
    """What a scenario works with."""

    def __init__(self, artifacts, inputs):
        self.iface = iface
        self.inputs = inputs
        self.values = {}
        self.log = []
        self._artifacts = Path(artifacts)
        QgsApplication.messageLog().messageReceived[str, str, Qgis.MessageLevel].connect(
            self._logged
        )

    def _logged(self, text, tag, level):
        self.log.append({"tag": tag, "level": LEVELS.get(level, str(level)), "text": text})

    def record(self, **values):
        """Keep values (JSON) for the test to assert on."""
        self.values.update(values)

    def keep(self, name, **values):
        """Write values (JSON) beside the pictures at once, for a scenario that will not end."""
        (self._artifacts / name).write_text(json.dumps(values), encoding="utf-8")

    def until(self, holds, what, seconds=30.0):
        """Yield this to wait until `holds()` is true; `what` names it when it never is."""
        return Condition(holds, what, seconds)

    def find(self, kind, name):
        """The widget or action of this class and object name; exactly one is expected."""
        found = []
        for top in QApplication.topLevelWidgets():
            found += [top] if isinstance(top, kind) and top.objectName() == name else []
            found += top.findChildren(kind, name)
        found = list({id(child): child for child in found}.values())
        if len(found) != 1:
            raise LookupError(f"{len(found)} × {kind.__name__} '{name}', expected one")
        return found[0]

    def exists(self, kind, name):
        """Whether such a widget is there."""
        return any(top.findChildren(kind, name) for top in QApplication.topLevelWidgets())

    def click(self, widget, at=None, button=1):
        """A real click by the X server's mouse, in the middle of the widget or at a point in it."""
        yield from self._bring_into_sight(widget)
        point = widget.mapToGlobal(at if at is not None else widget.rect().center())
        yield from self._xdotool("mousemove", str(point.x()), str(point.y()))
        yield from self._xdotool("click", str(button))

    def drag(self, widget, start, end):
        """Press at one point of the widget, release at another."""
        a, b = widget.mapToGlobal(start), widget.mapToGlobal(end)
        yield from self._xdotool("mousemove", str(a.x()), str(a.y()), "mousedown", "1")
        middle = str((a.x() + b.x()) // 2), str((a.y() + b.y()) // 2)
        yield from self._xdotool("mousemove", *middle)
        yield from self._xdotool("mousemove", str(b.x()), str(b.y()), "mouseup", "1")

    def double_click(self, widget, at=None):
        """Two quick clicks, which select the number in a box."""
        yield from self._bring_into_sight(widget)
        point = widget.mapToGlobal(at if at is not None else widget.rect().center())
        yield from self._xdotool(
            "mousemove", str(point.x()), str(point.y()), "click", "--repeat", "2", "1"
        )

    def move(self, widget, at):
        """Move the mouse to a point in a widget, in two steps, as a hand does."""
        for away in (3, 0):
            point = widget.mapToGlobal(at)
            yield from self._xdotool("mousemove", str(point.x() - away), str(point.y() - away))

    def _bring_into_sight(self, widget):
        """Scroll as far as a user would."""
        parent = widget.parent()
        while parent is not None and not isinstance(parent, QScrollArea):
            parent = parent.parent()
        if parent is not None and parent.widget() is not None:
            parent.ensureWidgetVisible(widget, 0, 30)
            yield self.until(
                lambda: not widget.visibleRegion().isEmpty(), f"{widget.objectName()} is in sight"
            )

    def press(self, *keys):
        """Real key presses, by X's names: 'Return', 'ctrl+a', 'Tab'."""
        yield from self._xdotool("key", "--delay", "20", *keys)

    def type(self, text):
        """Real typing."""
        yield from self._xdotool("type", "--delay", "20", text)

    def _xdotool(self, *arguments):
        process = QProcess()
        process.start("xdotool", list(arguments))
        yield self.until(
            lambda: process.state() == QProcess.ProcessState.NotRunning,
            f"xdotool {' '.join(arguments)} ends",
        )
        if process.exitCode() != 0:
            raise RuntimeError(
                f"xdotool {arguments}: {bytes(process.readAllStandardError()).decode()}"
            )

    def screenshot(self, name, widget=None):
        """Save the main window (or a widget) as artifacts/NAME.png."""
        target = widget if widget is not None else iface.mainWindow()
        if not target.grab().save(str(self._artifacts / f"{name}.png")):
            raise OSError(f"screenshot {name} was not saved")

    def screenshot_screen(self, name):
        """Save everything on the screen, dialogs and menus included."""
        if (
            not QApplication.primaryScreen()
            .grabWindow(0)
            .save(str(self._artifacts / f"{name}.png"))
        ):
            raise OSError(f"screenshot {name} was not saved")


class Player(QObject):
    """Plays the scenario step by step from a timer, so that dialogs do not stop it."""

    def __init__(self, run):
        super().__init__()
        self._run = run
        self._window = Window(run["artifacts"], run["inputs"])
        self._scenario = None
        self._waiting = None
        self._since = time.monotonic()
        self._deadline = time.monotonic() + run["timeout_s"]
        self._busy = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._step)
        self._timer.start(STEP_MS)

    def _step(self):
        if self._busy:  # a dialog's own event loop runs inside a step
            return
        self._busy = True
        try:
            self._advance()
        except StopIteration:
            self._leave("")
        except BaseException:
            self._leave(traceback.format_exc())
        finally:
            self._busy = False

    def _advance(self):
        main_window = iface.mainWindow()
        if self._scenario is None:
            if not main_window.isVisible():
                return
            main_window.setGeometry(0, 0, 1400, 900)
            main_window.activateWindow()
            self._scenario = _load(self._run["scenario"])(self._window)
        elif self._waiting is not None and not self._waiting.holds():
            now = time.monotonic()
            if now - self._since > self._waiting.seconds or now > self._deadline:
                raise TimeoutError(
                    f"waited {now - self._since:.0f} s in vain until {self._waiting.what}"
                )
            return
        self._waiting = next(self._scenario)
        self._since = time.monotonic()

    def _leave(self, error):
        self._timer.stop()
        if error:
            QApplication.primaryScreen().grabWindow(0).save(
                str(Path(self._run["artifacts"]) / "failed.png")
            )
        result = {"values": self._window.values, "error": error, "log": self._window.log}
        target = Path(self._run["artifacts"]) / "result.json"
        partial = target.with_suffix(".partial")
        partial.write_text(json.dumps(result, indent=2), encoding="utf-8")
        partial.replace(target)
        os._exit(1 if error else 0)  # QGIS's own way out hangs on questions about temporary layers


def _load(path):
    spec = importlib.util.spec_from_file_location("scenario", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.scenario


_player = Player(json.loads(os.environ["POLYCHIP_WINDOW_RUN"]))
