"""Geometries that nobody draws on purpose: each is burned, or counted with a reason."""

import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely
from affine import Affine
from numpy.typing import NDArray
from support.fuzzed import fuzzed_wkb
from support.rasters import Place
from support.scenes import burned, load, names_of

from polychip.errors import InputError
from polychip.grid import Window

SIDE, LOT = 50, 100
SAMPLE, WHOLE = range(12), range(12, 100)
"""Lots of 100 geometries: in each run of the tests, and by night."""
SECONDS = 60
UTM = "EPSG:32630"
PLAIN = Place(UTM, Affine.identity(), SIDE, SIDE)
"""Pixels are metres; labels are in its own CRS."""
DEGREES = Place("EPSG:4326", Affine(9e-6, 0, -7.488_743, 0, -9e-6, 0.000_46), SIDE, SIDE)
"""About the same place in degrees: labels are transformed."""

lots = pytest.mark.parametrize(
    "number", [*SAMPLE, *(pytest.param(n, marks=pytest.mark.nightly) for n in WHOLE)]
)


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """An alarm, which ends the test."""
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)


def write(path: Path, wkb: list[bytes]) -> Path:
    options = {"SPATIAL_INDEX": "NO"} if path.suffix == ".fgb" else {}  # it knows no null geometry
    pyogrio.raw.write(
        path, np.array(wkb, dtype=object), [np.array(["labels"] * len(wkb), dtype=object)],
        ["class"], crs=UTM, geometry_type="Unknown", layer_options=options,
    )  # fmt: skip
    return path


def must_burn(wkb: list[bytes]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Pixels that must be burned, and pixels that may be: by GEOS, a hundredth of a pixel apart."""
    x, y = np.meshgrid(np.arange(SIDE) + 0.5, np.arange(SIDE) + 0.5)
    surely, maybe = np.zeros((SIDE, SIDE), dtype=bool), np.zeros((SIDE, SIDE), dtype=bool)
    shapes = shapely.force_2d(shapely.from_wkb(np.array(wkb, dtype=object), on_invalid="ignore"))
    for shape in shapes[~shapely.is_missing(shapes)]:
        xy = shapely.get_coordinates(shape)
        if not np.isfinite(xy).all() or np.abs(xy).max(initial=0) > 1e7:
            maybe |= len(xy) > 0
            continue
        whole = shapely.make_valid(shape, method="structure", keep_collapsed=False)
        if shell_is_near(shape):
            surely |= shapely.contains_xy(whole.buffer(-0.01), x, y)
        maybe |= shapely.contains_xy(whole.buffer(0.01), x, y)
    return surely, maybe


def shell_is_near(shape: shapely.Geometry) -> bool:
    """Whether a shell reaches the image: GDAL finds what is nearby by shells alone.

    A repair makes a part of its own out of a hole that lies outside its shell.
    """
    parts = shapely.get_parts(shapely.get_parts(shapely.get_parts(shape)))
    shells = [shapely.Polygon(p.exterior) for p in parts if p.geom_type == "Polygon"]
    whole = shapely.make_valid(np.array(shells, dtype=object), method="structure")
    return bool(shapely.intersects(whole, shapely.box(0, 0, SIDE, SIDE)).any())


@lots
def test_each_geometry_is_burned_or_counted_with_a_reason(tmp_path: Path, number: int) -> None:
    rng = Random(number)
    wkb = [fuzzed_wkb(rng, float(SIDE)) for _ in range(LOT)]
    where = DEGREES if number % 4 == 3 else PLAIN
    path = write(tmp_path / f"labels{'.fgb' if number % 3 == 2 else '.gpkg'}", wkb)
    touched = number % 5 == 4
    labels, report = load(where, [path], all_touched=touched)
    (source,) = report.sources
    assert pyogrio.read_info(path, force_feature_count=True)["features"] == LOT
    assert source.n_near <= LOT
    assert source.n_near == source.n_empty + source.n_unreadable + report.n_features
    on_image = sum(report.features_by_class.values())
    assert report.n_features == on_image + report.off_image
    assert on_image == report.n_burned + sum(report.tiny_by_class.values())
    assert len(set(names_of(report))) == len(names_of(report)) <= source.n_near
    canvas = burned(labels, Window(0, 0, SIDE, SIDE), all_touched=touched) > 0
    assert canvas.any() == (report.n_burned > 0)
    if where is PLAIN and not touched:
        surely, maybe = must_burn(wkb)
        assert not (surely & ~canvas).any()
        assert not (canvas & ~maybe).any()


@pytest.mark.parametrize("shape", ["POINT (3 3)", "LINESTRING (0 0, 9 9)", "MULTIPOINT (1 1, 2 2)"])
def test_what_has_no_width_is_told_and_not_left_out(tmp_path: Path, shape: str) -> None:
    wkb = [shapely.to_wkb(shapely.from_wkt(s)) for s in ("POLYGON ((1 1, 9 1, 9 9, 1 1))", shape)]
    with pytest.raises(InputError, match=r"1 features that are .* \(feature numbers 2\)"):
        load(PLAIN, [write(tmp_path / "labels.gpkg", wkb)])


def test_a_flatgeobuf_with_features_without_a_geometry_loses_none(tmp_path: Path) -> None:
    boxes: list[Any] = [shapely.box(i, 3, i + 4, 7) if i % 4 else None for i in range(0, 40, 2)]
    wkb = [None if box is None else shapely.to_wkb(box) for box in boxes]
    labels, report = load(PLAIN, [write(tmp_path / "labels.fgb", wkb)])
    assert report.sources[0].n_empty == sum(box is None for box in boxes)
    assert report.n_burned == sum(box is not None for box in boxes)
    expected, _ = must_burn([item for item in wkb if item])
    np.testing.assert_array_equal(burned(labels, Window(0, 0, SIDE, SIDE)) > 0, expected)
