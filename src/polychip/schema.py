"""Classes: their codes, colours and priority, and which label value means which."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from polychip.errors import RecipeError, nearest, some

BACKGROUND = 0
IGNORE_8BIT = 255
IGNORE_16BIT = 65535

COLORS = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#999933",
    "#882255", "#44aa99", "#332288", "#ddcc77", "#117733", "#88ccee", "#aa4499", "#661100",
)  # fmt: skip
"""Told apart by colour-blind people: Okabe and Ito 2008, then Tol's muted scheme."""
BACKGROUND_COLOR = "#000000"
IGNORE_COLOR = "#b3b3b3"


@dataclass(frozen=True, slots=True)
class ClassDef:
    """One class. Its place in the schema is its priority: the first wins an overlap."""

    name: str
    code: int
    color: str
    """#rrggbb"""
    thing: bool = True
    """Countable (an instance each), or stuff."""
    values: tuple[str, ...] = ()
    """Label values that mean this class; empty: its name, or its code."""

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The colour's three parts, 0 to 255."""
        return int(self.color[1:3], 16), int(self.color[3:5], 16), int(self.color[5:7], 16)


@dataclass(frozen=True, slots=True)
class LabelSchema:
    """What the pixels of a semantic mask mean."""

    classes: tuple[ClassDef, ...]
    ranked: bool = True
    """Whether the order of the classes decides overlaps; else only an ignore class stands out."""
    background: int = BACKGROUND
    ignore: int = IGNORE_8BIT
    unknown: Literal["error", "ignore"] = "error"

    def __post_init__(self) -> None:
        """Refuse codes and names that stand for two things."""
        limit = IGNORE_16BIT
        for entry in self.classes:
            if not 0 <= entry.code <= limit:
                raise RecipeError(
                    f"class '{entry.name}' has code {entry.code}; codes are whole numbers "
                    f"from 0 to {limit}"
                )
        for what, items in (
            ("name", [c.name for c in self.classes]),
            ("label value", [v for c in self.classes for v in c.values]),
        ):
            twice = sorted({item for item in items if items.count(item) > 1})
            if twice:
                raise RecipeError(f"schema: the {what} '{twice[0]}' stands for two classes")
        names = {c.code: c.name for c in self.classes}
        for entry in self.classes:
            if names[entry.code] != entry.name:
                raise RecipeError(
                    f"schema: '{entry.name}' and '{names[entry.code]}' share the code "
                    f"{entry.code}; give each class its own, or list both label values in one "
                    "class's `values`"
                )
        if self.background == self.ignore:
            raise RecipeError(f"schema: background and ignore are both {self.ignore}")

    @property
    def dtype(self) -> Literal["uint8", "uint16"]:
        """The type of semantic masks: 16 bits as soon as a code needs them."""
        codes = [self.background, self.ignore, *(c.code for c in self.classes)]
        return "uint8" if max(codes) <= IGNORE_8BIT else "uint16"

    @property
    def names(self) -> list[str]:
        """Class names in priority order."""
        return [c.name for c in self.classes]

    @property
    def by_code(self) -> dict[int, ClassDef]:
        """The classes by their codes."""
        return {c.code: c for c in self.classes}

    @property
    def mask_classes(self) -> tuple[ClassDef, ...]:
        """The classes that are neither background nor ignore, by code."""
        special = (self.background, self.ignore)
        return tuple(sorted((c for c in self.classes if c.code not in special), key=_code))

    def priority(self, code: int) -> int:
        """Place in the painting order, 0 on top.

        Without a declared order all classes share one place, and ignore lies above them.
        """
        if self.ranked:
            order = [c.code for c in self.classes]
            return order.index(code) + 1 if code in order else 0
        return 0 if code == self.ignore else 1

    def lookup(self) -> dict[str, int]:
        """Codes by label value, as text."""
        table: dict[str, int] = {}
        for entry in self.classes:
            for value in entry.values or (entry.name,):
                table[value] = entry.code
        for entry in self.classes:  # integer fields: the code itself, unless a class is named so
            if not entry.values:
                table.setdefault(str(entry.code), entry.code)
        return table

    def explain_unknown(self, value: str) -> str:
        """What the schema knows instead of `value`, with the nearest name."""
        return f"the schema knows {some(self.names)}{nearest(value, self.lookup())}"


def _code(entry: ClassDef) -> int:
    return entry.code


def as_whole_number(value: str) -> int | None:
    """The whole number that a label value spells ('3', '3.0', '-1'), or None."""
    try:
        number = float(value)
    except ValueError:
        return None
    return int(number) if number == int(number) and abs(number) < 2**53 else None


def schema_from_values(values: Iterable[str], *, things: bool) -> tuple[LabelSchema, str]:
    """The schema of labels that come without one, and the rule in a sentence.

    Whole numbers are their own codes (0 background, 255 ignore); otherwise texts are numbered
    from 1 in sorted order.
    """
    texts = sorted(set(values))
    numbers = [as_whole_number(text) for text in texts]
    if texts and all(number is not None for number in numbers):
        return _schema_from_codes(texts, [n for n in numbers if n is not None], things=things)
    wide = len(texts) > IGNORE_8BIT - 1
    classes = tuple(
        ClassDef(name, code, default_color(code), things, (name,))
        for code, name in enumerate(texts, start=1)
    )
    ignore = IGNORE_16BIT if wide else IGNORE_8BIT
    rule = "class values are texts: numbered from 1 in sorted order"
    return LabelSchema(classes, ranked=False, ignore=ignore), rule


def _schema_from_codes(
    texts: Sequence[str], codes: Sequence[int], *, things: bool
) -> tuple[LabelSchema, str]:
    spellings: dict[int, list[str]] = {}
    for text, code in zip(texts, codes, strict=True):
        spellings.setdefault(code, []).append(text)
    low, high = min(spellings), max(spellings)
    if low < 0 or high > IGNORE_16BIT:
        raise RecipeError(
            f"class values are whole numbers from {low} to {high}; without a schema they would "
            f"be their own codes, which run from 0 to {IGNORE_16BIT}; write a [schema] that maps "
            "them (classes with `values`)"
        )
    ignore = IGNORE_8BIT if high <= IGNORE_8BIT else IGNORE_16BIT
    special: Mapping[int, str] = {BACKGROUND: "background", ignore: "ignore"}
    classes = tuple(
        ClassDef(
            special.get(code, str(code)),
            code,
            IGNORE_COLOR if code == ignore else default_color(code),
            things and code not in special,
            tuple(spellings[code]),
        )
        for code in sorted(spellings)
    )
    rule = f"class values are whole numbers: each its own code (0 background, {ignore} ignore)"
    return LabelSchema(classes, ranked=False, ignore=ignore), rule


def default_color(code: int) -> str:
    """A colour for a code that was given none."""
    return BACKGROUND_COLOR if code == BACKGROUND else COLORS[(code - 1) % len(COLORS)]


def palette(schema: LabelSchema) -> tuple[tuple[int, int, int, int], ...]:
    """RGBA of the codes 0 to 255, for 8-bit masks."""
    entries = [(0, 0, 0, 255)] * 256
    grey = ClassDef("ignore", schema.ignore, IGNORE_COLOR)
    for entry in (grey, *schema.classes):
        if entry.code < len(entries):
            entries[entry.code] = (*entry.rgb, 255)
    return tuple(entries)
