"""[schema]: classes and the fields that carry them."""

from typing import Annotated, Literal

from pydantic import Field

from polychip.recipe.table import Table
from polychip.schema import (
    BACKGROUND,
    COLORS,
    IGNORE_8BIT,
    IGNORE_16BIT,
    IGNORE_COLOR,
    ClassDef,
    LabelSchema,
)

Scalar = str | int | float

CLASS_FIELD_NAMES = ("class", "label", "category", "type")
"""Whole names, ignoring case, that are taken for the class field when none is given."""


class ClassEntry(Table):
    """A class of the schema."""

    name: Annotated[str, Field(min_length=1)]
    code: Annotated[int, Field(ge=0, le=IGNORE_16BIT)]
    color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None
    thing: bool = True
    values: list[Scalar] = []


class SchemaOptions(Table):
    """The [schema] table."""

    class_field: str | None = None
    instance_field: str | None = None
    background: Annotated[int, Field(ge=0, le=IGNORE_16BIT)] = BACKGROUND
    ignore: Annotated[int, Field(ge=0, le=IGNORE_16BIT)] | None = None
    unknown: Literal["error", "ignore"] = "error"
    classes: list[ClassEntry] = []

    def build(self) -> LabelSchema | None:
        """The declared schema; None when no classes are declared."""
        if not self.classes:
            return None
        wide = max(entry.code for entry in self.classes) > IGNORE_8BIT
        ignore = self.ignore
        if ignore is None:
            ignore = IGNORE_16BIT if wide else IGNORE_8BIT
        special = (self.background, ignore)
        classes = tuple(
            ClassDef(
                name=entry.name,
                code=entry.code,
                color=(entry.color or _color(entry.code, ignore)).lower(),
                thing=entry.thing and entry.code not in special,
                values=tuple(_value_text(value) for value in entry.values),
            )
            for entry in self.classes
        )
        return LabelSchema(classes, background=self.background, ignore=ignore, unknown=self.unknown)


def _color(code: int, ignore: int) -> str:
    return IGNORE_COLOR if code == ignore else COLORS[(code - 1) % len(COLORS)]


def _value_text(value: Scalar) -> str:
    whole = isinstance(value, float) and value == int(value)
    return str(int(value)) if whole else str(value)
