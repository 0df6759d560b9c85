"""The text of a new recipe: TOML that runs, with comments on what was seen."""

import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from polychip import wording
from polychip.addresses import is_remote
from polychip.crs import METRES_PER_DEGREE, crs_label, is_geographic, unit_in_metres
from polychip.errors import some
from polychip.grid import Grid
from polychip.initialise import FieldSeen, ImageSeen, LabelsSeen, Look
from polychip.planning import PlanReport, unit_of
from polychip.requests import scene_tables
from polychip.schema import COLORS, as_whole_number

_INSTANCE_NAMES = ("instance_id", "instance", "object_id", "objectid", "building_id")
_ID_NAMES = ("uid", "uuid", "id", "gid", "fid", "globalid", "ogc_fid")
_EXTENT_NAMES = ("extent", "aoi", "boundary", "footprint", "study_area", "mask", "tasks")
_CLASSES_SHOWN = 64


def compose(found: Look) -> str:
    """The recipe's text."""
    lines = [*_head(found)]
    for number, table in enumerate(_tables(found)):
        images = found.images if found.combine == "stack" else found.images[number : number + 1]
        lines += ["", *_scene(found, table, images, first=number == 0)]
    lines += ["", *_schema(found.labels), "", *_rest()]
    return "\n".join(lines) + "\n"


def _tables(found: Look) -> list[dict[str, Any]]:
    return scene_tables([image.info.path for image in found.images], found.combine)


def _head(found: Look) -> Iterator[str]:
    yield "# Polychip recipe, written by `polychip init`. Paths are relative to this file."
    yield f"# What it would give: polychip plan {_comment(found.recipe_path.name)}"
    yield f"# Build the dataset:  polychip run {_comment(found.recipe_path.name)}"
    if found.plan is not None:
        yield from _outlook(found.plan)
    if found.combine == "stack":
        yield "#"
        yield "# The images have one band each and cover the same ground, so they are taken for the"
        yield "# bands of one image. If they are not, make each a scene of its own."
    elif found.same_place:
        yield "#"
        yield "# The images cover the same ground. If they are dates or sensors of one place, give"
        yield "# all of them the same `group`: then they share chip cells, ids and splits."


def _outlook(plan: PlanReport) -> Iterator[str]:
    height, width = plan.chip_shape
    total = sum(entry.pixels for entry in plan.classes)
    classes = [entry for entry in plan.classes if entry.name not in ("background", "ignore")]
    covered = sum(entry.pixels for entry in classes)
    yield "#"
    yield (
        f"# As it stands: {wording.plural(plan.chips, 'chip')} of {height} × {width} px; labels "
        f"cover {wording.share(covered, total)} of their pixels."
    )
    if plan.repaired:
        what = wording.plural(len(plan.repaired), "invalid polygon")
        yield f"# {what}, repaired in the run: {_comment(some(plan.repaired))}"
    tiny = sum(entry.tiny for entry in classes)
    if tiny:
        what = wording.plural(tiny, "polygon")
        yield f"# {what} too small to hold a pixel's centre (masks.keep_tiny)"


def _scene(
    found: Look, table: dict[str, Any], images: Sequence[ImageSeen], *, first: bool
) -> Iterator[str]:
    for image in images:
        yield from _image_comments(image)
    yield "[[scenes]]"
    yield f"name   = {quoted(table['name'])}"
    base = found.recipe_path.absolute().parent
    paths = [relative(image.info.path, base) for image in images]
    if found.combine == "stack":
        files = ", ".join(quoted(path) for path in paths)
        yield f"layers = {{ stack = [{files}] }}"
    else:
        yield f"image  = {quoted(paths[0])}"
    if any(image.zeros for image in images):
        yield "# nodata = 0"
    if first:
        yield ""
        yield from _label_comments(found.labels)
    yield f"labels = {_label_table(found, base)}"
    yield from _extent(found.labels, base, first=first)


def _image_comments(image: ImageSeen) -> Iterator[str]:
    info = image.info
    grid = info.grid
    names = [name or "-" for name in info.profile.descriptions]
    called = (
        f": {_comment(some(names, 16))}" if any(info.profile.descriptions) else ", without names"
    )
    yield (
        f"# {_comment(Path(info.path).name)}: {grid.width} × {grid.height} px of "
        f"{wording.pixel(grid.pixel_size, unit_of(grid))} in {_comment(crs_label(grid.crs_wkt))}; "
        f"{wording.plural(info.profile.count, 'band')} of {info.profile.dtype}{called}"
    )
    yield f"# {_nodata_words(image)}"


