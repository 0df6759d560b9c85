"""A picture of one chip: its image, its masks and all of its targets side by side."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from polychip.borrowed import BorrowedImages
from polychip.errors import InputError, nearest
from polychip.io.atomic import write_bytes
from polychip.io.png import encode_png
from polychip.io.raster import gdal_env
from polychip.report.letters import draw
from polychip.report.preview import RGB, overlay, read_image, read_pixels, to_rgb

_SIDE = 256
_MARGIN = 8
_CAPTION = 16
_COLUMNS = 5
_PAPER = 250
_GREY = np.array([128, 128, 128], dtype=np.uint8)
_COLD, _WHITE, _WARM = np.array([[33, 102, 172], [247, 247, 247], [178, 24, 43]], dtype=np.float64)
Pixels = NDArray[np.generic]


def write_gallery(folder: Path, manifest: Mapping[str, Any], chip: str | None, path: Path) -> str:
    """Write the picture of a chip; returns the chip's name.

    Args:
        folder: the dataset.
        manifest: of the dataset.
        chip: 'CHIP' or 'SCENE/CHIP'; None: the one with the most objects, else labels.
        path: the PNG.

    Raises:
        InputError: there is no such chip.
    """
    row = _choose(folder, chip)
    panels = [(caption, _zoomed(panel)) for caption, panel in _panels(folder, manifest, row)]
    write_bytes(path, encode_png(_sheet(panels)))
    return f"{row['scene']}/{row['chip_id']}"


def _choose(folder: Path, chip: str | None) -> dict[str, Any]:
    table = pq.read_table(folder / "chips.parquet")
    ids, scenes = table["chip_id"].to_pylist(), table["scene"].to_pylist()
    if chip is None:
        objects = np.nan_to_num(np.array(table["n_instances"].to_pylist(), dtype=float))
        score = objects + np.array(table["labelled_fraction"].to_pylist())
        index = int(np.argmax(score))
    else:
        names = {f"{scene}/{name}": i for i, (scene, name) in enumerate(zip(scenes, ids))}  # noqa: B905
        if chip not in names:
            found = [name for name in names if name.endswith(f"/{chip}")]
            if not found:
                raise InputError(f"{folder}: no chip '{chip}'{nearest(chip, ids)}")
            chip = found[0]
        index = names[chip]
    row: dict[str, Any] = table.slice(index, 1).to_pylist()[0]
    return row


def _panels(
    folder: Path, manifest: Mapping[str, Any], row: Mapping[str, Any]
) -> Iterator[tuple[str, RGB]]:
    borrowed = BorrowedImages(folder, manifest) if manifest.get("images") == "none" else None
    with gdal_env():
        layer, image = read_image(folder, row, borrowed)
        arrays = {
            kind: read_pixels(folder / path)
            for kind, path in row["files"].items()
            if path and not kind.startswith("image")
        }
    base, semantic = to_rgb(image, manifest["bands"].get(layer, [])), arrays["semantic"][0]
    instance = arrays["instance"][0] if "instance" in arrays else None
    yield "image", base
    yield "semantic", overlay(base, semantic, instance, manifest)
    if instance is not None:
        yield "instance", _objects(instance)
    for name, entry in manifest.get("targets", {}).items():
        ignored = semantic == manifest["schema"]["ignore"]
        if name == "coverage":
            yield name, _blended(arrays[name], entry, manifest["schema"]["classes"])
        else:
            yield from _target(name, entry, arrays[name], ignored)


def _objects(instance: Pixels) -> RGB:
    """Each object a colour of its own, neighbours in number far apart in hue."""
    ids = instance.astype(np.int64)
    hue = (ids * 0.618034) % 1.0
    colour = np.stack([np.cos(2 * np.pi * (hue - shift)) for shift in (0, 1 / 3, 2 / 3)], axis=-1)
    picture = (150 + 100 * colour).astype(np.uint8)
    picture[ids == 0] = 0
    return picture


def _target(
    name: str, entry: Mapping[str, Any], pixels: Pixels, ignored: NDArray[np.bool_]
) -> Iterator[tuple[str, RGB]]:
    if name == "footprint":
        picture = np.moveaxis(pixels == 1, 0, -1) * np.uint8(255)
        yield name, _greyed(picture, ignored)
    elif name in ("distance", "offset"):
        for band, channel in zip(pixels, entry["channels"], strict=True):
            reach = float(np.abs(band).max()) or 1.0
            title = name if name == channel else f"{name} {channel}"
            yield title, _greyed(_diverging(band, reach), ignored)
    else:
        high = float(pixels.max()) if entry["dtype"] == "float32" else 1.0
        yield name, _greyed(_ramp(pixels[0], 0, high or 1.0), ignored)


def _blended(pixels: Pixels, entry: Mapping[str, Any], classes: Sequence[Mapping[str, Any]]) -> RGB:
    """The classes' colours, each as strong as its share of the pixel."""
    colours = {item["name"]: item["color"] for item in classes}
    picture = np.zeros((*pixels.shape[1:], 3))
    for band, name in zip(pixels, entry["channels"], strict=True):
        colour = np.array([int(colours[name][i : i + 2], 16) for i in (1, 3, 5)])
        picture += (band / 254)[..., None] * colour
    return _greyed(picture.clip(0, 255).astype(np.uint8), pixels[0] == entry["ignore"])


def _greyed(picture: RGB, ignored: NDArray[np.bool_]) -> RGB:
    """What is ignored in grey."""
    out = picture.copy()
    out[ignored] = _GREY
    return out


def _ramp(band: Pixels, low: float, high: float) -> RGB:
    """Black to white."""
    share = ((band.astype(np.float64) - low) / (high - low)).clip(0, 1)
    return np.repeat((share * 255).astype(np.uint8)[..., None], 3, axis=-1)


def _diverging(band: Pixels, reach: float) -> RGB:
    """Blue below 0, red above."""
    share = (band.astype(np.float64) / reach).clip(-1, 1)[..., None]
    warm = _WHITE + (_WARM - _WHITE) * share
    cold = _WHITE + (_COLD - _WHITE) * -share
    picture: RGB = np.where(share >= 0, warm, cold).astype(np.uint8)
    return picture


def _zoomed(picture: RGB) -> RGB:
    height, width = picture.shape[:2]
    step = max(1, math.ceil(max(height, width) / _SIDE))
    zoom = max(1, _SIDE // max(height, width))
    return picture[::step, ::step].repeat(zoom, axis=0).repeat(zoom, axis=1)


def _sheet(panels: list[tuple[str, RGB]]) -> RGB:
    """Panels with their captions above, in rows, on light paper."""
    height = max(panel.shape[0] for _, panel in panels) + _CAPTION
    width = max(panel.shape[1] for _, panel in panels)
    columns = min(_COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    shape = (rows * (height + _MARGIN) + _MARGIN, columns * (width + _MARGIN) + _MARGIN, 3)
    sheet = np.full(shape, _PAPER, dtype=np.uint8)
    for index, (caption, panel) in enumerate(panels):
        y = _MARGIN + index // columns * (height + _MARGIN)
        x = _MARGIN + index % columns * (width + _MARGIN)
        ink = draw(caption, 2)[:, :width]
        sheet[y : y + ink.shape[0], x : x + ink.shape[1]][ink] = 40
        top = y + _CAPTION
        sheet[top : top + panel.shape[0], x : x + panel.shape[1]] = panel
    return sheet
