"""A picture of a dataset: a few chips, with their masks drawn over them."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from polychip.grid import Window
from polychip.io.atomic import write_bytes
from polychip.io.png import encode_png
from polychip.io.raster import gdal_env

if TYPE_CHECKING:
    from polychip.borrowed import BorrowedImages

PREVIEW = "preview.png"
_SIDE = 256
"""Largest side of a chip in the picture, in pixels."""
_MARGIN = 8
_OPACITY = 0.45
_PAPER = 250
_IGNORE_SHADE = 70
RGB = NDArray[np.uint8]


def draw_preview(
    folder: Path, rows: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]
) -> None:
    """Write preview.png: chips one below the other, image on the left, masks on the right.

    Args:
        folder: the dataset.
        rows: of the index, as `report.chips.preview_rows` gives them.
        manifest: of the dataset.

    Raises:
        InputError: a file of a chip can't be read.
        OutputError: the picture can't be written.
    """
    borrowed = None
    if manifest.get("images") == "none":
        from polychip.borrowed import BorrowedImages  # it reads a recipe, which others need not

        borrowed = BorrowedImages(folder, manifest)
    pictures = [picture_of(folder, row, manifest, borrowed) for row in rows]
    write_bytes(folder / PREVIEW, encode_png(contact_sheet(pictures)))


def read_image(
    folder: Path, row: Mapping[str, Any], borrowed: "BorrowedImages | None"
) -> tuple[str, NDArray[np.generic]]:
    """The first layer's name as in the manifest, and a chip's pixels of it (bands, h, w)."""
    if borrowed is not None:
        window = Window(row["x_off"], row["y_off"], row["width"], row["height"])
        layer, image = next(iter(borrowed.read(row["scene"], window).items()))
        return layer or "image", image
    kind = next(name for name in row["files"] if name.startswith("image"))
    return kind.removeprefix("image_"), read_pixels(folder / str(row["files"][kind]))


def picture_of(
    folder: Path,
    row: Mapping[str, Any],
    manifest: Mapping[str, Any],
    borrowed: "BorrowedImages | None" = None,
) -> RGB:
    """A chip's image, and beside it the same with its masks over it; shape (h, 2 w + gap, 3)."""
    files = row["files"]
    with gdal_env():
        layer, image = read_image(folder, row, borrowed)
        semantic = read_pixels(folder / str(files["semantic"]))[0]
        path = files.get("instance")
        instance = read_pixels(folder / path)[0] if path else None
    step = max(1, math.ceil(max(semantic.shape) / _SIDE))
    image, semantic = image[:, ::step, ::step], semantic[::step, ::step]
    base = to_rgb(image, manifest["bands"].get(layer, []))
    over = overlay(base, semantic, None if instance is None else instance[::step, ::step], manifest)
    gap = np.full((base.shape[0], _MARGIN // 2, 3), _PAPER, dtype=np.uint8)
    zoom = max(1, _SIDE // max(semantic.shape))
    beside = np.concatenate((base, gap, over), axis=1)
    return beside.repeat(zoom, axis=0).repeat(zoom, axis=1)


def read_pixels(path: Path) -> NDArray[np.generic]:
    """A file's pixels (bands, height, width)."""
    with rasterio.open(path) as file:
        pixels: NDArray[np.generic] = file.read()
    return pixels


def to_rgb(image: NDArray[np.generic], bands: Sequence[Mapping[str, Any]]) -> RGB:
    """Red, green and blue by their names, else the first three bands (one: grey).

    8-bit imagery as it is; other types stretched to two standard deviations around the mean of
    the whole dataset, never of the chip.
    """
    pixels = np.abs(image) if np.iscomplexobj(image) else image
    order = visible_bands([band["name"] for band in bands] or [None] * len(pixels))
    planes = []
    for index in order:
        if image.dtype == np.uint8:
            planes.append(pixels[index].astype(np.uint8))
            continue
        plane = np.nan_to_num(pixels[index].astype(np.float64))
        if index < len(bands) and bands[index]["count"]:
            entry = bands[index]
            low = max(entry["min"], entry["mean"] - 2 * entry["std"])
            high = min(entry["max"], entry["mean"] + 2 * entry["std"])
            plane = (plane - low) * (255.0 / (high - low if high > low else 1.0))
        planes.append(plane.clip(0, 255).astype(np.uint8))
    return np.stack(planes * (3 if len(planes) == 1 else 1), axis=-1)


def visible_bands(names: Sequence[str | None]) -> list[int]:
    """Indices of red, green and blue; the first three, or the first, when they have no names."""
    plain = [(name or "").strip().casefold() for name in names]
    aliases = ({"red", "b04", "b4", "r"}, {"green", "b03", "b3", "g"}, {"blue", "b02", "b2", "b"})
    found = [next((i for i, name in enumerate(plain) if name in known), -1) for known in aliases]
    if min(found) >= 0:
        return found
    return [0, 1, 2] if len(names) >= 3 else [0]


def overlay(
    base: RGB,
    semantic: NDArray[np.generic],
    instance: NDArray[np.generic] | None,
    manifest: Mapping[str, Any],
) -> RGB:
    """The image with class colours over it, ignore darkened and hatched, outlines in white."""
    schema = manifest["schema"]
    out = base.astype(np.float64)
    for entry in schema["classes"]:
        if entry["code"] in (schema["background"], schema["ignore"]):
            continue
        here = semantic == entry["code"]
        color = [int(entry["color"][i : i + 2], 16) for i in (1, 3, 5)]
        out[here] = out[here] * (1 - _OPACITY) + np.array(color) * _OPACITY
    ignored = semantic == schema["ignore"]
    rows, columns = np.indices(semantic.shape)
    hatched = ignored & ((rows + columns) % 8 < 2)
    out[ignored] *= 0.5
    out[hatched] = _IGNORE_SHADE + 60
    parts = semantic.astype(np.int64)
    if instance is not None:
        parts = parts * 100_003 + instance.astype(np.int64)
    edge = np.zeros(semantic.shape, dtype=bool)
    edge[:, 1:] |= parts[:, 1:] != parts[:, :-1]
    edge[1:] |= parts[1:] != parts[:-1]
    out[edge & ~ignored] = 255
    return out.clip(0, 255).astype(np.uint8)


def contact_sheet(pictures: Sequence[RGB]) -> RGB:
    """Pictures in two columns on light paper."""
    height = max(p.shape[0] for p in pictures)
    width = max(p.shape[1] for p in pictures)
    columns = 2 if len(pictures) > 1 else 1
    rows = math.ceil(len(pictures) / columns)
    shape = (rows * (height + _MARGIN) + _MARGIN, columns * (width + _MARGIN) + _MARGIN, 3)
    sheet = np.full(shape, _PAPER, dtype=np.uint8)
    for index, picture in enumerate(pictures):
        y = _MARGIN + index // columns * (height + _MARGIN)
        x = _MARGIN + index % columns * (width + _MARGIN)
        sheet[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return sheet
