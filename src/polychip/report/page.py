"""report.html: a dataset on one page that needs nothing else, no network and no other file."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from polychip.borrowed import BorrowedImages
from polychip.card_loading import FOLDER, loading_lines
from polychip.execute import Executor, SerialExecutor
from polychip.io.atomic import write_text
from polychip.report.chip_map import draw_maps
from polychip.report.chips import ChipIndex, read_index, read_sizes
from polychip.report.choice import Group, choose_groups
from polychip.report.html import Html, element, fenced, together
from polychip.report.pictures import chip_picture
from polychip.report.quality import quality_parts
from polychip.report.rows import chip_rows
from polychip.report.sections import (
    bands_section,
    classes_section,
    left_out_section,
    scenes_section,
    section,
    sizes_section,
    split_colours,
    splits_section,
    summary,
    swatch,
    warnings_section,
)
from polychip.report.sheet import Sheet, sheet_section

REPORT = "report.html"
_FEWEST_PICTURES, _MOST_PICTURES, _CHIPS_A_PICTURE = 24, 60, 100
_MAPS = 12
_PARTS = (
    ("sheet", "Chips"), ("map", "Map"), ("warnings", "Warnings"), ("quality", "Quality"),
    ("classes", "Classes"), ("sizes", "Sizes"), ("splits", "Splits"), ("bands", "Bands"),
    ("left-out", "Left out"), ("table", "Table"), ("loading", "Loading"), ("scenes", "Scenes"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """What is on a page."""

    path: Path
    n_bytes: int
    n_pictures: int
    n_chips: int


def write_report(
    folder: Path,
    manifest: Mapping[str, Any],
    path: Path | None = None,
    quality: Sequence[Mapping[str, Any]] = (),
    executor: Executor | None = None,
) -> ReportSummary:
    """Write the page of a dataset; the same dataset gives the same bytes.

    Args:
        folder: the dataset; its tables and chips must be there, its manifest need not.
        manifest: of the dataset.
        path: the page; None: report.html in the dataset.
        quality: what verify, check, agree and advise printed with --json.
        executor: its workers draw the chips while the page is written.

    Raises:
        InputError: a file of a chip can't be read.
        OutputError: the page can't be written.
    """
    index = read_index(folder, manifest)
    groups = _groups(manifest, index)
    sheet = _sheet(folder, manifest, index, groups, executor or SerialExecutor())
    text = "<!doctype html>\n" + _page(folder, manifest, index, groups, sheet, quality) + "\n"
    target = path or folder / REPORT
    write_text(target, text)
    return ReportSummary(target, len(text.encode()), len(sheet.numbers), len(index))


def _groups(manifest: Mapping[str, Any], index: ChipIndex) -> list[Group]:
    names = {entry["code"]: entry["name"] for entry in manifest["schema"]["classes"]}
    most = min(_MOST_PICTURES, max(_FEWEST_PICTURES, len(index) // _CHIPS_A_PICTURE))
    return choose_groups(index.features(names), manifest["schema"], most)


def _sheet(
    folder: Path,
    manifest: Mapping[str, Any],
    index: ChipIndex,
    groups: Sequence[Group],
    executor: Executor,
) -> Sheet:
    """The sheet, its pictures begun."""
    if manifest["images"] == "none":
        borrowed = BorrowedImages(folder, manifest)
        return Sheet(lambda place: chip_picture(folder, index.row(place), manifest, borrowed))
    places = sorted({entry.index for group in groups for entry in group.chosen})
    index.look_up(places)
    begun = {
        place: executor.submit(chip_picture, folder, index.row(place), manifest, None)
        for place in places
    }
    return Sheet(lambda place: begun[place].result())


def _page(
    folder: Path,
    manifest: Mapping[str, Any],
    index: ChipIndex,
    groups: Sequence[Group],
    sheet: Sheet,
    quality: Sequence[Mapping[str, Any]],
) -> Html:
    script, style = _file("page.js"), _file("page.css")
    names = ", ".join(scene["name"] for scene in manifest["scenes"][:3])
    more = len(manifest["scenes"]) - 3
    title = f"Training chips of {names}" + (f" and {more} more" if more > 0 else "")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", title),
        element("style", Html(style)),
    )
    body = _body(folder, manifest, index, groups, sheet, quality)
    data = chip_rows(index, manifest, sheet.numbers)
    return element(
        "html", head,
        element(
            "body", element("a", "To the contents", href="#main", class_="skip"),
            element("header", element("h1", title), element("p", _made(manifest)), _contents()),
            element("main", body, id="main"), Html(_file("large.html")),
            element("script", Html(_safe_json(data)), type="application/json", id="chips-data"),
            element("script", Html(script)),
        ),
        lang="en",
    )  # fmt: skip


def _body(
    folder: Path,
    manifest: Mapping[str, Any],
    index: ChipIndex,
    groups: Sequence[Group],
    sheet: Sheet,
    quality: Sequence[Mapping[str, Any]],
) -> Html:
    colours = split_colours(manifest)
    sizes = read_sizes(folder)
    n_objects = None
    if sizes is not None:
        n_objects = sum(scene["objects"] for scene in manifest["scenes"])
    below = together(  # first: meanwhile the chips are drawn
        _map(folder, manifest, index, colours),
        warnings_section(manifest),
        section("quality", "Quality", quality_parts(quality)),
        classes_section(manifest),
        sizes_section(manifest, sizes),
        splits_section(manifest),
        bands_section(manifest),
        left_out_section(manifest),
        section("table", "Table of chips", Html(_file("table.html"))),
        _loading(manifest),
        scenes_section(manifest),
    )
    return together(summary(manifest, n_objects), _chosen(manifest, index, groups, sheet), below)


def _made(manifest: Mapping[str, Any]) -> str:
    version = manifest["software"]["polychip"]
    return f"Made with Polychip {version}; dataset format {manifest['format_version']}."


def _contents() -> Html:
    links = [element("li", element("a", title, href=f"#{name}")) for name, title in _PARTS]
    return element("nav", element("ul", links), aria_label="Contents")


def _chosen(
    manifest: Mapping[str, Any], index: ChipIndex, groups: Sequence[Group], sheet: Sheet
) -> Html:
    colours: dict[str | int, str] = {
        name or "all chips": colour for name, colour in split_colours(manifest).items()
    }
    colours |= {entry["code"]: entry["color"] for entry in manifest["schema"]["classes"]}

    def name_of(place: int) -> tuple[str, str]:
        row = index.row(place)
        where = row["scene"] + (f", {row['split']}" if row["split"] else "")
        return row["chip_id"], where

    return sheet_section(groups, sheet, colours, name_of)


def _map(
    folder: Path, manifest: Mapping[str, Any], index: ChipIndex, colours: Mapping[str | None, str]
) -> Html:
    maps = draw_maps(folder, index, manifest["schema"]["ignore"], colours, _MAPS)
    used = set(index.coded("split")[1])
    legend = [
        element("li", swatch(colour), name or "chips")
        for name, colour in colours.items()
        if name in used
    ]
    figures = [
        element(
            "figure", each.picture,
            element("figcaption", element("b", each.group), [f" {note}" for note in each.notes]),
        )
        for each in maps
    ]  # fmt: skip
    n_groups = len(index.coded("group")[1])
    words = (
        "Outlines are chips, filled is what was looked at (not ignore). Scenes of one group share "
        "their ground. North is up."
    )
    more = f"{n_groups - len(maps)} more groups are not drawn." if n_groups > len(maps) else None
    return section(
        "map", "Map", element("p", words), element("ul", legend, class_="legend"),
        element("div", figures, class_="maps"), element("p", more) if more else None,
    )  # fmt: skip


def _loading(manifest: Mapping[str, Any]) -> Html:
    objects = manifest["mode"] != "semantic"
    lines = [
        "With Polychip:", "", "```python", "import polychip", "",
        f'dataset = polychip.open("{FOLDER}")',
        "chip = dataset[0]",
        "chip.image      # (bands, height, width)",
        "chip.semantic   # (height, width)",
        *(["chip.instance   # (height, width), 0 = none"] if objects else []),
        "```", "",
        *loading_lines(manifest),
    ]  # fmt: skip
    return section("loading", "How to load it", fenced(lines))


def _file(name: str) -> str:
    return (files("polychip.report") / "assets" / name).read_text(encoding="utf-8")


def _safe_json(value: Any) -> str:
    """JSON that can't end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
