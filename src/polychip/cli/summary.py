"""The closing words of a run, for people and as JSON."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from polychip import wording
from polychip.cli.converted import converted_dict
from polychip.errors import some
from polychip.finish import Summary

_FAILED_SHOWN = 20


def summary_dict(summary: Summary, n_warnings: int) -> dict[str, Any]:
    """Plain values; the counts are the manifest's."""
    counts = summary.counts
    return {
        "output": summary.place,
        "chips": counts.n_chips,
        "by_split": dict(sorted(counts.n_by_split.items())),
        "by_scene": dict(counts.n_by_scene),
        "pixels": {str(code): n for code, n in sorted(counts.pixels.items())},
        "class_names": {str(code): name for code, name in sorted(summary.class_names.items())},
        "objects": summary.n_objects,
        "object_views": counts.n_object_views,
        "split_shares": summary.shares,
        "small_rests": summary.small_rests,
        "skipped": dict(summary.skipped),
        "failed": dict(summary.failed),
        "tiny": dict(summary.tiny),
        "repaired": list(summary.repaired),
        "empty": summary.n_empty,
        "formats": [
            converted_dict(done) | {"output": _moved(str(done.output), summary)}
            for done in summary.formats
        ],
        "warnings": n_warnings,
        "digest": summary.digest,
        "seconds": round(summary.seconds, 3),
    }


def summary_text(summary: Summary, n_warnings: int) -> str:
    """A compact account of what was made."""
    return "\n".join(_lines(summary, n_warnings)) + "\n"


def _lines(summary: Summary, n_warnings: int) -> Iterator[str]:
    counts = summary.counts
    rate = counts.n_chips / summary.seconds if summary.seconds else 0.0
    yield (
        f"{wording.plural(counts.n_chips, 'chip')} written to {summary.place} in "
        f"{wording.duration(summary.seconds)} ({rate:.3g} chips/s)"
    )
    if set(counts.n_by_split) != {"all"}:
        yield from wording.under("Splits", _shares(counts.n_by_split, counts.n_chips))
    yield from wording.under("Each class's pixels by split", share_lines(summary))
    yield from wording.under("Pixels by class", _class_lines(summary))
    yield from wording.under("Labels", list(_label_lines(summary)))
    left_out = [(f"{n:,}", why) for why, n in summary.skipped.items()]
    yield from wording.under("Chips left out", wording.aligned(left_out, right=(0,)))
    if n_warnings:
        yield ""
        yield f"{wording.plural(n_warnings, 'warning')}, see above."
    yield from wording.under("Where things are", _places(summary))


def _shares(counts: Mapping[str, int], total: int) -> list[str]:
    rows = [
        (name, f"{n:,}", wording.share(n, total))
        for name, n in sorted(counts.items(), key=lambda item: -item[1])
    ]
    return wording.aligned(rows, right=(1, 2))


def share_lines(summary: Summary) -> list[str]:
    """What each split has of each class that there is."""
    classes = summary.shares.get("classes", {})
    rows = [
        [wording.one_line(summary.class_names[int(code)], 40),
         *(f"{name} {wording.share(part, 1)}" for name, part in parts.items())]
        for code, parts in classes.items() if any(parts.values())
    ]  # fmt: skip
    return wording.aligned(rows) if rows else []


def _class_lines(summary: Summary) -> list[str]:
    pixels = summary.counts.pixels
    total = sum(pixels.values())
    rows = [
        (str(code), wording.one_line(name, 40), f"{pixels[code]:,}",
         wording.share(pixels[code], total))
        for code, name in sorted(summary.class_names.items())
    ]  # fmt: skip
    return wording.aligned(rows, right=(0, 2, 3))


def _label_lines(summary: Summary) -> Iterator[str]:
    if summary.n_objects:
        views = wording.plural(summary.counts.n_object_views, "time")
        yield f"{wording.plural(summary.n_objects, 'object')}, seen {views} in the chips"
    if summary.small_rests:
        rests = wording.plural(summary.small_rests, "small rest")
        yield f"{rests} of objects left out of their chips (masks.min_visible)"
    n_tiny = sum(summary.tiny.values())
    if n_tiny:
        which = ", ".join(f"{name} {n:,}" for name, n in sorted(summary.tiny.items()))
        yield f"{n_tiny:,} too small to hold a pixel's centre ({which}); --keep-tiny burns them"
    if summary.repaired:
        yield f"{len(summary.repaired):,} invalid, repaired: {some(summary.repaired)}"
    if summary.n_empty:
        yield f"{summary.n_empty:,} without a geometry that has an area, left out"


def _places(summary: Summary) -> list[str]:
    place = summary.place
    slash = "/" if summary.address else os.sep
    page = [("see all of it", f"{place}{slash}report.html")] if summary.report else []
    return wording.aligned(
        [
            ("look at it", f"{place}{slash}preview.png"),
            *page,
            ("read about it", f"{place}{slash}README.md"),
            ("prove it", f"polychip verify {_quoted(place)}"),
            ("load it", f"polychip.open({place!r})"),
            *((done.name, _moved(str(done.output), summary)) for done in summary.formats),
        ]
    )


def _moved(path: str, summary: Summary) -> str:
    """Where something that was made in the dataset's folder is."""
    if summary.address is None:
        return path
    return f"{summary.address}/{Path(path).relative_to(summary.output).as_posix()}"


def _quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)


def failed_text(summary: Summary) -> str:
    """Which chips failed, why, and how they are made later; for stderr."""
    failed = summary.failed
    lines = [f"error: {wording.plural(len(failed), 'chip')} failed, the others were written:"]
    shown = list(failed.items())[:_FAILED_SHOWN]
    lines += [f"  {chip}: {why}" for chip, why in shown]
    if len(failed) > len(shown):
        lines.append(f"  and {len(failed) - len(shown)} more: counts.failed in manifest.json")
    own = _quoted(str(summary.output / "recipe.toml"))
    recipe = f"RECIPE -o {_quoted(summary.address)}" if summary.address else own
    lines.append(f"when the cause is gone, polychip run {recipe} --update makes them")
    return "\n".join(lines) + "\n"
