"""The mask half of a block: three states, one declared order, objects counted."""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polychip.blocks.images import inside_px
from polychip.blocks.jobs import INSTANCE, SEMANTIC, Block, BlockRecord, ChipSlot, SceneJob
from polychip.blocks.opened import SceneWorker
from polychip.blocks.rests import ChipView, learnt_from, view_chip
from polychip.blocks.targets import write_targets
from polychip.burn.objects import ChipObjects, ChipRuns, objects_of_chips
from polychip.burn.runs import Runs, cut_for_all, paint_layers, scan
from polychip.burn.stretches import stretches
from polychip.grid import Window
from polychip.image import ImageProfile
from polychip.labels.labelset import NO_OBJECT
from polychip.labels.mapped_texts import texts_at
from polychip.schema import LabelSchema, palette

_SMALL_PX = 1 << 14
"""In chips of so many pixels each is looked at by itself: fewer calls are what counts."""
_FEW_CODES = 8
"""Up to so many, comparing with each code beats looking for stretches of equal pixels."""
_WORD = 8


@dataclass(frozen=True)
class Burned:
    """A block's labels as pixels."""

    window: Window
    semantic: NDArray[np.generic]
    """(height, width) class codes, background and ignore included."""
    runs: Runs
    """Of all features, in painting order."""
    special: NDArray[np.bool_]
    """(n_runs,) which of them are of background or ignore."""
    covered: NDArray[np.bool_] | None
    """(height, width) where raster labels have a class; None without raster labels."""
    top: NDArray[np.int32] | None
    """(height, width) 1 + the block's object on top; None where no objects are asked for."""
    things: Runs
    """Runs of thing features; `owner` is the block's object."""
    numbers: NDArray[np.int64]
    """The scene's number of each of the block's objects."""

    @functools.cached_property
    def covering(self) -> Runs:
        """Runs of the features that are neither background nor ignore."""
        return self.runs.take(~self.special)


def burn_block(
    worker: SceneWorker,
    window: Window,
    valid: NDArray[np.bool_],
    without: NDArray[np.int64] | None = None,
) -> Burned:
    """Burn everything that lies in a window.

    Args:
        valid: (height, width) where all layers have data; padding has none.
        without: the scene's objects that are left out.
    """
    job, labels = worker.job, worker.labels
    schema = job.known_schema()
    runs = scan(labels.edges, window, all_touched=job.all_touched)
    if without is not None:
        runs = runs.take(~np.isin(labels.object_of[runs.owner], without))
    codes = labels.codes[runs.owner]
    shape = (window.height, window.width)
    semantic = np.full(shape, schema.background, dtype=schema.dtype)
    covered = paint_rasters(worker, window, semantic)
    layers: list[tuple[NDArray[np.generic], NDArray[np.generic]]]
    layers = [(semantic, codes.astype(schema.dtype))]
    numbers, top, things = np.empty(0, np.int64), None, runs.take(np.zeros(len(runs), bool))
    if job.objects:
        numbers, values, things = _objects_in(labels.object_of[runs.owner], runs)
        top = np.zeros(shape, dtype=np.int32)
        layers.append((top, values))
    paint_layers(layers, runs)
    _ignore(worker, window, valid, semantic)
    if top is not None:
        ignored = semantic == schema.ignore
        if ignored.any():
            np.copyto(top, 0, where=ignored)
    special = (codes == schema.background) | (codes == schema.ignore)
    return Burned(window, semantic, runs, special, covered, top, things, numbers)


def _objects_in(
    number: NDArray[np.int64], runs: Runs
) -> tuple[NDArray[np.int64], NDArray[np.int32], Runs]:
    """The objects of runs: their numbers in the scene, each run's value on top, their own runs.

    Args:
        number: (n_runs,) each run's object in the scene, or NO_OBJECT.
        runs: of all features in a window.
    """
    is_thing = number != NO_OBJECT
    values = np.zeros(len(runs), dtype=np.int32)
    numbers, local = np.unique(number[is_thing], return_inverse=True)
    values[is_thing] = local + 1
    part = runs.take(is_thing)
    return numbers, values, Runs(local.astype(np.int64), part.row, part.start, part.stop)


def paint_rasters(
    worker: SceneWorker, window: Window, semantic: NDArray[np.generic]
) -> NDArray[np.bool_] | None:
    """Paint raster labels beneath all polygons; returns where they have a class."""
    if not worker.job.raster_labels:
        return None
    schema = worker.job.known_schema()
    covered = np.zeros(semantic.shape, dtype=bool)
    for index, source in enumerate(worker.job.raster_labels):
        pixels = worker.read(f"labels:{index}", source.plan, window)
        values = pixels.values[0]
        semantic[~pixels.valid] = schema.ignore
        for value, code in source.codes:
            here = pixels.valid & (values == value)
            semantic[here] = code
            if code not in (schema.background, schema.ignore):
                covered |= here
    return covered


