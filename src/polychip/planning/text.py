"""A plan for people to read."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from polychip import wording
from polychip.errors import some
from polychip.planning.values import PlanReport


def plan_lines(report: PlanReport) -> Iterator[str]:
    """The text of a plan, line by line."""
    height, width = report.chip_shape
    about = "about " if "chips" in report.estimated else ""
    yield (
        f"{about}{wording.plural(report.chips, 'chip')} of {height} × {width} px with "
        f"{report.mode} masks{_sampled(report.sample)} would be written to {report.output}"
    )
    yield from wording.under("Scenes", _scene_lines(report))
    yield from wording.under("Splits", _counts_lines(report.by_split))
    yield from wording.under("Each class's pixels by split", _share_lines(report))
    skipped = {
        f"{why} (estimated)" if "skipped" in report.estimated else why: n
        for why, n in report.skipped.items()
    }
    yield from wording.under("Chips left out", _counts_lines(skipped))
    yield from wording.under("Chips that fail", [f"{c}: {e}" for c, e in report.failed.items()])
    yield from wording.under("Classes", _class_lines(report))
    yield from wording.under("Labels", [*_operation_lines(report), *_fault_lines(report)])
    told = [f"{name} = {_toml(value)}" for name, value in report.options.items()]
    yield from wording.under("Options", told)
    yield from wording.under("Targets", _target_lines(report))
    if report.small_rests:
        yield ""
        yield (
            f"{wording.plural(report.small_rests, 'small rest')} of objects left out of their "
            "chips (masks.min_visible)."
        )
    yield ""
    yield f"At most {wording.size(report.bytes_at_most)} on disk (uncompressed)."
    yield from wording.under("Notes", report.notes)
    yield from wording.under("Warnings", report.warnings)
    if report.estimated:
        yield ""
        yield (
            "Estimated without reading pixels (nodata may change them): "
            f"{', '.join(report.estimated)}. --exact reads the imagery."
        )


def _sampled(how: str) -> str:
    ways = {"random": " at random places", "objects": " around objects", "features": " on features"}
    return ways.get(how, "")


def _counts_lines(counts: Mapping[str, int]) -> list[str]:
    return (
        wording.aligned([(name, f"{n:,}") for name, n in counts.items()], right=(1,))
        if counts
        else []
    )


def _share_lines(report: PlanReport) -> list[str]:
    names = {str(entry.code): entry.name for entry in report.classes}
    classes = report.split_shares.get("classes", {})
    rows = [
        [wording.one_line(names[code], 40),
         *(f"{split} {wording.share(part, 1)}" for split, part in parts.items())]
        for code, parts in classes.items() if any(parts.values())
    ]  # fmt: skip
    return wording.aligned(rows) if rows else []


def _scene_lines(report: PlanReport) -> list[str]:
    rows = []
    for scene in report.scenes:
        side = wording.pixel(scene.pixel_size, scene.unit)
        rows.append(
            (
                scene.name,
                f"{scene.width} × {scene.height} px of {side}",
                scene.crs,
                f"{scene.chips:,} of {wording.plural(scene.planned, 'chip')}",
            )
        )
    return wording.aligned(rows)


def _class_lines(report: PlanReport) -> list[str]:
    total = sum(entry.pixels for entry in report.classes)
    mark = " (estimated)" if "classes.pixels" in report.estimated else ""
    head = ["code", "class", "features", "pixels", f"share{mark}", "too small"]
    rows = [head]
    for entry in report.classes:
        rows.append(
            [
                str(entry.code),
                wording.one_line(entry.name, 40),
                f"{entry.features:,}",
                f"{entry.pixels:,}",
                wording.share(entry.pixels, total),
                f"{entry.tiny:,}" if entry.tiny else "",
            ]
        )
        if entry.objects is not None:
            rows[-1].insert(3, f"{entry.objects:,}" if entry.objects else "")
    if report.classes and report.classes[0].objects is not None:
        head.insert(3, "objects")
    return wording.aligned(rows, right=(0, *range(2, len(head))))


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _target_lines(report: PlanReport) -> list[str]:
    rows = []
    for entry in report.targets:
        told = ", ".join(f"{name} {value}" for name, value in entry.parameters.items())
        bands = wording.plural(len(entry.channels), "band")
        size = f"at most {wording.size(entry.bytes_at_most)}"
        rows.append((entry.name, f"{bands} {entry.dtype}", size, told))
    return wording.aligned(rows) if rows else []


def _operation_lines(report: PlanReport) -> Iterator[str]:
    for entry in report.operations:
        where = f"{Path(entry['path']).name}|{entry['layer']}"
        source, target = entry.get("source"), entry.get("target")
        if source == target:
            yield f"{where}: {source}, the images' own"
            continue
        accuracy = entry.get("accuracy_m")
        known = "of unknown accuracy" if accuracy is None else f"accurate to {accuracy:g} m"
        yield f"{where}: {source} to {target} by {entry.get('name')}, {known}"


def _fault_lines(report: PlanReport) -> Iterator[str]:
    if report.repaired:
        yield f"{len(report.repaired)} invalid, repaired: {some(report.repaired)}"
    if report.n_empty:
        yield f"{report.n_empty} without a geometry that has an area, left out"
