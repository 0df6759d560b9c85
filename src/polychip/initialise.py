"""Look at images and labels, and write a recipe that says in comments what was seen."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from polychip.errors import InputError, OutputError
from polychip.grid import Grid, Window
from polychip.io.atomic import write_text
from polychip.io.classes import distinct_values
from polychip.io.raster import FileInfo, FileSource, inspect_file
from polychip.io.vector import (
    LayerInfo,
    check_exists,
    describe_layer,
    is_raster_path,
    layer_names,
    read_features,
    source_crs,
)
from polychip.planning import PlanReport, report_plan
from polychip.recipe import (
    CLASS_FIELD_NAMES,
    LabelSource,
    Recipe,
    VectorSource,
    load_recipe_text,
    split_layer,
)
from polychip.requests import Combine
from polychip.scenes.attributes import texts

MOST_CLASSES = 64
"""A field with more distinct values than this is no list of classes."""
MOST_PLANNED_PX = 4_000_000_000
"""Larger imagery isn't planned by the way."""
_CLASS_TYPES = ("object", "str", "large_string", "int", "uint")
"""Beginnings of the types of fields that may hold classes: texts and whole numbers."""
_SAMPLES = 12
"""A collar is looked for in so many times so many places."""
_SAMPLE_PX = 8
_COLLAR = 0.005
"""Share of zeros from which on they deserve a word."""
_LAYERS_LISTED = 20


@dataclass(frozen=True, slots=True)
class ImageSeen:
    """An image, and what its pixels hint at."""

    info: FileInfo
    zeros: float
    """Share of the sampled pixels that are 0 in all bands although no nodata is declared."""


@dataclass(frozen=True, slots=True)
class FieldSeen:
    """A field that could hold classes, with its values."""

    name: str
    counts: tuple[tuple[str, int], ...]
    """(value, features), by value."""
    nulls: int


