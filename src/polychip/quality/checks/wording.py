"""A report of checks as people read it."""

from collections import defaultdict
from collections.abc import Iterator

from polychip import wording
from polychip.quality.checks.check import CheckReport
from polychip.quality.checks.problem import SEVERITIES, Problem
from polychip.quality.checks.registration import in_words

_SHOWN = 3
"""Problems of a check that are told in full."""


def check_lines(report: CheckReport) -> Iterator[str]:
    """The report, line by line."""
    counts = {severity: report.count(severity) for severity in SEVERITIES}
    yield (
        f"{wording.plural(report.n_features, 'feature')} of {report.source}: "
        f"{wording.plural(counts['error'], 'error')}, "
        f"{wording.plural(counts['warning'], 'warning')}, {counts['info']:,} for information"
    )
    for severity in SEVERITIES:
        yield from _severity_lines(report, severity)
    yield from wording.under("Classes", _class_lines(report))
    yield from wording.under("Labels against image edges", list(_shift_lines(report)))
    reasons: dict[str, list[str]] = defaultdict(list)
    for check, why in report.left_out:
        reasons[why].append(check)
    yield from wording.under(
        "Not checked", [f"{', '.join(checks)}: {why}" for why, checks in reasons.items()]
    )
    yield ""
    yield _verdict(report)


def _severity_lines(report: CheckReport, severity: str) -> Iterator[str]:
    by_check: dict[str, list[Problem]] = defaultdict(list)
    for problem in report.problems:
        if problem.severity == severity:
            by_check[problem.check.id].append(problem)
    heading = {"error": "Errors", "warning": "Warnings", "info": "For information"}[severity]
    if by_check:
        yield ""
        yield heading
    for name, problems in by_check.items():
        check = problems[0].check
        yield f"  {name}  {len(problems):,}  {check.explanation}"
        for problem in problems[:_SHOWN]:
            who = f"{problem.source_fid}: " if problem.source_fid is not None else ""
            yield f"      {who}{wording.one_line(problem.message)}"
        if len(problems) > _SHOWN:
            yield f"      and {len(problems) - _SHOWN:,} more"
        yield f"      → {check.hint}"


def _class_lines(report: CheckReport) -> list[str]:
    unit = "px" if report.unit == "px" else "m²"
    rows = [("", "features", "objects", "share", f"least {unit}", "median", "most",
             "in a chip", "at most")]  # fmt: skip
    for entry in report.classes:
        crowd = ("", "")
        if report.unit == "px":
            crowd = (f"{entry.per_chip_mean:.1f}", f"{entry.per_chip_most:,}")
        rows.append(
            (wording.one_line(entry.name, 30), f"{entry.features:,}", f"{entry.objects:,}",
             wording.share(entry.share, 1), _number(entry.smallest), _number(entry.median),
             _number(entry.largest), *crowd)
        )  # fmt: skip
    return wording.aligned(rows, right=range(1, 9)) if report.classes else []


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _shift_lines(report: CheckReport) -> Iterator[str]:
    if report.shift_px is not None:
        yield (
            f"moved by labels.shift_px first: {report.shift_px[0]:g} columns, "
            f"{report.shift_px[1]:g} rows"
        )
    for entry in report.registrations:
        if entry.whole is None:
            yield f"{entry.image}: too few outlines to measure a shift"
            continue
        whole = entry.whole
        text = f"{entry.image}: {in_words(whole)}, confidence {whole.confidence:.0%}"
        sure = sum(shift.confidence >= 0.9 for _, shift in entry.cells)
        if entry.cells:
            text += f" ({sure} of {len(entry.cells)} cells measured as surely)"
        yield text


def _verdict(report: CheckReport) -> str:
    n_fixable = sum(problem.fixable for problem in report.problems)
    fix = f" --fix -o FILE mends {n_fixable:,} of all problems." if n_fixable else ""
    if not report.ok:
        return f"These labels have errors: correct them before exporting.{fix}"
    if report.count("warning"):
        return f"No errors; look at the warnings.{fix}"
    return f"These labels are fit to export.{fix}"
