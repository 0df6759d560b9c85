"""Files that somebody damaged, by chance with a seed."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

HEADER = 600
"""Bytes at the beginning of a file, where most of what says how to read it lies."""


def flipped(rng: Random, data: bytes) -> bytes:
    """Some bytes changed, most of them in the header."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 40))):
        end = min(HEADER, len(data)) if rng.random() < 0.7 else len(data)
        changed[rng.randrange(end)] = rng.choice((0, 1, 255, rng.randrange(256)))
    return bytes(changed)


def truncated(rng: Random, data: bytes) -> bytes:
    """The beginning alone."""
    return data[: rng.randrange(len(data))]


def repeated(rng: Random, data: bytes) -> bytes:
    """A stretch copied over another."""
    size = rng.randrange(1, 200)
    a, b = rng.randrange(len(data)), rng.randrange(len(data))
    return data[:b] + data[a : a + size] + data[b + size :]


def other_text(rng: Random, data: bytes) -> bytes:
    """Words and numbers exchanged for worse ones."""
    words = data.split(b" ")
    for _ in range(rng.randint(1, 4)):
        words[rng.randrange(len(words))] = rng.choice(TEXTS)
    return b" ".join(words)


TEXTS = (
    b"1e999", b"NaN", b"-1", b"0", b"[]", b"{}", b"null", b'""', b"'x'", b"true", b"99999999999999",
    b"\xff\xfe", b"[[[[[[[[", b"= =", b'"\\u0000"', b"1979-05-27", b'["a", 3]', b"\x00", b"inf",
)  # fmt: skip
Damage = Callable[[Random, bytes], bytes]
BINARY: tuple[Damage, ...] = (flipped, flipped, truncated, repeated)
TEXT: tuple[Damage, ...] = (flipped, truncated, repeated, other_text, other_text)


def damaged(path: Path, rng: Random) -> None:
    """Damage a file in place."""
    data = path.read_bytes()
    kinds = TEXT if path.suffix in (".toml", ".geojson") else BINARY
    path.write_bytes(rng.choice(kinds)(rng, data))


def geojson(boxes: list[tuple[float, float, float, float]], crs: str) -> str:
    """Rectangles in a CRS, one a line, as programs write them."""
    features = []
    for x0, y0, x1, y1 in boxes:
        ring = [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]
        shape = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {"class": "a"}, "geometry": shape})
    about = {"type": "name", "properties": {"name": crs}}
    return json.dumps({"type": "FeatureCollection", "crs": about, "features": features}, indent=1)
