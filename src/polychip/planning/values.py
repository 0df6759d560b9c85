"""What a plan says, as values."""

from dataclasses import asdict, dataclass
from typing import Any

from polychip.crs import is_geographic, unit_in_metres
from polychip.grid import Grid
from polychip.sizes import TargetBytes


@dataclass(frozen=True, slots=True)
class SceneChips:
    """A scene's grid and its chips."""

    name: str
    group: str
    width: int
    height: int
    crs: str
    pixel_size: tuple[float, float]
    """In CRS units, (along a row, along a column)."""
    unit: str
    """Of the CRS: 'm', '°', or '' for others."""
    planned: int
    """Chips on the grid."""
    chips: int
    """Chips that would be written."""


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """What there is of one class."""

    code: int
    name: str
    features: int
    """On the images; counted in each scene."""
    objects: int | None
    """Distinct objects that cover a pixel, counted in each scene; None without instance masks."""
    pixels: int
    """In the chips, padding left out; where chips overlap, counted in each."""
    tiny: int
    """Features too small to hold a pixel's centre."""


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What a run would give. `estimated` names the fields that pixels may change."""

    mode: str
    chip_shape: tuple[int, int]
    """(height, width) in pixels."""
    chips: int
    """Chips that would be written."""
    scenes: tuple[SceneChips, ...]
    by_split: dict[str, int]
    split_shares: dict[str, Any]
    """Of the chips and of each class's pixels (by code), by split; empty without splits."""
    sample: str
    """How chips are chosen: 'grid', 'random', 'objects' or 'features'."""
    skipped: dict[str, int]
    """Chips left out, by reason."""
    failed: dict[str, str]
    """Error by chip; only an exact plan can know."""
    classes: tuple[ClassCounts, ...]
    """Background and ignore included."""
    repaired: tuple[str, ...]
    """Names of the invalid features."""
    n_empty: int
    """Features without a geometry that has an area."""
    operations: tuple[dict[str, Any], ...]
    """From each label layer's CRS to the scene's grid, with its accuracy in metres."""
    bytes_at_most: int
    """Of all chip files, uncompressed."""
    targets: tuple[TargetBytes, ...]
    options: dict[str, Any]
    """What else is asked of masks and files, as in the recipe; what is left at its default is not
    here."""
    small_rests: int
    """Objects left out of a chip because too little of them is seen there."""
    output: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    exact: bool
    """Whether the imagery was read."""
    estimated: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `polychip plan --json` prints them."""
        return asdict(self)

    def __str__(self) -> str:
        """The plan for people."""
        from polychip.planning.text import plan_lines

        return "\n".join(plan_lines(self))


def unit_of(grid: Grid) -> str:
    """The unit of a grid's CRS as people write it: 'm', '°', or '' for others."""
    if is_geographic(grid.crs_wkt):
        return "°"
    return "m" if unit_in_metres(grid.crs_wkt) == 1.0 else ""
