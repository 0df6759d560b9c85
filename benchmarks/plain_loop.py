"""What people write today: rasterio and an STRtree in a loop. The baseline of the benchmark.

The same rule as ours (smaller area on top), the same chips, the same files.
"""

import argparse
from pathlib import Path

import geopandas
import rasterio
import shapely
from rasterio.features import rasterize
from rasterio.windows import Window, transform

SIZE = 512


def main() -> None:
    """Write one image and one mask for each chip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image")
    parser.add_argument("labels")
    parser.add_argument("out", type=Path)
    parser.add_argument("--compress", default="none")
    options = parser.parse_args()
    frame = geopandas.read_file(options.labels, engine="pyogrio")
    frame = frame.iloc[(-frame.area).argsort(kind="stable")]
    geometry, values = frame.geometry.to_numpy(), frame["class"].to_numpy()
    tree = shapely.STRtree(geometry)
    extra = {} if options.compress == "none" else {"compress": options.compress}
    (options.out / "images").mkdir(parents=True)
    (options.out / "masks").mkdir()
    with rasterio.open(options.image) as source:
        for y in range(0, source.height, SIZE):
            for x in range(0, source.width, SIZE):
                window = Window(x, y, SIZE, SIZE)
                place = transform(window, source.transform)
                box = shapely.box(*rasterio.windows.bounds(window, source.transform))
                found = sorted(tree.query(box))
                shapes = [(geometry[i], int(values[i])) for i in found]
                mask = (
                    rasterize(shapes, (SIZE, SIZE), transform=place, dtype="uint8")
                    if shapes
                    else None
                )
                name = f"r{y // SIZE:07d}_c{x // SIZE:07d}.tif"
                profile = {
                    "driver": "GTiff", "height": SIZE, "width": SIZE, "dtype": "uint8",
                    "crs": source.crs, "transform": place, **extra,
                }  # fmt: skip
                with rasterio.open(options.out / "images" / name, "w", count=3, **profile) as out:
                    out.write(source.read(window=window))
                with rasterio.open(options.out / "masks" / name, "w", count=1, **profile) as out:
                    if mask is not None:
                        out.write(mask, 1)


if __name__ == "__main__":
    main()
