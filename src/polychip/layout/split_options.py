"""How chips are to be divided, checked once; pure."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from polychip.errors import RecipeError
from polychip.layout.folds import fold_names

SplitBy = Literal["none", "blocks", "random", "scene", "field", "kfold"]
Objects = Literal["cut", "whole"]

EVERYTHING = "all"
"""Name of the only split when none is asked for."""
DROPPED = -1
MAX_SPLITS = 100
SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """How chips are divided.

    Raises:
        RecipeError: fractions don't add up to 1, or a value is out of range.
    """

    by: SplitBy = "none"
    fractions: Mapping[str, float] = field(
        default_factory=lambda: {"train": 0.8, "val": 0.1, "test": 0.1}
    )
    """Share of the chips by split name; 0 keeps the name and gives it nothing. With 'field' only
    the names count, and the largest share is the one that gives up chips that would leak."""
    block: int = 4
    """Side of a block in chips; made smaller until each split has a block."""
    gap_px: int = 0
    """Chips of different splits lie at least so many pixels apart."""
    seed: int = 0
    objects: Objects = "cut"
    """'whole': all chips that show an object go to one split."""
    stratify: bool = True
    """Even the classes' shares out, where the contents of the chips are known."""

    @classmethod
    def kfold(
        cls,
        folds: int,
        *,
        block: int = 4,
        gap_px: int = 0,
        seed: int = 0,
        objects: Objects = "cut",
        stratify: bool = True,
    ) -> "SplitOptions":
        """Folds of equal shares, made of blocks.

        Raises:
            RecipeError: fewer than two folds, or too many.
        """
        if not 2 <= folds <= MAX_SPLITS:
            raise RecipeError(f"split.folds is {folds}; give 2 to {MAX_SPLITS}")
        shares = dict.fromkeys(fold_names(folds), 1.0 / folds)
        return cls("kfold", shares, block, gap_px, seed, objects, stratify)

    def __post_init__(self) -> None:
        """Check once."""
        given = ", ".join(f"{name} = {share}" for name, share in self.fractions.items())
        for name, share in self.fractions.items():
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
                raise RecipeError(
                    f"split.fractions names '{name}'; a split's name has 1 to 40 letters (a to "
                    "z), digits, '-' and '_', since a file is named after it"
                )
            if not 0.0 <= share <= 1.0:
                raise RecipeError(
                    f"split.fractions.{name} is {share}; shares lie between 0 and 1, such as "
                    "{ train = 0.8, val = 0.2 }"
                )
        if len({name.lower() for name in self.fractions}) < len(self.fractions):
            raise RecipeError(f"split.fractions ({given}): names differ by more than case")
        if not 0 < len(self.fractions) <= MAX_SPLITS:
            raise RecipeError(f"split.fractions needs 1 to {MAX_SPLITS} names ({given or 'none'})")
        total = math.fsum(self.fractions.values())
        if abs(total - 1.0) > SUM_TOLERANCE:
            raise RecipeError(f"split.fractions add up to {total:.6g}, not 1 ({given})")
        if self.block < 1 or self.gap_px < 0:
            raise RecipeError(
                f"split.block is {self.block} and split.gap {self.gap_px}; block is 1 chip or "
                "more, gap 0 px or more"
            )

    @property
    def has_blocks(self) -> bool:
        """Whether neighbouring chips are kept together."""
        return self.by in ("blocks", "kfold")

    @property
    def wanted(self) -> NDArray[np.float64]:
        """Share of each split, adding up to 1."""
        shares = np.array(list(self.fractions.values()), dtype=np.float64)
        return shares / math.fsum(shares.tolist())
