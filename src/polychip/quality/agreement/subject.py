"""Several label sets burned on one grid, block by block, with what each annotator looked at."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from polychip.burn.edges import EdgeSet
from polychip.burn.runs import paint, scan
from polychip.crs import choose_operation, to_wkt
from polychip.errors import InputError
from polychip.grid import Grid, Window, blocks
from polychip.io.placement import LayerPlan
from polychip.io.sources import open_layer
from polychip.io.vector import describe_layer, source_crs
from polychip.labels.labelset import NO_OBJECT, LabelSet
from polychip.recipe import (
    ExtentSource,
    GridOptions,
    LabelSource,
    MaskOptions,
    Scene,
    SchemaOptions,
)
from polychip.scenes.attributes import distinct_classes
from polychip.scenes.extent import load_extent
from polychip.scenes.imagery import open_imagery
from polychip.scenes.labels import load_scene_labels
from polychip.scenes.place import ScenePlace
from polychip.schema import LabelSchema, schema_from_values

BLOCK_PX = 1024
NOT_LOOKED = -1
"""Code of pixels that an annotator did not look at, ignored, or that hold no data."""
NO_THING = -1
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Request:
    """Whose labels are compared, on which pixels."""

    labels: tuple[LabelSource, ...]
    """Two or more; the first is the reference of precision and recall."""
    image: str | None = None
    resolution: float | None = None
    """Side of a pixel in units of the first labels' CRS, where there is no image."""
    extents: tuple[ExtentSource, ...] = ()
    """None: everything was looked at; one: for all; else one for each."""
    options: SchemaOptions | None = None
    boundary_px: int = 2
    allow_ballpark: bool = False


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotator's labels on the grid."""

    name: str
    labels: LabelSet
    extent: EdgeSet | None


@dataclass(frozen=True, slots=True)
class Block:
    """A window of all annotations."""

    window: Window
    codes: Ints
    """(annotators, height, width); NOT_LOOKED where one has nothing to say."""
    things: Ints
    """(annotators, height, width): number of the object on top, NO_THING for none."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is compared."""

    request: Request
    grid: Grid
    schema: LabelSchema
    annotations: tuple[Annotation, ...]
    layer: LayerPlan | None
    """The image, for its nodata."""

    @property
    def codes(self) -> list[int]:
        """Background and the classes, ascending."""
        return sorted({self.schema.background, *(c.code for c in self.schema.mask_classes)})

    def names(self) -> list[str]:
        """The names of `codes`."""
        known = self.schema.by_code
        return [
            "background" if code == self.schema.background else known[code].name
            for code in self.codes
        ]

    def read(self, halo: int = 0) -> Iterator[tuple[Block, Window]]:
        """All blocks, each with a margin, and the window that is its own."""
        source = None if self.layer is None else open_layer(self.layer)
        whole = self.grid.window
        try:
            for lattice in blocks(whole, BLOCK_PX, BLOCK_PX):
                own = lattice.intersection(whole)
                wide = Window(own.x_off - halo, own.y_off - halo,
                              own.width + 2 * halo, own.height + 2 * halo)  # fmt: skip
                window = wide.intersection(whole)
                valid = None if source is None else source.read(window)[1]
                pairs = [self._burn(each, window, valid) for each in self.annotations]
                codes, things = (np.stack(part) for part in zip(*pairs, strict=True))
                yield Block(window, codes, things), own
        finally:
            if source is not None:
                source.close()

    def _burn(
        self, annotation: Annotation, window: Window, valid: NDArray[np.bool_] | None
    ) -> tuple[Ints, Ints]:
        labels, shape = annotation.labels, (window.height, window.width)
        runs = scan(labels.edges, window)
        codes = np.full(shape, self.schema.background, dtype=np.int64)
        paint(codes, runs, labels.codes[runs.owner])
        things = np.full(shape, NO_THING, dtype=np.int64)
        numbers = labels.object_of[runs.owner]
        paint(things, runs, np.where(numbers == NO_OBJECT, NO_THING, numbers))
        blind = codes == self.schema.ignore
        if annotation.extent is not None:
            seen = np.zeros(shape, dtype=np.bool_)
            looked = scan(annotation.extent, window)
            paint(seen, looked, np.ones(len(looked), dtype=np.bool_))
            blind |= ~seen
        if valid is not None:
            blind |= ~valid
        codes[blind], things[blind] = NOT_LOOKED, NO_THING
        return codes, things


def look_at(request: Request) -> Subject:
    """Read all annotations.

    Raises:
        InputError: fewer than two, no grid, or something can't be read or placed.
    """
    if len(request.labels) < 2:
        raise InputError("agreement is between two annotators or more: name two label files")
    if len(request.extents) not in (0, 1, len(request.labels)):
        raise InputError(
            f"{len(request.extents)} extents for {len(request.labels)} label files: give one for "
            "all, or one for each in their order"
        )
    options = request.options or SchemaOptions()
    grid, layer = _grid(request)
    place = ScenePlace("agreement", grid, grid.window, allow_ballpark=request.allow_ballpark)
    schema = options.build() or _own_schema(request.labels, options)
    names = _names(request.labels)
    extents = request.extents * (len(request.labels) if len(request.extents) == 1 else 1)
    annotations = []
    for number, (name, source) in enumerate(zip(names, request.labels, strict=True)):
        labels, _ = load_scene_labels(
            place, [source], schema, options, MaskOptions(mode="instance"), chip_shape=(512, 512)
        )
        extent = load_extent(place, [extents[number]], schema).edges if extents else None
        annotations.append(Annotation(name, labels, extent))
    return Subject(request, grid, schema, tuple(annotations), layer)


def _own_schema(sources: Sequence[LabelSource], options: SchemaOptions) -> LabelSchema:
    values = distinct_classes(sources, options)
    if not values:
        raise InputError("the labels hold no class value; check the class field")
    return schema_from_values(values, things=True)[0]


def _names(sources: Sequence[LabelSource]) -> list[str]:
    """A, B, C, …: short, and told what they stand for once."""
    return [chr(ord("A") + number) if number < 26 else f"#{number + 1}"
            for number in range(len(sources))]  # fmt: skip


def _grid(request: Request) -> tuple[Grid, LayerPlan | None]:
    if request.image is not None:
        scene = Scene(name="image", image=[request.image], labels=[LabelSource(path="labels")])
        imagery = open_imagery(scene, GridOptions())
        return imagery.grid, imagery.layers[0][1]
    if request.resolution is None:
        raise InputError("labels are compared pixel by pixel: give --image, or --resolution")
    infos = [describe_layer(source) for source in request.labels]
    crs = source_crs(request.labels[0], infos[0])
    corners = []
    for source, info in zip(request.labels, infos, strict=True):
        if info.bounds is None:
            continue
        west, south, east, north = info.bounds
        move = choose_operation(source_crs(source, info), crs, allow_ballpark=True)
        x = np.linspace(west, east, 9).repeat(9)
        y = np.tile(np.linspace(south, north, 9), 9)
        corners.append(move.forward(x, y))
    if not corners:
        raise InputError("none of the label files holds a feature")
    points, size = np.concatenate(corners), request.resolution
    west, south = np.floor(points.min(axis=0) / size) * size
    east, north = np.ceil(points.max(axis=0) / size) * size
    width, height = (max(1, math.ceil(side / size)) for side in (east - west, north - south))
    transform = Affine(size, 0, float(west), 0, -size, float(north))
    return Grid(to_wkt(crs), transform, height, width), None
