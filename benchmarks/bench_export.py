"""Speed of an export against a plain rasterio + STRtree loop: whole processes, start included.

    make bench                       # or: python benchmarks/bench_export.py --runs 5

Each round runs every command once, in turn, so that a drifting machine hits all alike; ratios are
taken round by round and their median is printed. Before anything is timed, the pixels of both are
compared. Memory is measured in a run of its own.
"""

import argparse
import os
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from emptied import put_away

HERE = Path(__file__).parent
SCENES = {
    "400": {"side": 10_240, "small": 50_000, "large": 0},
    "1600": {"side": 20_480, "small": 200_000, "large": 0},
    "400-large": {"side": 10_240, "small": 200_000, "large": 400},
}


@dataclass(frozen=True)
class Job:
    """One command of the benchmark."""

    name: str
    scene: str
    command: list[str]
    out: Path


def scene_folder(work: Path, scene: str) -> Path:
    """Where a scene lies; made on first use."""
    folder = work / f"scene-{scene}"
    if not (folder / "labels.gpkg").exists():
        options = [f"--{key}={value}" for key, value in SCENES[scene].items()]
        subprocess.run([sys.executable, HERE / "make_scene.py", folder, *options], check=True)
    return folder


def ours(work: Path, scene: str, compress: str, workers: int, mode: str = "semantic") -> Job:
    """The export by the command line."""
    folder, out = scene_folder(work, scene), work / "out-ours"
    command = [
        str(Path(sys.executable).with_name("polychip")), "export", str(folder / "image.tif"),
        "--labels", str(folder / "labels.gpkg"), "-o", str(out), "--compress", compress,
        "--mode", mode, "--workers", str(workers), "--progress", "none",
    ]  # fmt: skip
    label = f"polychip, {workers} worker(s), {mode}, {compress}"
    return Job(label, scene, command, out)


def images_only(work: Path, scene: str, compress: str, workers: int) -> Job:
    """Our reading and writing, without labels."""
    image, out = scene_folder(work, scene) / "image.tif", work / "out-images"
    command = [
        sys.executable,
        str(HERE / "images_only.py"),
        str(image),
        str(out),
        compress,
        str(workers),
    ]
    return Job(f"the same without labels, {workers} worker(s), {compress}", scene, command, out)


def plain(work: Path, scene: str, compress: str) -> Job:
    """What people write today."""
    folder, out = scene_folder(work, scene), work / "out-plain"
    command = [
        sys.executable, str(HERE / "plain_loop.py"), str(folder / "image.tif"),
        str(folder / "labels.gpkg"), str(out), "--compress", compress,
    ]  # fmt: skip
    return Job(f"plain rasterio + STRtree loop, {compress}", scene, command, out)


