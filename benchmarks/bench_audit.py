"""Time the audit of `verify` on an index of a million chips: no pixel, no object in two splits.

python benchmarks/bench_audit.py [--chips 1000000] [--overlap]

Makes the index and the table of objects (their columns that the audit reads, nothing else), divides
the chips by blocks, and times both halves of the audit. No image is written.
"""

import argparse
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from affine import Affine
from numpy.typing import NDArray

from polychip.format_list import CHIPS, INSTANCES
from polychip.grid import Grid
from polychip.layout.cells import ChipOptions, Lattice, group_lattice, plan_cells
from polychip.layout.contents import Contents
from polychip.layout.split import SplitAssignment, SplitOptions, assign_splits
from polychip.layout.units import UnitTable, gather_units
from polychip.quality.listing import check_leakage
from polychip.quality.rows import Index

SIZE, SCENES, OBJECTS_A_CHIP = 256, 4, 3


def scenes_of(n_chips: int, stride: int) -> list[tuple[str, Grid]]:
    """Two scenes in each of two UTM zones, the second of a pair shifted by half its width."""
    side = int(np.ceil(np.sqrt(n_chips / SCENES)))
    px = (side - 1) * stride + SIZE
    found = []
    for zone in (30, 31):
        for number in range(2):
            x = 300_000 + number * px // 2 // stride * stride
            at = Affine(1, 0, x, 0, -1, 4_400_000)
            found.append((f"z{zone}-{number}x", Grid(f"EPSG:326{zone}", at, px, px)))
    return found


def main() -> None:
    """Make the tables, then look at them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--chips", type=int, default=1_000_000)
    parser.add_argument("--overlap", action="store_true", help="chips that overlap by half")
    args = parser.parse_args()
    stride = SIZE // 2 if args.overlap else SIZE
    chips = ChipOptions(SIZE, SIZE, stride, stride)
    scenes = scenes_of(args.chips, stride)
    lattices = [group_lattice(name, [(name, grid)]) for name, grid in scenes]
    cells = [plan_cells(lattice, chips) for lattice in lattices]
    units, _ = gather_units(cells, lattices, chips)
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 900, (len(units), 3)) * (rng.random((len(units), 3)) < 0.2)
    nothing = np.empty((0, 2), dtype=np.int64)
    contents = Contents(("a", "b", "c"), pixels, pixels.sum(axis=1), nothing, 0)
    begun = time.perf_counter()
    found = assign_splits(units, lattices, SplitOptions("blocks", block=8), None, contents)
    print(f"dividing {len(units):,} chips: {time.perf_counter() - begun:.1f} s, "
          f"{found.dropped_leaking:,} left out")  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = np.flatnonzero(found.split >= 0)
        n_objects = write_tables(folder, units, lattices, found, kept)
        facts = SimpleNamespace(
            grids=dict(scenes),
            manifest={
                "split": {"names": list(found.names), "gap_px": 0, "objects": "whole"},
                "mode": "instance",
            },
        )
        begun = time.perf_counter()
        check = check_leakage(folder, Index(folder), facts)
        took = time.perf_counter() - begun
    print(f"auditing {len(kept):,} chips and {n_objects:,} views of objects: {took:.1f} s")
    print(f"{'ok' if check.ok else 'WRONG'}: {check.message}")


def write_tables(
    folder: Path,
    units: UnitTable,
    lattices: list[Lattice],
    found: SplitAssignment,
    kept: NDArray[np.int64],
) -> int:
    """The columns that the audit and the index's reader ask for; returns the rows of objects."""
    names = np.array([lattice.group for lattice in lattices])[units.group[kept]]
    ids = np.array(units.take(kept).ids(lattices))
    n, size = len(kept), np.full(len(kept), SIZE, dtype=np.int32)
    null = pa.nulls(n, pa.string())
    split = np.array(found.names)[found.split[kept]]
    pq.write_table(
        pa.table({
            "chip_id": ids, "scene": names, "x_off": units.x_off[kept],
            "y_off": units.y_off[kept], "width": size, "height": size,
            "split": split, "footprint": null, "files": null, "sha256": null,
            "valid_fraction": null, "labelled_fraction": null, "n_instances": null,
        }),
        folder / CHIPS,
    )  # fmt: skip
    of = np.repeat(np.arange(n), OBJECTS_A_CHIP)
    # An object is seen by two neighbours of one split, as far as the order of the index allows.
    number = np.char.add(np.char.add(split[of], "-"), (np.arange(len(of)) // 6).astype(str))
    pq.write_table(
        pa.table({
            "scene": names[of], "chip_id": ids[of],
            "namespace": pa.array(["labels"] * len(of)), "instance_id": number,
        }),
        folder / INSTANCES,
    )  # fmt: skip
    return len(of)


if __name__ == "__main__":
    main()
