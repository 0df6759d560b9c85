"""The image half of a block: pixels, their statistics, their files."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from polychip.blocks.jobs import ChipSlot, SceneJob, image_kind
from polychip.blocks.opened import Pixels, SceneWorker
from polychip.grid import Window
from polychip.io.geotiff import Content

_EXACT = 256
"""The squares of so many bytes add up to less than 2^24: 32-bit floats add them without rounding,
in any order."""
_ONES = np.ones(_EXACT, dtype=np.float32)


def read_layers(worker: SceneWorker, window: Window) -> dict[str, Pixels]:
    """All layers' pixels in a window, by folder name.

    Raises:
        InputError: a file can't be read there.
    """
    return {name: worker.read(f"layer:{name}", plan, window) for name, plan in worker.job.layers}


def inside_px(job: SceneJob, slot: ChipSlot) -> int:
    """Pixels of a chip that lie on the image; the rest is padding."""
    whole, part = job.grid.window, slot.window
    if not whole.holds(part):
        part = part.intersection(whole)
    return part.width * part.height


def too_much_nodata(job: SceneJob, valid: NDArray[np.bool_], slot: ChipSlot) -> bool:
    """Whether more of the chip's image is nodata than asked for; padding doesn't count."""
    inside = inside_px(job, slot)
    nodata = inside - int(np.count_nonzero(valid))
    return nodata > job.max_nodata * inside


def write_images(worker: SceneWorker, slot: ChipSlot, layers: dict[str, Pixels]) -> dict[str, Any]:
    """Write a chip's image of each layer; returns files and band statistics by layer."""
    entry: dict[str, Any] = {}
    for name, plan in worker.job.layers:
        part = layers[name].cut(slot.window)
        content: Content = "codes" if plan.spec.categorical else "measures"
        values = np.ascontiguousarray(part.values)  # copied once, for statistics and file alike
        entry[name] = band_statistics(values, part.valid, plan.profile.nodata)
        if worker.job.images:
            entry[name] |= worker.write(
                image_kind(name), slot, values, plan.profile, {}, content=content
            )
    return entry


def _sums(pixels: NDArray[np.generic]) -> tuple[float, float]:
    """Sum and sum of squares; not by BLAS unless exact, so that one thread adds in one order."""
    if pixels.dtype == np.uint8:  # most imagery: whole numbers, at an eighth of the cost
        n = len(pixels) // _EXACT * _EXACT
        rows, rest = pixels[:n].astype(np.float32).reshape(-1, _EXACT), pixels[n:].astype(np.int64)
        total, square = rows @ _ONES, np.vecdot(rows, rows)
        return (
            float(total.sum(dtype=np.float64) + rest.sum()),
            float(square.sum(dtype=np.float64) + (rest * rest).sum()),
        )
    exact = pixels.astype(np.float64)
    return float(exact.sum()), float(np.einsum("i,i->", exact, exact))


def band_statistics(
    values: NDArray[np.generic], valid: NDArray[np.bool_], nodata: float | None
) -> dict[str, list[Any]]:
    """Count, sum, sum of squares, least and greatest of each band, over its pixels with data.

    Integer bands give whole numbers (exact up to 2^53); of complex pixels the magnitude counts. A
    band without any data has no least and greatest (None).

    Args:
        values: (bands, height, width).
        valid: (height, width).
        nodata: a sample of this value, or NaN, holds no data even where other bands do.
    """
    told: dict[str, list[Any]] = {name: [] for name in ("n_valid", "sum", "sumsq", "min", "max")}
    whole = bool(valid.all())
    for band in values:
        pixels = _with_data(band.ravel() if whole else band[valid], nodata)
        total, square = _sums(pixels)
        told["n_valid"].append(pixels.size)
        told["sum"].append(total)
        told["sumsq"].append(square)
        told["min"].append(float(pixels.min()) if pixels.size else None)
        told["max"].append(float(pixels.max()) if pixels.size else None)
    return told


def _with_data(pixels: NDArray[np.generic], nodata: float | None) -> NDArray[np.generic]:
    """The samples that are neither nodata nor NaN; complex ones as magnitudes."""
    if nodata is not None and nodata == nodata:  # noqa: PLR0124 - NaN is looked for below
        pixels = pixels[pixels != np.asarray(nodata).astype(pixels.dtype)]
    if np.iscomplexobj(pixels):
        pixels = np.abs(pixels)
    if pixels.dtype.kind == "f":
        missing = np.isnan(pixels)
        if missing.any():
            pixels = pixels[~missing]
    return pixels
