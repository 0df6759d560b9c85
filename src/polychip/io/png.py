"""PNG files: grey, palette, RGB and 16-bit grey; the same bytes everywhere.

Source: PNG specification, third edition (W3C).
"""

import struct
import zlib
from collections.abc import Sequence

import deflate
import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _PALETTE = 0, 2, 3
_NONE, _UP = 0, 2
_LEVEL = 6


def encode_png(
    pixels: NDArray[np.uint8] | NDArray[np.uint16],
    palette: Sequence[tuple[int, int, int]] | None = None,
) -> bytes:
    """A picture as PNG.

    Args:
        pixels: (height, width) grey or palette indices, or (height, width, 3) RGB; uint16 only
            for grey.
        palette: RGB of the indices 0, 1, 2, …, at most 256.

    Raises:
        ValueError: the type or shape has no PNG.
    """
    rgb = pixels.ndim == 3 and pixels.shape[2] == 3
    if not (rgb or pixels.ndim == 2) or pixels.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"no PNG for {pixels.dtype} of shape {pixels.shape}")
    depth = pixels.dtype.itemsize * 8
    if depth == 16 and (rgb or palette is not None):
        raise ValueError("16-bit pictures are grey only")
    kind = _PALETTE if palette is not None else _RGB if rgb else _GREY
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder(">"))
    lines = rows.view(np.uint8).reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    chunks = [_chunk(b"IHDR", head)]
    if palette is not None:
        chunks.append(_chunk(b"PLTE", bytes(part for color in palette for part in color)))
    packed = deflate.zlib_compress(_filtered(lines, up=kind == _RGB), _LEVEL)
    return b"".join([_SIGNATURE, *chunks, _chunk(b"IDAT", bytes(packed)), _chunk(b"IEND", b"")])


def _filtered(lines: NDArray[np.uint8], *, up: bool) -> bytes:
    """Lines with their filter's number before each; pictures as differences to the line above."""
    out = np.empty((lines.shape[0], lines.shape[1] + 1), dtype=np.uint8)
    out[:, 0] = _UP if up else _NONE
    out[:, 1:] = lines
    if up:
        out[1:, 1:] -= lines[:-1]
    return out.tobytes()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
