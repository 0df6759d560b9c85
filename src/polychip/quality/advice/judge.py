"""From evidence to advice, by rules that can be read here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from polychip.quality.advice.effort import Effort, Rates, estimate
from polychip.quality.advice.evidence import ClassEvidence, Evidence

Goal = Literal["counting", "area", "change", "mapping"]
GOALS: tuple[Goal, ...] = ("counting", "area", "change", "mapping")
Strategy = Literal["semantic", "instance", "panoptic"]

MELTING = {"counting": 0.01, "change": 0.02, "mapping": 0.05, "area": 1.01}
"""From this share of touching or hidden objects on, a class of things needs instance masks."""
CLEAR_PX, LEAST_PX = 5.0, 3.0
"""Median side of objects: enough to learn shapes; too little to learn more than places."""
SIZES = (128, 256, 384, 512, 768, 1024)
CUT = 0.15
"""So much of the objects may be cut by chips that lie side by side."""
CONTEXT = 4.0
"""A chip is at least so many times as long as the usual object."""
STUFF_SIZE = 512
_STEP = 32


@dataclass(frozen=True, slots=True)
class ClassAdvice:
    """What a class is, and why."""

    name: str
    thing: bool
    reasons: tuple[str, ...]
    needs_instances: bool
    resolution: Literal["clear", "poor", "too coarse", "no matter"]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kind": "thing" if self.thing else "stuff",
            "reasons": list(self.reasons),
            "needs_instances": self.needs_instances,
            "resolution": self.resolution,
        }


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer, and what it rests on."""

    strategy: Strategy
    because: tuple[str, ...]
    goal: Goal | None
    classes: tuple[ClassAdvice, ...]
    chip_px: int
    stride_px: int
    chip_because: str
    cut_shares: dict[int, float]
    """Share of the objects that chips of each size, side by side, would cut."""
    losses: tuple[str, ...]
    """What counting and tracking would lose with semantic masks."""
    would_change: tuple[str, ...]
    effort: Effort
    evidence: Evidence

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `polychip advise --json` prints them."""
        return {
            "strategy": self.strategy,
            "because": list(self.because),
            "goal": self.goal,
            "classes": {entry.name: entry.to_dict() for entry in self.classes},
            "evidence": self.evidence.to_dict(),
            "chip_size_px": self.chip_px,
            "stride_px": self.stride_px,
            "chip_because": self.chip_because,
            "cut_by_size": {str(k): round(v, 4) for k, v in self.cut_shares.items()},
            "losses": list(self.losses),
            "would_change": list(self.would_change),
            "effort": self.effort.to_dict(),
        }

    def __str__(self) -> str:
        """The advice for people."""
        from polychip.quality.advice.wording import advice_lines

        return "\n".join(advice_lines(self))


def judge(evidence: Evidence, goal: Goal | None, rates: Rates) -> Advice:
    """The advice that the evidence calls for."""
    limit = MELTING[goal or "mapping"]
    classes = tuple(_class_advice(entry, limit) for entry in evidence.classes)
    strategy, because = _strategy(classes, evidence, limit)
    things = {entry.name for entry in classes if entry.thing}
    cut = {size: _cut_share(evidence, things, size) for size in _sizes(evidence)}
    chip, stride, why = _chip(evidence, things, cut)
    return Advice(
        strategy=strategy,
        because=tuple(because),
        goal=goal,
        classes=classes,
        chip_px=chip,
        stride_px=stride,
        chip_because=why,
        cut_shares=cut,
        losses=tuple(_losses(evidence, things)),
        would_change=tuple(_would_change(evidence, classes, strategy, goal, limit)),
        effort=estimate(evidence.classes, rates),
        evidence=evidence,
    )


def _class_advice(entry: ClassEvidence, limit: float) -> ClassAdvice:
    score, reasons = 0, []
    for points, holds, text in _character(entry):
        if holds:
            score += points
            reasons.append(text)
    thing = score > 0
    if entry.declared_thing is not None and entry.declared_thing != thing:
        said = "thing" if entry.declared_thing else "stuff"
        reasons.append(f"the schema declares it {said}, the figures say otherwise")
    lost = max(entry.touching_share, entry.count_loss)
    resolution = _resolution(entry) if thing else "no matter"
    needs = thing and lost >= limit and resolution != "too coarse"
    return ClassAdvice(entry.name, thing, tuple(reasons), needs, resolution)


def _character(entry: ClassEvidence) -> Iterator[tuple[int, bool, str]]:
    """(points, whether it holds, in words): positive points speak for a thing."""
    n = entry.objects
    yield 2, entry.compactness >= 0.4, f"compact (median {entry.compactness:.2f})"
    yield -2, entry.compactness < 0.25, f"long or frayed (compactness {entry.compactness:.2f})"
    yield 1, entry.spread < 0.5, f"of like size (spread {entry.spread:.2f})"
    yield -1, entry.spread > 0.8, f"of all sizes (spread {entry.spread:.2f})"
    yield -2, entry.largest_share > 0.02, f"one covers {entry.largest_share:.1%} of the images"
    yield -2, n >= 3 and entry.dominance > 0.25, f"one is {entry.dominance:.0%} of the class"
    yield 1, n >= 20, f"{n:,} objects"
    yield -1, n < 5, f"only {n} object{'s' if n != 1 else ''}"
    yield -1, entry.cut > 0.3 * n, f"the image's edge cuts {entry.cut} of {n}"


def _resolution(entry: ClassEvidence) -> Literal["clear", "poor", "too coarse"]:
    if entry.side_median >= CLEAR_PX:
        return "clear"
    return "poor" if entry.side_median >= LEAST_PX else "too coarse"


def _strategy(
    classes: tuple[ClassAdvice, ...], evidence: Evidence, limit: float
) -> tuple[Strategy, list[str]]:
    by_name = {entry.name: entry for entry in evidence.classes}
    things = [entry for entry in classes if entry.thing]
    stuff = [entry.name for entry in classes if not entry.thing]
    needing = [entry.name for entry in classes if entry.needs_instances]
    because = []
    for entry in things:
        figures = by_name[entry.name]
        because.append(
            f"{figures.touching:,} of {figures.objects:,} objects of '{entry.name}' "
            f"({figures.touching_share:.0%}) would melt together in a semantic mask"
        )
        if entry.resolution == "too coarse":
            because.append(
                f"'{entry.name}': half of the objects are under {figures.side_median:.1f} px "
                "across, too small to tell apart at this resolution"
            )
    if not things:
        because.append("no class is made of countable things")
    if not needing:
        if things and limit <= 1:
            because.append(
                f"that is below {limit:.0%}, so connected components of a semantic mask give the "
                "objects back"
            )
        elif things:
            because.append("areas are the same in a semantic mask, melted or not")
        return "semantic", because
    if stuff:
        because.append(f"beside them {', '.join(stuff)} is stuff, which has no instances")
        return "panoptic", because
    because.append("there is no stuff beside them")
    return "instance", because


def _sizes(evidence: Evidence) -> tuple[int, ...]:
    fitting = tuple(size for size in SIZES if size <= evidence.image_side)
    return fitting or (SIZES[0],)


def _cut_share(evidence: Evidence, things: set[str], size: int) -> float:
    """Expected share of objects that a grid of chips cuts, wherever it starts.

    A box of w × h lies within one chip with the chance (1 − w/size) · (1 − h/size).
    """
    names = [name for name in evidence.sides if name in things] or list(evidence.sides)
    sides = np.concatenate([evidence.sides[name] for name in names])
    whole = np.clip(1 - sides / size, 0, 1).prod(axis=1)
    return float(1 - whole.mean())


def _chip(evidence: Evidence, things: set[str], cut: dict[int, float]) -> tuple[int, int, str]:
    """(size, stride, why)."""
    sizes = list(cut)
    if not things:
        fitting = [size for size in sizes if size <= STUFF_SIZE]
        size = fitting[-1] if fitting else sizes[0]
        return size, size, "stuff has no objects to cut: a common size, side by side"
    mine = [entry for entry in evidence.classes if entry.name in things]
    usual = max(entry.extent_median for entry in mine)
    good = [s for s in sizes if cut[s] <= CUT and s >= CONTEXT * usual]
    size = good[0] if good else sizes[-1]
    sides = np.concatenate([evidence.sides[name] for name in sorted(things)]).max(axis=1)
    overlap = min(-(-int(np.percentile(sides, 95)) // _STEP) * _STEP, size // 2)
    why = (
        f"side by side, chips of {size} px would cut {cut[size]:.0%} of the objects; overlapping "
        f"by {overlap} px nearly all (95 %) are whole in some chip"
        if good
        else f"no size up to {sizes[-1]} px (what the images allow) cuts fewer than {CUT:.0%} of "
        f"the objects; at {size} px it is {cut[size]:.0%}"
    )
    return size, size - overlap, why


def _losses(evidence: Evidence, things: set[str]) -> Iterator[str]:
    for entry in evidence.classes:
        if entry.name not in things:
            continue
        lost = entry.objects - entry.groups
        yield (
            f"counting '{entry.name}' by connected components gives {entry.groups:,} instead of "
            f"{entry.objects:,} ({lost / entry.objects:.0%} lost)"
        )
        alone = entry.objects - entry.touching - entry.hidden
        yield (
            f"tracking '{entry.name}' from date to date: {max(alone, 0):,} of {entry.objects:,} "
            "have a component of their own to follow"
        )


def _would_change(
    evidence: Evidence,
    classes: tuple[ClassAdvice, ...],
    strategy: Strategy,
    goal: Goal | None,
    limit: float,
) -> Iterator[str]:
    by_name = {entry.name: entry for entry in evidence.classes}
    for entry in classes:
        figures = by_name[entry.name]
        if not entry.thing:
            if figures.objects >= 5:
                yield f"if '{entry.name}' were to be counted, it would have to be drawn as things"
            continue
        if entry.resolution != "clear" and evidence.pixel_m:
            finer = evidence.pixel_m * figures.side_median / CLEAR_PX
            yield f"pixels of {finer:.2g} m or finer would show '{entry.name}' clearly"
        if entry.needs_instances and limit <= 1:
            yield (
                f"fewer than {limit:.0%} of '{entry.name}' touching (now "
                f"{figures.touching_share:.0%}): semantic masks would do"
            )
        elif not entry.needs_instances and entry.resolution != "too coarse" and limit <= 1:
            yield (
                f"more than {limit:.0%} of '{entry.name}' touching (now "
                f"{figures.touching_share:.0%}): instance masks would be needed"
            )
    if strategy != "semantic" and goal != "area":
        yield "if only areas matter (--goal area), semantic masks are enough"
    if (
        strategy == "semantic"
        and goal not in ("counting", "change")
        and any(entry.thing for entry in classes)
    ):
        yield "if objects are to be counted or followed, see --goal counting and --goal change"
