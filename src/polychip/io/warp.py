"""Pixels brought to another grid: exact transformation, fixed blocks, nothing bleeds."""

import math
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.warp import calculate_default_transform

from polychip.crs import (
    Operation,
    choose_operation,
    crs_label,
    lonlat_bounds,
    parse_crs,
    same_crs,
    to_wkt,
)
from polychip.errors import InputError, RecipeError
from polychip.grid import Grid, Window, blocks
from polychip.io.kernel import Kernel, check_resampling
from polychip.io.raster import FileSource, gdal_env
from polychip.io.validity import Parts

BLOCK_PX = 512
"""Side of the blocks that are warped on their own; they start at the scene grid's (0, 0)."""
MIN_BLOCK_PX = 32
SOURCE_BYTES = 64 * 2**20
"""Blocks are halved until the source pixels behind one, as floats, fit in this."""
CACHE_BYTES = 48 * 2**20
"""Warped blocks that are kept."""

_OUTLINE_POINTS = 513
_COVER_TOLERANCE_PX = 1e-6
_MAX_SIDE_PX = 2**31 - 1


def snapped_grid(
    grid: Grid, crs: str | None = None, resolution: float | tuple[float, float] | None = None
) -> Grid:
    """The north-up grid that covers a grid's footprint, on whole multiples of the resolution.

    Grids of one CRS and resolution share a lattice, so that dates and scenes line up.

    Args:
        grid: what must be covered.
        crs: the wanted CRS; None: the grid's own.
        resolution: pixel size in the wanted CRS's units, one number or (x, y); None: what GDAL
            suggests, square.

    Raises:
        InputError: the footprint can't be expressed in the CRS.
        RecipeError: the resolution isn't positive, or doesn't suit the CRS's unit.
    """
    target = grid.crs_wkt if crs is None or same_crs(crs, grid.crs_wkt) else to_wkt(crs)
    size_x, size_y = _resolution(grid, target, resolution)
    x, y = _spread(grid)
    operation = choose_operation(
        grid.crs_wkt, target, lonlat_bounds(grid.crs_wkt, grid.outline()), allow_ballpark=True
    )
    points = operation.forward(x, y)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        raise InputError(
            f"no point of the image ({crs_label(grid.crs_wkt)}) can be expressed in "
            f"{crs_label(target)}; choose a CRS for grid.crs that is made for this place"
        )
    sizes = np.array([size_x, size_y])
    low = np.floor(points.min(axis=0) / sizes + _COVER_TOLERANCE_PX)
    high = np.ceil(points.max(axis=0) / sizes - _COVER_TOLERANCE_PX)
    width, height = (int(n) for n in np.maximum(high - low, 1))
    _check_size(grid, target, (size_x, size_y), (height, width))
    transform = Affine(size_x, 0.0, low[0] * size_x, 0.0, -size_y, high[1] * size_y)
    return Grid(target, transform, height, width)


