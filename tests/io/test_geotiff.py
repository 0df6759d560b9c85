"""Every chip is read back by readers that know nothing of its writer."""

import dataclasses
import functools
import io
import os
import pickle
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
import tifffile
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from rasterio.enums import ColorInterp
from rasterio.io import MemoryFile

import polychip
from polychip.errors import InputError
from polychip.image import ImageProfile
from polychip.io import geotiff
from polychip.io.geotiff import ChipEncoder

UTM30 = pyproj.CRS.from_epsg(32630).to_wkt()
TRANSFORMS = {
    "north-up": Affine(10.0, 0.0, 500_000.0, 0.0, -10.0, 4_400_000.0),
    "south-up": Affine(10.0, 0.0, 500_000.0, 0.0, 10.0, 4_400_000.0),
    "rotated": Affine(8.66, 5.0, 500_000.1, 5.0, -8.66, 4_400_000.7),
    "non-square": Affine(0.1, 0.0, -0.3, 0.0, -1 / 3, 39.7),
    "mirrored": Affine(-10.0, 0.0, 500_000.0, 0.0, -10.0, 4_400_000.0),
}
COMPRESSIONS = ("none", "deflate", "zstd", "lzw")
DTYPES = (
    *("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
    *("float32", "float64", "complex64", "complex128"),
)
PALETTE = ((0, 0, 0, 255), (31, 120, 180, 255), (51, 160, 44, 255)) + ((9, 9, 9, 255),) * 253


def profile_of(dtype: str = "uint8", count: int = 1, **changes: Any) -> ImageProfile:
    """A profile with nothing special, changed as told."""
    return dataclasses.replace(
        ImageProfile(
            dtype=dtype,
            count=count,
            nodata=None,
            descriptions=(None,) * count,
            colorinterp=("gray",) + ("undefined",) * (count - 1),
            scales=(1.0,) * count,
            offsets=(0.0,) * count,
            units=(None,) * count,
        ),
        **changes,
    )


def rich_profile(dtype: str, count: int) -> ImageProfile:
    """A profile in which everything is said."""
    return profile_of(
        dtype,
        count,
        nodata=float("nan") if dtype.startswith("float") else 7.0,
        descriptions=tuple(f"B{i:02d} é" for i in range(count)),
        colorinterp=(("red", "green", "blue") + ("undefined",) * 10)[:count],
        scales=tuple(0.0001 * (i + 1) for i in range(count)),
        offsets=tuple(-0.1 * i for i in range(count)),
        units=tuple(f"unit {i}" for i in range(count)),
    )


def palette_profile() -> ImageProfile:
    return profile_of(colorinterp=("palette",), colormap=PALETTE)


def encoder_of(profile: ImageProfile, shape: tuple[int, int], **changes: Any) -> ChipEncoder:
    settings: dict[str, Any] = {
        "crs_wkt": UTM30,
        "compress": "deflate",
        "transform_like": TRANSFORMS["north-up"],
    }
    height, width = shape
    return ChipEncoder(height=height, width=width, profile=profile, **{**settings, **changes})


def some_pixels(dtype: str, shape: tuple[int, int, int]) -> np.ndarray:
    """Any bit pattern at all, which for floats includes NaNs; smooth parts and both limits."""
    rng = np.random.default_rng(len(dtype) * 1000 + sum(shape))
    pixels = np.frombuffer(rng.bytes(np.dtype(dtype).itemsize * int(np.prod(shape))), dtype)
    pixels = pixels.reshape(shape).copy()
    pixels[:, : shape[1] // 2] = np.arange(shape[2]).astype(dtype)
    if np.dtype(dtype).kind in "iu":
        pixels[0, -1, -2:] = np.iinfo(dtype).min, np.iinfo(dtype).max
    else:
        pixels[0, -1, -3:] = np.nan, np.inf, -0.0
    return pixels


def written_by_rasterio(
    pixels: np.ndarray, profile: ImageProfile, transform: Affine, tags: dict[str, str]
) -> bytes:
    """The same chip as people write it, in rasterio's own default layout."""
    count, height, width = pixels.shape
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            height=height,
            width=width,
            count=count,
            dtype=profile.dtype,
            crs=UTM30,
            transform=transform,
            nodata=profile.nodata,
        ) as dataset:
            if profile.colormap:
                dataset.write_colormap(1, dict(enumerate(profile.colormap)))
            dataset.colorinterp = [ColorInterp[name] for name in profile.colorinterp]
            dataset.descriptions = profile.descriptions
            dataset.scales, dataset.offsets = profile.scales, profile.offsets
            dataset.units = [unit or "" for unit in profile.units]
            dataset.update_tags(**tags)
            dataset.write(pixels)
        return memory.read()


def read_with_rasterio(data: bytes) -> tuple[bytes, dict[str, Any]]:
    """(pixel bytes, all metadata); NaN as text, since it equals nothing."""
    with MemoryFile(data) as memory, memory.open() as dataset:
        metadata = {
            "shape": (dataset.count, *dataset.shape),
            "dtypes": dataset.dtypes,
            "transform": tuple(dataset.transform),
            "crs": dataset.crs,
            "nodata": repr(dataset.nodatavals),
            "descriptions": dataset.descriptions,
            "colorinterp": [member.name for member in dataset.colorinterp],
            "scales": dataset.scales,
            "offsets": dataset.offsets,
            "units": dataset.units,
            "tags": [dataset.tags(band) for band in range(dataset.count + 1)],
        }
        if "palette" in metadata["colorinterp"]:
            metadata["colormap"] = dataset.colormap(1)
        return dataset.read().tobytes(), metadata


def read_with_tifffile(data: bytes, shape: tuple[int, int, int]) -> bytes:
    return np.asarray(tifffile.imread(io.BytesIO(data))).reshape(shape).tobytes()


TAGS = {"B": "2", "A": "one = ü"}


def moved(transform: Affine) -> Affine:
    """The place of a chip somewhere in the image."""
    a, b, c, d, e, f = tuple(transform)[:6]
    return Affine(a, b, c + 512 * a + 1024 * b, d, e, f + 512 * d + 1024 * e)


@functools.cache
def as_rasterio_writes_it(dtype: str, count: int, kind: str) -> tuple[bytes, dict[str, Any]]:
    """What rasterio reads of its own file; the same for all compressions."""
    pixels, profile = some_pixels(dtype, (count, 11, 17)), rich_profile(dtype, count)
    return read_with_rasterio(written_by_rasterio(pixels, profile, moved(TRANSFORMS[kind]), TAGS))


@pytest.mark.parametrize("kind", TRANSFORMS)
@pytest.mark.parametrize("count", [1, 3, 13])
@pytest.mark.parametrize("compress", COMPRESSIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_readers_get_the_pixels_and_metadata_that_rasterio_would_have_written(
    dtype: str, compress: str, count: int, kind: str
) -> None:
    shape, profile, transform = (count, 11, 17), rich_profile(dtype, count), TRANSFORMS[kind]
    pixels = some_pixels(dtype, shape)
    encoder = encoder_of(profile, shape[1:], compress=compress, tags=TAGS, transform_like=transform)

    data = encoder.encode(pixels, moved(transform))

    expected = as_rasterio_writes_it(dtype, count, kind)
    assert read_with_rasterio(data) == expected
    assert expected[1]["transform"] == tuple(moved(transform))
    assert expected[1]["descriptions"] == profile.descriptions
    assert expected[1]["scales"] == profile.scales
    assert expected[1]["offsets"] == profile.offsets
    assert expected[1]["units"] == profile.units
    assert read_with_tifffile(data, shape) == pixels.tobytes()


@given(data=st.data(), compress=st.sampled_from(COMPRESSIONS), dtype=st.sampled_from(DTYPES))
def test_any_shape_and_any_values_come_back_bit_for_bit(
    data: st.DataObject, compress: str, dtype: str
) -> None:
    shape = data.draw(st.tuples(*(st.integers(1, limit) for limit in (4, 40, 40))))
    pixels = data.draw(hnp.arrays(dtype, shape))
    content = data.draw(st.sampled_from(["measures", "codes", "mask"]))
    encoder = encoder_of(profile_of(dtype, shape[0]), shape[1:], compress=compress, content=content)

    chip = encoder.encode(pixels, TRANSFORMS["north-up"])

    assert read_with_rasterio(chip)[0] == pixels.tobytes()
    assert read_with_tifffile(chip, shape) == pixels.tobytes()


@pytest.mark.parametrize("compress", ["none", "deflate", "lzw"])
def test_a_mask_keeps_its_codes_and_its_palette_in_three_readers(compress: str) -> None:
    codes = np.array([[0, 1, 1], [0, 2, 1], [0, 0, 255]], np.uint8)
    encoder = encoder_of(palette_profile(), (3, 3), compress=compress)

    chip = encoder.encode(codes[None], TRANSFORMS["north-up"])

    with Image.open(io.BytesIO(chip)) as image:
        assert image.mode == "P"
        assert np.asarray(image).tolist() == codes.tolist()
        assert image.getpalette()[:9] == [0, 0, 0, 31, 120, 180, 51, 160, 44]
    with tifffile.TiffFile(io.BytesIO(chip)) as tiff:
        assert tiff.asarray().tolist() == codes.tolist()
        assert tiff.pages[0].colormap[:, 1].tolist() == [31 * 257, 120 * 257, 180 * 257]
    pixels, metadata = read_with_rasterio(chip)
    assert pixels == codes.tobytes()
    assert [metadata["colormap"][code] for code in range(3)] == list(PALETTE[:3])
    reference = written_by_rasterio(codes[None], palette_profile(), TRANSFORMS["north-up"], {})
    assert metadata == read_with_rasterio(reference)[1]


def test_an_uncompressed_chip_ends_with_its_pixels_band_after_band() -> None:
    pixels = np.array([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], "uint16")
    encoder = encoder_of(profile_of("uint16", 2), (2, 2), compress="none")
    chip = encoder.encode(pixels, TRANSFORMS["north-up"])
    assert chip[-16:] == bytes([1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8, 0])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32"])
def test_masks_are_deflated_to_the_bytes_of_zlibs_own_run_length_coding(dtype: str) -> None:
    rows = np.arange(70)[:, None]
    mask = ((np.arange(300)[None, :] + rows) // 37 % 5).astype(dtype)
    encoder = encoder_of(profile_of(dtype), mask.shape, content="mask")
    stored = mask.copy()
    if dtype != "uint8":
        stored[:, 1:] -= mask[:, :-1]
    zlibs = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)

    chip = encoder.encode(mask[None], TRANSFORMS["north-up"])

    assert chip.endswith(zlibs.compress(stored.tobytes()) + zlibs.flush())
    assert read_with_tifffile(chip, mask.shape) == mask.tobytes()


def test_masks_that_are_floats_keep_the_sign_of_zero() -> None:
    codes = np.array([[[0.0, -0.0], [-0.0, 0.0]]], np.float32)
    encoder = encoder_of(profile_of("float32"), (2, 2), content="mask")
    chip = encoder.encode(codes, TRANSFORMS["north-up"])
    assert read_with_tifffile(chip, codes.shape) == codes.tobytes()


@pytest.mark.parametrize("compress", COMPRESSIONS)
def test_all_compressions_have_one_strip_a_band_and_pixels_as_areas(compress: str) -> None:
    encoder = encoder_of(profile_of("uint16", 3), (70, 50), compress=compress)
    chip = encoder.encode(some_pixels("uint16", (3, 70, 50)), TRANSFORMS["north-up"])
    with tifffile.TiffFile(io.BytesIO(chip)) as tiff:
        page = tiff.pages[0]
        assert not tiff.is_bigtiff
        assert (page.planarconfig, page.rowsperstrip, len(page.dataoffsets)) == (2, 70, 3)
        assert page.geotiff_tags["GTRasterTypeGeoKey"] == 1
        assert page.dataoffsets[0] % 16 == 0


@pytest.mark.parametrize(
    ("profile", "content", "predictor"),
    [
        (profile_of("uint16"), "measures", 2),
        (profile_of("uint16"), "codes", 1),
        (profile_of("uint16"), "mask", 2),
        (palette_profile(), "measures", 1),
        (palette_profile(), "mask", 1),
        (profile_of("float32"), "measures", 1),
        (profile_of("float32"), "mask", 1),
        (profile_of("complex64"), "measures", 1),
    ],
)
@pytest.mark.parametrize("compress", ["deflate", "zstd", "lzw"])
def test_measured_whole_numbers_and_wide_masks_are_stored_as_differences(
    profile: ImageProfile, *, content: str, predictor: int, compress: str
) -> None:
    encoder = encoder_of(profile, (4, 5), content=content, compress=compress)
    chip = encoder.encode(np.zeros((1, 4, 5), profile.dtype), TRANSFORMS["north-up"])
    with tifffile.TiffFile(io.BytesIO(chip)) as tiff:
        assert tiff.pages[0].predictor == predictor


@pytest.mark.parametrize(
    "names",
    [
        ("red", "green", "blue", "alpha"),
        ("red", "green", "blue", "undefined"),
        ("blue", "green", "red", "nir"),
        ("gray", "alpha"),
        ("alpha", "red", "green", "blue"),
        ("coastal", "blue", "green", "red", "rededge", "swir"),
    ],
)
def test_colour_interpretation_survives(names: tuple[str, ...]) -> None:
    profile = profile_of("uint8", len(names), colorinterp=names)
    pixels = some_pixels("uint8", (len(names), 5, 6))
    chip = encoder_of(profile, (5, 6)).encode(pixels, TRANSFORMS["north-up"])
    assert read_with_rasterio(chip)[1]["colorinterp"] == list(names)


@pytest.mark.parametrize(
    ("dtype", "nodata", "stored"),
    [
        ("int16", -9999.0, -9999),
        ("int64", -9999.0, -9999),
        ("int64", -(2.0**60), -1152921504606846976),
        ("uint64", 2.0**63, 9223372036854775808),
        ("uint64", 2.0**64, 18446744073709551615),
        ("float32", float("-inf"), float("-inf")),
        ("float64", -1.7976931348623157e308, -1.7976931348623157e308),
    ],
)
def test_nodata_is_stored_to_the_last_digit(dtype: str, nodata: float, stored: float) -> None:
    encoder = encoder_of(profile_of(dtype, nodata=nodata), (2, 2))
    chip = encoder.encode(np.zeros((1, 2, 2), dtype), TRANSFORMS["north-up"])
    with tifffile.TiffFile(io.BytesIO(chip)) as tiff:
        assert tiff.pages[0].nodata == stored


def test_the_lowest_float32_reads_back_as_nodata() -> None:
    lowest = -3.4028234663852886e38
    encoder = encoder_of(profile_of("float32", nodata=lowest), (2, 2))
    chip = encoder.encode(np.zeros((1, 2, 2), "float32"), TRANSFORMS["north-up"])
    assert read_with_rasterio(chip)[1]["nodata"] == repr((lowest,))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_pixels_without_a_place_on_earth_stay_without_one() -> None:
    encoder = encoder_of(profile_of(), (2, 2), crs_wkt="", transform_like=Affine.identity())
    for transform in (Affine.identity(), Affine.translation(512, 256)):
        metadata = read_with_rasterio(encoder.encode(np.ones((1, 2, 2), "uint8"), transform))[1]
        assert (metadata["crs"], metadata["transform"]) == (None, tuple(transform))


def test_a_crs_without_geotiff_keys_is_kept_as_text() -> None:
    equal_earth = pyproj.CRS("+proj=eqearth +datum=WGS84").to_wkt()
    encoder = encoder_of(profile_of(), (2, 2), crs_wkt=equal_earth)
    chip = encoder.encode(np.ones((1, 2, 2), "uint8"), TRANSFORMS["north-up"])
    assert read_with_rasterio(chip)[1]["crs"] == rasterio.CRS.from_wkt(equal_earth)


def test_memory_order_and_byte_order_of_the_pixels_change_no_byte() -> None:
    pixels = some_pixels("uint16", (3, 9, 8))
    encoder = encoder_of(profile_of("uint16", 3), (9, 8))
    chip = encoder.encode(pixels, TRANSFORMS["north-up"])
    wide = np.zeros((3, 9, 20), "uint16")
    wide[..., 5:13] = pixels
    for same in (np.asfortranarray(pixels), wide[..., 5:13], pixels.astype(">u2")):
        assert encoder.encode(same, TRANSFORMS["north-up"]) == chip


@pytest.mark.parametrize("compress", COMPRESSIONS)
def test_encoding_twice_gives_the_same_bytes_whatever_came_between(compress: str) -> None:
    pixels, encoder = (
        some_pixels("int16", (3, 30, 31)),
        encoder_of(rich_profile("int16", 3), (30, 31), compress=compress),
    )
    first = encoder.encode(pixels, TRANSFORMS["north-up"])
    encoder.encode(np.zeros_like(pixels), TRANSFORMS["non-square"])
    assert encoder.encode(pixels, TRANSFORMS["north-up"]) == first


ENCODE_ELSEWHERE = """
import pickle, sys
encoders, pixels, transform = pickle.load(sys.stdin.buffer)
pickle.dump([encoder.encode(pixels, transform) for encoder in encoders], sys.stdout.buffer)
"""


def test_encoders_in_two_processes_give_the_same_bytes() -> None:
    pixels, profile = some_pixels("uint8", (3, 40, 50)), rich_profile("uint8", 3)
    encoders = [
        encoder_of(profile, (40, 50), compress=compress, tags={"B": "2", "A": "1"})
        for compress in COMPRESSIONS
    ]
    job = pickle.dumps((encoders, pixels, TRANSFORMS["north-up"]))
    source = str(Path(polychip.__path__[0]).parent)
    answers = [
        subprocess.run(
            [sys.executable, "-c", ENCODE_ELSEWHERE],
            input=job,
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONPATH": source, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    chips = [encoder.encode(pixels, TRANSFORMS["north-up"]) for encoder in encoders]
    for answer in answers:
        assert pickle.loads(answer) == chips  # noqa: S301


def test_the_order_of_the_tags_changes_no_byte() -> None:
    pixels = some_pixels("uint8", (1, 3, 4))
    one, other = (
        encoder_of(profile_of(), (3, 4), tags=tags).encode(pixels, TRANSFORMS["north-up"])
        for tags in ({"A": "1", "B": "2"}, {"B": "2", "A": "1"})
    )
    assert one == other


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("compress", COMPRESSIONS)
def test_encoding_warns_of_nothing(compress: str) -> None:
    encoder = encoder_of(profile_of(), (2, 2), crs_wkt="", compress=compress)
    assert encoder.encode(np.ones((1, 2, 2), "uint8"), Affine(2.0, 0, 9.0, 0, -2.0, 9.0))


@pytest.mark.parametrize("limit", ["MAX_CLASSIC_BYTES", "MAX_STRIP_BYTES"])
def test_chips_too_large_for_the_fast_way_are_written_by_gdal(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels, profile = some_pixels("uint16", (3, 90, 80)), rich_profile("uint16", 3)
    encoder = encoder_of(profile, (90, 80))
    fast = read_with_rasterio(encoder.encode(pixels, TRANSFORMS["north-up"]))
    monkeypatch.setattr(geotiff, limit, 10)
    chip = encoder.encode(pixels, TRANSFORMS["north-up"])
    assert read_with_rasterio(chip) == fast
    with tifffile.TiffFile(io.BytesIO(chip)) as tiff:
        assert len(tiff.pages[0].dataoffsets) > 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"compress": "defalte"}, "did you mean 'deflate'"),
        ({"profile": profile_of("complex_int16")}, "'complex_int16' can't be written"),
        ({"profile": profile_of("float16")}, "'float16' can't be written"),
        ({"profile": profile_of(colorinterp=("rad",))}, "rad .did you mean 'red'"),
    ],
)
def test_what_no_chip_can_hold_is_refused_at_once(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        encoder_of(**{"profile": profile_of(), "shape": (2, 2), **changes})


ROTATED_POLE = pyproj.CRS(
    "+proj=ob_tran +o_proj=longlat +o_lon_p=-162 +o_lat_p=39.25 +lon_0=180 +datum=WGS84"
).to_wkt()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"profile": profile_of(nodata=-9999.0)}, "nodata value -9999.0 is no uint8"),
        ({"profile": profile_of("int64", nodata=float("nan"))}, "nodata value nan is no int64"),
        ({"profile": profile_of("uint64", nodata=-1e30)}, "is no uint64"),
        ({"profile": profile_of("int64", nodata=1e30)}, "is no int64"),
        ({"crs_wkt": "PROJCS[oops"}, "does not know the coordinate reference system PROJCS.oops"),
        ({"crs_wkt": ROTATED_POLE}, "no GeoTIFF can hold .*set grid.crs"),
    ],
)
def test_what_gdal_can_not_write_is_told_with_a_remedy(
    changes: dict[str, Any], message: str
) -> None:
    encoder = encoder_of(**{"profile": profile_of(), "shape": (2, 2), **changes})
    pixels = np.zeros((1, 2, 2), encoder.profile.dtype)
    with pytest.raises(InputError, match=message):
        encoder.encode(pixels, TRANSFORMS["north-up"])


def test_pixels_or_transforms_of_another_kind_are_refused() -> None:
    encoder = encoder_of(profile_of("uint8", 3), (4, 5))
    for shape, dtype in (((3, 5, 4), "uint8"), ((4, 5), "uint8"), ((3, 4, 5), "int8")):
        with pytest.raises(ValueError, match=r"encoder of \(3, 4, 5\) and uint8"):
            encoder.encode(np.zeros(shape, dtype), TRANSFORMS["north-up"])
    with pytest.raises(ValueError, match="one is north-up, the other isn't"):
        encoder.encode(np.zeros((3, 4, 5), "uint8"), TRANSFORMS["rotated"])


def test_contradictory_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="always pixel-is-area"):
        encoder_of(profile_of(), (2, 2), tags={"area_or_point": "Point"})
    with pytest.raises(ValueError, match="profile of 3 bands"):
        encoder_of(dataclasses.replace(profile_of(), count=3), (2, 2))
    with pytest.raises(ValueError, match="hold nothing"):
        encoder_of(profile_of(), (0, 2))
