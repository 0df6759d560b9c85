"""The options of the commands that judge labels. Imports nothing heavy."""

import argparse
from typing import Any

from polychip.cli.options import Images, command, label_source_options


def add_check(commands: Any) -> None:
    """`polychip check`."""
    parser = command(
        commands,
        "check",
        "look for faults in labels: geometry, topology, attributes, place, registration, balance",
        "  polychip check labels.gpkg --image scene.tif -o problems.gpkg\n"
        "  polychip check labels.gpkg --schema recipe.toml --json > problems.json\n"
        "  polychip check labels.gpkg --image scene.tif --fix -o fixed.gpkg",
    )
    parser.add_argument("labels", metavar="FILE[|LAYER]", help="polygons; quote the |")
    against = parser.add_argument_group("what they are checked against")
    add = against.add_argument
    add("--image", metavar="IMAGE", nargs="+", action=Images, default=[], dest="images",
        help="the images they were drawn on; without one, place and registration aren't "
        "checked")  # fmt: skip
    add("--extent", metavar="FILE[|LAYER]", nargs="+", default=[],
        help="polygons of what was looked at; with a field 'status' they are cells")  # fmt: skip
    add("--schema", metavar="RECIPE", help="a recipe, for its [schema], and for the fields of its "
        "labels where it has the same file and layer")  # fmt: skip
    add("--pixel", metavar="METRES", type=float, dest="pixel_m",
        help="side of a pixel, where there is no image to tell")  # fmt: skip
    add("--date", metavar="DAY[/DAY]", type=_days, dest="dates",
        help="the image's day, or the first and last, such as 2024-10-31")  # fmt: skip
    add("--gap", metavar="PX", type=float, dest="gap_px", default=0.5,
        help="gaps between neighbours narrower than this are problems, in pixels "
        "(default: 0.5)")  # fmt: skip
    add("--size", metavar="PX", type=int, dest="chip_px", default=512,
        help="side of the chips in which objects are counted (default: 512)")  # fmt: skip
    label_fields(parser.add_argument_group("the labels"))
    parser.add_argument("--date-field", metavar="FIELD", help="field with the day of each label")
    out = parser.add_argument_group("what is written")
    add = out.add_argument
    add("-o", "--output", metavar="FILE", help="a GeoPackage of the problems, with a style for "
        "QGIS; with --fix, of the mended labels")  # fmt: skip
    add("--fix", action="store_true", help="write the labels anew, what can be mended safely "
        "mended; never in place")  # fmt: skip
    add("--overwrite", action="store_true", help="replace the file if it is there")
    add("--json", action="store_true", help="one JSON document on stdout")


def add_advise(commands: Any) -> None:
    """`polychip advise`."""
    parser = command(
        commands,
        "advise",
        "say whether to label for semantic, instance or panoptic masks, with the evidence",
        "  polychip advise labels.gpkg --image scene.tif\n"
        "  polychip advise labels.gpkg --image scene.tif --goal counting --page advice.html\n"
        "  polychip advise labels.gpkg --image scene.tif --write-schema recipe.toml",
    )
    parser.add_argument("labels", metavar="FILE[|LAYER]", help="polygons; quote the |")
    add = parser.add_argument
    add("--image", metavar="IMAGE", nargs="+", action=Images, required=True, dest="images",
        help="the images they were drawn on")  # fmt: skip
    add("--goal", choices=("counting", "area", "change", "mapping"), help="what the masks are for: "
        "how many, how much, what became of each, or where (default: mapping)")  # fmt: skip
    add("--schema", metavar="RECIPE", help="a recipe, for its [schema], and for the fields of its "
        "labels where it has the same file and layer")  # fmt: skip
    label_fields(parser.add_argument_group("the labels"))
    group = parser.add_argument_group("what is counted")
    group.add_argument("--small", metavar="PX", type=int, default=16, dest="small_px",
        help="objects of fewer pixels count as small (default: 16)")  # fmt: skip
    group.add_argument("--seconds-per-vertex", metavar="S", type=float, default=1.5,
        help="your own rate of drawing (default: 1.5)")  # fmt: skip
    group.add_argument("--seconds-per-object", metavar="S", type=float, default=6.0,
        help="to find, start and class an object (default: 6)")  # fmt: skip
    out = parser.add_argument_group("what is written")
    out.add_argument("--page", metavar="FILE.html", help="the advice as one page with pictures")
    out.add_argument("--write-schema", metavar="RECIPE", help="put mode, chip size, stride, and "
        "thing or stuff into a recipe: a new one, or one that is there")  # fmt: skip
    out.add_argument("--overwrite", action="store_true", help="replace the page if it is there")
    out.add_argument("--json", action="store_true", help="one JSON document on stdout")


def add_agree(commands: Any) -> None:
    """`polychip agree`."""
    parser = command(
        commands,
        "agree",
        "say how well annotators agree, or predictions with labels: pixels, outlines, objects",
        "  polychip agree labels.gpkg labels.gpkg --image scene.tif\n"
        "  polychip agree labels.gpkg labels.gpkg labels.gpkg --image scene.tif \\\n"
        "      --consensus staple -o agreement.gpkg",
    )
    parser.add_argument("labels", metavar="FILE[|LAYER]", nargs="+", help="two or more layers of "
        "polygons; the first is the reference of precision and recall; quote the |")  # fmt: skip
    on = parser.add_argument_group("on which pixels")
    add = on.add_argument
    add("--image", metavar="IMAGE", help="its pixels are compared; those without data are not")
    add("--resolution", metavar="UNITS", type=float, help="side of a pixel where there is no "
        "image, in units of the first layer's CRS")  # fmt: skip
    add("--extent", metavar="FILE[|LAYER]", nargs="+", default=[], help="polygons of what was "
        "looked at: one for all, or one for each; only where both looked is compared")  # fmt: skip
    add("--boundary", metavar="PX", type=int, default=2, dest="boundary_px",
        help="outlines may be so far apart (default: 2)")  # fmt: skip
    add("--schema", metavar="RECIPE", help="a recipe, for its [schema]")
    label_fields(parser.add_argument_group("the labels"))
    out = parser.add_argument_group("what is written")
    add = out.add_argument
    add("-o", "--output", metavar="FILE.gpkg", help="where A and B differ, as a styled layer; with "
        "--consensus also what all agree on")  # fmt: skip
    add("--consensus", choices=("majority", "staple"), help="decide each pixel by the most "
        "frequent answer, or by STAPLE")  # fmt: skip
    add("--support", metavar="FILE.tif", help="the consensus as a raster: class, and its support")
    add("--matrix", metavar="FILE.svg", help="a picture of the confusion matrix")
    add("--overwrite", action="store_true", help="replace files that are there")
    add("--json", action="store_true", help="one JSON document on stdout")


def label_fields(group: Any) -> None:
    """How to read a label layer, and how far to trust its CRS."""
    label_source_options(group)
    add = group.add_argument
    add("--allow-ballpark", action="store_true", help="accept a transformation that ignores the "
        "shift between the datums")  # fmt: skip


def _days(text: str) -> tuple[str, str]:
    """(first, last) day of '2024-10-31' or '2024-10-01/2024-10-31'."""
    import datetime

    first, _, last = text.partition("/")
    try:
        days = [datetime.date.fromisoformat(part) for part in (first, last or first)]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a day such as 2024-10-31, nor two with a / between"
        ) from None
    if days[0] > days[1]:
        raise argparse.ArgumentTypeError(f"'{text}' ends before it begins")
    return days[0].isoformat(), days[1].isoformat()
