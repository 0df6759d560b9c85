"""Chips as QGIS's own GDAL reads them: another build and version than the one that made the header."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from osgeo import gdal, osr

COMPRESSIONS = ("none", "deflate", "zstd", "lzw")
DTYPES = {
    "uint8": "Byte", "uint16": "UInt16", "int16": "Int16", "uint32": "UInt32", "int32": "Int32",
    "uint64": "UInt64", "int64": "Int64", "float32": "Float32", "float64": "Float64",
    "complex64": "CFloat32", "complex128": "CFloat64",
}  # fmt: skip
TRANSFORMS = {
    "north-up": (10.0, 0.0, 500_000.0, 0.0, -10.0, 4_400_000.0),
    "south-up": (10.0, 0.0, 500_000.0, 0.0, 10.0, 4_400_000.0),
    "rotated": (8.66, 5.0, 500_000.1, 5.0, -8.66, 4_400_000.7),
}
"""As Affine has them."""
NODATA = 7.0
SCRIPT = """
import itertools, json, sys
from pathlib import Path

import numpy as np
import pyproj
from affine import Affine

from polychip.image import ImageProfile
from polychip.io.geotiff import ChipEncoder

told, folder = json.loads(sys.argv[1]), Path(sys.argv[2])
rng = np.random.default_rng(5)
for dtype, compress, (name, numbers) in itertools.product(
    told["dtypes"], told["compressions"], told["transforms"].items()
):
    count, height, width = 3, 13, 29
    size = np.dtype(dtype).itemsize
    pixels = np.frombuffer(rng.bytes(size * count * height * width), dtype).copy()
    pixels = pixels.reshape(count, height, width)
    pixels[:, :6] = 3  # runs, and whatever bits there may be
    profile = ImageProfile(
        dtype=dtype, count=count, nodata=told["nodata"],
        descriptions=("red é", "green", "blue"), colorinterp=("red", "green", "blue"),
        scales=(0.0001, 0.0002, 0.0003), offsets=(-0.1, 0.0, 0.1), units=("a", "b", "c"),
    )
    transform = Affine(*numbers)
    encoder = ChipEncoder(
        height=height, width=width, profile=profile, crs_wkt=pyproj.CRS.from_epsg(32630).to_wkt(),
        compress=compress, tags={"MADE_OF": "é"}, transform_like=transform,
    )
    for number in range(2):  # the header is made once and patched for the second
        stem = f"{dtype}-{compress}-{name}-{number}"
        moved = transform * Affine.translation(number * width, number * height)
        (folder / f"{stem}.tif").write_bytes(encoder.encode(pixels, moved))
        (folder / f"{stem}.bin").write_bytes(pixels.tobytes())
        (folder / f"{stem}.json").write_text(json.dumps(moved.to_gdal()))
"""


@pytest.fixture(scope="module")
def chips(engine_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of chips by the engine, each with its pixels (.bin) and its transform (.json)."""
    folder = tmp_path_factory.mktemp("chips")
    told = {
        "dtypes": list(DTYPES),
        "compressions": COMPRESSIONS,
        "transforms": TRANSFORMS,
        "nodata": NODATA,
    }
    python = engine_program.with_name("python")
    subprocess.run([python, "-c", SCRIPT, json.dumps(told), folder], check=True, timeout=300)
    return folder


def read(path: Path) -> tuple[Any, list[str]]:
    """The opened file and what GDAL had to say about it, all of its pixels read."""
    said: list[str] = []
    gdal.PushErrorHandler(lambda _kind, _number, text: said.append(text))
    try:
        opened = gdal.Open(str(path))
        opened.ReadRaster()
    finally:
        gdal.PopErrorHandler()
    return opened, said


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("place", TRANSFORMS)
@pytest.mark.parametrize("compress", COMPRESSIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_another_gdal_reads_all_that_a_chip_says_and_complains_of_nothing(
    chips: Path, dtype: str, compress: str, place: str, number: int
) -> None:
    stem = f"{dtype}-{compress}-{place}-{number}"

    chip, said = read(chips / f"{stem}.tif")

    assert said == []
    assert (chip.RasterCount, chip.RasterYSize, chip.RasterXSize) == (3, 13, 29)
    assert bytes(chip.ReadRaster()) == (chips / f"{stem}.bin").read_bytes()
    assert list(chip.GetGeoTransform()) == json.loads((chips / f"{stem}.json").read_text())
    assert chip.GetMetadata()["MADE_OF"] == "é"
    assert chip.GetMetadata()["AREA_OR_POINT"] == "Area"
    utm = osr.SpatialReference()
    utm.ImportFromEPSG(32630)
    assert chip.GetSpatialRef().IsSame(utm)
    bands = [chip.GetRasterBand(band) for band in (1, 2, 3)]
    assert {gdal.GetDataTypeName(band.DataType) for band in bands} == {DTYPES[dtype]}
    assert [band.GetNoDataValue() for band in bands] == [NODATA] * 3
    assert [band.GetDescription() for band in bands] == ["red é", "green", "blue"]
    assert [band.GetScale() for band in bands] == [0.0001, 0.0002, 0.0003]
    assert [band.GetOffset() for band in bands] == [-0.1, 0.0, 0.1]
    assert [band.GetUnitType() for band in bands] == ["a", "b", "c"]
    colours = [gdal.GetColorInterpretationName(band.GetColorInterpretation()) for band in bands]
    assert colours == ["Red", "Green", "Blue"]
