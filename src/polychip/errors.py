"""Errors that people are meant to read: what was found, expected, where, and what to do."""

import difflib
from collections.abc import Iterable

from polychip.addresses import redacted


class PolychipError(Exception):
    """Base of every error that is the caller's to solve; printed without a traceback.

    Addresses in its message lose what may be secret: it is printed, logged and written down.
    """

    def __init__(self, *arguments: object) -> None:
        super().__init__(*(redacted(a) if isinstance(a, str) else a for a in arguments))


class InputError(PolychipError):
    """An image, label file or extent is missing, unreadable or contradictory."""


class RecipeError(PolychipError):
    """The recipe, or an option, does not say something that can be run."""


class OutputError(PolychipError):
    """The dataset can't be written where it was asked for."""


class FormatError(PolychipError):
    """An output format can't hold what a dataset, or one of its chips, holds."""


class Interrupted(PolychipError):
    """The run was stopped by the user; what was finished is kept and can be resumed."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A ' (did you mean 'x'?)' for the known name closest to `name`, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean '{close[0]}'?)" if close else ""


def some(values: Iterable[object], limit: int = 8) -> str:
    """The first values as 'a, b, c and 12 more', for messages that name what they found."""
    items = [str(value) for value in values]
    rest = len(items) - limit
    return ", ".join(items[:limit]) + (f" and {rest} more" if rest > 0 else "")
