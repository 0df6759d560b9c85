"""Time `polychip run --update` after one polygon was edited, in a dataset of 10,000 chips.

python benchmarks/bench_update.py [--rounds 5] [--mode instance]

The dataset is that of bench_report.py (chips of 128 px, 40,000 polygons). Each round moves another
polygon by some pixels and times the update as a whole process. At the end the dataset is compared with
a fresh build, byte by byte. Fails above 3 s, or where a byte differs.
"""

import argparse
import shutil
import statistics
import subprocess
import time
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from bench_report import POLYCHIP, WORK, make_scene
from emptied import put_away

MOST_SECONDS = 3.0
LAYER = "report-labels"


def move_polygon(labels: Path, number: int) -> None:
    """Move one polygon by 50 m and write the layer anew."""
    frame = pyogrio.read_dataframe(labels)
    moved = shapely.transform(frame.geometry.iloc[number], lambda xy: xy + np.array((50.0, 0.0)))
    frame.loc[frame.index[number], "geometry"] = moved
    pyogrio.write_dataframe(frame, labels, layer=LAYER)


def run(recipe: Path, out: Path, *how: str) -> float:
    """Seconds of a run."""
    begun = time.perf_counter()
    command = [*POLYCHIP, "run", str(recipe), "-o", str(out), "--progress", "none", *how]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def differing(a: Path, b: Path) -> list[str]:
    """Files that differ, this machine's state left out."""
    names = {
        path.relative_to(root).as_posix()
        for root in (a, b)
        for path in root.rglob("*")
        if path.is_file() and ".polychip" not in path.relative_to(root).parts
    }
    return sorted(
        name
        for name in names
        if not (a / name).is_file()
        or not (b / name).is_file()
        or (a / name).read_bytes() != (b / name).read_bytes()
    )


def main() -> None:
    """Build, edit, update, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mode", default="semantic")
    args = parser.parse_args()
    image, source = make_scene()
    labels = WORK / "update-labels.gpkg"
    shutil.copy(source, labels)
    recipe = WORK / "update.toml"
    recipe.write_text(
        f'[[scenes]]\nname = "scene"\nimage = "{image.name}"\n'
        f'labels = {{ path = "{labels.name}" }}\n[schema]\nclass_field = "class"\n'
        f'[chips]\nsize = 128\n[masks]\nmode = "{args.mode}"\n'
    )
    dataset, fresh = WORK / "update-dataset", WORK / "update-fresh"
    for folder in (dataset, fresh):
        put_away(folder)
    whole = run(recipe, dataset)
    print(f"the whole dataset of 10,000 chips: {whole:.1f} s")
    seconds = []
    for number in range(args.rounds):
        move_polygon(labels, 1000 + 37 * number)
        seconds.append(run(recipe, dataset, "--update"))
    middle = statistics.median(seconds)
    print(f"update after an edit: {middle:.2f} s ({min(seconds):.2f} to {max(seconds):.2f})")
    run(recipe, fresh)
    found = differing(dataset, fresh)
    if found:
        raise SystemExit(f"{len(found)} files differ from a fresh build, first {found[0]}")
    print("the same bytes as a fresh build")
    if middle > MOST_SECONDS:
        raise SystemExit(f"wanted: at most {MOST_SECONDS:g} s")


if __name__ == "__main__":
    main()
