"""The files of a chip against each other and against the index: grids, values, objects."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from polychip.crs import same_crs
from polychip.grid import Grid
from polychip.io.raster import gdal_env
from polychip.quality.coco import decode
from polychip.quality.rows import ChipRow
from polychip.quality.targets import target_problems
from polychip.quality.verdict import Findings

SEMANTIC = "semantic"
INSTANCE = "instance"
_INSTANCE_TYPES = ("uint16", "uint32")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the manifest says that every chip must keep to."""

    manifest: Mapping[str, Any]
    grids: Mapping[str, Grid]
    """By scene."""

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> "Facts":
        """From a manifest."""
        grids = {
            scene["name"]: Grid(
                scene["crs_wkt"], Affine(*scene["transform"]), scene["height"], scene["width"]
            )
            for scene in manifest["scenes"]
        }
        return cls(manifest, grids)

    @property
    def background(self) -> int:
        """The background's code."""
        return int(self.manifest["schema"]["background"])

    @property
    def ignore(self) -> int:
        """The code of what is not to be used."""
        return int(self.manifest["schema"]["ignore"])

    @property
    def context_px(self) -> int:
        """Outer pixels of each chip that are ignored."""
        return int(self.manifest.get("context_px", 0))

    @property
    def codes(self) -> NDArray[np.int64]:
        """All codes that a semantic mask may hold."""
        classes = [entry["code"] for entry in self.manifest["schema"]["classes"]]
        return np.unique(np.array([self.background, self.ignore, *classes], dtype=np.int64))

    @property
    def things(self) -> set[int]:
        """Codes of countable classes."""
        return {e["code"] for e in self.manifest["schema"]["classes"] if e["thing"]}

    def scene(self, name: str) -> Mapping[str, Any]:
        """A scene's entry."""
        return next(entry for entry in self.manifest["scenes"] if entry["name"] == name)


@dataclass(frozen=True, slots=True)
class ChipFile:
    """One file of a chip as it lies on disk."""

    kind: str
    crs_wkt: str
    transform: Affine
    dtype: str
    nodata: tuple[float | None, ...]
    pixels: NDArray[np.generic]
    """(bands, height, width)."""


def read_files(folder: Path, row: ChipRow) -> dict[str, ChipFile]:
    """All files of a chip, read as any user would.

    Raises:
        RasterioError: a file is no raster.
    """
    files = {}
    for kind, path in row.files.items():
        with gdal_env(), rasterio.open(folder / path) as file:
            crs = file.crs.to_wkt() if file.crs else ""
            files[kind] = ChipFile(
                kind, crs, file.transform, file.dtypes[0], tuple(file.nodatavals), file.read()
            )
    return files


