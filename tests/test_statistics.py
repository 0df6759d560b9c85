"""Band statistics: per chip, and added up, against numpy on the whole."""

import json
import math

import numpy as np
import pytest

from polychip.blocks.images import band_statistics
from polychip.statistics import BandSums


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32", "float64"])
def test_sums_of_chips_give_the_statistics_of_the_whole(dtype: str) -> None:
    rng = np.random.default_rng(5)
    chips = [rng.integers(0, 120, (2, 13, 17)).astype(dtype) for _ in range(5)]
    valid = [rng.random((13, 17)) > 0.3 for _ in chips]
    valid[2][:] = True
    valid[3][:] = False
    sums = BandSums()
    for pixels, mask in zip(chips, valid, strict=True):
        sums.add(band_statistics(pixels, mask, None))
    for band, told in enumerate(sums.result()):
        whole = np.concatenate([p[band][m] for p, m in zip(chips, valid, strict=True)])
        assert told["count"] == whole.size
        assert (told["min"], told["max"]) == (whole.min(), whole.max())
        assert told["mean"] == pytest.approx(whole.mean(dtype=np.float64), rel=1e-12)
        assert told["std"] == pytest.approx(whole.std(dtype=np.float64), rel=1e-9)


def test_uint8_squares_do_not_overflow() -> None:
    told = band_statistics(np.full((1, 300, 300), 255, np.uint8), np.ones((300, 300), bool), None)
    assert (told["sum"], told["sumsq"]) == ([255 * 90_000], [255 * 255 * 90_000])


def test_a_band_without_data_spoils_no_other_and_no_json() -> None:
    pixels = np.array(
        [[[1.0, 2.0, 3.0]], [[np.nan, 5.0, np.nan]], [[-9999.0, 7.0, 9.0]]], "float32"
    )
    told = band_statistics(pixels, np.array([[True, True, True]]), -9999.0)
    assert told["n_valid"] == [3, 1, 2]
    assert told["sum"] == [6.0, 5.0, 16.0]
    assert told["min"] == [1.0, 5.0, 7.0]
    nothing = band_statistics(np.full((1, 1, 3), np.nan, "float32"), np.ones((1, 3), bool), None)
    assert nothing == {"n_valid": [0], "sum": [0.0], "sumsq": [0.0], "min": [None], "max": [None]}
    sums = BandSums()
    sums.add(nothing)
    assert json.loads(json.dumps(sums.result(), allow_nan=False))[0]["mean"] is None
    sums.add(band_statistics(np.full((1, 1, 3), 4, "float32"), np.ones((1, 3), bool), None))
    assert sums.result()[0] == {"count": 3, "min": 4.0, "max": 4.0, "mean": 4.0, "std": 0.0}


def test_of_complex_pixels_the_magnitude_counts() -> None:
    told = band_statistics(np.array([[[3 + 4j, 0]]], "complex64"), np.ones((1, 2), bool), None)
    assert told["sum"] == [5.0]
    assert told["max"] == [5.0]
    assert math.isclose(told["sumsq"][0], 25.0)
