"""How far the labels lie from the edges that the image shows.

Along each outline the structure tensor of the image, taken across the outline, says how much of an
edge runs there. Its mean over all outlines, for each shift by whole pixels, has its peak where the
labels fit best; a parabola through the peak gives the parts of a pixel. Resampling groups of
outlines tells how sure that is.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.burn.edges import EdgeSet
from polychip.grid import Window
from polychip.image import ImageSource
from polychip.io.sources import open_layer
from polychip.quality.checks.problem import Check, Problem
from polychip.quality.checks.subject import ImageSeen, Subject

REACH_PX = 8
"""Shifts are looked for up to this far in each direction."""
NOTABLE_PX = 1.5
"""A smaller shift is within what drawing and leaning buildings explain."""
SURE = 0.9
"""Confidence from which a shift is a problem."""
AGREE_PX = 0.5
"""Resamples that come so close to the whole agree with it."""
CELLS = 4
"""The image is divided into so many rows and columns of cells."""
CELL_PX = 1024
"""Of a larger cell the window around its labels' middle is taken."""
LEAST_SAMPLES = 400
"""Fewer pixels of outline, in a cell or in all, tell nothing."""
_GROUPS = 32
_RESAMPLES = 200
_MOST_SAMPLES = 10_000
"""Of a cell."""
_SIDE = 2 * REACH_PX + 1

SHIFT = Check(
    "registration.shift", "warning", "the labels lie beside the edges that the image shows",
    "look at it; labels.shift_px in a recipe moves them back",
)  # fmt: skip
CELL_SHIFT = Check(
    "registration.cell", "info", "in one part the labels lie otherwise than in the rest",
    "look there: one image of a mosaic, or one annotator, may be off",
)  # fmt: skip
CHECKS = (SHIFT, CELL_SHIFT)


@dataclass(frozen=True, slots=True)
class Shift:
    """How the labels lie: columns to the right, rows downwards of the image's edges."""

    dx: float
    dy: float
    confidence: float
    """Share of the resamples that agree within half a pixel; 0 where the peak is no peak."""
    n_samples: int
    """Pixels of outline that were looked at."""

    @property
    def length(self) -> float:
        """In pixels."""
        return float(np.hypot(self.dx, self.dy))

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "dx_px": round(self.dx, 2),
            "dy_px": round(self.dy, 2),
            "confidence": round(self.confidence, 3),
            "samples": self.n_samples,
        }


@dataclass(frozen=True, slots=True)
class Registration:
    """An image's shift, on the whole and by cell."""

    image: str
    whole: Shift | None
    """None where the outlines are too few."""
    cells: tuple[tuple[Window, Shift], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "image": self.image,
            "whole": self.whole.to_dict() if self.whole else None,
            "cells": [{"window": list(window), **shift.to_dict()} for window, shift in self.cells],
        }


def measure(image: ImageSeen) -> Registration:
    """How the labels lie on an image."""
    grid = image.imagery.grid
    scores = []
    source = open_layer(image.layer)
    try:
        for cell in _cells(grid.window):
            found = _score_cell(source, image.edges, cell)
            if found is not None:
                scores.append((cell, *found))
    finally:
        source.close()
    if not scores:
        return Registration(image.name, None, ())
    total = np.sum([sums for _, sums, _ in scores], axis=0)
    weight = np.sum([w for _, _, w in scores], axis=0)
    cells = tuple(
        (cell, shift)
        for cell, sums, w in scores
        if (shift := _shift(sums, w)) is not None and len(scores) > 1
    )
    return Registration(image.name, _shift(total, weight), cells)


def _cells(whole: Window) -> Iterator[Window]:
    columns = np.linspace(0, whole.width, CELLS + 1).astype(int)
    rows = np.linspace(0, whole.height, CELLS + 1).astype(int)
    for top, bottom in itertools.pairwise(rows):
        for left, right in itertools.pairwise(columns):
            yield Window(int(left), int(top), int(right - left), int(bottom - top))


