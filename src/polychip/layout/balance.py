"""Chips drawn so that rare classes are seen often enough; pure."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from polychip.errors import RecipeError, nearest, some
from polychip.layout.contents import Contents

Ints = NDArray[np.int64]

NEGATIVE = "background"
"""The name under which chips without any feature are drawn."""


def draw_balanced(
    contents: Contents,
    weights: Mapping[str, float],
    least_px: Mapping[str, int],
    n: int,
    chance: NDArray[np.uint64],
    drawn: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Up to n chips, none twice: at each turn one of the class that is furthest behind its weight.

    A chip counts for each class that it shows. A class that has no chip left gives its turns to the
    others, so fewer than n chips come out only when no class has one left.

    Args:
        contents: of the chips there are.
        weights: how often each class is wanted, relative to the others; 'background' stands for
            chips without a feature.
        least_px: pixels from which on a chip shows a class; 1 where a class is left out.
        n: chips to draw.
        chance: a number for each chip; the lower one is drawn first.
        drawn: chips that are in already and count.

    Returns:
        (chosen chips, shape (units,); chips that show each class).

    Raises:
        RecipeError: a class is unknown.
    """
    shows = _shows(contents, list(weights), least_px)
    wanted = np.array(list(weights.values()), dtype=np.float64)
    chosen = drawn.copy()
    seen = shows[chosen].sum(axis=0).astype(np.float64)
    queues = [np.flatnonzero(column & ~drawn) for column in shows.T]
    queues = [queue[np.argsort(chance[queue], kind="stable")] for queue in queues]
    place = [0] * len(queues)
    for _ in range(max(0, n - int(chosen.sum()))):
        unit = -1
        for k in np.argsort(seen / wanted, kind="stable").tolist():
            queue = queues[k]
            while place[k] < len(queue) and chosen[queue[place[k]]]:
                place[k] += 1
            if place[k] < len(queue):
                unit = int(queue[place[k]])
                break
        if unit < 0:
            break
        chosen[unit] = True
        seen += shows[unit]
    return chosen, dict(zip(weights, seen.astype(int).tolist(), strict=True))


def _shows(contents: Contents, names: list[str], least_px: Mapping[str, int]) -> NDArray[np.bool_]:
    """Which classes each chip shows, shape (units, names)."""
    known = [*contents.names, NEGATIVE]
    for name in (*names, *least_px):
        if name not in known:
            raise RecipeError(
                f"chips.balance or chips.min_pixels names the class '{name}'"
                f"{nearest(name, known)}; the labels have {some(known)}"
            )
    columns = [
        ~contents.has_feature()
        if name == NEGATIVE
        else contents.pixels[:, contents.names.index(name)] >= max(1, least_px.get(name, 1))
        for name in names
    ]
    return np.column_stack(columns)
