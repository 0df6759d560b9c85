"""All targets by name: how each is described, and how it is made."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from polychip.grid import Window
from polychip.recipe.chips import MaskOptions
from polychip.schema import LabelSchema
from polychip.targets import (
    certainty,
    distances,
    emphasis,
    middles,
    outlines,
    shares,
)
from polychip.targets.spec import Ground, TargetSpec

Describe = Callable[[MaskOptions, LabelSchema], TargetSpec]
Make = Callable[[Ground, TargetSpec], NDArray[np.generic]]

REGISTRY: dict[str, tuple[Describe, Make]] = {
    "boundary": (outlines.boundary_spec, outlines.boundary),
    "contact": (outlines.contact_spec, outlines.contact),
    "footprint": (outlines.footprint_spec, outlines.footprint),
    "distance": (distances.distance_spec, distances.distance),
    "center": (middles.center_spec, middles.center),
    "offset": (middles.offset_spec, middles.offset),
    "weights": (emphasis.weights_spec, emphasis.weights),
    "coverage": (shares.coverage_spec, shares.coverage),
    "confidence": (certainty.confidence_spec, certainty.confidence),
}


def target_specs(masks: MaskOptions, schema: LabelSchema) -> tuple[TargetSpec, ...]:
    """The targets that a recipe asks for.

    Raises:
        InputError: a parameter does not fit the schema.
    """
    return tuple(REGISTRY[name][0](masks, schema) for name in masks.targets)


def margin_px(masks: MaskOptions) -> int:
    """How far the targets of a recipe look beyond a chip; no parameter of it hangs on the schema.

    Weights by class are left out: their names are checked once the schema is known.
    """
    plain = masks.model_copy(update={"weights": masks.weights.model_copy(update={"classes": {}})})
    specs = target_specs(plain, LabelSchema(()))
    return max((spec.margin_px for spec in specs), default=0)


def make_target(ground: Ground, spec: TargetSpec, window: Window) -> NDArray[np.generic]:
    """A target's pixels (bands, height, width) in a window, which may hold ignore.

    Args:
        ground: the labels of the window and at least `spec.margin_px` around it.
        spec: what is to be made.
        window: in the scene's pixels.
    """
    if spec.margin_px == 0 and ground.window != window:
        ground = cut(ground, window)
    made = REGISTRY[spec.name][1](ground, spec)
    rows, columns = window.slices_in(ground.window)
    inner = np.array(made[:, rows, columns], dtype=spec.dtype)
    inner[:, ground.ignored[rows, columns]] = spec.ignore
    return inner


def cut(ground: Ground, window: Window) -> Ground:
    """The ground of a smaller window."""
    part = window.slices_in(ground.window)
    return Ground(
        window=window,
        schema=ground.schema,
        semantic=ground.semantic[part],
        top=None if ground.top is None else ground.top[part],
        numbers=ground.numbers,
        centres=ground.centres,
        confidence=None if ground.confidence is None else ground.confidence[part],
        finer=ground.finer,
    )
