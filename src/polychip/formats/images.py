"""The images beside the labels: 8-bit PNG, or the chip's GeoTIFF byte for byte."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polychip.errors import FormatError
from polychip.formats.chip import SourceChip
from polychip.formats.picture import Picture
from polychip.formats.preparation import Preparation
from polychip.formats.source import Source
from polychip.io.png import encode_png


@dataclass(frozen=True, slots=True)
class ImageWriter:
    """Writes a chip's image."""

    layer: str
    picture: Picture | None
    """How it is drawn; None: the GeoTIFF is copied."""

    @property
    def suffix(self) -> str:
        """'.png' or '.tif'."""
        return ".tif" if self.picture is None else ".png"

    def write(self, chip: SourceChip, path: Path) -> None:
        """Write the image to a path; its folder must be there."""
        if self.picture is None:
            shutil.copyfile(chip.path(chip.source.image_kind(self.layer)), path)
        else:
            path.write_bytes(encode_png(self.picture.draw_rgb(chip)))

    def facts(self, source: Source) -> dict[str, Any]:
        """For conversion.json."""
        if self.picture is None:
            return {"images": "geotiff", "layer": self.layer}
        return {"images": "png", "picture": self.picture.told(source.band_names(self.layer))}


def image_writer(preparation: Preparation, default: str = "png") -> ImageWriter:
    """The writer that `--set images=png|tiff`, --layer, --bands and --stretch ask for.

    Raises:
        FormatError: they can't be had.
    """
    kind = preparation.option("images", default, ("png", "tiff"))
    if kind == "png":
        return ImageWriter(preparation.layer(), preparation.picture())
    if preparation.options.bands is not None:
        raise FormatError(
            f"{preparation.name}: images=tiff copies the chips as they are, all bands; leave "
            "--bands out, or draw 8-bit pictures (--set images=png)"
        )
    return ImageWriter(preparation.layer(), None)
