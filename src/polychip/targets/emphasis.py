"""Weight of each pixel in the loss. Source: Ronneberger, Fischer and Brox 2015, U-Net."""

import json
import math

import numpy as np
from numpy.typing import NDArray

from polychip.errors import InputError, nearest, some
from polychip.recipe.chips import MaskOptions
from polychip.schema import LabelSchema
from polychip.targets.nearness import two_nearest
from polychip.targets.spec import Ground, TargetSpec

_SIGMAS = 4
"""Beyond so many sigmas the paper's term (0.03 % of w0) is taken as 0."""


def weights_spec(masks: MaskOptions, schema: LabelSchema) -> TargetSpec:
    """Class weights, and more between objects that lie close together.

    Raises:
        InputError: a weight names no class.
    """
    given = masks.weights.classes
    codes = {entry.name: entry.code for entry in schema.mask_classes}
    codes["background"] = schema.background
    for name in given:
        if name not in codes:
            raise InputError(
                f"masks.weights.classes names '{name}'{nearest(name, codes)}; the classes are "
                f"{some(codes)}"
            )
    by_code = {str(codes[name]): float(weight) for name, weight in sorted(given.items())}
    sigma = masks.weights.sigma_px
    return TargetSpec(
        "weights", "float32", ("weight",), math.ceil(_SIGMAS * sigma), 0,
        "class weight; where there is no object, plus w0 exp(-(d1 + d2)^2 / (2 sigma_px^2)), d1 "
        "and d2 being the distances to the two nearest objects, up to d1 + d2 = 4 sigma_px",
        (("w0", masks.weights.w0), ("sigma_px", sigma), ("classes", json.dumps(by_code))),
    )  # fmt: skip


def weights(ground: Ground, spec: TargetSpec) -> NDArray[np.float32]:
    """(1, height, width): the U-Net weight map."""
    top, sigma = ground.seen(), spec.number("sigma_px")
    limit = math.ceil(_SIGMAS * sigma)
    nearest_px, second_px = two_nearest(top, limit)
    both = nearest_px + second_px
    narrow = (top == 0) & (both <= limit)
    weight = np.ones(top.shape)
    for code, value in json.loads(str(dict(spec.parameters)["classes"])).items():
        weight[ground.semantic == int(code)] = value
    weight[narrow] += spec.number("w0") * np.exp(-(both[narrow] ** 2) / (2 * sigma**2))
    return weight.astype(np.float32)[None]