def _ignore(
    worker: SceneWorker,
    window: Window,
    valid: NDArray[np.bool_],
    semantic: NDArray[np.generic],
) -> None:
    """Set to ignore: nodata and padding, outside the extent, and what ignore rasters mark."""
    value = semantic.dtype.type(worker.job.known_schema().ignore)
    if not valid.all():
        np.copyto(semantic, value, where=~valid)
    if worker.extent is not None:
        np.copyto(semantic, value, where=~worker.extent.known(window, semantic))
    for index, (plan, values) in enumerate(worker.job.ignore_rasters):
        pixels = worker.read(f"ignore:{index}", plan, window)
        np.copyto(semantic, value, where=np.isin(pixels.values[0], values))


def write_masks(
    worker: SceneWorker,
    block: Block,
    chips: list[ChipSlot],
    valid: NDArray[np.bool_],
    record: BlockRecord,
) -> list[ChipSlot]:
    """Burn a block and write the masks of its chips; returns the chips that stay."""
    job = worker.job
    schema, look = job.known_schema(), semantic_profile(job)
    burned, whole = burn_block(worker, job.reach(block), valid), bool(valid.all())
    kept: list[ChipSlot] = []
    ignored, with_objects = {}, []
    for slot in chips:
        part = slot.window.slices_in(burned.window)
        view = _view(worker, slot, burned, valid[part])
        semantic = np.ascontiguousarray(view.semantic)
        reason = _reason_to_skip(worker, slot, view)
        if reason:
            record.skipped[slot.chip_id] = reason
            continue
        kept.append(slot)
        inside = inside_px(job, slot)
        entry: dict[str, Any] = {
            SEMANTIC: worker.write(
                f"masks/{SEMANTIC}", slot, semantic[None], *look, content="mask"
            ),
            "counts": count_codes(semantic, schema),
            "inside_px": inside,
            "padding_px": semantic.size - inside,
            "valid_px": semantic.size if whole else int(np.count_nonzero(valid[part])),
        }
        if view.top is not None:
            with_objects.append((slot, view.burned, view.top))
        if view.n_rests:
            entry["n_rests"] = view.n_rests
        if view.changed:
            ignored[slot.chip_id] = semantic == schema.ignore
        record.masks[slot.chip_id] = entry
    _write_objects(worker, with_objects, record)
    write_targets(worker, kept, burned, ignored, record)
    return kept


def _write_mask(
    worker: SceneWorker,
    name: str,
    slot: ChipSlot,
    mask: NDArray[np.generic],
    look: tuple[ImageProfile, dict[str, str]],
) -> dict[str, str]:
    profile, tags = look
    return worker.write(f"masks/{name}", slot, mask[None], profile, tags, content="mask")


def _view(
    worker: SceneWorker, slot: ChipSlot, burned: Burned, valid: NDArray[np.bool_]
) -> ChipView:
    """The chip's part of a block."""
    return view_chip(
        worker.job, slot, burned, worker.labels.objects.area_px,
        lambda numbers: burn_block(worker, slot.window, valid, numbers),
    )  # fmt: skip


def count_codes(semantic: NDArray[np.generic], schema: LabelSchema) -> dict[str, int]:
    """Pixels by class code, codes that do not occur left out.

    Args:
        semantic: (height, width), C-contiguous.
    """
    if semantic.size <= _SMALL_PX and semantic.dtype == np.uint8:
        tally = np.bincount(semantic.ravel()).tolist()
        return {str(code): n for code, n in enumerate(tally) if n}
    codes = {schema.background, schema.ignore, *(entry.code for entry in schema.classes)}
    if len(codes) > _FEW_CODES:
        place, length = stretches(semantic)
        counts = np.bincount(semantic.ravel()[place], weights=length)
        return {str(code): int(counts[code]) for code in np.flatnonzero(counts).tolist()}
    values = _other_than(semantic, schema.background)
    left, found = int(np.count_nonzero(values != schema.background)), {}
    for code in sorted(codes - {schema.background}):
        n = int(np.count_nonzero(values == code)) if left else 0
        left, found[code] = left - n, n
    found[schema.background] = semantic.size - sum(found.values())
    return {str(code): n for code, n in sorted(found.items()) if n}


def _other_than(pixels: NDArray[np.generic], common: int) -> NDArray[np.generic]:
    """All pixels of another value, and some of this one: in words of eight bytes."""
    n = _WORD // pixels.itemsize
    if pixels.size % n:
        return pixels.ravel()
    words = pixels.reshape(-1).view(np.uint64)
    plain = np.full(n, common, dtype=pixels.dtype).view(np.uint64)[0]
    return words.take(np.flatnonzero(words != plain)).view(pixels.dtype)


def _reason_to_skip(worker: SceneWorker, slot: ChipSlot, view: ChipView) -> str | None:
    job, burned = worker.job, view.burned
    if not slot.keep_empty:
        learnt = learnt_from(job, slot)
        covered = not learnt.is_empty() and len(burned.covering.cut(burned.window, learnt)) > 0
        rasters = burned.covered
        if not covered and (rasters is None or not rasters[learnt.slices_in(burned.window)].any()):
            return "no feature"
    if job.min_pixels and _too_few_pixels(job, view.semantic):
        return "too few pixels"
    if job.min_labelled > 0:
        learnt = learnt_from(job, slot)
        known = int(np.count_nonzero(view.semantic != job.known_schema().ignore))
        if known < job.min_labelled * learnt.width * learnt.height:
            return "unlabelled"
    return None


