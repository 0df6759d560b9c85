"""What the commands that make vector labels do, and their closing words."""

import argparse
import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from polychip import wording
from polychip.cli.main import DONE
from polychip.cli.progress import make_reporter

if TYPE_CHECKING:
    from polychip.polygons.request import VectorizeSummary


def vectorize_masks(args: argparse.Namespace) -> int:
    """`polychip vectorize`."""
    from polychip.io.light import load_pyogrio_light

    load_pyogrio_light()
    from polychip.polygons.request import OPTIONS, vectorize_options
    from polychip.polygons.vectorize import vectorize_dataset

    given = {name: getattr(args, name) for name in OPTIONS}
    options = vectorize_options(given, overwrite=args.overwrite)
    reporter = make_reporter(args.progress)
    try:
        summary = vectorize_dataset(Path(args.dataset), Path(args.output), options, reporter)
    finally:
        reporter.close()
    if args.json:
        sys.stdout.write(json.dumps(summary.to_dict(), indent=1, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(_vectorized(summary)) + "\n")
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


def _next_step(output: Path, layers: tuple[str, ...]) -> Iterator[str]:
    """How the layers are used: the first pair as an example."""
    file = str(output)
    labels, extent = (shlex.quote(f"{file}|{layer}") for layer in layers[:2])
    yield from wording.under(
        "Make chips of them",
        [f"polychip export IMAGE --labels {labels} --extent {extent} -o DIR"],
    )
