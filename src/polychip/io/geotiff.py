"""GeoTIFF chips: GDAL makes one header, every chip patches it and adds its strips.

Creating a small GeoTIFF costs GDAL 1 to 2 ms, mostly for a header that differs from the last
chip's in a few numbers only. So the metadata are GDAL's own, but written once.

Layout, the same for every compression: the header, then one strip a band, bands one after the
other (PlanarConfiguration 2), so that no pixel is transposed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

import deflate
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import CRSError, RasterioError
from rasterio.io import DatasetWriter, MemoryFile
from zlib_ng import zlib_ng

from polychip.errors import InputError, nearest, some
from polychip.image import ImageProfile
from polychip.io import tiff_tags
from polychip.io.tiff_tags import Header, Strip, Tag

Compression = Literal["none", "deflate", "zstd", "lzw"]

Content = Literal["measures", "codes", "mask"]
"""What pixels are: measured values; codes, such as a land-cover map's; or a burned mask, which
has few codes in long runs. Each compresses best in a way of its own."""

DTYPES = (
    *("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
    *("float32", "float64", "complex64", "complex128"),
)
"""What both numpy and GeoTIFF can hold."""

DEFLATE_LEVEL = 1
"""Measured on 9 images: 3 % smaller to 4 % larger than level 6, in 30 to 75 % of its time."""
ZSTD_LEVEL = 1
"""Measured: 3.9 ms a 512-px RGB uint8 chip; level 9 takes 14 ms and saves 1 %."""

MAX_STRIP_BYTES = 2**31 - 1
"""GDAL reads no larger strip."""
MAX_CLASSIC_BYTES = 2**32 - 2**24
"""Pixels that, with a header, surely stay under classic TIFF's 4 GB."""

_COLOR_INTERPS = {name.lower(): member for name, member in ColorInterp.__members__.items()}
_SOME_NORTH_UP = Affine(1.0, 0.0, 1.0, 0.0, -1.0, 1.0)
_SOME_ROTATED = Affine(1.0, 0.5, 1.0, 0.5, -1.0, 1.0)

_MOST_HEADERS = 64
_HEADERS: dict[tuple[Any, ...], Header] = {}
"""Headers of this process, by all that they hang on."""