def _too_few_pixels(job: SceneJob, semantic: NDArray[np.generic]) -> bool:
    """Whether a chip with classes shows none of those that count often enough."""
    schema = job.known_schema()
    counts = {int(code): n for code, n in count_codes(semantic, schema).items()}
    codes = {entry.name: entry.code for entry in schema.mask_classes}
    if not any(counts.get(code) for code in codes.values()):
        return False  # chips.negatives decides
    return all(counts.get(codes[name], 0) < least for name, least in job.min_pixels)


def _write_objects(
    worker: SceneWorker,
    chips: Sequence[tuple[ChipSlot, Burned, NDArray[np.int32]]],
    record: BlockRecord,
) -> None:
    """Write the instance masks of a block's chips, and tell of their objects.

    Args:
        worker: the scene.
        chips: each with what was burned for it and the object on top (height, width).
        record: holds the chips' masks.
    """
    job, area_px = worker.job, worker.labels.objects.area_px
    look = instance_profile(job)
    found = objects_of_chips(_runs_of_chips(job, chips, area_px), job.instance_dtype)
    for (slot, burned, _), (objects, mask) in zip(chips, found, strict=True):
        entry = record.masks[slot.chip_id]
        entry[INSTANCE] = _write_mask(worker, INSTANCE, slot, mask, look)
        entry["n_instances"] = int(np.count_nonzero(objects.local_id))
        record.instances[slot.chip_id] = _object_columns(worker, objects, burned.numbers)


def _runs_of_chips(
    job: SceneJob,
    chips: Sequence[tuple[ChipSlot, Burned, NDArray[np.int32]]],
    area_px: NDArray[np.int64],
) -> list[ChipRuns]:
    """What was burned for each chip: mostly a part of the same block."""
    parts: dict[int, dict[Window, Runs]] = {}
    for _, burned, _ in chips:
        if id(burned) not in parts:
            windows = [slot.window for slot, other, _ in chips if other is burned]
            parts[id(burned)] = cut_for_all(burned.things, burned.window, windows)
    return [
        ChipRuns(
            parts[id(burned)][slot.window],
            area_px[burned.numbers],
            top,
            job.grid.window.shifted(-slot.window.x_off, -slot.window.y_off),
        )
        for slot, burned, top in chips
    ]


def _object_columns(
    worker: SceneWorker, objects: ChipObjects, numbers: NDArray[np.int64]
) -> dict[str, list[Any]]:
    known, number = worker.labels.objects, numbers[objects.number]
    listed, total = number.tolist(), known.area_px[number]
    share = objects.visible_px / np.maximum(total, 1)
    return {
        "local_id": objects.local_id.tolist(),
        "instance_id": texts_at(known.instance_id, listed),
        "namespace": texts_at(known.namespace, listed),
        "class_code": known.code[number].tolist(),
        "source_fid": texts_at(known.source_fid, listed),
        "n_features": known.n_features[number].tolist(),
        "bbox_px": objects.box.tolist(),
        "area_px": objects.area_px.tolist(),
        "visible_px": objects.visible_px.tolist(),
        "truncated": objects.truncated.tolist(),
        "visible_fraction": np.where(total > 0, share, 0.0).tolist(),
        "rle": objects.rle,
    }


def semantic_profile(job: SceneJob) -> tuple[ImageProfile, dict[str, str]]:
    """Profile and tags of semantic masks: a palette in 8 bits, and never a nodata tag."""
    schema = job.known_schema()
    small = schema.dtype == "uint8"
    profile = _mask_profile(schema.dtype, SEMANTIC, palette(schema) if small else None)
    tags = {
        "POLYCHIP_TARGET": SEMANTIC,
        "POLYCHIP_BACKGROUND": str(schema.background),
        "POLYCHIP_IGNORE": str(schema.ignore),
        "POLYCHIP_CLASSES": json.dumps(_class_names(schema), ensure_ascii=True),
    }
    return profile, tags


def _class_names(schema: LabelSchema) -> dict[str, str]:
    return {str(entry.code): entry.name for entry in schema.mask_classes}


def instance_profile(job: SceneJob) -> tuple[ImageProfile, dict[str, str]]:
    """Profile and tags of instance masks: local ids, 0 for none."""
    tags = {"POLYCHIP_TARGET": INSTANCE, "POLYCHIP_NONE": "0"}
    return _mask_profile(job.instance_dtype, INSTANCE, None), tags


def _mask_profile(
    dtype: str, name: str, colormap: tuple[tuple[int, int, int, int], ...] | None
) -> ImageProfile:
    return ImageProfile(
        dtype=dtype,
        count=1,
        nodata=None,
        descriptions=(name,),
        colorinterp=("palette" if colormap else "gray",),
        scales=(1.0,),
        offsets=(0.0,),
        units=(None,),
        colormap=colormap,
    )
