"""One file on its own grid: pixels untouched, validity as declared, errors that help."""

import contextlib
import math
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint

from polychip.crs import same_crs
from polychip.errors import InputError
from polychip.grid import Window
from polychip.io import raster
from polychip.io.identity import content_id, stat_id
from polychip.io.raster import FileSource, inspect_file
from polychip.io.validity import samples_with_data

WriteRaster = Callable[..., str]

DTYPES = [
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
    "float32", "float64", "complex64", "complex128",
]  # fmt: skip


def extremes(dtype: str, rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Pixels of a dtype with its limits (and infinities) among them, no NaN."""
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        info = np.iinfo(kind)
        pixels = rng.integers(info.min, info.max, shape, dtype=kind, endpoint=True)
        pixels.flat[:2] = info.min, info.max
        return pixels
    part = np.finfo(kind)
    pixels = rng.normal(size=shape).astype(kind)
    if kind.kind == "c":
        pixels = pixels + kind.type(1j) * rng.normal(size=shape).astype(kind)
    pixels.flat[:4] = part.min, part.max, np.inf, -0.0
    return pixels


@pytest.mark.parametrize("dtype", DTYPES)
def test_pixels_are_bit_identical_whatever_the_dtype(
    dtype: str, write_raster: WriteRaster, rng: np.random.Generator
) -> None:
    pixels = extremes(dtype, rng, (2, 37, 53))
    path = write_raster("a.tif", pixels, tiled=True, blockxsize=16, blockysize=16)
    with FileSource(path) as source:
        found, valid = source.read(source.grid.window)
        part, _ = source.read(Window(11, 5, 30, 20))
    assert found.dtype == pixels.dtype
    assert source.profile.dtype == dtype
    assert found.tobytes() == pixels.tobytes()
    assert part.tobytes() == pixels[:, 5:25, 11:41].tobytes()
    assert valid.all()


def test_complex_whole_numbers_keep_their_values(tmp_path: Path) -> None:
    path = str(tmp_path / "slc.tif")
    pixels = np.array([[[1 + 2j, -32768 + 32767j]]], dtype=np.complex64)
    with rasterio.open(
        path, "w", driver="GTiff", dtype="complex_int16", count=1, width=2, height=1,
        crs="EPSG:32630", transform=Affine(10, 0, 0, 0, -10, 0),
    ) as target:  # fmt: skip
        target.write(pixels)
    with FileSource(path) as source:
        assert source.profile.dtype == "complex64"
        np.testing.assert_array_equal(source.read(source.grid.window)[0], pixels)


@pytest.mark.parametrize(
    "window",
    [
        Window(-3, -2, 20, 20),
        Window(2, 1, 3, 2),
        Window(5, 4, 40, 30),
        Window(-5, 3, 60, 2),
        Window(-20, 0, 10, 10),
        Window(8, 0, 4, 4),
    ],
)
def test_windows_beyond_the_file_are_padded_with_the_nodata_value(
    window: Window, write_raster: WriteRaster
) -> None:
    pixels = np.arange(1, 2 * 6 * 8 + 1, dtype=np.uint8).reshape(2, 6, 8)
    path = write_raster("a.tif", pixels, nodata=200)
    expected = np.full((2, window.height, window.width), 200, np.uint8)
    inside = np.zeros((window.height, window.width), np.bool_)
    for row in range(window.height):
        for column in range(window.width):
            y, x = row + window.y_off, column + window.x_off
            if 0 <= y < 6 and 0 <= x < 8:
                expected[:, row, column] = pixels[:, y, x]
                inside[row, column] = True
    with FileSource(path) as source:
        found, valid = source.read(window)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(valid, inside)


def test_padding_is_zero_where_no_nodata_is_declared(write_raster: WriteRaster) -> None:
    path = write_raster("a.tif", np.ones((1, 2, 2), np.float32))
    with FileSource(path) as source:
        found, valid = source.read(Window(1, 1, 2, 2))
    np.testing.assert_array_equal(found[0], [[1, 0], [0, 0]])
    np.testing.assert_array_equal(valid, [[True, False], [False, False]])


@pytest.mark.parametrize(
    "transform",
    [
        Affine(10, 0, 700_000, 0, 10, 4_400_000),
        Affine(10, 0, 700_000, 0, -20, 4_400_000),
        Affine(5 * 3**0.5, 5, 700_000, 5, -5 * 3**0.5, 4_400_000),
    ],
    ids=["south-up", "non-square", "rotated"],
)
def test_grids_of_any_kind_come_from_the_file(
    transform: Affine, write_raster: WriteRaster, rng: np.random.Generator
) -> None:
    pixels = rng.integers(0, 255, (1, 9, 7), dtype=np.uint8)
    path = write_raster("a.tif", pixels, transform=transform)
    with FileSource(path) as source:
        assert np.allclose(tuple(source.grid.transform)[:6], tuple(transform)[:6], atol=1e-9)
        assert source.grid.shape == (9, 7)
        assert same_crs(source.grid.crs_wkt, "EPSG:32630")
        np.testing.assert_array_equal(source.read(source.grid.window)[0], pixels)


def test_a_pixel_is_nodata_when_all_bands_are_or_any_on_request(write_raster: WriteRaster) -> None:
    pixels = np.array([[[0, 0, 5, 5]], [[0, 7, 0, 7]]], np.uint8)
    path = write_raster("a.tif", pixels, nodata=0)
    window = Window(0, 0, 4, 1)
    with FileSource(path) as source:
        np.testing.assert_array_equal(source.read(window)[1], [[False, True, True, True]])
    with FileSource(path, rule="any") as source:
        np.testing.assert_array_equal(source.read(window)[1], [[False, False, False, True]])


def test_nan_is_nodata_though_nothing_declares_it(write_raster: WriteRaster) -> None:
    pixels = np.array([[[np.nan, 1.0, -9.0]]], np.float32)
    path = write_raster("a.tif", pixels, nodata=-9.0)
    with FileSource(path) as source:
        np.testing.assert_array_equal(source.read(Window(0, 0, 3, 1))[1], [[False, True, False]])
    halves = np.array([[[complex(0, math.nan), complex(math.nan, 0), 1j, 0]]], np.complex64)
    path = write_raster("c.tif", halves)
    with FileSource(path) as source:
        valid = source.read(Window(0, 0, 4, 1))[1]
    np.testing.assert_array_equal(valid, [[False, False, True, True]])


def test_a_nodata_value_that_float32_rounds_is_still_found(write_raster: WriteRaster) -> None:
    pixels = np.array([[[-3.4028234663852886e38, 0.1, 1.0]]], np.float32)
    path = write_raster("a.tif", pixels, nodata=-3.4028234663852886e38)
    with FileSource(path) as source:
        np.testing.assert_array_equal(source.read(Window(0, 0, 3, 1))[1], [[False, True, True]])
    with FileSource(path, nodata=0.1) as source:
        np.testing.assert_array_equal(source.read(Window(0, 0, 3, 1))[1], [[True, False, True]])


def test_int64_nodata_is_compared_as_a_whole_number() -> None:
    pixels = np.array([[[2**53, 2**53 + 1]]], np.int64)
    data = samples_with_data(pixels, [2**53])
    assert data is not None
    np.testing.assert_array_equal(data, [[[False, True]]])


def test_a_given_nodata_value_overrules_the_declared_one(write_raster: WriteRaster) -> None:
    pixels = np.array([[[0, 255, 3]]], np.uint8)
    path = write_raster("a.tif", pixels, nodata=255)
    with FileSource(path, nodata=0) as source:
        assert source.profile.nodata == 0
        np.testing.assert_array_equal(source.read(Window(0, 0, 3, 1))[1], [[False, True, True]])


def test_where_alpha_is_zero_a_pixel_is_invalid_also_when_alpha_is_not_chosen(
    write_raster: WriteRaster,
) -> None:
    pixels = np.array([[[9, 9, 0]], [[0, 1, 255]]], np.uint8)
    path = write_raster("a.tif", pixels, alpha=2)
    window = Window(-1, 0, 4, 1)
    with FileSource(path) as both, FileSource(path, bands=[1]) as first:
        assert both.info.alpha == 2
        assert both.profile.colorinterp[1] == "alpha"
        found, valid = both.read(window)
        chosen, also_valid = first.read(window)
    np.testing.assert_array_equal(valid, [[False, False, True, True]])
    np.testing.assert_array_equal(also_valid, valid)
    np.testing.assert_array_equal(found[:, :, 1:], pixels)
    np.testing.assert_array_equal(chosen[:, :, 1:], pixels[:1])


def test_the_nodata_rule_does_not_look_at_alpha(write_raster: WriteRaster) -> None:
    pixels = np.array([[[0, 4]], [[255, 255]]], np.uint8)
    path = write_raster("a.tif", pixels, alpha=2)
    with FileSource(path, nodata=0) as source:
        np.testing.assert_array_equal(source.read(Window(0, 0, 2, 1))[1], [[False, True]])


def test_a_mask_beside_the_file_hides_pixels(write_raster: WriteRaster, tmp_path: Path) -> None:
    mask = np.array([[True, False], [False, True]])
    path = write_raster("a.tif", np.full((3, 2, 2), 7, np.uint8), mask=mask)
    assert (tmp_path / "a.tif.msk").exists()
    with FileSource(path) as source:
        assert source.info.mask == "dataset"
        found, valid = source.read(Window(0, 0, 3, 2))
    np.testing.assert_array_equal(valid[:, :2], mask)
    assert not valid[:, 2].any()
    np.testing.assert_array_equal(found[:, :, :2], 7)


def test_an_internal_mask_hides_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    mask = np.array([[True, False]])
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path, "w", driver="GTiff", dtype="uint8", count=1, width=2, height=1,
            crs="EPSG:32630", transform=Affine(1, 0, 5, 0, -1, 5),
        ) as target,
    ):  # fmt: skip
        target.write(np.ones((1, 1, 2), np.uint8))
        target.write_mask(mask)
    assert not (tmp_path / "a.tif.msk").exists()
    with FileSource(str(path)) as source:
        np.testing.assert_array_equal(source.read(Window(0, 0, 2, 1))[1], mask)


def test_the_profile_keeps_what_the_file_says(write_raster: WriteRaster) -> None:
    path = write_raster(
        "a.tif", np.ones((2, 4, 4), np.int16), descriptions=("B02", "B03"), nodata=-1
    )
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets, target.units = (0.1, 0.2), (1.0, 2.0), ("m", "K")
    profile = inspect_file(path).profile
    assert profile.descriptions == ("B02", "B03")
    assert profile.nodata == -1
    assert (profile.scales, profile.offsets) == ((0.1, 0.2), (1.0, 2.0))
    assert profile.units == ("m", "K")


def test_a_palette_is_kept(write_raster: WriteRaster) -> None:
    path = write_raster("a.tif", np.ones((1, 2, 2), np.uint8), photometric="palette")
    with rasterio.open(path, "r+") as target:
        target.write_colormap(1, {0: (0, 0, 0, 255), 1: (10, 20, 30, 255)})
    colormap = inspect_file(path).profile.colormap
    assert colormap is not None
    assert colormap[:2] == ((0, 0, 0, 255), (10, 20, 30, 255))


def test_bands_are_read_in_the_wanted_order(write_raster: WriteRaster) -> None:
    pixels = np.arange(3, dtype=np.uint8).reshape(3, 1, 1)
    path = write_raster("a.tif", pixels, descriptions=("a", "b", "c"))
    with FileSource(path, bands=(3, 1)) as source:
        assert source.profile.descriptions == ("c", "a")
        assert source.read(Window(0, 0, 1, 1))[0].ravel().tolist() == [2, 0]


def test_reading_leaves_the_folder_as_it_was(write_raster: WriteRaster, tmp_path: Path) -> None:
    path = write_raster("a.tif", np.ones((1, 8, 8), np.float32), nodata=0)
    before = sorted(tmp_path.iterdir()), Path(path).read_bytes()
    with FileSource(path) as source:
        source.read(Window(-1, -1, 12, 12))
    assert (sorted(tmp_path.iterdir()), Path(path).read_bytes()) == before


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.tif: there is no such file"):
        inspect_file(str(tmp_path / "gone.tif"))


def test_a_folder_is_no_image(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a folder, not an image"):
        inspect_file(str(tmp_path))


def test_a_text_file_is_no_raster(tmp_path: Path) -> None:
    path = tmp_path / "note.tif"
    path.write_text("not pixels")
    with pytest.raises(InputError, match=r"note\.tif: not a raster that can be read"):
        inspect_file(str(path))


def test_a_truncated_header_is_refused(write_raster: WriteRaster) -> None:
    path = Path(write_raster("a.tif", np.ones((1, 64, 64), np.uint8), compress="deflate"))
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputError, match=r"not a raster that can be read.*copy the file again"):
        inspect_file(str(path))


def test_a_raster_without_crs_is_refused(write_raster: WriteRaster) -> None:
    path = write_raster("a.tif", np.ones((1, 2, 2), np.uint8), crs=None)
    with pytest.raises(InputError, match=r"has no coordinate reference system.*gdal_edit -a_srs"):
        inspect_file(path)


def test_a_crs_in_a_side_file_is_pointed_out(write_raster: WriteRaster) -> None:
    path = write_raster("a.tif", np.ones((1, 2, 2), np.uint8), crs=None)
    Path(f"{path}.aux.xml").write_text("<PAMDataset><SRS>EPSG:32630</SRS></PAMDataset>")
    with pytest.raises(InputError, match=r"a\.tif\.aux\.xml isn't read"):
        inspect_file(path)


def test_a_raster_without_geotransform_is_refused(write_raster: WriteRaster) -> None:
    path = write_raster("a.tif", np.ones((1, 2, 2), np.uint8), transform=Affine.identity())
    with pytest.raises(InputError, match="has a CRS but no geotransform"):
        inspect_file(path)


def test_ground_control_points_alone_are_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "gcp.tif")
    corners = [(0, 0, 1.0, 2.0), (0, 4, 2.0, 2.0), (4, 0, 1.0, 1.0), (4, 4, 2.0, 1.0)]
    points = [GroundControlPoint(*corner) for corner in corners]
    with rasterio.open(
        path, "w", driver="GTiff", dtype="uint8", count=1, width=4, height=4,
        gcps=points, crs="EPSG:4326",
    ) as target:  # fmt: skip
        target.write(np.ones((1, 4, 4), np.uint8))
    with pytest.raises(InputError, match=r"by 4 ground control points only.*gdalwarp -tps"):
        inspect_file(path)


def test_rpcs_alone_are_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "rpc.tif")
    coefficients = [1.0] + [0.0] * 19
    rpcs = rasterio.rpc.RPC(
        height_off=0, height_scale=1, lat_off=0, lat_scale=1, long_off=0, long_scale=1,
        line_off=0, line_scale=1, samp_off=0, samp_scale=1,
        line_num_coeff=coefficients, line_den_coeff=coefficients,
        samp_num_coeff=coefficients, samp_den_coeff=coefficients,
    )  # fmt: skip
    with rasterio.open(
        path, "w", driver="GTiff", dtype="uint8", count=1, width=4, height=4, rpcs=rpcs
    ) as target:
        target.write(np.ones((1, 4, 4), np.uint8))
    with pytest.raises(InputError, match=r"georeferenced by RPCs only.*gdalwarp -rpc"):
        inspect_file(path)


def test_a_container_of_subdatasets_lists_them(tmp_path: Path) -> None:
    path = str(tmp_path / "many.gpkg")
    place: dict[str, Any] = {"crs": "EPSG:32630", "transform": Affine(10, 0, 0, 0, -10, 0)}
    for table in ("first", "second"):
        with rasterio.open(
            path, "w", driver="GPKG", dtype="uint8", count=1, width=4, height=4,
            RASTER_TABLE=table, APPEND_SUBDATASET=table == "second", **place,
        ) as target:  # fmt: skip
            target.write(np.ones((1, 4, 4), np.uint8))
    with pytest.raises(InputError, match=r"holds 2 subdatasets .*:first, .*:second"):
        inspect_file(path)


def test_bands_of_different_types_are_refused(write_raster: WriteRaster, tmp_path: Path) -> None:
    small = write_raster("a.tif", np.ones((1, 2, 2), np.uint8))
    large = write_raster("b.tif", np.ones((1, 2, 2), np.float32))
    bands = "".join(
        f'<VRTRasterBand dataType="{kind}" band="{number}"><SimpleSource>'
        f"<SourceFilename>{path}</SourceFilename><SourceBand>1</SourceBand>"
        "</SimpleSource></VRTRasterBand>"
        for number, (kind, path) in enumerate([("Byte", small), ("Float32", large)], 1)
    )
    vrt = tmp_path / "mixed.vrt"
    vrt.write_text(f'<VRTDataset rasterXSize="2" rasterYSize="2">{bands}</VRTDataset>')
    with pytest.raises(InputError, match=r"different data types \(1: uint8, 2: float32\)"):
        inspect_file(str(vrt))


def test_a_file_without_bands_is_refused(
    write_raster: WriteRaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_raster("a.tif", np.ones((1, 2, 2), np.uint8))
    empty = contextlib.nullcontext(SimpleNamespace(count=0, subdatasets=[]))
    monkeypatch.setattr(rasterio, "open", lambda _: empty)
    with pytest.raises(InputError, match=r"a\.tif: has no bands"):
        inspect_file(path)


def test_a_band_that_is_not_there_is_refused(write_raster: WriteRaster) -> None:
    path = write_raster("a.tif", np.ones((2, 2, 2), np.uint8))
    with pytest.raises(InputError, match=r"has no band 3; its bands are numbered 1 to 2"):
        FileSource(path, bands=(1, 3))


@pytest.mark.parametrize(
    ("dtype", "value"), [("uint8", -1), ("uint8", 0.5), ("int16", math.nan), ("float32", 1e300)]
)
def test_a_nodata_value_that_the_dtype_cannot_hold_is_refused(
    dtype: str, value: float, write_raster: WriteRaster
) -> None:
    path = write_raster("a.tif", np.ones((1, 2, 2), dtype))
    with pytest.raises(InputError, match=f"its pixels are {dtype}, which can't hold that value"):
        FileSource(path, nodata=value)


def test_a_corrupt_tile_fails_where_it_is_and_nowhere_else(
    write_raster: WriteRaster, rng: np.random.Generator
) -> None:
    pixels = rng.integers(0, 255, (1, 64, 64), dtype=np.uint8)
    path = Path(
        write_raster("a.tif", pixels, tiled=True, blockxsize=32, blockysize=32, compress="deflate")
    )
    content = bytearray(path.read_bytes())
    content[-200:] = bytes(200)
    path.write_bytes(bytes(content))
    with FileSource(str(path)) as source:
        np.testing.assert_array_equal(source.read(Window(0, 0, 32, 32))[0], pixels[:, :32, :32])
        with pytest.raises(
            InputError, match=r"a\.tif: the pixels of columns 32 to 63, rows 32 to 63 can't be read"
        ):
            source.read(Window(32, 32, 40, 40))
        np.testing.assert_array_equal(source.read(Window(0, 0, 32, 32))[0], pixels[:, :32, :32])


def test_a_content_id_does_not_depend_on_name_place_or_statistics(tmp_path: Path) -> None:
    first, second = tmp_path / "a.tif", tmp_path / "deep" / "b.tif"
    second.parent.mkdir()
    for path in (first, second):
        path.write_bytes(b"pixels" * 1000)
    (tmp_path / "a.tif.aux.xml").write_text("<PAMDataset/>")
    assert content_id(str(first)) == content_id(str(second))
    assert content_id(str(first)).startswith("sampled-sha256:")
    second.write_bytes(b"pixels" * 999 + b"pixelz")
    assert content_id(str(first)) != content_id(str(second))


def test_a_content_id_of_a_large_file_sees_its_ends_and_its_size(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    content = bytearray(4 * 2**20)
    seen = set()
    for change in (None, 0, len(content) - 1, 2**16 - 1):
        changed = bytearray(content)
        if change is not None:
            changed[change] = 1
        path.write_bytes(changed)
        seen.add(content_id(str(path)))
    path.write_bytes(content + b"\0")
    seen.add(content_id(str(path)))
    assert len(seen) == 5


def test_a_content_id_covers_the_parts_of_a_shapefile_and_a_folder(tmp_path: Path) -> None:
    shape = tmp_path / "roads.shp"
    for suffix in (".shp", ".shx", ".dbf"):
        shape.with_suffix(suffix).write_text(suffix)
    before = content_id(str(shape)), content_id(str(tmp_path))
    (tmp_path / "roads.qix").write_text("index")
    assert (content_id(str(shape)), content_id(str(tmp_path))) == before
    shape.with_suffix(".dbf").write_text("changed")
    assert content_id(str(shape)) != before[0]
    assert content_id(str(tmp_path)) != before[1]


def test_a_content_id_of_a_vrt_follows_its_sources(tmp_path: Path) -> None:
    source, vrt = tmp_path / "a.tif", tmp_path / "all.vrt"
    vrt.write_text('<SourceFilename relativeToVRT="1">a.tif</SourceFilename>')
    source.write_bytes(b"old")
    before = content_id(str(vrt))
    source.write_bytes(b"new")
    assert content_id(str(vrt)) != before


def test_a_stat_id_notices_a_change_and_a_missing_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"one")
    before = stat_id(str(path))
    assert stat_id(str(path)) == before
    os.utime(path, ns=(1, before[1] + 1))
    assert stat_id(str(path)) == (3, before[1] + 1)
    path.unlink()
    with pytest.raises(InputError, match="can't be read"):
        stat_id(str(path))
    with pytest.raises(InputError, match=r"No such file.*check the path"):
        content_id(str(path))


TILES = {"tiled": True, "blockxsize": 512, "blockysize": 512}


@pytest.mark.parametrize(
    ("layout", "side", "cache"),
    [
        (TILES, 2048, (5 * 512) ** 2 * 4),  # from the middle of a tile to that of another
        (TILES, 1024, 16 * 2**20),  # the least
        (TILES, 512, 128 * 2**20),  # a chip's: its neighbours may want the same tiles
        ({"blockysize": 1}, 2048, 8192 * 2048 * 4),  # strips: as wide as the image
    ],
)
def test_gdal_holds_what_a_window_touches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: dict[str, Any], side: int, cache: int
) -> None:
    path = tmp_path / "sparse.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=8192, height=8192, count=2, dtype="uint16",
        crs="EPSG:32630", transform=Affine(1, 0, 6e5, 0, -1, 44e5), SPARSE_OK="TRUE", **layout,
    ):  # fmt: skip
        pass
    held: list[int] = []
    env = raster.gdal_env
    with FileSource(str(path)) as source:
        monkeypatch.setattr(raster, "gdal_env", lambda size=0: held.append(size) or env(size))
        source.read(Window(256, 256, side, side))
    assert held == [cache]
