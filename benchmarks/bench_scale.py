"""How a run grows with the number of its chips, and what four millions of them would take.

    make bench-scale                 # or: python benchmarks/bench_scale.py --chips 25600,102400

For each count a sparse image and polygons are made, and `polychip run` builds a dataset of small panoptic
chips, so that what is measured is what each chip costs whatever its size: the tables, the page, the state, the
files. The run's own process tells of each stage its seconds, its processor time and its greatest memory in
that stage (VmHWM, set back before each). Further processes then open the dataset, verify it and bring it up
to date. Bytes and milliseconds a chip are taken between the two largest counts, and carried on to 4,000,000.
"""

import argparse
import functools
import importlib
import json
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing import Process
from pathlib import Path
from typing import Any

CONTINENT = 4_000_000
BLOCK_PX = 2048
STAGES = (
    ("polychip.build", "make_plan", "plan"),
    ("polychip.tasks", "load_labels_task", "labels (within chips)"),
    ("polychip.schedule", "Build.execute", "chips"),
    ("polychip.finish", "write_tables", "tables"),
    ("polychip.finish", "write_splits", "split lists"),
    ("polychip.finish", "dataset_digest", "digest"),
    ("polychip.finish", "preview_rows", "preview: choice"),
    ("polychip.finish", "write_report", "report page"),
    ("polychip.finish", "_remember", "what updates compare"),
    ("polychip.state", "RunState.clear_work", "state removed"),
    ("polychip.finish", "write_manifest", "manifest"),
)
"""Where a stage is, and what it is called."""
OPEN = (
    "import polychip, sys; ds = polychip.open(sys.argv[1]); c = ds[len(ds) // 2];"
    "print(len(ds), c.chip_id)"
)


# --- inside the run -------------------------------------------------------------------------------


