# SPDX-License-Identifier: GPL-2.0-or-later
"""The bands of an image by name, and the indices that they allow."""

from __future__ import annotations

import re
from typing import NamedTuple

from qgis.core import QgsRasterLayer

from ..drawing.imagery import ROLES, bands_of
from ..translation import tr

_MORE = {"B11": "swir", "SWIR1": "swir", "SWIR": "swir", "VV": "vv", "VH": "vh"}
"""Words in the names of bands, beyond those that the view knows."""
_SWIR_OF_SENTINEL_2 = {13: 12, 12: 11}
"""Number of B11 among all bands in order, with B10 and without."""


class Index(NamedTuple):
    """A formula with a name."""

    name: str
    """As it is recorded; '' for one that is typed."""
    title: str
    formula: str


def indices() -> list[Index]:
    """Those that are offered, in order.

    Sources: McFeeters 1996 (NDWI), Xu 2006 (MNDWI), Rouse 1974 (NDVI).
    """
    return [
        Index("NDWI", tr("Water: NDWI"), "(green - nir) / (green + nir)"),
        Index("MNDWI", tr("Water: MNDWI"), "(green - swir) / (green + swir)"),
        Index("NDVI", tr("Vegetation: NDVI"), "(nir - red) / (nir + red)"),
        Index("VV/VH dB", tr("Radar: VV/VH of dB bands"), "vv - vh"),
        Index("VV/VH", tr("Radar: VV/VH in dB"), "db(vv / vh)"),
        Index("b1", tr("A single band"), "b1"),
    ]


def band_names(layer: QgsRasterLayer) -> dict[str, int]:
    """Number by name: b1, b2, …, then the roles that are known."""
    count = layer.bandCount()
    names = {f"b{number}": number for number in range(1, count + 1)}
    known = bands_of(layer)
    names.update({role: number for role, number in zip(ROLES, known) if number})
    for number in range(1, count + 1):
        told = layer.bandName(number).split(":", 1)[-1]
        for word in re.findall(r"[A-Za-z]+[0-9]*", told):
            role = _MORE.get(word.upper())
            if role is not None:
                names.setdefault(role, number)
    if "swir" not in names and count in _SWIR_OF_SENTINEL_2 and known.nir == 8:
        names["swir"] = _SWIR_OF_SENTINEL_2[count]
    return names


def fitting(names: dict[str, int]) -> list[Index]:
    """The indices whose bands the image has."""
    from .formula import parse

    return [k for k in indices() if all(b.name in names for b in parse(k.formula).bands)]
