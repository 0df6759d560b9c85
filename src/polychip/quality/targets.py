"""Target files against the masks of their chips: encodings, ignore, what must agree."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
Mask = NDArray[np.bool_]
_ROUNDING = 0.5
"""Coverage of each class is rounded by up to this."""
_FULL = 254


def target_problems(
    entry: Mapping[str, Any],
    name: str,
    pixels: Pixels,
    ignored: Mask,
    instance: Pixels | None,
) -> Iterator[str]:
    """What is wrong with a target's file.

    Args:
        entry: the target in the manifest.
        name: of the target.
        pixels: (bands, height, width).
        ignored: (height, width) where the chip's semantic mask is ignore.
        instance: (height, width) local ids; None in semantic datasets.
    """
    if str(pixels.dtype) != entry["dtype"] or len(pixels) != len(entry["channels"]):
        yield (
            f"is {pixels.dtype} of {len(pixels)} bands, the manifest says {entry['dtype']} of "
            f"{len(entry['channels'])}"
        )
        return
    lacking = int(np.count_nonzero((pixels[:, ignored] != entry["ignore"]).any(axis=0)))
    if lacking:
        yield f"holds values in {lacking} pixels that are ignore"
    known = pixels[:, ~ignored]
    objects = None if instance is None else instance[~ignored] > 0
    of_objects = objects if entry["parameters"].get("of", "objects") == "objects" else None
    check = _CHECKS.get(name)
    wrong = check(known, of_objects) if check else ~np.isfinite(known).all(axis=0)
    if wrong.any():
        yield f"holds what its encoding or the instance mask does not allow in {wrong.sum()} pixels"


def _boundary(known: Pixels, objects: Mask | None) -> Mask:
    wrong: Mask = ~np.isin(known[0], (0, 1))
    return wrong if objects is None else wrong | ((known[0] == 1) & ~objects)


def _contact(known: Pixels, _objects: Mask | None) -> Mask:
    wrong: Mask = ~np.isin(known[0], (0, 1))
    return wrong


def _footprint(known: Pixels, objects: Mask | None) -> Mask:
    wrong: Mask = ~np.isin(known, (0, 1)).all(axis=0) | (known[1] > known[0])
    return wrong if objects is None else wrong | ((known[0] == 1) != objects)


def _distance(known: Pixels, objects: Mask | None) -> Mask:
    size = np.abs(known[0])
    wrong: Mask = ~(size >= 1)  # also NaN
    return wrong if objects is None else wrong | ((known[0] > 0) != objects)


def _center(known: Pixels, _objects: Mask | None) -> Mask:
    wrong: Mask = ~((known[0] >= 0) & (known[0] <= 1))
    return wrong


def _offset(known: Pixels, objects: Mask | None) -> Mask:
    wrong = np.asarray(~np.isfinite(known).all(axis=0))
    return wrong if objects is None else wrong | ((known != 0).any(axis=0) & ~objects)


def _positive(known: Pixels, _objects: Mask | None) -> Mask:
    wrong: Mask = ~(np.isfinite(known[0]) & (known[0] >= 0))
    return wrong


def _coverage(known: Pixels, _objects: Mask | None) -> Mask:
    total = known.sum(axis=0, dtype=np.int64)
    ignored = (known == _FULL + 1).all(axis=0)
    wrong: Mask = ~ignored & (total > _FULL + _ROUNDING * len(known))
    return wrong


_CHECKS: dict[str, Callable[[Pixels, Mask | None], Mask]] = {
    "boundary": _boundary,
    "contact": _contact,
    "footprint": _footprint,
    "distance": _distance,
    "center": _center,
    "offset": _offset,
    "weights": _positive,
    "coverage": _coverage,
    "confidence": _positive,
}