def memory(name: str) -> float:
    """A line of /proc/self/status, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def workers_busy() -> float:
    """Processor time of the worker processes so far, in seconds."""
    ticks = 0
    for child in _children(os.getpid()):
        for worker in _children(child):
            fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def told(stage: str, function: Callable[..., Any], log: list[dict[str, Any]]) -> Callable[..., Any]:
    """The function, which notes what it took."""

    @functools.wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        if stage == "state removed":
            size, n = below(arguments[0].folder)
            log.append({"stage": "state", "bytes": size, "files": n})
        inside = stage.startswith("labels")
        if not inside:
            Path("/proc/self/clear_refs").write_text("5")
        begun, busy = time.perf_counter(), time.process_time()
        result = function(*arguments, **named)
        entry = {"stage": stage, "seconds": time.perf_counter() - begun,
                 "busy": time.process_time() - busy, "after_mb": memory("VmRSS:")}  # fmt: skip
        entry |= {} if inside else {"peak_mb": memory("VmHWM:")}
        entry |= {"workers": workers_busy()} if stage == "chips" else {}
        log.append(entry)
        return result

    return wrapped


def copy_blocks() -> None:
    """Make the first block alone; the records of all others are its own under their chips' names.

    So the chips of other blocks name the first one's files, and all that follows has as much to do as
    in a dataset whose files are all there.
    """
    from polychip import tasks
    from polychip.blocks.jobs import Block, BlockRecord, SceneJob

    make, made = tasks.make_block, []

    def copied(job: SceneJob, block: Block) -> BlockRecord:
        if not made:
            made.append(make(job, block))
            return made[0]
        first = made[0]
        pairs = list(zip([slot.chip_id for slot in block.chips], first.masks, strict=False))
        return BlockRecord(
            block.number,
            {new: first.images[old] for new, old in pairs},
            {new: first.masks[old] for new, old in pairs},
            {new: first.instances[old] for new, old in pairs if old in first.instances},
        )

    tasks.make_block = copied


def run_told(log: Path, arguments: list[str], *, copied: bool) -> int:
    """`polychip` with these arguments, its stages told in a file."""
    from polychip.io.light import load_pyarrow_light, load_pyogrio_light

    load_pyogrio_light()
    load_pyarrow_light()
    entries: list[dict[str, Any]] = []
    for module, name, stage in STAGES:
        owner: Any = importlib.import_module(module)
        *classes, last = name.split(".")
        for part in classes:
            owner = getattr(owner, part)
        setattr(owner, last, told(stage, getattr(owner, last), entries))
    if copied:
        copy_blocks()
    from polychip.cli.main import main as polychip

    code = polychip(arguments)
    log.write_text(json.dumps(entries))
    return int(code or 0)


# --- around it ------------------------------------------------------------------------------------


def below(folder: Path) -> tuple[int, int]:
    """(bytes of files, files and folders) below a folder."""
    size = n = 0
    for path, folders, names in os.walk(folder):
        n += len(folders) + len(names)
        size += sum(os.stat(f"{path}/{name}").st_size for name in names)  # noqa: PTH116 - millions
    return size, n


def make(folder: Path, side: int, labelled: int, polygons: int) -> None:
    """Make the inputs; apart, for a process begins with the peak of the one that starts it."""
    from make_scene import make_empty_image, make_labels

    make_empty_image(folder / "image.tif", side)
    make_labels(folder / "labels.gpkg", labelled, polygons)


def inputs(work: Path, args: argparse.Namespace, chips: int) -> Path:
    """The folder with a recipe, made on first use."""
    across = math.isqrt(chips)
    side = across * args.size
    labelled = min(BLOCK_PX, side) if args.copied else side
    polygons = round((labelled / args.size) ** 2 * args.polygons)
    folder = (work / f"scale-{across**2}-{args.size}-{polygons}").resolve()
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        maker = Process(target=make, args=(folder, side, labelled, polygons))
        maker.start()
        maker.join()
        (folder / "done").touch()
    (folder / "recipe.toml").write_text(
        '[[scenes]]\nname = "mosaic"\nimage = "image.tif"\nlabels = { path = "labels.gpkg" }\n'
        f'[chips]\nsize = {args.size}\n[masks]\nmode = "{args.mode}"\n'
        f'[split]\nby = "{args.split}"\nstratify = {"false" if args.copied else "true"}\n'
        '[output]\npath = "out"\n'
    )
    return folder


def timed(command: list[str]) -> dict[str, float]:
    """Seconds, processor time and greatest memory of a process that must succeed."""
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}: failed")
    return {
        "seconds": time.perf_counter() - begun,
        "busy": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }


def measure(work: Path, args: argparse.Namespace, chips: int) -> dict[str, Any]:
    """Build a dataset and look at it: stages, sizes, and what reads it."""
    folder = inputs(work, args, chips)
    out, log = folder / "out", folder / "stages.json"
    shutil.rmtree(out, ignore_errors=True)
    workers = 1 if args.copied else args.workers
    command = ["run", str(folder / "recipe.toml"), "--workers", str(workers)]
    way = "--told-of-copies" if args.copied else "--told"
    try:
        whole = timed([sys.executable, __file__, way, str(log), *command])
        result = {"chips": math.isqrt(chips) ** 2, "stages": json.loads(log.read_text())}
        result["stages"].append({"stage": "whole run", **whole})
        result["sizes"] = sizes(out)
        if chips <= args.readers:
            result["stages"] += list(readers(folder, out, copied=args.copied))
    finally:
        if not args.keep:
            shutil.rmtree(out, ignore_errors=True)
    return result


def readers(folder: Path, out: Path, *, copied: bool) -> Any:
    """What opens, verifies and updates a dataset."""
    yield {"stage": "polychip.open, a chip", **timed([sys.executable, "-c", OPEN, str(out)])}
    tool = [sys.executable, "-m", "polychip"]
    yield {"stage": "polychip report", **timed([*tool, "report", str(out)])}
    if not copied:
        yield {"stage": "polychip verify", **timed([*tool, "verify", str(out)])}
    update = timed([*tool, "run", str(folder / "recipe.toml"), "--update"])
    yield {"stage": "run --update, no change", **update}


def sizes(out: Path) -> dict[str, int]:
    """Bytes of a dataset's parts, and what a file system must count."""
    names = ("chips.parquet", "instances.parquet", "manifest.json", "report.html", "preview.png")
    found = {name: (out / name).stat().st_size for name in names if (out / name).exists()}
    found["splits/"] = below(out / "splits")[0]
    found["images/"], n_images = below(out / "images")
    found["masks/"], n_masks = below(out / "masks")
    found[".polychip/ afterwards"], _ = below(out / ".polychip")
    found["files and folders"] = n_images + n_masks
    found["most entries of a folder"] = max(
        len(folders) + len(files)
        for top in ("images", "masks")
        for _, folders, files in os.walk(out / top)
    )
    return found


