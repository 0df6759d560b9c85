"""The dataset's own GeoTIFFs beside a catalogue: copied into its folder, or pointed at."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polychip.errors import FormatError
from polychip.formats.chip import SourceChip
from polychip.formats.preparation import Preparation

GEOTIFF = "image/tiff; application=geotiff"


@dataclass(frozen=True, slots=True)
class ChipFiles:
    """Where a catalogue's files are; paths below the folder are the dataset's own."""

    copied: bool

    def write(self, chip: SourceChip, out: Path) -> None:
        """Copy a chip's files, all layers and masks, to where the dataset has them."""
        if not self.copied:
            return
        for kind in listed(chip):
            target = out / chip.row["files"][kind]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(chip.path(kind), target)

    def href(self, chip: SourceChip, kind: str, out: Path, folder: str = ".") -> str:
        """The relative path to a file, as seen from a folder below `out`.

        Raises:
            FormatError: the dataset lies on another drive, so that nothing leads there.
        """
        name = chip.row["files"][kind]
        if self.copied:
            return Path(os.path.relpath(name, folder)).as_posix()
        path, seen_from = chip.source.folder.resolve() / name, out.parent.resolve() / out.name
        try:
            return Path(os.path.relpath(path, seen_from / folder)).as_posix()
        except ValueError:
            raise FormatError(
                f"{chip.source.folder}: no relative path leads there from the output's drive; "
                "write to the dataset's drive, or copy the files (--set files=copy)"
            ) from None

    def facts(self) -> dict[str, Any]:
        """For conversion.json."""
        return {"files": "copy" if self.copied else "reference"}


def chip_files(preparation: Preparation) -> ChipFiles:
    """What `--set files=copy|reference` asks for."""
    return ChipFiles(preparation.option("files", "copy", ("copy", "reference")) == "copy")


def listed(chip: SourceChip) -> list[str]:
    """The kinds of files that a chip has: images first, then masks."""
    kinds = [kind for kind, name in chip.row["files"].items() if name]
    return sorted(kinds, key=lambda kind: (not is_image(kind), kind != "semantic"))


def is_image(kind: str) -> bool:
    """Whether a kind of file is imagery, not a mask."""
    return kind.startswith("image")


def layer_of(kind: str) -> str:
    """The name of an image file's layer."""
    return kind.removeprefix("image_")


def size_and_hash(chip: SourceChip, kind: str) -> tuple[int, str]:
    """Bytes, and the SHA-256 (hex) that the dataset's index holds."""
    hashes: Mapping[str, str] = chip.row["sha256"]
    return chip.path(kind).stat().st_size, str(hashes[kind])
