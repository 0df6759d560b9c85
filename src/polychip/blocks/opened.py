"""A scene opened in a worker: its files, its labels, its encoders."""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polychip.blocks.jobs import ChipSlot, SceneJob, chip_path
from polychip.burn.edges import load_array
from polychip.grid import Window
from polychip.image import ImageProfile, ImageSource
from polychip.io.atomic import write_bytes
from polychip.io.geotiff import ChipEncoder, Content
from polychip.io.placement import LayerPlan
from polychip.io.sources import open_layer
from polychip.labels.extent import Extent, load_saved_extent
from polychip.labels.labelset import LabelSet, load_labels


@dataclass(frozen=True, slots=True)
class Pixels:
    """Pixels of a window and where they are valid."""

    window: Window
    values: NDArray[np.generic]
    """(bands, height, width)."""
    valid: NDArray[np.bool_]
    """(height, width)."""

    def cut(self, window: Window) -> "Pixels":
        """Views of a smaller window."""
        rows, columns = window.slices_in(self.window)
        return Pixels(window, self.values[:, rows, columns], self.valid[rows, columns])


class SceneWorker:
    """A scene opened in this process: its files, its labels, its encoders."""

    def __init__(self, job: SceneJob) -> None:
        self.job = job
        self._sources: dict[str, ImageSource] = {}
        self._encoders: dict[str, ChipEncoder] = {}

    def close(self) -> None:
        """Let go of the files."""
        for source in self._sources.values():
            source.close()
        self._sources.clear()

    def read(self, name: str, plan: LayerPlan, window: Window) -> Pixels:
        """A layer's pixels, its files opened at the first use."""
        if name not in self._sources:
            self._sources[name] = open_layer(plan)
        return Pixels(window, *self._sources[name].read(window))

    @functools.cached_property
    def labels(self) -> LabelSet:
        """The scene's labels, memory-mapped."""
        return load_labels(self.job.labels)

    @functools.cached_property
    def centres(self) -> NDArray[np.float64]:
        """(n_objects, 2): column and row of the objects' centres, memory-mapped."""
        return load_array(self.job.labels / "centres.npy")

    @functools.cached_property
    def extent(self) -> Extent | None:
        """What was looked at, memory-mapped; None for everything."""
        return None if self.job.extent is None else load_saved_extent(self.job.extent)

    def write(
        self,
        kind: str,
        slot: ChipSlot,
        pixels: NDArray[np.generic],
        profile: ImageProfile,
        tags: Mapping[str, str],
        *,
        content: Content,
    ) -> dict[str, str]:
        """Write one file of a chip; returns its path and checksum for the index.

        Args:
            kind: the folder below the dataset.
            pixels: (bands, height, width).
            content: what the values are; each kind compresses differently.
        """
        if kind not in self._encoders:
            height, width = self.job.chip_shape
            self._encoders[kind] = ChipEncoder(
                height=height,
                width=width,
                profile=profile,
                crs_wkt=self.job.grid.crs_wkt,
                compress=self.job.compress,
                tags=tags,
                transform_like=self.job.grid.transform,
                content=content,
            )
        transform = self.job.grid.window_transform(slot.window)
        data = self._encoders[kind].encode(pixels, transform)
        path = chip_path(kind, self.job.scene, slot)
        write_bytes(self.job.output / path, data)
        return {"path": path, "sha256": hashlib.sha256(data).hexdigest()}
