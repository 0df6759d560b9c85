"""What a scene costs: folders of small images, each with its own labels, as many datasets come.

    make bench-scenes                # or: python benchmarks/bench_scenes.py --runs 5

A scene is 512 x 512 px of RGB and a GeoPackage of 30 polygons; it gives one chip, uncompressed. Whole
processes are timed, the start included, each once a round and in turn, against a loop of geopandas and
rasterio. (time of 1200 scenes - time of 300) / 900 leaves the start out. All pixels are compared first.
"""

import argparse
import sys
from pathlib import Path

from bench_export import Job, count_different, key_of, print_one, ratio, run_once, timed
from make_scene import N_CLASSES, make_image, make_labels

HERE = Path(__file__).parent
SIDE, POLYGONS = 512, 30
FEW, MANY = 300, 1200


def scenes_folder(work: Path) -> Path:
    """The scenes, made once."""
    folder = work / "scenes-1200"
    if not folder.exists():
        begun = work / "scenes-1200-begun"
        begun.mkdir(parents=True, exist_ok=True)
        for number in range(MANY):
            make_image(begun / f"s{number:05}.tif", SIDE, seed=2 * number)
            make_labels(begun / f"s{number:05}.gpkg", SIDE, POLYGONS, seed=2 * number + 1)
        begun.rename(folder)
    return folder


def ours(work: Path, count: int, mode: str, workers: int, *, schema: bool = False) -> Job:
    """A run over so many scenes; without a schema the class values are read first."""
    images = sorted(scenes_folder(work).glob("*.tif"))[:count]
    label = f"{mode}{', with a schema' if schema else ''}"
    recipe = work / f"scenes-{count}-{label.replace(', ', '-')}.toml"
    out = work / f"out-scenes-{mode}"
    classes = "".join(
        f'[[schema.classes]]\nname = "class {code}"\ncode = {code}\nvalues = ["{code}"]\n'
        for code in range(1, N_CLASSES + 1)
    )
    scenes = "".join(
        f'[[scenes]]\nname = "{path.stem}"\nimage = "{path.resolve()}"\n'
        f'labels = {{ path = "{path.with_suffix(".gpkg").resolve()}" }}\n'
        for path in images
    )
    recipe.write_text(
        f'[chips]\nsize = {SIDE}\n[masks]\nmode = "{mode}"\n'
        f'[output]\npath = "{out.resolve()}"\ncompress = "none"\n{classes if schema else ""}{scenes}'
    )
    command = [
        str(Path(sys.executable).with_name("polychip")), "run", str(recipe),
        "--workers", str(workers), "--progress", "none",
    ]  # fmt: skip
    return Job(f"polychip, {label}, {workers} worker(s)", f"{count} scenes", command, out)


def plain(work: Path, count: int) -> Job:
    """The loop."""
    out = work / "out-scenes-plain"
    command = [
        sys.executable, str(HERE / "plain_scenes.py"), str(scenes_folder(work)), str(count), str(out)
    ]  # fmt: skip
    return Job("a loop of geopandas and rasterio", f"{count} scenes", command, out)


def compare(mine: Job, other: Job) -> None:
    """Fail if a pixel differs."""
    for job in (mine, other):
        run_once(job)
    different = compared = 0
    for path in sorted((other.out / "masks").glob("*.tif")):
        [mask] = (mine.out / "masks" / "semantic" / path.stem).glob("*/*.tif")
        [image] = (mine.out / "images" / path.stem).glob("*/*.tif")
        different += count_different(mask, path)
        different += count_different(image, other.out / "images" / path.name)
        compared += 1
    print(f"{compared} scenes compared: {different} pixels differ")
    if different or not compared:
        sys.exit(1)


def main() -> None:
    """Compare, time, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--work", type=Path, default=Path("bench-work"))
    options = parser.parse_args()
    options.work.mkdir(exist_ok=True)
    work: Path = options.work
    compare(ours(work, FEW, "semantic", 2), plain(work, FEW))
    kinds = {
        "plain": lambda count: plain(work, count),
        "one": lambda count: ours(work, count, "semantic", 1),
        "two": lambda count: ours(work, count, "semantic", 2),
        "schema": lambda count: ours(work, count, "semantic", 2, schema=True),
        "instance": lambda count: ours(work, count, "instance", 2),
    }
    jobs = {(kind, n): make(n) for kind, make in kinds.items() for n in (FEW, MANY)}
    took = timed(list(jobs.values()), options.runs)
    seconds = {key: took[key_of(job)] for key, job in jobs.items()}
    each = {
        kind: [(b - a) / (MANY - FEW) for a, b in zip(seconds[kind, FEW], seconds[kind, MANY], strict=True)]
        for kind in kinds
    }  # fmt: skip
    for kind in kinds:
        middle = sorted(each[kind])[options.runs // 2] * 1e3
        whole = sorted(seconds[kind, MANY])[options.runs // 2]
        print(f"  {jobs[kind, MANY].name:50} {whole:6.1f} s   {middle:5.1f} ms more a scene")
    print_one(
        f"{MANY} scenes: the loop / two workers",
        ratio(seconds["plain", MANY], seconds["two", MANY]),
        "",
    )
    print_one("a scene more: the loop / two workers", ratio(each["plain"], each["two"]), "")
    print_one(
        "a scene more: the loop / two workers, schema", ratio(each["plain"], each["schema"]), ""
    )
    print_one("a scene more: one worker / two", ratio(each["one"], each["two"]), "")
    print_one("a scene more: instance / semantic", ratio(each["instance"], each["two"]), "")


if __name__ == "__main__":
    main()
