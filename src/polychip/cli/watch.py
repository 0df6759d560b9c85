"""A watch over files that may stop answering: a dead network mount hangs whoever reads from it.

Nobody can take a thread back that waits for such a file. So others are sent to look at the files
now and then, and when they don't return while no chip was made, the command ends: a run is made to
be killed at any moment.
"""

import os
import shutil
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn, Self

from polychip.addresses import is_remote
from polychip.cli.main import INTERRUPTED, WRONG
from polychip.cli.progress import JsonLines, Told, emit
from polychip.names import printable

TIMEOUT: Final = "POLYCHIP_TIMEOUT"
"""Seconds without an answer that end a command."""
_SECONDS: Final = 300.0
_WARN: Final = 0.1
"""Of the timeout: when it is said that a file doesn't answer."""
_EVERY: Final = 0.02
"""Of the timeout: how often files are looked at."""
_NUDGE_S: Final = 0.2
"""Seconds that the main thread has to hear of a signal by itself."""
_CTRL_C_S: Final = 3.0
"""Seconds that Ctrl-C waits for a thread that hangs."""
_AT_ONCE: Final = 32
"""Folders that are looked at in one go."""


class Watch:
    """Looks after files while a command works; for processes that are the command line's own.

    Args:
        reporter: hears a warning; how long ago it heard of chips tells whether work goes on.
        paths: files and folders; addresses are left out, they have timeouts of their own.
    """

    def __init__(self, reporter: Told, paths: Iterable[str] = ()) -> None:
        self.reporter = reporter
        self._limit = _timeout()
        self._paths: dict[str, list[str]] = defaultdict(list)
        """By folder: what answers for one file answers for its neighbours."""
        self._asked: dict[str, tuple[float, str]] = {}
        """By folder that has not answered yet: since when, and about which file."""
        self._warned = False
        self._turn = 0
        self._bell, self._ring = os.pipe()
        self._before = -1
        self._former: Any = None
        self._pressed_at: float | None = None
        self._stopped = threading.Event()
        self.add(paths)

    def add(self, paths: Iterable[str]) -> None:
        """Look after more files."""
        for path in paths:
            if not is_remote(path):
                self._paths[os.path.dirname(path)].append(path)  # noqa: PTH120 - no file is touched

    def __enter__(self) -> Self:
        """Begin; Ctrl-C is heard even while the main thread hangs."""
        if sys.platform != "win32":
            os.set_blocking(self._ring, False)
        with suppress(ValueError):  # not the main thread: somebody else's program
            self._before = signal.set_wakeup_fd(self._ring, warn_on_full_buffer=False)
            if _NUDGE is not None:
                self._former = signal.signal(_NUDGE, lambda *_: None)
        for work in (self._look_after, self._listen):
            threading.Thread(target=work, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Done: nothing is looked after any more."""
        self._stopped.set()
        with suppress(ValueError):
            signal.set_wakeup_fd(self._before)
            if _NUDGE is not None:
                signal.signal(_NUDGE, self._former)
        os.close(self._ring)

    def _listen(self) -> None:
        """Hear the signals that Python notes while its main thread can't do anything about them."""
        while told := os.read(self._bell, 64):
            if {*told} & {signal.SIGINT, signal.SIGTERM}:
                self._pressed_at = self._pressed_at or time.monotonic()
                if not self._stopped.wait(_NUDGE_S):
                    _nudge()
        os.close(self._bell)

    def _look_after(self) -> None:
        ask_at = time.monotonic() + self._limit * _EVERY
        while not self._stopped.wait(min(0.5, self._limit * _EVERY)):
            now, pressed = time.monotonic(), self._pressed_at
            if now >= ask_at or pressed is not None:
                self._ask()
                ask_at = now + self._limit * _EVERY
            waiting = self._longest()
            if waiting is None:
                continue
            seconds, path = now - waiting[0], waiting[1]
            if pressed is not None and now - pressed > _CTRL_C_S < seconds:
                self._end(INTERRUPTED, f"{path} does not answer; what is finished is kept")
            if min(seconds, now - self.reporter.moved_at) > self._limit:
                self._end(WRONG, self._told(path, seconds))
            if seconds > self._limit * _WARN and not self._warned:
                self._warned = True
                self.reporter.warn(
                    f"{path}: no answer for {seconds:.3g} s; the command ends after "
                    f"{self._limit:.3g} s without one ({TIMEOUT}), or by Ctrl-C"
                )

    def _told(self, path: str, seconds: float) -> str:
        return (
            f"{path}: no answer for {seconds:.3g} s: the drive or server that it lies on is gone "
            "or stuck; nothing that is finished is lost: bring it back and give the same command "
            "again, with --resume if it says that an unfinished run is there"
        )

    def _ask(self) -> None:
        """Look at a file of each folder that owes no answer."""
        folders = list(self._paths)
        self._turn += 1
        for step in range(min(len(folders), _AT_ONCE)):
            folder = folders[(self._turn * _AT_ONCE + step) % len(folders)]
            if folder not in self._asked:
                path = self._paths[folder][self._turn % len(self._paths[folder])]
                self._asked[folder] = time.monotonic(), path
                threading.Thread(target=self._answer, args=(folder, path), daemon=True).start()

    def _answer(self, folder: str, path: str) -> None:
        ask(path)
        del self._asked[folder]

    def _longest(self) -> tuple[float, str] | None:
        return min(list(self._asked.values()), default=None)

    def _end(self, code: int, message: str) -> NoReturn:
        if isinstance(self.reporter, JsonLines):
            emit("error", message=message, exit_code=code)
        label = "interrupted" if code == INTERRUPTED else "error"
        sys.stderr.write(f"{label}: {printable(message)}\n")
        sys.stderr.flush()
        os._exit(code)


def ask(path: str) -> None:
    """Return once whatever a file lies on has answered; no file is opened.

    Only the second question reaches a server for sure: what it said of a file is remembered.
    """
    with suppress(OSError):
        Path(path).stat()
        shutil.disk_usage(path)


_NUDGE: Final = getattr(signal, "SIGURG", None)
"""A signal that means nothing to anybody; Windows has none."""


def _nudge() -> None:
    """Wake the main thread from a call of the system that began just as a signal came.

    Python only notes a signal; a call that waits for a file goes on waiting unless the signal came
    during it.
    """
    if _NUDGE is not None:
        signal.pthread_kill(threading.main_thread().ident or 0, _NUDGE)


def _timeout() -> float:
    try:
        return max(float(os.environ.get(TIMEOUT) or _SECONDS), 0.1)
    except ValueError:
        return _SECONDS