class WarpedFile:
    """One file's pixels on another grid, block by block, so that no window changes them.

    Each block of the fixed lattice is warped on its own from the source pixels around it, and
    windows are cut from blocks. Validity is that of the source pixel which holds the pixel's
    centre. Source pixels without data never lend to their neighbours, band by band.

    Args:
        source: the file, open; closed with this object.
        grid: the grid to warp to.
        operation: from the file's CRS to the grid's.
        resampling: a name of RESAMPLING_NAMES.
    """

    def __init__(
        self, source: FileSource, grid: Grid, operation: Operation, resampling: str
    ) -> None:
        """Measure how the two grids relate; no pixel is read."""
        check_resampling(resampling)
        self.source = source
        self.grid = grid
        dtype = np.dtype(source.profile.dtype)
        narrow = dtype == np.float32 or (dtype.kind in "iu" and dtype.itemsize <= 2)
        self.kernel = Kernel(
            path=source.info.path,
            source=source.grid,
            grid=grid,
            operation=operation,
            resampling=resampling,
            step=source_step(source.grid, grid, operation),
            dtype=np.dtype(np.float32 if narrow else np.float64),
        )
        self.block_px = self._block_side()
        self._blocks: OrderedDict[tuple[int, int], Parts | None] = OrderedDict()

    def read_parts(self, window: Window) -> Parts:
        """Pixels on the grid; where the file has none, they hold 0 and aren't inside.

        Raises:
            InputError: the file can't be read there, or GDAL can't carry out the warp.
        """
        profile = self.source.profile
        shape = (window.height, window.width)
        pixels = np.zeros((profile.count, *shape), dtype=profile.dtype)
        inside = np.zeros(shape, dtype=np.bool_)
        data = np.ones(pixels.shape, dtype=np.bool_)
        for block in blocks(window, self.block_px, self.block_px):
            parts = self._cached(block)
            if parts is None:
                continue
            common = block.intersection(window)
            there, here = common.slices_in(window), common.slices_in(block)
            pixels[:, *there] = parts.pixels[:, *here]
            inside[there] = parts.inside[here]
            if parts.data is not None:
                data[:, *there] = parts.data[:, *here]
        return Parts(pixels, inside, None if data.all() else data)

    def close(self) -> None:
        """Let go of the file and the blocks."""
        self._blocks.clear()
        self.source.close()

    def _block_side(self) -> int:
        samples = self.source.profile.count * self.kernel.dtype.itemsize
        side, area = BLOCK_PX, self.kernel.step[0] * self.kernel.step[1]
        while side > MIN_BLOCK_PX and side * side * area * samples > SOURCE_BYTES:
            side //= 2
        return side

    def _cached(self, block: Window) -> Parts | None:
        key = (block.x_off, block.y_off)
        if key in self._blocks:
            self._blocks.move_to_end(key)
            return self._blocks[key]
        parts = self._warp(block)
        self._blocks[key] = parts
        size = self.block_px**2 * (self.source.profile.count * self._itemsize() + 1)
        while len(self._blocks) > max(4, CACHE_BYTES // size):
            self._blocks.popitem(last=False)
        return parts

    def _itemsize(self) -> int:
        return np.dtype(self.source.profile.dtype).itemsize + 1

    def _warp(self, block: Window) -> Parts | None:
        columns, rows, inside = self._nearest_pixels(block)
        if not inside.any():
            return None
        window = self._source_window(columns[inside], rows[inside])
        parts = self.source.read_parts(window)
        x = np.where(inside, columns - window.x_off, 0)
        y = np.where(inside, rows - window.y_off, 0)
        samples = parts.pixels[:, y, x]
        data = None if parts.data is None else parts.data[:, y, x]
        inside &= parts.inside[y, x]
        if self.kernel.resampling != "nearest":
            known = np.broadcast_to(inside, samples.shape) if data is None else inside & data
            self._interpolate(samples, known, parts, window, block)
        samples[:, ~inside] = 0
        return Parts(samples, inside, data)

    def _nearest_pixels(
        self, block: Window
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Column and row of the source pixel that holds each pixel's centre, where there is one."""
        at = source_pixels(self.source.grid, self.grid, self.kernel.operation, block)
        inside: NDArray[np.bool_] = np.asarray(np.isfinite(at).all(axis=1))
        cells = np.floor(np.where(inside[:, None], at, -1.0))
        height, width = self.source.grid.shape
        inside &= (cells >= 0).all(axis=1) & (cells[:, 0] < width) & (cells[:, 1] < height)
        cells = np.where(inside[:, None], cells, 0).astype(np.int64)
        shape = (block.height, block.width)
        return cells[:, 0].reshape(shape), cells[:, 1].reshape(shape), inside.reshape(shape)

    def _source_window(self, columns: NDArray[np.int64], rows: NDArray[np.int64]) -> Window:
        reach = self.kernel.reach_px
        left, top = int(columns.min()) - reach, int(rows.min()) - reach
        right, bottom = int(columns.max()) + reach + 1, int(rows.max()) + reach + 1
        around = Window(left, top, right - left, bottom - top)
        return around.intersection(self.source.grid.window)

    def _interpolate(
        self,
        samples: NDArray[np.generic],
        known: NDArray[np.bool_],
        parts: Parts,
        window: Window,
        block: Window,
    ) -> None:
        """Replace the nearest samples, where they are known, by resampled ones."""
        usable = parts.inside if parts.data is None else parts.inside & parts.data
        pixels = parts.pixels
        if np.iscomplexobj(pixels):
            pixels = np.concatenate([pixels.real, pixels.imag])
            usable = usable if usable.ndim == 2 else np.concatenate([usable, usable])
        image = pixels.astype(self.kernel.dtype)
        if not usable.all():
            image[~np.broadcast_to(usable, image.shape)] = np.nan
        values = self.kernel.resample(image, window, block)
        for band, target in enumerate(samples):
            resampled = values[band]
            if len(values) > len(samples):
                resampled = values[band] + 1j * values[band + len(samples)]
            take = known[band] & ~np.isnan(resampled)
            target[take] = _cast(resampled[take], target.dtype, self.source.band_nodata[band])


def source_pixels(
    source: Grid, grid: Grid, operation: Operation, window: Window
) -> NDArray[np.float64]:
    """Source pixel coordinates (column, row) of the window's pixel centres, row by row.

    Args:
        source: the grid whose pixels are asked for.
        grid: the grid of the window.
        operation: from the source's CRS to the grid's.
        window: pixels of `grid`.

    Returns:
        Shape (height · width, 2); not finite where the transformation isn't defined.
    """
    x, y = np.meshgrid(
        np.arange(window.x_off, window.x_end) + 0.5, np.arange(window.y_off, window.y_end) + 0.5
    )
    points = operation.inverse(*grid.to_crs(x.ravel(), y.ravel()).T)
    with np.errstate(invalid="ignore"):
        return source.to_pixels(points[:, 0], points[:, 1])


def source_step(source: Grid, grid: Grid, operation: Operation) -> tuple[float, float]:
    """Source (columns, rows) per pixel of the grid, at the source's middle; (1, 1) if undefined."""
    middle = source.to_crs(np.array([source.width / 2]), np.array([source.height / 2]))
    at = grid.to_pixels(*operation.forward(middle[:, 0], middle[:, 1]).T)[0]
    if not np.isfinite(at).all():
        return 1.0, 1.0
    x, y = at[0] + np.array([-0.5, 0.5, 0.0, 0.0]), at[1] + np.array([0.0, 0.0, -0.5, 0.5])
    points = source.to_pixels(*operation.inverse(*grid.to_crs(x, y).T).T)
    steps = np.hypot(points[1] - points[0], points[3] - points[2])
    return (float(steps[0]), float(steps[1])) if np.isfinite(steps).all() else (1.0, 1.0)


def footprint_window(source: Grid, grid: Grid, operation: Operation) -> Window:
    """Pixels of the grid that the source may reach, generously; the whole grid when in doubt."""
    points = grid.to_pixels(*operation.forward(*_spread(source)).T)
    if not np.isfinite(points).all() or parse_crs(grid.crs_wkt).is_geographic:
        return grid.window
    low, high = np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))
    slack = np.ceil((high - low) * 0.01) + 4
    x, y = (int(v) for v in low - slack)
    x_end, y_end = (int(v) for v in high + slack)
    return Window(x, y, x_end - x, y_end - y).intersection(grid.window)


