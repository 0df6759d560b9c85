"""The closing words of a conversion, for people and as JSON."""

from typing import TYPE_CHECKING, Any

from polychip import wording

if TYPE_CHECKING:
    from polychip.formats.convert import Converted


def converted_dict(done: "Converted") -> dict[str, Any]:
    """Plain values; the counts are those of conversion.json."""
    return {
        "output": str(done.output),
        "format": done.name,
        "chips": done.n_chips,
        "by_split": done.by_split,
        "left_out": done.left_out,
    }


def converted_text(done: "Converted") -> str:
    """What was written, and what could not be."""
    shares = ", ".join(f"{name} {n:,}" for name, n in done.by_split.items())
    lines = [
        f"{wording.plural(done.n_chips, 'chip')} written as {done.name} to {done.output} ({shares})"
    ]
    left = [(f"{n:,}", what) for what, n in sorted(done.left_out.items()) if n]
    lines += wording.under("Left out", wording.aligned(left, right=(0,)) if left else [])
    lines += ["", f"How it is loaded: {done.output / 'README.md'}"]
    return "\n".join(lines) + "\n"
