"""What a chip leaves out of what was burned: its outer pixels, and small rests of objects."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polychip.blocks.jobs import ChipSlot, SceneJob
from polychip.burn.stretches import stretches
from polychip.grid import Window

if TYPE_CHECKING:
    from polychip.blocks.masks import Burned


@dataclass(frozen=True, slots=True)
class ChipView:
    """One chip's part of what was burned."""

    burned: "Burned"
    """The block's, or the chip's own where it was burned again without some objects."""
    semantic: NDArray[np.generic]
    """(height, width)."""
    top: NDArray[np.int32] | None
    """(height, width) 1 + the object in `burned` that is seen; None without objects."""
    n_rests: int = 0
    """Objects that were left out because too little of them is seen."""
    changed: bool = False
    """Whether the chip differs from the block."""


def learnt_from(job: SceneJob, slot: ChipSlot) -> Window:
    """The chip without its outer pixels, as far as it lies on the image."""
    return slot.window.grown(-job.context_px).intersection(job.grid.window)


def view_chip(
    job: SceneJob,
    slot: ChipSlot,
    burned: "Burned",
    total_px: NDArray[np.int64],
    without: Callable[[NDArray[np.int64]], "Burned"],
) -> ChipView:
    """A chip's part of a block, its outer pixels and small rests left out.

    Args:
        job: says what is left out.
        slot: the chip.
        burned: its block.
        total_px: pixels of each of the scene's objects on the whole image.
        without: burns the chip's window again without some of the scene's objects.
    """
    view = _framed(job, slot, burned)
    dropped = np.empty(0, dtype=np.int64)
    while job.min_visible > 0 and view.top is not None:
        small = _small(view.top, total_px[view.burned.numbers], job.min_visible)
        if not len(small):
            break
        if not job.drop_rests:
            return _ignored(view, view.top, small, job.known_schema().ignore)
        dropped = np.union1d(dropped, view.burned.numbers[small])
        view = _framed(job, slot, without(dropped))  # what lay beneath may be a small rest, too
    return ChipView(view.burned, view.semantic, view.top, len(dropped), view.changed)


def _framed(job: SceneJob, slot: ChipSlot, burned: "Burned") -> ChipView:
    part = slot.window.slices_in(burned.window)
    semantic, top = burned.semantic[part], None if burned.top is None else burned.top[part]
    n = job.context_px
    if not n:
        return ChipView(burned, semantic, top)
    inner = slice(n, -n), slice(n, -n)
    framed = np.full_like(semantic, job.known_schema().ignore)
    framed[inner] = semantic[inner]
    seen = None
    if top is not None:
        seen = np.zeros_like(top)
        seen[inner] = top[inner]
    return ChipView(burned, framed, seen, changed=True)


def _small(top: NDArray[np.int32], total_px: NDArray[np.int64], least: float) -> NDArray[np.int64]:
    """The objects of which something is seen, but less than `least` of all their pixels."""
    place, length = stretches(top)
    seen = np.bincount(top.ravel()[place], weights=length, minlength=len(total_px) + 1)[1:]
    return np.flatnonzero((seen > 0) & (seen < least * total_px)).astype(np.int64)


def _ignored(
    view: ChipView, top: NDArray[np.int32], small: NDArray[np.int64], ignore: int
) -> ChipView:
    chosen = np.zeros(len(view.burned.numbers) + 1, dtype=bool)
    chosen[small + 1] = True
    here = chosen[top]
    semantic = view.semantic.copy()
    semantic[here] = ignore
    return ChipView(view.burned, semantic, np.where(here, 0, top), len(small), changed=True)
