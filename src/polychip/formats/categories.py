"""Category ids from 1 for formats in which 0 means nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

from polychip.formats.source import Source
from polychip.schema import ClassDef


def category_ids(source: Source, *, background: bool = False) -> dict[int, int]:
    """Category id by class code: the code itself, where it is 1 or more.

    A class with code 0, and background where it is asked for and has code 0, get the next free ids
    after the largest code, so that all others keep theirs.
    """
    codes = [entry.code for entry in source.classes]
    if background:
        codes.append(source.schema.background)
    free = max(codes, default=0) + 1
    ids = {code: code for code in sorted(codes) if code >= 1}
    for code in sorted(codes):
        if code < 1:
            ids[code] = free
            free += 1
    return ids


def category_facts(classes: Iterable[ClassDef], ids: Mapping[int, int]) -> list[dict[str, Any]]:
    """For conversion.json: which class became which category."""
    return [{"code": c.code, "id": ids[c.code], "name": c.name} for c in classes]


def supercategory(entry: ClassDef) -> str:
    """COCO asks for one: whether objects are counted."""
    return "thing" if entry.thing else "stuff"
