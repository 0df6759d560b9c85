"""The page's parts that tell in words and figures what a dataset holds, from its manifest."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from polychip import wording
from polychip.report.charts import length_bar, share_bar, size_histogram
from polychip.report.chips import ObjectSizes
from polychip.report.html import Html, element, table, together

Manifest = Mapping[str, Any]
_SPLITS = {"train": "#3b6fb5", "val": "#d9822b", "test": "#3f9a5f"}
_MORE = ("#8e5bb5", "#b5483b", "#6b8e23", "#2a9d9d", "#a0703c")
_UNDIVIDED = "#3b6fb5"
_BACKGROUND, _IGNORE = "#8a8f98", "#4a4d52"
_SHOWN = 200
"""Lines of a list that are told in full."""


def _share(part: float, whole: float) -> str:
    """A share that is not broken over two lines."""
    return wording.share(part, whole).replace(" ", "\u00a0")


def section(name: str, title: str, *children: Any) -> Html:
    """A part of the page under its heading."""
    return element(
        "section", element("h2", title, id=f"{name}-title"), list(children), id=name,
        aria_labelledby=f"{name}-title",
    )  # fmt: skip


def split_colours(manifest: Manifest) -> dict[str | None, str]:
    """A colour a split; None stands for chips that are not divided."""
    names = manifest["split"]["names"]
    more = [name for name in names if name not in _SPLITS]
    own = {name: _MORE[number % len(_MORE)] for number, name in enumerate(more)}
    return {None: _UNDIVIDED} | {name: _SPLITS.get(name, own.get(name, "")) for name in names}


def coded(manifest: Manifest) -> list[tuple[int, str, str, str]]:
    """(code, name, colour, kind) of all codes, background first and ignore last."""
    schema = manifest["schema"]
    special = (schema["background"], schema["ignore"])
    rows = [(schema["background"], "background", _BACKGROUND, "")]
    rows += [
        (entry["code"], entry["name"], entry["color"], "thing" if entry["thing"] else "stuff")
        for entry in schema["classes"]
        if entry["code"] not in special
    ]
    return [*rows, (schema["ignore"], "ignore", _IGNORE, "")]


def swatch(colour: str) -> Html:
    """A small square of a colour."""
    box = element("rect", width=10, height=10, fill=colour)
    return element("svg", box, class_="swatch", viewBox="0 0 10 10", aria_hidden="true")


def summary(manifest: Manifest, n_objects: int | None) -> Html:
    """The first figures."""
    counts, chip = manifest["counts"], manifest["chip"]
    pixels = counts["pixels"]
    total = sum(pixels.values())
    looked = total - pixels.get(str(manifest["schema"]["ignore"]), 0)
    tiles = [
        (f"{counts['chips']:,}", wording.plural(counts["chips"], "chip").split(" ", 1)[1]),
        (f"{chip['height']} × {chip['width']}", "pixels a chip"),
        (manifest["mode"], "masks"),
        (f"{len(manifest['scenes']):,}", "scenes" if len(manifest["scenes"]) > 1 else "scene"),
        (_share(looked, total), "of the pixels were looked at"),
    ]
    if n_objects is not None:
        tiles.append((f"{n_objects:,}", "objects, each counted once a scene"))
        tiles.append((f"{counts['object_views']:,}", "times seen in the chips"))
    shown = [
        element("li", element("b", figure), " ", element("span", text)) for figure, text in tiles
    ]
    return element("ul", shown, class_="tiles")


def warning_lines(manifest: Manifest) -> Iterator[str]:
    """What a user should know before training on this."""
    counts = manifest["counts"]
    if counts["failed"]:
        failed = wording.plural(len(counts["failed"]), "chip")
        yield f"{failed} failed; they are listed under Left out."
    yield from manifest.get("warnings", ())
    for scene in manifest["scenes"]:
        yield from _scene_warnings(scene)
    missing = [
        name
        for code, name, _, kind in coded(manifest)
        if kind and not counts["pixels"].get(str(code))
    ]
    if missing:
        yield f"No pixel of {', '.join(missing)} in any chip."
    if manifest["split"]["names"]:
        yield from _missing_in_splits(manifest)


def _scene_warnings(scene: Mapping[str, Any]) -> Iterator[str]:
    name = scene["name"]
    if not scene["has_extent"]:
        yield (
            f"{name}: no extent given: the whole image counts as looked at, what is "
            "unlabelled is background."
        )
    n_tiny = sum(scene["tiny_by_class"].values())
    if n_tiny:
        which = ", ".join(f"{key} {n:,}" for key, n in sorted(scene["tiny_by_class"].items()))
        yield f"{name}: {n_tiny:,} too small to hold a pixel's centre ({which})."
    for source in scene["labels"]:
        where = f"{name}, {source['path']}"
        yield from (f"{where}: {text}" for text in source["warnings"])
        if source["repaired"]:
            yield f"{where}: {len(source['repaired']):,} invalid, repaired."
        lost = source["n_empty"] + source["n_unreadable"]
        if lost:
            yield f"{where}: {lost:,} without a geometry that has an area, left out."
        if source["n_unknown"]:
            yield f"{where}: {source['n_unknown']:,} of unknown class, burned as ignore."


def _missing_in_splits(manifest: Manifest) -> Iterator[str]:
    by_split = manifest["counts"]["pixels_by_split"]
    for split in manifest["split"]["names"]:
        here = by_split.get(split, {})
        gone = [
            name
            for code, name, _, kind in coded(manifest)
            if kind and manifest["counts"]["pixels"].get(str(code)) and not here.get(str(code))
        ]
        if not here:
            yield f"The split {split} is empty."
        elif gone:
            yield f"The split {split} has no pixel of {', '.join(gone)}."


def warnings_section(manifest: Manifest) -> Html:
    """Warnings, or that there are none; then what was noted."""
    lines = list(warning_lines(manifest))
    said = _listing(lines) if lines else element("p", "None.")
    notes = list(manifest.get("notes", ()))
    for scene in manifest["scenes"]:
        for source in scene["labels"]:
            notes += [f"{scene['name']}, {source['path']}: {text}" for text in source["notes"]]
        for layer in scene["layers"].values():
            notes += [f"{scene['name']}: {text}" for text in layer["notes"]]
    more = element("details", element("summary", "Notes"), _listing(notes)) if notes else None
    return section("warnings", "Warnings", said, more)


def _listing(lines: list[str]) -> Html:
    shown = [element("li", line) for line in lines[:_SHOWN]]
    if len(lines) > _SHOWN:
        shown.append(element("li", f"and {len(lines) - _SHOWN:,} more, in manifest.json"))
    return element("ul", shown, class_="plain")


def classes_section(manifest: Manifest) -> Html:
    """Pixels of each class."""
    pixels = manifest["counts"]["pixels"]
    total = sum(pixels.values())
    rows = coded(manifest)
    greatest = max((pixels.get(str(code), 0) for code, *_ in rows), default=0)
    lines = []
    for code, name, colour, kind in rows:
        n = pixels.get(str(code), 0)
        bar = length_bar(n, greatest, colour, f"{name}: {_share(n, total)}")
        lines.append([together(swatch(colour), name), str(code), kind, f"{n:,}",
                      _share(n, total), bar])  # fmt: skip
    head = ["class", "code", "kind", "pixels", "share", ""]
    return section("classes", "Classes", table(head, lines, caption="Pixels by class"))


def sizes_section(manifest: Manifest, sizes: ObjectSizes | None) -> Html:
    """How large the objects are, a histogram a class."""
    if sizes is None:
        text = "A semantic dataset tells no objects apart, so it has no sizes."
        return section("sizes", "Sizes of objects", element("p", text))
    figures = []
    for code, name, colour, _ in coded(manifest):
        if code in sizes.by_class:
            seen = sizes.by_class[code]
            middle = (len(seen) - 1) // 2
            half = int(np.partition(seen, middle)[middle])
            label = (
                f"{name}: {wording.plural(len(seen), 'view')}, from {seen.min():,} to "
                f"{seen.max():,} px, half of them at most {half:,} px"
            )
            figures.append(
                element("figure", size_histogram(seen, colour, label), element("figcaption", label))
            )
    text = (
        "Pixels seen of each object in each chip that shows it; columns double in width. "
        f"{wording.plural(sizes.n_cut, 'view')} cut by a chip's border."
    )
    return section(
        "sizes", "Sizes of objects", element("p", text), element("div", figures, class_="charts")
    )


def splits_section(manifest: Manifest) -> Html:
    """Chips of each split and the classes in them."""
    split, counts = manifest["split"], manifest["counts"]
    if not split["names"]:
        return section("splits", "Splits", element("p", "The chips are not divided."))
    colours = split_colours(manifest)
    chips = counts["by_split"]
    parts = [(name, chips.get(name, 0), colours[name]) for name in split["names"]]
    label = "Chips by split: " + ", ".join(f"{name} {n:,}" for name, n, _ in parts)
    codes = coded(manifest)
    lines = []
    for name in split["names"]:
        here = counts["pixels_by_split"].get(name, {})
        total = sum(here.values())
        lines.append([
            together(swatch(colours[name]), name), f"{chips.get(name, 0):,}",
            _share(chips.get(name, 0), counts["chips"]),
            *(_share(here.get(str(code), 0), total) for code, *_ in codes),
        ])  # fmt: skip
    head = ["split", "chips", "share", *(name for _, name, _, _ in codes)]
    caption = "Chips by split, and the share of each class in its pixels"
    words = f"By {split['by']}. No ground location lies in two splits; polychip verify proves it."
    return section(
        "splits", "Splits", element("p", words), share_bar(parts, label),
        table(head, lines, caption=caption),
    )  # fmt: skip


def bands_section(manifest: Manifest) -> Html:
    """Statistics of the bands, of all chips and of train alone."""
    tables = []
    for key, words in (("bands", "all chips"), ("bands_train", "train alone")):
        for layer, bands in manifest[key].items():
            lines = [
                [
                    entry["name"] or f"band {entry['band']}", f"{entry['count']:,}",
                    *(_figure(entry[name]) for name in ("min", "max", "mean", "std")),
                ]
                for entry in bands
            ]  # fmt: skip
            head = ["band", "valid samples", "least", "greatest", "mean", "standard deviation"]
            tables.append(table(head, lines, caption=f"{layer}, {words}"))
    return section("bands", "Bands", tables)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.6g}"


def left_out_section(manifest: Manifest) -> Html:
    """Chips that were skipped, and why; chips that failed."""
    counts = manifest["counts"]
    parts: list[Html] = []
    if counts["skipped"]:
        lines = [[why, f"{n:,}"] for why, n in counts["skipped"].items()]
        parts.append(table(["why", "chips"], lines, caption="Chips left out"))
    if counts["failed"]:
        shown = list(counts["failed"].items())[:_SHOWN]
        lines = [[chip, wording.one_line(why)] for chip, why in shown]
        parts.append(table(["chip", "error"], lines, caption="Chips that failed"))
        if len(counts["failed"]) > len(shown):
            parts.append(element("p", f"and {len(counts['failed']) - len(shown):,} more."))
    if counts["small_rests"]:
        rests = wording.plural(counts["small_rests"], "small rest")
        parts.append(
            element("p", f"{rests} of objects left out of their chips (masks.min_visible).")
        )
    return section("left-out", "Left out", parts or element("p", "No chip was left out."))


def scenes_section(manifest: Manifest) -> Html:
    """Where it came from."""
    lines = []
    for scene in manifest["scenes"][:_SHOWN]:
        files = ", ".join(
            file["name"] for layer in scene["layers"].values() for file in layer["files"]
        )
        labels = ", ".join(f"{source['path']} {source['layer']}" for source in scene["labels"])
        lines.append([
            scene["name"], scene["date"] or "–", scene["crs"],
            f"{scene['width']} × {scene['height']}", files, labels,
        ])  # fmt: skip
    head = ["scene", "date", "CRS", "pixels", "imagery", "labels"]
    parts = [table(head, lines, caption="Scenes")]
    if len(manifest["scenes"]) > _SHOWN:
        parts.append(element("p", f"and {len(manifest['scenes']) - _SHOWN:,} more."))
    digest = element("p", "Digest: ", element("code", manifest["digest"]), class_="digest")
    return section("scenes", "Scenes", parts, digest)
