"""Boundaries of objects, the contact between them, and the picture of both over the footprints.

Source: SpaceNet's winning solutions, as in solaris (footprint, boundary and contact channels).
"""

import numpy as np
from numpy.typing import NDArray

from polychip.recipe.chips import MaskOptions
from polychip.schema import LabelSchema
from polychip.targets.nearness import inner_distance, two_nearest
from polychip.targets.spec import Ground, TargetSpec

IGNORE = 255
Bytes = NDArray[np.uint8]


def parts_of(masks: MaskOptions, asked: str | None) -> str:
    """Whose edges count: as asked, else those of objects where there are any."""
    return asked or ("classes" if masks.mode == "semantic" else "objects")


def boundary_spec(masks: MaskOptions, _schema: LabelSchema) -> TargetSpec:
    """The boundary, `width_px` wide, inside the objects."""
    width, of = masks.boundary.width_px, parts_of(masks, masks.boundary.of)
    return TargetSpec(
        "boundary", "uint8", ("boundary",), width, IGNORE,
        "1 within width_px of a pixel of another object or class, inside; 0 elsewhere",
        (("width_px", width), ("of", of)),
    )  # fmt: skip


def boundary(ground: Ground, spec: TargetSpec) -> Bytes:
    """(1, height, width): 1 on the boundary."""
    parts = ground.parts(str(dict(spec.parameters)["of"]))
    return _inner(ground, parts, int(spec.number("width_px")))[None]


def _inner(ground: Ground, parts: NDArray[np.int32], width: int) -> Bytes:
    distance = inner_distance(parts, ground.ignored, width + 1)
    return ((distance > 0) & (distance <= width)).astype(np.uint8)


def contact_spec(masks: MaskOptions, _schema: LabelSchema) -> TargetSpec:
    """Narrow gaps between objects."""
    gap = masks.contact.gap_px
    return TargetSpec(
        "contact", "uint8", ("contact",), gap, IGNORE,
        "1 in gaps of up to gap_px between two objects, and where two objects touch; 0 elsewhere",
        (("gap_px", gap),),
    )  # fmt: skip


def contact(ground: Ground, spec: TargetSpec) -> Bytes:
    """(1, height, width): 1 between objects."""
    return _between(ground.seen(), int(spec.number("gap_px")))[None]


def _between(top: NDArray[np.int32], gap: int) -> Bytes:
    """Pixels of no object from which two objects are, together, at most `gap` + 1 away.

    Across a gap of n pixels the two distances of pixel centres add up to n + 1. Where objects
    share a side of a pixel, the pixels on both sides count.
    """
    nearest, second = two_nearest(top, gap)
    found = (top == 0) & (nearest + second <= gap + 1)
    for one, other in (
        ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
        ((slice(1, None), slice(None)), (slice(None, -1), slice(None))),
    ):
        touch = (top[one] != top[other]) & (top[one] > 0) & (top[other] > 0)
        found[one] |= touch
        found[other] |= touch
    between: Bytes = found.astype(np.uint8)
    return between


def footprint_spec(masks: MaskOptions, _schema: LabelSchema) -> TargetSpec:
    """The picture in three channels."""
    width, gap = masks.boundary.width_px, masks.contact.gap_px
    return TargetSpec(
        "footprint", "uint8", ("footprint", "boundary", "contact"), max(width, gap), IGNORE,
        "1 on objects; 1 on their boundary, width_px wide, inside; 1 in gaps of up to gap_px "
        "between two objects, and where two objects touch",
        (("width_px", width), ("gap_px", gap)),
    )  # fmt: skip


def footprint(ground: Ground, spec: TargetSpec) -> Bytes:
    """(3, height, width): objects, boundary, contact."""
    top = ground.seen()
    inner = _inner(ground, top, int(spec.number("width_px")))
    return np.stack(((top > 0).astype(np.uint8), inner, _between(top, int(spec.number("gap_px")))))
