"""Each polygon an object of its own: features of several polygons taken apart."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.errors import InputError, some


@dataclass(frozen=True, slots=True)
class Exploded:
    """Polygons, an entry a polygon."""

    geometry: NDArray[np.object_]
    feature: NDArray[np.int64]
    """The feature that each was a part of, ascending."""
    instances: list[str | None]


def shared_ids(values: Sequence[str | None]) -> set[str]:
    """Instance ids that several features of a layer have."""
    counts = Counter(value for value in values if value is not None)
    return {value for value, n in counts.items() if n > 1}


def explode(
    geometry: NDArray[np.object_],
    things: NDArray[np.bool_],
    fids: Sequence[str],
    instances: Sequence[str | None],
    shared: set[str],
) -> Exploded:
    """Take the countable features apart, and name what comes out the same way in every scene.

    A polygon of a feature of several is named ID#1, ID#2, … by the order of its normalised WKB; ID
    is the instance id, 'fid:NAME' without one, or ID/NAME where several features share it.

    Raises:
        InputError: two polygons come out with one name.
    """
    parts: list[shapely.Geometry] = []
    owners: list[int] = []
    names: list[str | None] = []
    for index, (shape, fid, instance) in enumerate(zip(geometry, fids, instances, strict=True)):
        pieces = list(shapely.get_parts(shape)) if things[index] else [shape]
        own = f"{instance}/{fid}" if things[index] and instance in shared else instance
        if len(pieces) > 1:
            pieces.sort(key=lambda piece: shapely.to_wkb(shapely.normalize(piece)))
            base = f"fid:{fid}" if own is None else own
            names += [f"{base}#{n}" for n in range(1, len(pieces) + 1)]
        else:
            names.append(own)
        parts += pieces
        owners += [index] * len(pieces)
    exploded = np.empty(len(parts), dtype=object)
    exploded[:] = parts
    feature = np.array(owners, dtype=np.int64)
    twice = shared_ids([name for name, index in zip(names, owners, strict=True) if things[index]])
    if twice:
        raise InputError(
            f"explode_parts would give two polygons one name ({some(sorted(twice))}); change the "
            "instance ids that look so already"
        )
    return Exploded(exploded, feature, names)
