"""Digests of 128 bits of features as a scene burns them: equal when nothing has changed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from polychip.burn.edges import EdgeSet
from polychip.labels.extent import Extent
from polychip.labels.labelset import LabelSet
from polychip.labels.mapped_texts import flat_texts

Digests = NDArray[np.uint64]
"""(n, 2)."""

_FACTORS = np.array(
    [
        [0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0xABC98388FB8FAC03, 0x8CB92BA72F3D8DD7],
        [0xDB4F0B9175AE2165, 0xBBE0563303A4615F, 0xA0F2EC75A1FE1575, 0x89E182857D9ED689],
    ],
    dtype=np.uint64,
)
"""Odd numbers without a pattern, one for each coordinate of an edge, twice."""
_LOT = 1 << 14
"""So many edges, or texts, at a time: their arrays stay in a processor's cache."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What is remembered of the features of a scene; an entry each, in no order that matters."""

    digest: Digests
    box: NDArray[np.int64]
    """(n, 4) first column, first row, end column, end row of the pixels touched."""


def label_traces(labels: LabelSet, centres: NDArray[np.float64] | None = None) -> Traces:
    """Traces of all labels of a scene.

    An object that changed anywhere has changed in all its features: its pixels on the whole image
    stand in the table of each chip that shows it.

    Args:
        labels: with objects where they are asked for.
        centres: (n_objects, 2), where targets are made of them.
    """
    parts = [labels.codes.astype(np.int64).view(np.uint64)]
    if labels.confidence is not None:
        parts.append(labels.confidence.astype(np.float64).view(np.uint64))
    if len(labels.objects):
        parts.append(_of_objects(labels, centres)[labels.object_of + 1])
    return Traces(_digests(labels.edges, parts), np.asarray(labels.edges.box))


def extent_traces(extent: Extent) -> Traces:
    """Traces of what was looked at: outlines, and the classes that were looked for."""
    sets = [(), *extent.sets]
    told = [_text_digest(repr(sorted(sets[kind]))) for kind in range(len(sets))]
    parts = [np.array(told, dtype=np.uint64)[extent.looked_for]]
    return Traces(_digests(extent.edges, parts), np.asarray(extent.edges.box))


def changed_boxes(old: Traces, new: Traces) -> NDArray[np.int64]:
    """Boxes of the features that are in one but not in the other; (n, 4)."""
    both = np.concatenate([old.digest, new.digest])
    if not len(both):
        return np.empty((0, 4), dtype=np.int64)
    weights = np.repeat([-1.0, 1.0], [len(old.digest), len(new.digest)])
    names = np.ascontiguousarray(both).view([("a", np.uint64), ("b", np.uint64)]).ravel()
    _, which = np.unique(names, return_inverse=True)
    changed = np.bincount(which.ravel(), weights=weights) != 0
    boxes: NDArray[np.int64] = np.concatenate([old.box, new.box])[changed[which.ravel()]]
    return boxes


def _of_objects(labels: LabelSet, centres: NDArray[np.float64] | None) -> NDArray[np.uint64]:
    """(1 + n_objects,) what the tables tell of each object; the first is no object."""
    objects = labels.objects
    parts = [_text_digests(t) for t in (objects.namespace, objects.instance_id, objects.source_fid)]
    numbers = (objects.code, objects.n_features, objects.area_px)
    parts += [values.astype(np.int64).view(np.uint64) for values in numbers]
    if centres is not None:
        parts += [np.ascontiguousarray(column).view(np.uint64) for column in centres.T]
    found = np.zeros(1 + len(objects), dtype=np.uint64)
    for part in parts:
        found[1:] = _mix(found[1:] ^ part)
    return found


def _text_digests(texts: Sequence[str]) -> NDArray[np.uint64]:
    """(n,) a digest of each text: of its letters, each with its place in the text."""
    flat = flat_texts(texts)
    found = np.empty(len(flat), dtype=np.uint64)
    for first in range(0, len(flat), _LOT):
        bounds = flat.bounds[first : first + _LOT + 1] - flat.bounds[first]
        letters = flat.letters[flat.bounds[first] :][: bounds[-1]]
        place = np.arange(len(letters)) - np.repeat(bounds[:-1], np.diff(bounds))
        behind = np.zeros(len(letters) + 1, dtype=np.uint64)
        np.cumsum(_mix(place.view(np.uint64) << np.uint64(8) | letters), out=behind[1:])
        found[first : first + _LOT] = behind[bounds[1:]] - behind[bounds[:-1]]
    return found


def _text_digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _digests(edges: EdgeSet, parts: Sequence[NDArray[np.uint64]]) -> Digests:
    """Digests of each owner's edges, in any order, and of a number of each part."""
    points = np.asarray(edges.points).view(np.uint64)
    behind = np.zeros((2, len(points) + 1), dtype=np.uint64)
    for start in range(0, len(points), _LOT):
        lot = np.ascontiguousarray(points[start : start + _LOT].T)
        for column, factors in enumerate(_FACTORS):
            mixed = lot[0] * factors[0]  # wraps around, as all that follows
            for place in (1, 2, 3):
                mixed += lot[place] * factors[place]
            behind[column, start + 1 : start + 1 + len(mixed)] = _mix(mixed)
    found = np.empty((edges.n_owners, 2), dtype=np.uint64)
    for column, sums in enumerate(behind):
        np.cumsum(sums, out=sums)
        total = sums[edges.end_edge] - sums[edges.first_edge]
        for part in parts:
            total = _mix(total ^ part)
        found[:, column] = total
    return found


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each bit of a number spread over all of it.

    Source: Steele, Lea and Flood 2014, SplitMix64; the finaliser.
    """
    mixed: NDArray[np.uint64] = values + _FACTORS[0, 0]
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
