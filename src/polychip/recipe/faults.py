"""What pydantic found wrong in a recipe, in words for people; pure."""

import re
from typing import Any

_MUST = {
    "greater_than_equal": "must be {ge} or more", "greater_than": "must be more than {gt}",
    "less_than_equal": "must be {le} or less", "literal_error": "must be {expected}",
    "int_type": "must be a whole number", "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number", "float_type": "must be a number",
    "float_parsing": "must be a number", "bool_type": "must be true or false",
    "bool_parsing": "must be true or false", "string_type": "must be a text in quotes",
    "string_pattern_mismatch": "{pattern}", "too_long": "must be one number, or two",
    "list_type": "must be a list, [ … ]",
    "tuple_type": "must be one number, or two as [height, width]",
}  # fmt: skip


_PATTERNS = {
    r"^(none|blocks|random|scene|kfold|field:.+)$": (
        "must be none, blocks, random, scene, kfold or field:NAME"
    ),
    r"^#[0-9a-fA-F]{6}$": "must be a colour such as #1f78b4",
}


def wrong(problem: Any) -> str:
    """What was found, and what it must be."""
    if problem["type"] == "missing":
        return "is missing"
    given = problem.get("input")
    shown = f"is {given!r}; it " if isinstance(given, str | int | float) else ""
    if problem["type"] in _MUST:
        words = _MUST[problem["type"]].format(**problem.get("ctx", {}))
        return shown + _PATTERNS.get(words, words)
    return ": " + str(problem["msg"]).removeprefix("Value error, ")


def is_beside_the_point(problem: Any) -> bool:
    """Where one number or two may be given, whether this is the complaint about the other."""
    two = isinstance(problem.get("input"), list | tuple)
    last = str(problem["loc"][-1]) if problem["loc"] else ""
    return (problem["type"] == "tuple_type" and isinstance(problem.get("input"), int | float)) or (
        two and not last.startswith("tuple[") and problem["type"] in ("int_type", "float_type")
    )


def place(problem: Any) -> tuple[int | str, ...]:
    """The key of pydantic's location, without the names of types."""
    return tuple(part for part in problem["loc"] if not _is_noise(part))


def _is_noise(part: int | str) -> bool:
    """Whether a part of pydantic's location names a type of a union, not a key."""
    return isinstance(part, str) and bool(re.search(r"[\[(\-]|^(int|float|str)$", part))


def dotted(location: list[int | str]) -> str:
    """'scenes[1].labels' of pydantic's location; people count from 1."""
    name = ""
    for part in location:
        name += f"[{part + 1}]" if isinstance(part, int) else f"{'.' if name else ''}{part}"
    return name
