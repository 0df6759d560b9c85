"""[split], [output]: who trains on what, and where it goes."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from polychip.errors import nearest
from polychip.format_list import FORMATS
from polychip.names import fault_of_names
from polychip.recipe.table import Table


class SplitOptions(Table):
    """The [split] table."""

    by: Annotated[str, Field(pattern=r"^(none|blocks|random|scene|kfold|field:.+)$")] = "none"
    fractions: dict[str, Annotated[float, Field(ge=0, le=1)]] = {
        "train": 0.8,
        "val": 0.1,
        "test": 0.1,
    }
    block: Annotated[int, Field(ge=1)] = 4
    gap: Annotated[int, Field(ge=0)] = 0
    folds: Annotated[int, Field(ge=2, le=100)] = 5
    """With 'kfold'."""
    objects: Literal["cut", "whole"] = "cut"
    """'whole': all chips that show an object go to one split."""
    stratify: bool = True
    """Even the classes' shares out, as far as blocks or scenes allow."""
    frozen: str | None = None
    """A dataset, or a table of chip ids and splits, whose chips keep their split."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.objects == "whole" and self.by not in ("blocks", "scene", "kfold"):
            raise ValueError(
                f"objects = 'whole' keeps chips together, by = '{self.by}' does not: take by = "
                "'blocks', 'scene' or 'kfold'"
            )
        if self.frozen is not None and self.by == "none":
            raise ValueError("frozen keeps splits, and by = 'none' has none; give by")
        return self

    @field_validator("fractions")
    @classmethod
    def _share_everything(cls, value: dict[str, float]) -> dict[str, float]:
        if not value or abs(sum(value.values()) - 1) > 1e-6:
            raise ValueError(f"fractions add up to {sum(value.values()):g}, not to 1")
        fault = fault_of_names("split", value)
        if fault:
            raise ValueError(fault)
        return value


class FormatOptions(Table):
    """A further format: its name, or a table with options."""

    to: str
    layer: str | None = None
    bands: list[int | str] | None = None
    stretch: str | None = None
    set: dict[str, str] = {}
    """Options of the format alone."""

    @field_validator("to")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in FORMATS:
            raise ValueError(
                f"there is no format '{value}'{nearest(value, FORMATS)}; there are "
                + ", ".join(FORMATS)
            )
        return value


class OutputOptions(Table):
    """The [output] table."""

    path: str = "dataset"
    images: Literal["copies", "none"] = "copies"
    """Whether chips have image files, or are windows of the sources, given in the index."""
    formats: list[FormatOptions] = []
    compress: Literal["none", "deflate", "zstd", "lzw"] = "deflate"
    report: bool = True
    """Whether report.html is made at the end."""

    @field_validator("formats", mode="before")
    @classmethod
    def _names_alone(cls, value: Any) -> Any:
        """'coco' stands for { to = "coco" }."""
        if not isinstance(value, list):
            return value
        return [{"to": entry} if isinstance(entry, str) else entry for entry in value]

    @field_validator("formats")
    @classmethod
    def _each_once(cls, value: list[FormatOptions]) -> list[FormatOptions]:
        names = [entry.to for entry in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"'{twice[0]}' is there twice; write the other with polychip convert, elsewhere"
            )
        return value
