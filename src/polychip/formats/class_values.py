"""Class codes turned into the values that a format's masks hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polychip.errors import FormatError
from polychip.formats.chip import SourceChip
from polychip.formats.source import Source
from polychip.schema import IGNORE_8BIT, IGNORE_16BIT, IGNORE_COLOR


@dataclass(frozen=True, slots=True)
class ClassValues:
    """A value for each code of the dataset's masks, background and ignore included."""

    names: Mapping[int, str]
    """By value, without ignore, ascending."""
    by_code: Mapping[int, int]
    """Value by class code."""
    ignore: int
    """The value of pixels that nobody looked at."""
    colors: Mapping[int, tuple[int, int, int]]
    """RGB by value."""

    @property
    def dtype(self) -> str:
        """The smallest type that holds all values."""
        return "uint8" if max(self.by_code.values()) <= IGNORE_8BIT else "uint16"

    def apply(self, chip: SourceChip, mask: NDArray[np.generic]) -> NDArray[Any]:
        """A semantic mask (height, width) in the format's values.

        Raises:
            FormatError: the mask holds a code that the schema doesn't know.
        """
        return recoded(chip, mask, self.by_code, self.dtype)

    def palette(self) -> list[tuple[int, int, int]]:
        """RGB of the values 0 to 255."""
        return [self.colors.get(value, (0, 0, 0)) for value in range(256)]

    def facts(self) -> list[dict[str, Any]]:
        """For conversion.json."""
        names = {**self.names, self.ignore: "ignore"}
        return [
            {"code": code, "value": value, "name": names[value]}
            for code, value in sorted(self.by_code.items())
        ]


def recoded(
    chip: SourceChip, mask: NDArray[np.generic], by_code: Mapping[int, int], dtype: str
) -> NDArray[Any]:
    """A semantic mask (height, width) with another value for each code.

    Raises:
        FormatError: the mask holds a code that the schema doesn't know.
    """
    codes = np.unique(mask)
    odd = [code for code in codes.tolist() if code not in by_code]
    if odd:
        raise chip.refused(
            f"its mask holds the code {odd[0]}, which the schema doesn't know",
            "run polychip verify",
        )
    table = np.array([by_code[code] for code in codes.tolist()], dtype=dtype)
    values: NDArray[Any] = table[np.searchsorted(codes, mask)]
    return values


def contiguous_values(source: Source, format_name: str) -> ClassValues:
    """Background 0, classes 1, 2, 3, … by code without gaps, ignore 255.

    Raises:
        FormatError: there are more than 254 classes.
    """
    schema = source.schema
    if len(source.classes) >= IGNORE_8BIT:
        raise FormatError(
            f"{source.folder}: {format_name} holds up to 254 classes in 8 bits, the dataset has "
            f"{len(source.classes)}; merge classes, or choose a format that keeps the GeoTIFF masks"
        )
    values = {entry.code: value for value, entry in enumerate(source.classes, start=1)}
    return _with_names(
        source, {schema.background: 0, **values, schema.ignore: IGNORE_8BIT}, IGNORE_8BIT
    )


def own_values(source: Source) -> ClassValues:
    """The dataset's own codes, gaps and all."""
    schema = source.schema
    codes = [schema.background, *(entry.code for entry in source.classes), schema.ignore]
    return _with_names(source, {code: code for code in codes}, schema.ignore)


def _with_names(source: Source, by_code: Mapping[int, int], ignore: int) -> ClassValues:
    schema = source.schema
    names = {by_code[schema.background]: source.background_name}
    background = schema.by_code.get(schema.background)
    colors = {by_code[schema.background]: background.rgb if background else (0, 0, 0)}
    for entry in source.classes:
        names[by_code[entry.code]] = entry.name
        colors[by_code[entry.code]] = entry.rgb
    grey = int(IGNORE_COLOR[1:3], 16)
    colors[ignore] = (grey, grey, grey)
    if ignore > IGNORE_16BIT:
        raise ValueError(ignore)
    return ClassValues(dict(sorted(names.items())), dict(by_code), ignore, colors)
