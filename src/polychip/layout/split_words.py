"""What is said of splits: notes, and why some can't be had; pure."""

import numpy as np
from numpy.typing import NDArray

from polychip.errors import RecipeError, some
from polychip.layout.split_options import SplitOptions

Ints = NDArray[np.int64]


def refuse_emptied(options: SplitOptions, before: Ints, after: Ints) -> None:
    """Refuse splits that lost all their chips.

    Raises:
        RecipeError: one did.
    """
    names = list(options.fractions)
    emptied = [names[k] for k in np.flatnonzero((before > 0) & (after == 0))]
    if emptied:
        raise RecipeError(
            f"split.by = '{options.by}' leaves no chip to {some(emptied)}: all of them share "
            f"ground with chips of other splits, or lie nearer than split.gap = {options.gap_px} "
            "px; take chips.stride = size, a larger split.block, a smaller gap, or more imagery"
        )


def notes(
    options: SplitOptions,
    counts: tuple[int, ...],
    dropped: tuple[int, int],
    block: int | None,
    kept_frozen: int,
) -> tuple[str, ...]:
    """What people should know.

    Args:
        options: what was asked for.
        counts: units in each split.
        dropped: units left out because they leak, and because the field says nothing.
        block: side of the blocks that were used.
        kept_frozen: units that kept their split.
    """
    leaking, unassigned = dropped
    said = []
    if block is not None and block < options.block:
        said.append(
            f"split.block was made smaller, from {options.block} to {block} chips, so that each "
            "split has a block"
        )
    if kept_frozen:
        said.append(f"{kept_frozen} chips keep the split that they have in split.frozen")
    if leaking:
        said.append(
            f"{leaking} chips were left out: they share ground with chips of another split"
            + (f", or lie nearer than {options.gap_px} px" if options.gap_px else "")
            + ("; a larger split.block loses fewer" if block is not None else "")
        )
    if unassigned:
        said.append(f"{unassigned} chips were left out: the split field has no value for them")
    empty = [name for name, count in zip(options.fractions, counts, strict=True) if not count]
    if empty:
        said.append(f"no chip is in {some(empty)}")
    return tuple(said)
