"""One chip as a format sees it: its rows, and its pixels when they are asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from polychip.errors import FormatError, InputError
from polychip.formats.source import DEFAULT_SPLIT, Source


@dataclass(frozen=True, slots=True)
class SourceChip:
    """A chip of the dataset. Pixels are read from disk at each call: keep what you need twice.

    Whoever reads many does so inside `gdal_env`, which costs more than a small chip does.
    """

    source: Source
    number: int
    """Place in the index, from 0."""
    row: Mapping[str, Any]
    """Its row in chips.parquet."""
    objects: Sequence[Mapping[str, Any]]
    """Its rows in instances.parquet, wholly hidden objects (local_id 0) included."""

    @property
    def chip_id(self) -> str:
        """Its id; scenes of one group share ids."""
        return str(self.row["chip_id"])

    @property
    def scene(self) -> str:
        """The scene's name."""
        return str(self.row["scene"])

    @property
    def stem(self) -> str:
        """A file name without suffix that no other chip of the dataset has."""
        return f"{self.scene}_r{self.row['row']:07d}_c{self.row['col']:07d}"

    @property
    def split(self) -> str:
        """Its split; the default one in a dataset without splits."""
        return str(self.row["split"] or DEFAULT_SPLIT)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return int(self.row["height"]), int(self.row["width"])

    @property
    def inside(self) -> tuple[slice, slice]:
        """(rows, columns) of the chip that lie on the image; the rest is padding."""
        scene = self.source.scenes[self.scene]
        (height, width), x, y = self.shape, int(self.row["x_off"]), int(self.row["y_off"])
        return (
            slice(max(0, -y), min(height, int(scene["height"]) - y)),
            slice(max(0, -x), min(width, int(scene["width"]) - x)),
        )

    @property
    def transform(self) -> Affine:
        """Pixel (column, row) of the chip to CRS coordinates, corner convention."""
        whole = self.source.scene_transform(self.scene)
        return whole * Affine.translation(self.row["x_off"], self.row["y_off"])

    @property
    def crs_wkt(self) -> str:
        """The CRS of its grid."""
        return str(self.source.scenes[self.scene]["crs_wkt"])

    def path(self, kind: str) -> Path:
        """Its file of a kind: 'semantic', 'instance', 'image' or 'image_LAYER'.

        Raises:
            InputError: the index lists none.
        """
        name = self.row["files"].get(kind)
        if not name:
            raise InputError(f"{self}: the index lists no {kind} file; run polychip verify")
        return self.source.folder / str(name)

    def semantic(self) -> NDArray[np.generic]:
        """(height, width) class codes, background and ignore included."""
        mask: NDArray[np.generic] = self._read("semantic")[0][0]
        return mask

    def instance(self) -> NDArray[np.generic]:
        """(height, width) local ids, 0 = none."""
        mask: NDArray[np.generic] = self._read("instance")[0][0]
        return mask

    def image(self, layer: str, bands: Sequence[int] | None = None) -> NDArray[np.generic]:
        """(bands, height, width) of a layer, the source's dtype.

        Args:
            layer: its name.
            bands: indices from 0; None: all.
        """
        return self._read(self.source.image_kind(layer), bands)[0]

    def samples(
        self, layer: str, bands: Sequence[int] | None = None
    ) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """A layer's pixels and where each sample has data, both (bands, height, width).

        Without data: padding, the file's nodata value, NaN.
        """
        pixels, nodata = self._read(self.source.image_kind(layer), bands)
        valid = np.zeros(pixels.shape, dtype=bool)
        rows, columns = self.inside
        valid[:, rows, columns] = True
        if pixels.dtype.kind in "fc":
            valid &= np.isfinite(pixels)
        if nodata is not None and nodata == nodata:  # noqa: PLR0124 - NaN
            valid &= pixels != nodata
        return pixels, valid

    def refused(self, what: str, way_out: str) -> FormatError:
        """The error for a chip that a format can't hold; raise it."""
        return FormatError(f"chip {self}: {what}; {way_out}")

    def __str__(self) -> str:
        """For messages."""
        return f"{self.scene}/{self.chip_id}"

    def _read(
        self, kind: str, bands: Sequence[int] | None = None
    ) -> tuple[NDArray[np.generic], float | None]:
        path = self.path(kind)
        try:
            with rasterio.open(path) as file:
                wanted = None if bands is None else [band + 1 for band in bands]
                pixels: NDArray[np.generic] = file.read(wanted)
                nodata: float | None = file.nodata
        except RasterioError as error:
            raise InputError(f"{path}: can't be read ({error}); run polychip verify") from error
        if pixels.shape[1:] != self.shape:
            raise InputError(
                f"{path}: {pixels.shape[1:]} px, the index says {self.shape}; the dataset was "
                "changed after it was built: run polychip verify"
            )
        return pixels, nodata