def run_once(job: Job) -> float:
    """Seconds of the whole process."""
    put_away(job.out)
    os.sync()
    begin = time.perf_counter()
    done = subprocess.run(job.command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode:
        sys.exit(f"{job.name} failed:\n{done.stderr}")
    return seconds


def peak_memory(job: Job) -> float:
    """Peak proportional memory (PSS) of the command and all its processes, in MB."""
    put_away(job.out)
    process = subprocess.Popen(
        job.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    peak = 0.0
    gone = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not gone.wait(0.05):
            peak = max(peak, session_memory(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    gone.set()
    watcher.join()
    return peak


def session_memory(session: int) -> float:
    """Memory of all processes of a session, shared pages counted once, in MB."""
    total = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(entry.name)) != session:
                continue
            for line in (entry / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except (OSError, ValueError):
            continue
    return total / 1024


def different_pixels(first: Path, second: Path) -> tuple[int, int, int]:
    """(pixels that differ in masks, in images, chips compared) of our export and the plain one."""
    masks = images = chips = 0
    for path in sorted((second / "masks").glob("*.tif")):
        name = path.stem
        mine = next((first / "masks" / "semantic").glob(f"*/r*/*_{name}.tif"))
        image = next((first / "images").glob(f"*/r*/*_{name}.tif"))
        masks += count_different(mine, path)
        images += count_different(image, second / "images" / path.name)
        chips += 1
    return masks, images, chips


def count_different(a: Path, b: Path) -> int:
    """Pixels in which two rasters differ."""
    with rasterio.open(a) as first, rasterio.open(b) as second:
        return int(np.count_nonzero(first.read() != second.read()))


def timed(jobs: list[Job], runs: int) -> dict[str, list[float]]:
    """Seconds of each job, one after the other in each round."""
    seconds: dict[str, list[float]] = {key_of(job): [] for job in jobs}
    for number in range(runs):
        for job in jobs:
            seconds[key_of(job)].append(run_once(job))
        print(f"  round {number + 1} of {runs} done", file=sys.stderr, flush=True)
    return seconds


def key_of(job: Job) -> str:
    """Name of a job on its scene."""
    return f"{job.scene} chips: {job.name}"


def ratio(above: list[float], below: list[float]) -> str:
    """Median, least and greatest of the ratios round by round."""
    ratios = [a / b for a, b in zip(above, below, strict=True)]
    return f"{statistics.median(ratios):.2f}  ({min(ratios):.2f} to {max(ratios):.2f})"


def marginal(small: list[float], large: list[float]) -> list[float]:
    """Seconds a chip between 400 and 1600 chips, round by round."""
    return [(b - a) / 1200 for a, b in zip(small, large, strict=True)]


def make_jobs(work: Path, part: str) -> tuple[dict[str, Job], list[tuple[str, str]]]:
    """Commands of a part of the benchmark, and which pairs must give the same pixels."""
    jobs: dict[str, Job] = {}
    same: list[tuple[str, str]] = []
    if part in ("all", "deflate"):
        for scene in ("400", "1600"):
            jobs[f"ours {scene} deflate"] = ours(work, scene, "deflate", 2)
            jobs[f"images {scene} deflate"] = images_only(work, scene, "deflate", 2)
    if part in ("all", "none", "400"):
        jobs["ours 400 none"] = ours(work, "400", "none", 2)
        jobs["images 400 none"] = images_only(work, "400", "none", 2)
        jobs["plain 400"] = plain(work, "400", "none")
        same.append(("ours 400 none", "plain 400"))
    if part in ("all", "400"):
        jobs["one worker"] = ours(work, "400", "none", 1)
        for mode in ("instance", "panoptic"):
            jobs[mode] = ours(work, "400", "none", 2, mode)
    if part in ("all", "none"):
        jobs["ours 1600 none"] = ours(work, "1600", "none", 2)
        jobs["images 1600 none"] = images_only(work, "1600", "none", 2)
        jobs["plain 1600"] = plain(work, "1600", "none")
        same.append(("ours 1600 none", "plain 1600"))
    if part in ("all", "large"):
        jobs["large"] = ours(work, "400-large", "none", 2)
        jobs["plain large"] = plain(work, "400-large", "none")
        same.append(("large", "plain large"))
    return jobs, same


RATIOS = (
    ("plain 400", "ours 400 none", "plain loop / polychip, 400 chips", "at least 2.5"),
    ("plain 1600", "ours 1600 none", "plain loop / polychip, 1600 chips", "at least 3"),
    ("plain 400", "one worker", "plain loop / polychip, 1 worker", ""),
    ("plain large", "large", "plain loop / polychip, 10,000-vertex polygons", ""),
    ("instance", "ours 400 none", "instance / semantic", "at most 1.3"),
    ("panoptic", "ours 400 none", "panoptic / semantic", "at most 1.3"),
)
"""Above, below, what it is, what is wanted."""


def print_ratios(took: dict[str, list[float]]) -> None:
    """The ratios whose commands were run."""
    print("\nratios, median (least to greatest) round by round")
    for above, below, title, wanted in RATIOS:
        if above in took and below in took:
            print_one(title, ratio(took[above], took[below]), wanted)
    for compress, wanted in (("deflate", "at most 1.15"), ("none", "at most 1.4")):
        names = [f"{who} {n} {compress}" for who in ("ours", "images") for n in (400, 1600)]
        if all(name in took for name in names):
            ours_small, ours_large, bare_small, bare_large = (took[name] for name in names)
            mine, bare = marginal(ours_small, ours_large), marginal(bare_small, bare_large)
            title = f"marginal cost with / without labels, {compress}"
            print_one(title, ratio(mine, bare), wanted)
            costs = (f"{statistics.median(cost) * 1e3:.2f} ms" for cost in (mine, bare))
            print_one("   a chip", " / ".join(costs), "")


def print_one(title: str, told: str, wanted: str) -> None:
    """One ratio."""
    print(f"  {title:50} {told}" + (f"   wanted: {wanted}" if wanted else ""))


def compare_pixels(jobs: dict[str, Job], same: list[tuple[str, str]]) -> None:
    """End here when a pair's pixels differ."""
    for mine, other in same:
        run_once(jobs[mine])
        run_once(jobs[other])
        masks, images, chips = different_pixels(jobs[mine].out, jobs[other].out)
        print(f"{jobs[mine].scene}: {masks} mask and {images} image pixels differ in {chips} chips")
        if masks or images:
            sys.exit("pixels differ: nothing is timed")


def main() -> None:
    """Make the scenes, compare the pixels, time, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("bench-work"))
    parser.add_argument("--part", choices=("all", "deflate", "none", "400", "large"), default="all")
    parser.add_argument("--no-memory", action="store_true")
    options = parser.parse_args()
    options.work.mkdir(exist_ok=True)
    jobs, same = make_jobs(options.work, options.part)
    compare_pixels(jobs, same)
    seconds = timed(list(jobs.values()), options.runs)
    print(f"\n{'whole process, seconds':66} median    min    max   peak MB")
    for job in jobs.values():
        found = seconds[key_of(job)]
        memory = "" if options.no_memory else f"{peak_memory(job):9.0f}"
        print(
            f"{key_of(job):66} {statistics.median(found):6.2f} {min(found):6.2f} "
            f"{max(found):6.2f} {memory}"
        )
    print_ratios({name: seconds[key_of(job)] for name, job in jobs.items()})


if __name__ == "__main__":
    main()
