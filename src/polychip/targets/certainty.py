"""Confidence: what a field of the labels says of how sure they are."""

import numpy as np
from numpy.typing import NDArray

from polychip.recipe.chips import MaskOptions
from polychip.schema import LabelSchema
from polychip.targets.spec import Ground, TargetSpec


def confidence_spec(masks: MaskOptions, _schema: LabelSchema) -> TargetSpec:
    """The field's value of the feature that is seen."""
    options = masks.confidence
    return TargetSpec(
        "confidence", "float32", ("confidence",), 0, -1,
        "the number in the labels' field, of the feature that lies on top; default for background "
        "and features without one",
        (("field", options.field), ("default", options.default)),
    )  # fmt: skip


def confidence(ground: Ground, _spec: TargetSpec) -> NDArray[np.float32]:
    """(1, height, width): as the field has it."""
    if ground.confidence is None:
        raise ValueError("this target needs the labels' confidence")
    return ground.confidence[None]
