"""Options that several commands share, by group. Imports nothing heavy."""

import argparse
import glob
import os
from collections.abc import Sequence
from typing import Any

from polychip.cli import values


def command(commands: Any, name: str, purpose: str, example: str) -> argparse.ArgumentParser:
    """A command whose help says its purpose and shows an example."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=purpose,
        description=f"{purpose[0].upper()}{purpose[1:]}.",
        epilog=f"Example:\n{example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    return parser


class Images(argparse.Action):
    """Paths, and the files that patterns stand for."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Keep the paths."""
        del parser, option_string
        found = [path for value in values or () for path in matching(value)]
        setattr(namespace, self.dest, found)


def matching(path: str) -> list[str]:
    """The files of a pattern, sorted, where the shell left it as it is; else the path itself."""
    if "://" in path or not glob.has_magic(path) or os.path.exists(path):  # noqa: PTH110
        return [path]
    return sorted(glob.glob(path, recursive=True)) or [path]  # noqa: PTH207


def inputs(parser: argparse.ArgumentParser) -> None:
    """Imagery and labels."""
    parser.add_argument(
        "images", metavar="IMAGE", nargs="+", action=Images,
        help="any raster that GDAL reads, with a CRS; or patterns: 'tiles/**/*.tif'",
    )  # fmt: skip
    parser.add_argument(
        "--labels", metavar="FILE[|LAYER]", required=True,
        help="polygons (GeoPackage, GeoJSON, FlatGeobuf, Shapefile, GeoParquet, …), or a raster "
        "of class codes; quote the |",
    )  # fmt: skip


def label_source_options(group: Any) -> None:
    """How a label layer is read."""
    add = group.add_argument
    add("--class-field", metavar="FIELD", help="field with the class (default: the one named "
        "class, label, category or type; else all features are one class)")  # fmt: skip
    add("--class-name", metavar="NAME", help="one class of this name for all features")
    add("--instance-field", metavar="FIELD", help="field that says which features are one object "
        "(default: each feature is an object)")  # fmt: skip
    add("--id-field", metavar="FIELD", help="field that names each feature for good "
        "(default: the file's feature numbers)")  # fmt: skip
    add("--where", metavar="SQL", help="only these features, such as \"status = 'done'\"")
    add("--labels-crs", metavar="CRS", help="CRS of labels that state none, such as EPSG:4326")


def label_options(group: Any) -> None:
    """What the labels are, and where somebody looked."""
    label_source_options(group)
    add = group.add_argument
    add("--buffer-m", metavar="METRES", type=float, help="make polygons of lines and points: "
        "distance to each side, in metres")  # fmt: skip
    add("--extent", metavar="FILE[|LAYER]", help="polygons of what was looked at; outside is "
        "ignore (default: the whole image was looked at)")  # fmt: skip


def image_options(group: Any) -> None:
    """What the imagery is, and the grid."""
    add = group.add_argument
    add("--combine", choices=("scenes", "mosaic", "stack"), help="what several images are: scenes "
        "of their own, one mosaic, or bands of one stack (default: scenes)")  # fmt: skip
    add("--bands", metavar="BAND,…", type=values.bands, help="bands by number from 1 or by name, "
        "such as 3,2,1 or red,green,blue (default: all)")  # fmt: skip
    add("--nodata", metavar="VALUE", type=float, help="value of pixels without data "
        "(default: what the image declares)")  # fmt: skip
    add("--crs", metavar="CRS", help="warp to this CRS, such as EPSG:32630")
    add("--resolution", metavar="UNITS", type=values.resolution, help="warp to this pixel size, in "
        "units of the CRS, such as 10 or 10x20")  # fmt: skip
    add("--resampling", metavar="METHOD", choices=(
        "nearest", "bilinear", "cubic", "cubic_spline", "lanczos", "average", "mode", "rms"),
        help="how to warp: nearest, bilinear, cubic, cubic_spline, lanczos, average, mode or rms "
        "(default: bilinear)")  # fmt: skip
    add("--allow-ballpark", action="store_true", default=None, help="accept a transformation that "
        "ignores the shift between the datums (may be 100 m off)")  # fmt: skip


def chip_options(group: Any) -> None:
    """Which chips."""
    add = group.add_argument
    add("--size", metavar="PX", type=values.size, help="side of a chip in pixels, or HEIGHTxWIDTH "
        "(default: 512)")  # fmt: skip
    add("--stride", metavar="PX", type=values.size, help="pixels from one chip to the next, or "
        "ROWSxCOLUMNS (default: the size)")  # fmt: skip
    add("--edge", choices=("pad", "shift", "drop"), help="the last chip of a row or column is "
        "padded, moved back, or left out (default: pad)")  # fmt: skip
    add("--max-nodata", metavar="SHARE", type=float, help="leave out chips with more nodata than "
        "this share, 0 to 1 (default: 1, none)")  # fmt: skip
    add("--min-labelled", metavar="SHARE", type=float, help="leave out chips of which less than "
        "this share was looked at, 0 to 1 (default: 0, none)")  # fmt: skip
    add("--negatives", metavar="SHARE", type=float, help="share of the chips without a feature "
        "that is kept, 0 to 1 (default: 1, all)")  # fmt: skip
    add("--sample", choices=("grid", "random", "objects"), help="chips on a grid, at random "
        "places, or one around each object (default: grid)")  # fmt: skip
    add("--n-chips", metavar="N", type=values.number_of("chips"), help="chips to draw for each "
        "group of scenes, with --sample random or --balance")  # fmt: skip
    add("--jitter", metavar="PX", type=int, help="move chips around objects by up to so many "
        "pixels (default: 0)")  # fmt: skip
    add("--balance", choices=("classes",), help="draw chips so that all classes are seen equally "
        "often; a recipe can give weights")  # fmt: skip
    add("--seed", metavar="N", type=int, help="of all draws: negatives, splits (default: 0)")


