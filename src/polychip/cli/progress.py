"""How a run is told: a bar for people, JSON lines for programs, or only what matters."""

import json
import sys
import time
from collections import Counter
from typing import Any, Literal

from polychip.names import printable

Progress = Literal["auto", "json", "none"]

_ALIKE = 3
"""Warnings that differ by scene alone are printed so many times, then counted."""
_JSON_SECONDS = 0.2


def make_reporter(progress: Progress) -> "Told":
    """The reporter that was asked for."""
    if progress == "json":
        return JsonLines()
    return Told(bar=progress == "auto" and sys.stderr.isatty())


def emit(event: str, **values: Any) -> None:
    """One JSON object on a line of stdout."""
    sys.stdout.write(json.dumps({"event": event, **values}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


class Told:
    """Notes and warnings on stderr, with or without a progress bar below them."""

    def __init__(self, *, bar: bool) -> None:
        self.n_warnings = 0
        self._wants_bar = bar
        self._bar: Any = None
        self._alike: Counter[tuple[str, str]] = Counter()

    def start(self, n_chips: int, done: int, unit: str = "chip") -> None:
        """Show the bar."""
        if self._wants_bar:
            from tqdm import tqdm

            self._bar = tqdm(
                total=n_chips, initial=done, unit=unit, file=sys.stderr, leave=False,
                dynamic_ncols=True, bar_format="{desc}{percentage:3.0f}% |{bar}| {n_fmt} of "
                f"{{total_fmt}} {unit}s, {{rate_fmt}}, {{remaining}} left",
            )  # fmt: skip

    def advance(self, n_chips: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(n_chips)

    def note(self, text: str) -> None:
        """Print a note."""
        self._say("note", text)

    def warn(self, text: str) -> None:
        """Print a warning."""
        self.n_warnings += 1
        self._say("warning", text)

    def finish(self) -> None:
        """Take the bar away."""
        self.close()
        for (kind, text), n in self._alike.items():
            if n > _ALIKE:
                self._line(f"{kind}: the same for {n - _ALIKE} more: {text}")
        self._alike.clear()

    def close(self) -> None:
        """Take the bar away, also after an error."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _say(self, kind: str, text: str) -> None:
        _, colon, rest = text.partition(": ")
        key = (kind, rest if colon else text)
        self._alike[key] += 1
        if self._alike[key] <= _ALIKE:
            self._line(f"{kind}: {text}")

    def _line(self, text: str) -> None:
        text = printable(text)
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)
        else:
            sys.stderr.write(f"{text}\n")


class JsonLines(Told):
    """One JSON object a line on stdout, and nothing else there."""

    def __init__(self) -> None:
        super().__init__(bar=False)
        self._done = self._total = 0
        self._unit = "chip"
        self._started = self._told = time.monotonic()

    def start(self, n_chips: int, done: int, unit: str = "chip") -> None:
        """Tell how many chips there are."""
        self._total, self._done, self._unit = n_chips, done, unit
        self._tell()

    def advance(self, n_chips: int) -> None:
        """Tell how many are done, a few times a second."""
        self._done += n_chips
        if time.monotonic() - self._told >= _JSON_SECONDS or self._done >= self._total:
            self._tell()

    def note(self, text: str) -> None:
        """Tell a note."""
        emit("note", message=text)

    def warn(self, text: str) -> None:
        """Tell a warning."""
        self.n_warnings += 1
        emit("warning", message=text)

    def finish(self) -> None:
        """The end is told by the summary."""

    def _tell(self) -> None:
        self._told = time.monotonic()
        seconds = self._told - self._started
        emit(
            "progress", done=self._done, total=self._total, seconds=round(seconds, 3),
            unit=self._unit,
        )  # fmt: skip
