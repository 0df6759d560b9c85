"""What a dataset's tables say of its chips, read along with its blocks: records without work."""

import hashlib
import os
from array import array
from bisect import bisect_left
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from polychip.blocks.images import inside_px
from polychip.blocks.jobs import INSTANCE, SEMANTIC, Block, BlockRecord, ChipSlot, SceneJob
from polychip.errors import InputError
from polychip.format_list import CHIPS, INSTANCES
from polychip.io.index import GEOMETRY, pixel_column, stat_column
from polychip.layout.folds import chip_lists
from polychip.layout.frozen import FROZEN_FILE
from polychip.scenes.prepare import Plan
from polychip.tables import OBJECT_COLUMNS, STATISTICS, image_key

_BATCH = 2048
Row = dict[str, Any]


class SceneRows:
    """A scene's rows of the tables, given out by bands of blocks, so that few are held at a time.

    The tables are sorted by row, and so are bands. A chip that the tables have in another row than
    the plan is not found: it is made again.
    """

    def __init__(
        self, output: Path, scene: str, *, objects: bool = False, columns: Sequence[str] = ()
    ) -> None:
        """Nothing is read yet.

        Args:
            output: the dataset.
            scene: its name.
            objects: whether the table of objects is asked for.
            columns: of the index; none: all but outlines.

        Raises:
            InputError: a table can't be read, here or later.
        """
        self._chips = scene_rows(output / CHIPS, scene, columns)
        self._next = next(self._chips, None)
        self._with_objects = objects
        found = scene_rows(output / INSTANCES, scene) if objects else iter(())
        self._objects = groupby(found, key=lambda entry: str(entry["chip_id"]))
        self._next_objects = next(self._objects, None)

    def band(self, blocks: Sequence[Block]) -> tuple[dict[str, Row], dict[str, list[Row]]]:
        """(rows of the index, those of the table of objects) by chip, up to the blocks' last row.

        Args:
            blocks: a band, below those that were asked for before.
        """
        last = max(slot.row for block in blocks for slot in block.chips)
        rows: dict[str, Row] = {}
        objects: dict[str, list[Row]] = {}
        while self._next is not None and self._next["row"] <= last:
            chip_id = self._next["chip_id"]
            rows[chip_id] = self._next
            if self._next_objects is not None and self._next_objects[0] == chip_id:
                objects[chip_id] = list(self._next_objects[1])
                self._next_objects = next(self._objects, None)
            elif self._with_objects and self._next["n_instances"]:
                raise InputError(
                    f"{INSTANCES} lacks the objects of chip {chip_id}, or has them in another "
                    f"order than {CHIPS}; the dataset is damaged"
                )
            self._next = next(self._chips, None)
        return rows, objects

    def left(self) -> Iterator[str]:
        """Ids of the chips behind the last band."""
        while self._next is not None:
            yield self._next["chip_id"]
            self._next = next(self._chips, None)


def scene_rows(path: Path, scene: str, columns: Sequence[str] = ()) -> Iterator[Row]:
    """A scene's rows of one of the tables, in its order.

    Args:
        path: the table.
        scene: its name.
        columns: none: all but outlines.

    Raises:
        InputError: the table can't be read.
    """
    try:
        with pq.ParquetFile(path) as file:
            names = [*columns] or [
                name for name in file.schema_arrow.names if name not in (GEOMETRY, "bbox")
            ]
            groups = _groups_of(file, scene)
            wanted = list(dict.fromkeys([*names, "scene"]))
            for batch in file.iter_batches(_BATCH, row_groups=groups, columns=wanted):
                for row in batch.to_pylist():
                    if row["scene"] == scene:
                        yield row
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} can't be read ({error}); the dataset is damaged") from error


def _groups_of(file: pq.ParquetFile, scene: str) -> list[int]:
    """Row groups that may have rows of a scene."""
    paths = [file.schema.column(number).path for number in range(len(file.schema))]
    flat = paths.index("scene")
    found = []
    for number in range(file.metadata.num_row_groups):
        told = file.metadata.row_group(number).column(flat).statistics
        if told is None or not told.has_min_max or told.min <= scene <= told.max:
            found.append(number)
    return found


