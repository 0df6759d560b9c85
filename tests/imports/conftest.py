"""Georeferenced chips for annotations to lie on."""

import sys
from pathlib import Path

import pytest
from affine import Affine

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.rasters import Place, write_raster
from support.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A folder to make things in."""
    return Workshop(tmp_path)


@pytest.fixture
def chips(tmp_path: Path) -> dict[str, Place]:
    """images/a.tif and images/b.tif, side by side: 40 × 50 px of 10 m."""
    folder = tmp_path / "images"
    folder.mkdir()
    places = {
        name: Place("EPSG:32630", Affine(10.0, 0.0, x, 0.0, -10.0, 4_400_000.0), 40, 50)
        for name, x in (("a", 700_000.0), ("b", 700_500.0))
    }
    for name, where in places.items():
        write_raster(folder / f"{name}.tif", where)
    return places