def _nodata_words(image: ImageSeen) -> str:
    info = image.info
    if info.profile.nodata is not None:
        return f"nodata: {info.profile.nodata:g}"
    if info.alpha is not None:
        return f"nodata: by its alpha band ({info.alpha})"
    if info.mask != "none":
        return "nodata: by its mask"
    if any(value is not None for value in info.band_nodata):
        return "nodata: another value in each band"
    if image.zeros:
        return (
            f"nodata: none declared, but about {image.zeros:.0%} of the pixels are 0 in all bands: "
            "if that is a collar without data, uncomment nodata = 0"
        )
    return "nodata: none declared"


def _label_comments(labels: LabelsSeen) -> Iterator[str]:
    name = _comment(Path(labels.path).name)
    if labels.info is None:
        values = some(labels.raster_values, 20)
        yield f"# {name}: a raster of classes with the values {values}"
        return
    kinds = ", ".join(f"{n} {kind}" for kind, n in labels.kinds)
    info = labels.info
    crs = crs_label(info.crs_wkt) if info.crs_wkt else f"{labels.crs} (given, the file states none)"
    total = sum(n for _, n in labels.kinds)
    yield (
        f"# {name}, layer {_comment(info.layer)}: {wording.plural(total, 'feature')} ({kinds}) in "
        f"{_comment(crs)}"
    )
    yield f"# fields: {_comment(some(info.fields, 30)) or 'none'}"
    for field in labels.unique:
        if field.casefold() in _ID_NAMES:
            yield (
                f"# '{_comment(field)}' names each feature; id_field = {quoted(field)} keeps the "
                "dataset the same when the file is written anew"
            )
    if labels.needs_width:
        yield (
            "# Lines and points cover no pixels: buffer_m makes polygons of them. The distance (to "
            "each side, in metres) is a GUESS of one pixel: correct it, or name a width_field."
        )


def _label_table(found: Look, base: Path) -> str:
    labels = found.labels
    entries = [("path", quoted(relative(labels.path, base)))]
    if labels.layer is not None:
        entries.append(("layer", quoted(labels.layer)))
    if labels.crs is not None:
        entries.append(("crs", quoted(labels.crs)))
    if labels.hollow and labels.info is not None:
        entries.append(("class_name", quoted(labels.info.layer)))
    if labels.needs_width:
        entries.append(("buffer_m", f"{_pixel_metres(found.images[0].info.grid):.3g}"))
    return "{ " + ", ".join(f"{key} = {value}" for key, value in entries) + " }"


def _pixel_metres(grid: Grid) -> float:
    side = min(grid.pixel_size)
    if not is_geographic(grid.crs_wkt):
        return side * (unit_in_metres(grid.crs_wkt) or 1.0)
    latitude = float(grid.corners()[:, 1].mean())
    return side * METRES_PER_DEGREE * max(math.cos(math.radians(latitude)), 0.01)


def _extent(labels: LabelsSeen, base: Path, *, first: bool) -> Iterator[str]:
    likely = sorted(
        labels.others,
        key=lambda info: (info.layer.casefold() not in _EXTENT_NAMES, info.layer.casefold()),
    )
    if first:
        yield "# Without an extent the whole image counts as looked at: unlabelled is background."
        yield "# With one (polygons of what was looked at) everything outside is ignore."
        for info in likely:
            yield (
                f"#   layer {_comment(info.layer)}: {wording.plural(info.n_features, 'feature')}, "
                f"fields {_comment(some(info.fields, 6)) or 'none'}"
            )
    if likely:
        path = quoted(relative(labels.path, base))
        yield f"# extent = {{ path = {path}, layer = {quoted(likely[0].layer)} }}"
    else:
        yield '# extent = { path = "extent.gpkg", layer = "extent" }'


