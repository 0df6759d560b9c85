"""Speed of an export against rschip and geoai on the same work: whole processes, start included.

    make bench-peers                 # makes .venv-peers, 7 GB; or --runs 5 --slow-runs 1

The scene is that of `make bench` at 400 chips. After the first round pixels are compared: each image
pixel, and each mask pixel that at most one polygon covers; a difference ends it. Where polygons overlap, neither peer
knows an order (rschip: the last in the file wins; geoai: the class that appears last); how many pixels
that makes different is printed. geoai numbers classes as they appear: its codes are translated, one to
one. Every round runs each command once in turn; geoai, which takes minutes, only in the first ones.
"""

import argparse
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import rasterio
import shapely
from bench_export import Job, ours, ratio, run_once, scene_folder
from numpy.typing import NDArray
from rasterio.enums import MergeAlg
from rasterio.features import rasterize

HERE = Path(__file__).parent
SIZE = 512
SCENE = "400"
WANTED = {"rschip": 5, "geoai": 80}
MOST_DIFFERENT = 1e-5
"""Share of mask pixels: geometries that are cut at a chip's edge have other edges after rounding."""
SLOW = ("geoai",)
Find = Callable[[Path, int, int], tuple[Path, Path]]
"""(image, mask) of the chip at a row and a column of a dataset."""


def peer(work: Path, python: Path, name: str) -> Job:
    """The same work by a peer."""
    folder, out = scene_folder(work, SCENE), work / f"out-{name}"
    command = [
        str(python), str(HERE / "peers" / f"run_{name}.py"),
        str(folder / "image.tif"), str(folder / "labels.gpkg"), str(out),
    ]  # fmt: skip
    return Job(name, SCENE, command, out)


def find_ours(out: Path, row: int, col: int) -> tuple[Path, Path]:
    """Our files of a chip."""
    name = f"*/r*/*_r{row:07d}_c{col:07d}.tif"
    return next((out / "images").glob(name)), next((out / "masks" / "semantic").glob(name))


def find_rschip(out: Path, row: int, col: int) -> tuple[Path, Path]:
    """rschip's: named after the first pixel."""
    name = f"chip_{col * SIZE}_{row * SIZE}.tif"
    return out / "images" / name, out / "masks" / name


def find_geoai(out: Path, row: int, col: int) -> tuple[Path, Path]:
    """geoai's: numbered row by row; 20 chips in a row."""
    name = f"tile_{row * 20 + col:06d}.tif"
    return out / "images" / name, out / "labels" / name


def read(path: Path) -> NDArray[np.generic]:
    """A raster's pixels, all bands."""
    with rasterio.open(path) as source:
        return source.read()


def coverings(folder: Path) -> Callable[[Path], NDArray[np.generic]]:
    """For a chip how many polygons hold each pixel's centre, by rasterio."""
    shapes = geopandas.read_file(folder / "labels.gpkg").geometry.to_numpy()
    tree = shapely.STRtree(shapes)

    def count(chip: Path) -> NDArray[np.generic]:
        with rasterio.open(chip) as source:
            found = shapes[tree.query(shapely.box(*source.bounds))]
            return rasterize(
                [(shape, 1) for shape in found], source.shape, transform=source.transform,
                dtype="uint16", merge_alg=MergeAlg.add,
            ) if len(found) else np.zeros(source.shape, dtype=np.uint16)  # fmt: skip

    return count


FIND: dict[str, Find] = {"rschip": find_rschip, "geoai": find_geoai}


def translation(mine: NDArray[np.generic], theirs: NDArray[np.generic]) -> dict[int, int]:
    """The code that they give most often to each of ours; exits unless that is one to one."""
    pairs, counts = np.unique(np.stack((mine, theirs)), axis=1, return_counts=True)
    codes = dict(pairs[:, np.argsort(counts)].T.tolist())
    if len(set(codes.values())) != len(codes):
        sys.exit(f"codes do not translate one to one: {codes}")
    return codes


def compare(first: Path, second: Path, find: Find, folder: Path) -> str:
    """Compare all pixels; exits where they differ without an overlap as the reason."""
    count, side = coverings(folder), 20
    images = 0
    mine, theirs, layers = [], [], []
    for row in range(side):
        for col in range(side):
            image, mask = find_ours(first, row, col)
            other_image, other_mask = find(second, row, col)
            images += int(np.count_nonzero(read(image) != read(other_image)))
            mine.append(read(mask)[0].ravel())
            theirs.append(read(other_mask)[0].ravel())
            layers.append(count(mask).ravel())
    our_codes, their_codes = np.concatenate(mine), np.concatenate(theirs)
    overlap = np.concatenate(layers) > 1
    codes = translation(our_codes[~overlap], their_codes[~overlap])
    table = np.zeros(256, dtype=np.uint8)
    table[list(codes)] = list(codes.values())
    wrong = table[our_codes] != their_codes
    elsewhere = int(wrong[~overlap].sum())
    if images or elsewhere > MOST_DIFFERENT * wrong.size:
        sys.exit(f"{images} image pixels differ, and {elsewhere} mask pixels without an overlap")
    return (
        f"{side * side} chips; 0 image pixels differ; of {wrong.size:,} mask pixels {overlap.sum():,} "
        f"lie under several polygons, of which {wrong[overlap].sum():,} differ; of the others "
        f"{elsewhere:,}; codes ours → theirs: {codes}"
    )


def main() -> None:
    """Compare, time, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", type=Path, default=Path(".venv-peers/bin/python"))
    parser.add_argument("--work", type=Path, default=Path("bench-work"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers", nargs="+", choices=list(WANTED), default=list(WANTED))
    parser.add_argument("--slow-runs", type=int, default=1, help="rounds that run geoai, too")
    args = parser.parse_args()
    args.work.mkdir(exist_ok=True)
    python = args.python.absolute()
    mine = ours(args.work, SCENE, "none", 2)
    jobs = {name: peer(args.work, python, name) for name in args.peers}
    seconds: dict[str, list[float]] = {"ours": [], **{name: [] for name in args.peers}}
    for number in range(args.runs):
        seconds["ours"].append(run_once(mine))
        for name in args.peers:
            if name not in SLOW or number < args.slow_runs:
                seconds[name].append(run_once(jobs[name]))
        if number == 0:
            for name in args.peers:
                found = compare(
                    mine.out, jobs[name].out, FIND[name], scene_folder(args.work, SCENE)
                )
                print(f"{name}: {found}", flush=True)
        print(f"  round {number + 1} of {args.runs} done", file=sys.stderr, flush=True)
    missed = []
    for name, found in seconds.items():
        print(f"{name:8} {statistics.median(found):7.2f} s  ({min(found):.2f} to {max(found):.2f})")
    for name in args.peers:
        least, own = WANTED[name], seconds["ours"][: len(seconds[name])]
        print(f"{name} / polychip  {ratio(seconds[name], own)}   wanted: at least {least}")
        median = statistics.median(a / b for a, b in zip(seconds[name], own, strict=True))
        missed += [f"{name}: {median:.2f}"] if median < least else []
    if missed:
        sys.exit(f"missed: {missed}")


if __name__ == "__main__":
    main()
