"""The commands, their options and their help. Imports nothing heavy: help must be quick."""

import argparse
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from polychip.cli.vector_arguments import add_vector_commands
from polychip.format_list import FORMATS

_EPILOG = """\
The usual way:
  polychip demo                                   see the whole way on a small sample
  polychip init scene.tif --labels labels.gpkg    look at your data, write recipe.toml
  polychip plan recipe.toml                       what a run would give
  polychip run recipe.toml                        build the dataset
  polychip verify dataset                         prove that it is right
  polychip convert dataset --to coco -o coco      write it in another format

Exit codes: 0 done; 1 an input or the recipe is wrong, or verify or check found a problem;
2 usage; 3 done, but some chips failed (listed); 130 interrupted (--resume goes on).
"""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = _Parser(
        prog="polychip",
        description="From polygons and satellite imagery to aligned training chips.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    from polychip.cli.quality_arguments import add_advise, add_agree, add_check

    for add in (
        _add_init, _add_plan, _add_export, _add_run, _add_append, _add_verify, add_check, add_agree,
        add_advise, _add_gallery, _add_report, _add_convert, _add_demo, _add_serve,
    ):  # fmt: skip
        add(commands)
    add_vector_commands(commands, command)
    return parser


class _Parser(argparse.ArgumentParser):
    """Usage errors in two lines: what is wrong, and where help is."""

    def error(self, message: str) -> NoReturn:
        """Print and leave with code 2."""
        self.exit(2, f"error: {message}\n{self.prog} --help explains the options\n")


class _Version(argparse.Action):
    """Look the version up only when somebody asks."""

    def __init__(self, option_strings: list[str], **kwargs: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=kwargs.get("help"))

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from polychip import __version__

        sys.stdout.write(f"polychip {__version__}\n")
        parser.exit()


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


def _add_init(commands: Any) -> None:
    parser = command(
        commands,
        "init",
        "look at images and labels, and write a commented recipe that runs",
        "  polychip init scene.tif --labels labels.gpkg -o recipe.toml\n"
        "  polychip init B02.tif B03.tif B04.tif --labels 'fields.gpkg|crops'",
    )
    _inputs(parser)
    parser.add_argument(
        "-o", "--output", metavar="RECIPE", default="recipe.toml",
        help="the recipe to write (default: recipe.toml)",
    )  # fmt: skip
    parser.add_argument(
        "--labels-crs", metavar="CRS", help="CRS of labels that state none, such as EPSG:4326"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a recipe that is there")


def _add_plan(commands: Any) -> None:
    parser = command(
        commands,
        "plan",
        "say what a recipe would give: chips, splits, classes, bytes, warnings; writes nothing",
        "  polychip plan recipe.toml\n  polychip plan recipe.toml --exact --json > plan.json",
    )
    parser.add_argument("recipe", metavar="RECIPE", help="a recipe in TOML")
    parser.add_argument(
        "--exact", action="store_true",
        help="read the imagery too, so that nothing is estimated (takes about as long as a run)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _add_export(commands: Any) -> None:
    parser = command(
        commands,
        "export",
        "build a dataset without writing a recipe; the one that stands for it is stored in it",
        "  polychip export scene.tif --labels labels.gpkg -o dataset --size 256\n"
        "  polychip export scene.tif --labels 'labels.gpkg|buildings' -o dataset \\\n"
        "      --mode instance --split train=0.8,val=0.2",
    )
    parser.usage = "polychip export IMAGE... --labels FILE[|LAYER] -o DIR [options]"
    _inputs(parser)
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="the dataset's folder")
    _label_options(parser.add_argument_group("labels"))
    _image_options(parser.add_argument_group("images and grid (default: the image's own pixels)"))
    _chip_options(parser.add_argument_group("chips"))
    _split_options(parser.add_argument_group("splits"))
    _output_options(parser.add_argument_group("masks and files"))
    _run_options(parser)


def _add_run(commands: Any) -> None:
    parser = command(
        commands,
        "run",
        "build the dataset of a recipe",
        "  polychip run recipe.toml\n"
        "  polychip run recipe.toml --resume          # go on after an interruption\n"
        "  polychip run recipe.toml -o elsewhere --workers 4",
    )
    parser.add_argument("recipe", metavar="RECIPE", help="a recipe in TOML")
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="the dataset's folder (default: the recipe's)"
    )
    _run_options(parser)


def _add_append(commands: Any) -> None:
    parser = command(
        commands,
        "append",
        "add scenes to a dataset; no chip that it has changes its name or split",
        "  polychip append dataset october.toml\n"
        "  polychip append dataset october.toml november.toml --workers 4",
    )
    parser.add_argument("dataset", metavar="DIR", help="the dataset's folder")
    parser.add_argument(
        "recipes", metavar="RECIPE", nargs="+",
        help="recipes in TOML whose scenes are added; the dataset's own recipe holds for the rest",
    )  # fmt: skip
    _effort_options(parser.add_argument_group("the run"))


def _add_verify(commands: Any) -> None:
    parser = command(
        commands,
        "verify",
        "prove that a dataset is right: files, checksums, alignment, values, leakage, labels",
        "  polychip verify dataset\n  polychip verify dataset --all --json > verdict.json",
    )
    parser.add_argument("dataset", metavar="DIR", help="the dataset's folder")
    parser.add_argument(
        "--all", action="store_true", dest="all_chips",
        help="burn the labels of every chip again, not only of a sample",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def _add_gallery(commands: Any) -> None:
    parser = command(
        commands,
        "gallery",
        "make a picture of one chip: its image, its masks and all of its targets side by side",
        "  polychip gallery dataset\n"
        "  polychip gallery dataset --chip valencia_r0000001_c0000002 -o chip.png",
    )
    parser.add_argument("dataset", metavar="DIR", help="the dataset's folder")
    parser.add_argument(
        "--chip", metavar="ID", help="the chip, or SCENE/ID (default: the one with most objects)"
    )
    parser.add_argument(
        "-o", "--output", metavar="PNG", default="gallery.png",
        help="the picture (default: gallery.png)",
    )  # fmt: skip


def _add_convert(commands: Any) -> None:
    parser = command(
        commands,
        "convert",
        "write a dataset in another format, with a README that shows how it is loaded",
        "  polychip convert dataset --to png -o dataset-png\n"
        "  polychip convert dataset --to png -o dataset-png --stretch 0,3000 --workers 2",
    )
    parser.add_argument("dataset", metavar="DIR", help="the dataset's folder")
    parser.add_argument(
        "--to", metavar="FORMAT", required=True,
        help="; ".join(f"{name}: {entry.purpose}" for name, entry in FORMATS.items()),
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True, help="the converted dataset's folder"
    )
    group = parser.add_argument_group("images")
    add = group.add_argument
    add("--layer", metavar="NAME", help="image layer (default: the first)")
    add("--bands", metavar="BAND,…", type=_bands, help="bands by number from 1 or by name "
        "(default: red, green and blue for pictures, else all)")  # fmt: skip
    add("--stretch", metavar="RULE", help="how imagery becomes 8-bit, the same for all chips: "
        "auto (percentiles 2 and 98 of the whole dataset), none, MIN,MAX, or such a pair for each "
        "band; write --stretch=-25,0 where MIN is negative (default: none for 8-bit imagery, else "
        "auto)")  # fmt: skip
    parser.add_argument(
        "--set", metavar="NAME=VALUE", type=_pair, action="append", default=[], dest="more",
        help="an option of the format alone, see docs/formats.md",
    )  # fmt: skip
    run = parser.add_argument_group("the run")
    _effort_options(run)
    run.add_argument(
        "--overwrite", action="store_true", help="replace a converted dataset that is there"
    )


def _add_report(commands: Any) -> None:
    parser = command(
        commands,
        "report",
        "make report.html, a dataset on one page: pictures, map, classes, splits, bands, warnings",
        "  polychip report dataset\n"
        "  polychip verify dataset --json > verdict.json\n"
        "  polychip report dataset --quality verdict.json",
    )
    parser.add_argument("dataset", metavar="DIR", help="the dataset's folder")
    parser.add_argument(
        "-o", "--output", metavar="HTML", help="the page (default: report.html in the dataset)"
    )
    parser.add_argument(
        "--quality", metavar="JSON", action="append",
        help="what verify, check, agree or advise printed with --json; may be given several times",
    )  # fmt: skip


def _add_demo(commands: Any) -> None:
    parser = command(
        commands,
        "demo",
        "go the whole way on the shipped sample, step by step, without a download",
        "  polychip demo\n  polychip demo -o somewhere",
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", default="polychip-demo",
        help="the dataset's folder (default: polychip-demo)",
    )  # fmt: skip
    _run_options(parser)


def _add_serve(commands: Any) -> None:
    command(
        commands,
        "serve",
        "answer another program's requests for plans, previews and runs, by JSON lines on stdin "
        "and stdout",
        """  echo '{"id": 1, "method": "hello"}' | polychip serve""",
    )


def _inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "images", metavar="IMAGE", nargs="+", help="any raster that GDAL reads, with a CRS"
    )
    parser.add_argument(
        "--labels", metavar="FILE[|LAYER]", required=True,
        help="polygons (GeoPackage, GeoJSON, FlatGeobuf, Shapefile, GeoParquet, …), or a raster "
        "of class codes; quote the |",
    )  # fmt: skip


def _label_options(group: Any) -> None:
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
    add("--buffer-m", metavar="METRES", type=float, help="make polygons of lines and points: "
        "distance to each side, in metres")  # fmt: skip
    add("--extent", metavar="FILE[|LAYER]", help="polygons of what was looked at; outside is "
        "ignore (default: the whole image was looked at)")  # fmt: skip


def _image_options(group: Any) -> None:
    add = group.add_argument
    add("--combine", choices=("scenes", "mosaic", "stack"), help="what several images are: scenes "
        "of their own, one mosaic, or bands of one stack (default: scenes)")  # fmt: skip
    add("--bands", metavar="BAND,…", type=_bands, help="bands by number from 1 or by name, such "
        "as 3,2,1 or red,green,blue (default: all)")  # fmt: skip
    add("--nodata", metavar="VALUE", type=float, help="value of pixels without data "
        "(default: what the image declares)")  # fmt: skip
    add("--crs", metavar="CRS", help="warp to this CRS, such as EPSG:32630")
    add("--resolution", metavar="UNITS", type=_resolution, help="warp to this pixel size, in "
        "units of the CRS, such as 10 or 10x20")  # fmt: skip
    add("--resampling", metavar="METHOD", choices=(
        "nearest", "bilinear", "cubic", "cubic_spline", "lanczos", "average", "mode", "rms"),
        help="how to warp: nearest, bilinear, cubic, cubic_spline, lanczos, average, mode or rms "
        "(default: bilinear)")  # fmt: skip
    add("--allow-ballpark", action="store_true", default=None, help="accept a transformation that "
        "ignores the shift between the datums (may be 100 m off)")  # fmt: skip


def _chip_options(group: Any) -> None:
    add = group.add_argument
    add("--size", metavar="PX", type=_size, help="side of a chip in pixels, or HEIGHTxWIDTH "
        "(default: 512)")  # fmt: skip
    add("--stride", metavar="PX", type=_size, help="pixels from one chip to the next, or "
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
    add("--n-chips", metavar="N", type=_number_of("chips"), help="chips to draw for each group "
        "of scenes, with --sample random or --balance")  # fmt: skip
    add("--jitter", metavar="PX", type=int, help="move chips around objects by up to so many "
        "pixels (default: 0)")  # fmt: skip
    add("--balance", choices=("classes",), help="draw chips so that all classes are seen equally "
        "often; a recipe can give weights")  # fmt: skip
    add("--seed", metavar="N", type=int, help="of all draws: negatives, splits (default: 0)")


def _split_options(group: Any) -> None:
    add = group.add_argument
    add("--split", metavar="NAME=SHARE,…", help="shares that add up to 1, such as "
        "train=0.8,val=0.1,test=0.1 (default: no split)")  # fmt: skip
    add("--split-by", metavar="HOW", help="blocks (of neighbouring chips), random, scene, "
        "kfold, or field:NAME of the extent (default with --split: blocks)")  # fmt: skip
    add("--folds", metavar="K", type=_number_of("folds"), help="with --split-by kfold "
        "(default: 5)")  # fmt: skip
    add("--block", metavar="CHIPS", type=_number_of("chips"), help="side of a block "
        "(default: 4)")  # fmt: skip
    add("--gap", metavar="PX", type=int, help="chips of different splits lie at least so many "
        "pixels apart (default: 0)")  # fmt: skip
    add("--whole-objects", action="store_const", const="whole", dest="objects",
        help="all chips that show an object go to one split")  # fmt: skip
    add("--frozen", metavar="DIR|CSV", help="keep the splits of a dataset's chips, or of a table "
        "with the columns chip_id,split")  # fmt: skip


def _output_options(group: Any) -> None:
    add = group.add_argument
    add("--mode", choices=("semantic", "instance", "panoptic"), help="which masks are made; "
        "semantic ones always are (default: semantic)")  # fmt: skip
    add("--all-touched", action="store_true", default=None, help="burn every pixel that a polygon "
        "touches (default: those whose centre it holds)")  # fmt: skip
    add("--keep-tiny", action="store_true", default=None, help="burn the nearest pixel of polygons "
        "that hold no pixel's centre (default: count them)")  # fmt: skip
    add("--targets", metavar="NAME,…", type=_names, help="further masks: boundary, contact, "
        "footprint, distance, center, offset, weights, coverage, confidence (default: none; their "
        "parameters are a recipe's)")  # fmt: skip
    add("--compress", choices=("none", "deflate", "zstd", "lzw"), help="compression of the chips "
        "(default: deflate)")  # fmt: skip
    add("--no-report", action="store_false", dest="report", default=None, help="make no "
        "report.html (default: one is made)")  # fmt: skip
    add("--format", metavar="NAME", dest="formats", action="append", help="a further format "
        "besides the dataset's own, put into its folder formats/NAME; see polychip "
        "convert --help")  # fmt: skip


def _run_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the run")
    _effort_options(group)
    way = group.add_mutually_exclusive_group()
    way.add_argument("--resume", action="store_true", help="go on with an unfinished run")
    way.add_argument("--overwrite", action="store_true", help="replace a dataset that is there")


def _effort_options(group: Any) -> None:
    add = group.add_argument
    add("--workers", metavar="N", type=_workers, help="processes; the result is the same "
        "(default: one a processor, one for small jobs)")  # fmt: skip
    add("--progress", choices=("auto", "json", "none"), default="auto", help="a bar when stderr "
        "is a terminal, one JSON object a line on stdout, or nothing (default: auto)")  # fmt: skip


def _reading(what: str, convert: Callable[[str], Any]) -> Callable[[str], Any]:
    """A converter that says what it expected; ranges are the recipe's to check."""

    def read(text: str) -> Any:
        try:
            return convert(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not {what}") from None

    return read


def _one_or_two(text: str, kind: Callable[[str], Any]) -> Any:
    parts = [kind(part) for part in text.lower().split("x")]
    if len(parts) > 2:
        raise ValueError(text)
    return parts[0] if len(parts) == 1 else tuple(parts)


def _band(text: str) -> int | str:
    name = text.strip()
    if not name:
        raise ValueError(text)
    return int(name) if name.isdecimal() else name


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _name_and_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ValueError(text)
    return name, value


_pair = _reading("an option as NAME=VALUE", _name_and_value)
_size = _reading("a number of pixels such as 512, nor two as HEIGHTxWIDTH",
                 lambda text: _one_or_two(text, int))  # fmt: skip
_resolution = _reading("a pixel size such as 10, nor two as 10x20",
                       lambda text: _one_or_two(text, float))  # fmt: skip
_bands = _reading("a list of bands such as 3,2,1 or red,green,blue",
                  lambda text: [_band(part) for part in text.split(",")])  # fmt: skip
_names = _reading("a list of names such as boundary,distance",
                  lambda text: [name.strip() for name in text.split(",")])  # fmt: skip
_workers = _reading("a number of processes, 1 or more", _at_least_one)


def _number_of(what: str) -> Callable[[str], Any]:
    return _reading(f"a number of {what}, 1 or more", _at_least_one)
