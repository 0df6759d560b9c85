"""Checks of features against each other: overlaps, duplicates, gaps."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from polychip.quality.checks.problem import Check, Problem
from polychip.quality.checks.subject import UNKNOWN, Subject

LEAST = 0.01
"""Overlaps and gaps narrower or smaller than this (pixels, or metres) are rounding."""
NEAR_IOU = 0.9
"""Two polygons that share so much of their union are one, drawn twice."""
SHORTEST = 2.0
"""Gaps and open neighbours that run along each other for less (pixels, or metres) are let pass."""
_THREADS = 2
_CHUNK = 20_000

OVERLAP = Check(
    "topology.overlap", "warning", "polygons of one class lie over each other",
    "cut one at the other's edge, or give both one instance id if they are one object",
)  # fmt: skip
OVERLAP_CLASSES = Check(
    "topology.overlap_classes", "warning", "polygons of different classes lie over each other",
    "cut one, or declare in the schema which class wins",
)  # fmt: skip
DUPLICATE = Check(
    "topology.duplicate", "error", "the same polygon is there twice",
    "delete one; --fix keeps the first where class and instance agree", fixable=True,
)  # fmt: skip
NEAR_DUPLICATE = Check(
    "topology.near_duplicate", "warning", "two polygons are nearly the same",
    "delete one",
)  # fmt: skip
GAP = Check(
    "topology.gap", "warning", "a narrow gap is shut in between neighbours",
    "snap the neighbours to each other",
)  # fmt: skip
UNCLOSED = Check(
    "topology.unclosed", "warning", "neighbours nearly touch",
    "snap them together, or move them apart by more than --gap",
)  # fmt: skip
CHECKS = (OVERLAP, OVERLAP_CLASSES, DUPLICATE, NEAR_DUPLICATE, GAP, UNCLOSED)

Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Features that come close; arrays have an entry a pair, first < second."""

    first: Ints
    second: Ints

    def take(self, chosen: NDArray[Any]) -> "Pairs":
        """Some of the pairs."""
        return Pairs(self.first[chosen], self.second[chosen])


def find(subject: Subject) -> Iterator[Problem]:
    """All problems between features."""
    known = subject.known
    shapes = subject.shapes[known]
    pairs = _close_pairs(shapes, subject.request.gap_px)
    shapely.prepare(shapes)
    meet = _in_threads(_interiors_meet, shapes[pairs.first], shapes[pairs.second])
    laid = pairs.take(meet)
    common = overlap_shapes(shapes, laid)
    real = _real(common)
    laid, common = laid.take(real), common[real]
    yield from _overlaps(subject, known, shapes, laid, common)
    layered = _layered(subject, known, laid)
    beside = ~(layered[pairs.first] | layered[pairs.second])
    yield from _unclosed(subject, known, shapes, pairs.take(~meet & beside))
    yield from _gaps(subject, shapes, pairs.take(beside))


def _close_pairs(shapes: Shapes, distance: float) -> Pairs:
    """Features within a distance of each other."""
    tree = shapely.STRtree(shapes)

    def query(start: int) -> NDArray[np.int64]:
        part = shapes[start : start + _CHUNK]
        a, b = tree.query(part, predicate="dwithin", distance=distance)
        mine = a + start < b
        return np.stack((a[mine] + start, b[mine])).astype(np.int64)

    with ThreadPoolExecutor(_THREADS) as pool:
        parts = list(pool.map(query, range(0, len(shapes), _CHUNK)))
    found = np.concatenate(parts, axis=1) if parts else np.empty((2, 0), dtype=np.int64)
    return Pairs(found[0], found[1])


def _layered(subject: Subject, known: Ints, laid: Pairs) -> NDArray[np.bool_]:
    """Features that lie over or under another class: no part of a mosaic, so gaps mean nothing."""
    codes = subject.codes[known]
    across = laid.take(codes[laid.first] != codes[laid.second])
    layered = np.zeros(len(known), dtype=np.bool_)
    layered[across.first] = layered[across.second] = True
    return layered


