"""The benchmarks' scenes: an RGB image of smooth texture, and star-shaped polygons on it."""

import argparse
from pathlib import Path

import numpy as np
import pyogrio.raw
import rasterio
import shapely
from affine import Affine
from rasterio.windows import Window

TILE = 512
CRS = "EPSG:32630"
ORIGIN = (600_000.0, 4_400_000.0)
N_CLASSES = 5


def make_image(path: Path, side: int, seed: int = 1) -> None:
    """Write a tiled, uncompressed RGB image of side × side px, 1 m each."""
    rng = np.random.default_rng(seed)
    profile = {
        "driver": "GTiff", "count": 3, "dtype": "uint8", "height": side, "width": side,
        "crs": CRS, "transform": Affine(1, 0, ORIGIN[0], 0, -1, ORIGIN[1]),
        "tiled": True, "blockxsize": TILE, "blockysize": TILE, "photometric": "RGB",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as out:
        for y in range(0, side, TILE):
            for x in range(0, side, TILE):
                coarse = rng.integers(40, 200, (3, 9, 9), dtype=np.uint8)
                tile = np.kron(coarse, np.ones((57, 57), dtype=np.uint8))[:, :TILE, :TILE]
                tile = tile + rng.integers(0, 12, (3, TILE, TILE), dtype=np.uint8)
                out.write(tile, window=Window(x, y, TILE, TILE))


def make_empty_image(path: Path, side: int) -> None:
    """Write an image of side × side px, 1 m each, of which no pixel is stored."""
    profile = {
        "driver": "GTiff", "count": 1, "dtype": "uint8", "height": side, "width": side,
        "crs": CRS, "transform": Affine(1, 0, ORIGIN[0], 0, -1, ORIGIN[1]),
        "tiled": True, "blockxsize": TILE, "blockysize": TILE, "SPARSE_OK": True, "BIGTIFF": "YES",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile):
        pass


def stars(rng: np.random.Generator, count: int, vertices: int, radius: tuple[float, float],
          side: int) -> np.ndarray:  # fmt: skip
    """`count` star-shaped polygons of so many vertices, wholly on the image.

    Ours orders overlaps by the area on the image, the plain loop by the whole area.
    """
    middle = rng.uniform(radius[1] + 1, side - radius[1] - 1, (count, 1, 2))
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)[None, :]
    angle = angle + rng.uniform(0, 2 * np.pi, (count, 1))
    reach = rng.uniform(*radius, (count, 1)) * rng.uniform(0.8, 1.0, (count, vertices))
    points = middle + np.stack((reach * np.cos(angle), -reach * np.sin(angle)), axis=-1)
    points[..., 0] += ORIGIN[0]
    points[..., 1] = ORIGIN[1] - points[..., 1]
    return shapely.polygons(points)


def make_labels(path: Path, side: int, small: int, large: int = 0, seed: int = 2) -> None:
    """Write `small` polygons of 24 vertices and `large` ones of 10,000, with a class each."""
    rng = np.random.default_rng(seed)
    polygons = stars(rng, small, 24, (4.0, 22.0), side)
    if large:
        polygons = np.concatenate((polygons, stars(rng, large, 10_000, (100.0, 300.0), side)))
    classes = rng.integers(1, N_CLASSES + 1, len(polygons)).astype(np.int32)
    pyogrio.raw.write(
        path, shapely.to_wkb(polygons), [classes], ["class"], layer="labels", driver="GPKG",
        geometry_type="Polygon", crs=CRS,
    )  # fmt: skip


def main() -> None:
    """Make one scene."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", type=int, default=10_240)
    parser.add_argument("--small", type=int, default=50_000)
    parser.add_argument("--large", type=int, default=0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    make_image(options.folder / "image.tif", options.side)
    make_labels(options.folder / "labels.gpkg", options.side, options.small, options.large)


if __name__ == "__main__":
    main()
