"""Names that become names of files, on every system: of groups, scenes, layers and splits; pure."""

import re
import unicodedata
from collections.abc import Iterable

MAX_NAME_LENGTH = 80
_WINDOWS_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])")
_FORBIDDEN = re.compile(r"[^A-Za-z0-9_-]+")
PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")
PATH_BELOW = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*")
"""Paths of a dataset's files, which never leave its folder."""


def fault_of_name(what: str, name: str) -> str | None:
    """Why a name can't be a file's everywhere, and what to call it instead; None when it can.

    It is empty, too long, reserved on Windows, begins with '-', which programs take for an option
    and spreadsheets for a formula, or has other characters than letters (a-z), digits, '-' and '_'.

    Args:
        what: it names: 'group name', 'split', …
        name: as it was given.
    """
    if not name or _FORBIDDEN.search(name):
        return (
            f"the {what} '{printable(name)}' has characters other than the letters a to z, digits, "
            f"'-' and '_', which file names are made of; call it '{_cleaned(name, what)}'"
        )
    if name.startswith("-"):
        return (
            f"the {what} '{name}' begins with '-', which programs take for an option; call it "
            f"'{_cleaned(name, what)}'"
        )
    if _WINDOWS_RESERVED.fullmatch(name):
        return f"the {what} '{name}' is reserved on Windows; call it '{_noun(what)}-{name}'"
    if len(name) > MAX_NAME_LENGTH:
        return (
            f"the {what} '{name}' has {len(name)} characters, {MAX_NAME_LENGTH} are allowed; call "
            f"it '{name[:40].rstrip('-_')}'"
        )
    return None


def fault_of_names(what: str, names: Iterable[str]) -> str | None:
    """Why one of several names won't do, also beside the others where case is ignored, or None."""
    seen: dict[str, str] = {}
    for name in names:
        fault = fault_of_name(what, name)
        other = seen.setdefault(name.casefold(), name)
        if fault is None and other != name:
            fault = (
                f"the {what}s '{other}' and '{name}' are the same to file systems that ignore "
                "case; rename one"
            )
        if fault:
            return fault
    return None


def printable(text: str) -> str:
    """The text with characters that would act on a terminal, or hide others, written as escapes.

    Line ends and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp")
        else c.encode("unicode_escape").decode()
        for c in text
    )  # fmt: skip


def _cleaned(name: str, what: str) -> str:
    """A name that will do, like the one that was given."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    cleaned = _FORBIDDEN.sub("-", plain).strip("-")[:MAX_NAME_LENGTH] or _noun(what)
    return f"{_noun(what)}-{cleaned}" if _WINDOWS_RESERVED.fullmatch(cleaned) else cleaned


def _noun(what: str) -> str:
    return "scene" if what == "group name" else what.split(maxsplit=1)[0]
