"""The whole of `polychip agree`: burn, count, tell."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from polychip.errors import InputError
from polychip.quality.agreement import measures
from polychip.quality.agreement.boundary import Outlines
from polychip.quality.agreement.consensus import Verdict, majority, staple
from polychip.quality.agreement.measures import Overlap, Panoptic, Segments, rounded
from polychip.quality.agreement.subject import (
    NO_THING,
    NOT_LOOKED,
    Block,
    Request,
    Subject,
    look_at,
)

Method = Literal["majority", "staple"]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ClassAgreement:
    """How two annotators agree on one class."""

    name: str
    overlap: Overlap
    boundary_f: float | None
    hausdorff_95: float | None
    """In pixels."""
    panoptic: Panoptic | None
    """None for background."""
    at: dict[str, dict[str, Any]] | None
    """By IoU; None for what is no thing."""
    objects: tuple[int, int] | None
    """Of A and B that are seen where both looked."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        o = self.overlap
        return {
            "iou": rounded(o.iou), "f1": rounded(o.f1), "precision": rounded(o.precision),
            "recall": rounded(o.recall), "kappa": rounded(o.kappa),
            "boundary_f": rounded(self.boundary_f), "hausdorff_95_px": rounded(self.hausdorff_95),
            "pixels_a": o.a_px, "pixels_b": o.b_px, "pixels_both": o.both_px,
        } | (self.panoptic.to_dict() if self.panoptic else {})  # fmt: skip