class PixelCheck:
    """Alignment of a chip's files, and what they may hold."""

    def __init__(self, folder: Path, facts: Facts, loose: Collection[str] = ()) -> None:
        """Nothing is read yet.

        Args:
            folder: the dataset.
            facts: what the manifest says.
            loose: scenes where countable classes may come from rasters, which hold no objects.
        """
        self._loose = loose
        self.alignment, self.values = Findings("alignment"), Findings("values")
        self._folder, self._facts = folder, facts
        self.instance_dtypes: set[str] = set()
        """Types of the instance masks so far."""
        self._codes = facts.codes
        self._things = facts.things

    def add(self, row: ChipRow, objects: list[dict[str, Any]] | None) -> dict[str, ChipFile] | None:
        """Look at a chip; returns its files, None when they can't be compared.

        Args:
            row: its row in the index.
            objects: its rows in the table of objects; None when that table is of no use.
        """
        grid = self._facts.grids.get(row.scene)
        if grid is None:
            self.alignment.wrong(f"{row}: the manifest knows no scene '{row.scene}'")
            return None
        try:
            files = read_files(self._folder, row)
        except RasterioError as error:
            self.values.wrong(f"{row}: a file can't be read as an image ({error})")
            return None
        self.alignment.n_checked += 1
        aligned = [self._is_aligned(row, grid, file) for file in files.values()]
        if not all(aligned) or SEMANTIC not in files:
            return None
        self.values.n_checked += 1
        inside = grid.window.intersection(row.window).slices_in(row.window)
        self._check_images(row, files, inside)
        self._check_semantic(row, files[SEMANTIC], inside)
        if INSTANCE in files and objects is not None:
            self._check_instances(row, files, objects)
        self._check_targets(row, files)
        return files

    def _is_aligned(self, row: ChipRow, grid: Grid, file: ChipFile) -> bool:
        window, path = row.window, row.files[file.kind]
        wrong = []
        if file.pixels.shape[1:] != (window.height, window.width):
            shape = " × ".join(map(str, file.pixels.shape[1:]))
            wrong.append(f"is {shape} px, the index says {window.height} × {window.width}")
        expected = grid.window_transform(window)
        if tuple(file.transform)[:6] != tuple(expected)[:6]:
            x, y = grid.to_pixels(np.array([file.transform.c]), np.array([file.transform.f]))[0]
            wrong.append(
                f"lies elsewhere: its geotransform {tuple(file.transform)[:6]} is not "
                f"{tuple(expected)[:6]} (corner off by {x - window.x_off:.4g}, "
                f"{y - window.y_off:.4g} px)"
            )
        if not file.crs_wkt or not same_crs(file.crs_wkt, grid.crs_wkt):
            wrong.append("has another CRS than its scene")
        for text in wrong:
            self.alignment.wrong(f"{path} {text}")
        return not wrong

    def _check_images(
        self, row: ChipRow, files: Mapping[str, ChipFile], inside: tuple[slice, slice]
    ) -> None:
        """Type, nodata and bands of the images, and what their padding holds."""
        layers = self._facts.scene(row.scene)["layers"]
        for kind, file in files.items():
            if not kind.startswith("image"):
                continue
            told = layers.get(kind.removeprefix("image_"))
            if (
                told is None
                or told["dtype"] != file.dtype
                or len(told["bands"]) != len(file.pixels)
            ):
                self.values.wrong(f"{row.files[kind]} has other bands or pixels than its scene")
                continue
            nodata = None if told["nodata"] is None else float(told["nodata"])
            if any(not _same(value, nodata, file.dtype) for value in file.nodata):
                self.values.wrong(
                    f"{row.files[kind]} declares nodata {file.nodata[0]}, its scene {nodata}"
                )
            padding = np.ones(file.pixels.shape[1:], dtype=np.bool_)
            padding[inside] = False
            fill = np.array(nodata or 0).astype(file.dtype)
            held = file.pixels[:, padding]
            if not ((held == fill) | ((held != held) & (fill != fill))).all():  # noqa: PLR0124
                self.values.wrong(
                    f"{row.files[kind]}: its padding holds something else than {fill}"
                )

    def _check_semantic(self, row: ChipRow, file: ChipFile, inside: tuple[slice, slice]) -> None:
        path, mask, facts = row.files[SEMANTIC], file.pixels[0], self._facts
        if file.dtype != facts.manifest["schema"]["dtype"] or len(file.pixels) != 1:
            self.values.wrong(f"{path} is {file.dtype} of {len(file.pixels)} bands")
        if any(value is not None for value in file.nodata):
            self.values.wrong(f"{path} has a nodata tag ({file.nodata[0]:g}); masks have none")
        counts = np.bincount(mask[inside].ravel())
        total = np.bincount(mask.ravel(), minlength=len(counts))
        foreign = np.setdiff1d(np.flatnonzero(total), self._codes)
        if foreign.size:
            self.values.wrong(f"{path} holds {foreign[:8].tolist()}, which the schema doesn't know")
        for code, n in row.pixels.items():
            found = int(counts[code]) if code < len(counts) else 0
            if found != n:
                self.values.wrong(f"{path} has {found} pixels of {code}, the index says {n}")
        frame = ~inner_pixels(mask.shape, facts.context_px)
        if (mask[frame] != facts.ignore).any():
            self.values.wrong(f"{path}: its outer {facts.context_px} px are not all ignore")
        padded = total.copy()
        padded[: len(counts)] -= counts
        if facts.ignore < len(padded):
            padded[facts.ignore] = 0
        if padded.any():
            self.values.wrong(f"{path}: {int(padded.sum())} pixels of padding are not ignore")
        self._check_fractions(row, mask[inside])

    def _check_fractions(self, row: ChipRow, inner: NDArray[np.generic]) -> None:
        labelled = np.count_nonzero(inner != self._facts.ignore) / max(inner.size, 1)
        told = row.values["labelled_fraction"]
        if told != labelled:
            self.values.wrong(f"{row}: labelled_fraction is {told}, the mask gives {labelled}")
        valid = row.values["valid_fraction"]
        if not labelled <= valid <= 1:
            self.values.wrong(f"{row}: valid_fraction is {valid}, and {labelled} is labelled")

    def _check_targets(self, row: ChipRow, files: Mapping[str, ChipFile]) -> None:
        ignored = files[SEMANTIC].pixels[0] == self._facts.ignore
        instance = files[INSTANCE].pixels[0] if INSTANCE in files else None
        for name, entry in self._facts.manifest.get("targets", {}).items():
            if name not in files:
                self.values.wrong(f"{row}: the index names no file for the target '{name}'")
                continue
            file = files[name]
            if any(value is not None for value in file.nodata):
                self.values.wrong(f"{row.files[name]} has a nodata tag; targets have none")
            for text in target_problems(entry, name, file.pixels, ignored, instance):
                self.values.wrong(f"{row.files[name]} {text}")

    def _check_instances(
        self, row: ChipRow, files: Mapping[str, ChipFile], objects: list[dict[str, Any]]
    ) -> None:
        path, file = row.files[INSTANCE], files[INSTANCE]
        mask = file.pixels[0].astype(np.int64)
        self.instance_dtypes.add(file.dtype)
        if file.dtype not in _INSTANCE_TYPES or len(self.instance_dtypes) > 1:
            self.values.wrong(f"{path} is {file.dtype}, others are {self.instance_dtypes}")
        if any(value is not None for value in file.nodata):
            self.values.wrong(f"{path} has a nodata tag ({file.nodata[0]:g}); masks have none")
        told = sorted(entry["local_id"] for entry in objects if entry["local_id"])
        present = np.unique(mask[mask != 0]).tolist()
        if told != list(range(1, len(told) + 1)) or present != told:
            self.values.wrong(
                f"{path} holds {len(present)} ids up to {max(present, default=0)}, the table of "
                f"objects has {len(told)} up to {max(told, default=0)}"
            )
            return
        if row.values["n_instances"] != len(told):
            self.values.wrong(f"{row}: n_instances is {row.values['n_instances']}, not {len(told)}")
        semantic = files[SEMANTIC].pixels[0]
        if (mask[semantic == self._facts.ignore] != 0).any():
            self.values.wrong(f"{path} has objects where {row.files[SEMANTIC]} is ignore")
        orphans = np.isin(semantic, list(self._things - {self._facts.ignore})) & (mask == 0)
        if orphans.any() and row.scene not in self._loose:
            self.values.wrong(
                f"{path} has no object on {int(orphans.sum())} pixels of countable classes"
            )
        for text in _object_problems(mask, semantic, objects, self._things):
            self.values.wrong(f"{path}: {text}")