class Paths(Container[str]):
    """Millions of paths, at 8 bytes each; one that was never added is found once in 10^12 times."""

    def __init__(self, paths: Iterator[str]) -> None:
        known = np.fromiter((_short(path) for path in paths), dtype=np.uint64)
        known.sort()
        self._known = array("Q", known.tobytes())

    def __contains__(self, path: object) -> bool:
        """Whether a path was added."""
        short = _short(str(path))
        place = bisect_left(self._known, short)
        return place < len(self._known) and self._known[place] == short


def _short(path: str) -> int:
    return int.from_bytes(hashlib.blake2b(path.encode(), digest_size=8).digest(), "big")


def wanted_files(plan: Plan, output: Path) -> Paths:
    """Paths below the dataset of the files that the index names, and of what else may be there."""
    return Paths(_wanted(plan, output))


def _wanted(plan: Plan, output: Path) -> Iterator[str]:
    yield from (name for name in (INSTANCES, "report.html") if _is_made(plan, name))
    with pq.ParquetFile(output / CHIPS) as file:
        for batch in file.iter_batches(columns=["files"]):
            for files in batch.column("files").to_pylist():
                yield from files.values()
    if plan.has_splits:
        lists = chip_lists(
            {name: set() for name in plan.splits.names}, kfold=plan.recipe.split.by == "kfold"
        )
        yield from (f"splits/{name}.txt" for name in lists)
    if plan.frozen is not None:
        yield f"splits/{FROZEN_FILE}"


def _is_made(plan: Plan, name: str) -> bool:
    if name == INSTANCES:
        return plan.recipe.masks.mode != "semantic"
    return plan.recipe.output.report or name != "report.html"


def files_are_there(output: Path, row: Mapping[str, Any]) -> bool:
    """Whether a chip has all its files; by texts, for there may be millions."""
    return all(os.path.isfile(f"{output}/{path}") for path in row["files"].values())  # noqa: PTH113


def dataset_records(
    output: Path | None,
    job: SceneJob,
    block: Block,
    rows: Mapping[str, Mapping[str, Any]],
    objects: Mapping[str, list[dict[str, Any]]],
) -> BlockRecord | None:
    """The record that a block left, from the tables of the dataset; None when chips are missing.

    Args:
        output: the dataset; None where somebody has looked for the files.
        job: of the block's scene.
        block: what was planned.
        rows: of chips.parquet, by chip.
        objects: of instances.parquet, by chip.
    """
    record, codes = BlockRecord(block.number), _columns_of_codes(job)
    for slot in block.chips:
        row = rows.get(slot.chip_id)
        if row is None or not (output is None or files_are_there(output, row)):
            return None
        for layer, _ in job.layers:
            entry = {name: row[stat_column(layer, name)] for name in STATISTICS}
            if job.images:
                kind = image_key(layer)
                entry |= {"path": row["files"][kind], "sha256": row["sha256"][kind]}
            record.images.setdefault(slot.chip_id, {})[layer] = entry
        record.masks[slot.chip_id] = _mask_entry(job, slot, row, codes)
        if job.objects:
            mine = objects.get(slot.chip_id, [])
            record.instances[slot.chip_id] = {
                name: [entry[name] for entry in mine] for name in OBJECT_COLUMNS
            }
    return record


def _columns_of_codes(job: SceneJob) -> dict[int, str]:
    """Name of the column with the pixels of each code that a mask may hold, ascending."""
    schema = job.known_schema()
    codes = {schema.background, schema.ignore, *(entry.code for entry in schema.classes)}
    return {code: pixel_column(code) for code in sorted(codes)}


def _mask_entry(
    job: SceneJob, slot: ChipSlot, row: Mapping[str, Any], codes: Mapping[int, str]
) -> dict[str, Any]:
    inside = inside_px(job, slot)
    padding = slot.window.width * slot.window.height - inside
    pixels = {code: int(row[column]) for code, column in codes.items()}
    pixels[job.known_schema().ignore] += padding
    files = {
        kind: {"path": path, "sha256": row["sha256"][kind]} for kind, path in row["files"].items()
    }
    entry: dict[str, Any] = {kind: files[kind] for kind in (SEMANTIC, INSTANCE) if kind in files}
    if job.targets:
        entry["targets"] = {spec.name: files[spec.name] for spec in job.targets}
    if row.get("n_rests"):
        entry["n_rests"] = row["n_rests"]
    return entry | {
        "counts": {str(code): n for code, n in pixels.items() if n},
        "inside_px": inside,
        "padding_px": padding,
        "valid_px": round(row["valid_fraction"] * inside),
        "n_instances": row["n_instances"],
    }
