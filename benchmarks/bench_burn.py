"""Time burning alone: our blocks against rasterio.features.rasterize chip by chip, in one process.

python benchmarks/bench_burn.py [--rounds 5]

Labels are loaded, trees and edges built before the clock starts; nothing is read or written while it
runs. Every pixel of every chip is compared first. Ratios are taken round by round. Fails where one is
missed.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely
from affine import Affine
from make_scene import ORIGIN, make_empty_image, make_labels
from numpy.typing import NDArray
from rasterio.features import rasterize

from polychip.blocks.jobs import Block, SceneJob
from polychip.blocks.masks import burn_block
from polychip.blocks.opened import SceneWorker
from polychip.burn.objects import ChipRuns, objects_of_chips
from polychip.burn.runs import cut_for_all
from polychip.planning import prepare_plan
from polychip.recipe import build_recipe
from polychip.scenes.prepare import scene_blocks

SIZE = 512
WORK = Path("bench-work")
Chip = tuple[int, int, NDArray[np.generic]]
"""First column, first row, (height, width) class codes."""


@dataclass(frozen=True)
class Case:
    """A scene of 10,240² px, and what is wanted on it."""

    name: str
    small: int
    large: int
    stride: int
    wanted: float


CASES = (
    Case("50,000 polygons, stride = size", 50_000, 0, SIZE, 5),
    Case("50,000 polygons, stride = size / 2", 50_000, 0, SIZE // 2, 10),
    Case("1,000 polygons of 10,000 vertices", 0, 1_000, SIZE, 10),
)
MOST_OBJECTS = 1.3
SIDE = 10_240
ON_EDGE_PX = 1e-6
"""Our vertices lie on a lattice of 2⁻²⁴ px: a centre so near an edge may fall on either side."""


class Ours:
    """A scene's labels as a run has them, and its blocks."""

    def __init__(self, image: Path, labels: Path, case: Case, folder: Path, mode: str) -> None:
        recipe = build_recipe(
            {
                "scenes": [{"name": "scene", "image": str(image.resolve()),
                            "labels": {"path": str(labels.resolve())}}],
                "chips": {"size": SIZE, "stride": case.stride},
                "masks": {"mode": mode},
            },
            base=Path.cwd(), where="benchmark",
        )  # fmt: skip
        prepared = prepare_plan(recipe, folder)
        self._worker = SceneWorker(prepared.jobs[0])
        self._blocks = list(scene_blocks(prepared.plan, prepared.plan.scenes[0], 0))
        self._worker.labels  # noqa: B018 - opened before the clock starts

    def burn(self) -> Iterator[Chip]:
        """Each chip's mask; with objects each chip's table of them, too."""
        for block in self._blocks:
            yield from _burned(self._worker, self._worker.job, block)


def _burned(worker: SceneWorker, job: SceneJob, block: Block) -> Iterator[Chip]:
    window = block.window
    valid = np.zeros((window.height, window.width), dtype=np.bool_)
    valid[window.intersection(job.grid.window).slices_in(window)] = True
    burned = burn_block(worker, window, valid)
    if burned.top is not None:
        totals = worker.labels.objects.area_px[burned.numbers]
        runs = cut_for_all(burned.things, window, [slot.window for slot in block.chips])
        objects_of_chips(
            [
                ChipRuns(
                    runs[slot.window],
                    totals,
                    burned.top[slot.window.slices_in(window)],
                    job.grid.window.shifted(-slot.window.x_off, -slot.window.y_off),
                )
                for slot in block.chips
            ]
        )
    for slot in block.chips:
        part = slot.window.slices_in(window)
        mask = np.ascontiguousarray(burned.semantic[part])
        yield slot.window.x_off, slot.window.y_off, mask


