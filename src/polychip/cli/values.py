"""Texts of the command line read as values; a text that is none says what was expected."""

import argparse
from collections.abc import Callable
from typing import Any


def _reading(what: str, convert: Callable[[str], Any]) -> Callable[[str], Any]:
    """A converter that says what it expected; ranges are the recipe's to check."""

    def read(text: str) -> Any:
        try:
            return convert(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not {what}") from None

    return read


def _one_or_two(text: str, kind: Callable[[str], Any]) -> Any:
    parts = [kind(part) for part in text.lower().split("x")]
    if len(parts) > 2:
        raise ValueError(text)
    return parts[0] if len(parts) == 1 else tuple(parts)


def _band(text: str) -> int | str:
    name = text.strip()
    if not name:
        raise ValueError(text)
    return int(name) if name.isdecimal() else name


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _name_and_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ValueError(text)
    return name, value


pair = _reading("an option as NAME=VALUE", _name_and_value)
size = _reading("a number of pixels such as 512, nor two as HEIGHTxWIDTH",
                 lambda text: _one_or_two(text, int))  # fmt: skip
resolution = _reading("a pixel size such as 10, nor two as 10x20",
                       lambda text: _one_or_two(text, float))  # fmt: skip
bands = _reading("a list of bands such as 3,2,1 or red,green,blue",
                  lambda text: [_band(part) for part in text.split(",")])  # fmt: skip
names = _reading("a list of names such as boundary,distance",
                  lambda text: [name.strip() for name in text.split(",")])  # fmt: skip
workers = _reading("a number of processes, 1 or more", _at_least_one)


def number_of(what: str) -> Callable[[str], Any]:
    """A converter to a whole number, 1 or more."""
    return _reading(f"a number of {what}, 1 or more", _at_least_one)
