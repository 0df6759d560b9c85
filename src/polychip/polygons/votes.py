"""Labels from class rasters and probabilities that a model predicted on the chips."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from polychip.errors import InputError, some
from polychip.grid import Window
from polychip.polygons.chips import Ints, SceneChips
from polychip.polygons.components import NOTHING
from polychip.polygons.files import PredictionFiles
from polychip.polygons.pixels import BlockPixels, ObjectEntry, blank, depth_of, layer_of, vote
from polychip.schema import LabelSchema

_WIDEST = 1.0 + 1e-4
"""Probabilities above 1 by more than rounding are something else."""


class ClassVotes:
    """Class rasters: where chips overlap, each has a vote; ignore abstains."""

    def __init__(self, chips: SceneChips, files: PredictionFiles, schema: LabelSchema) -> None:
        self._chips = chips
        self._files = files
        self._schema = schema
        self._codes = sorted({schema.background, schema.ignore, *(c.code for c in schema.classes)})

    def read(self, window: Window, chips: Ints) -> BlockPixels:
        """The labels of a window, from the chips that touch it.

        Raises:
            InputError: a file can't be read, has another size, or codes that no class has.
        """
        numbers = [chip for chip in chips.tolist() if self._files.has(chip)]
        places = [self._chips.window(chip) for chip in numbers]
        if not numbers:
            return BlockPixels(*blank(window), None)
        layers = layer_of([place.intersection(window) for place in places])
        shape = (max(layers) + 1, window.height, window.width)
        values = np.full(shape, NOTHING, dtype=np.int32)
        depth = np.zeros(shape, dtype=np.int32)
        for chip, place, layer in zip(numbers, places, layers, strict=True):
            part = place.intersection(window)
            codes = self._codes_of(chip)[part.slices_in(place)]
            inside = (layer, *part.slices_in(window))
            values[inside] = np.where(codes == self._schema.ignore, NOTHING, codes)
            depth[inside] = depth_of(place, part)
        winner, share = (values[0], None) if len(values) == 1 else vote(values, depth)
        known = winner != NOTHING
        winner = np.where(winner == self._schema.background, NOTHING, winner).astype(np.int32)
        return BlockPixels(winner, known, share)

    def describe(self, number: int) -> ObjectEntry:
        """Classes have no objects."""
        raise LookupError(number)

    def notes(self) -> list[str]:
        """Nothing."""
        return []

    def _codes_of(self, chip: int) -> NDArray[np.int32]:
        bands = self._files.read(chip)
        path = self._files.path(chip)
        if len(bands) != 1:
            raise InputError(
                f"{path}: {len(bands)} bands, a class raster has one; for a probability a class "
                "say --kind probability"
            )
        codes = bands[0]
        if codes.dtype.kind not in "iub":
            raise InputError(
                f"{path}: pixels are {codes.dtype}, a class raster holds whole numbers; for "
                "probabilities say --kind probability"
            )
        strange = np.setdiff1d(codes, self._codes)
        if len(strange):
            raise InputError(
                f"{path}: class codes {some(strange.tolist())} are not the dataset's, which are "
                f"{some(self._codes)}; map them to these before"
            )
        return np.asarray(codes, dtype=np.int32)


class Probabilities:
    """Probability rasters: where chips overlap, they are averaged before a class is chosen."""

    def __init__(
        self,
        chips: SceneChips,
        files: PredictionFiles,
        codes: Sequence[int],
        background: int,
        threshold: float | None,
    ) -> None:
        """Args as they are; `codes` are the bands' classes in order, the background's included.

        With one band and no threshold, a pixel belongs to the class from 0.5 on.
        """
        self._chips = chips
        self._files = files
        self._codes = np.array(codes, dtype=np.int32)
        self._background = background
        self._threshold = 0.5 if threshold is None and len(codes) == 1 else threshold

    def read(self, window: Window, chips: Ints) -> BlockPixels:
        """The labels of a window, from the chips that touch it.

        Raises:
            InputError: a file can't be read, has another size, or holds no probabilities.
        """
        values, known = blank(window)
        numbers = [chip for chip in chips.tolist() if self._files.has(chip)]
        if not numbers:
            return BlockPixels(values, known, None)
        total = np.zeros((len(self._codes), *known.shape), dtype=np.float64)
        count = np.zeros(known.shape, dtype=np.int32)
        for chip in numbers:
            place = self._chips.window(chip)
            part = place.intersection(window)
            bands = self._bands_of(chip)[(slice(None), *part.slices_in(place))]
            said = np.isfinite(bands).all(axis=0)
            inside = part.slices_in(window)
            total[(slice(None), *inside)] += np.where(said, bands, 0.0)
            count[inside] += said
        known = count > 0
        mean = total / np.maximum(count, 1)
        best = mean.argmax(axis=0)
        highest = np.take_along_axis(mean, best[None], axis=0)[0]
        chosen = self._codes[best]
        enough = known & (chosen != self._background)
        if self._threshold is not None:
            enough &= highest >= self._threshold
        values[enough] = chosen[enough]
        return BlockPixels(values, known, highest.astype(np.float32))

    def describe(self, number: int) -> ObjectEntry:
        """Classes have no objects."""
        raise LookupError(number)

    def notes(self) -> list[str]:
        """Nothing."""
        return []

    def _bands_of(self, chip: int) -> NDArray[np.float32]:
        bands = self._files.read(chip)
        path = self._files.path(chip)
        if len(bands) != len(self._codes):
            raise InputError(
                f"{path}: {len(bands)} bands, but {len(self._codes)} were expected as in the "
                "first file; name the bands' classes with --classes"
            )
        if bands.dtype.kind in "iu":
            return np.asarray(bands / np.iinfo(bands.dtype).max, dtype=np.float32)
        finite = bands[np.isfinite(bands)]
        if finite.size and (finite.min() < 0 or finite.max() > _WIDEST):
            raise InputError(
                f"{path}: values from {finite.min():.4g} to {finite.max():.4g} are no "
                "probabilities, which run from 0 to 1; put a model's scores through softmax or "
                "sigmoid before"
            )
        return np.asarray(bands, dtype=np.float32)
