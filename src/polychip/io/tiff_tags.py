"""Classic TIFF headers as values: read the tags of one file, lay them out for many.

Only what a GeoTIFF chip needs: little-endian, one image, no overviews, under 4 GB.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

STRIP_OFFSETS, STRIP_BYTE_COUNTS = 273, 279
PIXEL_SCALE, TIEPOINT, TRANSFORMATION = 33550, 33922, 34264
GDAL_NODATA = 42113

ASCII, SHORT, LONG, DOUBLE = 2, 3, 4, 12
_FIELD_BYTES = dict(zip(range(1, 13), (1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8), strict=True))
_FIELD_FORMAT = {ASCII: "s", SHORT: "H", LONG: "I", DOUBLE: "d"}
_FIRST_IFD = 8
_ENTRY_BYTES = 12
_DATA_ALIGNMENT = 16
"""Pixels start on a multiple of this, so that uncompressed chips can be memory-mapped."""

Strip = bytes | bytearray | memoryview
"""The encoded pixels of one band; a view must be C-contiguous."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One directory entry; the value is kept as the file's own bytes."""

    code: int
    field_type: int
    """TIFF's number for the type of a value: 3 is SHORT, 12 is DOUBLE, …"""
    count: int
    value: bytes

    @classmethod
    def of(cls, code: int, field_type: int, values: Sequence[float]) -> Self:
        """A tag that holds numbers."""
        value = struct.pack(f"<{len(values)}{_FIELD_FORMAT[field_type]}", *values)
        return cls(code, field_type, len(values), value)

    @classmethod
    def text(cls, code: int, text: str) -> Self:
        """A tag that holds ASCII text, closed by a zero byte."""
        value = text.encode("ascii") + b"\0"
        return cls(code, ASCII, len(value), value)

    def numbers(self) -> tuple[int, ...]:
        """The values of a SHORT or LONG tag."""
        return struct.unpack(f"<{self.count}{_FIELD_FORMAT[self.field_type]}", self.value)


def read_tags(data: bytes) -> dict[int, Tag]:
    """The tags of a TIFF's first image by code.

    Raises:
        ValueError: the bytes aren't a little-endian classic TIFF of one image.
    """
    if data[:4] != b"II*\0":
        raise ValueError(f"a TIFF that starts with {data[:4]!r} is not little-endian and classic")
    (ifd,) = struct.unpack_from("<I", data, 4)
    (n_tags,) = struct.unpack_from("<H", data, ifd)
    tags = {}
    for index in range(n_tags):
        entry = ifd + 2 + index * _ENTRY_BYTES
        code, field_type, count = struct.unpack_from("<HHI", data, entry)
        size = count * _FIELD_BYTES[field_type]
        start = entry + 8 if size <= 4 else struct.unpack_from("<I", data, entry + 8)[0]
        tags[code] = Tag(code, field_type, count, data[start : start + size])
    (following,) = struct.unpack_from("<I", data, ifd + 2 + n_tags * _ENTRY_BYTES)
    if following:
        raise ValueError("a TIFF of several images has no single header")
    return tags


def read_strips(data: bytes) -> list[bytes]:
    """The encoded strips of a TIFF's first image, in the order of its tags."""
    tags = read_tags(data)
    offsets, sizes = tags[STRIP_OFFSETS].numbers(), tags[STRIP_BYTE_COUNTS].numbers()
    return [data[start : start + n] for start, n in zip(offsets, sizes, strict=True)]


@dataclass(frozen=True, slots=True)
class Header:
    """Everything of a TIFF that comes before its strips, ready to be patched and copied."""

    data: bytes
    positions: Mapping[int, int]
    """Where the value of each tag starts in `data`."""

    @classmethod
    def lay_out(cls, tags: Iterable[Tag]) -> Self:
        """Tags in the order of their codes, then the values that don't fit into an entry."""
        ordered = sorted(tags, key=lambda tag: tag.code)
        values_start = _FIRST_IFD + 2 + len(ordered) * _ENTRY_BYTES + 4
        entries, values, positions = bytearray(), bytearray(), {}
        for tag in ordered:
            entries += struct.pack("<HHI", tag.code, tag.field_type, tag.count)
            if len(tag.value) <= 4:
                positions[tag.code] = _FIRST_IFD + 2 + len(entries)
                entries += tag.value.ljust(4, b"\0")
            else:
                values += bytes(-(values_start + len(values)) % 8)
                positions[tag.code] = values_start + len(values)
                entries += struct.pack("<I", positions[tag.code])
                values += tag.value
        head = struct.pack("<2sHIH", b"II", 42, _FIRST_IFD, len(ordered))
        data = b"".join((head, entries, bytes(4), values))
        return cls(data + bytes(-len(data) % _DATA_ALIGNMENT), positions)

    def file(self, doubles: Mapping[int, Sequence[float]], strips: Sequence[Strip]) -> bytes:
        """A whole TIFF.

        Args:
            doubles: new values of DOUBLE tags, as many as the header holds.
            strips: as many as the header holds.
        """
        data = bytearray(self.data)
        for code, values in doubles.items():
            struct.pack_into(f"<{len(values)}d", data, self.positions[code], *values)
        sizes = [memoryview(strip).nbytes for strip in strips]
        offsets = [len(data)]
        for size in sizes[:-1]:
            offsets.append(offsets[-1] + size)
        longs = f"<{len(sizes)}I"
        struct.pack_into(longs, data, self.positions[STRIP_OFFSETS], *offsets)
        struct.pack_into(longs, data, self.positions[STRIP_BYTE_COUNTS], *sizes)
        return b"".join((data, *strips))
