"""Images for ultralytics: RGB as PNG, other numbers of bands as 8-bit TIFF with a page a band."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polychip.formats.chip import SourceChip
from polychip.formats.picture import Picture
from polychip.formats.preparation import Preparation
from polychip.formats.source import Source
from polychip.io.pages import encode_pages
from polychip.io.png import encode_png


@dataclass(frozen=True, slots=True)
class YoloImages:
    """Writes a chip's image; 16-bit files would lose their low byte in the loader."""

    picture: Picture

    @property
    def channels(self) -> int:
        """What data.yaml says; one band is written as grey RGB, which pretrained weights take."""
        n = len(self.picture.bands)
        return 3 if n == 1 else n

    @property
    def suffix(self) -> str:
        """'.png' or '.tiff'."""
        return ".png" if self.channels == 3 else ".tiff"

    def write(self, chip: SourceChip, path: Path) -> None:
        """Write the image to a path."""
        if self.channels == 3:
            path.write_bytes(encode_png(self.picture.draw_rgb(chip)))
        else:
            path.write_bytes(encode_pages(self.picture.draw(chip)))

    def facts(self, source: Source) -> dict[str, Any]:
        """For conversion.json."""
        names = source.band_names(self.picture.layer)
        return {"channels": self.channels, "picture": self.picture.told(names)}


def yolo_images(preparation: Preparation) -> YoloImages:
    """RGB, or the bands that are asked for (`--bands all`)."""
    return YoloImages(preparation.picture())


def data_yaml(source: Source, names: dict[int, str], channels: int, **more: Any) -> dict[str, Any]:
    """What data.yaml says; without a split named val the loader is given another one."""
    splits = source.splits
    val = next((name for name in splits if name.startswith("val")), None)
    entries = {"train": "train" if "train" in splits else splits[0]}
    entries["val"] = val or next((n for n in splits if n != entries["train"]), entries["train"])
    if "test" in splits:
        entries["test"] = "test"
    paths = {key: f"images/{name}" for key, name in entries.items()}
    return {**paths, "channels": channels, **more, "names": names}
