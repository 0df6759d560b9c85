"""Capital letters and digits, 3 × 5 pixels each, for captions in pictures."""

import numpy as np
from numpy.typing import NDArray

_LETTERS = {
    "A": "010101111101101", "B": "110101110101110", "C": "011100100100011",
    "D": "110101101101110", "E": "111100110100111", "F": "111100110100100",
    "G": "011100101101011", "H": "101101111101101", "I": "111010010010111",
    "J": "001001001101010", "K": "101101110101101", "L": "100100100100111",
    "M": "101111111101101", "N": "110101101101101", "O": "010101101101010",
    "P": "110101110100100", "Q": "010101101110011", "R": "110101110101101",
    "S": "011100010001110", "T": "111010010010010", "U": "101101101101111",
    "V": "101101101101010", "W": "101101111111101", "X": "101101010101101",
    "Y": "101101010010010", "Z": "111001010100111", "0": "111101101101111",
    "1": "010110010010111", "2": "110001010100111", "3": "110001010001110",
    "4": "101101111001001", "5": "111100110001110", "6": "011100111101111",
    "7": "111001010010010", "8": "111101111101111", "9": "111101111001110",
    "-": "000000111000000", "/": "001001010100100", ":": "000010000010000",
}  # fmt: skip
"""Rows from the top; what isn't listed is a gap."""


def draw(text: str, zoom: int) -> NDArray[np.bool_]:
    """(5 zoom, width): true where there is ink."""
    columns = []
    for letter in text.upper():
        bits = np.array([char == "1" for char in _LETTERS.get(letter, "0" * 15)]).reshape(5, 3)
        columns += [bits, np.zeros((5, 1), dtype=bool)]
    ink = np.concatenate(columns, axis=1) if columns else np.zeros((5, 1), dtype=bool)
    return ink.repeat(zoom, axis=0).repeat(zoom, axis=1)
