"""Where the chips lie and what of them was looked at: a map as SVG, without a background."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from polychip.io.raster import gdal_env
from polychip.report.chips import ChipIndex
from polychip.report.html import Html, element

_WIDTH = 1000.0
_TALLEST = 1400.0
_CELLS = 16
"""Sides of a chip that was looked at in part are divided into so many."""
_READ_AT_MOST = 120
"""Chips in part whose masks are read; of others the half that is more is shown."""
_DRAWN_AT_MOST = 20_000
Corners = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupMap:
    """The map of one group of scenes, which share their ground."""

    group: str
    picture: Html
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """A chip on the map."""

    corners: Corners
    """(4, 2), round from that of the first pixel."""
    split: str | None
    share: float
    """How much of it was looked at."""
    looked_at: NDArray[np.bool_] | None
    """(_CELLS, _CELLS); None where its mask was not read."""


def draw_maps(
    folder: Path, index: ChipIndex, ignore: int, colours: Mapping[str | None, str], at_most: int
) -> list[GroupMap]:
    """A map a group, the first `at_most` of them.

    Args:
        folder: the dataset.
        index: its chips.
        ignore: the masks' value for what was not looked at.
        colours: by split; None for chips that are not divided.
        at_most: number of maps.
    """
    group_of, groups = index.coded("group")
    split_of, splits = index.coded("split")
    shares = index.numbers("labelled_fraction")
    parts = np.flatnonzero((shares > 0) & (shares < 1))[:_READ_AT_MOST].tolist()
    looked = {
        place: _cells(folder / files["semantic"], ignore)
        for place, files in zip(parts, index.texts("files", parts), strict=True)
    }
    maps = []
    for number, group in enumerate(groups[:at_most]):
        places = np.flatnonzero(group_of == number)
        step = -(-len(places) // _DRAWN_AT_MOST)
        drawn = places[::step].tolist()
        notes = []
        if step > 1:
            notes.append(f"Of {len(places):,} chips every {step}th is drawn.")
        unread = sum(1 for i in drawn if 0 < shares[i] < 1 and i not in looked)
        if unread:
            notes.append(
                f"{unread:,} chips that were looked at in part are drawn whole where more than "
                "half was looked at, else empty."
            )
        outlines = [
            Outline(corners, splits[split_of[i]], float(shares[i]), looked.get(i))
            for i, corners in zip(drawn, index.corners(drawn), strict=True)
        ]
        maps.append(GroupMap(str(group), _draw(str(group), outlines, colours), tuple(notes)))
    return maps


def _cells(path: Path, ignore: int) -> NDArray[np.bool_]:
    """(_CELLS, _CELLS): whether the middle of each cell of a chip was looked at."""
    with gdal_env(), rasterio.open(path) as file:
        mask = file.read(1)
    rows, columns = (((np.arange(_CELLS) + 0.5) * side / _CELLS).astype(int) for side in mask.shape)
    seen: NDArray[np.bool_] = mask[np.ix_(rows, columns)] != ignore
    return seen


def _draw(group: str, drawn: Sequence[Outline], colours: Mapping[str | None, str]) -> Html:
    corners = np.stack([outline.corners for outline in drawn])
    low, high = corners.reshape(-1, 2).min(axis=0), corners.reshape(-1, 2).max(axis=0)
    extent = np.maximum(high - low, 1e-12)
    scale = min(_WIDTH / extent[0], _TALLEST / extent[1])
    on_paper = np.stack(
        ((corners[..., 0] - low[0]) * scale, (high[1] - corners[..., 1]) * scale), axis=-1
    )
    outlines: dict[str | None, list[str]] = {}
    seen: dict[str | None, list[str]] = {}
    for outline, points in zip(drawn, on_paper, strict=True):
        ring = _ring(points)
        outlines.setdefault(outline.split, []).append(ring)
        if outline.looked_at is not None:
            seen.setdefault(outline.split, []).extend(_parts(points, outline.looked_at))
        elif outline.share > 0.5:
            seen.setdefault(outline.split, []).append(ring)
    shapes = []
    for split, colour in colours.items():
        if split in outlines:
            shapes.append(element("path", d="".join(seen.get(split, [])), fill=colour))
            shapes.append(element("path", d="".join(outlines[split]), fill="none", stroke=colour))
    width, height = extent * scale
    return element(
        "svg", shapes, class_="map", viewBox=f"-4 -4 {width + 8:.1f} {height + 8:.1f}", role="img",
        aria_label=f"Map of {len(drawn)} chips of {group}, coloured by split",
    )  # fmt: skip


def _ring(points: Corners) -> str:
    return "M" + "L".join(["%.1f %.1f"] * len(points)) % tuple(points.ravel().tolist()) + "z"


def _parts(points: Corners, cells: NDArray[np.bool_]) -> list[str]:
    """The cells that were looked at, those beside one another as one shape.

    Footprints go round from the first pixel's corner: along the first row or the first column.
    """
    origin = points[0]
    along, down = _axes(points)
    found = []
    for row, line in enumerate(cells):
        steps = np.flatnonzero(np.diff(np.concatenate(([0], line.astype(np.int8), [0]))))
        for start, stop in steps.reshape(-1, 2):
            box = [(start, row), (stop, row), (stop, row + 1), (start, row + 1)]
            found.append(
                _ring(np.array([origin + (x * along + y * down) / _CELLS for x, y in box]))
            )
    return found


def _axes(points: Corners) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Along the first row, and down the first column, of a footprint."""
    return points[1] - points[0], points[3] - points[0]