@dataclass(frozen=True, slots=True)
class AgreementReport:
    """How annotators agree."""

    sources: tuple[tuple[str, str], ...]
    """(short name, file and layer)."""
    names: tuple[str, ...]
    """Background and the classes."""
    confusion: Ints
    """A's class by row, B's by column, pixels where both looked."""
    kappa: float | None
    pixels: int
    """Where both looked."""
    classes: tuple[ClassAgreement, ...]
    objects: dict[str, Any]
    boundary_px: int
    alpha: float | None
    """Krippendorff's, over all annotators."""
    patterns: Ints
    """(n, annotators) class index of A, B, …; −1: not looked."""
    counts: Ints
    """(n,) pixels of each pattern."""

    @property
    def accuracy(self) -> float | None:
        """Share of the pixels on which both say the same."""
        return measures.ratio(int(np.trace(self.confusion)), self.pixels)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `polychip agree --json` prints them."""
        return {
            "annotators": dict(self.sources),
            "pixels": self.pixels,
            "accuracy": rounded(self.accuracy),
            "kappa": rounded(self.kappa),
            "krippendorff_alpha": rounded(self.alpha),
            "boundary_px": self.boundary_px,
            "classes": {entry.name: entry.to_dict() for entry in self.classes},
            "objects": self.objects,
            "confusion": {"names": list(self.names), "pixels": self.confusion.tolist()},
        }

    def __str__(self) -> str:
        """The report for people."""
        from polychip.quality.agreement.wording import agreement_lines

        return "\n".join(agreement_lines(self))


@dataclass(slots=True)
class _Tally:
    """What the blocks add up to."""

    confusion: Ints
    patterns: Counter[int] = field(default_factory=Counter)
    area: tuple[Counter[int], Counter[int]] = field(default_factory=lambda: (Counter(), Counter()))
    shared: Counter[tuple[int, int]] = field(default_factory=Counter)


def agree(request: Request) -> tuple[AgreementReport, Subject]:
    """Compare annotations.

    Raises:
        InputError: something can't be read, or nobody looked at the same place.
    """
    subject = look_at(request)
    codes = subject.codes
    outlines = {code: Outlines(request.boundary_px) for code in codes}
    tally = _Tally(np.zeros((len(codes), len(codes)), dtype=np.int64))
    for block, own in subject.read(halo=request.boundary_px + 1):
        inner = own.slices_in(block.window)
        _count(
            subject, block.codes[(slice(None), *inner)], block.things[(slice(None), *inner)], tally
        )
        _trace(block, own, outlines)
    if not tally.confusion.sum():
        raise InputError("A and B have no pixel that both looked at; check CRSs and extents")
    patterns, counts = _unpacked(tally.patterns, len(codes), len(subject.annotations))
    return _report(subject, tally, outlines, patterns, counts), subject


def _count(subject: Subject, codes: Ints, things: Ints, tally: _Tally) -> None:
    known = np.array(subject.codes)
    index = np.where(codes == NOT_LOOKED, -1, np.searchsorted(known, codes))
    n = len(known)
    both = (index[0] >= 0) & (index[1] >= 0)
    a, b = index[0][both], index[1][both]
    tally.confusion += np.bincount(a * n + b, minlength=n * n).reshape(n, n)
    packed = pack(index, n)
    values, numbers = np.unique(packed, return_counts=True)
    tally.patterns.update(dict(zip(values.tolist(), numbers.tolist(), strict=True)))
    sides = [things[k][both] for k in (0, 1)]
    for side, area in zip(sides, tally.area, strict=True):
        values, numbers = np.unique(side[side != NO_THING], return_counts=True)
        area.update(dict(zip(values.tolist(), numbers.tolist(), strict=True)))
    meet = (sides[0] != NO_THING) & (sides[1] != NO_THING)
    pairs, numbers = np.unique(
        np.column_stack((sides[0][meet], sides[1][meet])), axis=0, return_counts=True
    )
    for (one, other), number in zip(pairs.tolist(), numbers.tolist(), strict=True):
        tally.shared[(one, other)] += number


def pack(index: Ints, n_classes: int) -> Ints:
    """One number for the answers of all annotators at each pixel."""
    base = n_classes + 1
    if base ** len(index) >= 2**62:
        raise InputError(f"{len(index)} annotators and {n_classes} classes are too many at once")
    packed = np.zeros(index.shape[1:], dtype=np.int64)
    for layer in index:
        packed = packed * base + layer + 1
    return packed


def _unpacked(patterns: Counter[int], n_classes: int, n_annotators: int) -> tuple[Ints, Ints]:
    keys = np.array(sorted(patterns), dtype=np.int64)
    counts = np.array([patterns[key] for key in keys.tolist()], dtype=np.int64)
    columns, rest = [], keys
    for _ in range(n_annotators):
        rest, digit = np.divmod(rest, n_classes + 1)
        columns.append(digit - 1)
    return np.column_stack(columns[::-1]), counts


def _trace(block: Block, own: Any, outlines: dict[int, Outlines]) -> None:
    looked = (block.codes[0] != NOT_LOOKED) & (block.codes[1] != NOT_LOOKED)
    for code, lines in outlines.items():
        a, b = ((block.codes[k] == code) & looked for k in (0, 1))
        lines.add(a, b, looked, block.window, own)


def _report(
    subject: Subject,
    tally: _Tally,
    outlines: dict[int, Outlines],
    patterns: Ints,
    counts: Ints,
) -> AgreementReport:
    classes = []
    all_things: list[Segments] = []
    for index, (code, name) in enumerate(zip(subject.codes, subject.names(), strict=True)):
        overlap = measures.overlap(tally.confusion, index)
        known = subject.schema.by_code.get(code)
        quality = at = objects = None
        if code != subject.schema.background and known is not None:
            if known.thing:
                segments = _segments(subject, tally, code)
                at = measures.at_thresholds(segments)
                objects = (int((segments.a_px > 0).sum()), int((segments.b_px > 0).sum()))
                all_things.append(segments)
            else:  # all of a stuff class is one segment
                segments = _whole(overlap)
            quality = measures.panoptic(segments)
        lines = outlines[code]
        if overlap.a_px or overlap.b_px:
            classes.append(
                ClassAgreement(
                    name, overlap, lines.f_score, lines.hausdorff(), quality, at, objects
                )
            )
    return AgreementReport(
        sources=tuple(
            (each.name, f"{source.path}{f'|{source.layer}' if source.layer else ''}")
            for each, source in zip(subject.annotations, subject.request.labels, strict=True)
        ),
        names=tuple(subject.names()),
        confusion=tally.confusion,
        kappa=measures.kappa(tally.confusion),
        pixels=int(tally.confusion.sum()),
        classes=tuple(classes),
        objects=_objects(classes, all_things),
        boundary_px=subject.request.boundary_px,
        alpha=measures.krippendorff_alpha(patterns, counts, len(subject.codes)),
        patterns=patterns,
        counts=counts,
    )


def _whole(overlap: Overlap) -> Segments:
    pairs = np.array([[0, 0, overlap.both_px]] if overlap.both_px else [], dtype=np.int64)
    return Segments(np.array([overlap.a_px]), np.array([overlap.b_px]), pairs.reshape(-1, 3))


def _segments(subject: Subject, tally: _Tally, code: int) -> Segments:
    """The objects of a class that are seen where both looked, numbered anew."""
    sides, numbers = [], []
    for k in (0, 1):
        own = subject.annotations[k].labels.objects.code
        kept = sorted(number for number in tally.area[k] if own[number] == code)
        numbers.append({number: place for place, number in enumerate(kept)})
        sides.append(np.array([tally.area[k][number] for number in kept], dtype=np.int64))
    pairs = [
        (numbers[0][one], numbers[1][other], shared)
        for (one, other), shared in sorted(tally.shared.items())
        if one in numbers[0] and other in numbers[1]
    ]
    return Segments(sides[0], sides[1], np.array(pairs, dtype=np.int64).reshape(-1, 3))


def _objects(classes: Sequence[ClassAgreement], things: Sequence[Segments]) -> dict[str, Any]:
    """Objects of all classes together, and panoptic quality as the mean of the classes'."""
    found = [entry.panoptic for entry in classes if entry.panoptic is not None]

    def mean(values: list[float | None]) -> float | None:
        known = [value or 0.0 for value in values]
        return rounded(float(np.mean(known))) if known else None

    result: dict[str, Any] = {
        "pq": mean([p.pq for p in found]),
        "sq": mean([p.sq for p in found]),
        "rq": mean([p.rq for p in found]),
        "by_class": {
            entry.name: {"count_a": entry.objects[0], "count_b": entry.objects[1], "at": entry.at}
            for entry in classes
            if entry.objects is not None
        },
    }
    if things:
        joined = _joined(things)
        result["at"] = measures.at_thresholds(joined)
        result["count_a"], result["count_b"] = len(joined.a_px), len(joined.b_px)
    return result


def _joined(parts: Sequence[Segments]) -> Segments:
    pairs, a, b = [], 0, 0
    for part in parts:
        pairs.append(part.pairs + np.array([a, b, 0]))
        a, b = a + len(part.a_px), b + len(part.b_px)
    return Segments(
        np.concatenate([part.a_px for part in parts]),
        np.concatenate([part.b_px for part in parts]),
        np.concatenate(pairs),
    )


def decide(report: AgreementReport, subject: Subject, method: Method) -> Verdict:
    """The consensus of all annotators, pattern by pattern."""
    rank = np.array([subject.schema.priority(code) for code in subject.codes], dtype=np.int64)
    rank[subject.codes.index(subject.schema.background)] = rank.max() + 1
    n = len(subject.codes)
    if method == "majority":
        return majority(report.patterns, n, rank)
    return staple(report.patterns, report.counts, n, rank)
