"""What a block of a scene holds, whichever masks it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from polychip.grid import Window
from polychip.polygons.chips import Ints
from polychip.polygons.components import NOTHING

FIRST_OBJECT = 65_536
"""Values below are class codes, values from here on objects; codes have 16 bits."""


@dataclass(frozen=True, slots=True)
class BlockPixels:
    """A block's labels; arrays are (height, width)."""

    values: NDArray[np.int32]
    """A class code, FIRST_OBJECT + an object's number, or NOTHING (background, ignore, no chip)."""
    known: NDArray[np.bool_]
    """Where somebody looked: neither ignore nor without a chip."""
    confidence: NDArray[np.float32] | None
    """0 to 1; None: 1 everywhere."""
    same: Sequence[tuple[int, int]] = ()
    """Pairs of objects that turned out to be one."""


@dataclass(frozen=True, slots=True)
class ObjectEntry:
    """What is known of an object besides its pixels."""

    code: int
    open_until: int
    """It has no pixels from this row of the scene on."""
    instance_id: str | None


class LabelSource(Protocol):
    """Labels of a scene, read block by block from the top, left to right."""

    def read(self, window: Window, chips: Ints) -> BlockPixels:
        """The labels of a window, from the chips that touch it."""

    def describe(self, number: int) -> ObjectEntry:
        """An object by its number."""

    def notes(self) -> list[str]:
        """What a person should know when all is read."""


def blank(window: Window) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Values and known pixels of a window in which there is nothing."""
    shape = (window.height, window.width)
    return np.full(shape, NOTHING, dtype=np.int32), np.zeros(shape, dtype=bool)


def vote(
    values: NDArray[np.int32], depth: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The value that most layers have, and its share of the votes; NOTHING where none has one.

    At a tie the value that was seen farther from its chip's edge wins, then the lower one.

    Args:
        values: (layers, height, width); a layer with NOTHING abstains.
        depth: the same shape, pixels to the edge of the layer's chip there, below 65,536.
    """
    best_score = np.full(values.shape[1:], -1, dtype=np.int64)
    best = np.full(values.shape[1:], NOTHING, dtype=np.int32)
    n_votes = (values != NOTHING).sum(axis=0)
    for layer in values:
        agree = values == layer
        score = agree.sum(axis=0) * 65_536 + np.where(agree, depth, 0).max(axis=0)
        better = (layer != NOTHING) & (
            (score > best_score) | ((score == best_score) & (layer < best))
        )
        best_score[better] = score[better]
        best[better] = layer[better]
    share = (best_score // 65_536) / np.maximum(n_votes, 1)
    return best, np.where(n_votes > 0, share, 0).astype(np.float32)


def layer_of(boxes: Sequence[Window]) -> list[int]:
    """A layer for each chip, the lowest ones, so that the chips of a layer do not overlap."""
    layers: list[list[Window]] = []
    chosen = []
    for box in boxes:
        for number, members in enumerate(layers):
            if all(box.intersection(other).is_empty() for other in members):
                members.append(box)
                chosen.append(number)
                break
        else:
            layers.append([box])
            chosen.append(len(layers) - 1)
    return chosen


def depth_of(chip: Window, part: Window) -> NDArray[np.int32]:
    """How far, in pixels from 1, each pixel of a part of a chip lies from the chip's edge."""
    x = np.arange(part.x_off, part.x_end)
    y = np.arange(part.y_off, part.y_end)
    across = np.minimum(x - chip.x_off + 1, chip.x_end - x)
    down = np.minimum(y - chip.y_off + 1, chip.y_end - y)
    return np.minimum(np.minimum(across[None, :], down[:, None]), 65_535).astype(np.int32)
