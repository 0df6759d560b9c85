"""The dataset's tables, split lists and totals, from the records of its blocks."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polychip.addresses import is_remote, public
from polychip.blocks.jobs import INSTANCE, SEMANTIC, Block, BlockRecord, ChipSlot, SceneJob
from polychip.format_list import CHIPS, INSTANCES
from polychip.io.atomic import replacing, write_text
from polychip.io.index import (
    GEOMETRY,
    INSTANCE_SCHEMA,
    Footprints,
    TableWriter,
    chip_schema,
    index_crs,
    pixel_column,
    source_column,
    stat_column,
)
from polychip.layout.folds import chip_lists
from polychip.layout.frozen import FROZEN_FILE
from polychip.scenes.prepare import Plan, ScenePlan, block_bands, scene_blocks
from polychip.schema import LabelSchema
from polychip.state import RunState
from polychip.statistics import BandSums, Counts

NO_SPLIT = "all"
"""Name under which chips count when they are not divided."""
TRAIN = "train"
INCOMPLETE = "missing in another date"
"""Why chips are left out with chips.dates = 'all'."""
OBJECT_COLUMNS = tuple(n for n in INSTANCE_SCHEMA.names if n not in ("chip_id", "scene"))
"""What a block tells of its objects."""
STATISTICS = ("n_valid", "sum", "sumsq", "min", "max")
"""What is kept of each band of a chip."""


@dataclass(slots=True)
class Totals:
    """What is added up while the tables are written."""

    counts: Counts = field(default_factory=Counts)
    bands: dict[str, BandSums] = field(default_factory=dict)
    """By layer, over all chips."""
    train_bands: dict[str, BandSums] = field(default_factory=dict)
    """By layer, over the chips of the split 'train'."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Chips left out, by reason."""
    skipped_chips: dict[str, dict[str, str]] = field(default_factory=dict)
    """Reason by chip, by scene; chips that another date lacks are not in it."""
    failed: dict[str, str] = field(default_factory=dict)
    """Error by chip."""
    small_rests: int = 0
    """Objects left out of a chip because too little of them is seen there."""
    ids: dict[str, set[str]] = field(default_factory=dict)
    """Chip ids by split, of chips that are divided."""
    files: Any = field(default_factory=hashlib.sha256)
    """Running digest of all chip files, in the index's order."""


def write_tables(plan: Plan, state: RunState, schema: LabelSchema, job: SceneJob) -> Totals:
    """Write chips.parquet and, where there are objects, instances.parquet; rows are streamed."""
    layers = [name for name, _ in job.layers]
    kinds = [image_key(name) for name in layers] if job.images else []
    kinds += mask_kinds(job)
    codes = sorted({schema.background, schema.ignore, *(c.code for c in schema.classes)})
    rests = job.min_visible > 0
    footprints = Footprints(index_crs([scene.imagery.grid for scene in plan.scenes]))
    totals = Totals()
    complete = complete_chips(plan, state) if plan.recipe.chips.dates == "all" else None
    with ExitStack() as stack:
        path = stack.enter_context(replacing(state.output / CHIPS))
        chips = stack.enter_context(
            TableWriter(
                path, chip_schema(layers, kinds, codes, sources=not job.images, rests=rests)
            )
        )
        objects = None
        if job.objects:
            path = stack.enter_context(replacing(state.output / INSTANCES))
            objects = stack.enter_context(TableWriter(path, INSTANCE_SCHEMA))
        for scene, slots, record in _bands(plan, state, totals, complete):
            outlines = footprints.of(scene.imagery.grid, [slot.window for slot in slots])
            for slot, (shape, box) in zip(slots, outlines, strict=True):
                row = _chip_row(scene, slot, record, codes, schema)
                if rests:
                    row["n_rests"] = int(record.masks[slot.chip_id].get("n_rests", 0))
                if not job.images:
                    row |= _source_windows(scene, slot, state.output)
                chips.add([row | {GEOMETRY: shape, "bbox": box}])
                _add_up(totals, scene, slot, record, schema)
                if objects is not None:
                    columns = record.instances[slot.chip_id]
                    n = len(columns["local_id"])
                    head = {"chip_id": [slot.chip_id] * n, "scene": [scene.name] * n}
                    objects.extend(head | columns)
        chips.finish(footprints.metadata())
        if objects is not None:
            objects.finish({})
    return totals


