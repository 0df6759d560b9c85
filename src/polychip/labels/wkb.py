"""Geometries of a layer as they are in the file: WKB end to end, read in bulk.

Most polygons are one ring. Their vertices are taken out of the bytes all at once, without an object
for each; whatever else there is becomes shapely geometries when it is asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

_HEADER = 13
"""Bytes before the vertices of a polygon of one ring: byte order, type, rings, vertices."""
_MULTI_HEADER = _HEADER + 9
"""The same where a MultiPolygon of one part is around it."""
_LITTLE_ENDIAN, _POLYGON, _MULTIPOLYGON = 1, 3, 6
_VERTEX = 16
"""Bytes of a vertex without height."""


@dataclass(frozen=True, slots=True)
class WkbColumn:
    """A layer's geometries as WKB."""

    data: NDArray[np.uint8]
    start: NDArray[np.int64]
    """(n + 1,): geometry i is data[start[i] : start[i + 1]]; nothing where the feature has none."""

    def __len__(self) -> int:
        """Number of features."""
        return len(self.start) - 1

    def present(self) -> NDArray[np.bool_]:
        """Which features have a geometry."""
        return np.diff(self.start) > 0

    def shapes(self, chosen: NDArray[np.int64]) -> NDArray[np.object_]:
        """Some as shapely geometries without heights; None where GEOS knows no such kind."""
        buffer = self.data.data
        ends = zip(self.start[chosen].tolist(), self.start[chosen + 1].tolist(), strict=True)
        wkb = np.array([bytes(buffer[a:b]) or None for a, b in ends] + [None], dtype=object)[:-1]
        return np.asarray(shapely.force_2d(shapely.from_wkb(wkb, on_invalid="ignore")))

    def batches(self, n_bytes: int) -> Iterator["WkbColumn"]:
        """Views of about so many bytes, in order; each geometry is in one of them."""
        begin = 0
        while begin < len(self):
            end = int(np.searchsorted(self.start, self.start[begin] + n_bytes, side="right")) - 1
            end = min(max(end, begin + 1), len(self))
            yield WkbColumn(self.data, self.start[begin : end + 1])
            begin = end

    def take(self, chosen: NDArray[np.int64]) -> "WkbColumn":
        """Some of the geometries."""
        first, length = self.start[chosen], np.diff(self.start)[chosen]
        return WkbColumn(self._bytes(first, length), np.append(0, np.cumsum(length)))

    def one_ringed(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Polygons of one ring: which features, the number of vertices of each, all vertices.

        Returns:
            (k,) features ascending, (k,) counts, (sum of counts, 2) coordinates.
        """
        length = np.diff(self.start)
        long_enough = np.flatnonzero(length >= _HEADER + 4 * _VERTEX)
        first = self.start[:-1][long_enough]
        shift = np.zeros(len(first), dtype=np.int64)
        several = self._number(first + 1) == _MULTIPOLYGON
        one_part = several & (self._number(first + 5) == 1)
        shift[one_part] = _MULTI_HEADER - _HEADER
        count = self._number(first + shift + 9)
        good = (
            (self.data[first] == _LITTLE_ENDIAN)
            & (self.data[first + shift] == _LITTLE_ENDIAN)
            & (self._number(first + shift + 1) == _POLYGON)
            & (self._number(first + shift + 5) == 1)
            & (length[long_enough] == _HEADER + shift + _VERTEX * count)
            & (several == one_part)
        )
        count = count[good]
        return long_enough[good], count, self._vertices((first + shift)[good] + _HEADER, count)

    def _number(self, place: NDArray[np.int64]) -> NDArray[np.int64]:
        """The unsigned 32-bit numbers that begin at some bytes."""
        return self._every("<u4")[place].astype(np.int64)

    def _vertices(self, place: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.float64]:
        """(n, 2) coordinates: `count` vertices from each of some bytes on."""
        behind = np.cumsum(count) - count
        nth = np.arange(int(count.sum())) * _VERTEX
        found = self._every(f"V{_VERTEX}")[np.repeat(place - behind * _VERTEX, count) + nth]
        return found.view("<f8").reshape(-1, 2)

    def _every(self, dtype: str) -> NDArray[Any]:
        """A view with an item at each byte, whatever the item's size."""
        kind = np.dtype(dtype)
        length = max(len(self.data) - kind.itemsize + 1, 0)
        return np.ndarray((length,), kind, self.data, strides=(1,))

    def _bytes(self, first: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Some stretches of the data, one behind the other."""
        buffer = self.data.data
        ends = zip(first.tolist(), (first + length).tolist(), strict=True)
        return np.frombuffer(b"".join([buffer[a:b] for a, b in ends]), dtype=np.uint8)


def column_of(wkb: Sequence[bytes | None]) -> WkbColumn:
    """The column of some geometries, None for features without."""
    length = np.fromiter((len(item or b"") for item in wkb), dtype=np.int64, count=len(wkb))
    data = np.frombuffer(b"".join(item or b"" for item in wkb), dtype=np.uint8)
    return WkbColumn(data, np.append(0, np.cumsum(length)))


def joined(columns: Sequence[WkbColumn]) -> WkbColumn:
    """Columns one behind the other; one alone is not copied."""
    columns = [column for column in columns if len(column)] or columns[:1]
    if len(columns) == 1:
        return columns[0]
    sizes = np.cumsum([0, *(len(column.data) for column in columns)])
    starts = [column.start[:-1] + size for column, size in zip(columns, sizes, strict=False)]
    return WkbColumn(
        np.concatenate([column.data for column in columns]), np.concatenate([*starts, sizes[-1:]])
    )
