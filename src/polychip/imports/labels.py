"""Annotations made elsewhere into a GeoPackage: labels, and the extent of what was annotated."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip import wording
from polychip.crs import Operation, choose_operation, crs_label, lonlat_bounds, same_crs, to_wkt
from polychip.errors import InputError, RecipeError, nearest
from polychip.grid import Grid
from polychip.imports.annotation import Account, Annotation, AnnotationSource, ImageAnnotations
from polychip.imports.coco import CocoSource
from polychip.imports.images import Images
from polychip.imports.labelme import LabelmeSource
from polychip.imports.masks import MaskSource
from polychip.imports.voc import voc_source
from polychip.imports.yolo import YoloSource
from polychip.io.geopackage import GeoPackage, Layer, check_output, new_geopackage
from polychip.reporter import Reporter, Silent

Format = Literal["coco", "yolo", "voc", "labelme", "masks"]
Crowd = Literal["ignore", "keep"]
LABELS, EXTENT = "labels", "extent"
LABEL_COLUMNS = {
    "uid": "int64", "class": "str", "class_id": "str", "instance_id": "str", "source_id": "str",
    "image": "str", "crowd": "int32",
}  # fmt: skip
EXTENT_COLUMNS = {"image": "str"}
_STEP_PX = 16.0
"""Edges are followed in such steps when they are transformed to another CRS."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How annotations become labels."""

    format: Format
    images: tuple[Path, ...]
    crs: str | None = None
    """Of the output; None: the first image's."""
    classes: str | None = None
    """Names of numbered classes: 'a,b', or a file with a line each."""
    crowd: Crowd = "ignore"
    shift_px: float = 0.0
    """Added to coordinates: 0.5 for writers that count from the first pixel's centre."""
    skip_missing: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        for name, kinds in (("format", get_args(Format)), ("crowd", get_args(Crowd))):
            value = getattr(self, name)
            if value not in kinds:
                raise RecipeError(
                    f"{name} is '{value}'{nearest(str(value), kinds)}; it is {', '.join(kinds)}"
                )
        if not self.images:
            raise RecipeError("no images were given: the annotated images say where things are")
        if not -1 <= self.shift_px <= 1:
            raise RecipeError(f"shift {self.shift_px:g}: conventions differ by at most one pixel")


OPTIONS = ("crs", "classes", "crowd", "shift_px", "skip_missing")


def import_options(
    form: Format, images: Sequence[Path], given: Mapping[str, Any], *, overwrite: bool
) -> ImportOptions:
    """Options by the names in OPTIONS; None counts as not given.

    Raises:
        RecipeError: an option is unknown or can't be meant.
    """
    for name in given:
        if name not in OPTIONS:
            raise RecipeError(f"unknown option '{name}'{nearest(name, OPTIONS)}")
    values = {name: value for name, value in given.items() if value is not None}
    return ImportOptions(format=form, images=tuple(images), overwrite=overwrite, **values)


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What `import_labels` wrote."""

    output: Path
    layers: tuple[str, ...]
    crs: str
    annotations: Mapping[str, int]
    """Features by class."""
    n_images: int
    n_empty: int
    """Images without an annotation; they are part of the extent."""
    missing: tuple[str, ...]
    """Images that could not be placed, and why; their annotations are left out."""
    left_out: Mapping[str, int]
    """Annotations by reason."""
    changed: Mapping[str, int]
    """Annotations that are not what they were, by what happened."""
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "output": str(self.output),
            "layers": list(self.layers),
            "crs": self.crs,
            "annotations": dict(self.annotations),
            "images": self.n_images,
            "empty_images": self.n_empty,
            "missing": list(self.missing),
            "left_out": dict(self.left_out),
            "changed": dict(self.changed),
            "notes": list(self.notes),
        }


def import_annotations(
    path: Path, out: Path, options: ImportOptions, reporter: Reporter | None = None
) -> ImportSummary:
    """Write the layers `labels` and `extent`.

    Raises:
        PolychipError: annotations, images or the output can't be used; nothing is written.
    """
    check_output(out, overwrite=options.overwrite)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder of annotations; check the path")
    source = open_source(path, options)
    placed, missing = _place(source.image_names, Images(options.images))
    _check_missing(missing, len(source.image_names), options)
    first = next(iter(placed.values()))
    work = _Work(to_wkt(options.crs or first.crs_wkt), options, reporter or Silent())
    work.reporter.start(len(placed), 0)
    with new_geopackage(out) as package:
        work.write(package, source, placed)
    work.reporter.finish()
    return work.summary(out, len(placed), missing)


def open_source(path: Path, options: ImportOptions) -> AnnotationSource:
    """The annotations of a format."""
    shift = options.shift_px
    if options.format == "coco":
        return CocoSource(path, shift)
    if options.format == "yolo":
        return YoloSource(path, options.classes, shift)
    if options.format == "voc":
        return voc_source(path, options.classes, shift)
    if options.format == "labelme":
        return LabelmeSource(path, shift)
    return MaskSource(path, options.classes)


def _place(names: Sequence[str], images: Images) -> tuple[dict[int, Grid], list[str]]:
    """Each image's grid, and why others have none."""
    only = images.only()
    if only is not None and len(names) == 1:
        grid, reason = images.locate(only.name)
        return ({}, [reason]) if grid is None else ({0: grid}, [])
    placed, missing = {}, []
    for index, name in enumerate(names):
        grid, reason = images.locate(name)
        if grid is None:
            missing.append(reason)
        else:
            placed[index] = grid
    return placed, missing