def is_north_up(transform: Affine) -> bool:
    """Whether a tiepoint and a pixel scale say it all; else the file holds a matrix."""
    t = transform
    return bool(t.b == 0.0 and t.d == 0.0 and t.a > 0.0 and t.e < 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class ChipEncoder:
    """Encodes chips of one shape and profile as GeoTIFF bytes.

    The same pixels and transform give the same bytes in any process. Picklable; the header is
    made when it is first needed. Checked when made:

    Raises:
        InputError: the dtype, colour interpretation or compression is not known, or no GeoTIFF
            can hold it. The CRS and the nodata value are checked at the first `encode`.
        ValueError: the profile contradicts itself, or the tags would move the pixels.
    """

    height: int
    """Rows of a chip."""
    width: int
    """Columns of a chip."""
    profile: ImageProfile
    crs_wkt: str
    """WKT, or '' for pixels without a CRS."""
    compress: Compression
    tags: Mapping[str, str] = field(default_factory=dict)
    """GDAL metadata of the file, the same for all chips."""
    transform_like: Affine
    """Any chip's geotransform: all must be north-up, or none."""
    content: Content = "measures"

    def __post_init__(self) -> None:
        """Refuse what no chip could be written with."""
        profile = self.profile
        if profile.dtype not in DTYPES:
            raise InputError(
                f"images of type '{profile.dtype}' can't be written as chips, only "
                f"{', '.join(DTYPES)}; convert the image, for example with gdal_translate -ot"
            )
        if self.compress not in get_args(Compression):
            known = get_args(Compression)
            raise InputError(
                f"compress = '{self.compress}'{nearest(self.compress, known)}: known are "
                f"{', '.join(known)}"
            )
        unknown = [name for name in profile.colorinterp if name not in _COLOR_INTERPS]
        if unknown:
            raise InputError(
                f"colour interpretation {some(unknown)}{nearest(unknown[0], _COLOR_INTERPS)} is "
                "not one of GDAL's; correct it in the image"
            )
        if self.height < 1 or self.width < 1 or profile.count < 1:
            raise ValueError(f"chips of shape {self._shape} hold nothing")
        per_band = (profile.descriptions, profile.colorinterp, profile.scales, profile.offsets)
        if any(len(values) != profile.count for values in (*per_band, profile.units)):
            raise ValueError(f"a profile of {profile.count} bands needs as many entries: {profile}")
        if any(name.upper() == "AREA_OR_POINT" for name in self.tags):
            raise ValueError("chips are always pixel-is-area; AREA_OR_POINT can't be a tag")

    def encode(self, pixels: NDArray[np.generic], transform: Affine) -> bytes:
        """The chip as the bytes of a GeoTIFF.

        Args:
            pixels: shape (bands, height, width), of exactly the profile's dtype; any memory order.
            transform: pixel (column, row) to CRS coordinates, corner convention.

        Raises:
            InputError: no GeoTIFF can hold the CRS or the nodata value, or this GDAL lacks the
                compression.
            ValueError: shape, dtype or kind of transform are not the encoder's.
        """
        if pixels.shape != self._shape or pixels.dtype.name != self.profile.dtype:
            raise ValueError(
                f"pixels of shape {pixels.shape} and type {pixels.dtype} were given to an encoder "
                f"of {self._shape} and {self.profile.dtype}"
            )
        if is_north_up(transform) != is_north_up(self.transform_like):
            raise ValueError(
                f"the geotransform {tuple(transform)[:6]} is not of the same kind as "
                f"{tuple(self.transform_like)[:6]}: one is north-up, the other isn't"
            )
        if not self._fits_classic:
            return self._gdal_file({"BIGTIFF": "IF_SAFER"}, transform, pixels)
        little_endian = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<"))
        return self._header.file(_geo_values(transform), self._strips(little_endian))

    @property
    def _shape(self) -> tuple[int, int, int]:
        return self.profile.count, self.height, self.width

    @property
    def _fits_classic(self) -> bool:
        band_bytes = self.height * self.width * np.dtype(self.profile.dtype).itemsize
        return (
            band_bytes <= MAX_STRIP_BYTES and band_bytes * self.profile.count <= MAX_CLASSIC_BYTES
        )

    @property
    def _predictor(self) -> int:
        """TIFF's number: 2 for differences along a row, 1 for none.

        Measured: differences make integer images 1 to 17 % smaller at next to no cost, and class
        masks 20 % larger; the floating-point predictor makes one of three images 49 % larger.
        In masks of several bytes a pixel they make runs of zeros.
        """
        dtype = np.dtype(self.profile.dtype)
        if dtype.kind not in "iu" or self.compress == "none":
            return 1
        if self._content == "mask":
            return 2 if dtype.itemsize > 1 else 1
        return 1 if self._content == "codes" else 2

    @property
    def _content(self) -> Content:
        coded = self.content == "measures" and self.profile.colormap is not None
        return "codes" if coded else self.content

    @property
    def _creation_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "ENDIANNESS": "LITTLE",
            "INTERLEAVE": "BAND",
            "COMPRESS": self.compress.upper(),
            "NUM_THREADS": 1,
        }
        if self.compress != "none":
            options["PREDICTOR"] = self._predictor
        if self.compress == "zstd":
            options["ZSTD_LEVEL"] = ZSTD_LEVEL
        return options

    @property
    def _fast_options(self) -> dict[str, Any]:
        return {"BLOCKYSIZE": self.height, "BIGTIFF": "NO"}

    @property
    def _nodata(self) -> float | None:
        """The nodata value, exact for 64-bit whole numbers, which rasterio would round.

        The limits themselves are no floats: the nearest float stands for them.
        """
        nodata, dtype = self.profile.nodata, self.profile.dtype
        if nodata is None or dtype not in ("int64", "uint64") or not float(nodata).is_integer():
            return nodata
        limits = np.iinfo(dtype)
        whole = int(limits.max) if nodata == float(limits.max) else int(nodata)
        if not limits.min <= whole <= limits.max:
            raise _no_such_nodata(self.profile)
        return whole

    def _strips(self, pixels: NDArray[np.generic]) -> Sequence[Strip]:
        """One encoded strip a band."""
        if self.compress == "none":
            return [band.data for band in pixels]
        if self.compress == "deflate":
            if self._predictor == 2:
                pixels = _differences(pixels)
            deflated = _deflated_runs if self._content == "mask" else _deflated
            return [deflated(band) for band in pixels]
        # GDAL encodes, but its own file is not used: in which order it flushes strips depends on
        # a cache that it shares with the images being read.
        with MemoryFile() as memory:
            options = {**self._fast_options, "transform": _SOME_NORTH_UP}
            with self._create(memory, options) as dataset:
                dataset.write(pixels)
            return tiff_tags.read_strips(bytes(memory.getbuffer()))

    @cached_property
    def _header(self) -> Header:
        """GDAL's header with room for the numbers that differ between chips.

        Scenes mostly share it: GDAL takes longer to make it than for a small scene's chips.
        """
        key = (
            *(self._shape, self.profile, self.crs_wkt, self.compress, self._content),
            *(tuple(self.tags.items()), is_north_up(self.transform_like)),
        )
        if key not in _HEADERS:
            if len(_HEADERS) >= _MOST_HEADERS:
                _HEADERS.clear()
            _HEADERS[key] = self._made_header()
        return _HEADERS[key]

    def _made_header(self) -> Header:
        north_up = is_north_up(self.transform_like)
        stand_in = _SOME_NORTH_UP if north_up else _SOME_ROTATED
        options = {**self._fast_options, "SPARSE_OK": True}
        data = self._gdal_file(options, stand_in)
        if self.crs_wkt and not _has_crs(data):
            data = self._gdal_file(options | {"GEOTIFF_KEYS_FLAVOR": "ESRI_PE"}, stand_in)
            if not _has_crs(data):
                raise InputError(
                    f"no GeoTIFF can hold the coordinate reference system {self.crs_wkt[:120]}…; "
                    "set grid.crs (--crs) to a CRS that has an EPSG code"
                )
        tags = tiff_tags.read_tags(data)
        for code in (tiff_tags.PIXEL_SCALE, tiff_tags.TIEPOINT, tiff_tags.TRANSFORMATION):
            tags.pop(code, None)
        for code, values in _geo_values(stand_in).items():
            tags[code] = Tag.of(code, tiff_tags.DOUBLE, values)
        for code in (tiff_tags.STRIP_OFFSETS, tiff_tags.STRIP_BYTE_COUNTS):
            tags[code] = Tag.of(code, tiff_tags.LONG, [0] * self.profile.count)
        if isinstance(self._nodata, int):  # rasterio writes 1.8e+19, which is read as 1
            tags[tiff_tags.GDAL_NODATA] = Tag.text(tiff_tags.GDAL_NODATA, str(self._nodata))
        return Header.lay_out(tags.values())

    def _gdal_file(
        self,
        options: Mapping[str, Any],
        transform: Affine,
        pixels: NDArray[np.generic] | None = None,
    ) -> bytes:
        """A file that GDAL writes with all metadata; without pixels it is a bare header."""
        profile = self.profile
        try:
            crs = CRS.from_wkt(self.crs_wkt) if self.crs_wkt else None
        except CRSError as error:
            raise InputError(
                f"GDAL does not know the coordinate reference system {self.crs_wkt[:120]} "
                f"({error}); give a code such as EPSG:32630, or WKT"
            ) from error
        georeference = {"crs": crs, "transform": transform, "nodata": self._nodata}
        with MemoryFile() as memory:
            with self._create(memory, {**options, **georeference}) as dataset:
                _describe(dataset, profile, self.tags)
                if pixels is not None:
                    dataset.write(pixels)
            return bytes(memory.getbuffer())

    def _create(self, memory: MemoryFile, options: Mapping[str, Any]) -> DatasetWriter:
        profile = self.profile
        try:
            return memory.open(
                driver="GTiff",
                height=self.height,
                width=self.width,
                count=profile.count,
                dtype=profile.dtype,
                **self._creation_options,
                **options,
            )
        except RasterioError as error:
            raise InputError(
                f"GDAL can't write GeoTIFF chips of {self._shape} {profile.dtype} with compress = "
                f"'{self.compress}' ({error}); try compress = 'deflate'"
            ) from error
        except ValueError as error:
            raise _no_such_nodata(profile) from error


