"""Checks of where features lie: on the image, on data, in what was looked at."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.burn.runs import Runs, scan
from polychip.grid import Window, blocks
from polychip.io.sources import open_layer
from polychip.io.vector import describe_layer, read_features, source_crs
from polychip.labels.geometry import repair
from polychip.quality.checks.plane import Plane
from polychip.quality.checks.problem import Check, Problem
from polychip.quality.checks.subject import ImageSeen, Subject
from polychip.quality.checks.topology import LEAST
from polychip.recipe import VectorSource
from polychip.scenes.attributes import texts

BLOCK_PX = 1024
DONE = ("done", "finished", "complete", "completed", "reviewed", "checked", "labelled", "labeled")
"""What a cell's status says when somebody has finished it, ignoring case."""
STATUS = "status"

OFF_IMAGE = Check(
    "place.off_image", "warning", "the feature lies on no image",
    "check its coordinates and CRS, or give the image it belongs to",
)  # fmt: skip
BEYOND_IMAGE = Check(
    "place.beyond_image", "info", "the feature goes on beyond the image",
    "fine for rivers and roads: the export cuts it at the image's edge",
)  # fmt: skip
NODATA = Check(
    "place.nodata", "info", "the feature covers pixels without data",
    "fine at the edge of the data: those pixels become ignore",
)  # fmt: skip
OUTSIDE_EXTENT = Check(
    "place.outside_extent", "info", "the feature reaches out of what was looked at",
    "fine at the edge: pixels outside become ignore; else extend the extent",
)  # fmt: skip
EMPTY_CELL = Check(
    "place.empty_cell", "warning", "a cell of the extent is done and holds no label",
    "make sure that there is nothing: its pixels become verified background",
)  # fmt: skip
CHECKS = (OFF_IMAGE, BEYOND_IMAGE, NODATA, OUTSIDE_EXTENT, EMPTY_CELL)
NEED_IMAGE = (OFF_IMAGE, BEYOND_IMAGE, NODATA)
NEED_EXTENT = (OUTSIDE_EXTENT, EMPTY_CELL)


@dataclass(frozen=True, slots=True)
class Cells:
    """Polygons of what was looked at, in the plane."""

    shapes: NDArray[np.object_]
    raw: NDArray[np.object_]
    """In the labels' CRS."""
    names: list[str]
    status: list[str | None] | None


def find(subject: Subject) -> Iterator[Problem]:
    """All problems of place."""
    if subject.images:
        yield from _on_images(subject)
        yield from _nodata(subject)
    if subject.request.extent:
        yield from _extent(subject)


def _on_images(subject: Subject) -> Iterator[Problem]:
    ground = shapely.union_all([image_outline(image, subject.plane) for image in subject.images])
    nowhere = np.flatnonzero(shapely.is_missing(subject.flat) & ~subject.empty)
    for index in nowhere.tolist():
        text = "its coordinates have no place in the image's CRS"
        yield Problem(OFF_IMAGE, subject.fids[index], text, subject.raw[index])
    leaving, apart, outside = _beyond(subject, ground)
    for i, off, area in zip(leaving, apart, outside, strict=True):
        if off:
            where = subject.raw[i]
            gap = shapely.distance(subject.shapes[i], ground)
            text = f"{gap:,.0f} px from the nearest image" if gap >= 1 else "touches no image"
            yield Problem(OFF_IMAGE, subject.fids[i], text, where)
        else:
            share = area / shapely.area(subject.shapes[i])
            text = f"{_share(share)} of it is beyond the image"
            yield Problem(BEYOND_IMAGE, subject.fids[i], text, subject.raw[i])


def _beyond(
    subject: Subject, ground: shapely.Geometry
) -> tuple[list[int], NDArray[np.bool_], NDArray[np.float64]]:
    """(feature, whether none of it is inside, area outside) of features that leave an area."""
    shapely.prepare(ground)
    known = subject.known
    shapes = subject.shapes[known]
    out = ~shapely.covers(ground, shapes)
    index, shapes = known[out], shapes[out]
    rest = shapely.difference(shapes, ground)
    area, around = shapely.area(rest), shapely.length(rest)
    with np.errstate(divide="ignore", invalid="ignore"):
        real = (area > LEAST) & (2 * area / around > LEAST)
    kept = shapely.area(shapes) - area
    return index[real].tolist(), kept[real] <= 1e-9 * shapely.area(shapes[real]), area[real]


