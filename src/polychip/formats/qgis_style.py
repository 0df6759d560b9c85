"""A QGIS style (QML) that colours the grid of chips by split."""

from collections.abc import Sequence
from xml.etree import ElementTree

from polychip.schema import COLORS

_FIRST = {"train": "#56b4e9", "val": "#e69f00", "test": "#cc79a7"}
_NONE = "#999999"


def grid_style(splits: Sequence[str]) -> str:
    """QML: a translucent fill and an outline for each split, grey for chips without one."""
    root = ElementTree.Element("qgis", version="3.28.0", styleCategories="Symbology|Labeling")
    renderer = ElementTree.SubElement(
        root, "renderer-v2", type="categorizedSymbol", attr="split", enableorderby="0",
        forceraster="0", symbollevels="0",
    )  # fmt: skip
    categories = ElementTree.SubElement(renderer, "categories")
    symbols = ElementTree.SubElement(renderer, "symbols")
    spare = [color for color in COLORS if color not in _FIRST.values()]
    entries = [(name, _FIRST.get(name) or spare[i % len(spare)]) for i, name in enumerate(splits)]
    for number, (name, color) in enumerate([*entries, ("", _NONE)]):
        label = name or "no split"
        ElementTree.SubElement(
            categories, "category", value=name, symbol=str(number), label=label, render="true",
            type="string",
        )  # fmt: skip
        _symbol(symbols, str(number), color)
    text = ElementTree.tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{text}"


def _symbol(symbols: ElementTree.Element, name: str, color: str) -> None:
    rgb = ",".join(str(int(color[i : i + 2], 16)) for i in (1, 3, 5))
    symbol = ElementTree.SubElement(
        symbols, "symbol", type="fill", name=name, alpha="1", clip_to_extent="1"
    )
    layer = ElementTree.SubElement(
        symbol, "layer", {"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"}
    )
    options = ElementTree.SubElement(layer, "Option", type="Map")
    for key, value in (
        ("color", f"{rgb},64"), ("outline_color", f"{rgb},255"), ("outline_style", "solid"),
        ("outline_width", "0.4"), ("outline_width_unit", "MM"), ("style", "solid"),
    ):  # fmt: skip
        ElementTree.SubElement(options, "Option", name=key, value=value, type="QString")