def inner_pixels(shape: tuple[int, ...], context_px: int) -> NDArray[np.bool_]:
    """(height, width): true but for the outer pixels."""
    inner = np.zeros(shape, dtype=np.bool_)
    inner[context_px : shape[0] - context_px, context_px : shape[1] - context_px] = True
    return inner


def _same(a: float | None, b: float | None, dtype: str) -> bool:
    """Whether two nodata values are the same pixel value."""
    if a is None or b is None:
        return a is b
    first, second = (np.array(value).astype(dtype) for value in (a, b))
    return bool(np.array_equal(first, second, equal_nan=first.dtype.kind in "fc"))


def _object_problems(
    mask: NDArray[np.int64],
    semantic: NDArray[np.generic],
    objects: list[dict[str, Any]],
    things: set[int],
) -> list[str]:
    """What is wrong with a chip's objects: areas, boxes, classes, full masks."""
    flat, codes = mask.ravel(), semantic.ravel()
    order = np.argsort(flat, kind="stable")
    bounds = np.searchsorted(flat[order], np.arange(len(objects) + 2))
    problems = []
    for entry in objects:
        local = int(entry["local_id"])
        seen = order[bounds[local] : bounds[local + 1]] if local else np.empty(0, dtype=np.int64)
        name = f"object {entry['instance_id']} (local id {local})"
        if entry["class_code"] not in things:
            problems.append(f"{name} has class {entry['class_code']}, which is not countable")
        if len(seen) != entry["visible_px"]:
            problems.append(
                f"{name} has {len(seen)} pixels, the table says visible_px = {entry['visible_px']}"
            )
        if (codes[seen] != entry["class_code"]).any():
            problems.append(f"{name} lies on pixels of another class than {entry['class_code']}")
        try:
            full = decode(entry["rle"], *mask.shape)
        except ValueError as error:
            problems.append(f"{name}: its rle is broken ({error})")
            continue
        if not full[np.divmod(seen, mask.shape[1])].all():
            problems.append(f"{name} is seen on pixels outside its rle")
        problems += [f"{name}: {text}" for text in _box_problems(full, entry)]
    return problems


def _box_problems(full: NDArray[np.bool_], entry: Mapping[str, Any]) -> list[str]:
    area = int(np.count_nonzero(full))
    if area != entry["area_px"] or not area:
        return [f"its rle has {area} pixels, the table says area_px = {entry['area_px']}"]
    rows, columns = np.flatnonzero(full.any(axis=1)), np.flatnonzero(full.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    box = [x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y]
    told = [int(value) for value in entry["bbox_px"]]
    return [] if told == box else [f"its rle covers the box {box}, the table says {told}"]
