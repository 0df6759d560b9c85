"""The percentiles of a dataset's pixels, from histograms that workers fill."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polychip.errors import FormatError
from polychip.execute import Executor, in_order
from polychip.formats.chip import SourceChip
from polychip.formats.picture import Stretch
from polychip.formats.source import Source
from polychip.formats.stream import in_parts, stream_chips
from polychip.io.raster import gdal_env

LOW_PERCENT, HIGH_PERCENT = 2.0, 98.0
_BINS = 65_536
_MOST_CHIPS = 4096
"""So many chips, evenly spread over the index, stand for all."""

Counts = NDArray[np.int64]


def percentile_stretch(
    source: Source, layer: str, bands: tuple[int, ...], executor: Executor
) -> tuple[Stretch, int]:
    """The 2nd and 98th percentile of each band over samples with data, and the chips used.

    Counted in 65,536 bins between the band's least and greatest value in the manifest: whole
    numbers of up to 16 bits exactly, others to 1/65,536 of their range. Sums of counts, so the
    same in whatever order workers are done.

    Raises:
        FormatError: a band has no data at all, or one value only.
    """
    known = source.manifest["bands"][layer]
    edges = tuple(_edges(known[band], source.dtype(layer), layer) for band in bands)
    counts = np.zeros((len(bands), _BINS), dtype=np.int64)
    step = -(-source.n_chips // _MOST_CHIPS)
    n_used = 0
    chips = (chip for chip in stream_chips(source) if chip.number % step == 0)
    parts = ((part, layer, bands, edges) for part in in_parts(chips))
    for n_chips, found in in_order(executor, count_samples, parts):
        n_used += n_chips
        counts += found
    rule = f"percentiles {LOW_PERCENT:g} and {HIGH_PERCENT:g} of the dataset's pixels with data"
    pairs = [_percentiles(counts[i], *edges[i], source.dtype(layer)) for i in range(len(bands))]
    return Stretch(tuple(p[0] for p in pairs), tuple(p[1] for p in pairs), rule), n_used


def _edges(band: dict[str, Any], dtype: str, layer: str) -> tuple[float, float]:
    """Where the first bin begins and the last one ends."""
    if not band["count"]:
        raise FormatError(
            f"band {band['band']} of layer '{layer}' has no pixel with data, so no stretch can be "
            "told from it; give one (--stretch MIN,MAX) or name other bands (--bands)"
        )
    low, high = float(band["min"]), float(band["max"])
    if np.dtype(dtype).kind in "iu" and high - low < _BINS:
        return low - 0.5, low - 0.5 + _BINS  # a bin for each value
    return low, high if high > low else low + 1.0


def count_samples(
    chips: Sequence[SourceChip],
    layer: str,
    bands: tuple[int, ...],
    edges: tuple[tuple[float, float], ...],
) -> tuple[int, Counts]:
    """On a worker: how many chips, and a histogram of each band over them, shape (bands, bins)."""
    counts = np.zeros((len(bands), _BINS), dtype=np.int64)
    with gdal_env():
        for chip in chips:
            pixels, valid = chip.samples(layer, bands)
            for index, (low, high) in enumerate(edges):
                values = pixels[index][valid[index]].astype(np.float64)
                places = ((values - low) * (_BINS / (high - low))).astype(np.int64)
                used, n = np.unique(places.clip(0, _BINS - 1), return_counts=True)
                counts[index, used] += n
    return len(chips), counts


def _percentiles(counts: Counts, low: float, high: float, dtype: str) -> tuple[float, float]:
    """The values in whose bins the percentiles lie; apart, however flat the band is."""
    below = np.cumsum(counts)
    total = int(below[-1])
    wanted = [LOW_PERCENT / 100 * total, HIGH_PERCENT / 100 * total]
    first, last = (int(np.searchsorted(below, max(1.0, n))) for n in wanted)
    width = (high - low) / _BINS
    values = [low + (place + 0.5) * width for place in (first, last)]
    if values[0] == values[1]:
        values[1] += 1.0 if np.dtype(dtype).kind in "iu" else width
    return values[0], values[1]
