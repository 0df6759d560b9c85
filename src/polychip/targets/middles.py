"""Centres of objects and the way to them. Source: Cheng et al. 2020, Panoptic-DeepLab."""

import math

import numpy as np
from numpy.typing import NDArray

from polychip.recipe.chips import MaskOptions
from polychip.schema import LabelSchema
from polychip.targets.spec import Ground, TargetSpec

Floats = NDArray[np.float32]


def center_spec(masks: MaskOptions, _schema: LabelSchema) -> TargetSpec:
    """A bump at each object's centre."""
    sigma = masks.center.sigma_px
    return TargetSpec(
        "center", "float32", ("center",), 0, -1,
        "a Gaussian of sigma_px at each object's centre (mean pixel of what is seen of it in the "
        "whole scene, ignored parts included), 1 at its pixel; where several meet, the highest",
        (("sigma_px", sigma),),
    )  # fmt: skip


def center(ground: Ground, spec: TargetSpec) -> Floats:
    """(1, height, width): 0 to 1."""
    sigma, w = spec.number("sigma_px"), ground.window
    reach = math.floor(3 * sigma) + 1
    line = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    bump = (line[:, None] * line[None]).astype(np.float32)
    heat = np.zeros((w.height, w.width), dtype=np.float32)
    for x, y in _peaks(ground, reach):
        left, top = x - reach - w.x_off, y - reach - w.y_off
        rows = slice(max(top, 0), min(top + len(bump), w.height))
        columns = slice(max(left, 0), min(left + len(bump), w.width))
        part = bump[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        np.maximum(heat[rows, columns], part, out=heat[rows, columns])
    return heat[None]


def _peaks(ground: Ground, reach: int) -> list[list[int]]:
    """Pixels (column, row) of all centres of the scene whose bumps reach the window."""
    centres = _centres(ground)
    pixel = np.floor(centres[np.isfinite(centres[:, 0])] + 0.5).astype(np.int64)
    w = ground.window.grown(reach)
    near = (
        (pixel[:, 0] >= w.x_off) & (pixel[:, 0] < w.x_end)
        & (pixel[:, 1] >= w.y_off) & (pixel[:, 1] < w.y_end)
    )  # fmt: skip
    found: list[list[int]] = pixel[near].tolist()
    return found


def _centres(ground: Ground) -> NDArray[np.float64]:
    if ground.centres is None:
        raise ValueError("this target needs the objects' centres")
    return ground.centres


def offset_spec(_masks: MaskOptions, _schema: LabelSchema) -> TargetSpec:
    """The way from each pixel to its object's centre."""
    return TargetSpec(
        "offset", "float32", ("dy", "dx"), 0, 0,
        "rows, then columns, from the pixel to its object's centre, which may lie outside the "
        "chip; 0 where there is no object (the instance mask tells where they count)",
    )  # fmt: skip


def offset(ground: Ground, _spec: TargetSpec) -> Floats:
    """(2, height, width): rows and columns to go."""
    top, w = ground.seen(), ground.window
    place = np.zeros((len(ground.numbers) + 1, 2))
    place[1:] = _centres(ground)[ground.numbers]
    columns = np.arange(w.x_off, w.x_end)
    rows = np.arange(w.y_off, w.y_end)
    dx, dy = place[top, 0] - columns, place[top, 1] - rows[:, None]
    return (np.stack((dy, dx)) * (top > 0)).astype(np.float32)
