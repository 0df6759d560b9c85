"""Small images, labels and recipes, and the command line as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.commands import (
    BOXES,
    CLASSES,
    Cli,
    Result,
    run_cli,
    write_recipe,
    write_square_labels,
)
from support.rasters import VALENCIA, Place, place, write_raster


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """`polychip` with the test's folder as the current one."""

    def run(*arguments: object, **options: Any) -> Result:
        return run_cli(*arguments, **({"cwd": tmp_path} | options))

    return run


@pytest.fixture
def where() -> Place:
    """The grid of the image: 160 × 192 px."""
    return place(160, 192)


@pytest.fixture
def image(tmp_path: Path, where: Place) -> Path:
    """scene.tif: two bands, 64-px tiles, no nodata."""
    path = tmp_path / "scene.tif"
    write_raster(path, where, tiled=True, blockxsize=64, blockysize=64, compress="deflate",
                 descriptions=("red", "nir"))  # fmt: skip
    return path


@pytest.fixture
def labels(tmp_path: Path, where: Place) -> Path:
    """labels.gpkg with the layer 'buildings': four features of two classes, one of them tiny."""
    path = tmp_path / "labels.gpkg"
    write_square_labels(path, where, BOXES, layer="buildings", **{"class": CLASSES})
    return path


@pytest.fixture
def recipe(tmp_path: Path, image: Path, labels: Path) -> Path:
    """recipe.toml: chips of 64 px, into 'dataset'."""
    return write_recipe(tmp_path / "recipe.toml", image, labels)


@pytest.fixture
def large(tmp_path: Path) -> tuple[Path, Path]:
    """An image of nine blocks, slow enough to be interrupted, and its labels."""
    where = place(5120, 5120, transform=VALENCIA)
    row, column = np.mgrid[0:5120, 0:5120]
    pixels = ((row * 31 + column * 17) % 251).astype(np.uint8)[None]
    image = tmp_path / "large.tif"
    write_raster(image, where, pixels, tiled=True, blockxsize=256, blockysize=256)
    boxes = [(x, y, x + 90, y + 70) for x in range(10, 5000, 400) for y in range(10, 5000, 300)]
    labels = tmp_path / "large.gpkg"
    write_square_labels(labels, where, boxes, **{"class": ["field"] * len(boxes)})
    return image, labels


@pytest.fixture
def mount_point(tmp_path: Path) -> Iterator[Path]:
    """A folder that a test may mount something on."""
    point = tmp_path / "mounted"
    point.mkdir()
    yield point
    if os.path.ismount(point):
        subprocess.run(["umount", str(point)], check=True)