def _spread(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """CRS coordinates along the outline and, for extremes that lie within, over the middle."""
    outline = grid.outline(points=_OUTLINE_POINTS)
    columns, rows = np.meshgrid(
        np.linspace(0, grid.width, 33, dtype=np.float64),
        np.linspace(0, grid.height, 33, dtype=np.float64),
    )
    points = np.concatenate([outline, grid.to_crs(columns.ravel(), rows.ravel())])
    return points[:, 0], points[:, 1]


def _resolution(
    grid: Grid, target: str, resolution: float | Sequence[float] | None
) -> tuple[float, float]:
    if resolution is None:
        low, high = grid.corners().min(axis=0), grid.corners().max(axis=0)
        width, height = np.maximum(np.rint((high - low) / grid.pixel_size), 1)
        with gdal_env():
            suggested, _, _ = calculate_default_transform(
                grid.crs_wkt, target, int(width), int(height), *low, *high
            )
        return float(suggested.a), float(-suggested.e)
    sizes = (resolution, resolution) if isinstance(resolution, int | float) else tuple(resolution)
    if len(sizes) != 2 or not all(math.isfinite(size) and size > 0 for size in sizes):
        raise RecipeError(
            f"grid.resolution = {resolution}: one positive number was expected, or two (x, y)"
        )
    return float(sizes[0]), float(sizes[1])


def _check_size(
    grid: Grid, target: str, sizes: tuple[float, float], shape: tuple[int, int]
) -> None:
    unit = parse_crs(target).axis_info[0].unit_name if parse_crs(target).axis_info else "unit"
    if max(shape) > _MAX_SIDE_PX:
        what = f"would make a grid of {shape[1]:.3g} × {shape[0]:.3g} pixels"
    elif shape == (1, 1) and grid.shape != (1, 1):
        what = "is larger than the whole image"
    else:
        return
    raise RecipeError(
        f"grid.resolution = {sizes[0]:g} × {sizes[1]:g} ({unit} of {crs_label(target)}) {what}; "
        "give it in that unit, or choose another grid.crs"
    )


def _cast(
    values: NDArray[np.generic], dtype: np.dtype[np.generic], nodata: float | None
) -> NDArray[np.generic]:
    """Values in the dtype, rounded and clipped; none of them turns into the nodata value."""
    if dtype.kind not in "iu":
        cast = values.astype(dtype)
        if nodata is not None and dtype.kind == "f" and not math.isnan(nodata):
            number = dtype.type(nodata)
            cast[cast == number] = np.nextafter(number, dtype.type(0 if nodata else 1))
        return cast
    limits = np.iinfo(dtype.name)
    rounded = np.rint(np.asarray(values, dtype=np.float64))
    cast = np.zeros(rounded.shape, dtype=dtype)
    high, low = rounded >= float(limits.max), rounded <= float(limits.min)
    within = ~(high | low)
    cast[within] = rounded[within].astype(dtype)
    cast[high], cast[low] = limits.max, limits.min
    if nodata is not None:
        cast[cast == nodata] = int(nodata) + 1 if nodata < limits.max else int(nodata) - 1
    return cast
