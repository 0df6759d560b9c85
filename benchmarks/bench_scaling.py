"""What a second worker is worth: the marginal cost of a chip with one worker over that with two.

    make bench-scaling               # or: python benchmarks/bench_scaling.py --runs 5

Whole processes are timed, each once a round, in turn; (time of 1600 chips - time of 400) / 1200 leaves
start and end out. With `--dask` the workers are those of a Dask cluster on this machine (its start is
left out alike). Both runs of a scene are compared file by file before anything is timed. What the machine
itself gives is timed beside: a loop that deflates a picture, in one process and in two at once.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from bench_export import Job, marginal, print_one, ratio, run_once, scene_folder, timed

WANTED = 1.8


def export(work: Path, scene: str, workers: int, *, dask: bool) -> Job:
    """An export of a scene by so many workers."""
    folder, out = scene_folder(work, scene), work / f"out-scaling-{workers}"
    command = [
        str(Path(sys.executable).with_name("polychip")), "export", str(folder / "image.tif"),
        "--labels", str(folder / "labels.gpkg"), "-o", str(out), "--compress", "deflate",
        "--workers", str(workers), "--progress", "none", *(["--scheduler", "local"] if dask else []),
    ]  # fmt: skip
    return Job(f"{workers} worker(s){' of Dask' if dask else ''}", scene, command, out)


def digest(job: Job) -> str:
    """What a run's manifest says of all its files."""
    run_once(job)
    return str(json.loads((job.out / "manifest.json").read_text())["digest"])


LOOP = """
import sys
import deflate
picture = bytes(i * i % 251 for i in range(512 * 512))
sys.stdin.read(1)
for _ in range(3000):
    deflate.zlib_compress(picture, 6)
"""


def loop(processes: int) -> float:
    """Seconds of so many loops at once, their starts left out."""
    running = [
        subprocess.Popen([sys.executable, "-c", LOOP], stdin=subprocess.PIPE)
        for _ in range(processes)
    ]
    time.sleep(1.0)
    begun = time.perf_counter()
    for process in running:
        if process.stdin is not None:
            process.stdin.close()
    for process in running:
        process.wait()
    return time.perf_counter() - begun


def main() -> None:
    """Compare, time, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("bench-work"))
    parser.add_argument("--dask", action="store_true", help="workers of a Dask cluster")
    options = parser.parse_args()
    options.work.mkdir(exist_ok=True)
    jobs = {
        (scene, n): export(options.work, scene, n, dask=options.dask)
        for scene in ("400", "1600")
        for n in (1, 2)
    }
    if digest(jobs["400", 1]) != digest(jobs["400", 2]):
        sys.exit("one worker and two give different datasets: nothing is timed")
    print("400 chips by one worker and by two: the same dataset")
    seconds: dict[str, list[float]] = {}
    alone, together = [], []
    for _ in range(options.runs):
        for key, values in timed(list(jobs.values()), 1).items():
            seconds.setdefault(key, []).extend(values)
        alone.append(2 * loop(1))
        together.append(loop(2))
    took = {key: seconds[f"{job.scene} chips: {job.name}"] for key, job in jobs.items()}
    one, two = (marginal(took["400", n], took["1600", n]) for n in (1, 2))
    print_one("marginal cost, one worker / two", ratio(one, two), f"at least {WANTED}")
    print_one("   a loop of the processor, the same", ratio(alone, together), "")
    print_one(
        "   a chip", " / ".join(f"{sorted(c)[len(c) // 2] * 1e3:.2f} ms" for c in (one, two)), ""
    )


if __name__ == "__main__":
    main()
