"""TIFF files with a page a band, for readers of pictures that know no bands; same bytes everywhere.

Source: TIFF 6.0; deflate is compression 8 (Adobe technical note).
"""

import struct

import deflate
import numpy as np
from numpy.typing import NDArray

_SHORT, _LONG = 3, 4
_LEVEL = 6
_ENTRIES = 9


def encode_pages(bands: NDArray[np.uint8]) -> bytes:
    """An 8-bit grey page for each of the bands (bands, height, width)."""
    _, height, width = bands.shape
    out = bytearray(b"II*\0")
    out += struct.pack("<I", 0)
    link = 4
    for band in np.ascontiguousarray(bands):
        data = bytes(deflate.zlib_compress(band.tobytes(), _LEVEL))
        strip = len(out)
        out += data + b"\0" * (len(data) % 2)
        struct.pack_into("<I", out, link, len(out))
        entries = (
            (256, _LONG, width), (257, _LONG, height), (258, _SHORT, 8), (259, _SHORT, 8),
            (262, _SHORT, 1), (273, _LONG, strip), (277, _SHORT, 1), (278, _LONG, height),
            (279, _LONG, len(data)),
        )  # fmt: skip
        out += struct.pack("<H", _ENTRIES)
        for tag, kind, value in entries:
            out += struct.pack("<HHII", tag, kind, 1, value)
        link = len(out)
        out += struct.pack("<I", 0)
    return bytes(out)