def _no_such_nodata(profile: ImageProfile) -> InputError:
    return InputError(
        f"the nodata value {profile.nodata} is no {profile.dtype}; set the layer's nodata to a "
        "value that its pixels can hold"
    )


def _describe(dataset: DatasetWriter, profile: ImageProfile, tags: Mapping[str, str]) -> None:
    """Give a file what the source's bands say of themselves."""
    if profile.colormap is not None:
        dataset.write_colormap(1, dict(enumerate(profile.colormap)))
    else:
        dataset.colorinterp = [_COLOR_INTERPS[name] for name in profile.colorinterp]
    for number, description in enumerate(profile.descriptions, start=1):
        if description:
            dataset.set_band_description(number, description)
    if any(scale != 1.0 for scale in profile.scales):
        dataset.scales = profile.scales
    if any(offset != 0.0 for offset in profile.offsets):
        dataset.offsets = profile.offsets
    if any(profile.units):
        dataset.units = [unit or "" for unit in profile.units]
    if tags:
        dataset.update_tags(**tags)


def _geo_values(transform: Affine) -> dict[int, tuple[float, ...]]:
    """The georeferencing tags that differ between chips, as the GeoTIFF standard has them."""
    t = transform  # by name: as a tuple, affine takes 50 µs
    a, b, c, d, e, f = float(t.a), float(t.b), float(t.c), float(t.d), float(t.e), float(t.f)
    if is_north_up(transform):
        return {
            tiff_tags.PIXEL_SCALE: (a, -e, 0.0),
            tiff_tags.TIEPOINT: (0.0, 0.0, 0.0, c, f, 0.0),
        }
    rows = (a, b, 0.0, c), (d, e, 0.0, f), (0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)
    return {tiff_tags.TRANSFORMATION: tuple(value for row in rows for value in row)}


def _has_crs(data: bytes) -> bool:
    with MemoryFile(data) as memory, memory.open() as dataset:
        return dataset.crs is not None


def _deflated(band: NDArray[np.generic]) -> Strip:
    return deflate.zlib_compress(band.data, DEFLATE_LEVEL)


def _deflated_runs(band: NDArray[np.generic]) -> Strip:
    """Runs only, no search for other repetitions: a quarter of libdeflate's time, 30 % smaller.

    Without a search there is nothing that could differ between processors: zlib itself gives the
    same bytes, in three times the time.
    """
    stream = zlib_ng.compressobj(1, zlib_ng.DEFLATED, 15, 9, zlib_ng.Z_RLE)
    return bytes(stream.compress(band.data) + stream.flush())


def _differences(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    """TIFF's predictor 2: each value minus its left neighbour's, wrapping; shape unchanged."""
    values = pixels.view(f"<u{pixels.dtype.itemsize}")
    out = np.empty_like(values)
    out[..., 0] = values[..., 0]
    np.subtract(values[..., 1:], values[..., :-1], out=out[..., 1:])
    return out
