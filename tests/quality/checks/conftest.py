"""A desk to check labels on, and images with edges."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.desk import Desk
from support.rasters import place


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An image of 40 × 50 pixels of 10 m."""
    return Desk(tmp_path, place())


@pytest.fixture
def edges() -> Callable[[Sequence[Any], tuple[int, int]], Any]:
    """An image in which shapes stand out, smoothed a little and with noise."""

    def draw(shapes: Sequence[Any], shape: tuple[int, int]) -> Any:
        import rasterio.features

        burned = rasterio.features.rasterize(
            ((s, 120 + 17 * (i % 5)) for i, s in enumerate(shapes)), out_shape=shape, fill=60
        ).astype(np.float64)
        soft = sum(np.roll(burned, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1)) / 9
        noise = np.random.default_rng(1).normal(0, 4, shape)
        return (soft + noise).clip(0, 255).astype(np.uint8)[None]

    return draw