def complete_chips(plan: Plan, state: RunState) -> set[str]:
    """Ids of the chips that every scene of their group has."""
    dates = Counter(scene.scene.group_name for scene in plan.scenes)
    seen: Counter[str] = Counter()
    needed: dict[str, int] = {}
    number = 0
    for scene in plan.scenes:
        for block in scene_blocks(plan, scene, number):
            number = block.number + 1
            masks = state.load_record(block.number).masks
            seen.update(list(masks))
            needed.update(dict.fromkeys(masks, dates[scene.scene.group_name]))
    return {chip_id for chip_id, n in seen.items() if n == needed[chip_id]}


def _bands(
    plan: Plan, state: RunState, totals: Totals, complete: set[str] | None
) -> Iterator[tuple[ScenePlan, list[ChipSlot], BlockRecord]]:
    """Written chips by row and column, a band of blocks at a time, with what is known of them."""
    number = 0
    for scene in plan.scenes:
        for band in block_bands(scene_blocks(plan, scene, number)):
            number = band[-1].number + 1
            yield from _one_band(scene, band, state, totals, complete)


def _one_band(
    scene: ScenePlan,
    blocks: list[Block],
    state: RunState,
    totals: Totals,
    complete: set[str] | None,
) -> Iterator[tuple[ScenePlan, list[ChipSlot], BlockRecord]]:
    record = BlockRecord(0)
    for block in blocks:
        record.absorb(state.load_record(block.number))
    totals.skipped.update(record.skipped.values())
    totals.skipped_chips.setdefault(scene.name, {}).update(record.skipped)
    totals.failed.update(
        {f"{scene.name}/{chip_id}": text for chip_id, text in record.failed.items()}
    )
    written = [slot for block in blocks for slot in block.chips if slot.chip_id in record.masks]
    if complete is not None:
        for slot in [slot for slot in written if slot.chip_id not in complete]:
            totals.skipped[INCOMPLETE] += 1
            for entry in _files(slot, record).values():
                (state.output / entry["path"]).unlink(missing_ok=True)
        written = [slot for slot in written if slot.chip_id in complete]
    written.sort(key=lambda slot: (slot.row, slot.col, slot.chip_id))
    if written:
        yield scene, written, record


def mask_kinds(job: SceneJob) -> list[str]:
    """The masks that each chip has, targets included."""
    return [SEMANTIC, *([INSTANCE] if job.objects else []), *(spec.name for spec in job.targets)]


def image_key(layer: str) -> str:
    """Key of a layer's image among a chip's files."""
    return f"image_{layer}" if layer else "image"


def _files(slot: ChipSlot, record: BlockRecord) -> dict[str, dict[str, str]]:
    """Each file of a chip: its path and checksum."""
    images = record.images[slot.chip_id]
    masks = record.masks[slot.chip_id]
    found = {image_key(layer): entry for layer, entry in images.items() if "path" in entry}
    found |= {kind: masks[kind] for kind in (SEMANTIC, INSTANCE) if kind in masks}
    targets: dict[str, dict[str, str]] = masks.get("targets", {})
    return found | targets


def _source_windows(scene: ScenePlan, slot: ChipSlot, output: Path) -> dict[str, Any]:
    """For each layer the files that the chip is a window of, and which."""
    row: dict[str, Any] = {}
    for layer, plan in scene.imagery.layers:
        row[source_column(layer)] = [
            {
                "path": dataset_path(placement.path, output),
                "bands": list(placement.bands),
                "x_off": slot.window.x_off - placement.offset[0],
                "y_off": slot.window.y_off - placement.offset[1],
            }
            for placement in plan.placements
            if not placement.extent.intersection(slot.window).is_empty()
        ]
    return row


