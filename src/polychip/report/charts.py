"""Charts as SVG written by hand; words stand beside them in HTML, so they fit a phone; pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from polychip.report.html import Html, element

_WIDTH, _HEIGHT, _FOOT = 320, 110, 26


def share_bar(parts: Sequence[tuple[str, float, str]], label: str) -> Html:
    """One bar of (name, value, colour), each as long as its share."""
    total = sum(value for _, value, _ in parts) or 1.0
    at, shapes = 0.0, []
    for name, value, colour in parts:
        long = 100 * value / total
        title = element("title", f"{name}: {long:.1f} %")
        shapes.append(
            element("rect", title, x=f"{at:.3f}", y=0, width=f"{long:.3f}", height=10, fill=colour)
        )
        at += long
    return element(
        "svg", shapes, class_="bar", viewBox="0 0 100 10", preserveAspectRatio="none", role="img",
        aria_label=label,
    )  # fmt: skip


def length_bar(value: float, greatest: float, colour: str, label: str) -> Html:
    """A bar as long as a value is against the greatest."""
    long = 100 * value / greatest if greatest else 0.0
    shape = element("rect", x=0, y=0, width=f"{long:.3f}", height=10, fill=colour)
    return element(
        "svg", shape, class_="bar", viewBox="0 0 100 10", preserveAspectRatio="none", role="img",
        aria_label=label,
    )  # fmt: skip


def size_histogram(sizes: NDArray[np.int64], colour: str, label: str) -> Html:
    """Columns of how many sizes lie from 1 to 2, 2 to 4, 4 to 8 … pixels.

    Args:
        sizes: in pixels, at least 1 each and one of them at least.
        colour: of the columns.
        label: what the picture shows, for people who don't see it.
    """
    counts = doubling_counts(sizes)
    wide, highest = _WIDTH / len(counts), max(counts)
    base, shapes = _HEIGHT - _FOOT, []
    for number, count in enumerate(counts):
        high = (base - 14) * count / highest
        title = element("title", f"{2**number} to {2 ** (number + 1) - 1} px: {count:,}")
        shapes.append(
            element(
                "rect", title, x=f"{number * wide + 1:.2f}", y=f"{base - high:.2f}",
                width=f"{wide - 2:.2f}", height=f"{high:.2f}", fill=colour,
            )
        )  # fmt: skip
        if number % max(1, len(counts) // 6) == 0:
            shapes.append(_word(number * wide + 1, base + 12, f"{2**number}"))
    shapes.append(element("line", x1=0, x2=_WIDTH, y1=base, y2=base, class_="axis"))
    shapes.append(_word(_WIDTH, _HEIGHT - 1, "pixels", anchor="end"))
    shapes.append(_word(0, 10, f"most in a column: {highest:,}"))
    return element(
        "svg", shapes, class_="histogram", viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img",
        aria_label=label,
    )  # fmt: skip


def doubling_counts(sizes: NDArray[np.int64]) -> list[int]:
    """How many sizes are 1, 2 to 3, 4 to 7, 8 to 15, … pixels."""
    powers = np.frexp(sizes.astype(np.float64))[1] - 1
    return [int(n) for n in np.bincount(powers)]


def _word(x: float, y: float, text: str, anchor: str = "start") -> Html:
    return element("text", text, x=f"{x:.2f}", y=f"{y:.2f}", text_anchor=anchor)
