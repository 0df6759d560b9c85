"""GDAL's resampling of a block, told by a VRT.

What rasterio 1.4 offers falls short: `reproject` always approximates the transformation to
0.125 px, and `WarpedVRT` doesn't let the caller choose the coordinate operation. A VRT written
here gives GDAL both, so that pixels use the operation that the manifest names.
"""

import math
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile

from polychip.crs import Operation
from polychip.errors import InputError, RecipeError, nearest
from polychip.grid import Grid, Window
from polychip.io.raster import gdal_env, gdal_reason

_ALGORITHMS = {  # GDAL's name -> (its name in a VRT, kernel radius in source pixels)
    "nearest": ("NearestNeighbour", 0),
    "bilinear": ("Bilinear", 1),
    "cubic": ("Cubic", 2),
    "cubic_spline": ("CubicSpline", 2),
    "lanczos": ("Lanczos", 3),
    "average": ("Average", 1),
    "mode": ("Mode", 1),
    "max": ("Maximum", 1),
    "min": ("Minimum", 1),
    "med": ("Median", 1),
    "q1": ("Quartile1", 1),
    "q3": ("Quartile3", 1),
    "sum": ("Sum", 1),
    "rms": ("RootMeanSquare", 1),
}
RESAMPLING_NAMES = tuple(_ALGORITHMS)


def check_resampling(name: str) -> None:
    """Refuse a resampling that isn't known.

    Raises:
        RecipeError: with the nearest known name.
    """
    if name not in _ALGORITHMS:
        raise RecipeError(
            f"resampling = '{name}' isn't known{nearest(name, _ALGORITHMS)}; "
            f"choose one of {', '.join(_ALGORITHMS)}"
        )


@dataclass(frozen=True, slots=True)
class Kernel:
    """How the pixels of one file are blended into those of another grid."""

    path: str
    """The file, for messages."""
    source: Grid
    """The file's own grid."""
    grid: Grid
    """The grid that is warped to."""
    operation: Operation
    """From the file's CRS to the grid's."""
    resampling: str
    """A name of RESAMPLING_NAMES."""
    step: tuple[float, float]
    """Source (columns, rows) per pixel of the grid."""
    dtype: np.dtype[np.floating]
    """Of the computation: float32 or float64."""

    @property
    def reach_px(self) -> int:
        """How far beyond a pixel's centre it looks, in source pixels, with a margin."""
        radius = _ALGORITHMS[self.resampling][1]
        return math.ceil(2 * radius * max(1.0, *self.step)) + 2 if radius else 0

    def resample(
        self, image: NDArray[np.floating], window: Window, block: Window
    ) -> NDArray[np.floating]:
        """GDAL's resampling of source pixels, NaN being no data, onto a block."""
        count, height, width = image.shape
        try:
            with gdal_env(), MemoryFile(ext=".tif") as memory:
                with memory.open(
                    driver="GTiff",
                    dtype=self.dtype.name,
                    count=count,
                    width=width,
                    height=height,
                    transform=self.source.window_transform(window),
                    interleave="band",
                    BIGTIFF="IF_SAFER",
                ) as target:
                    target.write(image)
                with rasterio.open(self._vrt(memory.name, count, window, block)) as warped:
                    return np.asarray(warped.read())
        except RasterioError as error:
            raise InputError(
                f"{self.path}: GDAL can't warp it from {self.operation.source} to "
                f"{self.operation.target} ({gdal_reason(error)}); reproject it elsewhere, or "
                "leave grid.crs and grid.resolution out"
            ) from error

    def _vrt(self, path: str, count: int, window: Window, block: Window) -> str:
        """GDAL's description of the warp, without its approximate transformer."""
        source = self.source.window_transform(window)
        target = self.grid.window_transform(block)
        kind = "Float32" if self.dtype == np.float32 else "Float64"
        scale_x, scale_y = (1 / _settled(step) for step in self.step)
        numbers = range(1, count + 1)
        outputs = "".join(
            f'<VRTRasterBand dataType="{kind}" band="{n}" subClass="VRTWarpedRasterBand">'
            "<NoDataValue>nan</NoDataValue></VRTRasterBand>"
            for n in numbers
        )
        mappings = "".join(
            f'<BandMapping src="{n}" dst="{n}">'
            "<SrcNoDataReal>nan</SrcNoDataReal><SrcNoDataImag>0</SrcNoDataImag>"
            "<DstNoDataReal>nan</DstNoDataReal><DstNoDataImag>0</DstNoDataImag></BandMapping>"
            for n in numbers
        )
        return (
            f'<VRTDataset rasterXSize="{block.width}" rasterYSize="{block.height}" '
            f'subClass="VRTWarpedDataset"><GeoTransform>{_numbers(target)}</GeoTransform>'
            f"{outputs}"
            f"<BlockXSize>{block.width}</BlockXSize><BlockYSize>{block.height}</BlockYSize>"
            "<GDALWarpOptions><WarpMemoryLimit>1073741824</WarpMemoryLimit>"
            f"<ResampleAlg>{_ALGORITHMS[self.resampling][0]}</ResampleAlg>"
            f"<WorkingDataType>{kind}</WorkingDataType>"
            '<Option name="INIT_DEST">NO_DATA</Option>'
            '<Option name="UNIFIED_SRC_NODATA">NO</Option>'
            f'<Option name="XSCALE">{scale_x!r}</Option><Option name="YSCALE">{scale_y!r}</Option>'
            f'<SourceDataset relativeToVRT="0">{escape(path)}</SourceDataset>'
            "<Transformer><GenImgProjTransformer>"
            f"<SrcGeoTransform>{_numbers(source)}</SrcGeoTransform>"
            f"<SrcInvGeoTransform>{_numbers(~source)}</SrcInvGeoTransform>"
            f"{_reprojection(self.operation)}"
            f"<DstGeoTransform>{_numbers(target)}</DstGeoTransform>"
            f"<DstInvGeoTransform>{_numbers(~target)}</DstInvGeoTransform>"
            "</GenImgProjTransformer></Transformer>"
            f"<BandList>{mappings}</BandList></GDALWarpOptions></VRTDataset>"
        )


def _settled(step: float) -> float:
    """The kernel's size in source pixels: 1 unless coarser, whole where it nearly is."""
    whole = round(step)
    return max(1.0, float(whole) if abs(step - whole) < 0.05 else step)


def _reprojection(operation: Operation) -> str:
    if operation.is_identity:
        return ""
    # The pipeline is all; the two names only keep GDAL from swapping axes or wrapping degrees.
    return (
        "<ReprojectTransformer><ReprojectionTransformer>"
        "<SourceSRS>EPSG:32630</SourceSRS><TargetSRS>EPSG:32631</TargetSRS><Options>"
        f'<Option key="COORDINATE_OPERATION">{escape(operation.pipeline)}</Option>'
        "</Options></ReprojectionTransformer></ReprojectTransformer>"
    )


def _numbers(transform: Affine) -> str:
    return ",".join(repr(float(value)) for value in transform.to_gdal())
