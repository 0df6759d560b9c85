"""Many texts in flat files: memory-mapped, so that a machine holds them once; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

_ENCODING, _ERRORS = "utf-8", "surrogatepass"
"""Texts of files with a wrong encoding may hold lone surrogates."""


@dataclass(frozen=True, slots=True)
class MappedTexts(Sequence[str]):
    """Texts that are decoded when they are asked for."""

    letters: NDArray[np.uint8]
    """All texts in UTF-8, one behind the other."""
    bounds: NDArray[np.int64]
    """(n + 1,): text i is letters[bounds[i]:bounds[i + 1]]."""

    def __len__(self) -> int:
        """Number of texts."""
        return len(self.bounds) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        """One text, or some."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        i = range(len(self))[index]
        letters = self.letters[self.bounds[i] : self.bounds[i + 1]]
        return letters.tobytes().decode(_ENCODING, _ERRORS)


def texts_at(texts: Sequence[str], numbers: Sequence[int]) -> list[str]:
    """Some of many texts, mapped or not."""
    if not isinstance(texts, MappedTexts):
        return [texts[i] for i in numbers]
    letters, chosen = texts.letters.data, np.asarray(numbers, dtype=np.int64)
    ends = zip(texts.bounds[chosen].tolist(), texts.bounds[chosen + 1].tolist(), strict=True)
    return [str(letters[a:b], _ENCODING, _ERRORS) for a, b in ends]


def flat_texts(texts: Sequence[str]) -> MappedTexts:
    """Texts in two arrays; those that lie in two already are given back."""
    if isinstance(texts, MappedTexts):
        return texts
    whole, bounds = "".join(texts), np.zeros(len(texts) + 1, dtype=np.int64)
    if whole.isascii():  # a letter is a byte
        np.cumsum([*map(len, texts)], out=bounds[1:])
        return MappedTexts(np.frombuffer(whole.encode("ascii"), dtype=np.uint8), bounds)
    encoded = [text.encode(_ENCODING, _ERRORS) for text in texts]
    np.cumsum([len(text) for text in encoded], out=bounds[1:])
    return MappedTexts(np.frombuffer(b"".join(encoded), dtype=np.uint8), bounds)


def text_arrays(name: str, texts: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Texts as two arrays, to be stored under names that begin with this one."""
    flat = flat_texts(texts)
    return {name: flat.letters, f"{name}-bounds": flat.bounds}


def texts_of(name: str, arrays: Mapping[str, NDArray[Any]]) -> MappedTexts:
    """Texts out of the two arrays that `text_arrays` made."""
    return MappedTexts(arrays[name], arrays[f"{name}-bounds"])