def _schema(labels: LabelsSeen) -> Iterator[str]:
    yield "[schema]"
    chosen = labels.class_field
    if chosen is not None:
        yield f"class_field = {quoted(chosen.name)}"
        if chosen.nulls:
            verb = "has" if chosen.nulls == 1 else "have"
            yield f"# {wording.plural(chosen.nulls, 'feature')} {verb} no class; they are burned as"
            yield '# ignore. Give them a class, and set unknown = "error" to be told of others.'
            yield 'unknown = "ignore"'
    elif labels.info is not None:
        yield "# No field is named class, label, category or type: all features are one class,"
        yield f"# named after the layer ({_comment(labels.info.layer)})."
    for field in labels.candidates:
        shown = [f"{value} ({n})" for value, n in field.counts]
        line = f"class_field = {quoted(field.name)}: {_comment(some(shown))}"
        yield f"# could hold classes, too: {line}"
    if labels.info is not None:
        for name in labels.info.fields:
            if name.casefold() in _INSTANCE_NAMES:
                line = f"instance_field = {quoted(name)}"
                yield f"# {line}   # features with one value are one object"
    if chosen is not None:
        yield from _classes(chosen)


def _classes(field: FieldSeen) -> Iterator[str]:
    """The classes as they come by default, commented out."""
    numbers = [as_whole_number(value) for value, _ in field.counts]
    codes = numbers if all(n is not None for n in numbers) else range(1, len(numbers) + 1)
    yield "#"
    n_classes = wording.plural(len(field.counts), "class", "classes")
    yield f"# {n_classes} with these codes, unless you say otherwise."
    yield "# Uncomment all of them to fix codes, colours and names; then their order is"
    yield "# the priority (where polygons overlap, the first wins), and new values are an error."
    yield "# Without them the smaller polygon lies on top."
    rows = zip(field.counts, codes, strict=True)
    for (value, n), code in list(rows)[:_CLASSES_SHOWN]:
        color = COLORS[((code or 0) - 1) % len(COLORS)]
        yield "# [[schema.classes]]"
        yield f"# name = {quoted(value)}   # {wording.plural(n, 'feature')}"
        yield f"# code = {code}"
        yield f'# color = "{color}"'
    if len(field.counts) > _CLASSES_SHOWN:
        yield f"# … and {len(field.counts) - _CLASSES_SHOWN} more"


def _rest() -> Iterator[str]:
    yield from (
        "[chips]",
        "size = 512            # px; or [height, width]",
        "# stride = 512        # px from one chip to the next",
        '# edge = "pad"        # the last of a row: "pad", "shift" (moved back) or "drop"',
        "# max_nodata = 0.5    # leave out chips with more nodata than this share",
        "# negatives = 0.2     # share of the chips without a feature that is kept",
        "",
        "[masks]",
        'mode = "semantic"     # or "instance", "panoptic"',
        '# targets = ["boundary", "distance"]   # further masks, see docs/targets.md',
        "",
        "# [split]",
        '# by = "blocks"       # neighbours stay together; or "random", "scene", "field:NAME"',
        "# fractions = { train = 0.8, val = 0.1, test = 0.1 }",
        "",
        "[output]",
        'path = "dataset"',
        'compress = "deflate"  # or "zstd", "lzw", "none"',
    )


def closing_words(found: Look) -> str:
    """What was written, and what to do next."""
    path = found.recipe_path
    lines = [f"{path} written."]
    if found.plan is not None:
        chips = wording.plural(found.plan.chips, "chip")
        lines.append(f"As it stands it gives {chips}; its comments say what was seen.")
    lines += [f"warning: {text}" for text in (found.plan.warnings if found.plan else ())]
    if found.labels.needs_width:
        lines.append("warning: lines or points get a width of one pixel; correct buffer_m in it")
    name = quoted_for_shell(str(path))
    lines += ["", f"Next: polychip plan {name}", f"      polychip run {name}"]
    return "\n".join(lines) + "\n"


def quoted_for_shell(text: str) -> str:
    """A path as it is typed."""
    import shlex

    return shlex.quote(text)


def relative(path: str, base: Path) -> str:
    """A path as seen from the recipe; another drive's and remote ones as they are."""
    if is_remote(path):
        return path
    try:
        return Path(os.path.relpath(Path(path).expanduser().absolute(), base)).as_posix()
    except ValueError:
        return Path(path).absolute().as_posix()


def quoted(text: str) -> str:
    r"""A TOML basic string: JSON's escapes, and the one control character that JSON lets pass."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    """Text from a file that can't end a comment."""
    return wording.one_line(text)
