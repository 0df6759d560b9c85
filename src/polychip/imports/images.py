"""The georeferenced images that annotations belong to, found by name."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from polychip.errors import InputError, some
from polychip.grid import Grid
from polychip.io.raster import inspect_file

SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".jp2", ".vrt", ".img", ".bmp", ".webp")


class Images:
    """Rasters that were given, or lie below folders that were given."""

    def __init__(self, given: Sequence[Path]) -> None:
        """List the folders.

        Raises:
            InputError: something is not there, or there is no raster.
        """
        self._given = tuple(given)
        self._by_name: dict[str, list[Path]] = {}
        self._by_stem: dict[str, list[Path]] = {}
        self._files: list[Path] = []
        for path in given:
            if path.is_dir():
                found = [p for p in sorted(path.rglob("*")) if p.suffix.lower() in SUFFIXES]
            elif path.exists():
                found = [path]
            else:
                raise InputError(f"{path}: no such image or folder; check --images")
            self._files += [file for file in found if file not in self._files]
        if not self._files:
            raise InputError(f"{some(given)}: no images there ({', '.join(SUFFIXES)})")
        for file in self._files:
            self._by_name.setdefault(file.name, []).append(file)
            self._by_stem.setdefault(file.stem, []).append(file)

    def only(self) -> Path | None:
        """The image, where there is one only."""
        return self._files[0] if len(self._files) == 1 else None

    def locate(self, name: str) -> tuple[Grid | None, str]:
        """The grid of the image of a name, or None and why there is none.

        Tried are the path below a folder that was given, also with another suffix (annotations of
        a .png beside the .tif it was made of), the file's name anywhere below, and its name with
        another suffix. A file without a georeference counts only when there is no other.
        """
        plain = PurePosixPath(name.replace("\\", "/"))
        below = [root / plain for root in self._given if (root / plain).is_file()]
        stem = plain.stem if plain.suffix.lower() in SUFFIXES else plain.name
        paths = [p for p in self._by_stem.get(stem, []) if _ends_alike(p, plain, stem)]
        places = [root / plain.parent for root in self._given]
        there = [path for path in paths if path.parent in places]
        named = self._by_name.get(plain.name, [])
        groups = (below, there, named, paths, self._by_stem.get(stem, []))
        reason = ""
        for group in groups:
            grids = []
            for path in group:
                try:
                    grids.append((path, inspect_file(str(path)).grid))
                except InputError as error:
                    reason = reason or str(error)
            if len(grids) == 1:
                return grids[0][1], ""
            if grids:
                listed = some(path for path, _ in grids)
                return None, f"{name}: {len(grids)} images have that name ({listed})"
        return None, reason or f"{name}: no image of that name below {some(self._given)}"


def _ends_alike(path: Path, name: PurePosixPath, stem: str) -> bool:
    """Whether the folders above a file are those of the name."""
    wanted = (*name.parts[:-1], stem)
    return (*path.parts[:-1], path.stem)[-len(wanted) :] == wanted
