"""The derived targets of a block: made once for all its chips, cut, written."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polychip.blocks.jobs import BlockRecord, ChipSlot
from polychip.blocks.opened import SceneWorker
from polychip.burn.runs import paint, scan, scan_finer
from polychip.grid import Window
from polychip.image import ImageProfile
from polychip.io.geotiff import Content
from polychip.targets.spec import Ground, TargetSpec

if TYPE_CHECKING:
    from polychip.blocks.masks import Burned

_RGB = ("red", "green", "blue")


def write_targets(
    worker: SceneWorker,
    chips: list[ChipSlot],
    burned: "Burned",
    ignored: Mapping[str, NDArray[np.bool_]],
    record: BlockRecord,
) -> None:
    """Make all targets of a block and write them for its chips; `record` gets the files.

    Args:
        worker: the scene.
        chips: those that stay.
        burned: the block and the margin around it.
        ignored: by chip id, what is ignored in this chip beyond what the block says.
        record: holds the chips' masks.
    """
    if not worker.job.targets or not chips:
        return
    from polychip.targets.registry import make_target

    ground = _ground(worker, burned)
    whole = Window.around([slot.window for slot in chips])
    for spec in worker.job.targets:
        made, look = make_target(ground, spec, whole), target_profile(spec)
        content: Content = "mask" if spec.dtype == "uint8" else "measures"
        for slot in chips:
            rows, columns = slot.window.slices_in(whole)
            pixels = made[:, rows, columns]
            if slot.chip_id in ignored:
                pixels = pixels.copy()
                pixels[:, ignored[slot.chip_id]] = spec.ignore
            file = worker.write(
                f"masks/{spec.name}", slot, pixels, look, spec.tags, content=content
            )
            record.masks[slot.chip_id].setdefault("targets", {})[spec.name] = file


def _ground(worker: SceneWorker, burned: "Burned") -> Ground:
    job, names = worker.job, {spec.name for spec in worker.job.targets}
    return Ground(
        window=burned.window,
        schema=job.known_schema(),
        semantic=burned.semantic,
        top=burned.top,
        numbers=burned.numbers,
        centres=worker.centres if names & {"center", "offset"} else None,
        confidence=_confidence(worker, burned) if "confidence" in names else None,
        finer=lambda window, samples: _finer(worker, window, samples),
    )


def _confidence(worker: SceneWorker, burned: "Burned") -> NDArray[np.float32]:
    """Each pixel's value of the feature on top."""
    [spec] = [spec for spec in worker.job.targets if spec.name == "confidence"]
    shape = (burned.window.height, burned.window.width)
    values = np.full(shape, spec.number("default"), dtype=np.float32)
    runs = scan(worker.labels.edges, burned.window, all_touched=worker.job.all_touched)
    told = worker.labels.confidence  # None: there are no polygons, of which each has a value
    if told is not None:
        paint(values, runs, told[runs.owner])
    return values


def _finer(worker: SceneWorker, window: Window, samples: int) -> NDArray[np.generic]:
    """Class codes on a lattice `samples` times as fine; raster labels lie beneath as they are."""
    from polychip.blocks.masks import paint_rasters

    schema, labels = worker.job.known_schema(), worker.labels
    base = np.full((window.height, window.width), schema.background, dtype=schema.dtype)
    paint_rasters(worker, window, base)
    fine = base.repeat(samples, axis=0).repeat(samples, axis=1)
    runs = scan_finer(labels.edges, window, samples)
    return paint(fine, runs, labels.codes[runs.owner].astype(schema.dtype))


def target_profile(spec: TargetSpec) -> ImageProfile:
    """What a target's files look like: never a nodata tag."""
    count = len(spec.channels)
    picture = spec.name == "footprint"
    return ImageProfile(
        dtype=spec.dtype,
        count=count,
        nodata=None,
        descriptions=spec.channels,
        colorinterp=_RGB if picture else ("gray", *("undefined",) * (count - 1)),
        scales=(1.0,) * count,
        offsets=(0.0,) * count,
        units=(None,) * count,
    )
