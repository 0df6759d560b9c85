"""README.md of a dataset: what it is, what is in it, how to load it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polychip.card_loading import loading_lines
from polychip.io.atomic import write_text


def write_card(output: Path, manifest: Mapping[str, Any]) -> None:
    """Write the card from the manifest."""
    write_text(output / "README.md", card_text(manifest))


def card_text(manifest: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    chip, counts = manifest["chip"], manifest["counts"]
    lines = [
        "# Training chips",
        "",
        f"{counts['chips']} chips of {chip['height']} × {chip['width']} px, {manifest['mode']} "
        f"masks, from {len(manifest['scenes'])} scene(s). Made with Polychip "
        f"{manifest['software']['polychip']}; format {manifest['format_version']}.",
        "",
        "![Chips with their masks](preview.png)",
        "",
        "- Licence: *to be filled in: that of the imagery and of the labels*",
        "- Attribution: *to be filled in*",
        "",
        "## Classes",
        "",
        "| code | class | colour | kind | pixels |",
        "|---|---|---|---|---|",
        *_class_rows(manifest),
        "",
        f"A pixel is a class, verified background ({manifest['schema']['background']}), or ignore "
        f"({manifest['schema']['ignore']}): outside what was looked at, nodata, padding, or "
        "labelled as ignore. Never train on ignore.",
        "",
        *_split_lines(manifest),
        "## Scenes",
        "",
        "| scene | group | date | CRS | pixels | bands |",
        "|---|---|---|---|---|---|",
        *_scene_rows(manifest),
        "",
        "## Loading",
        "",
        "```python",
        "import polychip",
        "",
        'dataset = polychip.open("path/to/this/folder")',
        "chip = dataset[0]",
        "chip.image      # (bands, height, width)",
        "chip.semantic   # (height, width)",
        *(
            ["chip.instance   # (height, width), 0 = none"]
            if manifest["mode"] != "semantic"
            else []
        ),
        *(
            [
                f"chip.targets[{name!r}]   # {', '.join(entry['channels'])}"
                for name, entry in manifest["targets"].items()
            ]
        ),
        "```",
        "",
        *_target_lines(manifest),
        "Without Polychip: `chips.parquet` (GeoParquet) lists each chip's files, place, split and "
        "pixel counts; images and masks are GeoTIFFs on one grid.",
        "",
        *loading_lines(manifest),
    ]
    return "\n".join(lines)


def _target_lines(manifest: Mapping[str, Any]) -> list[str]:
    if not manifest["targets"]:
        return []
    rows = [
        f"| {name} | {entry['dtype']} | {entry['ignore']:g} | {_cell(entry['meaning'])} |"
        for name, entry in manifest["targets"].items()
    ]
    return [
        "| target | type | ignore | what it holds |",
        "|---|---|---|---|",
        *rows,
        "",
    ]


def _class_rows(manifest: Mapping[str, Any]) -> list[str]:
    schema, pixels = manifest["schema"], manifest["counts"]["pixels"]
    rows = [(schema["background"], "background", "#000000", "")]
    special = (schema["background"], schema["ignore"])
    for entry in schema["classes"]:
        if entry["code"] not in special:
            kind = "thing" if entry["thing"] else "stuff"
            rows.append((entry["code"], entry["name"], entry["color"], kind))
    rows.append((schema["ignore"], "ignore", "", ""))
    return [
        f"| {code} | {_cell(name)} | {color} | {kind} | {pixels.get(str(code), 0)} |"
        for code, name, color, kind in rows
    ]


def _cell(text: object) -> str:
    """Text that can't break out of a Markdown table."""
    plain = " ".join(str(text).split())
    return "".join(f"\\{char}" if char in "\\|`*_<>[]" else char for char in plain)


def _split_lines(manifest: Mapping[str, Any]) -> list[str]:
    split = manifest["split"]
    if split["by"] == "none":
        return []
    counts = manifest["counts"]["by_split"]
    shares = ", ".join(f"{name} {counts.get(name, 0)}" for name in split["names"])
    return [
        "## Splits",
        "",
        f"By {split['by']}: {shares}. No ground location lies in two splits; "
        "`polychip verify` proves it.",
        "",
        *_share_rows(manifest),
        "",
    ]


def _share_rows(manifest: Mapping[str, Any]) -> list[str]:
    """What each split has of the chips and of each class."""
    split, schema = manifest["split"], manifest["schema"]
    names = {str(entry["code"]): entry["name"] for entry in schema["classes"]}
    names[str(schema["background"])] = "background"
    shares = split["shares"]
    rows = [("chips", shares["chips"])]
    rows += [(names[code], parts) for code, parts in shares["classes"].items()]
    return [
        "| share of | " + " | ".join(split["names"]) + " |",
        "|---" * (len(split["names"]) + 1) + "|",
        *(
            f"| {_cell(what)} | "
            + " | ".join(f"{100 * parts[name]:.1f} %" for name in split["names"])
            + " |"
            for what, parts in rows
        ),
    ]


def _scene_rows(manifest: Mapping[str, Any]) -> list[str]:
    rows = []
    for scene in manifest["scenes"]:
        bands = "; ".join(
            f"{len(layer['bands'])} × {layer['dtype']}" for layer in scene["layers"].values()
        )
        rows.append(
            f"| {_cell(scene['name'])} | {_cell(scene['group'])} | {scene['date'] or ''} | "
            f"{_cell(scene['crs'])} | {scene['width']} × {scene['height']} | {bands} |"
        )
    return rows