def _score_cell(
    source: ImageSource, edges: EdgeSet, cell: Window
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Sums of edge strength by group and shift, and the samples of each group.

    Returns:
        (_GROUPS, _SIDE, _SIDE) and (_GROUPS,); None where no outline runs.
    """
    window = _around_labels(edges, cell)
    if window.is_empty():
        return None
    middle, across, weight, group = _samples(edges, window)
    if not len(middle):
        return None
    margin = REACH_PX + 1
    wide = Window(window.x_off - margin, window.y_off - margin,
                  window.width + 2 * margin, window.height + 2 * margin)  # fmt: skip
    tensor = _tensor(*source.read(wide))
    column = np.floor(middle[:, 0]).astype(np.int64) - wide.x_off
    row = np.floor(middle[:, 1]).astype(np.int64) - wide.y_off
    xx, xy, yy = across[:, 0] ** 2, 2 * across[:, 0] * across[:, 1], across[:, 1] ** 2
    flat = tensor.reshape(3, -1)
    place = row * wide.width + column
    sums = np.empty((_GROUPS, _SIDE, _SIDE))
    for down in range(-REACH_PX, REACH_PX + 1):
        for right in range(-REACH_PX, REACH_PX + 1):
            there = place + (down * wide.width + right)
            strength = xx * flat[0, there] + xy * flat[1, there] + yy * flat[2, there]
            sums[:, down + REACH_PX, right + REACH_PX] = np.bincount(
                group, weights=weight * strength, minlength=_GROUPS
            )
    return sums, np.bincount(group, weights=weight, minlength=_GROUPS).astype(np.float64)


def _around_labels(edges: EdgeSet, cell: Window) -> Window:
    """The cell, or where it is large the part around the middle of its labels."""
    if cell.width <= CELL_PX and cell.height <= CELL_PX:
        return cell
    owners = edges.owners_in(cell)
    if not len(owners):
        return Window(0, 0, 0, 0)
    box = edges.box[owners]
    x, y = np.median((box[:, 0] + box[:, 2]) // 2), np.median((box[:, 1] + box[:, 3]) // 2)
    width, height = min(cell.width, CELL_PX), min(cell.height, CELL_PX)
    left = min(max(int(x) - width // 2, cell.x_off), cell.x_end - width)
    top = min(max(int(y) - height // 2, cell.y_off), cell.y_end - height)
    return Window(left, top, width, height)


def _samples(edges: EdgeSet, window: Window) -> tuple[NDArray[Any], ...]:
    """Points along the outlines, a pixel apart.

    Returns:
        points (n, 2), unit vectors across (n, 2), the length each stands for, its group: outlines
        of one feature stay together.
    """
    owners = edges.owners_in(window)
    points, position = edges.edges_of(owners, window.y_off, window.y_end)
    ends = points.reshape(-1, 2, 2)
    along = ends[:, 1] - ends[:, 0]
    length = np.asarray(np.hypot(along[:, 0], along[:, 1]), dtype=np.float64)
    some = length > 1e-9
    ends, along, length, position = ends[some], along[some], length[some], position[some]
    pieces = np.maximum(np.ceil(length), 1).astype(np.int64)
    index = np.repeat(np.arange(len(ends)), pieces)
    nth = np.arange(len(index)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    middle = ends[index, 0] + along[index] * ((nth + 0.5) / pieces[index])[:, None]
    inside = (
        (middle[:, 0] >= window.x_off) & (middle[:, 0] < window.x_end)
        & (middle[:, 1] >= window.y_off) & (middle[:, 1] < window.y_end)
    )  # fmt: skip
    chosen = np.flatnonzero(inside)
    chosen = chosen[:: max(1, -(-len(chosen) // _MOST_SAMPLES))]
    index = index[chosen]
    unit: NDArray[np.float64] = along[index] / length[index, None]
    across = np.column_stack((unit[:, 1], -unit[:, 0]))
    return middle[chosen], across, (length / pieces)[index], owners[position[index]] % _GROUPS


def _tensor(pixels: NDArray[np.generic], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Structure tensor (xx, xy, yy) of an image, (3, height, width); strong edges count alike."""
    tensor = np.zeros((3, *valid.shape))
    ok = valid.copy()
    ok[1:-1, 1:-1] &= valid[:-2, 1:-1] & valid[2:, 1:-1] & valid[1:-1, :-2] & valid[1:-1, 2:]
    ok[[0, -1], :] = ok[:, [0, -1]] = False
    if not ok.any():
        return tensor
    for band in pixels:
        values = np.abs(band) if np.iscomplexobj(band) else band
        filled = np.nan_to_num(np.where(valid, values, 0)).astype(np.float64)
        down, right = np.gradient(filled)
        size: NDArray[np.float64] = np.asarray(right**2 + down**2)
        usual = float(np.median(size[ok]))
        if usual == 0.0:
            usual = float(size[ok].mean())
        if usual == 0.0:
            continue
        weight = ok / (size + 4 * usual)
        tensor += np.stack((right * right, right * down, down * down)) * weight
    return tensor / len(pixels)


def _shift(sums: NDArray[np.float64], weight: NDArray[np.float64]) -> Shift | None:
    """Where the labels lie, from the edge strengths of groups of outlines."""
    n = int(weight.sum())
    if n < LEAST_SAMPLES:
        return None
    found = _peak(sums.sum(axis=0))
    if found is None:
        return Shift(0.0, 0.0, 0.0, n)
    used = np.flatnonzero(weight > 0)
    rng = np.random.default_rng(0)
    agree = 0
    for _ in range(_RESAMPLES):
        draw = np.bincount(rng.choice(used, len(used)), minlength=len(weight))
        other = _peak(np.tensordot(draw.astype(np.float64), sums, axes=1))
        agree += other is not None and float(np.hypot(*(other - found))) <= AGREE_PX
    return Shift(-float(found[0]), -float(found[1]), agree / _RESAMPLES, n)


def _peak(score: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """(columns, rows) by which labels must move to fit; None where the best is at the rim."""
    row, column = np.unravel_index(int(score.argmax()), score.shape)
    if not (0 < row < _SIDE - 1 and 0 < column < _SIDE - 1):
        return None
    x = column - REACH_PX + _vertex(*score[row, column - 1 : column + 2].tolist())
    y = row - REACH_PX + _vertex(*score[row - 1 : row + 2, column].tolist())
    return np.array([x, y])


def _vertex(left: float, middle: float, right: float) -> float:
    """Where the parabola through three points has its top, counted from the middle one."""
    bend = left - 2 * middle + right
    return (left - right) / (2 * bend) if bend else 0.0


def find(subject: Subject, found: list[Registration]) -> Iterator[Problem]:
    """The shifts that are worth a word."""
    for image, registration in zip(subject.images, found, strict=True):
        whole = registration.whole
        if whole is None or whole.confidence < SURE:
            continue
        if whole.length >= NOTABLE_PX:
            text = (
                f"{image.name}: the labels lie {in_words(whole)} of the image's edges "
                f"(confidence {whole.confidence:.0%}); shift_px = "
                f"[{-whole.dx:.1f}, {-whole.dy:.1f}] moves them back"
            )
            where = _box(image.imagery.grid.window, image, subject)
            yield Problem(SHIFT, None, text, where)
        for window, cell in registration.cells:
            apart = float(np.hypot(cell.dx - whole.dx, cell.dy - whole.dy))
            if cell.confidence >= SURE and apart >= NOTABLE_PX:
                text = (
                    f"{image.name}, columns {window.x_off} to {window.x_end - 1}, rows "
                    f"{window.y_off} to {window.y_end - 1}: {in_words(cell)} "
                    f"(confidence {cell.confidence:.0%}), {apart:.1f} px from the rest"
                )
                yield Problem(CELL_SHIFT, None, text, _box(window, image, subject))


def in_words(shift: Shift) -> str:
    """'3.0 px right and 2.0 px up'."""
    across = f"{abs(shift.dx):.1f} px {'right' if shift.dx > 0 else 'left'}"
    return f"{across} and {abs(shift.dy):.1f} px {'down' if shift.dy > 0 else 'up'}"


def _box(window: Window, image: ImageSeen, subject: Subject) -> shapely.Geometry:
    """A window of an image in the labels' CRS."""
    from polychip.crs import choose_operation

    grid = image.imagery.grid
    outline = grid.outline(window)
    move = choose_operation(grid.crs_wkt, subject.crs_wkt, allow_ballpark=True)
    return shapely.Polygon(move.forward(outline[:, 0], outline[:, 1]))