def image_outline(image: ImageSeen, plane: Plane) -> shapely.Geometry:
    """The image's outline in the plane."""
    from polychip.crs import choose_operation

    grid = image.imagery.grid
    outline = grid.outline()
    move = choose_operation(grid.crs_wkt, plane.grid.crs_wkt, allow_ballpark=True)
    there = move.forward(outline[:, 0], outline[:, 1])
    return shapely.Polygon(plane.grid.to_pixels(there[:, 0], there[:, 1]))


def _share(part: float) -> str:
    return f"{part:.1%}" if part >= 1e-3 else "less than 0.1%"


def _nodata(subject: Subject) -> Iterator[Problem]:
    total = np.zeros(len(subject), dtype=np.int64)
    dead = np.zeros(len(subject), dtype=np.int64)
    for image in subject.images:
        total += image.area_px
        dead += _dead_pixels(image)
    for index in np.flatnonzero(dead).tolist():
        n, share = int(dead[index]), dead[index] / total[index]
        text = f"{n:,} of its pixels ({_share(share)}) hold no data"
        yield Problem(
            NODATA, subject.fids[index], text, subject.raw[index],
            severity_here="warning" if n == total[index] else None,
        )  # fmt: skip


def _dead_pixels(image: ImageSeen) -> NDArray[np.int64]:
    """Pixels of each feature that hold no data; block by block."""
    counts = np.zeros(image.edges.n_owners, dtype=np.int64)
    whole = image.imagery.grid.window
    source = open_layer(image.layer)
    try:
        for block in blocks(whole, BLOCK_PX, BLOCK_PX):
            window = block.intersection(whole)
            runs = scan(image.edges, window)
            if not len(runs):
                continue
            _, valid = source.read(window)
            if not valid.all():
                counts += _count_in_runs(runs, ~valid, window, len(counts))
    finally:
        source.close()
    return counts


def _count_in_runs(
    runs: Runs, mask: NDArray[np.bool_], window: Window, n: int
) -> NDArray[np.int64]:
    """How many pixels of a mask each owner's runs hold."""
    sums = np.zeros((window.height, window.width + 1), dtype=np.int64)
    np.cumsum(mask, axis=1, out=sums[:, 1:])
    held = sums[runs.row, runs.stop] - sums[runs.row, runs.start]
    return np.bincount(runs.owner, weights=held, minlength=n).astype(np.int64)


def _extent(subject: Subject) -> Iterator[Problem]:
    cells = [_cells(source, subject) for source in subject.request.extent]
    shapes = np.concatenate([part.shapes for part in cells])
    ground = shapely.union_all(shapes)
    index, apart, outside = _beyond(subject, ground)
    for i, off, area in zip(index, apart, outside, strict=True):
        share = area / shapely.area(subject.shapes[i])
        yield Problem(
            OUTSIDE_EXTENT, subject.fids[i],
            "lies wholly outside" if off else f"{_share(share)} of it lies outside",
            subject.raw[i], severity_here="warning" if off else None,
        )  # fmt: skip
    tree = shapely.STRtree(subject.shapes[subject.known])
    for part in cells:
        if len(part.shapes) < 2 and part.status is None:
            continue  # one polygon around everything is no cell
        for n, shape in enumerate(part.shapes):
            status = None if part.status is None else part.status[n]
            if part.status is not None and (status or "").casefold() not in DONE:
                continue
            if not len(tree.query(shape, predicate="intersects")):
                said = f" ('{status}')" if status else ""
                text = f"cell {part.names[n]}{said} holds no label"
                yield Problem(EMPTY_CELL, None, text, part.raw[n])


def _cells(source: VectorSource, subject: Subject) -> Cells:
    """The polygons of one extent layer, in the labels' plane."""
    from polychip.crs import choose_operation

    info = describe_layer(source)
    crs_wkt = source_crs(source, info)
    status = next((name for name in info.fields if name.casefold() == STATUS), None)
    table = read_features(source, info, [status] if status else [], None)
    fixed = repair(table.geometry)
    alive = np.flatnonzero(~shapely.is_missing(fixed.geometry))
    grid = subject.plane.grid
    plane = Plane(
        grid,
        choose_operation(
            crs_wkt, grid.crs_wkt, allow_ballpark=subject.request.allow_ballpark
            or not subject.images
        ),
        subject.plane.pixel_known,
    )  # fmt: skip
    shapes = plane.flat(fixed.geometry[alive])
    values = None if status is None else texts(table.columns[status][alive])
    names = [str(fid) for fid in table.fids[alive].tolist()]
    return Cells(shapes, subject.plane.back(shapes), names, values)
