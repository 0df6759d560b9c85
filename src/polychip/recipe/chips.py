"""[grid], [chips], [masks]: pixels, windows, what is burned."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from polychip.errors import nearest
from polychip.recipe.sources import FeatureSource, Resampling, read_source
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
    sample: Literal["grid", "random", "objects", "features"] = "grid"
    n_chips: Annotated[int, Field(ge=1)] | None = None
    """Chips to draw, for each group of scenes; with 'random' and `balance`."""
    jitter: Annotated[int, Field(ge=0)] = 0
    """Chips around objects are moved by up to so many pixels along either axis."""
    features: Annotated[FeatureSource, BeforeValidator(read_source)] | None = None
    """The layer whose polygons get a chip each, with 'features'."""
    balance: Literal["classes"] | dict[str, Annotated[float, Field(gt=0)]] | None = None
    """Draw chips so that classes are seen equally often, or by weights."""
    min_pixels: dict[str, Annotated[int, Field(ge=1)]] = {}
    """Pixels that a chip needs of at least one of these classes, or it is left out."""
    max_nodata: Annotated[float, Field(ge=0, le=1)] = 1.0
    min_labelled: Annotated[float, Field(ge=0, le=1)] = 0.0
    negatives: Annotated[float, Field(ge=0, le=1)] = 1.0
    dates: Literal["any", "all"] = "any"
    """'all': chips that a scene of their group lacks are left out of the others, too."""
    seed: int = 0

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.sample == "random" and self.n_chips is None:
            raise ValueError("sample = 'random' needs n_chips, the number of chips to draw")
        if self.balance is not None and self.n_chips is None:
            raise ValueError("balance needs n_chips, the number of chips to draw")
        if self.n_chips is not None and self.sample != "random" and self.balance is None:
            raise ValueError("n_chips is for sample = 'random', or for a draw by balance")
        if (self.sample == "features") != (self.features is not None):
            raise ValueError("sample = 'features' and features, the layer, go together")
        if self.jitter and self.sample != "objects":
            raise ValueError("jitter moves the chips of sample = 'objects', and no others")
        if self.sample != "grid" and (self.anchor != "image" or self.stride is not None):
            raise ValueError(f"sample = '{self.sample}' has no grid, so no stride and no anchor")
        if self.balance == {}:
            raise ValueError("balance = {} names no class; give weights, or 'classes'")
        return self

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