@dataclass(frozen=True, slots=True)
class LabelsSeen:
    """The labels' layer, or a raster of class codes."""

    path: str
    layer: str | None
    """As it was named; None when the file has only one."""
    info: LayerInfo | None
    """None for rasters."""
    crs: str | None = None
    """Given because the file states none."""
    raster_values: tuple[int, ...] = ()
    kinds: tuple[tuple[str, int], ...] = ()
    """(geometry type, features)."""
    class_field: FieldSeen | None = None
    hollow: bool = False
    """Whether fields are named like a class field and hold nothing."""
    candidates: tuple[FieldSeen, ...] = ()
    """Further fields that could hold classes."""
    unique: tuple[str, ...] = ()
    """Fields whose values name each feature."""
    others: tuple[LayerInfo, ...] = ()
    """Other polygon layers of the file."""

    @property
    def needs_width(self) -> bool:
        """Whether lines or points are among the features."""
        return any(kind not in ("Polygon", "MultiPolygon", "missing") for kind, _ in self.kinds)


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that was seen, and the recipe to be written."""

    recipe_path: Path
    combine: Combine
    same_place: bool
    """Whether several images lie on one grid."""
    images: tuple[ImageSeen, ...]
    labels: LabelsSeen
    plan: PlanReport | None = None
    text: str = ""

    def closing_words(self) -> str:
        """What was written and what to do next."""
        from polychip.initialise_text import closing_words

        return closing_words(self)


def look(
    images: Sequence[str],
    labels: str,
    recipe_path: Path,
    *,
    labels_crs: str | None = None,
    overwrite: bool = False,
) -> Look:
    """Look at the inputs, compose the recipe, and plan it, so that it is known to run.

    Args:
        images: paths.
        labels: 'FILE' or 'FILE|LAYER'.
        recipe_path: where the recipe will lie; paths in it start from there.
        labels_crs: of labels that state none.
        overwrite: whether a recipe that is there may be replaced.

    Raises:
        OutputError: a file is there already.
        PolychipError: an input can't be used; the message is the one that a run would give.
    """
    from polychip.initialise_text import compose

    if recipe_path.exists() and not overwrite:
        raise OutputError(
            f"{recipe_path}: a file is already here, and it may hold your changes; give "
            "--overwrite to replace it, or another name with -o"
        )
    for path in images:
        check_exists(path, "image")
    seen = tuple(_look_at_image(path) for path in images)
    same = len(seen) > 1 and all(_same_place(seen[0].info.grid, s.info.grid) for s in seen[1:])
    bands = all(s.info.profile.count == 1 for s in seen)
    found = Look(
        recipe_path=recipe_path,
        combine="stack" if same and bands else "scenes",
        same_place=same,
        images=seen,
        labels=_look_at_labels(labels, labels_crs),
    )
    base = recipe_path.absolute().parent
    recipe = load_recipe_text(compose(found), base=base, where=str(recipe_path))
    found = replace(found, plan=_plan(recipe, seen))
    return replace(found, text=compose(found))


def write_recipe(found: Look) -> None:
    """Write the recipe.

    Raises:
        OutputError: it can't be written.
    """
    write_text(found.recipe_path, found.text)


def _plan(recipe: Recipe, seen: Sequence[ImageSeen]) -> PlanReport | None:
    total = sum(image.info.grid.width * image.info.grid.height for image in seen)
    return report_plan(recipe) if total <= MOST_PLANNED_PX else None


def _same_place(a: Grid, b: Grid) -> bool:
    """Whether two images cover the same ground, to a pixel of the coarser one."""
    if a.crs_wkt != b.crs_wkt:
        return False
    tolerance = max(*a.pixel_size, *b.pixel_size)
    return bool(np.abs(a.corners() - b.corners()).max() <= tolerance)


def _look_at_image(path: str) -> ImageSeen:
    info = inspect_file(path)
    declared = info.alpha is not None or info.mask != "none"
    if declared or any(value is not None for value in info.band_nodata):
        return ImageSeen(info, 0.0)
    zero = total = 0
    with FileSource(info) as source:
        for window in _sample_windows(info.grid.window):
            pixels, _ = source.read(window)
            zero += int((pixels == 0).all(axis=0).sum())
            total += window.width * window.height
    share = zero / total
    return ImageSeen(info, share if share >= _COLLAR else 0.0)


def _sample_windows(whole: Window) -> Iterator[Window]:
    """Small windows spread evenly over the image, its corners included."""
    width, height = min(_SAMPLE_PX, whole.width), min(_SAMPLE_PX, whole.height)
    columns = np.unique(np.linspace(0, whole.width - width, _SAMPLES).astype(int)).tolist()
    rows = np.unique(np.linspace(0, whole.height - height, _SAMPLES).astype(int)).tolist()
    return (Window(x, y, width, height) for y in rows for x in columns)


def _look_at_labels(labels: str, crs: str | None) -> LabelsSeen:
    path, layer = split_layer(labels)
    check_exists(path, "label file")
    if is_raster_path(path):
        return LabelsSeen(path, None, None, raster_values=tuple(distinct_values(path)))
    source = LabelSource(path=path, layer=layer, crs=crs)
    info = describe_layer(source)
    source_crs(source, info)
    columns = [name for name, kind in info.fields.items() if kind.startswith(_CLASS_TYPES)]
    table = read_features(source, info, columns, None)
    if not len(table.fids):
        raise InputError(f"{path}: layer '{info.layer}' holds no feature; draw some labels first")
    fields = {name: _field_seen(name, table.columns[name]) for name in columns}
    named = [name for name in fields if name.casefold() in CLASS_FIELD_NAMES]
    named.sort(key=lambda name: CLASS_FIELD_NAMES.index(name.casefold()))
    usable = [name for name in named if fields[name].counts]
    chosen = fields[usable[0]] if usable else None
    return LabelsSeen(
        path=path,
        layer=layer,
        info=info,
        crs=crs,
        kinds=_kinds(table.geometry),
        class_field=chosen,
        hollow=bool(named) and chosen is None,
        candidates=tuple(f for f in fields.values() if f != chosen and _could_be_class(f)),
        unique=tuple(n for n, f in fields.items() if _names_each(f, len(table.fids))),
        others=tuple(_other_layers(path, info.layer)),
    )


_KINDS = {
    0: "Point", 1: "LineString", 2: "LinearRing", 3: "Polygon", 4: "MultiPoint",
    5: "MultiLineString", 6: "MultiPolygon", 7: "GeometryCollection",
}  # fmt: skip


def _kinds(shapes: Any) -> tuple[tuple[str, int], ...]:
    """(geometry type, features), by type."""
    counts = Counter(_KINDS.get(kind, "missing") for kind in shapely.get_type_id(shapes).tolist())
    return tuple(sorted(counts.items()))


def _field_seen(name: str, values: Any) -> FieldSeen:
    counts = Counter(texts(values))
    nulls = counts.pop(None, 0)
    return FieldSeen(name, tuple(sorted((str(k), n) for k, n in counts.items())), nulls)


def _could_be_class(seen: FieldSeen) -> bool:
    total = sum(n for _, n in seen.counts)
    return 1 < len(seen.counts) <= min(MOST_CLASSES, total - 1)


def _names_each(seen: FieldSeen, n_features: int) -> bool:
    return seen.nulls == 0 and len(seen.counts) == n_features > 1


def _other_layers(path: str, own: str) -> Iterator[LayerInfo]:
    for name in layer_names(path)[:_LAYERS_LISTED]:
        if name == own:
            continue
        info = describe_layer(VectorSource(path=path, layer=name))
        if "Polygon" in info.geometry or info.geometry == "Unknown":
            yield info
