"""Polygons of masks, filled by the loader that trains on them."""

import numpy as np
import pytest
from scipy import ndimage
from ultralytics.data.utils import polygon2mask

from polychip.formats.contour import outline


def filled(mask: np.ndarray) -> np.ndarray:
    """What ultralytics paints for a mask's polygon, which passes through pixel centres."""
    height, width = mask.shape
    points = (outline(mask).points + 0.5) / (width, height)
    scaled = points.astype(np.float32) * np.array([width, height], dtype=np.float32)
    return polygon2mask(mask.shape, [scaled.reshape(-1)]).astype(bool)


def blob(seed: int, *, smooth: float) -> np.ndarray:
    """A part of random noise, smoothed: with bays, holes and walls a pixel wide."""
    noise = np.random.default_rng(seed).normal(size=(40, 56))
    labelled, _ = ndimage.label(ndimage.gaussian_filter(noise, smooth) > 0)
    return labelled == np.bincount(labelled.ravel())[1:].argmax() + 1


@pytest.mark.parametrize("seed", range(60))
def test_a_mask_without_holes_comes_back_pixel_for_pixel(seed: int) -> None:
    mask = ndimage.binary_fill_holes(blob(seed, smooth=1.5))
    assert np.array_equal(filled(mask), mask)


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("smooth", [0.6, 1.5])
def test_holes_come_back_pixel_for_pixel_too(seed: int, smooth: float) -> None:
    mask = blob(seed, smooth=smooth)
    assert outline(mask).n_parts == 1
    assert np.array_equal(filled(mask), mask)


@pytest.mark.parametrize("seed", range(30))
def test_parts_cost_no_more_pixels_than_are_counted(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(size=(40, 56))
    mask = ndimage.gaussian_filter(noise, 2) > 0.15
    found = outline(mask)
    painted = filled(mask)
    assert found.n_parts == ndimage.label(mask)[1] > 1
    assert not (mask & ~painted).any()
    assert (painted & ~mask).sum() <= found.bridge_px


@pytest.mark.parametrize(
    "mask",
    [
        [[1]],
        [[1, 1]],
        [[1], [1], [1]],
        [[1, 0], [0, 1]],
        [[1, 1, 1], [1, 0, 1], [1, 1, 1]],
        [[1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 1]],
        [[1, 1, 0], [1, 0, 1], [1, 1, 1]],
    ],
)
def test_the_smallest_masks_come_back(mask: list[list[int]]) -> None:
    pixels = np.array(mask, dtype=bool)
    assert np.array_equal(filled(pixels), pixels)
