"""[grid], [chips], [masks]: pixels, windows, what is burned."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from polychip.recipe.sources import Resampling
from polychip.recipe.table import Table, not_yet

Mode = Literal["semantic", "instance", "panoptic"]


class GridOptions(Table):
    """The [grid] table; left out, the image's own grid is kept."""

    crs: str | None = None
    resolution: Annotated[float, Field(gt=0)] | tuple[float, float] | None = None
    resampling: Resampling = "bilinear"
    like: str | None = None
    """Name of the layer whose grid is taken; default: the finest."""
    allow_ballpark: bool = False
    """Accept a transformation that ignores the shift between the datums."""


Size = Annotated[int, Field(ge=1, le=65536)]


class ChipOptions(Table):
    """The [chips] table; lengths in pixels."""

    size: Size | tuple[Size, Size] = 512
    """One side, or (height, width)."""
    stride: Size | tuple[Size, Size] | None = None
    edge: Literal["pad", "shift", "drop"] = "pad"
    anchor: Literal["image", "grid"] = "image"
    sample: Literal["grid"] = "grid"
    max_nodata: Annotated[float, Field(ge=0, le=1)] = 1.0
    min_labelled: Annotated[float, Field(ge=0, le=1)] = 0.0
    negatives: Annotated[float, Field(ge=0, le=1)] = 1.0
    seed: int = 0

    @property
    def height_width(self) -> tuple[int, int]:
        """(height, width) of a chip."""
        return self.size if isinstance(self.size, tuple) else (self.size, self.size)

    @property
    def stride_yx(self) -> tuple[int, int]:
        """(rows, columns) from one chip to the next."""
        if self.stride is None:
            return self.height_width
        return self.stride if isinstance(self.stride, tuple) else (self.stride, self.stride)


class MaskOptions(Table):
    """The [masks] table."""

    mode: Mode = "semantic"
    all_touched: bool = False
    keep_tiny: bool = False
    """Burn the nearest pixel of objects too small to hold a pixel's centre."""
    targets: list[str] = []

    @field_validator("targets")
    @classmethod
    def _none_yet(cls, value: list[str]) -> list[str]:
        return not_yet(value, "derived targets")
