"""GeoPackages with layers that QGIS opens in their own style."""

import contextlib
import sqlite3
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.errors import OutputError
from polychip.io.atomic import replacing
from polychip.io.layer_styles import fixed_clock, store_styles


@dataclass(frozen=True, slots=True)
class OutLayer:
    """A layer to be written. Arrays have an entry a feature."""

    name: str
    crs_wkt: str
    geometry_type: str
    """As OGR names it: 'Point', 'MultiPolygon', 'Unknown', …"""
    geometry: NDArray[np.object_]
    """shapely geometries or None."""
    fields: Mapping[str, NDArray[Any]]
    style: str | None = None
    """QML; QGIS takes it when it opens the layer."""
    nulls: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Where fields that can't say so themselves (whole numbers) hold nothing."""


def write_geopackage(path: Path, layers: Sequence[OutLayer]) -> None:
    """Write a GeoPackage, which appears when it is whole; an older one is replaced.

    Raises:
        OutputError: it can't be written there.
    """
    with replacing(path) as temporary:
        try:
            for number, layer in enumerate(layers):
                _write_layer(temporary, layer, append=number > 0)
            _write_styles(temporary, layers)
        except (RuntimeError, sqlite3.Error) as error:
            raise OutputError(f"{path}: can't be written ({error})") from error


def _write_layer(path: Path, layer: OutLayer, *, append: bool) -> None:
    from pyogrio.raw import write

    none = np.zeros(len(layer.geometry), dtype=np.bool_)
    with fixed_clock(), warnings.catch_warnings():  # the temporary name does not end in .gpkg
        warnings.simplefilter("ignore")
        write(
            str(path),
            geometry=shapely.to_wkb(layer.geometry),
            field_data=list(layer.fields.values()),
            fields=list(layer.fields),
            field_mask=[layer.nulls.get(name, none) for name in layer.fields],
            layer=layer.name,
            driver="GPKG",
            geometry_type=layer.geometry_type,
            crs=layer.crs_wkt,
            append=append,
            nan_as_null=True,
            promote_to_multi=False,
            # Of a newer one older QGIS warns that it may know it in part.
            dataset_options=None if append else {"VERSION": "1.2"},
        )


def _write_styles(path: Path, layers: Sequence[OutLayer]) -> None:
    """The table of styles that QGIS looks for."""
    styled = {layer.name: layer.style for layer in layers if layer.style}
    if not styled:
        return
    with contextlib.closing(sqlite3.connect(path)) as base, base:
        store_styles(base, styled)
