"""How large and how slow report.html is for 10,000 chips: `python benchmarks/bench_report.py`.

Makes a dataset of 10,000 chips of 128 px with noise in three bands, which JPEG can't make small, and
40,000 polygons in `bench-work/`; then times `polychip report` as a whole process, and an export of 400
chips of 512 px with and without the page, in turns.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyogrio
import rasterio
import shapely
from affine import Affine

WORK = Path("bench-work")
CLASSES = ("water", "road", "building", "field", "forest")
SIDE = 12_800
POLYCHIP = (sys.executable, "-m", "polychip")
MOST_BYTES, MOST_SECONDS = 10_000_000, 60
ROUNDS = 3


def make_scene() -> tuple[Path, Path]:
    """An image of noise and its labels."""
    image, labels = WORK / "report-scene.tif", WORK / "report-labels.gpkg"
    WORK.mkdir(exist_ok=True)
    if image.exists() and labels.exists():
        return image, labels
    random = np.random.default_rng(7)
    transform = Affine(10, 0, 500_000, 0, -10, 4_400_000)
    with rasterio.open(
        image, "w", driver="GTiff", width=SIDE, height=SIDE, count=3, dtype="uint8",
        crs="EPSG:32630", transform=transform, tiled=True,
    ) as file:  # fmt: skip
        for row in range(0, SIDE, 512):
            window = rasterio.windows.Window(0, row, SIDE, min(512, SIDE - row))
            shape = (3, window.height, SIDE)
            file.write(random.integers(0, 255, shape, dtype=np.uint8), window=window)
    corners = random.uniform(0, SIDE - 60, (40_000, 2))
    sizes = random.uniform(4, 60, (40_000, 2))
    low = transform * corners.T
    high = transform * (corners + sizes).T
    shapes = shapely.box(low[0], high[1], high[0], low[1])
    names = np.array(CLASSES)[random.integers(0, len(CLASSES), len(shapes))]
    pyogrio.write_dataframe(_frame(shapes, names), labels)
    return image, labels


def _frame(shapes: object, names: object) -> object:
    import geopandas

    return geopandas.GeoDataFrame({"class": names}, geometry=shapes, crs="EPSG:32630")


def timed(*arguments: object) -> float:
    """Seconds that a command takes, start included."""
    started = time.perf_counter()
    subprocess.run([*POLYCHIP, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)  # fmt: skip
    return time.perf_counter() - started


def main() -> None:
    """Print a table; exit 1 where a promise is broken."""
    image, labels = make_scene()
    dataset = WORK / "report-dataset"
    common = ("export", image, "--labels", labels, "--mode", "instance", "--workers", 2)
    if not (dataset / "manifest.json").exists():
        timed(*common, "-o", dataset, "--size", 128, "--split", "train=0.8,val=0.1,test=0.1",
              "--compress", "none", "--no-report", "--overwrite")  # fmt: skip
    seconds = timed("report", dataset)
    n_bytes = (dataset / "report.html").stat().st_size
    print("| report.html of 10,000 chips | |\n|---|---|")
    print(f"| whole process, seconds | {seconds:.1f} |\n| bytes | {n_bytes:,} |")
    ratios = []
    for _ in range(ROUNDS):
        plain = timed(*common, "-o", WORK / "report-a", "--size", 640, "--overwrite", "--no-report")
        ratios.append(timed(*common, "-o", WORK / "report-b", "--size", 640, "--overwrite") / plain)
    print(f"| export of 400 chips with / without the page | {statistics.median(ratios):.2f} |")
    if n_bytes >= MOST_BYTES or seconds >= MOST_SECONDS:
        sys.exit("the page is larger or slower than promised")


if __name__ == "__main__":
    main()
