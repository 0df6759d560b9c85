"""Signed distance to the edge of objects.

Source: Bai and Urtasun 2017, Deep Watershed Transform for Instance Segmentation.
"""

import numpy as np
from numpy.typing import NDArray

from polychip.recipe.chips import MaskOptions
from polychip.schema import LabelSchema
from polychip.targets.nearness import inner_distance, outer_distance
from polychip.targets.outlines import parts_of
from polychip.targets.spec import Ground, TargetSpec


def distance_spec(masks: MaskOptions, _schema: LabelSchema) -> TargetSpec:
    """Distances in pixels, positive inside, clipped."""
    limit, of = masks.distance.limit_px, parts_of(masks, masks.distance.of)
    return TargetSpec(
        "distance", "float32", ("distance",), limit, 0,
        "pixels to the nearest pixel centre that is another's, from 1 inside; minus the pixels to "
        "the nearest object, from -1 outside; clipped at limit_px; 0 only where ignored",
        (("limit_px", limit), ("of", of)),
    )  # fmt: skip


def distance(ground: Ground, spec: TargetSpec) -> NDArray[np.float32]:
    """(1, height, width): positive inside, negative outside."""
    limit = int(spec.number("limit_px"))
    parts = ground.parts(str(dict(spec.parameters)["of"]))
    signed = inner_distance(parts, ground.ignored, limit)
    signed -= outer_distance(parts, limit)
    return signed.astype(np.float32)[None]
