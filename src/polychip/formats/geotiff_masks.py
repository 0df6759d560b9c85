"""Masks as GeoTIFF in a format's own values, without a nodata tag: loaders garble tagged pixels."""

from functools import lru_cache

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from polychip.formats.chip import SourceChip
from polychip.image import ImageProfile
from polychip.io.geotiff import ChipEncoder


def encode_mask(
    chip: SourceChip, values: NDArray[np.generic], names: tuple[str | None, ...] = (None,)
) -> bytes:
    """The bytes of a GeoTIFF that lies where the chip does.

    Args:
        chip: the chip.
        values: (height, width), or (bands, height, width).
        names: descriptions of the bands.
    """
    pixels = values if values.ndim == 3 else values[np.newaxis]
    like = chip.source.scene_transform(chip.scene)
    encoder = _encoder(chip.shape, pixels.dtype.name, names, chip.crs_wkt, like)
    return encoder.encode(pixels, chip.transform)


@lru_cache(maxsize=16)
def _encoder(
    shape: tuple[int, int], dtype: str, names: tuple[str | None, ...], crs_wkt: str, like: Affine
) -> ChipEncoder:
    n = len(names)
    profile = ImageProfile(
        dtype=dtype, count=n, nodata=None, descriptions=names,
        colorinterp=("gray", *("undefined",) * (n - 1)), scales=(1.0,) * n, offsets=(0.0,) * n,
        units=(None,) * n,
    )  # fmt: skip
    return ChipEncoder(
        height=shape[0], width=shape[1], profile=profile, crs_wkt=crs_wkt, compress="deflate",
        transform_like=like, content="codes",
    )  # fmt: skip
