"""Masks of a dataset, or predictions on its chips, into a GeoPackage."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from polychip import wording
from polychip.dataset import Dataset
from polychip.errors import InputError, nearest, some
from polychip.grid import Grid
from polychip.io.geopackage import GeoPackage, Layer, check_output, new_geopackage
from polychip.labels.geometry import repair
from polychip.polygons.chips import SceneChips, scene_chips
from polychip.polygons.files import PredictionFiles, PredictionFolder
from polychip.polygons.instances import PredictedObjects
from polychip.polygons.masks import INSTANCE, DatasetMasks
from polychip.polygons.pixels import LabelSource
from polychip.polygons.request import VectorizeOptions, VectorizeSummary, chosen_scenes
from polychip.polygons.scene import walk
from polychip.polygons.stitch import Piece
from polychip.polygons.trace import tidy
from polychip.polygons.votes import ClassVotes, Probabilities
from polychip.reporter import Reporter, Silent
from polychip.schema import LabelSchema

LABELS, EXTENT = "labels", "extent"
LABEL_COLUMNS = {
    "uid": "int64", "class": "str", "class_code": "int32", "instance_id": "str", "scene": "str",
    "n_px": "int64", "confidence": "float64",
}  # fmt: skip
EXTENT_COLUMNS = {"scene": "str", "n_px": "int64"}
_DECIMALS = 6
_BACKGROUND = "background"


def vectorize_dataset(
    folder: Path, out: Path, options: VectorizeOptions, reporter: Reporter | None = None
) -> VectorizeSummary:
    """Write the layers `labels` and `extent`; a pair for each scene where there are several.

    Raises:
        PolychipError: the dataset, a prediction or the output can't be used; nothing is written.
    """
    check_output(out, overwrite=options.overwrite)
    reporter = reporter or Silent()
    work = _Work(Dataset(folder), options, reporter)
    scenes = chosen_scenes(work.dataset.manifest, options.scenes, folder)
    counts = work.dataset.manifest["counts"]["by_scene"]
    opened = [work.open_scene(entry) for entry in scenes]
    work.check_found()
    reporter.start(sum(counts.get(entry["name"], 0) for entry in scenes), 0)
    with new_geopackage(out) as package:
        for chips, source in opened:
            work.write_scene(package, chips, source, f"_{chips.name}" if len(scenes) > 1 else "")
    reporter.finish()
    return work.summary(out)


@dataclass
class _Work:
    """What is known and counted on the way."""

    dataset: Dataset
    options: VectorizeOptions
    reporter: Reporter
    polygons: Counter[str] = field(default_factory=Counter)
    pixels: Counter[str] = field(default_factory=Counter)
    too_small: Counter[str] = field(default_factory=Counter)
    layers: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    n_chips: int = 0
    missing: list[str] = field(default_factory=list)
    folder: PredictionFolder | None = None
    uid: int = 0

    def __post_init__(self) -> None:
        if self.options.predictions is not None:
            self.folder = PredictionFolder(self.options.predictions)

    @property
    def schema(self) -> LabelSchema:
        return self.dataset.schema

    def open_scene(self, entry: dict[str, Any]) -> tuple[SceneChips, LabelSource]:
        """A scene's chips and where its labels come from."""
        chips = scene_chips(self.dataset.folder, entry)
        if self.folder is None:
            self.n_chips += len(chips)
            has_objects = INSTANCE in chips.files
            if self.options.kind == INSTANCE and not has_objects:
                raise InputError(
                    f"{self.dataset.folder}: a semantic dataset has no objects; leave --kind out, "
                    "or build it with --mode instance"
                )
            objects = has_objects and self.options.kind != "semantic"
            return chips, DatasetMasks(self.dataset.folder, chips, self.schema, objects=objects)
        several = len(self.dataset.manifest["scenes"]) > 1
        files = self.folder.of_scene(chips, several=several)
        self.n_chips += len(files)
        self.missing += [f"{chips.name}/{name}" for name in files.missing()]
        return chips, self._predicted(chips, files)

    def check_found(self) -> None:
        """Say which chips have no prediction, and which files no chip."""
        if self.folder is None:
            return
        where = self.folder.folder
        if not self.n_chips:
            raise InputError(
                f"{where}: none of its {self.folder.n_files:,} rasters is named like a chip of "
                f"{self.dataset.folder}; a file is CHIP.tif, where there are several scenes "
                f"SCENE/CHIP.tif (a chip is {some(self.missing, 1)})"
            )
        if self.missing:
            n = len(self.missing)
            self._note(
                f"{wording.plural(n, 'chip')} {'has' if n == 1 else 'have'} no prediction "
                f"({some(self.missing, 3)}): outside the extent"
            )
        unused = self.n_unused()
        if unused:
            self._note(
                f"{wording.plural(unused, 'raster')} in {where.name} "
                f"{'belongs' if unused == 1 else 'belong'} to no chip, not used"
            )

    def n_unused(self) -> int:
        """Rasters that belong to no chip; not known when only some scenes are asked for."""
        if self.folder is None or self.options.scenes:
            return 0
        return self.folder.n_files - self.n_chips

    def write_scene(
        self, package: GeoPackage, chips: SceneChips, source: LabelSource, suffix: str
    ) -> None:
        """Both layers of a scene."""
        crs = chips.grid.crs_wkt
        with (
            package.layer(LABELS + suffix, crs, LABEL_COLUMNS) as labels,
            package.layer(EXTENT + suffix, crs, EXTENT_COLUMNS) as extent,
        ):
            for done in walk(
                chips, source, simplify_px=self.options.simplify_px, advance=self.reporter.advance
            ):
                self._add_labels(labels, chips, source, done.labels)
                shapes = [piece.shape() for piece in done.extent]
                _add(extent, chips.grid, shapes, [(chips.name, p.n_px) for p in done.extent])
        self.layers += [labels.name, extent.name]
        for note in source.notes():
            self._note(note)

    def summary(self, out: Path) -> VectorizeSummary:
        """What was written."""
        return VectorizeSummary(
            output=out,
            layers=tuple(self.layers),
            polygons=dict(sorted(self.polygons.items())),
            pixels=dict(sorted(self.pixels.items())),
            too_small=dict(sorted(self.too_small.items())),
            n_chips=self.n_chips,
            missing=len(self.missing),
            unused=self.n_unused(),
            notes=tuple(self.notes),
        )

    def _add_labels(
        self, layer: Layer, chips: SceneChips, source: LabelSource, pieces: Iterable[Piece]
    ) -> None:
        names = {entry.code: entry.name for entry in self.schema.classes}
        shapes, rows = [], []
        for piece in pieces:
            name = names.get(piece.code, str(piece.code))
            if piece.n_px < self.options.min_size_px:
                self.too_small[name] += 1
                continue
            self.uid += 1
            number = piece.object_number
            instance = None if number is None else source.describe(number).instance_id
            if number is not None and instance is None:
                instance = f"{chips.name}:{self.uid}"
            confidence = round(min(piece.confidence, 1.0), _DECIMALS)
            shapes.append(piece.shape())
            rows.append((self.uid, name, piece.code, instance, chips.name, piece.n_px, confidence))
            self.polygons[name] += 1
            self.pixels[name] += piece.n_px
        _add(layer, chips.grid, shapes, rows)

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self.reporter.warn(text)

    def _predicted(self, chips: SceneChips, files: PredictionFiles) -> LabelSource:
        first = files.first()
        kind = self.options.kind
        if kind is None and first is not None:
            kind = "probability" if first.dtype.kind == "f" else "semantic"
        if kind == "probability" and first is not None:
            codes = self._band_codes(len(first))
            return Probabilities(
                chips, files, codes, self.schema.background, self.options.threshold
            )
        for name in ("threshold",) if kind == INSTANCE else ("threshold", "classes"):
            if getattr(self.options, name) is not None and first is not None:
                raise InputError(f"--{name} does not go with predictions that are {kind} rasters")
        if kind == INSTANCE:
            return PredictedObjects(chips, files, self.schema, self._object_code())
        return ClassVotes(chips, files, self.schema)

    def _code(self, name: str) -> int:
        known = {c.name: c.code for c in self.schema.mask_classes}
        codes = known | {_BACKGROUND: self.schema.background}
        if name not in codes:
            raise InputError(
                f"--classes: '{name}' is no class of the dataset{nearest(name, codes)}; it has "
                f"{some(codes)}"
            )
        return codes[name]

    def _band_codes(self, n_bands: int) -> list[int]:
        """The class code of each band of probabilities."""
        codes = [entry.code for entry in self.schema.mask_classes]
        if self.options.classes is not None:
            codes = [self._code(name) for name in self.options.classes]
        elif n_bands == len(codes) + 1:
            codes = [self.schema.background, *codes]
        if len(codes) != n_bands:
            raise InputError(
                f"the predictions have {n_bands} bands, and there are {len(codes)} classes "
                f"({some(self._names(codes))}); name the bands' classes in order with --classes, "
                "'background' among them"
            )
        return codes

    def _names(self, codes: list[int]) -> list[str]:
        names = {entry.code: entry.name for entry in self.schema.classes}
        return [names.get(code, _BACKGROUND) for code in codes]

    def _object_code(self) -> int:
        """The class of predicted objects that name none."""
        things = [entry for entry in self.schema.mask_classes if entry.thing]
        if self.options.classes is not None and len(self.options.classes) == 1:
            return self._code(self.options.classes[0])
        if len(things) == 1:
            return things[0].code
        if not things:
            things = list(self.schema.mask_classes)
        raise InputError(
            f"objects may be {some(entry.name for entry in things)}: say which with --classes "
            "NAME, or give the rasters a second band of class codes"
        )


def _add(
    layer: Layer, grid: Grid, shapes: list[shapely.Geometry], rows: list[tuple[Any, ...]]
) -> None:
    """Write shapes in pixel coordinates to a layer in the grid's CRS."""
    if not shapes:
        return
    clean = tidy(np.array(shapes, dtype=object))
    placed = shapely.transform(clean, lambda xy: grid.to_crs(xy[:, 0], xy[:, 1]))
    sound = np.asarray(placed, dtype=object)
    wrong = ~shapely.is_valid(sound)  # rounding can make a smoothed outline cross itself
    if wrong.any():
        sound[wrong] = repair(sound[wrong]).geometry
    layer.add(sound, rows)