def dataset_path(path: str, output: Path) -> str:
    """A source's path as seen from the dataset: nothing of this machine is in it."""
    return public(path) if is_remote(path) else Path(os.path.relpath(path, output)).as_posix()


def class_pixels(slot: ChipSlot, record: BlockRecord, schema: LabelSchema) -> dict[int, int]:
    """Pixels by class code; padding, which is ignore in the mask, does not count."""
    entry = record.masks[slot.chip_id]
    pixels = {int(code): int(n) for code, n in entry["counts"].items()}
    pixels[schema.ignore] = pixels.get(schema.ignore, 0) - int(entry["padding_px"])
    return pixels


def _chip_row(
    scene: ScenePlan,
    slot: ChipSlot,
    record: BlockRecord,
    codes: Sequence[int],
    schema: LabelSchema,
) -> dict[str, Any]:
    masks = record.masks[slot.chip_id]
    files = _files(slot, record)
    pixels = class_pixels(slot, record, schema)
    inside = int(masks["inside_px"])
    row: dict[str, Any] = {
        "chip_id": slot.chip_id,
        "group": scene.scene.group_name,
        "scene": scene.name,
        "date": scene.scene.date,
        "row": slot.row,
        "col": slot.col,
        "x_off": slot.window.x_off,
        "y_off": slot.window.y_off,
        "width": slot.window.width,
        "height": slot.window.height,
        "split": slot.split,
        "files": {kind: entry["path"] for kind, entry in files.items()},
        "sha256": {kind: entry["sha256"] for kind, entry in files.items()},
        "valid_fraction": masks["valid_px"] / inside,
        "labelled_fraction": (inside - pixels[schema.ignore]) / inside,
        "n_instances": masks.get("n_instances"),
    }
    row |= {pixel_column(code): pixels.get(code, 0) for code in codes}
    for layer, entry in record.images[slot.chip_id].items():
        for name in STATISTICS:
            row[stat_column(layer, name)] = entry[name]
    return row


def _add_up(
    totals: Totals, scene: ScenePlan, slot: ChipSlot, record: BlockRecord, schema: LabelSchema
) -> None:
    split = slot.split or NO_SPLIT
    masks = record.masks[slot.chip_id]
    totals.counts.add(
        scene.name, split, class_pixels(slot, record, schema), int(masks.get("n_instances") or 0)
    )
    for layer, entry in record.images[slot.chip_id].items():
        totals.bands.setdefault(layer, BandSums()).add(entry)
        if split == TRAIN:
            totals.train_bands.setdefault(layer, BandSums()).add(entry)
    totals.small_rests += int(masks.get("n_rests", 0))
    if slot.split is not None:
        totals.ids.setdefault(slot.split, set()).add(slot.chip_id)
    for entry in _files(slot, record).values():
        totals.files.update(f"{entry['sha256']}  {entry['path']}\n".encode())


def write_splits(plan: Plan, output: Path, totals: Totals) -> None:
    """A sorted list of chip ids for each split, also for one that stayed empty.

    Folds get a second list each: the chips to train on while the fold is held back.
    """
    if not plan.has_splits:
        return
    if plan.frozen is not None:
        write_text(output / "splits" / FROZEN_FILE, plan.frozen.to_csv())
    ids = {name: totals.ids.get(name, set()) for name in plan.splits.names}
    for name, chips in chip_lists(ids, kfold=plan.recipe.split.by == "kfold").items():
        write_text(output / "splits" / f"{name}.txt", "".join(f"{chip_id}\n" for chip_id in chips))


def dataset_digest(output: Path, totals: Totals) -> str:
    """SHA-256 over all chip files, both tables and the split lists."""
    digest = totals.files.copy()
    names = [CHIPS, INSTANCES, *sorted(f"splits/{p.name}" for p in output.glob("splits/*.txt"))]
    for name in names:
        path = output / name
        if path.exists():
            with path.open("rb") as file:
                digest.update(
                    f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n".encode()
                )
    return f"sha256:{digest.hexdigest()}"
