"""What the commands that judge labels do; returns the exit code."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polychip.cli.main import DONE, WRONG
from polychip.errors import OutputError, RecipeError
from polychip.names import printable

if TYPE_CHECKING:
    from polychip.quality.labels_given import GivenLabels


def check(args: argparse.Namespace) -> int:
    """Check labels; 1 where a problem is an error."""
    from polychip.quality.checks.check import check_labels
    from polychip.quality.checks.fixing import write_fixed
    from polychip.quality.checks.layers import write_problems
    from polychip.quality.checks.subject import Request
    from polychip.recipe import VectorSource, split_layer

    if args.fix and args.output is None:
        raise RecipeError("--fix writes the mended labels into a new file: name it with -o")
    given = _given(args)
    extent = [split_layer(text) for text in args.extent]
    request = Request(
        labels=given.source,
        images=tuple(args.images),
        extent=tuple(VectorSource(path=path, layer=layer) for path, layer in extent),
        options=given.schema,
        pixel_m=args.pixel_m,
        dates=args.dates or given.dates,
        date_field=args.date_field,
        gap_px=args.gap_px,
        chip_px=args.chip_px,
        allow_ballpark=args.allow_ballpark,
    )
    target = None if args.output is None else new_file(args.output, overwrite=args.overwrite)
    report, subject = check_labels(request)
    sys.stdout.write(_json(report.to_dict()) if args.json else f"{printable(str(report))}\n")
    if target is not None:
        if args.fix:
            told = str(write_fixed(report, subject, target, overwrite=args.overwrite))
        else:
            write_problems(target, report.problems, subject.crs_wkt)
            told = f"{target}: the problems, to open in QGIS"
        (sys.stderr if args.json else sys.stdout).write(f"{told}\n")
    return DONE if report.ok else WRONG


def agree(args: argparse.Namespace) -> int:
    """Say how well annotators agree."""
    from polychip.io.atomic import write_text
    from polychip.quality.agreement.agree import agree as compare
    from polychip.quality.agreement.agree import decide
    from polychip.quality.agreement.layers import write_layers, write_support
    from polychip.quality.agreement.picture import confusion_svg
    from polychip.quality.agreement.subject import Request
    from polychip.recipe import ExtentSource, split_layer

    if args.support is not None and args.consensus is None:
        raise RecipeError("--support is of a consensus: say how with --consensus")
    given = [_given(args, labels) for labels in args.labels]
    targets = {
        kind: None if name is None else new_file(name, overwrite=args.overwrite, suffix=suffix)
        for kind, name, suffix in (
            ("layers", args.output, ".gpkg"), ("support", args.support, ".tif"),
            ("matrix", args.matrix, ".svg"),
        )
    }  # fmt: skip
    extents = [split_layer(text) for text in args.extent]
    report, subject = compare(
        Request(
            labels=tuple(each.source for each in given),
            image=args.image,
            resolution=args.resolution,
            extents=tuple(ExtentSource(path=path, layer=layer) for path, layer in extents),
            options=given[0].schema,
            boundary_px=args.boundary_px,
            allow_ballpark=args.allow_ballpark,
        )
    )
    verdict = None if args.consensus is None else decide(report, subject, args.consensus)
    sys.stdout.write(_json(report.to_dict()) if args.json else f"{printable(str(report))}\n")
    told = []
    if targets["layers"] is not None:
        write_layers(targets["layers"], report, subject, verdict)
        told.append(f"{targets['layers']}: where A and B differ, to open in QGIS")
    if targets["support"] is not None and verdict is not None:
        write_support(targets["support"], report, subject, verdict)
        told.append(f"{targets['support']}: the consensus and its support")
    if targets["matrix"] is not None:
        write_text(targets["matrix"], confusion_svg(report))
        told.append(f"{targets['matrix']}: the confusion matrix")
    for line in told:
        (sys.stderr if args.json else sys.stdout).write(f"{line}\n")
    return DONE


def advise(args: argparse.Namespace) -> int:
    """Say which masks to label for."""
    from polychip.quality.advice.advise import advise as advise_on
    from polychip.quality.advice.effort import Rates
    from polychip.quality.advice.page import write_page
    from polychip.quality.advice.recipe import write_schema
    from polychip.quality.checks.subject import Request

    given = _given(args)
    target = None
    if args.page is not None:
        target = new_file(args.page, overwrite=args.overwrite, suffix=".html")
    request = Request(
        labels=given.source,
        images=tuple(args.images),
        options=given.schema,
        allow_ballpark=args.allow_ballpark,
    )
    rates = Rates(args.seconds_per_vertex, args.seconds_per_object)
    advice, subject, schema = advise_on(
        request, goal=args.goal, rates=rates, small_px=args.small_px
    )
    sys.stdout.write(_json(advice.to_dict()) if args.json else f"{printable(str(advice))}\n")
    told = []
    if target is not None:
        write_page(target, advice, subject)
        told.append(f"{target}: the same as a page, with pictures")
    if args.write_schema is not None:
        told.append(write_schema(Path(args.write_schema), advice, subject, schema))
    for line in told:
        (sys.stderr if args.json else sys.stdout).write(f"{line}\n")
    return DONE


def new_file(name: str, *, overwrite: bool, suffix: str = ".gpkg") -> Path:
    """The file to write.

    Raises:
        OutputError: it is there already, or its name says that it is something else.
    """
    path = Path(name)
    if path.suffix.lower() != suffix:
        raise OutputError(f"{path}: a file of this kind ends in {suffix}; give such a name with -o")
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: a file is already here; give --overwrite, or another name")
    return path


def _given(args: argparse.Namespace, labels: str | None = None) -> "GivenLabels":
    from polychip.quality.labels_given import given_labels

    return given_labels(
        labels or args.labels,
        recipe=args.schema,
        class_field=args.class_field,
        class_name=args.class_name,
        instance_field=args.instance_field,
        id_field=args.id_field,
        where=args.where,
        labels_crs=args.labels_crs,
    )


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
