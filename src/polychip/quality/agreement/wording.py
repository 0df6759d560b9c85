"""Agreement as people read it."""

from collections.abc import Iterator

from polychip import wording
from polychip.quality.agreement.agree import AgreementReport

_SHOWN = ("0.50", "0.75", "0.95")


def agreement_lines(report: AgreementReport) -> Iterator[str]:
    """The report, line by line."""
    for short, source in report.sources:
        yield f"{short}  {source}"
    yield ""
    yield (
        f"A and B looked at {wording.plural(report.pixels, 'pixel')} together and say the same on "
        f"{number(report.accuracy)} of them; Cohen's kappa {number(report.kappa)}"
    )
    if len(report.sources) > 2:
        yield f"Krippendorff's alpha over all {len(report.sources)}: {number(report.alpha)}"
    near = f"boundary F, {report.boundary_px} px"
    rows = [("", "IoU", "F1", "precision", "recall", "kappa", near, "Hausdorff 95 %",
             "A's pixels", "B's")]  # fmt: skip
    for entry in report.classes:
        o = entry.overlap
        far = "-" if entry.hausdorff_95 is None else f"{entry.hausdorff_95:.1f} px"
        rows.append(
            (wording.one_line(entry.name, 30), number(o.iou), number(o.f1), number(o.precision),
             number(o.recall), number(o.kappa), number(entry.boundary_f), far, f"{o.a_px:,}",
             f"{o.b_px:,}")
        )  # fmt: skip
    yield from wording.under("Pixels", wording.aligned(rows, right=range(1, 10)))
    yield from wording.under("Objects", _object_lines(report))


def _object_lines(report: AgreementReport) -> list[str]:
    heading = ["", "PQ", "SQ", "RQ", "A's", "B's"]
    heading += [f"F1 at {threshold}" for threshold in _SHOWN]
    rows = [tuple(heading)]
    for entry in report.classes:
        if entry.panoptic is None:
            continue
        p = entry.panoptic
        counts = tuple(f"{n:,}" for n in entry.objects) if entry.objects else ("stuff", "stuff")
        at = tuple(number(entry.at[t]["f1"]) if entry.at else "" for t in _SHOWN)
        name = wording.one_line(entry.name, 30)
        rows.append((name, number(p.pq), number(p.sq), number(p.rq), *counts, *at))
    if len(rows) > 2:
        o = report.objects
        at = tuple(number(o["at"][t]["f1"]) if "at" in o else "" for t in _SHOWN)
        counts = (f"{o['count_a']:,}", f"{o['count_b']:,}") if "at" in o else ("", "")
        rows.append(("all", number(o["pq"]), number(o["sq"]), number(o["rq"]), *counts, *at))
    return wording.aligned(rows, right=range(1, 9)) if len(rows) > 1 else []


def number(value: float | None) -> str:
    """Three places, or a dash."""
    return "-" if value is None else f"{value:.3f}"
