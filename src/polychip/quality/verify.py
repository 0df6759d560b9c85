"""Whether a dataset is whole, aligned, free of leaks, and what its labels say."""

from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.errors import RasterioError

from polychip.errors import InputError, PolychipError, some
from polychip.execute import Executor, default_workers, make_executor
from polychip.grid import Window
from polychip.manifest import read_manifest
from polychip.quality.examine import Seen, Task, examine
from polychip.quality.imagery import SourcePixels, compare_images
from polychip.quality.labelling import has_raster_labels
from polychip.quality.listing import TablesCheck, check_leakage, check_splits
from polychip.quality.pixels import ChipFile, Facts, read_files
from polychip.quality.roundtrip import RoundTrip, covered_by_chips, spread
from polychip.quality.rows import ChipRow, Index, ObjectStream
from polychip.quality.sources import Sources, sources_or_reason
from polychip.quality.verdict import Check, Findings, VerifyReport
from polychip.quality.wholeness import FilesCheck, ManifestCheck
from polychip.recipe import Scene

__all__ = ["Check", "VerifyReport", "verify_dataset"]

CHECKS = (
    "manifest", "files", "checksums", "alignment", "values", "splits", "leakage", "tables",
    "images", "round_trip",
)  # fmt: skip
"""Ids of all checks, in the order of the report."""
_WORTH_A_WORKER = 250
"""Chips for which a process of their own is worth its start."""


def verify_dataset(
    folder: Path,
    *,
    all_chips: bool = False,
    round_trip_chips: int = 64,
    workers: int | None = 1,
) -> VerifyReport:
    """Check a dataset from its files alone, and against its sources where they are found.

    Every chip is checked for presence, checksum, alignment and values; `images` and `round_trip`
    look at a sample that is evenly spread over the index.

    Args:
        folder: the dataset.
        all_chips: compare every chip with its sources.
        round_trip_chips: else how many.
        workers: processes that read the chips; None: as many as they are worth. The report is the
            same.

    Raises:
        InputError: there is no dataset.
        PolychipError: a worker died.
    """
    manifest = read_manifest(folder)
    try:
        facts = Facts.of(manifest)
        index = Index(folder)
        objects = ObjectStream(folder) if manifest["mode"] != "semantic" else None
        chosen = spread(index.n_chips, index.n_chips if all_chips else round_trip_chips)
        verification = _Verification(folder, facts, index, objects, chosen)
        executor = make_executor(_workers_for(index.n_chips) if workers is None else workers)
        try:
            return verification.report(executor)
        finally:
            executor.stop(now=True)
    except BrokenProcessPool as error:
        raise PolychipError(
            "a worker process died, often for want of memory; try again with fewer --workers"
        ) from error
    except (InputError, KeyError, TypeError, ValueError) as error:
        return _unreadable(error)


