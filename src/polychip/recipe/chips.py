"""[grid], [chips], [masks]: pixels, windows, what is burned."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from polychip.errors import nearest
from polychip.recipe.sources import Resampling
from polychip.recipe.table import Table
from polychip.recipe.targets import (
    NEED_OBJECTS,
    TARGETS,
    BoundaryOptions,
    CenterOptions,
    ConfidenceOptions,
    ContactOptions,
    CoverageOptions,
    DistanceOptions,
    WeightOptions,
)

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
    context_px: Annotated[int, Field(ge=0)] = 0
    """The outer pixels of each chip that are seen, but not learnt from: ignore."""
    min_visible: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Objects of which a chip shows less than this share of all their pixels are small rests."""
    small_rests: Literal["ignore", "drop"] = "ignore"
    """What becomes of them: ignore, or as though they had not been drawn in that chip."""
    explode_parts: bool = False
    """Each polygon is an object of its own, also where several have one instance id."""
    targets: list[str] = []
    boundary: BoundaryOptions = BoundaryOptions()
    contact: ContactOptions = ContactOptions()
    distance: DistanceOptions = DistanceOptions()
    center: CenterOptions = CenterOptions()
    weights: WeightOptions = WeightOptions()
    coverage: CoverageOptions = CoverageOptions()
    confidence: ConfidenceOptions = ConfidenceOptions()

    @field_validator("targets")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        for name in value:
            if name not in TARGETS:
                raise ValueError(
                    f"'{name}' is no target{nearest(name, TARGETS)}; known are {', '.join(TARGETS)}"
                )
        return [name for name in TARGETS if name in value]

    @model_validator(mode="after")
    def _objects_are_there(self) -> Self:
        if self.mode == "semantic":
            lacking = [name for name in self.targets if name in NEED_OBJECTS]
            lacking += [
                f"{name} of objects"
                for name, table in (("boundary", self.boundary), ("distance", self.distance))
                if name in self.targets and table.of == "objects"
            ]
            lacking += ["min_visible"] if self.min_visible else []
            lacking += ["explode_parts"] if self.explode_parts else []
            if lacking:
                raise ValueError(
                    f"{', '.join(lacking)} tell objects apart, and mode = 'semantic' has none; "
                    "use mode = 'instance' or 'panoptic'"
                )
        if self.small_rests == "drop" and self.min_visible and self.targets:
            raise ValueError(
                "small_rests = 'drop' does not go with targets, which show an object in all chips "
                "alike; use small_rests = 'ignore'"
            )
        return self
