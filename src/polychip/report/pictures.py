"""A chip's pictures for the page: the image, its mask and its outlines, each by itself."""

import base64
import math
import struct
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import deflate
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from polychip.errors import InputError
from polychip.io.raster import gdal_env
from polychip.report.preview import RGB, read_image, read_pixels, to_rgb

if TYPE_CHECKING:
    from polychip.borrowed import BorrowedImages

SIDE = 320
"""Largest side of a picture in pixels."""
_QUALITY = 75
_HATCH = (20, 20, 20, 200)
_PALE = (60, 60, 60, 150)
_WHITE = (255, 255, 255, 255)
_SHADE = (0, 0, 0, 120)
_CLEAR = (0, 0, 0, 0)
_OPACITY = 255
Colour = tuple[int, int, int, int]
Pixels = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Picture:
    """Three layers of the same size, as data URIs."""

    image: str | None
    """JPEG; None where the image can't be read any more."""
    mask: str
    """PNG: classes in their colours, ignore hatched, background clear."""
    lines: str
    """PNG: outlines of classes and objects."""
    width: int
    height: int

    @property
    def n_bytes(self) -> int:
        """What it adds to the page."""
        return len(self.image or "") + len(self.mask) + len(self.lines)


def chip_picture(
    folder: Path,
    row: Mapping[str, Any],
    manifest: Mapping[str, Any],
    borrowed: "BorrowedImages | None",
) -> Picture:
    """The layers of a chip, every n-th pixel of it where it is larger than `SIDE`."""
    files = row["files"]
    with gdal_env():
        semantic = read_pixels(folder / str(files["semantic"]))[0]
        path = files.get("instance")
        instance = read_pixels(folder / path)[0] if path else None
        step = max(1, math.ceil(max(semantic.shape) / SIDE))
        semantic = semantic[::step, ::step]
        instance = None if instance is None else instance[::step, ::step]
        try:
            layer, image = read_image(folder, row, borrowed)
        except InputError:
            if borrowed is None:
                raise
            photo = None  # a dataset without images, whose sources are elsewhere
        else:
            thin = image[:, ::step, ::step]
            photo = jpeg(to_rgb(thin, manifest["bands"].get(layer, [])))
    height, width = semantic.shape
    return Picture(
        None if photo is None else _uri("jpeg", photo),
        _uri("png", mask_png(semantic, manifest["schema"])),
        _uri("png", lines_png(semantic, instance, manifest["schema"]["ignore"])),
        width,
        height,
    )


def _uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def jpeg(picture: RGB) -> bytes:
    """A picture (height, width, 3) as JPEG."""
    height, width, _ = picture.shape
    with warnings.catch_warnings(), rasterio.MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a picture has no place
        with memory.open(
            driver="JPEG", height=height, width=width, count=3, dtype="uint8", quality=_QUALITY
        ) as file:
            file.write(picture.transpose(2, 0, 1))
        data: bytes = memory.read()
    return data


def mask_png(semantic: Pixels, schema: Mapping[str, Any]) -> bytes:
    """Classes in the schema's colours; background is clear, ignore dark and hatched."""
    colours: dict[int, Colour] = {schema["background"]: _CLEAR}
    for entry in schema["classes"]:
        red, green, blue = (int(entry["color"][i : i + 2], 16) for i in (1, 3, 5))
        colours.setdefault(entry["code"], (red, green, blue, _OPACITY))
    colours[schema["ignore"]] = _PALE
    codes = np.flatnonzero(np.bincount(semantic.ravel()))
    palette = [colours.get(code, _WHITE) for code in codes.tolist()][:255]
    place_of = np.zeros(codes.max(initial=0) + 1, dtype=np.uint8)
    place_of[codes] = np.arange(len(codes)).clip(0, 254)
    indices = place_of[semantic]
    rows, columns = np.indices(semantic.shape)
    indices[(semantic == schema["ignore"]) & ((rows + columns) % 8 < 2)] = len(palette)
    return palette_png(indices, [*palette, _HATCH])


def lines_png(semantic: Pixels, instance: Pixels | None, ignore: int) -> bytes:
    """White lines, shaded on one side, where the class or the object changes."""
    parts = semantic.astype(np.int64)
    if instance is not None:
        parts = parts * 2**32 + instance.astype(np.int64)
    edge = np.zeros(semantic.shape, dtype=bool)
    edge[:, 1:] |= parts[:, 1:] != parts[:, :-1]
    edge[1:] |= parts[1:] != parts[:-1]
    edge &= semantic != ignore
    shade = np.zeros_like(edge)
    shade[1:, 1:] = edge[:-1, :-1]
    places = np.zeros(edge.shape, dtype=np.uint8)
    places[shade] = 2
    places[edge] = 1
    return palette_png(places, [_CLEAR, _WHITE, _SHADE])


def palette_png(places: NDArray[np.uint8], palette: list[Colour]) -> bytes:
    """An indexed PNG with transparency. Source: W3C, Portable Network Graphics, 11.2 and 11.3.

    Args:
        places: index into the palette, shape (H, W).
        palette: red, green, blue, alpha; at most 256.
    """
    height, width = places.shape
    lines = np.zeros((height, width + 1), dtype=np.uint8)  # filter 0 in front of each row
    lines[:, 1:] = places
    colours = np.array(palette, dtype=np.uint8)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", colours[:, :3].tobytes()),
            _chunk(b"tRNS", colours[:, 3].tobytes()),
            _chunk(b"IDAT", bytes(deflate.zlib_compress(lines.data, 6))),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
