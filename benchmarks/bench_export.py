"""Speed of an export against a plain rasterio + STRtree loop: whole processes, start included.

    make bench                       # or: python benchmarks/bench_export.py --runs 5

Each round runs every command once, in turn, so that a drifting machine hits all alike; ratios are
taken round by round and their median is printed. Before anything is timed, the pixels of both are
compared. Memory is measured in a run of its own.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio

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
    shutil.rmtree(job.out, ignore_errors=True)
    os.sync()
    begin = time.perf_counter()
    done = subprocess.run(job.command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode:
        sys.exit(f"{job.name} failed:\n{done.stderr}")
    return seconds


def peak_memory(job: Job) -> float:
    """Peak proportional memory (PSS) of the command and all its processes, in MB."""
    shutil.rmtree(job.out, ignore_errors=True)
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


def main() -> None:
    """Make the scenes, compare the pixels, time, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("bench-work"))
    parser.add_argument("--no-memory", action="store_true")
    options = parser.parse_args()
    options.work.mkdir(exist_ok=True)
    work, jobs = options.work, {}
    for scene in ("400", "1600"):
        jobs[f"ours {scene}"] = ours(work, scene, "deflate", 2)
        jobs[f"images {scene}"] = images_only(work, scene, "deflate", 2)
    jobs["ours 2"] = ours(work, "400", "none", 2)
    jobs["ours 1"] = ours(work, "400", "none", 1)
    jobs["images none"] = images_only(work, "400", "none", 2)
    jobs["plain"] = plain(work, "400", "none")
    jobs["ours instance"] = ours(work, "400", "none", 2, "instance")
    jobs["large"] = ours(work, "400-large", "none", 2)
    jobs["large plain"] = plain(work, "400-large", "none")
    for mine, other in (("ours 2", "plain"), ("large", "large plain")):
        run_once(jobs[mine])
        run_once(jobs[other])
        masks, images, chips = different_pixels(jobs[mine].out, jobs[other].out)
        print(f"{jobs[mine].scene}: {masks} mask and {images} image pixels differ in {chips} chips")
        if masks or images:
            sys.exit("pixels differ: nothing is timed")
    seconds = timed(list(jobs.values()), options.runs)
    print(f"\n{'whole process, seconds':66} median    min    max   peak MB")
    for job in jobs.values():
        found = seconds[key_of(job)]
        memory = "" if options.no_memory else f"{peak_memory(job):9.0f}"
        print(
            f"{key_of(job):66} {statistics.median(found):6.2f} {min(found):6.2f} {max(found):6.2f} {memory}"
        )
    took = {name: seconds[key_of(job)] for name, job in jobs.items()}
    print("\nratios, median (least to greatest) round by round")
    print(
        f"  plain loop / polychip, 2 workers, 400 chips       {ratio(took['plain'], took['ours 2'])}   wanted: at least 2"
    )
    print(
        f"  plain loop / polychip, 1 worker, 400 chips        {ratio(took['plain'], took['ours 1'])}"
    )
    print(
        f"  plain loop / polychip, 10,000-vertex polygons     {ratio(took['large plain'], took['large'])}"
    )
    print(
        f"  instance / semantic                               {ratio(took['ours instance'], took['ours 2'])}"
    )
    mine = marginal(took["ours 400"], took["ours 1600"])
    bare = marginal(took["images 400"], took["images 1600"])
    print(
        f"  marginal cost with / without labels, deflate      {ratio(mine, bare)}   wanted: at most 1.25"
    )
    print(
        f"  marginal cost a chip, deflate: {statistics.median(mine) * 1e3:.2f} ms with, {statistics.median(bare) * 1e3:.2f} ms without labels"
    )


if __name__ == "__main__":
    main()
