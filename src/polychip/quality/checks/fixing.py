"""What can be mended safely, into a new file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.errors import InputError, OutputError
from polychip.io.styled_layers import OutLayer, write_geopackage
from polychip.io.vector import VectorTable, read_features
from polychip.labels.geometry import repair
from polychip.quality.checks import attributes, geometry, topology
from polychip.quality.checks.check import CheckReport
from polychip.quality.checks.geometry import SPIKE_AREA, Corners
from polychip.quality.checks.subject import Subject

FEATURE_NUMBER = "source_fid"
"""Field of the new layer that holds each feature's number in the old one."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """What was mended."""

    path: Path
    n_features: int
    changes: dict[str, int]
    """Features by check."""

    def __str__(self) -> str:
        """In a sentence."""
        done = ", ".join(f"{check} {n:,}" for check, n in self.changes.items()) or "nothing"
        return f"{self.path}: {self.n_features:,} features written; mended: {done}"


def write_fixed(report: CheckReport, subject: Subject, path: Path, *, overwrite: bool) -> Fixed:
    """Write the labels with the safe faults mended; the source stays as it is.

    Raises:
        OutputError: the file is the source, or is there already.
    """
    source = subject.request.labels
    if path.exists() and path.samefile(source.path):
        raise OutputError(f"{path}: is the labels' own file; --fix never writes in place")
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: a file is already here; give --overwrite, or another name")
    if path.suffix.lower() != ".gpkg":
        raise OutputError(f"{path}: --fix writes a GeoPackage; give a name that ends in .gpkg")
    table = read_features(source, subject.info, list(subject.info.fields), None)
    if len(table.fids) != len(subject):
        raise InputError(f"{source.path}: changed while it was checked; check it again")
    counts: dict[str, int] = {}
    shapes = _mended(subject, counts)
    keep = _kept(report, subject, counts)
    fields = _right_classes(subject, table, counts)
    columns, nulls = _columns(subject, fields, keep)
    columns[FEATURE_NUMBER] = table.fids[keep]
    layer = OutLayer(subject.info.layer, subject.crs_wkt, "Unknown", shapes[keep], columns,
                     nulls=nulls)  # fmt: skip
    write_geopackage(path, [layer])
    return Fixed(path, int(keep.sum()), {check: n for check, n in counts.items() if n})


def _mended(subject: Subject, counts: dict[str, int]) -> NDArray[np.object_]:
    """The geometries without repeated vertices and needles, valid ones all."""
    shapes = subject.raw.copy()
    corners = Corners(subject.flat)
    twice = corners.repeated()
    vertex, _, area = corners.spikes(~twice)
    needle = np.zeros(len(twice), dtype=np.bool_)
    needle[vertex[area <= SPIKE_AREA]] = True
    for check, drop in ((geometry.DUPLICATE_VERTICES, twice), (geometry.SPIKE, needle)):
        counts[check.id] = len(np.unique(corners.feature[drop]))
    changed = np.unique(corners.feature[twice | needle])
    shapes[changed] = _without(subject.raw, corners, twice | needle, changed)
    fixed = repair(shapes)
    bad = fixed.invalid
    shapes[bad] = fixed.geometry[bad]
    counts[geometry.INVALID.id] = int(subject.invalid.sum())
    return shapes


def _without(
    shapes: NDArray[np.object_],
    corners: Corners,
    drop: NDArray[np.bool_],
    changed: NDArray[np.int64],
) -> NDArray[np.object_]:
    """Polygons without some of their vertices; rings that would keep fewer than three stay."""
    left = np.bincount(corners.ring[~drop], minlength=int(corners.ring.max(initial=0)) + 1)
    drop = drop & (left[corners.ring] >= 3)
    out = []
    start = np.searchsorted(corners.feature, changed, side="left")
    end = np.searchsorted(corners.feature, changed, side="right")
    for feature, a, b in zip(changed.tolist(), start.tolist(), end.tolist(), strict=True):
        rings = [
            corners.ring[a:b] == number
            for number in np.unique(corners.ring[a:b])
        ]  # fmt: skip
        own = shapely.get_rings(shapely.get_parts(shapes[feature]))
        kept = [
            shapely.linearrings(shapely.get_coordinates(ring)[:-1][~drop[a:b][mine]])
            for ring, mine in zip(own, rings, strict=True)
        ]
        out.append(_rebuilt(shapes[feature], kept))
    result = np.empty(len(out), dtype=object)
    result[:] = out
    return result


def _rebuilt(shape: Any, rings: list[Any]) -> Any:
    parts, place = [], 0
    for part in shapely.get_parts(shape):
        n = 1 + len(part.interiors)
        parts.append(shapely.Polygon(rings[place], rings[place + 1 : place + n]))
        place += n
    return parts[0] if shape.geom_type == "Polygon" else shapely.MultiPolygon(parts)


def _kept(report: CheckReport, subject: Subject, counts: dict[str, int]) -> NDArray[np.bool_]:
    """Features that stay: not empty, and no second copy of another."""
    keep = ~subject.empty | subject.no_area
    counts[geometry.EMPTY.id] = int((~keep).sum())
    place = {fid: index for index, fid in enumerate(subject.fids)}
    copies = {
        place[p.source_fid]
        for p in report.problems
        if p.check is topology.DUPLICATE and p.fixable and p.source_fid is not None
    }
    keep[sorted(copies)] = False
    counts[topology.DUPLICATE.id] = len(copies)
    return keep


def _right_classes(
    subject: Subject, table: VectorTable, counts: dict[str, int]
) -> dict[str, NDArray[Any]]:
    fields = dict(table.columns)
    if subject.class_name is None:
        return fields
    right = {
        value: attributes.right_class(value, subject)
        for value in {value for value in subject.classes if value is not None}
    }
    values = fields[subject.class_name].astype(object)
    changed = 0
    for index, value in enumerate(subject.classes):
        if value is not None and right[value] != value:
            values[index] = right[value]
            changed += 1
    counts[attributes.CLASS_TYPO.id] = changed
    if changed:
        fields[subject.class_name] = values
    return fields


def _columns(
    subject: Subject, fields: dict[str, NDArray[Any]], keep: NDArray[np.bool_]
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[np.bool_]]]:
    """The fields in their own types: whole numbers with nulls are read as floats."""
    columns, nulls = {}, {}
    for name, values in fields.items():
        if name == FEATURE_NUMBER:
            continue
        kind = subject.info.fields[name]
        column = values[keep]
        if column.dtype.kind == "f" and kind.startswith(("int", "uint")):
            nulls[name] = np.isnan(column)
            column = np.nan_to_num(column).astype(kind)
        columns[name] = column
    return columns, nulls
