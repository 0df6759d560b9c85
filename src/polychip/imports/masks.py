"""Folders of index rasters: a class code a pixel, perhaps an object's number beside it."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from polychip.errors import InputError
from polychip.grid import Grid
from polychip.imports.annotation import Account, Annotation, ImageAnnotations
from polychip.imports.class_names import mask_names
from polychip.imports.rings import mask_shape, value_shapes
from polychip.io.raster import gdal_env
from polychip.polygons.components import NOTHING

SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".gif")
BACKGROUND, VOID = 0, 255
Piece = tuple[int, shapely.Geometry, int | None]
"""Class code, shape in pixels, object number."""


class MaskSource:
    """Class rasters named like their images; 0 is background, 255 void (nobody said).

    With a folder of object rasters each object is one annotation, else each connected region.
    """

    def __init__(self, folder: Path, classes: str | None, objects: Path | None = None) -> None:
        """List the folder.

        Raises:
            InputError: there is no folder, or no raster in it.
        """
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; expected index rasters, one an image")
        self._names = mask_names(folder, classes)
        self._files = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in SUFFIXES]
        if not self._files:
            raise InputError(f"{folder}: no index rasters ({', '.join(SUFFIXES)}), one an image")
        self._folder, self._objects = folder, objects
        self.image_names = [p.relative_to(folder).with_suffix("").as_posix() for p in self._files]

    def read(self, index: int, grid: Grid, account: Account) -> ImageAnnotations:
        """The annotations of an image.

        Raises:
            InputError: a raster can't be read, or is of another size than the image.
        """
        del account
        path, name = self._files[index], self.image_names[index]
        codes = _index_raster(path, grid)
        unknown = mask_shape(codes == VOID)
        pieces: list[Piece]
        if self._objects is None:
            regions = np.where((codes == BACKGROUND) | (codes == VOID), NOTHING, codes)
            pieces = [(code, shape, None) for code, shape in value_shapes(regions)]
        else:
            pieces = self._object_pieces(path, codes, grid)
        found = []
        for number, (code, shape, instance) in enumerate(pieces, 1):
            class_name = self._names.get(code, None if self._names else str(code))
            if class_name is None:
                raise InputError(
                    f"{path}: pixels have code {code}, for which there is no name (known are "
                    f"{sorted(self._names)}); correct the list (--classes)"
                )
            instance_id = None if instance is None else f"{name}:{instance}"
            source_id = instance_id or f"{name}:{number}"
            found.append(Annotation(shape, class_name, str(code), source_id, instance_id))
        return ImageAnnotations(found, unknown)

    def _object_pieces(self, path: Path, codes: NDArray[np.int32], grid: Grid) -> list[Piece]:
        """Class, shape and number of each object; an object's class is that of its pixels."""
        beside = (self._objects or self._folder) / path.relative_to(self._folder)
        ids = _index_raster(beside, grid)
        pieces: list[Piece] = []
        inside = (ids != BACKGROUND) & (ids != VOID) & (codes != BACKGROUND) & (codes != VOID)
        for number in np.unique(ids[inside]).tolist():
            mask = inside & (ids == number)
            there, counts = np.unique(codes[mask], return_counts=True)
            shape = mask_shape(mask)
            if shape is not None:
                pieces.append((int(there[counts.argmax()]), shape, number))
        rest = ~inside & (codes != BACKGROUND) & (codes != VOID)
        pieces += [(c, s, None) for c, s in value_shapes(np.where(rest, codes, NOTHING))]
        return pieces


def _index_raster(path: Path, grid: Grid) -> NDArray[np.int32]:
    """The only band of a raster, which must have the image's size."""
    try:
        with warnings.catch_warnings():  # the image says where it is
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with gdal_env(), rasterio.open(path) as file:
                bands: NDArray[Any] = file.read()
    except RasterioError as error:
        raise InputError(f"{path}: can't be read ({error})") from error
    if len(bands) != 1 or bands.dtype.kind not in "iub":
        raise InputError(
            f"{path}: {len(bands)} bands of {bands.dtype}; expected one band of class codes (an "
            "index or palette raster, not colours)"
        )
    if bands.shape[1:] != grid.shape:
        raise InputError(
            f"{path}: {bands.shape[1]} × {bands.shape[2]} px (height × width), its image has "
            f"{grid.height} × {grid.width}; give the image that was annotated"
        )
    return np.asarray(bands[0], dtype=np.int32)
