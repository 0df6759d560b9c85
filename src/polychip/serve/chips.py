"""One chip made as a run makes it, and kept instead of written."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polychip.blocks.images import band_statistics
from polychip.blocks.jobs import Block, BlockRecord, ChipSlot, SceneJob, image_kind
from polychip.blocks.opened import SceneWorker
from polychip.blocks.work import make_block
from polychip.errors import InputError
from polychip.grid import Window
from polychip.labels.extent import Extent
from polychip.labels.labelset import LabelSet
from polychip.report.preview import to_rgb

_SAMPLES = 4
"""Windows along each side of an image from which the stretch of its picture is taken."""
_SAMPLE_PX = 128


@dataclass(frozen=True, slots=True)
class MadeChip:
    """A chip's pixels and what the tables would say of it."""

    slot: ChipSlot
    pixels: dict[str, NDArray[np.generic]]
    """(bands, height, width) by the folder that a run would write it to."""
    record: BlockRecord
    skipped: str | None
    """Why a run would leave it out."""


class ChipMaker(SceneWorker):
    """A scene held open, of which chips are made one by one; not for several threads at once."""

    def __init__(self, job: SceneJob) -> None:
        super().__init__(replace(job, targets=(), images=True))
        self._kept: dict[str, NDArray[np.generic]] = {}
        self._bands: dict[str, list[dict[str, float]]] = {}

    def write(  # type: ignore[override]  # what is kept needs no more
        self, kind: str, _slot: ChipSlot, pixels: NDArray[np.generic], *_: Any, **__: Any
    ) -> dict[str, str]:
        """Keep the pixels."""
        self._kept[kind] = pixels
        return {}

    def make(
        self, slot: ChipSlot, labels: LabelSet | None = None, extent: Extent | None = None
    ) -> MadeChip:
        """The chip, also when a run would leave it out.

        Args:
            labels: in place of the plan's.
            extent: in place of the plan's.

        Raises:
            InputError: the imagery can't be read there.
        """
        own = (self.labels, self.extent)
        self.labels = own[0] if labels is None else labels
        self.extent = own[1] if extent is None else extent
        try:
            record = self._made(slot, self.job)
            skipped = record.skipped.get(slot.chip_id)
            if skipped is not None:
                lenient = replace(self.job, max_nodata=1.0, min_labelled=0.0)
                record = self._made(replace(slot, keep_empty=True), lenient)
        finally:
            self.labels, self.extent = own
        failed = record.failed.get(slot.chip_id)
        if failed is not None:
            raise InputError(failed)
        return MadeChip(slot, dict(self._kept), record, skipped)

    def _made(self, slot: ChipSlot, job: SceneJob) -> BlockRecord:
        self._kept.clear()
        asked, self.job = self.job, job
        try:
            return make_block(self, Block(0, job.scene, (slot,)))
        finally:
            self.job = asked

    def picture(self, chip: MadeChip, layer: str) -> NDArray[np.uint8]:
        """The chip's image for eyes, (height, width, 3): as the dataset's preview shows it."""
        if layer not in self._bands:
            self._bands[layer] = self._sampled(layer)
        return to_rgb(chip.pixels[image_kind(layer)], self._bands[layer])

    def _sampled(self, layer: str) -> list[dict[str, float]]:
        """Statistics of each band over windows spread over the whole image."""
        plan = dict(self.job.layers)[layer]
        whole = self.job.grid.window
        side = min(_SAMPLE_PX, whole.width, whole.height)
        parts = []
        if plan.profile.dtype != "uint8":
            for row in np.linspace(0, whole.height - side, _SAMPLES, dtype=int).tolist():
                for column in np.linspace(0, whole.width - side, _SAMPLES, dtype=int).tolist():
                    window = Window(column, row, side, side)
                    pixels = self.read(f"layer:{layer}", plan, window)
                    parts.append(band_statistics(pixels.values, pixels.valid, plan.profile.nodata))
        names = plan.profile.descriptions
        return [_joined(parts, band, name) for band, name in enumerate(names)]


def _joined(parts: list[dict[str, list[float]]], band: int, name: str | None) -> dict[str, float]:
    """Count, least, greatest, mean and standard deviation of a band, as to_rgb wants them."""
    count = sum(part["n_valid"][band] for part in parts)
    entry: dict[str, float] = {"name": name, "count": count}  # type: ignore[dict-item]
    if count:
        mean = sum(part["sum"][band] for part in parts) / count
        square = sum(part["sumsq"][band] for part in parts) / count
        full = [part for part in parts if part["n_valid"][band]]
        entry |= {
            "min": min(part["min"][band] for part in full),
            "max": max(part["max"][band] for part in full),
            "mean": mean,
            "std": max(square - mean**2, 0.0) ** 0.5,
        }
    return entry
