"""A model's predictions: one raster a chip, found by the chip's name."""

import functools
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from polychip.errors import InputError, some
from polychip.io.raster import gdal_env
from polychip.polygons.chips import SceneChips

SUFFIXES = (".tif", ".tiff", ".png", ".npy")
_CACHED = 24
"""Files kept, so that chips which overlap or span blocks are read once or twice."""


class PredictionFolder:
    """Rasters below a folder, by the name of the chip."""

    def __init__(self, folder: Path) -> None:
        """List the folder.

        Raises:
            InputError: there is no folder, or no raster in it.
        """
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder of predictions; check the path")
        self.folder = folder
        self._by_stem: dict[str, list[str]] = {}
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in SUFFIXES:
                name = path.relative_to(folder).as_posix()
                self._by_stem.setdefault(path.stem, []).append(name)
        self.n_files = sum(map(len, self._by_stem.values()))
        if not self.n_files:
            raise InputError(
                f"{folder}: holds no predictions; expected a raster ({', '.join(SUFFIXES)}) a "
                "chip, named like the chip"
            )

    def of_scene(self, chips: SceneChips, *, several: bool) -> "PredictionFiles":
        """The files of a scene's chips.

        Args:
            chips: the scene's.
            several: whether the dataset has several scenes, whose chips may share names; then a
                file must lie in a folder named like its scene.

        Raises:
            InputError: a chip has several files.
        """
        found: dict[int, str] = {}
        for index, chip_id in enumerate(chips.ids.to_pylist()):
            names = self._by_stem.get(chip_id, [])
            if several:
                names = [name for name in names if chips.name in Path(name).parts[:-1]]
            if len(names) > 1:
                raise InputError(
                    f"{self.folder}: chip {chip_id} of scene {chips.name} has {len(names)} files "
                    f"({some(names)}); one was expected: give the folder that holds one kind only"
                )
            if names:
                found[index] = names[0]
        return PredictionFiles(self.folder, chips, found)


class PredictionFiles:
    """The predictions of one scene's chips, by the chip's number."""

    def __init__(self, folder: Path, chips: SceneChips, found: dict[int, str]) -> None:
        self._folder = folder
        self._chips = chips
        self._found = found
        self.read = functools.lru_cache(maxsize=_CACHED)(self._read)
        """(bands, height, width) of a chip, as they are in the file."""

    def __len__(self) -> int:
        """How many chips have a prediction."""
        return len(self._found)

    def has(self, chip: int) -> bool:
        """Whether a chip has one."""
        return chip in self._found

    def path(self, chip: int) -> Path:
        """Where a chip's lies."""
        return self._folder / self._found[chip]

    def missing(self) -> Sequence[str]:
        """Names of the chips that have none."""
        return [self._chips.chip_id(i) for i in range(len(self._chips)) if i not in self._found]

    def first(self) -> NDArray[Any] | None:
        """The first chip's prediction; None when there is none."""
        return self.read(min(self._found)) if self._found else None

    def _read(self, chip: int) -> NDArray[Any]:
        path, place = self.path(chip), self._chips.window(chip)
        pixels = _pixels(path)
        if pixels.shape[1:] != (place.height, place.width):
            raise InputError(
                f"{path}: {pixels.shape[1]} × {pixels.shape[2]} px (height × width), its chip has "
                f"{place.height} × {place.width}; predict on the whole chip, and store arrays as "
                "(bands, height, width) or (height, width)"
            )
        return pixels


def _pixels(path: Path) -> NDArray[Any]:
    """All bands, (bands, height, width)."""
    try:
        if path.suffix.lower() == ".npy":
            pixels = np.load(path, allow_pickle=False)
            pixels = pixels[None] if pixels.ndim == 2 else pixels
        else:
            with warnings.catch_warnings():  # the chip says where it is, not the prediction
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                with gdal_env(), rasterio.open(path) as file:
                    pixels = file.read()
    except (RasterioError, OSError, ValueError) as error:
        raise InputError(f"{path}: can't be read ({error}); write the prediction anew") from error
    if pixels.ndim != 3:
        raise InputError(
            f"{path}: an array of {pixels.ndim} dimensions; expected (bands, height, width) or "
            "(height, width)"
        )
    return np.asarray(pixels)
