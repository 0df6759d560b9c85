"""Many arrays in one file: a scene has two dozen of them, and a run may have 10,000 scenes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ALIGNED = 64
"""Each array begins at a multiple of so many bytes."""
_NUMBER = 8
"""Bytes of the number at the file's beginning, which says how long the list of arrays is."""


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays of numbers, one behind the other.

    The file is a number (little-endian, 64 bits) that says how long what follows is; a list of
    [type, shape, first byte] by name, as JSON; and the arrays, row by row.
    """
    told, flat, size = {}, [], 0
    for name, array in arrays.items():
        whole = np.ascontiguousarray(array)
        told[name] = [whole.dtype.str, array.shape, size]
        flat.append(whole)
        size += _room(whole.nbytes)
    head = json.dumps(told).encode("ascii")
    head = head.ljust(_room(_NUMBER + len(head)) - _NUMBER)
    with path.open("wb") as file:
        file.write(len(head).to_bytes(_NUMBER, "little") + head)
        for whole in flat:
            file.write(whole.tobytes() if whole.nbytes < _ALIGNED else whole.data)
            file.write(bytes(_room(whole.nbytes) - whole.nbytes))


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file, memory-mapped: all processes of a machine share the pages."""
    pages = np.memmap(path, dtype=np.uint8, mode="r").view(np.ndarray)
    begin = _NUMBER + int.from_bytes(pages[:_NUMBER].tobytes(), "little")
    arrays = {}
    for name, (dtype, shape, first) in json.loads(pages[_NUMBER:begin].tobytes()).items():
        size = np.dtype(dtype).itemsize * int(np.prod(shape))
        part = pages[begin + first : begin + first + size]
        arrays[name] = part.view(dtype).reshape(shape)
    return arrays


def _room(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
