# SPDX-License-Identifier: GPL-2.0-or-later
"""Formulas over bands, parsed by hand and reckoned on arrays; nothing is ever executed. No QGIS.

`(green - nir) / (green + nir)`: names are bands (`b3`, or a role such as `green`), `other.` leads
to the other date; `+ - * / ^`, comparisons, `and or not`, and the functions of FUNCTIONS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, Union

import numpy as np

from ..translation import tr

MAX_LENGTH = 500
MAX_DEPTH = 40
OTHER = "other."
"""What leads to the other date's bands."""

_WORD = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)"
    r"|(?P<sign><=|>=|==|!=|[-+*/^<>(),]))"
)


def _truth(value: np.ndarray) -> np.ndarray:
    return np.not_equal(value, 0)


FUNCTIONS: dict[str, tuple[int, Callable[..., np.ndarray]]] = {
    "abs": (1, np.abs),
    "sqrt": (1, np.sqrt),
    "log10": (1, np.log10),
    "db": (1, lambda value: 10.0 * np.log10(value)),
    "min": (2, np.minimum),
    "max": (2, np.maximum),
    "where": (3, lambda test, yes, no: np.where(_truth(test), yes, no)),
}
"""Name to number of arguments and what it does; `db` is 10 times the decimal logarithm."""
_BINARY: dict[str, Callable[..., np.ndarray]] = {
    "or": lambda a, b: _truth(a) | _truth(b),
    "and": lambda a, b: _truth(a) & _truth(b),
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
    "==": np.equal, "!=": np.not_equal,
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "^": np.power,
}  # fmt: skip
_LEVELS = (("or",), ("and",), ("<", "<=", ">", ">=", "==", "!="), ("+", "-"), ("*", "/"))
"""Loosest first; `not` binds between `and` and the comparisons, `-` and `^` tighter than all."""
_COMPARE = 2


class FormulaError(Exception):
    """The formula cannot be reckoned; the text says what is wrong, and where."""


class Number(NamedTuple):
    """A constant."""

    value: float


class Band(NamedTuple):
    """A band by its name, without `other.`."""

    name: str
    other: bool


class Call(NamedTuple):
    """A function or sign and what it is given."""

    name: str
    arguments: tuple[Node, ...]


Node = Union[Number, Band, Call]


class Formula(NamedTuple):
    """A parsed formula."""

    text: str
    root: Node

    @property
    def bands(self) -> list[Band]:
        """Those that it reads, each once, in order."""
        found: dict[Band, None] = {}
        waiting: list[Node] = [self.root]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Band):
                found[node] = None
            elif isinstance(node, Call):
                waiting += reversed(node.arguments)
        return list(found)

    def reckon(self, bands: Mapping[Band, np.ndarray]) -> np.ndarray:
        """The value of each pixel, float64; what has no value (0 / 0) is not finite.

        Args:
            bands: float64 arrays, all of one shape.
        """
        with np.errstate(all="ignore"):
            value = _value(self.root, bands)
        shape = next(iter(bands.values())).shape
        return np.broadcast_to(np.asarray(value, dtype=np.float64), shape)


