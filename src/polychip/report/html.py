"""HTML as values: what isn't marked as HTML is escaped, so no text can become markup; pure."""

from collections.abc import Iterable
from html import escape

_VOID = frozenset({"img", "input", "link", "meta", "br"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | int | None | Iterable["Child"]


def element(tag: str, *children: Child, **attributes: str | float | bool | None) -> Html:
    """An element; children that are plain text are escaped, None and empty lists leave nothing.

    Args:
        tag: its name.
        children: HTML, text, numbers, or lists of them.
        attributes: by name; an underscore stands for '-', one at the end is dropped (`class_`).
            True writes the name alone, None and False nothing.
    """
    parts = [tag]
    for name, value in attributes.items():
        key = name.removesuffix("_").replace("_", "-")
        if value is True:
            parts.append(key)
        elif value is not None and value is not False:
            parts.append(f'{key}="{escape(str(value), quote=True)}"')
    opened = f"<{' '.join(parts)}>"
    return Html(opened if tag in _VOID else f"{opened}{together(*children)}</{tag}>")


def together(*children: Child) -> Html:
    """Children one after another."""
    return Html("".join(_written(child) for child in children))


def _written(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return str(child)
    if isinstance(child, str | int):
        return escape(str(child), quote=True)
    return "".join(_written(each) for each in child)


def table(head: Iterable[Child], rows: Iterable[Iterable[Child]], *, caption: str) -> Html:
    """A table that scrolls by itself where it is too wide; the first cell of a row heads it."""
    body = []
    for cells in rows:
        first, *rest = cells
        body.append(
            element("tr", element("th", first, scope="row"), [element("td", c) for c in rest])
        )
    titles = [element("th", title, scope="col") for title in head]
    inside = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", titles)),
        element("tbody", body),
    )
    return element("div", inside, class_="scroll", tabindex="0", role="region", aria_label=caption)


def fenced(lines: Iterable[str]) -> Html:
    """A card's lines as HTML: fenced code and paragraphs; backticks become code."""
    parts: list[Html] = []
    text: list[str] = []
    code: list[str] | None = None
    for line in [*lines, ""]:
        if line.startswith("```"):
            if code is None:
                code = []
            else:
                parts.append(_code("\n".join(code)))
                code = None
        elif code is not None:
            code.append(line)
        elif line:
            text.append(line)
        elif text:
            parts.append(element("p", _inline(" ".join(text))))
            text = []
    return together(parts)


def _code(text: str) -> Html:
    return element("pre", element("code", text), tabindex="0")


def _inline(text: str) -> list[Html]:
    pieces = text.split("`")
    return [
        element("code", piece) if number % 2 else together(piece)
        for number, piece in enumerate(pieces)
    ]
