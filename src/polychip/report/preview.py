"""A picture of a dataset: a few chips, with their masks drawn over them."""

import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from polychip.borrowed import BorrowedImages
from polychip.grid import Window
from polychip.io.atomic import write_bytes
from polychip.io.raster import gdal_env

PREVIEW = "preview.png"
_PLACE = ["chip_id", "scene", "x_off", "y_off", "width", "height", "files"]
_CHIPS = 6
_SIDE = 256
"""Largest side of a chip in the picture, in pixels."""
_MARGIN = 8
_OPACITY = 0.45
_PAPER = 250
_IGNORE_SHADE = 70
RGB = NDArray[np.uint8]


def write_preview(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write preview.png: the chips with most to see, image on the left, masks on the right."""
    chosen = choose_chips(folder, manifest, _CHIPS)
    borrowed = BorrowedImages(folder, manifest) if manifest.get("images") == "none" else None
    pictures = [picture_of(folder, row, manifest, borrowed) for row in chosen]
    write_bytes(folder / PREVIEW, encode_png(contact_sheet(pictures)))


def choose_chips(folder: Path, manifest: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    """Rows of chips in which each class in turn, the rarest first, has the most pixels."""
    schema = manifest["schema"]
    special = (schema["background"], schema["ignore"])
    codes = [c["code"] for c in schema["classes"] if c["code"] not in special]
    totals = manifest["counts"]["pixels"]
    codes.sort(key=lambda code: totals.get(str(code), 0))
    columns = [f"px_{code}" for code in codes]
    table = pq.read_table(folder / "chips.parquet", columns=[*_PLACE, "valid_fraction", *columns])
    valid = table["valid_fraction"].to_numpy()
    chosen: list[int] = []
    for turn in range(count * max(1, len(columns))):
        if len(chosen) >= min(count, len(valid)):
            break
        pixels = table[columns[turn % len(columns)]].to_numpy() if columns else valid
        score = pixels * valid + 1e-6 * valid
        score[chosen] = -1.0
        best = int(np.argmax(score))
        if best not in chosen:
            chosen.append(best)
    rows: list[dict[str, Any]] = table.select(_PLACE).take(chosen).to_pylist()
    return rows


def read_image(
    folder: Path, row: Mapping[str, Any], borrowed: BorrowedImages | None
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
    borrowed: BorrowedImages | None = None,
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


def encode_png(picture: RGB) -> bytes:
    """A picture (height, width, 3) as PNG."""
    height, width, _ = picture.shape
    with gdal_env(), warnings.catch_warnings(), rasterio.MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a picture has no place
        with memory.open(
            driver="PNG", height=height, width=width, count=3, dtype="uint8", zlevel=1
        ) as file:
            file.write(picture.transpose(2, 0, 1))
        data: bytes = memory.read()
    return data