def parse(text: str) -> Formula:
    """Read a formula.

    Raises:
        FormulaError: it is empty, too long, or wrong at a place that is named.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(
            tr("The formula has {count} characters, at most {most} are read.").format(
                count=len(text), most=MAX_LENGTH
            )
        )
    reader = _Reader(text)
    root = reader.level(0)
    reader.expect_end()
    formula = Formula(text.strip(), root)
    if not formula.bands:
        raise FormulaError(tr("The formula “{text}” names no band.").format(text=text.strip()))
    return formula


def _value(node: Node, bands: Mapping[Band, np.ndarray]) -> np.ndarray:
    if isinstance(node, Number):
        return np.float64(node.value)
    if isinstance(node, Band):
        return bands[node]
    values = [_value(part, bands) for part in node.arguments]
    if node.name == "not":
        return ~_truth(values[0])
    if node.name == "minus":
        return np.negative(np.asarray(values[0], dtype=np.float64))
    numbers = [np.asarray(value, dtype=np.float64) for value in values]
    if node.name in _BINARY:
        return _BINARY[node.name](*numbers)
    return FUNCTIONS[node.name][1](*numbers)


class _Reader:
    """Goes through the tokens from left to right."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._depth = text, 0, 0
        self._kind, self._word, self._start = "", "", 0
        self._next()

    def level(self, number: int) -> Node:
        """An expression of signs that bind as tightly as this level, or tighter."""
        if number == _COMPARE and self._word == "not":
            self._next()
            return Call("not", (self._deeper(lambda: self.level(number)),))
        if number == len(_LEVELS):
            return self._signed()
        left = self.level(number + 1)
        while self._kind in ("sign", "name") and self._word in _LEVELS[number]:
            name = self._word
            self._next()
            left = Call(name, (left, self.level(number + 1)))
            if number == _COMPARE and self._word in _LEVELS[number]:
                self._refuse(tr("join comparisons by “and”"))
        return left

    def expect_end(self) -> None:
        """Nothing may be left."""
        if self._kind:
            self._refuse(tr("“{token}” is not expected").format(token=self._word))

    def _signed(self) -> Node:
        if self._word in ("-", "+"):
            minus = self._word == "-"
            self._next()
            part = self._deeper(self._signed)
            return Call("minus", (part,)) if minus else part
        base = self._atom()
        if self._word == "^":
            self._next()
            return Call("^", (base, self._deeper(self._signed)))
        return base

    def _atom(self) -> Node:
        kind, word = self._kind, self._word
        if kind == "number":
            self._next()
            return Number(float(word))
        if word == "(":
            self._next()
            inner = self._deeper(lambda: self.level(0))
            self._expect(")")
            return inner
        if kind == "name" and word not in ("and", "or", "not"):
            self._next()
            if self._word == "(":
                return self._call(word)
            other = word.lower().startswith(OTHER)
            name = word.lower().removeprefix(OTHER) if other else word.lower()
            if "." in name:
                self._refuse(tr("only “other.” may stand before a band"))
            return Band(name, other)
        found = tr("“{token}”").format(token=word) if kind else tr("the end")
        self._refuse(tr("a band or a number is expected, not {found}").format(found=found))
        raise AssertionError  # _refuse has raised

    def _call(self, name: str) -> Node:
        known = FUNCTIONS.get(name.lower())
        if known is None:
            self._refuse(
                tr("there is no function “{name}”, but {names}").format(
                    name=name, names=", ".join(FUNCTIONS)
                )
            )
        self._next()
        arguments = [self._deeper(lambda: self.level(0))]
        while self._word == ",":
            self._next()
            arguments.append(self._deeper(lambda: self.level(0)))
        self._expect(")")
        if len(arguments) != known[0]:
            self._refuse(
                tr("{name}() takes {count} values, not {found}").format(
                    name=name, count=known[0], found=len(arguments)
                )
            )
        return Call(name.lower(), tuple(arguments))

    def _deeper(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._refuse(tr("too many brackets or signs inside each other"))
        node = read()
        self._depth -= 1
        return node

    def _expect(self, word: str) -> None:
        if self._word != word:
            self._refuse(tr("“{token}” is missing").format(token=word))
        self._next()

    def _next(self) -> None:
        match = _WORD.match(self._text, self._at)
        self._start = self._at
        if match is None:
            rest = self._text[self._at :].strip()
            self._kind = self._word = ""
            if rest:
                self._start = len(self._text) - len(self._text[self._at :].lstrip())
                self._refuse(tr("“{token}” is not understood").format(token=rest[0]))
            return
        self._at = match.end()
        self._kind = match.lastgroup or ""
        self._word = match.group(self._kind)
        self._start = match.start(self._kind)
        if self._kind == "name" and self._word.lower() in ("and", "or", "not"):
            self._word = self._word.lower()

    def _refuse(self, why: str) -> None:
        raise FormulaError(
            tr("The formula “{text}” is wrong at character {at}: {why}.").format(
                text=self._text.strip(), at=self._start + 1, why=why
            )
        )
