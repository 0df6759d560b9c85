"""Who hears how a run goes on."""

from typing import Protocol


class Reporter(Protocol):
    """Hears how a run goes on."""

    def start(self, n_chips: int, done: int, unit: str = "chip") -> None:
        """The run begins; `done` chips were made by an earlier one.

        Chips that are made may be followed by what is sent or fetched: then `unit` is 'file'.
        """

    def advance(self, n_chips: int) -> None:
        """Chips were made, skipped or failed."""

    def note(self, text: str) -> None:
        """Something worth knowing."""

    def warn(self, text: str) -> None:
        """Something that may be wrong."""

    def finish(self) -> None:
        """No more chips."""


class Silent:
    """A reporter that says nothing."""

    def start(self, n_chips: int, done: int, unit: str = "chip") -> None:
        """Nothing."""

    def advance(self, n_chips: int) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def warn(self, text: str) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""
