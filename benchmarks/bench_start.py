"""How long one waits: `polychip --help`, and an export from its start to the first finished chip.

    make bench-start                 # or: python benchmarks/bench_start.py --runs 5

The first chip is the first image file that has its own name: files appear under it only when whole.
Fails above 0.3 s and 1.5 s, medians.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench_export import ours
from emptied import put_away

MOST_HELP, MOST_CHIP = 0.3, 1.5
POLYCHIP = str(Path(sys.executable).with_name("polychip"))


def help_seconds() -> float:
    """Of the whole process."""
    begun = time.perf_counter()
    subprocess.run([POLYCHIP, "--help"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def chip_seconds(command: list[str], out: Path) -> float:
    """From the start of the command to the first chip; the run is let finish."""
    put_away(out)
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    images, seconds = out / "images", 0.0
    while not seconds:
        if any(not path.name.startswith(".") for path in images.glob("*/*/*.tif")):
            seconds = time.perf_counter() - begun
        elif process.poll() is not None:
            sys.exit("the export failed")
        time.sleep(0.005)
    process.wait()
    return seconds


def main() -> None:
    """Time both, print, and fail where one takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("bench-work"))
    options = parser.parse_args()
    options.work.mkdir(exist_ok=True)
    job = ours(options.work, "400", "none", 2)
    found = {
        "polychip --help": ([help_seconds() for _ in range(options.runs)], MOST_HELP),
        "first chip of 400": (
            [chip_seconds(job.command, job.out) for _ in range(options.runs)],
            MOST_CHIP,
        ),
    }
    missed = False
    for name, (seconds, most) in found.items():
        middle = statistics.median(seconds)
        missed |= middle > most
        print(f"{name:20} {middle:.2f} s ({min(seconds):.2f} to {max(seconds):.2f}), wanted {most}")
    if missed:
        sys.exit("too slow")


if __name__ == "__main__":
    main()
