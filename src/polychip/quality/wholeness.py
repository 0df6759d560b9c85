"""Is everything there, and nothing else: the manifest, the files and their checksums."""

import hashlib
import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from polychip.errors import PolychipError, some
from polychip.format_list import CHIPS, INSTANCES
from polychip.quality.rows import ChipRow
from polychip.quality.verdict import Check, Findings
from polychip.recipe import load_recipe
from polychip.state import STATE
from polychip.statistics import BandSums, Counts
from polychip.tables import NO_SPLIT, TRAIN

_PART = re.compile(r"\..*\.part(-journal|-wal|-shm)?")


class ManifestCheck:
    """The manifest against what the index, row by row, says."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any], layers: list[str]) -> None:
        """Nothing is counted yet."""
        self.found = Findings("manifest")
        self._folder, self._manifest, self._layers = folder, manifest, layers
        self._digest = hashlib.sha256()
        self._counts = Counts()
        self._bands = {layer: BandSums() for layer in layers}
        self._train = {layer: BandSums() for layer in layers}

    def add(self, row: ChipRow) -> None:
        """Count a chip."""
        sums = row.sha256
        for kind, path in row.files.items():
            self._digest.update(f"{sums.get(kind)}  {path}\n".encode())
        n_instances = int(row.values["n_instances"] or 0)
        self._counts.add(row.scene, row.split or NO_SPLIT, row.pixels, n_instances)
        for layer in self._layers:
            self._bands[layer].add(row.band_sums(layer))
            if row.split == TRAIN:
                self._train[layer].add(row.band_sums(layer))

    def check(self) -> Check:
        """The result, once all chips were counted."""
        self._check_digest()
        self._check_counts()
        for key, sums in (("bands", self._bands), ("bands_train", self._train)):
            self._check_bands(key, sums)
        try:
            load_recipe(self._folder / "recipe.toml")
        except PolychipError as error:
            self.found.wrong(str(error))
        return self.found.check(f"digest and counts of {self._counts.n_chips} chips agree")

    def _check_digest(self) -> None:
        lists = sorted(f"splits/{path.name}" for path in self._folder.glob("splits/*.txt"))
        for name in (CHIPS, INSTANCES, *lists):
            path = self._folder / name
            if path.exists():
                with path.open("rb") as file:
                    sha = hashlib.file_digest(file, "sha256").hexdigest()
                self._digest.update(f"{sha}  {name}\n".encode())
        found = f"sha256:{self._digest.hexdigest()}"
        if found != self._manifest.get("digest"):
            told = str(self._manifest.get("digest"))
            self.found.wrong(
                "the tables or split lists were changed after the dataset was built: their "
                f"digest is {found[:19]}…, the manifest says {told[:19]}…"
            )

    def _check_counts(self) -> None:
        told = self._manifest.get("counts", {})
        counts = self._counts
        known = {
            "chips": counts.n_chips,
            "by_split": dict(counts.n_by_split),
            "by_scene": dict(counts.n_by_scene),
            "pixels": {str(code): n for code, n in counts.pixels.items()},
            "pixels_by_split": {
                split: {str(code): n for code, n in pixels.items()}
                for split, pixels in counts.pixels_by_split.items()
            },
            "object_views": counts.n_object_views,
        }
        for key, value in known.items():
            if _without_zeros(told.get(key)) != _without_zeros(value):
                self.found.wrong(f"counts.{key} is {told.get(key)}, the index gives {value}")

    def _check_bands(self, key: str, sums: Mapping[str, BandSums]) -> None:
        told = self._manifest.get(key, {})
        for layer, known in sums.items():
            entries = told.get(layer or "image", [])
            if any(not math.isfinite(v) for e in entries for v in e.values() if _is_float(v)):
                self.found.wrong(f"{key} of layer '{layer or 'image'}' holds what is no number")
                continue
            expected = known.result()
            if len(entries) != len(expected) or any(
                not _alike(entry.get(name, math.nan), value)
                for entry, band in zip(entries, expected, strict=False)
                for name, value in band.items()
            ):
                self.found.wrong(f"{key} of layer '{layer or 'image'}' differs from the index")


def _alike(told: float | None, known: float | None) -> bool:
    """Whether two statistics agree; a band without data has None for both."""
    if told is None or known is None:
        return told is known
    return math.isclose(told, known, rel_tol=1e-12)


def _is_float(value: object) -> TypeGuard[float]:
    return isinstance(value, float)


def _without_zeros(value: Any) -> Any:
    if isinstance(value, Mapping):
        inner = {key: _without_zeros(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item not in (0, {})}
    return value


class FilesCheck:
    """The files on disk against those of the index. Paths are kept as 8 bytes each."""

    def __init__(self, folder: Path, n_chips: int, kinds: int) -> None:
        """Nothing is known yet."""
        self.found = Findings("files")
        self._folder = folder
        self._known: NDArray[np.uint64] = np.zeros(n_chips * kinds, dtype=np.uint64)
        self._n = 0

    def add(self, row: ChipRow) -> bool:
        """Note a chip's files; returns whether all are there."""
        files, whole = row.files, True
        absent = [kind for kind, path in row.values["files"].items() if not path]
        if absent:
            self.found.wrong(f"{row}: the index names no file for {some(absent)}")
        for path in files.values():
            self._known[self._n] = _short(path)
            self._n += 1
            if not (self._folder / path).is_file():
                self.found.wrong(f"{path} is missing")
                whole = False
        return whole and not absent

    def check(self) -> Check:
        """The result, once all chips were added."""
        known = np.sort(self._known[: self._n])
        if (known[1:] == known[:-1]).any():
            self.found.wrong("the index names a file twice")
        for names in _files_below(self._folder):
            shorts = np.array([_short(name) for name in names], dtype=np.uint64)
            for index in np.flatnonzero(~_is_among(shorts, known)).tolist():
                self.found.wrong(f"{names[index]} is in the folder, but not in the index")
        for part in sorted(self._leftovers()):
            self.found.wrong(f"{part} is left over from a run that broke off")
        return self.found.check(f"all {self._n} files are there, and no others")

    def _leftovers(self) -> Iterator[str]:
        for root, folders, names in os.walk(self._folder):
            if Path(root) == self._folder and STATE in folders:
                folders.remove(STATE)
            for name in names:
                if _PART.fullmatch(name):
                    yield (Path(root) / name).relative_to(self._folder).as_posix()