def _workers_for(n_chips: int) -> int:
    return max(1, min(default_workers(), n_chips // _WORTH_A_WORKER))


def _unreadable(error: Exception) -> VerifyReport:
    """The report of a dataset whose tables or manifest can't be followed."""
    what = str(error) if isinstance(error, InputError) else f"manifest or index lack {error!r}"
    skipped = "skipped: the index can't be read"
    return VerifyReport(
        tuple(
            Check(name, ok=False, message=what)
            if name == "tables"
            else Check(name, ok=None, message=skipped)
            for name in CHECKS
        )
    )


@dataclass(slots=True)
class _SceneSources:
    """The sources of the scene that is being looked at."""

    scene: str
    pixels: SourcePixels | None
    reason: str
    """Why there are no pixels."""


class _Verification:
    """One pass over the index; every check sees each chip once."""

    def __init__(
        self,
        folder: Path,
        facts: Facts,
        index: Index,
        objects: ObjectStream | None,
        chosen: set[int],
    ) -> None:
        self._folder, self._facts, self._index = folder, facts, index
        self._objects, self._chosen = objects, chosen
        self._sources = sources_or_reason(folder, facts.manifest)
        kinds = len(index.schema.field("files").type)
        self._manifest = ManifestCheck(folder, facts.manifest, index.layers)
        self._files = FilesCheck(folder, index.n_chips, kinds)
        self._checksums, self._values = Findings("checksums"), Findings("values")
        self._alignment = Findings("alignment")
        self._dtypes: set[str] = set()
        self._tables = TablesCheck(folder, index, facts)
        self._images = Findings("images")
        self._round_trip = RoundTrip(facts, self._extents())
        self._open = _SceneSources("", None, "")

    def report(self, executor: Executor) -> VerifyReport:
        """Look at everything."""
        self._tables.open_with_geopandas()
        loose = _loose_scenes(self._sources, self._facts)
        for tasks, seen in examine(executor, self._folder, self._chips(), loose):
            self._take(tasks, seen)
        left = self._objects.left if self._objects else None
        n, sampled = self._index.n_chips, f"of {self._index.n_chips} chips"
        trip, n_files = self._round_trip.found, self._checksums.n_checked
        return VerifyReport(
            (
                self._manifest.check(),
                self._files.check(),
                self._checksums.check(f"{n_files} files are as they were written"),
                self._alignment.check(f"images and masks of {n} chips lie on one grid each"),
                self._values.check(f"masks of {n} chips hold what schema and index say"),
                check_splits(self._folder, self._index, self._facts.manifest),
                check_leakage(self._folder, self._index, self._facts),
                self._tables.check(left, objects=self._objects is not None),
                self._images.check(
                    f"{self._images.n_checked} {sampled} are the source's pixels, bit for bit"
                ),
                trip.check(
                    f"{trip.n_checked} {sampled} are what the labels say, painted again "
                    f"independently ({self._round_trip.n_excused} pixels lie on an edge and "
                    "fall either way)"
                ),
            )
        )

    def _chips(self) -> Iterator[Task]:
        """Each chip, once its row and its files' presence have been looked at."""
        for row in self._index.rows():
            self._manifest.add(row)
            if row.number in self._chosen:
                self._tables.look_at(row)
            objects = self._objects.take(row) if self._objects else []
            yield Task(row, objects, self._files.add(row))

    def _take(self, tasks: list[Task], seen: Seen) -> None:
        self._checksums.absorb(seen.checksums)
        self._alignment.absorb(seen.alignment)
        self._values.absorb(seen.values)
        if self._dtypes and not seen.instance_dtypes <= self._dtypes:
            self._values.wrong(
                f"instance masks from {tasks[0].row} on are {some(sorted(seen.instance_dtypes))}, "
                f"those before {some(sorted(self._dtypes))}"
            )
        self._dtypes |= seen.instance_dtypes
        for task, sound in zip(tasks, seen.sound, strict=True):
            if sound and task.row.number in self._chosen:
                files = read_files(self._folder, task.row)
                self._compare_with_sources(task.row, files, task.objects)

    def _compare_with_sources(
        self, row: ChipRow, files: dict[str, ChipFile], objects: list[dict[str, Any]]
    ) -> None:
        if isinstance(self._sources, str):
            self._images.skip(self._sources)
            self._round_trip.found.skip(self._sources)
            return
        if self._open.scene != row.scene:
            self._open = self._open_scene(self._sources, row.scene)
        if self._open.pixels is None:
            self._images.skip(self._open.reason)
            self._round_trip.found.skip(self._open.reason)
            return
        compare_images(self._images, row, files, self._open.pixels)
        self._round_trip.add(row, files, objects, self._sources, self._open.pixels)

    def _open_scene(self, sources: Sources, name: str) -> _SceneSources:
        scene = sources.scene(name)
        if scene is None:
            return _SceneSources(name, None, f"the recipe knows no scene '{name}'")
        reason = sources.why_not_images(scene)
        if reason:
            return _SceneSources(name, None, reason)
        return self._open_pixels(sources, scene)

    def _open_pixels(self, sources: Sources, scene: Scene) -> _SceneSources:
        grid, entry = self._facts.grids[scene.name], self._facts.scene(scene.name)
        try:
            pixels = SourcePixels(sources.recipe, scene, grid, entry)
        except (RasterioError, PolychipError) as error:
            return _SceneSources(scene.name, None, f"a source can't be read ({error})")
        return _SceneSources(scene.name, pixels, "")

    def _extents(self) -> dict[str, Window]:
        """By scene, the image's pixels and those of its chips."""
        table = self._index.columns("scene", "x_off", "y_off", "width", "height").to_pandas()
        windows: dict[str, Window] = {}
        for name, part in table.groupby("scene"):
            x, y = int(part["x_off"].min()), int(part["y_off"].min())
            x_end = int(np.max(part["x_off"] + part["width"]))
            y_end = int(np.max(part["y_off"] + part["height"]))
            windows[str(name)] = Window(x, y, x_end - x, y_end - y)
        return covered_by_chips(self._facts.grids, windows)


def _loose_scenes(sources: Sources | str, facts: Facts) -> set[str]:
    """Scenes in which pixels of a countable class may belong to no object."""
    if isinstance(sources, str):
        return set(facts.grids)
    return {scene.name for scene in sources.recipe.scenes if has_raster_labels(scene)}
