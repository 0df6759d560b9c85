"""README.md and conversion.json of a converted dataset."""

import json
from collections.abc import Mapping
from typing import Any

from polychip.formats.protocol import Card
from polychip.formats.source import Source

CONVERSION_VERSION = "1.0"


def conversion(
    name: str,
    source: Source,
    card: Card,
    options: Mapping[str, Any],
    by_split: Mapping[str, int],
    left_out: Mapping[str, int],
) -> dict[str, Any]:
    """What conversion.json holds; no clock, host or path."""
    from polychip import __version__

    return {
        "conversion_version": CONVERSION_VERSION,
        "format": name,
        "dataset": {
            "digest": source.manifest["digest"],
            "format_version": source.manifest["format_version"],
        },
        "options": dict(options),
        "chips": sum(by_split.values()),
        "by_split": dict(by_split),
        "left_out": dict(sorted(left_out.items())),
        "facts": dict(card.facts),
        "software": {"polychip": __version__},
    }


def as_json(value: Mapping[str, Any]) -> str:
    """As people read it."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def readme(card: Card, told: Mapping[str, Any]) -> str:
    """The README as Markdown."""
    shares = ", ".join(f"{name} {n}" for name, n in told["by_split"].items())
    lines = [
        f"# {card.title}",
        "",
        f"{told['chips']} chips ({shares}), converted by Polychip {told['software']['polychip']} "
        f"from the dataset {told['dataset']['digest']}. Ids of classes, the stretch and the "
        "options are in `conversion.json`.",
        "",
        "```",
        card.layout.rstrip(),
        "```",
        "",
        *_stretch_lines(card.facts),
        "## Loading",
        "",
        "Run in this folder:",
        "",
        "```python",
        card.snippet.rstrip(),
        "```",
        "",
        *_list("What this format does not hold", card.limits),
        *_list("Left out", [f"{what}: {n}" for what, n in told["left_out"].items() if n]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _stretch_lines(facts: Mapping[str, Any]) -> list[str]:
    stretch = (facts.get("picture") or {}).get("stretch")
    if not stretch:
        return []
    pairs = zip(stretch["min"], stretch["max"], strict=True)
    told = ", ".join(f"{low:.6g} to {high:.6g}" for low, high in pairs)
    return [f"Images are 8-bit: {told} ({stretch['rule']}) became 0 to 255 in every chip.", ""]


def _list(heading: str, items: Any) -> list[str]:
    return [f"## {heading}", "", *(f"- {item}" for item in items), ""] if items else []
