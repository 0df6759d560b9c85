"""A flood with radar and optical layers, and a place before and after it, small enough to see."""

from pathlib import Path
from typing import Any

import numpy as np

from support.rasters import coordinates_as_pixels, place
from support.traps import box
from support.workshop import Workshop

SIZE = 32
SHAPE = (64, 96)
CLASSES = [
    {"name": "cloud", "code": 255, "thing": False},
    {"name": "building", "code": 7, "thing": True},
    {"name": "permanent_water", "code": 4, "thing": False},
    {"name": "flood_water", "code": 2, "thing": False},
]
FRACTIONS = {"train": 0.5, "val": 0.33, "test": 0.17}


def layers(workshop: Workshop, *, optical: str = "int16", prefix: str = "") -> dict[str, Any]:
    """Two bands of radar and 13 optical ones that hold their own number and place."""
    n = SHAPE[0] * SHAPE[1]
    place_px = np.arange(1, n + 1).reshape(SHAPE)
    s1 = np.stack((place_px, -place_px)).astype("float32") / 100
    s1[:, 0, 0] = np.nan
    s2 = np.stack([place_px + 100 * band for band in range(13)]).astype(optical)
    s2[:, 5, 5] = 0
    return {
        "s1": workshop.image(s1, name=f"{prefix}s1.tif", nodata=float("nan")),
        "s2": workshop.image(s2, name=f"{prefix}s2.tif", nodata=0),
    }


def flood(folder: Path, *, names: tuple[str, ...] = ("Elbe_2024",), **tables: Any) -> Path:
    """A dataset of one flood, six chips in three splits; or the same of several scenes of one place."""
    folder.mkdir(parents=True, exist_ok=True)
    workshop = Workshop(folder, where=place(*SHAPE))
    shapes = [
        (box(3, 3, 40, 30), "flood_water"), (box(10, 0, 4, 64), "permanent_water"),
        (box(20, 10, 6, 6), "building"), (box(60, 40, 20, 20), "cloud"),
    ]  # fmt: skip
    labels = workshop.labels([s for s, _ in shapes], **{"class": [c for _, c in shapes]})
    options: dict[str, Any] = {
        "schema": {"class_field": "class", "classes": CLASSES},
        "chips": {"size": SIZE},
        "split": {"by": "random", "fractions": FRACTIONS},
        "masks": {"mode": "semantic"},
    }
    recipe = workshop.recipe(layers(workshop), {"path": labels}, **(options | tables))
    [scene] = recipe["scenes"]
    recipe["scenes"] = [scene | {"name": name, "group": "river"} for name in names]
    recipe["scenes"][0]["date"] = "2024-06-05"
    return workshop.run(recipe)


GRADES = ("no-damage", "minor-damage", "major-damage", "destroyed")


def before_after(folder: Path, *, cloud: bool = False, hole: bool = False, **tables: Any) -> Path:
    """A place before and after: four buildings that suffer differently, and two roads.

    With `hole` the first chip has no data before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    workshop = Workshop(folder, where=place(*SHAPE))
    houses = [box(4 + 20 * i, 4, 10, 10) for i in range(4)]
    roads = [box(0, 40, 96, 3), box(50, 32, 3, 32)]
    pre = [(h, "building") for h in houses] + [(r, "road") for r in roads]
    post = [*zip(houses, GRADES, strict=True), (roads[0], "road"), (roads[1], "flooded road")]
    if cloud:
        post.append((box(0, 60, 5, 4), "cloud"))
    names = ["cloud", *GRADES, "building", "flooded road", "road", "permanent_water"]
    codes = {"cloud": 255, **{name: i for i, name in enumerate(names[1:], start=3)}}
    scenes = []
    for day, shapes in (("2024-05-01", pre), ("2024-06-05", post)):
        labels = workshop.labels(
            [s for s, _ in shapes], name=f"{day}.gpkg", **{"class": [c for _, c in shapes]}
        )
        pixels = coordinates_as_pixels(*SHAPE)
        if hole and shapes is pre:
            pixels[:, :SIZE, :SIZE] = 0
        image = workshop.image(pixels, name=f"{day}.tif", nodata=0)
        recipe = workshop.recipe(image, {"path": labels})
        scenes.append(recipe["scenes"][0] | {"name": f"elbe_{day}", "group": "elbe_1", "date": day})
    classes = [{"name": n, "code": c, "thing": False} for n, c in codes.items()]
    options: dict[str, Any] = {
        "schema": {"class_field": "class", "classes": classes}, "chips": {"size": SIZE},
        "split": {"by": "random", "fractions": FRACTIONS}, "masks": {"mode": "semantic"},
    }  # fmt: skip
    return workshop.run(recipe | {"scenes": scenes} | options | tables)
