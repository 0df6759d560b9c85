"""[split], [output]: who trains on what, and where it goes."""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from polychip.recipe.table import Table, not_yet


class SplitOptions(Table):
    """The [split] table."""

    by: Annotated[str, Field(pattern=r"^(none|blocks|random|scene|field:.+)$")] = "none"
    fractions: dict[str, Annotated[float, Field(ge=0, le=1)]] = {
        "train": 0.8,
        "val": 0.1,
        "test": 0.1,
    }
    block: Annotated[int, Field(ge=1)] = 4
    gap: Annotated[int, Field(ge=0)] = 0

    @field_validator("fractions")
    @classmethod
    def _share_everything(cls, value: dict[str, float]) -> dict[str, float]:
        if not value or abs(sum(value.values()) - 1) > 1e-6:
            raise ValueError(f"fractions add up to {sum(value.values()):g}, not to 1")
        for name in value:
            if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
                raise ValueError(f"'{name}' is no name for a split: use letters, digits, - and _")
        return value


class OutputOptions(Table):
    """The [output] table."""

    path: str = "dataset"
    images: Literal["copies", "none"] = "copies"
    """Whether chips have image files, or are windows of the sources, given in the index."""
    formats: list[str] = []
    compress: Literal["none", "deflate", "zstd", "lzw"] = "deflate"
    report: bool = True
    """Whether report.html is made at the end."""

    @field_validator("formats")
    @classmethod
    def _none_yet(cls, value: list[str]) -> list[str]:
        return not_yet(value, "further formats")
