"""Time `polychip plan` of a million chips over a million polygons, as a whole process.

python benchmarks/bench_plan.py [--chips 1000000] [--polygons 1000000] [--mode instance]

The image is a sparse GeoTIFF (a plan reads no pixels) of 100 × 100 px a chip; the polygons have 24
vertices and a class of five each. Fails above 60 s or 2 GB.
"""

import argparse
import math
import os
import subprocess
import sys
import time
from multiprocessing import Process
from pathlib import Path

from make_scene import make_empty_image, make_labels

CHIP_PX = 100
WORK = Path("bench-work")
MOST_SECONDS, MOST_MB = 60.0, 2048.0


def make(folder: Path, side: int, polygons: int) -> None:
    """Make the inputs."""
    make_empty_image(folder / "image.tif", side)
    make_labels(folder / "labels.gpkg", side, polygons)


def main() -> None:
    """Make the inputs where they aren't there, time the plan."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chips", type=int, default=1_000_000)
    parser.add_argument("--polygons", type=int, default=1_000_000)
    parser.add_argument("--mode", default="semantic")
    parser.add_argument("--split", default="none")
    args = parser.parse_args()
    across = math.ceil(math.sqrt(args.chips))
    folder = WORK / f"plan-{across**2}-{args.polygons}"
    if not (folder / "labels.gpkg").exists():
        folder.mkdir(parents=True, exist_ok=True)
        maker = Process(target=make, args=(folder, across * CHIP_PX, args.polygons))
        maker.start()  # apart: a process begins with the peak of the one that starts it
        maker.join()
    recipe = folder / "recipe.toml"
    recipe.write_text(
        '[[scenes]]\nname = "mosaic"\nimage = "image.tif"\nlabels = { path = "labels.gpkg" }\n'
        f'[chips]\nsize = {CHIP_PX}\n[masks]\nmode = "{args.mode}"\n'
        f'[split]\nby = "{args.split}"\n'
    )
    begun = time.perf_counter()
    command = [sys.executable, "-m", "polychip", "plan", str(recipe), "--json"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds, peak_mb = time.perf_counter() - begun, usage.ru_maxrss / 1024
    if status:
        raise SystemExit("polychip plan failed")
    busy = usage.ru_utime + usage.ru_stime
    print(
        f"{across**2:,} chips, {args.polygons:,} polygons, {args.mode}, split {args.split}: "
        f"{seconds:.1f} s ({busy:.1f} s of processor time of the main process), "
        f"its peak {peak_mb:,.0f} MB"
    )
    if seconds > MOST_SECONDS or peak_mb > MOST_MB:
        raise SystemExit(f"wanted: at most {MOST_SECONDS:.0f} s and {MOST_MB:,.0f} MB")


if __name__ == "__main__":
    main()
