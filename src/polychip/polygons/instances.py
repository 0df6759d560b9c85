"""Objects that a model predicted chip by chip, put together over the chips' borders."""

import functools

import numpy as np
from numpy.typing import NDArray

from polychip.errors import InputError, some
from polychip.grid import Window
from polychip.polygons.chips import Ints, SceneChips
from polychip.polygons.components import NOTHING
from polychip.polygons.files import PredictionFiles
from polychip.polygons.pixels import (
    FIRST_OBJECT,
    BlockPixels,
    ObjectEntry,
    blank,
    depth_of,
    layer_of,
    vote,
)
from polychip.schema import LabelSchema

SAME_IOU = 0.5
"""Objects of overlapping chips are one from this intersection over union on the common ground."""
_NO_OBJECT = 0
_CACHED = 24
"""Chips kept, so that one is numbered once for all its neighbours."""
_MOST_OBJECTS = 2**31 - FIRST_OBJECT


class PredictedObjects:
    """Instance rasters: ids count within a chip, 0 is none; a second band holds class codes.

    Chips that only meet: objects of one class that touch across the border are one. Chips that
    overlap: objects of one class are one from SAME_IOU on; each pixel then goes by vote.
    """

    def __init__(
        self, chips: SceneChips, files: PredictionFiles, schema: LabelSchema, code: int
    ) -> None:
        """`code` is the class of all objects where there is no second band."""
        self._chips = chips
        self._files = files
        self._schema = schema
        self._code = code
        self._first: dict[int, int] = {}
        """Number of a chip's object 1, less one; of the chips met so far."""
        self._parent: list[int] = [0]
        self._code_of: list[int] = [0]
        self._until: list[int] = [0]
        self._ids = functools.lru_cache(maxsize=_CACHED)(self._dense_ids)
        """(height, width) a chip's ids from 1 without gaps, 0 for none."""

    def read(self, window: Window, chips: Ints) -> BlockPixels:
        """The labels of a window, from the chips that touch it.

        Raises:
            InputError: a file can't be read, has another size, or is no raster of ids.
        """
        numbers = [chip for chip in chips.tolist() if self._files.has(chip)]
        if not numbers:
            return BlockPixels(*blank(window), None)
        same = [pair for chip in numbers if chip not in self._first for pair in self._meet(chip)]
        places = [self._chips.window(chip) for chip in numbers]
        layers = layer_of([place.intersection(window) for place in places])
        shape = (max(layers) + 1, window.height, window.width)
        values = np.full(shape, NOTHING, dtype=np.int32)
        depth = np.zeros(shape, dtype=np.int32)
        for chip, place, layer in zip(numbers, places, layers, strict=True):
            part = place.intersection(window)
            objects = self._roots(self._objects(chip)[part.slices_in(place)])
            inside = (layer, *part.slices_in(window))
            values[inside] = objects
            depth[inside] = depth_of(place, part)
        winner, share = (values[0], None) if len(values) == 1 else vote(values, depth)
        known = winner != NOTHING
        winner = np.where(winner > _NO_OBJECT, winner + FIRST_OBJECT, NOTHING).astype(np.int32)
        return BlockPixels(winner, known, share, same)

    def describe(self, number: int) -> ObjectEntry:
        """An object by its number."""
        root = self._find(number)
        return ObjectEntry(self._code_of[root], self._until[root], None)

    def notes(self) -> list[str]:
        """Nothing."""
        return []

    def _objects(self, chip: int) -> NDArray[np.int64]:
        """A chip's objects by their number in the scene, 0 for none."""
        ids = self._ids(chip)
        return np.where(ids > 0, ids + self._first[chip], _NO_OBJECT)

    def _dense_ids(self, chip: int) -> NDArray[np.int64]:
        bands, path = self._files.read(chip), self._files.path(chip)
        if len(bands) > 2 or any(band.dtype.kind not in "iub" for band in bands):
            raise InputError(
                f"{path}: {len(bands)} bands of {bands.dtype}; an instance raster has one band of "
                "whole numbers (ids, 0 for none), and may have a second one of class codes"
            )
        if bands.min() < 0:
            raise InputError(f"{path}: holds ids below 0; ids count from 1, and 0 is none")
        dense = np.unique(np.r_[0, bands[0].ravel()], return_inverse=True)[1]
        return dense[1:].reshape(bands.shape[1:]).astype(np.int64)

    def _roots(self, objects: NDArray[np.int64]) -> NDArray[np.int64]:
        found, where = np.unique(objects, return_inverse=True)
        roots = np.array([self._find(int(number)) for number in found], dtype=np.int64)
        return roots[where.reshape(objects.shape)]

    def _find(self, number: int) -> int:
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def _meet(self, chip: int) -> list[tuple[int, int]]:
        """Number a chip's objects; returns pairs of objects that are one."""
        ids = self._ids(chip)
        n = int(ids.max())
        if len(self._parent) + n > _MOST_OBJECTS:
            raise InputError(f"{self._chips.name}: more than {_MOST_OBJECTS:,} predicted objects")
        self._first[chip] = len(self._parent) - 1
        self._parent += range(len(self._parent), len(self._parent) + n)
        self._code_of += self._classes(chip, ids, n)
        place = self._chips.window(chip)
        self._until += [place.y_end + 1] * n  # one more: a chip below may go on with it
        around = Window(place.x_off - 1, place.y_off - 1, place.width + 2, place.height + 2)
        pairs = []
        for other in self._chips.touching(around).tolist():
            if other != chip and other in self._first:
                pairs += self._unite(self._pairs(chip, other))
        return pairs

    def _classes(self, chip: int, ids: NDArray[np.int64], n: int) -> list[int]:
        """The class code of each object of a chip: the one that most of its pixels have."""
        bands = self._files.read(chip)
        if len(bands) == 1:
            return [self._code] * n
        pairs, counts = np.unique(
            np.stack((ids.ravel(), bands[1].ravel().astype(np.int64))), axis=1, return_counts=True
        )
        order = np.lexsort((-pairs[1], counts, pairs[0]))  # at a tie the lower code comes last
        codes = dict(pairs[:, order].T.tolist())  # and the last one stays
        known = {entry.code for entry in self._schema.mask_classes}
        strange = sorted({code for number, code in codes.items() if number} - known)
        if strange:
            raise InputError(
                f"{self._files.path(chip)}: objects have class codes {some(strange)}; the "
                f"dataset's classes are {some(sorted(known))}"
            )
        return [codes[number] for number in range(1, n + 1)]

    def _unite(self, pairs: NDArray[np.int64]) -> list[tuple[int, int]]:
        done = []
        for a, b in pairs.tolist():
            low, high = sorted((self._find(a), self._find(b)))
            if low != high and self._code_of[low] == self._code_of[high]:
                self._parent[high] = low
                self._until[low] = max(self._until[low], self._until[high])
                done.append((low, high))
        return done

    def _pairs(self, chip: int, other: int) -> NDArray[np.int64]:
        """(n, 2) objects of two chips that are one."""
        a, b = self._chips.window(chip), self._chips.window(other)
        common = a.intersection(b)
        if not common.is_empty():
            return self._overlapping(chip, other, common)
        for along_x in (True, False):
            seam = _seam(a, b, along_x=along_x)
            if seam is not None and not self._covered(seam):
                return self._meeting(chip, other, seam, along_x=along_x)
        return np.empty((0, 2), dtype=np.int64)

    def _overlapping(self, chip: int, other: int, common: Window) -> NDArray[np.int64]:
        a = self._objects(chip)[common.slices_in(self._chips.window(chip))]
        b = self._objects(other)[common.slices_in(self._chips.window(other))]
        both = (a > 0) & (b > 0)
        pairs, shared = np.unique(np.stack((a[both], b[both]), axis=1), axis=0, return_counts=True)
        if not len(pairs):
            return pairs
        area_a, area_b = (
            _area(objects, of) for objects, of in ((a, pairs[:, 0]), (b, pairs[:, 1]))
        )
        return pairs[shared >= SAME_IOU * (area_a + area_b - shared)]

    def _meeting(self, chip: int, other: int, seam: Window, *, along_x: bool) -> NDArray[np.int64]:
        """Objects with pixels on both sides of a seam, which is two pixels wide."""
        values = np.zeros((seam.height, seam.width), dtype=np.int64)
        for number in (chip, other):
            place = self._chips.window(number)
            part = place.intersection(seam)
            values[part.slices_in(seam)] = self._objects(number)[part.slices_in(place)]
        sides = values.T if along_x else values
        pairs = sides[:, (sides > 0).all(axis=0)].T
        return np.unique(pairs, axis=0)

    def _covered(self, seam: Window) -> bool:
        """Whether a third chip sees both sides of a seam, and so whether objects go on there."""
        for index in self._chips.touching(seam).tolist():
            if self._files.has(index) and self._chips.window(index).intersection(seam) == seam:
                return True
        return False


def _seam(a: Window, b: Window, *, along_x: bool) -> Window | None:
    """The pixels on both sides of the border of two chips that meet without overlapping."""
    if along_x:
        x = a.x_end if a.x_end == b.x_off else b.x_end if b.x_end == a.x_off else None
        top, bottom = max(a.y_off, b.y_off), min(a.y_end, b.y_end)
        return None if x is None or bottom <= top else Window(x - 1, top, 2, bottom - top)
    y = a.y_end if a.y_end == b.y_off else b.y_end if b.y_end == a.y_off else None
    left, right = max(a.x_off, b.x_off), min(a.x_end, b.x_end)
    return None if y is None or right <= left else Window(left, y - 1, right - left, 2)


def _area(objects: NDArray[np.int64], of: NDArray[np.int64]) -> NDArray[np.int64]:
    found, counts = np.unique(objects, return_counts=True)
    return np.asarray(counts[np.searchsorted(found, of)], dtype=np.int64)