def _short(path: str) -> int:
    return int.from_bytes(hashlib.blake2b(path.encode(), digest_size=8).digest(), "big")


def _is_among(values: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which values are among the known, which are sorted: looked up, for there may be millions."""
    if not len(known):
        return np.zeros(len(values), dtype=np.bool_)
    places = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.asarray(known[places] == values)


def _files_below(folder: Path) -> Iterator[list[str]]:
    """Files in images/ and masks/, a folder at a time; leftovers of a run aside."""
    for top in ("images", "masks"):
        for root, _, names in os.walk(folder / top):
            inside = Path(root).relative_to(folder)
            found = [(inside / name).as_posix() for name in names if not _PART.fullmatch(name)]
            if found:
                yield sorted(found)


class ChecksumCheck:
    """SHA-256 of each file against the index."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self.found = Findings("checksums")
        self._folder = folder

    def add(self, row: ChipRow) -> bool:
        """Read a chip's files; returns whether they are what was written."""
        sums, whole = row.sha256, True
        for kind, path in row.files.items():
            try:
                with (self._folder / path).open("rb") as file:
                    sha = hashlib.file_digest(file, "sha256").hexdigest()
            except FileNotFoundError:
                continue
            except OSError as error:
                self.found.wrong(f"{path} can't be read ({error.strerror or error})")
                whole = False
                continue
            self.found.n_checked += 1
            if sha != sums.get(kind):
                self.found.wrong(f"{path} was changed or damaged after it was written")
                whole = False
        return whole
