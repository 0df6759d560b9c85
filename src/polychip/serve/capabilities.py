"""What this engine can do, told by `hello`, so that clients need no lists of their own."""

from typing import Any, get_args

from polychip import __version__
from polychip.format_list import FORMATS
from polychip.recipe.chips import ChipOptions, MaskOptions
from polychip.recipe.output import OutputOptions, SplitOptions
from polychip.schema import COLORS
from polychip.serve.protocol import ERROR_CODES, MAX_LINE_BYTES, PROTOCOL

METHODS = ("hello", "recipe", "plan", "preview", "run", "cancel", "shutdown")
WAYS = ("new", "resume", "overwrite", "update")
SPLITS = ("none", "blocks", "random", "scene", "field:NAME")
MAX_PREVIEW_PX = 4096
"""Longest side of a chip that is previewed."""


def greeting() -> dict[str, Any]:
    """The answer to `hello`."""
    return {
        "protocol": PROTOCOL,
        "version": __version__,
        "methods": list(METHODS),
        "errors": list(ERROR_CODES),
        "modes": _choices(MaskOptions, "mode"),
        "edges": _choices(ChipOptions, "edge"),
        "splits": list(SPLITS),
        "fractions": SplitOptions().fractions,
        "formats": known_formats(),
        "compress": _choices(OutputOptions, "compress"),
        "ways": list(WAYS),
        "colors": list(COLORS),
        "max_line_bytes": MAX_LINE_BYTES,
        "max_preview_px": MAX_PREVIEW_PX,
    }


def known_formats() -> list[str]:
    """The further formats that a recipe's `output.formats` may name."""
    return list(FORMATS)


def _choices(table: Any, field: str) -> list[str]:
    return [str(value) for value in get_args(table.model_fields[field].annotation)]
