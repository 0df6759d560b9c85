"""Coverage: which share of each pixel each class takes; soft labels."""

import numpy as np
from numpy.typing import NDArray

from polychip.grid import Window
from polychip.recipe.chips import MaskOptions
from polychip.schema import LabelSchema
from polychip.targets.spec import Ground, TargetSpec

FULL = 254
"""What a wholly covered pixel holds."""
IGNORE = 255
_FINE_PIXELS = 16 * 2**20
"""Most places that are looked at together."""


def coverage_spec(masks: MaskOptions, schema: LabelSchema) -> TargetSpec:
    """A band a class."""
    names = tuple(entry.name for entry in schema.mask_classes)
    return TargetSpec(
        "coverage", "uint8", names or ("none",), 0, IGNORE,
        "the share of the pixel that the band's class takes, times 254, overlaps decided as in "
        "the class mask; looked at in samples x samples places; 255 is ignore",
        (("samples", masks.coverage.samples),),
    )  # fmt: skip


def coverage(ground: Ground, spec: TargetSpec) -> NDArray[np.uint8]:
    """(classes, height, width): 0 to 254; 255 also where an ignore polygon takes a part."""
    if ground.finer is None:
        raise ValueError("this target needs the labels on a finer lattice")
    w, samples = ground.window, int(spec.number("samples"))
    codes = [entry.code for entry in ground.schema.mask_classes]
    out = np.zeros((len(spec.channels), w.height, w.width), dtype=np.uint8)
    rows = max(1, _FINE_PIXELS // (samples**2 * w.width))
    for top in range(0, w.height, rows):
        n = min(rows, w.height - top)
        fine = ground.finer(Window(w.x_off, w.y_off + top, w.width, n), samples)
        strip = out[:, top : top + n]
        for band, code in enumerate(codes):
            count = _count(fine == code, samples)
            strip[band] = (count * (2 * FULL) + samples**2) // (2 * samples**2)
        strip[:, _count(fine == ground.schema.ignore, samples) > 0] = IGNORE
    return out


def _count(fine: NDArray[np.bool_], samples: int) -> NDArray[np.int64]:
    """Places in each pixel where a mask is true."""
    height, width = fine.shape[0] // samples, fine.shape[1] // samples
    by_row = fine.reshape(height, samples, width * samples).sum(axis=1, dtype=np.uint8)
    count: NDArray[np.int64] = by_row.reshape(height, width, samples).sum(axis=2, dtype=np.int64)
    return count
