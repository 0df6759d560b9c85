"""Warps: exact registration, no dependence on windows, nothing bleeds."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT

from polychip.crs import Operation, choose_operation, identity, same_crs, to_wkt
from polychip.errors import InputError, RecipeError
from polychip.grid import Grid, Window
from polychip.image import ImageSource, LayerSpec
from polychip.io.kernel import RESAMPLING_NAMES
from polychip.io.placement import plan_layer
from polychip.io.raster import FileSource
from polychip.io.sources import open_layer
from polychip.io.warp import WarpedFile, snapped_grid, source_pixels

WriteRaster = Callable[..., str]

ROTATED = Affine(5 * 3**0.5, 5, 700_000, 5, -5 * 3**0.5, 4_400_000)
SOURCES = {
    "utm": ("EPSG:32630", Affine(10, 0, 700_000, 0, -10, 4_400_000)),
    "degrees": ("EPSG:4326", Affine(1e-4, 0, -0.7, 0, -1e-4, 39.75)),
    "rotated": ("EPSG:32630", ROTATED),
    "south-up": ("EPSG:32630", Affine(10, 0, 700_000, 0, 12, 4_390_000)),
    "other zone": ("EPSG:32631", Affine(10, 0, 180_000, 0, -10, 4_400_000)),
    "pseudo-mercator": ("EPSG:3857", Affine(12, 0, -70_000, 0, -12, 4_830_000)),
}
TARGETS = [("EPSG:32630", 9.0), ("EPSG:4326", 7e-5), ("EPSG:3035", (9.0, 7.0))]


def applied(t: Affine, columns: Any, rows: Any) -> tuple[Any, Any]:
    """The transformation of points; written out, since affine 3 wants `@` and 2.4 hasn't got it."""
    return t.a * columns + t.b * rows + t.c, t.d * columns + t.e * rows + t.f


def coordinates(transform: Affine, height: int, width: int) -> np.ndarray:
    """(2, height, width): x and y of each pixel's centre."""
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return np.stack(applied(transform, columns, rows)).astype(np.float64)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that small grids have several of; a block is computed whole, so it's quicker too."""
    monkeypatch.setattr("polychip.io.warp.BLOCK_PX", 64)


def layer(path: str, grid: Grid, **spec: Any) -> ImageSource:
    """One file on a grid."""
    return open_layer(plan_layer(LayerSpec("", (path,), **spec), grid))


def pixel_centres(grid: Grid, crs: str) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates in `crs` of all pixel centres of a grid, by pyproj alone."""
    x, y = coordinates(grid.transform, grid.height, grid.width)
    return pyproj.Transformer.from_crs(grid.crs_wkt, crs, always_xy=True).transform(x, y)


@dataclass(frozen=True)
class Registered:
    """A raster of its own coordinates, and a grid to warp it to."""

    path: str
    source: Grid
    grid: Grid
    centres: np.ndarray
    """Of the grid's pixels in the raster's CRS, (2, height, width)."""

    def pixels(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the centres lie in the raster, in its pixels (columns, rows)."""
        return applied(~self.source.transform, *self.centres)


@pytest.fixture(scope="module", params=list(itertools.product(SOURCES, TARGETS)), ids=str)
def registered(request: pytest.FixtureRequest, write_shared_raster: WriteRaster) -> Registered:
    kind, target = request.param
    crs, transform = SOURCES[kind]
    pixels = coordinates(transform, 150, 190)
    path = write_shared_raster("xy.tif", pixels, crs=crs, transform=transform)
    with FileSource(path) as source:
        grid = snapped_grid(source.grid, *target)
        return Registered(path, source.grid, grid, np.stack(pixel_centres(grid, crs)))


