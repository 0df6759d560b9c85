"""Which samples of a file hold data, and which pixels are therefore valid."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from polychip.image import ImageProfile, NodataRule


class Parts(NamedTuple):
    """Pixels of one file before the nodata rule is applied."""

    pixels: NDArray[np.generic]
    """Shape (bands, height, width)."""
    inside: NDArray[np.bool_]
    """Shape (height, width): in the file, and not hidden by alpha or the dataset's mask."""
    data: NDArray[np.bool_] | None
    """Shape (bands, height, width): the sample isn't nodata; None when none is."""


def samples_with_data(
    pixels: NDArray[np.generic], nodata: Sequence[float | None]
) -> NDArray[np.bool_] | None:
    """Where samples aren't nodata, (bands, height, width); None when all of them hold data.

    Args:
        pixels: shape (bands, height, width).
        nodata: a value a band, or None. NaN never is data, in either part of a complex number.
    """
    has_nan = pixels.dtype.kind in "fc"
    if not has_nan and all(value is None for value in nodata):
        return None
    data = ~np.isnan(pixels) if has_nan else np.ones(pixels.shape, dtype=np.bool_)
    for band, value in enumerate(nodata):
        if value is not None and not np.isnan(value):
            with np.errstate(over="ignore"):
                data[band] &= pixels[band] != pixels.dtype.type(value)
    return None if bool(data.all()) else data


def apply_rule(
    parts: Parts, rule: NodataRule, alpha_bands: Sequence[int] = ()
) -> NDArray[np.bool_]:
    """Where pixels are valid, shape (height, width).

    Args:
        parts: pixels of one file or of a stack.
        rule: 'all': a pixel without data in all bands is invalid; 'any': in any band.
        alpha_bands: indexes from 0 of the bands that the rule doesn't look at.
    """
    if parts.data is None:
        return parts.inside
    seen = [band for band in range(parts.data.shape[0]) if band not in alpha_bands]
    if not seen:
        return parts.inside
    data = parts.data[seen] if alpha_bands else parts.data
    enough = data.any(axis=0) if rule == "all" else data.all(axis=0)
    return parts.inside & np.asarray(enough, dtype=np.bool_)


def fits(value: float, dtype: str) -> bool:
    """Whether a pixel of the dtype can hold the value."""
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return (
            bool(np.isfinite(value)) and value == int(value) and limits.min <= value <= limits.max
        )
    with np.errstate(over="ignore"):
        return not np.isfinite(value) or bool(np.isfinite(kind.type(value)))


def as_sample(value: float, dtype: str) -> float:
    """The value as the dtype's own kind: integers are compared as whole numbers, exactly."""
    return int(value) if np.dtype(dtype).kind in "iu" else float(value)


def common_value(values: Sequence[float | None]) -> float | None:
    """The one value that all of them are (NaN equals NaN), else None."""
    first, *rest = values or (None,)
    if first is None or any(v is None or not _same(first, v) for v in rest):
        return None
    return first


def _same(a: float, b: float) -> bool:
    return a == b or (np.isnan(a) and np.isnan(b))


def select_bands(
    profile: ImageProfile, indexes: Sequence[int], nodata: float | None
) -> ImageProfile:
    """The profile of some of the bands, by index from 0, in that order."""

    def pick(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(values[i] for i in indexes)

    return ImageProfile(
        dtype=profile.dtype,
        count=len(indexes),
        nodata=nodata,
        descriptions=pick(profile.descriptions),
        colorinterp=pick(profile.colorinterp),
        scales=pick(profile.scales),
        offsets=pick(profile.offsets),
        units=pick(profile.units),
        colormap=profile.colormap if len(indexes) == 1 else None,
    )
