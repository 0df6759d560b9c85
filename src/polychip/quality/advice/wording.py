"""Advice as people read it."""

from collections.abc import Iterator

from polychip import wording
from polychip.quality.advice.judge import Advice


def headline(advice: Advice) -> str:
    """The answer in a line."""
    for_goal = f" for {advice.goal}" if advice.goal else ""
    return f"Label for {advice.strategy} masks{for_goal}."


def advice_lines(advice: Advice) -> Iterator[str]:
    """The advice, line by line."""
    yield headline(advice)
    yield from (f"  {text}" for text in advice.because)
    yield from wording.under("Classes", wording.aligned(class_rows(advice)))
    yield from wording.under("Evidence", wording.aligned(evidence_rows(advice), right=range(1, 11)))
    yield from wording.under("With semantic masks", advice.losses)
    yield from wording.under("Chips", chip_lines(advice))
    yield from wording.under("Effort, drawn anew", effort_lines(advice))
    yield from wording.under("What would change this", advice.would_change)


def class_rows(advice: Advice) -> list[tuple[str, ...]]:
    """(class, kind, resolution, why) of each class."""
    rows: list[tuple[str, ...]] = []
    by_name = {entry.name: entry for entry in advice.evidence.classes}
    for entry in advice.classes:
        side = by_name[entry.name].side_median
        pixels = "" if not entry.thing else f"{side:.3g} px across: {entry.resolution}"
        kind = "thing" if entry.thing else "stuff"
        rows.append((wording.one_line(entry.name, 30), kind, pixels, "; ".join(entry.reasons)))
    return rows


def evidence_rows(advice: Advice) -> list[tuple[str, ...]]:
    """A heading and the figures of each class."""
    small = advice.evidence.small_px
    rows: list[tuple[str, ...]] = [
        ("", "objects", "touching", "groups", "overlapped", "hidden", f"under {small} px",
         "cut by the image", "of the image", "vertices")
    ]  # fmt: skip
    rows += [
        (wording.one_line(e.name, 30), f"{e.objects:,}", f"{e.touching:,}", f"{e.groups:,}",
         f"{e.overlapped:,}", f"{e.hidden:,}", f"{e.small:,}", f"{e.cut:,}",
         wording.share(e.image_share, 1), f"{e.vertices:,}")
        for e in advice.evidence.classes
    ]  # fmt: skip
    return rows


def chip_lines(advice: Advice) -> list[str]:
    """Size and stride, and what other sizes would cut."""
    shares = ", ".join(f"{size}: {share:.0%}" for size, share in advice.cut_shares.items())
    return [
        f"size {advice.chip_px} px, stride {advice.stride_px} px: {advice.chip_because}",
        f"objects cut by chips side by side, by size: {shares}",
    ]


def effort_lines(advice: Advice) -> list[str]:
    """Hours and the formula."""
    effort = advice.effort
    rates = effort.rates
    return [
        f"each object by itself {effort.instance_h:.1f} h; touching ones as one "
        f"{effort.semantic_h:.1f} h",
        f"hours = (objects × {rates.per_object_s:g} s + vertices × {rates.per_vertex_s:g} s) / "
        "3600; give your own rates with --seconds-per-object and --seconds-per-vertex",
    ]
