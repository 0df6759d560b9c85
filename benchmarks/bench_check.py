"""How long `polychip check` takes for 200,000 polygons: wall clock and processor time.

    python benchmarks/bench_check.py [--work DIR]

The polygons are terraces that share their walls, with faults strewn in, on an image of 46 million
pixels: what a city's buildings are like. The number of faults found is checked.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import rasterio
import shapely
from affine import Affine
from pyogrio.raw import write

N = 200_000
N_FAULTS = 1_000
SHAPE = (8200, 5650)


def main() -> None:
    """Make the scene, check it, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, default=Path("bench-work"))
    work = parser.parse_args().work
    work.mkdir(exist_ok=True)
    labels, image = work / "check.gpkg", work / "check.tif"
    if not labels.exists():
        make_labels(labels)
    if not image.exists():
        make_image(image)
    begun = time.monotonic()
    command = ("check", str(labels), "--image", str(image), "--json")
    done = subprocess.run(
        [sys.executable, "-m", "polychip", *command], capture_output=True, text=True, check=False
    )
    wall = time.monotonic() - begun
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = json.loads(done.stdout)
    overlaps = sum(p["check"] == "topology.overlap" for p in report["problems"])
    if (report["features"], overlaps) != (N, N_FAULTS):
        sys.exit(f"{report['features']} features and {overlaps} overlaps: that is wrong")
    processor = used.ru_utime + used.ru_stime
    peak_mb = used.ru_maxrss / 1024
    print(f"{N:,} polygons, {overlaps:,} overlaps found: {wall:.1f} s, "
          f"{processor:.1f} s of processor time, peak {peak_mb:.0f} MB")  # fmt: skip


def make_labels(path: Path) -> None:
    """Terraces of eight houses; one house in two hundred is a metre too wide."""
    number = np.arange(N)
    row, column = np.divmod(number, 500)
    x, y = column * 20.0 + (column // 8) * 10, row * 40.0
    wide = (number % (N // N_FAULTS) == 1) * 1.0
    houses = shapely.segmentize(shapely.box(x, y, x + 20 + wide, y + 30), 5.0)
    placed = shapely.transform(houses, lambda xy: np.add(xy, (500_000, 4_000_000)))
    write(
        str(path), geometry=shapely.to_wkb(placed), field_data=[np.full(N, "house", dtype=object)],
        fields=["class"], driver="GPKG", geometry_type="Polygon", crs="EPSG:32630",
    )  # fmt: skip


def make_image(path: Path) -> None:
    """Noise of 2 m pixels."""
    pixels = np.random.default_rng(0).integers(0, 255, (1, *SHAPE), dtype=np.uint8)
    transform = Affine(2, 0, 499_995, 0, -2, 4_016_050)
    with rasterio.open(
        path, "w", driver="GTiff", height=SHAPE[0], width=SHAPE[1], count=1, dtype="uint8",
        crs="EPSG:32630", transform=transform, tiled=True,
    ) as target:  # fmt: skip
        target.write(pixels)


if __name__ == "__main__":
    main()
