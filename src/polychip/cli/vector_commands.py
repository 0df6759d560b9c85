"""What the commands that make vector labels do, and their closing words."""

import argparse
import json
import shlex
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polychip import wording
from polychip.cli.main import DONE
from polychip.cli.progress import emit, make_reporter
from polychip.names import printable

if TYPE_CHECKING:
    from polychip.imports.labels import ImportSummary
    from polychip.polygons.request import VectorizeSummary


def vectorize_masks(args: argparse.Namespace) -> int:
    """`polychip vectorize`."""
    from polychip.io.light import load_pyogrio_light

    load_pyogrio_light()
    from polychip.mirror import local_dataset
    from polychip.polygons.request import OPTIONS, vectorize_options
    from polychip.polygons.vectorize import vectorize_dataset

    given = {name: getattr(args, name) for name in OPTIONS}
    options = vectorize_options(given, overwrite=args.overwrite)
    reporter = make_reporter(args.progress)
    try:
        with local_dataset(args.dataset, reporter) as folder:
            summary = vectorize_dataset(folder, Path(args.output), options, reporter)
    finally:
        reporter.close()
    _tell(args, summary.to_dict(), _vectorized(summary))
    return DONE


def _vectorized(summary: "VectorizeSummary") -> Iterator[str]:
    n = sum(summary.polygons.values())
    yield (
        f"{wording.plural(n, 'polygon')} from {wording.plural(summary.n_chips, 'chip')} written to "
        f"{summary.output}"
    )
    rows = [
        (name, f"{count:,}", f"{summary.pixels[name]:,} px")
        for name, count in summary.polygons.items()
    ]
    yield from wording.under("Polygons by class", wording.aligned(rows, right=(1, 2)))
    small = [(name, f"{count:,}") for name, count in summary.too_small.items()]
    yield from wording.under("Left out: fewer pixels than --min-size", wording.aligned(small, (1,)))
    yield from _next_step(summary.output, summary.layers)


def import_annotations(args: argparse.Namespace) -> int:
    """`polychip import`."""
    from polychip.io.light import load_pyogrio_light

    load_pyogrio_light()
    from polychip.imports import labels

    options = labels.ImportOptions(
        format=args.format,
        images=tuple(map(Path, args.images)),
        crs=args.crs,
        classes=args.classes,
        crowd=args.crowd,
        shift_px=args.shift,
        skip_missing=args.skip_missing,
        overwrite=args.overwrite,
    )
    reporter = make_reporter(args.progress)
    try:
        summary = labels.import_annotations(
            Path(args.annotations), Path(args.output), options, reporter
        )
    finally:
        reporter.close()
    _tell(args, summary.to_dict(), _imported(summary))
    return DONE


def _tell(args: argparse.Namespace, values: dict[str, Any], lines: Iterable[str]) -> None:
    """The closing words, as was asked for."""
    if args.progress == "json":
        emit("done", **values)
    elif args.json:
        sys.stdout.write(json.dumps(values, indent=1, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(printable("\n".join(lines)) + "\n")


def _imported(summary: "ImportSummary") -> Iterator[str]:
    n = sum(summary.annotations.values())
    yield (
        f"{wording.plural(n, 'annotation')} of {wording.plural(summary.n_images, 'image')} "
        f"({summary.n_empty:,} without any) written to {summary.output} in {summary.crs}"
    )
    for heading, counts in (
        ("Annotations by class", summary.annotations),
        ("Left out", {**summary.left_out, **_missing(summary)}),
        ("Changed", summary.changed),
    ):
        rows = [(name, f"{count:,}") for name, count in counts.items()]
        yield from wording.under(heading, wording.aligned(rows, right=(1,)))
    yield from _next_step(summary.output, summary.layers, more=" --instance-field instance_id")


def _missing(summary: "ImportSummary") -> dict[str, int]:
    n = len(summary.missing)
    return {"images that can't be placed, see above": n} if n else {}


def _next_step(output: Path, layers: tuple[str, ...], more: str = "") -> Iterator[str]:
    """How the layers are used: the first pair as an example."""
    file = str(output)
    labels, extent = (shlex.quote(f"{file}|{layer}") for layer in layers[:2])
    yield from wording.under(
        "Make chips of them",
        [f"polychip export IMAGE --labels {labels} --extent {extent}{more} -o DIR"],
    )