def split_options(group: Any) -> None:
    """Who trains on what."""
    add = group.add_argument
    add("--split", metavar="NAME=SHARE,…", help="shares that add up to 1, such as "
        "train=0.8,val=0.1,test=0.1 (default: no split)")  # fmt: skip
    add("--split-by", metavar="HOW", help="blocks (of neighbouring chips), random, scene, "
        "kfold, or field:NAME of the extent (default with --split: blocks)")  # fmt: skip
    add("--folds", metavar="K", type=values.number_of("folds"), help="with --split-by kfold "
        "(default: 5)")  # fmt: skip
    add("--block", metavar="CHIPS", type=values.number_of("chips"), help="side of a block "
        "(default: 4)")  # fmt: skip
    add("--gap", metavar="PX", type=int, help="chips of different splits lie at least so many "
        "pixels apart (default: 0)")  # fmt: skip
    add("--whole-objects", action="store_const", const="whole", dest="objects",
        help="all chips that show an object go to one split")  # fmt: skip
    add("--frozen", metavar="DIR|CSV", help="keep the splits of a dataset's chips, or of a table "
        "with the columns chip_id,split")  # fmt: skip


def output_options(group: Any) -> None:
    """Masks and files."""
    add = group.add_argument
    add("--mode", choices=("semantic", "instance", "panoptic"), help="which masks are made; "
        "semantic ones always are (default: semantic)")  # fmt: skip
    add("--all-touched", action="store_true", default=None, help="burn every pixel that a polygon "
        "touches (default: those whose centre it holds)")  # fmt: skip
    add("--keep-tiny", action="store_true", default=None, help="burn the nearest pixel of polygons "
        "that hold no pixel's centre (default: count them)")  # fmt: skip
    add("--targets", metavar="NAME,…", type=values.names, help="further masks: boundary, contact, "
        "footprint, distance, center, offset, weights, coverage, confidence (default: none; their "
        "parameters are a recipe's)")  # fmt: skip
    add("--compress", choices=("none", "deflate", "zstd", "lzw"), help="compression of the chips "
        "(default: deflate)")  # fmt: skip
    add("--no-report", action="store_false", dest="report", default=None, help="make no "
        "report.html (default: one is made)")  # fmt: skip
    add("--format", metavar="NAME", dest="formats", action="append", help="a further format "
        "besides the dataset's own, put into its folder formats/NAME; see polychip "
        "convert --help")  # fmt: skip


def run_options(parser: argparse.ArgumentParser, *, update: bool = False) -> None:
    """How a run is made."""
    group = parser.add_argument_group("the run")
    effort_options(group)
    way = group.add_mutually_exclusive_group()
    way.add_argument("--resume", action="store_true", help="go on with an unfinished run")
    way.add_argument("--overwrite", action="store_true", help="replace a dataset that is there")
    if update:
        way.add_argument(
            "--update", action="store_true",
            help="make only those chips again whose labels, extent, imagery or options changed",
        )  # fmt: skip


def bucket_options(parser: argparse.ArgumentParser) -> None:
    """What a dataset for a bucket needs on this disk."""
    group = parser.add_argument_group("datasets in buckets, -o s3://BUCKET/PREFIX (docs/remote.md)")
    group.add_argument("--staging", metavar="DIR", help="make the dataset in a folder below DIR "
        "before it is sent (default: POLYCHIP_STAGING, else the user's cache folder)")  # fmt: skip
    group.add_argument("--keep-staging", action="store_true", help="keep it there once it is sent, "
        "so that an --update need not fetch it")  # fmt: skip


def cluster_options(parser: argparse.ArgumentParser) -> None:
    """Workers elsewhere."""
    group = parser.add_argument_group("many machines (docs/scale.md)")
    group.add_argument("--executor", choices=("processes", "dask"), default="processes",
        help="who does the work; dask makes a Dask cluster on this machine for this run "
        "(default: processes)")  # fmt: skip
    group.add_argument("--scheduler", metavar="ADDRESS", help="let the workers of this Dask "
        "scheduler do it, tcp://HOST:PORT; all machines must see inputs and output under the same "
        "paths")  # fmt: skip


def effort_options(group: Any) -> None:
    """Processes and progress."""
    add = group.add_argument
    add("--workers", metavar="N", type=values.workers, help="processes; the result is the same "
        "(default: one a processor, one for small jobs)")  # fmt: skip
    add("--progress", choices=("auto", "json", "none"), default="auto", help="a bar when stderr "
        "is a terminal, one JSON object a line on stdout, or nothing (default: auto)")  # fmt: skip
