"""What a worker is told, and what it answers; picklable and JSON-able values."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from polychip.grid import Grid, Window
from polychip.io.geotiff import Compression
from polychip.io.placement import LayerPlan
from polychip.schema import LabelSchema
from polychip.targets.spec import TargetSpec

SEMANTIC = "semantic"
INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class ChipSlot:
    """A planned chip: its name, its place in the scene, its split."""

    chip_id: str
    row: int
    col: int
    window: Window
    """In the scene's pixels; may reach outside the image."""
    split: str | None = None
    keep_empty: bool = True
    """Whether the chip stays when no feature covers it."""


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring chips that are read and burned together."""

    number: int
    """Place in the order of the dataset."""
    scene: str
    chips: tuple[ChipSlot, ...]

    @property
    def window(self) -> Window:
        """Everything that its chips cover, in the scene's pixels."""
        return Window.around([slot.window for slot in self.chips])


@dataclass(frozen=True, slots=True)
class RasterLabels:
    """A raster whose values are classes, on the scene's grid."""

    plan: LayerPlan
    codes: tuple[tuple[int, int], ...]
    """(value, class code)."""


@dataclass(frozen=True, slots=True)
class SceneJob:
    """All that a worker needs to know of a scene."""

    scene: str
    grid: Grid
    layers: tuple[tuple[str, LayerPlan], ...]
    """(folder name, '' for the only layer; how it gets onto the grid)."""
    output: Path
    chip_shape: tuple[int, int]
    """(height, width) in pixels."""
    compress: Compression
    max_nodata: float
    scratch: Path
    """Folder for what the image half leaves for the mask half."""
    labels: Path
    """Folder of the memory-mapped label set."""
    extent: Path | None = None
    """Folder of the memory-mapped extent; None: everything was looked at."""
    ignore_rasters: tuple[tuple[LayerPlan, tuple[int, ...]], ...] = ()
    raster_labels: tuple[RasterLabels, ...] = ()
    schema: LabelSchema | None = None
    """None until the labels are loaded: images can be written before."""
    objects: bool = False
    """Whether instance masks and the table of objects are made."""
    instance_dtype: str = "uint16"
    all_touched: bool = False
    min_labelled: float = 0.0
    min_pixels: tuple[tuple[str, int], ...] = ()
    """(class name, pixels): a chip with classes stays if it shows one of these so often."""
    images: bool = True
    """Whether chips get image files; else the index names windows of the sources."""
    context_px: int = 0
    """Outer pixels of each chip that are ignored."""
    min_visible: float = 0.0
    drop_rests: bool = False
    """Whether smaller rests vanish, instead of being ignored."""
    targets: tuple[TargetSpec, ...] = ()
    """Empty until the labels are loaded."""
    margin_px: int = 0
    """How far beyond its chips a block must be burned, for the targets."""

    def reach(self, block: Block) -> Window:
        """What is read and burned for a block: its chips, and the margin."""
        return block.window.grown(self.margin_px)

    def known_schema(self) -> LabelSchema:
        """The schema, which masks can't do without."""
        if self.schema is None:
            raise ValueError("masks are asked for before the labels are loaded")
        return self.schema


@dataclass(slots=True)
class BlockRecord:
    """What a block gave. The keys of the tables are chip ids."""

    number: int
    images: dict[str, dict[str, Any]] = field(default_factory=dict)
    masks: dict[str, dict[str, Any]] = field(default_factory=dict)
    instances: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    """Columns of the table of objects, by name; each has an entry an object."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Reason by chip."""
    failed: dict[str, str] = field(default_factory=dict)
    """Error by chip."""

    def tells(self, chip_id: str) -> bool:
        """Whether it says what became of a chip."""
        return chip_id in self.masks or chip_id in self.skipped

    def paths(self) -> Iterator[str]:
        """Files of its chips, below the dataset; of chips that are whole."""
        for chip_id, masks in self.masks.items():
            images = self.images[chip_id].values()
            kinds = (masks[kind] for kind in (SEMANTIC, INSTANCE) if kind in masks)
            for entry in (*images, *kinds, *masks.get("targets", {}).values()):
                if "path" in entry:
                    yield entry["path"]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}

    def absorb(self, other: "BlockRecord") -> None:
        """Add what another pass over the same block gave."""
        for name in ("images", "masks", "instances", "skipped", "failed"):
            getattr(self, name).update(getattr(other, name))


def chip_path(kind: str, scene: str, slot: ChipSlot) -> str:
    """A chip's file below the dataset, 'images/SCENE/rROW/CHIP.tif' for kind 'images'."""
    return f"{kind}/{scene}/r{slot.row:07d}/{slot.chip_id}.tif"


def image_kind(layer: str) -> str:
    """The folder of a layer's images."""
    return f"images/{layer}" if layer else "images"
