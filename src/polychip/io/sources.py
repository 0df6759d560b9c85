"""A layer's pixels on the scene's grid, as planned; opened by each worker."""

from collections import OrderedDict
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from polychip.grid import Window
from polychip.image import ImageSource
from polychip.io.placement import LayerPlan, Placement
from polychip.io.raster import FileSource
from polychip.io.validity import Parts, apply_rule
from polychip.io.warp import WarpedFile

OPEN_FILES = 32
"""Files of a layer that are kept open at a time."""


def open_layer(plan: LayerPlan) -> ImageSource:
    """The layer's pixels on the scene's grid; files are opened when they are first needed."""
    return LayerSource(plan)


class _Reader(Protocol):
    """A file on the scene's grid."""

    def read_parts(self, window: Window) -> Parts:
        """Pixels of a window of the scene's grid."""

    def close(self) -> None:
        """Let go of the file."""


class _Copy:
    """A file whose pixels are the scene's, moved by whole pixels."""

    def __init__(self, source: FileSource, offset: tuple[int, int]) -> None:
        self._source = source
        self._offset = offset

    def read_parts(self, window: Window) -> Parts:
        return self._source.read_parts(window.shifted(-self._offset[0], -self._offset[1]))

    def close(self) -> None:
        self._source.close()


class LayerSource:
    """An `ImageSource` of one or many files on the scene's grid."""

    def __init__(self, plan: LayerPlan) -> None:
        """Keep the plan; no file is opened yet."""
        self.plan = plan
        self.grid = plan.grid
        self.profile = plan.profile
        names = plan.profile.colorinterp
        self._alpha_bands = [i for i, name in enumerate(names) if name == "alpha"]
        self._readers: OrderedDict[Placement, _Reader] = OrderedDict()

    def read(self, window: Window) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """Pixels (bands, height, width) and where they are valid (height, width).

        Raises:
            InputError: a file can't be read there.
        """
        read = self._read_stack if self.plan.spec.combine == "stack" else self._read_mosaic
        inner = window.intersection(self.grid.window)
        if inner == window and not window.is_empty():
            return read(window)
        pixels, valid = self._blank(window)
        if not inner.is_empty():
            rows, columns = inner.slices_in(window)
            pixels[:, rows, columns], valid[rows, columns] = read(inner)
        return pixels, valid

    def close(self) -> None:
        """Let go of the files."""
        while self._readers:
            self._readers.popitem()[1].close()

    def _read_mosaic(self, window: Window) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        areas = [(p, p.extent.intersection(window)) for p in self.plan.placements]
        areas = [(p, area) for p, area in areas if not area.is_empty()]
        if len(areas) == 1 and areas[0][1] == window and areas[0][0].method == "copy":
            parts = self._reader(areas[0][0]).read_parts(window)
            return parts.pixels, apply_rule(parts, self.plan.spec.nodata_rule, self._alpha_bands)
        pixels, valid = self._blank(window)
        held = np.zeros_like(valid)
        for placement, area in areas:
            here = area.slices_in(window)
            if valid[here].all():
                continue
            parts = self._reader(placement).read_parts(area)
            good = apply_rule(parts, self.plan.spec.nodata_rule, self._alpha_bands)
            covered = parts.inside if placement.method == "warp" else True
            # Where no file is valid, the first one's own pixel stays: copies are untouched.
            take = np.where(good, ~valid[here], covered & ~held[here])
            np.copyto(pixels[:, *here], parts.pixels, where=take)
            held[here] |= take
            valid[here] |= good
        return pixels, valid

    def _read_stack(self, window: Window) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        pixels, _ = self._blank(window)
        inside = np.ones((window.height, window.width), dtype=np.bool_)
        data = np.ones(pixels.shape, dtype=np.bool_)
        for placement in self.plan.placements:
            area = placement.extent.intersection(window)
            mine = np.zeros_like(inside)
            if not area.is_empty():
                parts = self._reader(placement).read_parts(area)
                rows, columns = here = area.slices_in(window)
                covered = parts.inside if placement.method == "warp" else True
                for number, band in enumerate(placement.layer_bands):
                    np.copyto(pixels[band][here], parts.pixels[number], where=covered)
                    if parts.data is not None:
                        data[band, rows, columns] = parts.data[number]
                mine[here] = parts.inside
            inside &= mine
        parts = Parts(pixels, inside, data)
        return pixels, apply_rule(parts, self.plan.spec.nodata_rule, self._alpha_bands)

    def _blank(self, window: Window) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        shape = (max(window.height, 0), max(window.width, 0))
        pixels = np.full((self.profile.count, *shape), self.profile.fill, self.profile.dtype)
        return pixels, np.zeros(shape, dtype=np.bool_)

    def _reader(self, placement: Placement) -> _Reader:
        if placement in self._readers:
            self._readers.move_to_end(placement)
            return self._readers[placement]
        source = FileSource(placement.path, bands=placement.bands, nodata=placement.nodata)
        reader: _Reader = _Copy(source, placement.offset)
        if placement.operation is not None:
            reader = WarpedFile(source, self.grid, placement.operation, placement.resampling)
        self._readers[placement] = reader
        while len(self._readers) > OPEN_FILES:
            self._readers.popitem(last=False)[1].close()
        return reader