@pytest.mark.usefixtures("small_blocks")
def test_a_nearest_pixel_is_the_source_pixel_that_holds_its_centre(registered: Registered) -> None:
    grid = registered.grid
    found, valid = layer(registered.path, grid, resampling="nearest").read(grid.window)
    columns, rows = registered.pixels()
    border = np.minimum(abs(columns - np.rint(columns)), abs(rows - np.rint(rows))) < 1e-3
    columns, rows = np.floor(columns).astype(int), np.floor(rows).astype(int)
    inside = (columns >= 0) & (rows >= 0) & (columns < 190) & (rows < 150)
    expected = np.where(
        inside, applied(registered.source.transform, columns + 0.5, rows + 0.5), 0.0
    )
    assert (valid == inside)[~border].all()
    sure = ~border & inside
    assert sure.sum() > 10_000
    np.testing.assert_allclose(found[:, sure], expected[:, sure], rtol=0, atol=1e-9)
    assert not found[:, ~valid].any()


@pytest.mark.usefixtures("small_blocks")
def test_bilinear_coordinates_are_those_of_the_pixel_centre(registered: Registered) -> None:
    grid = registered.grid
    found, valid = layer(registered.path, grid, resampling="bilinear").read(grid.window)
    columns, rows = registered.pixels()
    # Half a pixel from the edge there is only one neighbour to blend, also for wider kernels.
    deep = (columns > 2) & (rows > 2) & (columns < 188) & (rows < 148)
    assert valid[deep].all()
    assert deep.sum() > 10_000
    error = abs(found - registered.centres)[:, deep].max()
    error_px = error / min(registered.source.pixel_size)
    assert error_px < 1e-3  # PROJ's releases differ by less than a millimetre


