"""Memory of each worker on a virtual mosaic of 100,000 × 100,000 px with 1,000,000 polygons.

python benchmarks/bench_memory.py [--chips 4000] [--workers 2] [--mode instance]

`polychip run` is started, watched, and interrupted once so many chips are whole. Twice a second each
process is looked at (/proc/PID/smaps): its resident memory without the mapped label files, and of
those what it holds a copy of. Fails where a worker takes 600 MB or more, where it grows (the
peak of the last quarter of the time over that of the second), or where it holds labels of its own.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from make_mosaic import mosaic_folder

WORK = Path("bench-work")
MOST_MB = 600.0
MOST_GROWTH = 1.10
EVERY_S = 0.5


@dataclass(frozen=True)
class Look:
    """One process at one moment; MB."""

    at: float
    """Seconds since the start."""
    own: float
    """Resident, without label files."""
    labels: float
    """Resident pages of label files: of the page cache, one for all processes."""
    private_labels: float
    """Of these, copied because the process changed them."""


def look_at(pid: int, labels: str, at: float) -> Look | None:
    """A process's memory now; None when it is gone."""
    own = mapped = private = 0
    of_labels = False
    try:
        for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
            key, _, rest = line.partition(":")
            if "-" in key.split(" ")[0]:  # 'FROM-TO rw-p … PATH': a mapping begins
                of_labels = labels in line
            elif key == "Rss":
                size = int(rest.split()[0])
                own, mapped = (own, mapped + size) if of_labels else (own + size, mapped)
            elif key == "Anonymous" and of_labels:
                private += int(rest.split()[0])
    except (OSError, ValueError):
        return None
    return Look(at, own / 1024, mapped / 1024, private / 1024)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    try:
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def workers_of(pid: int) -> list[int]:
    """The worker processes: what the fork server has started."""
    return [worker for child in children(pid) for worker in children(child)]


class Watch(threading.Thread):
    """Looks at a run's processes until it ends."""

    def __init__(self, pid: int, labels: str) -> None:
        super().__init__(daemon=True)
        self.workers: dict[int, list[Look]] = defaultdict(list)
        self.main: list[Look] = []
        self._pid, self._labels = pid, labels
        self._gone = threading.Event()
        self._begun = time.monotonic()

    def run(self) -> None:
        """Look now and again."""
        while not self._gone.wait(EVERY_S):
            at = time.monotonic() - self._begun
            if (seen := look_at(self._pid, self._labels, at)) is not None:
                self.main.append(seen)
            for worker in workers_of(self._pid):
                if (seen := look_at(worker, self._labels, at)) is not None:
                    self.workers[worker].append(seen)

    def end(self) -> None:
        """Look no more."""
        self._gone.set()
        self.join()


def run_part(recipe: Path, workers: int, chips: int, labels: str) -> tuple[Watch, int, float]:
    """Run until so many chips are whole: (what was seen, chips, seconds)."""
    command = [
        sys.executable, "-m", "polychip", "run", str(recipe), "--workers", str(workers),
        "--progress", "json", "--overwrite",
    ]  # fmt: skip
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    watch = Watch(process.pid, labels)
    watch.start()
    done = 0
    for line in process.stdout or ():
        done = int(json.loads(line).get("done", done))
        if done >= chips:
            break
    seconds = time.monotonic() - begun
    watch.end()
    if process.poll() is None:
        os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate()
    if done < chips and process.returncode:
        sys.exit(f"polychip run failed:\n{errors}")
    return watch, done, seconds


def peak(looks: list[Look], first: float, last: float) -> float:
    """Greatest own memory between two parts of the time, 0 to 1, since masks are made."""
    begin = min((look.at for look in looks if look.labels > 0), default=0.0)
    end = looks[-1].at
    part = [
        look.own
        for look in looks
        if begin + first * (end - begin) <= look.at <= begin + last * (end - begin)
    ]
    return max(part, default=0.0)


def judge(watch: Watch) -> list[str]:
    """Print what each process took; what does not hold."""
    wrong = []
    for number, looks in enumerate(watch.workers.values(), start=1):
        most = max(look.own for look in looks)
        early, late = peak(looks, 0.25, 0.5), peak(looks, 0.75, 1)
        mapped = max(look.labels for look in looks)
        private = max(look.private_labels for look in looks)
        print(
            f"worker {number}: peak {most:.0f} MB besides labels; second quarter {early:.0f} MB, "
            f"last quarter {late:.0f} MB ({late / early if early else 0:.2f}); label pages mapped "
            f"{mapped:.0f} MB, its own copies {private:.1f} MB ({len(looks)} looks)"
        )
        if most >= MOST_MB:
            wrong.append(f"worker {number} took {most:.0f} MB, wanted: under {MOST_MB:.0f}")
        if not mapped or not early:
            wrong.append(f"worker {number} mapped no labels, or the run was too short; --chips")
        elif late / early > MOST_GROWTH:
            wrong.append(f"worker {number} grew by {late / early:.2f}, wanted: {MOST_GROWTH:.2f}")
        if private:
            wrong.append(f"worker {number} holds {private:.1f} MB of labels of its own")
    if not watch.workers:
        wrong.append("no worker was seen")
    print(
        f"the command's own process, which loads the labels: peak "
        f"{max(look.own for look in watch.main):.0f} MB"
    )
    return wrong


def main() -> None:
    """Make the mosaic where it isn't there, run a part, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=100_000)
    parser.add_argument("--polygons", type=int, default=1_000_000)
    parser.add_argument("--chips", type=int, default=4000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--mode", default="instance")
    parser.add_argument("--compress", default="deflate")
    args = parser.parse_args()
    folder = mosaic_folder(WORK, args.side, args.polygons).resolve()
    recipe, out = folder / "recipe.toml", folder / "out"
    recipe.write_text(
        '[[scenes]]\nname = "mosaic"\nimage = "mosaic.vrt"\nlabels = { path = "labels.gpkg" }\n'
        f'[masks]\nmode = "{args.mode}"\n[split]\nby = "none"\n'
        f'[output]\npath = "out"\ncompress = "{args.compress}"\n'
    )
    shutil.rmtree(out, ignore_errors=True)
    try:
        watch, done, seconds = run_part(recipe, args.workers, args.chips, "/out/.polychip/labels/")
        files = sum(p.stat().st_size for p in (out / ".polychip" / "labels").rglob("*.*"))
    finally:
        shutil.rmtree(out, ignore_errors=True)
    print(
        f"{args.side:,}² px, {args.polygons:,} polygons, {args.mode}: {done:,} chips in "
        f"{seconds:.0f} s, start and labels included; label files {files / 2**20:,.0f} MB"
    )
    wrong = judge(watch)
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
