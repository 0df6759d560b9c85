"""[masks.boundary] and its like: the parameters of derived targets."""

from typing import Annotated, Literal

from pydantic import Field

from polychip.recipe.table import Table

TARGETS = (
    "boundary", "contact", "footprint", "distance", "center", "offset", "weights", "coverage",
    "confidence",
)  # fmt: skip
"""What `masks.targets` may hold, in the order in which the files of a chip are listed."""

NEED_OBJECTS = ("contact", "footprint", "center", "offset", "weights")
"""Those that tell objects apart, and so need masks of objects."""

Of = Literal["objects", "classes"]
Pixels = Annotated[int, Field(ge=1, le=256)]


class BoundaryOptions(Table):
    """The [masks.boundary] table."""

    width_px: Pixels = 3
    """How far the boundary reaches into an object, in pixels."""
    of: Of | None = None
    """Boundaries of objects, or of regions of one class; default: objects where there are any."""


class ContactOptions(Table):
    """The [masks.contact] table."""

    gap_px: Pixels = 10
    """Widest gap between two objects that counts, in pixels."""


class DistanceOptions(Table):
    """The [masks.distance] table."""

    limit_px: Pixels = 20
    """Distances are clipped at ± this, in pixels."""
    of: Of | None = None
    """Distance to the edges of objects, or of regions of one class."""


class CenterOptions(Table):
    """The [masks.center] table."""

    sigma_px: Annotated[float, Field(ge=0.5, le=64)] = 8.0
    """Standard deviation of the bump at each centre, in pixels (Panoptic-DeepLab's 8)."""


class WeightOptions(Table):
    """The [masks.weights] table; the defaults are those of the U-Net paper."""

    w0: Annotated[float, Field(ge=0)] = 10.0
    """What a pixel between two objects that touch each other would weigh more."""
    sigma_px: Annotated[float, Field(ge=0.5, le=64)] = 5.0
    """How quickly that falls with the two distances, in pixels."""
    classes: dict[str, Annotated[float, Field(ge=0)]] = {}
    """Weight by class name, 'background' included; 1 for those that are not listed."""


class CoverageOptions(Table):
    """The [masks.coverage] table."""

    samples: Annotated[int, Field(ge=8, le=32)] = 8
    """Each pixel is looked at in samples × samples places."""


class ConfidenceOptions(Table):
    """The [masks.confidence] table."""

    field: str = "confidence"
    """The numeric field of the labels."""
    default: Annotated[float, Field(ge=0)] = 1.0
    """For background, and for features without a value."""
