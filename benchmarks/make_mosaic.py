"""A virtual mosaic of any size and polygons all over it: what benchmarks of scale work on.

One real image of 4096 px is placed side by side, so that a mosaic of 100,000 × 100,000 px or more
reads real pixels and needs hardly any disk.
"""

import argparse
from pathlib import Path

import numpy as np
import pyogrio.raw
import shapely
from make_scene import CRS, N_CLASSES, ORIGIN, make_image, stars

TILE_PX = 4096
_LOT = 100_000
"""Polygons that are written at a time."""


def make_mosaic(path: Path, side: int) -> None:
    """Write a VRT of side × side px, 1 m each, and the image that it repeats."""
    tile = path.with_name("tile.tif")
    if not tile.exists():
        make_image(tile, TILE_PX)
    bands = "\n".join(_band(number, side) for number in (1, 2, 3))
    path.write_text(
        f'<VRTDataset rasterXSize="{side}" rasterYSize="{side}">\n'
        f"<SRS>{CRS}</SRS>\n"
        f"<GeoTransform>{ORIGIN[0]}, 1, 0, {ORIGIN[1]}, 0, -1</GeoTransform>\n"
        f"{bands}\n</VRTDataset>\n"
    )


def _band(number: int, side: int) -> str:
    places = range(0, side, TILE_PX)
    colour = ("Red", "Green", "Blue")[number - 1]
    sources = "\n".join(_source(number, x, y, side) for y in places for x in places)
    return (
        f'<VRTRasterBand dataType="Byte" band="{number}">\n'
        f"<ColorInterp>{colour}</ColorInterp>\n{sources}\n</VRTRasterBand>"
    )


def _source(number: int, x: int, y: int, side: int) -> str:
    width, height = min(TILE_PX, side - x), min(TILE_PX, side - y)
    size = f'xSize="{width}" ySize="{height}"'
    return (
        '<SimpleSource><SourceFilename relativeToVRT="1">tile.tif</SourceFilename>'
        f"<SourceBand>{number}</SourceBand>"
        f'<SourceProperties RasterXSize="{TILE_PX}" RasterYSize="{TILE_PX}" DataType="Byte" '
        'BlockXSize="512" BlockYSize="512"/>'
        f'<SrcRect xOff="0" yOff="0" {size}/><DstRect xOff="{x}" yOff="{y}" {size}/></SimpleSource>'
    )


def make_polygons(path: Path, side: int, count: int, seed: int = 3) -> None:
    """Write star-shaped polygons of 24 vertices and 4 to 22 px, evenly spread."""
    rng = np.random.default_rng(seed)
    for first in range(0, count, _LOT):
        polygons = stars(rng, min(_LOT, count - first), 24, (4.0, 22.0), side)
        classes = rng.integers(1, N_CLASSES + 1, len(polygons)).astype(np.int32)
        pyogrio.raw.write(
            path, shapely.to_wkb(polygons), [classes], ["class"], layer="labels", driver="GPKG",
            geometry_type="Polygon", crs=CRS, append=first > 0,
        )  # fmt: skip


def mosaic_folder(work: Path, side: int, count: int) -> Path:
    """Where mosaic.vrt and labels.gpkg of that size lie; made on first use."""
    folder = work / f"mosaic-{side}-{count}"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        make_mosaic(folder / "mosaic.vrt", side)
        (folder / "labels.gpkg").unlink(missing_ok=True)
        make_polygons(folder / "labels.gpkg", side, count)
        (folder / "done").touch()
    return folder


def main() -> None:
    """Make one mosaic."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("--side", type=int, default=100_000)
    parser.add_argument("--polygons", type=int, default=1_000_000)
    options = parser.parse_args()
    print(mosaic_folder(options.work, options.side, options.polygons))


if __name__ == "__main__":
    main()
