"""One block made: images and masks together, or the images before the labels are there."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from polychip.blocks.images import read_layers, too_much_nodata, write_images
from polychip.blocks.jobs import Block, BlockRecord, ChipSlot
from polychip.blocks.masks import write_masks
from polychip.blocks.opened import Pixels, SceneWorker
from polychip.errors import InputError
from polychip.io.atomic import writing_into


def make_images(worker: SceneWorker, block: Block) -> BlockRecord | None:
    """Write a block's images before the labels are there; what is invalid is left in `scratch`.

    None when the imagery can't be read as one: then `make_block` finds the chips that can.
    """
    try:
        layers = read_layers(worker, worker.job.reach(block))
    except InputError:
        return None
    record = BlockRecord(block.number)
    valid = _valid_everywhere(layers)
    for slot in _enough_data(worker, block, valid, record):
        record.images[slot.chip_id] = write_images(worker, slot, layers)
    if not valid.all():
        path = worker.job.scratch / f"valid-{block.number}.npy"
        with writing_into(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, np.packbits(valid))
    return record


def make_masks(worker: SceneWorker, block: Block) -> BlockRecord:
    """Write the masks of a block whose images `make_images` has written."""
    path, window = worker.job.scratch / f"valid-{block.number}.npy", worker.job.reach(block)
    valid = np.ones((window.height, window.width), dtype=bool)
    if path.exists():
        bits = np.unpackbits(np.load(path), count=valid.size)
        valid = bits.reshape(valid.shape).astype(bool)
    return make_masks_where(worker, block, valid)


def make_masks_where(worker: SceneWorker, block: Block, valid: NDArray[np.bool_]) -> BlockRecord:
    """Write a block's masks.

    Args:
        valid: (height, width) of what is burned for the block, where all layers have data.
    """
    record = BlockRecord(block.number)
    chips = _enough_data(worker, block, valid, record)
    write_masks(worker, block, chips, valid, record)
    return record


def make_block(worker: SceneWorker, block: Block) -> BlockRecord:
    """Write a block's masks and images.

    Imagery that can't be read costs the chips it touches, no other.
    """
    record = BlockRecord(block.number)
    try:
        layers = read_layers(worker, worker.job.reach(block))
    except InputError as error:
        if len(block.chips) == 1:
            record.failed[block.chips[0].chip_id] = str(error)
            return record
        for slot in block.chips:
            record.absorb(make_block(worker, Block(block.number, block.scene, (slot,))))
        return record
    valid = _valid_everywhere(layers)
    chips = _enough_data(worker, block, valid, record)
    for slot in write_masks(worker, block, chips, valid, record):
        record.images[slot.chip_id] = write_images(worker, slot, layers)
    return record


def _valid_everywhere(layers: Mapping[str, Pixels]) -> NDArray[np.bool_]:
    """Where no layer is nodata."""
    first, *rest = (pixels.valid for pixels in layers.values())
    for valid in rest:
        first = first & valid
    return first


def _enough_data(
    worker: SceneWorker, block: Block, valid: NDArray[np.bool_], record: BlockRecord
) -> list[ChipSlot]:
    """The chips that hold enough image; the others are recorded as skipped."""
    if worker.job.max_nodata >= 1.0:
        return list(block.chips)
    chips, window = [], worker.job.reach(block)
    for slot in block.chips:
        if too_much_nodata(worker.job, valid[slot.window.slices_in(window)], slot):
            record.skipped[slot.chip_id] = "nodata"
        else:
            chips.append(slot)
    return chips
