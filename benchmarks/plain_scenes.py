"""What people write today for a folder of images, each with its own labels: a loop."""

import argparse
from pathlib import Path

import geopandas
import rasterio
from rasterio.features import rasterize


def main() -> None:
    """Write one image and one mask for each scene."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    (options.out / "images").mkdir(parents=True)
    (options.out / "masks").mkdir()
    for path in sorted(options.folder.glob("*.tif"))[: options.count]:
        frame = geopandas.read_file(path.with_suffix(".gpkg"), engine="pyogrio")
        frame = frame.iloc[(-frame.area).argsort(kind="stable")]
        with rasterio.open(path) as source:
            shapes = zip(frame.geometry, frame["class"].astype(int), strict=True)
            mask = rasterize(shapes, source.shape, transform=source.transform, dtype="uint8")
            profile = {
                "driver": "GTiff", "height": source.height, "width": source.width,
                "dtype": "uint8", "crs": source.crs, "transform": source.transform,
            }  # fmt: skip
            with rasterio.open(options.out / "images" / path.name, "w", count=3, **profile) as out:
                out.write(source.read())
            with rasterio.open(options.out / "masks" / path.name, "w", count=1, **profile) as out:
                out.write(mask, 1)


if __name__ == "__main__":
    main()
