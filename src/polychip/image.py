"""What an image layer is, apart from where it is stored; pure values."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from polychip.grid import Grid, Window

Combine = Literal["single", "mosaic", "stack"]
NodataRule = Literal["all", "any"]


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """An image layer as the recipe asks for it; paths are absolute, nothing was opened yet."""

    name: str
    """Folder name of the layer; '' for a scene's only layer."""
    files: tuple[str, ...]
    combine: Combine = "single"
    """One file, files side by side, or files (bands) on top of each other."""
    bands: tuple[int | str, ...] | None = None
    """Bands by number from 1 or by description, in the wanted order; None: all."""
    nodata: float | None = None
    """Nodata value that the files don't declare; overrides what they do declare."""
    nodata_rule: NodataRule = "all"
    """A pixel is nodata when all bands are, or when any is."""
    resampling: str = "bilinear"
    """GDAL's name, where pixels must be resampled."""
    categorical: bool = False
    """Values are codes: always resampled by nearest."""


@dataclass(frozen=True, slots=True)
class ImageProfile:
    """What a chip keeps of its source besides the pixels. Tuples have an entry a band."""

    dtype: str
    """numpy's name, complex included."""
    count: int
    """Number of bands."""
    nodata: float | None
    """The value of pixels without data (may be NaN); None when there is none."""
    descriptions: tuple[str | None, ...]
    colorinterp: tuple[str, ...]
    """GDAL's names in lower case: 'red', 'gray', 'alpha', 'undefined', …"""
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    units: tuple[str | None, ...]
    colormap: tuple[tuple[int, int, int, int], ...] | None = None
    """RGBA of the values 0, 1, 2, …, for a paletted single band."""

    @property
    def fill(self) -> float:
        """What padding holds: the nodata value, else 0."""
        return 0 if self.nodata is None else self.nodata


class ImageSource(Protocol):
    """Pixels on one grid, whatever files they come from. Not shared between processes."""

    grid: Grid
    profile: ImageProfile

    def read(self, window: Window) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """Pixels (bands, height, width) and where they are valid (height, width).

        The window may reach beyond the grid: there pixels hold `profile.fill` and aren't valid.

        Raises:
            InputError: the file can't be read there; the message names file and window.
        """

    def close(self) -> None:
        """Let go of the files."""