def _in_threads(work: Callable[[Shapes, Shapes], NDArray[Any]], a: Shapes, b: Shapes) -> Any:
    """A vectorised function of two arrays, in chunks on two threads: GEOS lets go of the lock."""
    if len(a) <= _CHUNK:
        return work(a, b)
    starts = range(0, len(a), _CHUNK)
    with ThreadPoolExecutor(_THREADS) as pool:
        parts = pool.map(lambda s: work(a[s : s + _CHUNK], b[s : s + _CHUNK]), starts)
        return np.concatenate(list(parts))


def _interiors_meet(a: Shapes, b: Shapes) -> NDArray[np.bool_]:
    return np.asarray(shapely.relate_pattern(a, b, "T********"), dtype=np.bool_)


def overlap_shapes(shapes: Shapes, pairs: Pairs) -> Shapes:
    """What the polygons of each pair have in common."""
    area = shapely.area(shapes)
    swap = area[pairs.first] < area[pairs.second]
    large = shapes[np.where(swap, pairs.second, pairs.first)]
    small = shapes[np.where(swap, pairs.first, pairs.second)]
    out = small.copy()
    cut = ~shapely.contains_properly(large, small)  # prepared: a flood holds its houses for nothing
    out[cut] = _in_threads(shapely.intersection, large[cut], small[cut])
    return out


def _real(common: Shapes) -> NDArray[np.bool_]:
    """Overlaps that are more than rounding."""
    area, around = shapely.area(common), shapely.length(common)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((area > LEAST) & (2 * area / around > LEAST))


def _overlaps(
    subject: Subject, known: Ints, shapes: Shapes, pairs: Pairs, common: Shapes
) -> Iterator[Problem]:
    area = shapely.area(common)
    sizes = shapely.area(shapes)
    share = area / (sizes[pairs.first] + sizes[pairs.second] - area)
    places = subject.plane.back(common)
    ranked = subject.schema is not None and subject.schema.ranked
    unit = subject.plane.unit
    first, second = known[pairs.first], known[pairs.second]
    for n, (i, j) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        one, other = subject.fids[i], subject.fids[j]
        same = subject.codes[i] == subject.codes[j] and subject.classes[i] == subject.classes[j]
        if share[n] >= NEAR_IOU:
            yield _twice(subject, i, j, float(share[n]), places[n])
            continue
        text = f"shares {area[n]:.3g} {unit}² with {other}"
        if not same:
            kinds = f" ({subject.classes[i]} and {subject.classes[j]})"
            kind = "info" if ranked and UNKNOWN not in subject.codes[[i, j]] else None
            yield Problem(
                OVERLAP_CLASSES, one, text + kinds, places[n], other,
                severity_here=kind,  # type: ignore[arg-type]  # "info" or None
            )  # fmt: skip
        elif not _one_object(subject, i, j) and not _ignored(subject, i):
            stuff = "info" if _is_stuff(subject, i) else None
            yield Problem(
                OVERLAP, one, text, places[n], other,
                severity_here=stuff,  # type: ignore[arg-type]  # "info" or None
            )  # fmt: skip


def _ignored(subject: Subject, i: int) -> bool:
    """Whether a feature is of the ignore class, whose polygons may lie as they like."""
    return subject.schema is not None and subject.codes[i] == subject.schema.ignore


def _is_stuff(subject: Subject, i: int) -> bool:
    """Whether a feature's class is declared uncountable: overlaps change no mask then."""
    if subject.schema is None:
        return False
    entry = subject.schema.by_code.get(int(subject.codes[i]))
    return entry is not None and not entry.thing


def _one_object(subject: Subject, i: int, j: int) -> bool:
    """Whether two features are parts of one object, which may overlap."""
    if subject.instances is None or subject.instances[i] is None:
        return False
    return subject.instances[i] == subject.instances[j]


