"""The contact sheet: chips of each split and class, each embedded once and enlarged by a click."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from polychip.report.choice import Chosen, Group
from polychip.report.html import Html, element, together
from polychip.report.pictures import Picture
from polychip.report.sections import section, swatch

_BUDGET_BYTES = 6_000_000
"""Of all pictures together."""
_VIEWS = (
    ("both", "mask and outlines"), ("image", "image"), ("mask", "mask over it"),
    ("lines", "outlines"),
)  # fmt: skip


@dataclass(slots=True)
class Sheet:
    """Pictures that are on the page, by their chip's place in the index."""

    take: Callable[[int], Picture]
    """Gives the picture of a chip."""
    numbers: dict[int, int] = field(default_factory=dict)
    """The picture's number on the page."""
    n_bytes: int = 0
    n_without_image: int = 0

    def layers(self, index: int, name: str) -> Html | None:
        """A chip's layers on top of one another; None when the page is full."""
        if index in self.numbers:
            return element("span", class_="layers", data_of=str(self.numbers[index]))
        if self.n_bytes > _BUDGET_BYTES:
            return None
        picture = self.take(index)
        number = self.numbers[index] = len(self.numbers)
        self.n_bytes += picture.n_bytes
        self.n_without_image += picture.image is None
        size: dict[str, Any] = {"width": picture.width, "height": picture.height}
        images = [element("img", src=picture.mask, alt="", class_="mask", **size),
                  element("img", src=picture.lines, alt="", class_="lines", **size)]  # fmt: skip
        if picture.image is not None:
            images.insert(
                0, element("img", src=picture.image, alt=f"Chip {name}", class_="photo", **size)
            )
        style = f"aspect-ratio: {picture.width} / {picture.height}"
        return element("span", images, class_="layers", id=f"picture-{number}", style=style)


def sheet_section(
    groups: Sequence[Group],
    sheet: Sheet,
    colours: Mapping[str | int, str],
    name_of: Callable[[int], tuple[str, str]],
) -> Html:
    """All groups, with the switch between their layers.

    Args:
        groups: of splits and classes.
        sheet: makes the pictures and remembers them.
        colours: by the split's name or the class's code.
        name_of: a chip's id, and its scene and split in words.
    """
    rows = [_group(group, sheet, colours, name_of) for group in groups]
    splits = [row for row, group in zip(rows, groups, strict=True) if group.code is None]
    classes = [row for row, group in zip(rows, groups, strict=True) if group.code is not None]
    return section(
        "sheet", "Chips", _note(sheet), _switch(),
        element("h3", "By split"), splits, element("h3", "By class"), classes,
    )  # fmt: skip


def _note(sheet: Sheet) -> Html:
    words = (
        "Of each split and each class the chip with the most, the fewest (of a class: where there "
        "is any) and the oddest: the one farthest from the others in its classes, objects and "
        "bands. Ignore is hatched. Click a chip for a large view."
    )
    gone = None
    if sheet.n_without_image:
        gone = element(
            "p", f"{sheet.n_without_image} of them without their image: this dataset holds none, "
            "and its sources are not where recipe.toml has them.",
        )  # fmt: skip
    return together(element("p", words), gone)


def _switch() -> Html:
    choices = [
        element(
            "label",
            element("input", type="radio", name="view", value=value, id=f"view-{value}",
                    checked=value == "both"),
            f" {words}",
        )
        for value, words in _VIEWS
    ]  # fmt: skip
    return element("fieldset", element("legend", "Show"), choices, class_="switch")


def _group(
    group: Group,
    sheet: Sheet,
    colours: Mapping[str | int, str],
    name_of: Callable[[int], tuple[str, str]],
) -> Html:
    key: str | int = group.name if group.code is None else group.code
    figures = [_figure(entry, sheet, name_of) for entry in group.chosen]
    left = group.left_out + sum(figure is None for figure in figures)
    note = f"{left} more not shown, to keep the page small." if left else None
    if not group.chosen and not left:
        note = "No chip shows it."
    heading = element("h4", swatch(colours.get(key, "#888888")), group.name)
    return element(
        "div", heading, element("div", figures, class_="row"), element("p", note) if note else None,
        class_="group",
    )  # fmt: skip


def _figure(entry: Chosen, sheet: Sheet, name_of: Callable[[int], tuple[str, str]]) -> Html | None:
    name, place = name_of(entry.index)
    layers = sheet.layers(entry.index, name)
    if layers is None:
        return None
    number = str(sheet.numbers[entry.index])
    button = element(
        "button", layers, type="button", class_="look", data_picture=number,
        aria_label=f"Enlarge chip {name}, {entry.role}",
    )  # fmt: skip
    caption = element(
        "figcaption", element("b", entry.role), f": {entry.why}", element("br"),
        element("span", name, class_="name"), element("br"), element("small", place),
    )  # fmt: skip
    return element("figure", button, caption)
