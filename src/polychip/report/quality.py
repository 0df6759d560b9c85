"""What verify, check, agree and advise found, as they print it with --json, on the page."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from polychip.errors import InputError
from polychip.report.html import Html, element, table

_MARKS = {True: "✓ passed", False: "✗ failed", None: "– skipped"}
_SHOWN = 100
"""Problems that are told in full."""


def read_result(path: Path) -> dict[str, Any]:
    """A document that a command printed with --json.

    Raises:
        InputError: it can't be read, or is none of those that the page knows.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: can't be read as JSON ({error}); give what verify, check, agree or advise "
            "print with --json"
        ) from error
    if not isinstance(found, dict) or _kind(found) is None:
        raise InputError(
            f"{path}: no result of verify, check, agree or advise; give what they print with --json"
        )
    return found


def _kind(found: Mapping[str, Any]) -> str | None:
    keys = {"checks": "verify", "problems": "check", "strategy": "advise", "classes": "agree"}
    return next((kind for key, kind in keys.items() if key in found), None)


def quality_parts(results: Sequence[Mapping[str, Any]]) -> list[Html]:
    """A part a result; without one, how to get one onto the page."""
    if not results:
        words = "Nothing was run. To have results here: "
        lines = (
            "polychip verify DIR --json > verdict.json\npolychip report DIR --quality verdict.json"
        )
        return [element("p", words), element("pre", element("code", lines), tabindex="0")]
    return [part for found in results for part in _result(found)]


def _result(found: Mapping[str, Any]) -> Iterator[Html]:
    kind = _kind(found)
    if kind == "verify":
        lines = [[c["id"], _MARKS[c["ok"]], c["message"]] for c in found["checks"]]
        yield table(["check", "result", "what was found"], lines, caption="polychip verify")
    elif kind == "check":
        yield from _problems(found["problems"])
    elif kind == "advise":
        yield element("p", "polychip advise: ", element("b", found["strategy"]))
        yield from _figures("polychip advise, classes", found.get("classes"))
    else:
        yield from _figures("polychip agree, classes", found.get("classes"))
        objects = found.get("objects")
        if isinstance(objects, Mapping):
            yield from _figures("polychip agree, objects", {"objects": objects})


def _problems(problems: Sequence[Mapping[str, Any]]) -> Iterator[Html]:
    if not problems:
        yield element("p", "polychip check found no problem in the labels.")
        return
    keys = ("check", "severity", "source_fid", "message")
    lines = [[str(each.get(key, "")) for key in keys] for each in problems[:_SHOWN]]
    yield table(["check", "severity", "feature", "what"], lines, caption="polychip check")
    if len(problems) > _SHOWN:
        yield element("p", f"and {len(problems) - _SHOWN:,} more problems.")


def _figures(caption: str, rows: Any) -> Iterator[Html]:
    """A table of what has a name and plain figures; what is nested stays with the command."""
    if not isinstance(rows, Mapping) or not rows:
        return
    plain = {
        name: {k: v for k, v in row.items() if not isinstance(v, Mapping | list)}
        if isinstance(row, Mapping)
        else {"": row}
        for name, row in rows.items()
    }
    keys = list(dict.fromkeys(key for row in plain.values() for key in row))
    lines = [[name, *(_text(row.get(key)) for key in keys)] for name, row in plain.items()]
    yield table(["", *(key.replace("_", " ") for key in keys)], lines, caption=caption)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
