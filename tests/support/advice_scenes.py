"""Made scenes whose right answer is known: which masks to label for."""

from typing import Any

import numpy as np
import shapely

SIDE = 600
Scene = tuple[list[Any], list[str]]


def terraces() -> list[Any]:
    """Rows of eight houses that share their walls; 12 × 9 px each."""
    rng = np.random.default_rng(2)
    out = []
    for row in range(9):
        for block in range(5):
            x, y = 20 + block * 112 + rng.integers(0, 6), 30 + row * 60
            for house in range(8):
                deep = int(rng.integers(8, 12))
                out.append(shapely.box(x + house * 12, y, x + house * 12 + 12, y + deep))
    return out


def river() -> list[Any]:
    """Threads of water that part and meet, from the image's edge to its edge."""
    x = np.linspace(-20, SIDE + 20, 80)
    threads = [
        shapely.LineString(
            np.column_stack((x, 300 + shift + 60 * np.sin(x / 90 + phase) + 20 * np.sin(x / 31)))
        ).buffer(width)
        for shift, phase, width in ((-60, 0, 14), (0, 2, 9), (50, 4, 11), (20, 1, 6))
    ]
    ponds = [shapely.LineString([(80, y), (150, y + 40)]).buffer(4) for y in (40, 520)]
    return threads + ponds


def flood() -> list[Any]:
    return [shapely.box(-30, 200, SIDE + 30, 420), shapely.Point(480, 80).buffer(70)]


SCENES: dict[str, Scene] = {
    "party-wall village": (terraces(), ["building"] * 360),
    "braided river": (river(), ["water"] * 6),
    "flooded village": (
        [*terraces(), *flood()], ["building"] * 360 + ["flood"] * 2,
    ),
}  # fmt: skip
