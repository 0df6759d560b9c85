"""The images beside the labels: 8-bit PNG or JPEG, or the chip's GeoTIFF byte for byte."""

import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from polychip.errors import FormatError
from polychip.formats.chip import SourceChip
from polychip.formats.picture import Picture
from polychip.formats.preparation import Preparation
from polychip.formats.source import Source
from polychip.io.png import encode_png
from polychip.io.raster import gdal_env

Kind = Literal["png", "jpeg", "tiff"]
_SUFFIX: dict[str, str] = {"png": ".png", "jpeg": ".jpg", "tiff": ".tif"}
_QUALITY = 95


@dataclass(frozen=True, slots=True)
class ImageWriter:
    """Writes a chip's image."""

    kind: str
    layer: str
    picture: Picture | None
    """How it is drawn; None: the GeoTIFF is copied."""

    @property
    def suffix(self) -> str:
        """'.png', '.jpg' or '.tif'."""
        return _SUFFIX[self.kind]

    def write(self, chip: SourceChip, path: Path) -> None:
        """Write the image to a path; its folder must be there."""
        if self.picture is None:
            shutil.copyfile(chip.path(chip.source.image_kind(self.layer)), path)
        else:
            path.write_bytes(self.encode(chip))

    def encode(self, chip: SourceChip) -> bytes:
        """The image as a file's bytes."""
        if self.picture is None:
            return chip.path(chip.source.image_kind(self.layer)).read_bytes()
        rgb = self.picture.draw_rgb(chip)
        return encode_jpeg(rgb) if self.kind == "jpeg" else encode_png(rgb)

    def facts(self, source: Source) -> dict[str, Any]:
        """For conversion.json."""
        if self.picture is None:
            return {"images": "geotiff", "layer": self.layer}
        return {"images": self.kind, "picture": self.picture.told(source.band_names(self.layer))}


def image_writer(preparation: Preparation, default: Kind = "png") -> ImageWriter:
    """The writer that `--set images=png|jpeg|tiff`, --layer, --bands and --stretch ask for.

    Raises:
        FormatError: they can't be had.
    """
    kind = preparation.option("images", default, tuple(_SUFFIX))
    if kind != "tiff":
        picture = preparation.picture()
        if len(picture.bands) not in (1, 3):
            raise FormatError(
                f"{preparation.name}: a picture has one band or three, not {len(picture.bands)}; "
                "name three (--bands), or keep the GeoTIFF (--set images=tiff)"
            )
        return ImageWriter(kind, preparation.layer(), picture)
    if preparation.options.bands is not None:
        raise FormatError(
            f"{preparation.name}: images=tiff copies the chips as they are, all bands; leave "
            "--bands out, or draw 8-bit pictures (--set images=png)"
        )
    return ImageWriter(kind, preparation.layer(), None)


def encode_jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """A picture (height, width, 3) as JPEG of quality 95."""
    height, width, _ = rgb.shape
    with gdal_env(), warnings.catch_warnings(), rasterio.MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a picture has no place
        with memory.open(
            driver="JPEG", height=height, width=width, count=3, dtype="uint8", quality=_QUALITY
        ) as file:
            file.write(rgb.transpose(2, 0, 1))
        data: bytes = memory.read()
    return data
