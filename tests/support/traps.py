"""A dataset in which every trap of the output formats lies, small enough to see.

Chips of 32 px, three in a row and two rows, four bands of 16 bits; classes with gaps in their codes
and names with spaces and umlauts.
"""

from pathlib import Path
from typing import Any

import numpy as np
import shapely

from support.rasters import place
from support.workshop import Workshop

SIZE = 32
HEIGHT, WIDTH = 64, 96
NAMES = {1: "Wald & Wiese", 2: "flood water", 3: "Gebäude mit Hof", 5: "Straße"}
"""By code: 4 is missing, 0 is background, 255 ignore."""
THINGS = (2, 3)
DATE = "2024-10-31"


def box(x: float, y: float, width: float, height: float) -> shapely.Polygon:
    """A rectangle in pixel coordinates."""
    return shapely.box(x, y, x + width, y + height)


def ring() -> shapely.Polygon:
    """A courtyard: 20 × 20 px with a hole of 8 × 6 px."""
    return box(4, 4, 20, 20).difference(box(10, 11, 8, 6))


def shapes() -> list[tuple[shapely.Geometry, str, str | None]]:
    """Geometry, class and instance of each label."""
    wood, water, house, road = NAMES.values()
    return [
        (ring(), house, "ring"),
        (box(36, 4, 10, 12), house, "left"),
        (box(46, 4, 9, 12), house, "right"),  # they share a side
        (box(70, 6, 6, 6), water, "below"),  # wholly under the house above
        (box(68, 4, 12, 12), house, "above"),
        (box(76, 20, 16, 8), water, "half"),
        (box(84, 17, 6, 8), house, "on top"),  # hides a part of it
        (box(40, 40, 45, 6), water, "long"),  # over two chips
        (box(34, 50, 40, 8), wood, None),
        (box(60, 36, 4, 26), road, None),
        (box(88, 56, 8, 8), "unbekannt", None),  # ignore
    ]


def image() -> np.ndarray:
    """(4, 64, 96) uint16, no two pixels alike; 0, which is nodata, in one corner."""
    first = np.arange(1, HEIGHT * WIDTH + 1, dtype=np.uint16).reshape(HEIGHT, WIDTH)
    pixels = np.stack((first, first * 2, first[::-1] + 7, first[:, ::-1] * 9))
    pixels[:, :8, 90:] = 0
    return pixels


def recipe(workshop: Workshop, *, mode: str = "panoptic", **tables: Any) -> dict[str, Any]:
    """The recipe of the dataset; the first class wins an overlap."""
    rows = shapes()
    classes: dict[str, Any] = {
        "class_field": "class",
        "instance_field": "instance",
        "classes": [
            {"name": "unbekannt", "code": 255, "thing": False},
            {"name": NAMES[3], "code": 3, "thing": True},
            {"name": NAMES[5], "code": 5, "thing": False},
            {"name": NAMES[2], "code": 2, "thing": True},
            {"name": NAMES[1], "code": 1, "thing": False},
        ],
    }
    base: dict[str, Any] = {
        "schema": classes,
        "chips": {"size": SIZE},
        "masks": {"mode": mode},
        "split": {"by": "random", "fractions": {"train": 0.5, "val": 0.33, "test": 0.17}},
    }
    made = workshop.recipe(
        workshop.image(image(), nodata=0),
        {
            "path": workshop.labels(
                [row[0] for row in rows],
                **{"class": [row[1] for row in rows], "instance": [row[2] for row in rows]},
            )
        },
        **(base | tables),
    )
    made["scenes"][0]["date"] = DATE
    return made


def build(folder: Path, **options: Any) -> Path:
    """The dataset, built in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    workshop = Workshop(folder, where=place(HEIGHT, WIDTH))
    return workshop.run(recipe(workshop, **options))


def stem(row: dict[str, Any]) -> str:
    """What a chip's files are called in the other formats."""
    return f"{row['scene']}_r{row['row']:07d}_c{row['col']:07d}"