def _check_missing(missing: Sequence[str], n_images: int, options: ImportOptions) -> None:
    if not missing or (options.skip_missing and len(missing) < n_images):
        return
    listed = "\n".join(f"  {reason}" for reason in missing[:_SHOWN])
    rest = f"\n  and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    raise InputError(
        f"{len(missing)} of {n_images} annotated images can't be placed:\n{listed}{rest}\n"
        "give georeferenced images of the same names with --images, or leave these out with "
        "--skip-missing"
    )


@dataclass
class _Work:
    """What is known and counted on the way."""

    crs_wkt: str
    options: ImportOptions
    reporter: Reporter
    account: Account = field(default_factory=Account)
    classes: Counter[str] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    """Images by CRS, where it isn't the output's."""
    operations: dict[str, Operation] = field(default_factory=dict)
    n_empty: int = 0
    uid: int = 0

    def write(
        self, package: GeoPackage, source: AnnotationSource, placed: Mapping[int, Grid]
    ) -> None:
        """Both layers."""
        with (
            package.layer(LABELS, self.crs_wkt, LABEL_COLUMNS) as labels,
            package.layer(EXTENT, self.crs_wkt, EXTENT_COLUMNS) as extent,
        ):
            for index, grid in placed.items():
                name = source.image_names[index]
                found = source.read(index, grid, self.account)
                if not same_crs(grid.crs_wkt, self.crs_wkt):
                    self.moved[crs_label(grid.crs_wkt)] += 1
                self.n_empty += not found.annotations
                self._write_labels(labels, name, grid, found.annotations)
                looked = self._looked_at(grid, found)
                if looked is not None:
                    extent.add(self._to_crs(grid, [looked]), [(name,)])
                self.reporter.advance(1)

    def summary(self, out: Path, n_images: int, missing: Sequence[str]) -> ImportSummary:
        """What was written."""
        notes = [
            f"{wording.plural(n, 'image')} in {crs} transformed to {crs_label(self.crs_wkt)}"
            for crs, n in sorted(self.moved.items())
        ]
        for note in notes:
            self.reporter.note(note)
        for reason in missing:
            self.reporter.warn(f"left out: {reason}")
        return ImportSummary(
            output=out,
            layers=(LABELS, EXTENT),
            crs=crs_label(self.crs_wkt),
            annotations=dict(sorted(self.classes.items())),
            n_images=n_images,
            n_empty=self.n_empty,
            missing=tuple(missing),
            left_out={k: n for k, n in sorted(self.account.left_out.items()) if n},
            changed={k: n for k, n in sorted(self.account.changed.items()) if n},
            notes=tuple(notes),
        )

    def _write_labels(
        self, layer: Layer, name: str, grid: Grid, annotations: Sequence[Annotation]
    ) -> None:
        kept = [a for a in annotations if not a.crowd or self.options.crowd == "keep"]
        n_crowd = len(annotations) - len(kept)
        self.account.changed["crowd regions, made ignore"] += n_crowd
        rows: list[tuple[Any, ...]] = []
        for entry in kept:
            self.uid += 1
            self.classes[entry.class_name] += 1
            rows.append(
                (self.uid, entry.class_name, entry.class_id, entry.instance_id, entry.source_id,
                 name, int(entry.crowd))
            )  # fmt: skip
        if kept:
            layer.add(self._to_crs(grid, [entry.shape for entry in kept]), rows)

    def _looked_at(self, grid: Grid, found: ImageAnnotations) -> shapely.Geometry | None:
        """The image but for what nobody can tell, in pixel coordinates; objects win over crowds."""
        whole: shapely.Geometry = shapely.box(0, 0, grid.width, grid.height)
        if self.options.crowd == "ignore":
            crowds = [entry.shape for entry in found.annotations if entry.crowd]
            if crowds:
                objects = [entry.shape for entry in found.annotations if not entry.crowd]
                crowd = shapely.difference(shapely.union_all(crowds), shapely.union_all(objects))
                whole = _polygons(shapely.difference(whole, crowd))
        if found.unknown is not None:
            whole = _polygons(shapely.difference(whole, found.unknown))
        return None if shapely.is_empty(whole) else whole

    def _to_crs(self, grid: Grid, shapes: Sequence[shapely.Geometry]) -> NDArray[np.object_]:
        """Shapes in pixel coordinates of an image, in the output's CRS."""
        given = np.array(shapes, dtype=object)
        if same_crs(grid.crs_wkt, self.crs_wkt):
            placed = shapely.transform(given, lambda xy: grid.to_crs(xy[:, 0], xy[:, 1]))
            return np.asarray(placed, dtype=object)
        operation = self._operation(grid)

        def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
            there = grid.to_crs(xy[:, 0], xy[:, 1])
            moved = operation.forward(there[:, 0], there[:, 1])
            if not np.isfinite(moved).all():
                raise InputError(
                    f"an image in {operation.source} has no place in {operation.target}; give "
                    "another --crs"
                )
            return moved

        placed = shapely.transform(shapely.segmentize(given, _STEP_PX), move)
        return np.asarray(placed, dtype=object)

    def _operation(self, grid: Grid) -> Operation:
        if grid.crs_wkt not in self.operations:
            area = lonlat_bounds(grid.crs_wkt, grid.corners())
            self.operations[grid.crs_wkt] = choose_operation(grid.crs_wkt, self.crs_wkt, area)
        return self.operations[grid.crs_wkt]


def _polygons(geometry: shapely.Geometry) -> shapely.Geometry:
    """The polygons of a difference, which may leave lines."""
    parts = shapely.get_parts(geometry)
    return shapely.MultiPolygon(parts[shapely.area(parts) > 0].tolist())
