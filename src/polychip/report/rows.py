"""The rows of the table of chips, as plain values for the page's script; pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polychip.report.chips import ChipIndex
from polychip.report.sections import coded

ROWS_AT_MOST = 10_000
_CLASSES_AT_MOST = 12


def chip_rows(
    index: ChipIndex, manifest: Mapping[str, Any], pictures: Mapping[int, int]
) -> dict[str, Any]:
    """Columns (title and kind: text, number or share), rows, and rows of the pictures.

    The last cell of a row is its picture's number, or null. Of more chips than `ROWS_AT_MOST` every
    n-th is there; of many classes those with the most pixels.
    """
    codes = sorted(index.pixels, key=lambda code: -int(index.pixels[code].sum()))
    kept = set(codes[:_CLASSES_AT_MOST])
    names = {code: name for code, name, *_ in coded(manifest)}
    step = max(1, -(-len(index) // ROWS_AT_MOST))
    shown = sorted(pictures, key=lambda place: pictures[place])
    places = [*range(0, len(index), step), *shown]
    columns: list[tuple[str, str, list[Any]]] = [
        ("chip", "text", index.texts("chip_id", places)),
        ("scene", "text", index.texts("scene", places)),
    ]
    if manifest["split"]["names"]:
        columns.append(("split", "text", index.texts("split", places)))
    columns += [
        ("looked at", "share", _rounded(index, "labelled_fraction", places)),
        ("with data", "share", _rounded(index, "valid_fraction", places)),
    ]
    if manifest["mode"] != "semantic":
        columns.append(("objects", "number", index.texts("n_instances", places)))
    columns += [
        (f"{names[code]}, px", "number", pixels[places].tolist())
        for code, pixels in index.pixels.items()
        if code in kept
    ]
    values = zip(*(column for *_, column in columns), strict=True)
    rows = [[*row, pictures.get(place)] for place, row in zip(places, values, strict=True)]
    n_rows = len(places) - len(shown)
    return {
        "columns": [[title, kind] for title, kind, _ in columns],
        "rows": rows[:n_rows],
        "shown": rows[n_rows:],
        "chips": len(index),
        "classes": [len(kept), len(codes)],
    }


def _rounded(index: ChipIndex, column: str, places: Sequence[int]) -> list[float]:
    shares: list[float] = np.round(index.numbers(column)[places], 4).tolist()
    return shares
