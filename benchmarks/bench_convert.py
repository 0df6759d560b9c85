"""Convert many tiny chips to another format, and say how much memory that took.

python benchmarks/bench_convert.py                        # 100,000 chips of 8 px to coco
python benchmarks/bench_convert.py --chips 20000 --to png --workers 2
python benchmarks/bench_convert.py --set images=tiff      # images copied, not drawn

The dataset is made first, in a process of its own, and kept in bench-work: a thousand real chips with
an object or two in each, whose rows are repeated in index and table of objects, further down each
time, until there are enough. Reading and writing is as with so many files of their own. The peak is
that of the converting process (the kernel's maximum resident set); the largest worker's is said apart.
"""

import argparse
import json
import math
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

SIDE_PX = 8
ACROSS = 32
"""Real chips in a row, and rows of them."""
WORK = Path("bench-work")


def main() -> None:
    """Make the dataset where it isn't there, convert it, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chips", type=int, default=100_000)
    parser.add_argument("--to", default="coco")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], type=lambda text: text.split("=", 1))
    parser.add_argument("--step", choices=("make", "convert"))
    args = parser.parse_args()
    dataset = WORK / f"tiny-{args.chips}"
    if args.step == "make":
        make(dataset, args.chips)
        return
    if args.step == "convert":
        convert(dataset, args.to, args.workers, dict(args.set))
        return
    if not (dataset / "manifest.json").exists():
        again("make", args)
    print(json.dumps(json.loads(again("convert", args)), indent=1))


def again(step: str, args: argparse.Namespace) -> str:
    """Run a step in a process of its own, so that memory is counted for it alone."""
    command = [sys.executable, __file__, "--step", step, "--chips", str(args.chips)]
    command += ["--to", args.to, "--workers", str(args.workers)]
    for name, value in args.set:
        command += ["--set", f"{name}={value}"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def make(dataset: Path, n_chips: int) -> None:
    """A dataset of at least so many chips."""
    import geopandas
    import numpy as np
    import rasterio
    import shapely
    from affine import Affine

    import polychip

    side = ACROSS * SIDE_PX
    WORK.mkdir(exist_ok=True)
    image, labels = WORK / "tiny.tif", WORK / "tiny.gpkg"
    where = Affine(10, 0, 500_000, 0, -10, 5_000_000)
    pixels = (np.arange(side * side, dtype=np.uint32) % 4096).astype(np.uint16)
    profile = {"driver": "GTiff", "height": side, "width": side, "count": 3, "dtype": "uint16"}
    with rasterio.open(image, "w", **profile, crs="EPSG:32631", transform=where) as file:
        for band in (1, 2, 3):
            file.write(pixels.reshape(side, side) // band, band)
    row, col = np.divmod(np.arange(ACROSS * ACROSS), ACROSS)
    x, y = col * SIDE_PX + 1.0, row * SIDE_PX + 1.0
    x[::10] += 4
    left, top = where.c + 10 * x, where.f - 10 * y
    boxes = shapely.box(left, top - 50, left + 50, top)
    geopandas.GeoDataFrame(geometry=boxes, crs="EPSG:32631").to_file(labels)
    polychip.run(
        {
            "scenes": [{"name": "tiny", "image": str(image.resolve()),
                        "labels": {"path": str(labels.resolve()), "class_name": "box"}}],
            "chips": {"size": SIDE_PX},
            "masks": {"mode": "instance"},
            "output": {"path": str(dataset.resolve()), "compress": "none"},
        },
        overwrite=True,
    )  # fmt: skip
    repeat(dataset, math.ceil(n_chips / ACROSS**2))


def repeat(dataset: Path, times: int) -> None:
    """Repeat the rows of both tables, each time further down; the files stay."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    for name in ("chips.parquet", "instances.parquet"):
        with pq.ParquetFile(dataset / name) as file:
            table, metadata = file.read(), file.metadata.metadata
        rows = np.array([int(text.split("_")[-2][1:]) for text in table["chip_id"].to_pylist()])
        columns = [text.split("_")[-1] for text in table["chip_id"].to_pylist()]
        schema = table.schema.with_metadata(
            {b"geo": metadata[b"geo"]} if b"geo" in metadata else {}
        )
        part = dataset / f"{name}.part"
        with pq.ParquetWriter(part, schema, compression="zstd") as out:
            for turn in range(times):
                now = rows + turn * ACROSS
                ids = [f"tiny_r{r:07d}_{c}" for r, c in zip(now.tolist(), columns, strict=True)]
                again = table.set_column(0, "chip_id", pa.array(ids))
                if "row" in table.schema.names:
                    place = table.schema.get_field_index("row")
                    again = again.set_column(place, "row", pa.array(now))
                out.write_table(again.cast(schema))
        part.replace(dataset / name)
    path = dataset / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["counts"]["chips"] *= times
    path.write_text(json.dumps(manifest), encoding="utf-8")


def convert(dataset: Path, name: str, workers: int, options: dict[str, str]) -> None:
    """Convert the dataset, and print figures as JSON."""
    import polychip

    out = WORK / f"{dataset.name}-{name}"
    shutil.rmtree(out, ignore_errors=True)
    began = time.monotonic()
    done = polychip.convert(dataset, name, out, workers=workers, **options)
    seconds = time.monotonic() - began
    unit = 1024 if sys.platform != "darwin" else 1
    figures = {
        "chips": done.n_chips,
        "format": name,
        "workers": workers,
        "chips_per_second": round(done.n_chips / seconds),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6),
        "largest_worker_mb": round(
            resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 1e6
        ),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
