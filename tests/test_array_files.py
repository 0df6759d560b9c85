"""Arrays in one file: numpy reads them without our help, and they come back as they were."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

from polychip.arrays import load_arrays, save_arrays

kinds = st.sampled_from(["uint8", "bool", "int64", "float32", "float64"])
any_array = kinds.flatmap(
    lambda kind: of_numpy.arrays(kind, of_numpy.array_shapes(min_dims=1, max_dims=2, min_side=0))
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that each example writes anew."""
    return tmp_path_factory.mktemp("arrays") / "arrays.bin"


@given(arrays=st.dictionaries(st.text(max_size=5), any_array, max_size=5))
def test_whatever_they_hold_they_come_back(
    path: Path, arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]
) -> None:
    save_arrays(path, arrays)
    found = load_arrays(path)
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()
        assert not found[name].flags.writeable
    del found


def test_the_layout_is_the_one_that_is_told(path: Path) -> None:
    columns = np.arange(12, dtype="int64").reshape(3, 4).T  # in memory by columns
    save_arrays(path, {"one": np.array([1.5]), "none": np.empty((0, 4), "int32"), "all": columns})
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    told = json.loads(data[8 : 8 + size])
    assert (8 + size) % 64 == 0
    assert told == {"one": ["<f8", [1], 0], "none": ["<i4", [0, 4], 64], "all": ["<i8", [4, 3], 64]}
    assert np.frombuffer(data, "<f8", 1, 8 + size).tolist() == [1.5]
    assert np.frombuffer(data, "<i8", 12, 8 + size + 64).tolist() == columns.ravel().tolist()
    assert len(data) == 8 + size + 64 + 128


def test_they_are_mapped_and_not_read(path: Path) -> None:
    save_arrays(path, {"many": np.zeros(1000)})
    base = load_arrays(path)["many"].base
    while base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
