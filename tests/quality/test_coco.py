"""The RLE decoder against pycocotools."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from polychip.quality.coco import decode


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_masks_come_back_as_pycocotools_wrote_them(
    height: int, width: int, share: float, seed: int
) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < share
    text = coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert np.array_equal(decode(text, height, width), mask)


def test_runs_longer_than_a_chip_row_come_back() -> None:
    mask = np.zeros((1024, 700), dtype=np.uint8)
    mask[:, 5:600] = 1
    mask[17, 300] = 0
    text = coco.encode(np.asfortranarray(mask))["counts"].decode()
    assert np.array_equal(decode(text, 1024, 700), mask.astype(bool))


@pytest.mark.parametrize("text", ["", "o", "\x10", "4", "zzzz"])
def test_a_text_that_is_no_mask_of_that_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="RLE"):
        decode(text, 3, 3)
