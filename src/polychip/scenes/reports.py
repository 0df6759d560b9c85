"""What was found in a scene's labels."""

from dataclasses import dataclass, field
from typing import Any

from polychip.labels.footprint import Box


@dataclass(slots=True)
class SourceReport:
    """What was found in one label source near one scene."""

    path: str
    layer: str
    n_near: int = 0
    """Features near the image."""
    n_empty: int = 0
    n_unreadable: int = 0
    n_unknown: int = 0
    """Features of unknown or missing class, burned as ignore (schema.unknown = 'ignore')."""
    repaired: list[str] = field(default_factory=list)
    """The names of the invalid features."""
    operation: dict[str, Any] = field(default_factory=dict)
    shift_px: tuple[float, float] | None = None
    """By which the recipe moves the labels: columns, rows."""
    bounds: Box | None = None
    """Of the whole layer, in its own CRS."""
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class SceneReport:
    """What was found in all label sources near one scene."""

    scene: str
    sources: list[SourceReport]
    n_features: int
    n_burned: int
    """Features that cover at least one pixel of the image."""
    n_objects: int
    """Objects that cover at least one pixel of the image."""
    features_by_class: dict[str, int]
    tiny_by_class: dict[str, int]
    """Features on the image too small to hold a pixel's centre."""
    off_image: int
    """Features read near the image that do not reach it."""
    n_extents: int | None = None
    """Polygons of the extent near the image; None where no extent was given."""
    most_objects: int = 0
    """Upper bound of the objects in one chip."""