class Plain:
    """What people write: an STRtree, and rasterize for each chip."""

    def __init__(self, labels: Path, stride: int) -> None:
        frame = geopandas.read_file(labels, engine="pyogrio")
        frame = frame.iloc[(-frame.area).argsort(kind="stable")]
        self._geometry, self._values = frame.geometry.to_numpy(), frame["class"].to_numpy()
        self._tree, self._stride = shapely.STRtree(self._geometry), stride

    def edge_distance(self, column: float, row: float) -> float:
        """From a place in pixels to the nearest edge, in pixels."""
        place = shapely.Point(ORIGIN[0] + column, ORIGIN[1] - row)
        near = self._geometry[self._tree.query(place.buffer(1))]
        return float(shapely.distance(shapely.boundary(near), place).min())

    def burn(self) -> Iterator[Chip]:
        """Each chip's mask."""
        last = SIDE - SIZE + self._stride
        for y in range(0, last, self._stride):
            for x in range(0, last, self._stride):
                left, top = ORIGIN[0] + x, ORIGIN[1] - y
                found = sorted(self._tree.query(shapely.box(left, top - SIZE, left + SIZE, top)))
                shapes = [(self._geometry[i], int(self._values[i])) for i in found]
                mask = np.zeros((SIZE, SIZE), dtype=np.uint8)
                if shapes:
                    rasterize(shapes, out=mask, transform=Affine(1, 0, left, 0, -1, top))
                yield x, y, mask


def compare(ours: Ours, plain: Plain) -> tuple[int, int]:
    """Chips compared, and pixels that differ because their centre lies on an edge.

    Raises:
        SystemExit: another pixel differs, or a chip is missing.
    """
    known = {(x, y): mask for x, y, mask in ours.burn()}
    n_chips = n_on_edge = 0
    for x, y, mask in plain.burn():
        rows, columns = np.nonzero(known.pop((x, y)) != mask)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if plain.edge_distance(x + column + 0.5, y + row + 0.5) > ON_EDGE_PX:
                raise SystemExit(f"the pixel in column {x + column}, row {y + row} differs")
            n_on_edge += 1
        n_chips += 1
    if known:
        raise SystemExit(f"{len(known)} chips more than the plain loop's")
    return n_chips, n_on_edge


def seconds(burn: Callable[[], Iterator[Chip]]) -> float:
    """What it takes to make all chips, none of them kept."""
    begun = time.perf_counter()
    for _ in burn():
        pass
    return time.perf_counter() - begun


def measure(case: Case, rounds: int, folder: Path) -> list[str]:
    """Print a case's figures; returns what is missed."""
    scene = WORK / f"burn-{case.small}-{case.large}"
    if not (scene / "labels.gpkg").exists():
        scene.mkdir(parents=True, exist_ok=True)
        make_empty_image(scene / "image.tif", SIDE)
        make_labels(scene / "labels.gpkg", SIDE, case.small, case.large)
    inputs = (scene / "image.tif", scene / "labels.gpkg", case)
    modes = {mode: Ours(*inputs, folder / mode, mode) for mode in ("semantic", "instance")}
    plain = Plain(inputs[1], case.stride)
    n, n_on_edge = compare(modes["semantic"], plain)
    times: dict[str, list[float]] = {"plain": [], "semantic": [], "instance": []}
    for _ in range(rounds):
        times["plain"].append(seconds(plain.burn))
        for mode, ours in modes.items():
            times[mode].append(seconds(ours.burn))
    print(f"{case.name}: {n} chips, all pixels equal but {n_on_edge} on an edge")
    for name, found in times.items():
        print(f"  {name:9} {1000 * statistics.median(found) / n:7.2f} ms a chip")
    missed = _told(
        "rasterize / polychip", times["plain"], times["semantic"], case.wanted, least=True
    )
    return missed + _told(
        "instance / semantic", times["instance"], times["semantic"], MOST_OBJECTS, least=False
    )


def _told(
    name: str, one: list[float], other: list[float], wanted: float, *, least: bool
) -> list[str]:
    ratios = [a / b for a, b in zip(one, other, strict=True)]
    middle = statistics.median(ratios)
    words = "at least" if least else "at most"
    print(
        f"  {name}: {middle:.2f} ({min(ratios):.2f} to {max(ratios):.2f}), wanted {words} {wanted:g}"
    )
    return [name] if (middle < wanted) == least and middle != wanted else []


def main() -> None:
    """Measure all cases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    missed: list[Any] = []
    for number, case in enumerate(CASES):
        with tempfile.TemporaryDirectory(prefix="polychip-burn-") as folder:
            missed += measure(case, args.rounds, Path(folder) / str(number))
    if missed:
        raise SystemExit("missed: " + ", ".join(missed))


if __name__ == "__main__":
    main()
