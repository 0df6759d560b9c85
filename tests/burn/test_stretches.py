"""Stretches of equal pixels, found at once and by walking."""

from itertools import groupby

import numpy as np
import pytest

from polychip.burn.stretches import stretches


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (13, 17), (0, 4)])
@pytest.mark.parametrize("n_values", [1, 2, 300])
def test_stretches_are_what_walking_along_the_rows_meets(
    shape: tuple[int, int], n_values: int
) -> None:
    values = np.random.default_rng(3).integers(0, n_values, shape).astype(np.uint16)
    place, length = stretches(values)
    met = [(value, len(list(same))) for value, same in groupby(values.ravel().tolist())]
    assert list(zip(values.ravel()[place].tolist(), length.tolist(), strict=True)) == met
    assert place.tolist() == np.cumsum([0, *(n for _, n in met)])[: len(met)].tolist()


def test_a_part_of_a_larger_raster_is_walked_row_by_row() -> None:
    whole = np.array([[1, 2, 2, 9], [3, 2, 4, 9]])
    place, length = stretches(whole[:, 1:3])
    assert place.tolist() == [0, 3]
    assert length.tolist() == [3, 1]