def _twice(subject: Subject, i: int, j: int, share: float, where: Any) -> Problem:
    one, other = subject.fids[i], subject.fids[j]
    if bool(shapely.equals(subject.raw[i], subject.raw[j])):
        alike = subject.classes[i] == subject.classes[j] and (
            subject.instances is None or subject.instances[i] == subject.instances[j]
        )
        rest = "" if alike else ", with another class or instance id"
        return Problem(
            DUPLICATE, other, f"is the same polygon as {one}{rest}", where, one, fixable_here=alike
        )
    return Problem(NEAR_DUPLICATE, one, f"shares {share:.0%} with {other}", where, other)


def _unclosed(subject: Subject, known: Ints, shapes: Shapes, pairs: Pairs) -> Iterator[Problem]:
    apart = shapely.distance(shapes[pairs.first], shapes[pairs.second])
    near = (apart > LEAST) & (apart < subject.request.gap_px)
    pairs, apart = pairs.take(near), apart[near]
    along = np.minimum(
        _alongside(subject, shapes, pairs.first, pairs.second),
        _alongside(subject, shapes, pairs.second, pairs.first),
    )
    pairs, apart = pairs.take(along >= SHORTEST), apart[along >= SHORTEST]
    lines = subject.plane.back(shapely.shortest_line(shapes[pairs.first], shapes[pairs.second]))
    for i, j, gap, line in zip(pairs.first, pairs.second, apart, lines, strict=True):
        one, other = subject.fids[known[i]], subject.fids[known[j]]
        text = f"{gap:.2g} {subject.plane.unit} from {other}"
        yield Problem(UNCLOSED, one, text, shapely.centroid(line), other)


def _alongside(subject: Subject, shapes: Shapes, one: Ints, other: Ints) -> NDArray[np.float64]:
    """Length of the outlines that lies within the gap's width of the other polygon."""

    def near(a: Shapes, b: Shapes) -> Shapes:
        around = shapely.buffer(b, subject.request.gap_px, quad_segs=4)
        return np.asarray(shapely.intersection(shapely.boundary(a), around), dtype=object)

    return np.asarray(shapely.length(_in_threads(near, shapes[one], shapes[other])))


def _gaps(subject: Subject, shapes: Shapes, pairs: Pairs) -> Iterator[Problem]:
    """Narrow holes in the union of neighbours that are no hole of one of them."""
    limit = subject.request.gap_px
    loose = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes, gap_width=limit))
    linked = pairs.take(loose[pairs.first] | loose[pairs.second])
    for members in _components(linked, len(shapes)):
        whole = shapely.union_all(shapes[members])
        own = shapely.polygons(shapely.get_rings(shapely.get_parts(shapes[members])))
        own_keys = {
            shapely.to_wkb(shapely.normalize(ring)) for ring in np.asarray(own, dtype=object)
        }
        for part in shapely.get_parts(whole):
            for hole in map(shapely.Polygon, part.interiors):
                narrow = LEAST < 2 * hole.area / hole.length < limit
                narrow &= hole.length / 2 >= SHORTEST
                if not narrow or shapely.to_wkb(shapely.normalize(hole)) in own_keys:
                    continue
                around = members[shapely.intersects(shapes[members], hole)]
                names = [subject.fids[subject.known[i]] for i in around.tolist()]
                [where] = subject.plane.back(np.array([hole], dtype=object))
                text = f"{hole.area:.2g} {subject.plane.unit}² shut in between {', '.join(names)}"
                yield Problem(GAP, names[0], text, where, names[1] if names[1:] else None)


def _components(pairs: Pairs, n: int) -> Iterator[Ints]:
    """Groups of linked features, by their smallest member."""
    root = np.arange(n)
    while True:  # each round takes the smaller root of both ends, then shortens the chains
        low = np.minimum(root[pairs.first], root[pairs.second])
        new = root.copy()
        np.minimum.at(new, root[pairs.first], low)
        np.minimum.at(new, root[pairs.second], low)
        new = np.minimum(new, new[new])
        if (new == root).all():
            break
        root = new
    used = np.unique(np.concatenate((pairs.first, pairs.second)))
    order = used[np.argsort(root[used], kind="stable")]
    if len(order):
        yield from np.split(order, np.flatnonzero(np.diff(root[order])) + 1)
