"""Which classes of a dataset stand for a class that a format has of its own."""

import re
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from polychip.errors import FormatError, nearest
from polychip.formats.preparation import Preparation
from polychip.formats.source import Source


def chosen_codes(
    preparation: Preparation, option: str, accepts: Callable[[str], bool]
) -> frozenset[int]:
    """Codes of the classes that an option names (`--set OPTION=NAME,NAME`).

    Args:
        preparation: what the format is made with.
        option: its name.
        accepts: where the option is not given: whether a class, by its plain name, is meant.

    Raises:
        FormatError: the option names a class that the dataset doesn't have.
    """
    classes = preparation.source.classes
    text = preparation.option(option, "")
    if not text:
        return frozenset(c.code for c in classes if accepts(plain_name(c.name)))
    by_name = {entry.name: entry.code for entry in classes}
    wanted = [text] if text in by_name else [part.strip() for part in text.split(",")]
    for name in wanted:
        if name not in by_name:
            raise FormatError(
                f"{preparation.name}: {option} names the class '{name}'{nearest(name, by_name)}; "
                f"the dataset has {', '.join(by_name)}"
            )
    return frozenset(by_name[name] for name in wanted)


def plain_name(name: str) -> str:
    """A class name in lower case with single blanks for all that is no letter or digit."""
    return " ".join(re.findall(r"\w+", name.casefold().replace("_", " ")))


def class_names(source: Source, codes: Iterable[int]) -> list[str]:
    """Names of classes, by code."""
    wanted = set(codes)
    return [entry.name for entry in source.classes if entry.code in wanted]


def other_class_pixels(
    source: Source, mask: NDArray[np.generic], kept: Iterable[int], becomes: str
) -> dict[str, int]:
    """Pixels of each class that a format does not tell from its background, for `left_out`."""
    codes, counts = np.unique(mask, return_counts=True)
    found = dict(zip(codes.tolist(), counts.tolist(), strict=True))
    known = set(kept)
    return {
        f"pixels of class '{entry.name}' that became {becomes}": found[entry.code]
        for entry in source.classes
        if entry.code in found and entry.code not in known
    }
