"""The formulas, from counts alone; pure.

A confusion matrix has a row for each class of A (the reference) and a column for each of B.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
THRESHOLDS = tuple(round(0.5 + 0.05 * n, 2) for n in range(10))
"""COCO's: 0.50, 0.55, … 0.95."""


def ratio(part: float, whole: float) -> float | None:
    """A share, or None where there is nothing to share."""
    return part / whole if whole else None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pixel agreement of one class."""

    a_px: int
    b_px: int
    both_px: int
    kappa: float | None

    @property
    def iou(self) -> float | None:
        """Jaccard index."""
        return ratio(self.both_px, self.a_px + self.b_px - self.both_px)

    @property
    def precision(self) -> float | None:
        """Share of B's pixels that are A's."""
        return ratio(self.both_px, self.b_px)

    @property
    def recall(self) -> float | None:
        """Share of A's pixels that are B's."""
        return ratio(self.both_px, self.a_px)

    @property
    def f1(self) -> float | None:
        """Dice coefficient."""
        return ratio(2 * self.both_px, self.a_px + self.b_px)


def overlap(confusion: Ints, index: int) -> Overlap:
    """Pixel agreement of the class at an index of the confusion matrix."""
    both = int(confusion[index, index])
    a, b, n = int(confusion[index].sum()), int(confusion[:, index].sum()), int(confusion.sum())
    two = np.array([[both, a - both], [b - both, n - a - b + both]], dtype=np.int64)
    return Overlap(a, b, both, kappa(two))


def kappa(confusion: Ints) -> float | None:
    """Cohen's kappa; None where chance alone explains everything.

    Source: Cohen 1960, A coefficient of agreement for nominal scales.
    """
    n = float(confusion.sum())
    if not n:
        return None
    seen = float(np.trace(confusion)) / n
    chance = float((confusion.sum(axis=0) / n * (confusion.sum(axis=1) / n)).sum())
    return None if chance == 1.0 else (seen - chance) / (1 - chance)


@dataclass(frozen=True, slots=True)
class Segments:
    """Segments of both sides and what they share; of one class, or of things alone."""

    a_px: Ints
    """(n_a,) pixels of each of A's."""
    b_px: Ints
    pairs: Ints
    """(n, 3): A's segment, B's segment, pixels they share."""

    def ious(self) -> NDArray[np.float64]:
        """Of each pair."""
        a, b, both = self.pairs.T
        return np.asarray(both / (self.a_px[a] + self.b_px[b] - both), dtype=np.float64)


def match(segments: Segments, threshold: float, *, strict: bool = False) -> NDArray[np.float64]:
    """IoU of matched pairs, each segment at most once, the best first.

    Args:
        segments: of one class.
        threshold: the least IoU.
        strict: whether it must be exceeded, as panoptic quality wants it.
    """
    iou = segments.ious()
    good = np.flatnonzero(iou > threshold if strict else iou >= threshold)
    order = good[np.argsort(-iou[good], kind="stable")]
    taken_a: set[int] = set()
    taken_b: set[int] = set()
    matched = []
    for index in order.tolist():
        a, b = int(segments.pairs[index, 0]), int(segments.pairs[index, 1])
        if a not in taken_a and b not in taken_b:
            taken_a.add(a)
            taken_b.add(b)
            matched.append(float(iou[index]))
    return np.array(matched)


@dataclass(frozen=True, slots=True)
class Panoptic:
    """Panoptic quality of one class.

    Source: Kirillov et al. 2019, Panoptic Segmentation.
    """

    matched: int
    only_a: int
    only_b: int
    iou_sum: float

    @property
    def sq(self) -> float | None:
        """Segmentation quality: mean IoU of the matched."""
        return ratio(self.iou_sum, self.matched)

    @property
    def rq(self) -> float | None:
        """Recognition quality: F1 of segments."""
        return ratio(self.matched, self.matched + (self.only_a + self.only_b) / 2)

    @property
    def pq(self) -> float | None:
        """Panoptic quality."""
        return ratio(self.iou_sum, self.matched + (self.only_a + self.only_b) / 2)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "pq": rounded(self.pq), "sq": rounded(self.sq), "rq": rounded(self.rq),
            "matched": self.matched, "only_a": self.only_a, "only_b": self.only_b,
        }  # fmt: skip


def panoptic(segments: Segments) -> Panoptic:
    """Panoptic quality of the segments of a class."""
    iou = match(segments, 0.5, strict=True)
    n = len(iou)
    n_a, n_b = int((segments.a_px > 0).sum()), int((segments.b_px > 0).sum())
    return Panoptic(n, n_a - n, n_b - n, float(iou.sum()))


def at_thresholds(segments: Segments) -> dict[str, dict[str, Any]]:
    """Precision, recall and F1 of objects at IoU 0.5 to 0.95, and their means."""
    n_a, n_b = int((segments.a_px > 0).sum()), int((segments.b_px > 0).sum())
    rows: dict[str, dict[str, Any]] = {}
    for threshold in THRESHOLDS:
        n = len(match(segments, threshold))
        rows[f"{threshold:.2f}"] = {
            "matched": n,
            "precision": rounded(ratio(n, n_b)),
            "recall": rounded(ratio(n, n_a)),
            "f1": rounded(ratio(2 * n, n_a + n_b)),
        }
    return rows


def rounded(value: float | None) -> float | None:
    """To six places, for JSON."""
    return None if value is None else round(value, 6)


def krippendorff_alpha(patterns: Ints, counts: Ints, n_classes: int) -> float | None:
    """Krippendorff's alpha for nominal data with missing values.

    Args:
        patterns: (n, annotators) class index, or −1 where one did not look.
        counts: (n,) pixels of each pattern.
        n_classes: number of classes.

    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability.
    """
    votes = np.stack([(patterns == k).sum(axis=1) for k in range(n_classes)], axis=1)
    m = votes.sum(axis=1)
    paired = m >= 2
    votes, m, weight = votes[paired], m[paired], counts[paired].astype(np.float64)
    if not len(m):
        return None
    share = weight / (m - 1)
    pairs = np.einsum("u,ui,uj->ij", share, votes, votes)
    pairs -= np.diag((share[:, None] * votes).sum(axis=0))
    n_c = pairs.sum(axis=1)
    n = n_c.sum()
    seen = n - np.trace(pairs)
    chance = (n**2 - (n_c**2).sum()) / (n - 1)
    return None if chance == 0 else float(1 - seen / chance)