@pytest.mark.parametrize(
    ("dtype", "resampling"),
    [
        ("uint8", "bilinear"), ("int16", "cubic"), ("uint16", "nearest"), ("int64", "bilinear"),
        ("float32", "bilinear"), ("float32", "lanczos"), ("float64", "cubic"),
        ("complex64", "bilinear"), ("float32", "nearest"), ("uint8", "average"),
        ("uint8", "mode"), ("float32", "med"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("resolution", "shape"), [(7.0, (75, 95)), (31.0, (150, 190))], ids=["finer", "coarser"]
)
def test_any_window_equals_the_whole_read_bit_for_bit(
    dtype: str,
    resampling: str,
    resolution: float,
    shape: tuple[int, int],
    write_raster: WriteRaster,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("polychip.io.warp.BLOCK_PX", 32)
    pixels = rng.integers(0, 100, (2, *shape)).astype(dtype)
    pixels[:, 40:60, 50:90] = 7
    path = write_raster("a.tif", pixels, crs="EPSG:32631", nodata=7,
                        transform=Affine(10, 0, 180_000, 0, -10, 4_400_000))  # fmt: skip
    with FileSource(path) as source:
        grid = snapped_grid(source.grid, "EPSG:32630", resolution)
    plan = plan_layer(LayerSpec("", (path,), resampling=resampling), grid)
    whole, whole_valid = open_layer(plan).read(grid.window)
    assert 0.3 < whole_valid.mean() < 1
    assert min(grid.shape) > 32
    for _ in range(12):
        x, y = rng.integers(-20, grid.width), rng.integers(-20, grid.height)
        width, height = rng.integers(1, 80, 2)
        window = Window(int(x), int(y), int(width), int(height))
        found, valid = open_layer(plan).read(window)
        common = window.intersection(grid.window)
        there, here = common.slices_in(grid.window), common.slices_in(window)
        assert found[:, *here].tobytes() == whole[:, *there].tobytes()
        np.testing.assert_array_equal(valid[here], whole_valid[there])
        outside = np.ones(valid.shape, np.bool_)
        outside[here] = False
        assert not valid[outside].any()
        assert (found[:, outside] == 7).all()


@pytest.mark.parametrize("resampling", ["bilinear", "cubic", "lanczos", "average", "med"])
@pytest.mark.parametrize(
    ("resolution", "shape"), [(7.0, (75, 95)), (31.0, (150, 190))], ids=["finer", "coarser"]
)
def test_blocks_meet_without_a_seam(
    resampling: str,
    resolution: float,
    shape: tuple[int, int],
    write_raster: WriteRaster,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pixels = rng.random((1, *shape)) * 1000
    pixels[:, 40:60, 50:90] = np.nan
    place = {"crs": "EPSG:32631", "transform": Affine(10, 0, 180_000, 0, -10, 4_400_000)}
    path = write_raster("a.tif", pixels, **place)
    with FileSource(path) as source:
        grid = snapped_grid(source.grid, "EPSG:32630", resolution)
    large, valid = layer(path, grid, resampling=resampling).read(grid.window)
    monkeypatch.setattr("polychip.io.warp.BLOCK_PX", 32)
    small, also_valid = layer(path, grid, resampling=resampling).read(grid.window)
    np.testing.assert_array_equal(valid, also_valid)
    np.testing.assert_allclose(large[:, valid], small[:, valid], rtol=0, atol=1e-6)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("resampling", ["bilinear", "cubic", "cubic_spline", "lanczos", "average"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_gdals_own_warped_dataset_gives_the_same_pixels(
    resampling: str, dtype: str, write_raster: WriteRaster, rng: np.random.Generator
) -> None:
    pixels = rng.integers(0, 255, (2, 120, 120)).astype(dtype)
    place = {"crs": "EPSG:32631", "transform": Affine(10, 0, 180_000, 0, -10, 4_400_000)}
    path = write_raster("a.tif", pixels, **place)
    with FileSource(path) as source:
        grid = snapped_grid(source.grid, "EPSG:32630", 10)
    found, valid = layer(path, grid, resampling=resampling).read(grid.window)
    with (
        rasterio.open(path) as dataset,
        WarpedVRT(
            dataset, crs="EPSG:32630", transform=grid.transform, width=grid.width,
            height=grid.height, tolerance=1e-9, resampling=Resampling[resampling],
            XSCALE=1.0, YSCALE=1.0,
        ) as warped,
    ):  # fmt: skip
        expected = warped.read()
    difference = abs(found.astype(np.float64) - expected)[:, valid]
    if dtype == "float32":
        assert np.nanmax(difference) < 1e-3
    else:  # a half may round either way
        assert difference.max() <= 1
        assert (difference > 0).mean() < 1e-3


@dataclass(frozen=True)
class Holed:
    """A raster of 100 with holes of 0, its nodata value, and a grid to warp it to."""

    path: str
    grid: Grid
    holds: np.ndarray
    """Whether the raster's pixel below the grid's holds data, (bands, height, width)."""


@pytest.fixture(scope="module", params=[(3.0, 48), (10.0, 80), (35.0, 120)], ids=["3", "10", "35"])
def holed(request: pytest.FixtureRequest, write_shared_raster: WriteRaster) -> Holed:
    resolution, side = request.param
    pixels = np.full((2, side, side), 100, np.uint8)
    holes = np.random.default_rng(20241031).random((2, side, side)) < 0.2
    holes[:, 20:40, 20:40] = True
    pixels[holes] = 0
    path = write_shared_raster("holes.tif", pixels, nodata=0)
    with FileSource(path) as source:
        grid = snapped_grid(source.grid, "EPSG:3035", resolution)
        operation = choose_operation("EPSG:32630", grid.crs_wkt)
        at = np.floor(source_pixels(source.grid, grid, operation, grid.window)).astype(int)
    columns, rows = at.T.reshape(2, *grid.shape)
    inside = (columns >= 0) & (rows >= 0) & (columns < side) & (rows < side)
    rows, columns = np.clip(rows, 0, side - 1), np.clip(columns, 0, side - 1)
    return Holed(path, grid, np.where(inside, ~holes[:, rows, columns], False))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("resampling", [n for n in RESAMPLING_NAMES if n not in {"sum", "rms"}])
def test_nodata_does_not_bleed_into_its_neighbours(resampling: str, holed: Holed) -> None:
    found, valid = layer(holed.path, holed.grid, resampling=resampling).read(holed.grid.window)
    assert set(np.unique(found)) == {0, 100}
    np.testing.assert_array_equal(valid, holed.holds.any(axis=0))
    np.testing.assert_array_equal(found, np.where(holed.holds, 100, 0))


def test_what_a_mask_hides_lends_nothing_to_its_neighbours(write_raster: WriteRaster) -> None:
    pixels = np.full((1, 40, 40), 50, np.uint8)
    pixels[:, :, 20:] = 250
    mask = np.ones((40, 40), np.bool_)
    mask[:, 20:] = False
    path = write_raster("a.tif", pixels, mask=mask)
    with FileSource(path) as source:
        grid = snapped_grid(source.grid, None, 3.0)
    found, valid = layer(path, grid).read(grid.window)
    assert 0.45 < valid.mean() < 0.51
    assert set(np.unique(found[0][valid])) == {50}
    assert set(np.unique(found[0][~valid])) == {0}


def test_a_blended_pixel_never_turns_into_the_nodata_value(write_raster: WriteRaster) -> None:
    columns = np.tile(np.array([0, 100], np.uint8), 20)
    for dtype in ("uint8", "int16", "float32"):
        pixels = np.broadcast_to(columns, (1, 40, 40)).astype(dtype)
        path = write_raster(f"{dtype}.tif", pixels)
        with FileSource(path) as source:
            t = source.grid.transform
            fifths = Affine(t.a / 5, 0, t.c + t.a / 2, 0, t.e / 5, t.f)
            grid = replace(source.grid, transform=fifths, height=150, width=150)
        found = layer(path, grid).read(grid.window)[0]
        assert (found == 50).mean() > 0.15
        found, valid = layer(path, grid, nodata=50).read(grid.window)
        assert valid.all()
        assert not (found == 50).any()
        assert np.isclose(found, 50, atol=1).mean() > 0.15


def test_overshoot_is_clipped_to_the_dtype(write_raster: WriteRaster) -> None:
    pixels = np.zeros((1, 40, 40), np.uint8)
    pixels[:, :, 20:] = 255
    path = write_raster("a.tif", pixels)
    with FileSource(path) as source:
        grid = snapped_grid(source.grid, None, 3.0)
    found, valid = layer(path, grid, resampling="cubic").read(grid.window)
    rising = found[0, 50][valid[50]].astype(int)
    assert (np.diff(rising) >= 0).all()
    assert (rising.min(), rising.max()) == (0, 255)


def test_nearest_keeps_int64_exactly(write_raster: WriteRaster) -> None:
    pixels = (2**62 + np.arange(400, dtype=np.int64)).reshape(1, 20, 20)
    path = write_raster("a.tif", pixels)
    with FileSource(path) as source:
        grid = snapped_grid(source.grid, None, 5.0)
    found, valid = layer(path, grid, resampling="nearest").read(grid.window)
    np.testing.assert_array_equal(found[0], np.kron(pixels[0], np.ones((2, 2), np.int64)))
    assert valid.all()


def test_complex_pixels_are_resampled_part_by_part(
    write_raster: WriteRaster, rng: np.random.Generator
) -> None:
    real, imaginary = rng.normal(size=(2, 1, 50, 50)).astype(np.float64)
    paths = [
        write_raster(name, pixels)
        for name, pixels in (
            ("c.tif", (real + 1j * imaginary).astype(np.complex128)),
            ("r.tif", real),
            ("i.tif", imaginary),
        )
    ]
    with FileSource(paths[0]) as source:
        grid = snapped_grid(source.grid, "EPSG:3035", 8.0)
    both, alone, other = (layer(p, grid, resampling="cubic").read(grid.window)[0] for p in paths)
    np.testing.assert_array_equal(both.real, alone)
    np.testing.assert_array_equal(both.imag, other)


def test_average_over_whole_pixels_is_their_mean(
    write_raster: WriteRaster, rng: np.random.Generator
) -> None:
    pixels = rng.normal(size=(2, 64, 96)).astype(np.float64)
    path = write_raster("a.tif", pixels)
    with FileSource(path) as source:
        t = source.grid.transform
        coarse = Affine(4 * t.a, 0, t.c, 0, 4 * t.e, t.f)
        grid = replace(source.grid, transform=coarse, height=16, width=24)
    cells = pixels.reshape(2, 16, 4, 24, 4)
    for name, expected in (
        ("average", cells.mean(axis=(2, 4))),
        ("max", cells.max(axis=(2, 4))),
        ("min", cells.min(axis=(2, 4))),
        ("sum", cells.sum(axis=(2, 4))),
        ("rms", np.sqrt((cells**2).mean(axis=(2, 4)))),
    ):
        found, valid = layer(path, grid, resampling=name).read(grid.window)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
        assert valid.all()


def test_a_lattice_that_starts_at_zero_is_no_special_case(
    write_raster: WriteRaster, rng: np.random.Generator
) -> None:
    pixels = rng.integers(0, 255, (1, 30, 30), dtype=np.uint8)
    path = write_raster("a.tif", pixels, transform=Affine(1, 0, 0.5, 0, -1, 0.5))
    grid = Grid(to_wkt("EPSG:32630"), Affine(1, 0, 0, 0, -1, 0), 25, 25)
    found, _ = layer(path, grid).read(Window(0, 0, 25, 25))
    numbers = pixels[0].astype(np.float64)
    blend = (numbers[:-1, :-1] + numbers[1:, :-1] + numbers[:-1, 1:] + numbers[1:, 1:]) / 4
    assert abs(found[0, :, 1:] - blend[:25, :24]).max() <= 0.5


def test_blocks_shrink_when_many_source_pixels_lie_behind_one(write_raster: WriteRaster) -> None:
    path = write_raster("a.tif", np.ones((3, 8, 8), np.float64))
    with FileSource(path) as source:
        wkt = source.grid.crs_wkt
        sides = [
            WarpedFile(source, snapped_grid(source.grid, None, size), identity(wkt), "average")
            for size in (20.0, 70.0)
        ]
        assert [warped.block_px for warped in sides] == [512, 128]


def test_an_operation_that_gdal_cannot_carry_out_is_an_error(write_raster: WriteRaster) -> None:
    path = write_raster("a.tif", np.ones((1, 8, 8), np.uint8))
    broken = Operation("a", "b", "c", "proj=hgridshift grids=no_such_grid.tif", 1.0, False)
    source = FileSource(path)
    warped = WarpedFile(source, source.grid, identity("a"), "bilinear")
    warped.kernel = replace(warped.kernel, operation=broken)
    warped._nearest_pixels = lambda block: (  # type: ignore[method-assign]
        *np.zeros((2, block.height, block.width), np.int64),
        np.ones((block.height, block.width), np.bool_),
    )
    with pytest.raises(InputError, match=r"a\.tif: GDAL can't warp it from a to b"):
        warped.read_parts(Window(0, 0, 8, 8))


def test_an_unknown_resampling_is_refused_with_the_nearest_name(write_raster: WriteRaster) -> None:
    path = write_raster("a.tif", np.ones((1, 8, 8), np.uint8))
    with FileSource(path) as source, pytest.raises(RecipeError, match="did you mean 'bilinear'"):
        layer(path, source.grid, resampling="biliner")


@settings(deadline=None, max_examples=30)
@given(
    x=st.floats(-2e5, 2e5), y=st.floats(-2e5, 2e5), angle=st.floats(0, 360),
    size=st.floats(0.5, 90), resolution=st.sampled_from([0.5, 10.0, 30.0, 7.3]),
    target=st.sampled_from([None, "EPSG:32631", "EPSG:3035"]),
)  # fmt: skip
def test_a_snapped_grid_covers_the_footprint_on_whole_multiples(
    x: float, y: float, angle: float, size: float, resolution: float, target: str | None
) -> None:
    r = Affine.rotation(angle)
    a, b, d, e = size * r.a, -size * r.b, size * r.d, -size * r.e
    place = Affine(a, b, 500_000 + x, d, e, 4_400_000 + y)
    grid = Grid(to_wkt("EPSG:32630"), place, 40, 70)
    snapped = snapped_grid(grid, target, resolution)
    t = snapped.transform
    assert (t.a, t.b, t.d, t.e) == (resolution, 0, 0, -resolution)
    for edge in (t.c / resolution, t.f / resolution):
        assert edge == pytest.approx(round(edge), abs=1e-6)
    assert same_crs(snapped.crs_wkt, target or "EPSG:32630")
    crs = target or "EPSG:32630"
    to_target = pyproj.Transformer.from_crs("EPSG:32630", crs, always_xy=True)
    outline = np.concatenate([grid.outline(points=700)])
    pixels = snapped.to_pixels(*to_target.transform(*outline.T))
    assert pixels.min() > -1e-4
    assert (pixels.max(axis=0) < np.array([snapped.width, snapped.height]) + 1e-4).all()
    assert (pixels.min(axis=0) < 1).all()
    assert (pixels.max(axis=0) > np.array([snapped.width, snapped.height]) - 1).all()


def test_a_grid_that_is_snapped_already_stays_as_it_is() -> None:
    grid = Grid(to_wkt("EPSG:32630"), Affine(10, 0, 700_000, 0, -10, 4_400_000), 30, 50)
    assert snapped_grid(grid, None, 10) == grid
    assert snapped_grid(grid, "EPSG:32630", (10, 10)) == grid


def test_without_a_resolution_gdals_suggestion_is_taken() -> None:
    grid = Grid(to_wkt("EPSG:32630"), Affine(10, 0, 700_000, 0, -10, 4_400_000), 300, 500)
    assert snapped_grid(grid).pixel_size == pytest.approx((10, 10))
    degrees = snapped_grid(grid, "EPSG:4326")
    width, height = degrees.pixel_size
    assert width == pytest.approx(height)
    assert 8e-5 < width < 1.3e-4


@pytest.mark.parametrize("resolution", [0, -1.0, math.nan, (10.0, 0.0), (1.0, 2.0, 3.0)])
def test_a_resolution_that_is_no_size_is_refused(resolution: float) -> None:
    grid = Grid(to_wkt("EPSG:32630"), Affine(10, 0, 700_000, 0, -10, 4_400_000), 30, 50)
    with pytest.raises(RecipeError, match=r"grid\.resolution = .* positive"):
        snapped_grid(grid, None, resolution)


def test_a_resolution_in_the_wrong_unit_is_refused() -> None:
    grid = Grid(to_wkt("EPSG:32630"), Affine(10, 0, 700_000, 0, -10, 4_400_000), 30, 50)
    with pytest.raises(RecipeError, match=r"degree of EPSG:4326\) is larger than the whole image"):
        snapped_grid(grid, "EPSG:4326", 10)
    with pytest.raises(RecipeError, match=r"metre of EPSG:32630\) would make a grid of"):
        snapped_grid(grid, None, 1e-8)


def test_a_crs_in_which_the_image_has_no_place_is_refused() -> None:
    grid = Grid(to_wkt("EPSG:4326"), Affine(0.1, 0, 170, 0, -0.1, 5), 30, 50)
    with pytest.raises(InputError, match="no point of the image"):
        snapped_grid(grid, "+proj=gnom +lat_0=0 +lon_0=-5 +datum=WGS84", 1000)
