"""Pixels of a mask by class code, small chips and large ones."""

from collections import Counter

import numpy as np
import pytest

from polychip.blocks.masks import count_codes
from polychip.schema import schema_from_values


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (128, 128), (129, 128), (300, 200)])
@pytest.mark.parametrize("n_classes", [1, 5, 12])
def test_each_pixel_is_counted_once_under_its_code(shape: tuple[int, int], n_classes: int) -> None:
    schema, _ = schema_from_values({f"class {n:02}" for n in range(n_classes)}, things=False)
    codes = [schema.background, schema.ignore, *(entry.code for entry in schema.classes[::2])]
    mask = np.random.default_rng(3).choice(np.array(codes, dtype=schema.dtype), shape)
    expected = Counter(str(code) for row in mask.tolist() for code in row)
    assert count_codes(mask, schema) == expected