# --- tables ---------------------------------------------------------------------------------------


def print_stages(results: list[dict[str, Any]]) -> None:
    """Seconds, processor time and memory of each stage; the last columns are carried on."""
    print("| stage | " + " | ".join(f"{r['chips']:,} chips: s, busy s, MB" for r in results)
          + " | ms, KB a chip | 4 million: s, GB |")  # fmt: skip
    print("|---" * (len(results) + 3) + "|")
    for stage in dict.fromkeys(e["stage"] for r in results for e in r["stages"]):
        cells, known = [], []
        for result in results:
            mine = [e for e in result["stages"] if e["stage"] == stage and "seconds" in e]
            if not mine:
                cells.append("")
                continue
            seconds, busy = (sum(e[key] for e in mine) for key in ("seconds", "busy"))
            peak = max(e.get("peak_mb", 0.0) for e in mine)
            workers = sum(e.get("workers", 0.0) for e in mine)
            cells.append(f"{seconds:.2f}, {busy + workers:.2f}, {peak:,.0f}")
            known.append((result["chips"], busy + workers, peak))
        if known:
            print(f"| {stage} | {' | '.join(cells)} | {carried_on(known)} |")


def carried_on(known: list[tuple[int, float, float]]) -> str:
    """(ms and KB a chip, and what they make for a continent), between the two largest counts."""
    if len(known) < 2:
        return " | "
    (few, least, low), (many, most, high) = known[-2:]
    each_s, each_mb = ((b - a) / (many - few) for a, b in ((least, most), (low, high)))
    more = CONTINENT - many
    return (
        f"{each_s * 1e3:.3f}, {each_mb * 1024:.2f} | "
        f"{most + more * each_s:,.0f}, {(high + more * each_mb) / 1024:.1f}"
    )


def print_sizes(results: list[dict[str, Any]]) -> None:
    """Bytes and counts, a chip and for a continent."""
    print("| bytes | " + " | ".join(f"{r['chips']:,} chips" for r in results)
          + " | a chip | 4 million |")  # fmt: skip
    print("|---" * (len(results) + 3) + "|")
    for result in results:
        state = next(e for e in result["stages"] if e["stage"] == "state")
        result["sizes"][".polychip/ at its fullest"] = state["bytes"]
        result["sizes"]["files of .polychip/ then"] = state["files"]
    for name in results[-1]["sizes"]:
        values = [r["sizes"].get(name, 0) for r in results]
        each = values[-1] / results[-1]["chips"]
        if len(results) > 1:
            each = (values[-1] - values[-2]) / (results[-1]["chips"] - results[-2]["chips"])
        total = values[-1] + each * (CONTINENT - results[-1]["chips"])
        told_values = " | ".join(f"{value:,}" for value in values)
        print(f"| {name} | {told_values} | {each:,.2f} | {total:,.0f} |")


def main() -> None:
    """Measure each count, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chips", default="25600,102400", help="counts, the least first")
    parser.add_argument("--size", type=int, default=64, help="side of a chip in pixels")
    parser.add_argument("--polygons", type=float, default=1.0, help="polygons a chip")
    parser.add_argument("--mode", default="panoptic")
    parser.add_argument("--split", default="blocks")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--readers", type=int, default=110_000,
                        help="datasets of at most so many chips are opened, verified, updated")  # fmt: skip
    parser.add_argument("--work", type=Path, default=Path("bench-work"))
    parser.add_argument("--copied", action="store_true",
                        help="make one block; the others copy what it told, so that millions of chips "
                        "show what comes after them")  # fmt: skip
    parser.add_argument("--keep", action="store_true", help="leave the datasets there")
    args = parser.parse_args()
    args.work.mkdir(exist_ok=True)
    results = [measure(args.work, args, int(n)) for n in args.chips.split(",")]
    (args.work / "scale.json").write_text(json.dumps(results, indent=1))
    print_stages(results)
    print()
    print_sizes(results)


if __name__ == "__main__":
    if sys.argv[1:2] in (["--told"], ["--told-of-copies"]):
        copies = sys.argv[1] == "--told-of-copies"
        sys.exit(run_told(Path(sys.argv[2]), sys.argv[3:], copied=copies))
    main()
