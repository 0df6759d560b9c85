"""The commands, their options and their help. Imports nothing heavy: help must be quick."""

import argparse
import sys
from typing import Any, NoReturn

from polychip.cli import options, values
from polychip.cli.options import command
from polychip.cli.quality_arguments import add_advise, add_agree, add_check
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
    for add in (
        _add_init, _add_plan, _add_export, _add_run, _add_append, _add_verify, add_check, add_agree,
        add_advise, _add_gallery, _add_report, _add_convert, _add_demo, _add_serve,
    ):  # fmt: skip
        add(commands)
    add_vector_commands(commands)
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


def _add_init(commands: Any) -> None:
    parser = command(
        commands,
        "init",
        "look at images and labels, and write a commented recipe that runs",
        "  polychip init scene.tif --labels labels.gpkg -o recipe.toml\n"
        "  polychip init B02.tif B03.tif B04.tif --labels 'fields.gpkg|crops'",
    )
    options.inputs(parser)
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
    parser.add_argument(
        "--workers", metavar="N", type=values.workers,
        help="processes; the answer is the same (default: one a processor, one for few chips)",
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
    options.inputs(parser)
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True,
        help="the dataset's folder, or s3://BUCKET/PREFIX",
    )  # fmt: skip
    options.label_options(parser.add_argument_group("labels"))
    options.image_options(
        parser.add_argument_group("images and grid (default: the image's own pixels)")
    )
    options.chip_options(parser.add_argument_group("chips"))
    options.split_options(parser.add_argument_group("splits"))
    options.output_options(parser.add_argument_group("masks and files"))
    options.run_options(parser)
    options.bucket_options(parser)
    options.cluster_options(parser)


def _add_run(commands: Any) -> None:
    parser = command(
        commands,
        "run",
        "build the dataset of a recipe",
        "  polychip run recipe.toml\n"
        "  polychip run recipe.toml --resume          # go on after an interruption\n"
        "  polychip run recipe.toml --update          # after an edit: only what it touches\n"
        "  polychip run recipe.toml -o elsewhere --workers 4",
    )
    parser.add_argument("recipe", metavar="RECIPE", help="a recipe in TOML")
    parser.add_argument(
        "-o", "--output", metavar="DIR",
        help="the dataset's folder, or s3://BUCKET/PREFIX (default: the recipe's)",
    )  # fmt: skip
    options.run_options(parser, update=True)
    options.bucket_options(parser)
    options.cluster_options(parser)


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
    options.effort_options(parser.add_argument_group("the run"))


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
    parser.add_argument(
        "--workers", metavar="N", type=values.workers,
        help="processes that read the chips (default: one for each processor, one alone for small "
        "datasets)",
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
    add("--bands", metavar="BAND,…", type=values.bands, help="bands by number from 1 or by name "
        "(default: red, green and blue for pictures, else all)")  # fmt: skip
    add("--stretch", metavar="RULE", help="how imagery becomes 8-bit, the same for all chips: "
        "auto (percentiles 2 and 98 of the whole dataset), none, MIN,MAX, or such a pair for each "
        "band; write --stretch=-25,0 where MIN is negative (default: none for 8-bit imagery, else "
        "auto)")  # fmt: skip
    parser.add_argument(
        "--set", metavar="NAME=VALUE", type=values.pair, action="append", default=[], dest="more",
        help="an option of the format alone, see docs/formats.md",
    )  # fmt: skip
    run = parser.add_argument_group("the run")
    options.effort_options(run)
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
        "-o",
        "--output",
        metavar="HTML",
        help="the page (default: report.html in the dataset; of one in a bucket, here)",
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
    options.run_options(parser)


def _add_serve(commands: Any) -> None:
    command(
        commands,
        "serve",
        "answer another program's requests for plans, previews and runs, by JSON lines on stdin "
        "and stdout",
        """  echo '{"id": 1, "method": "hello"}' | polychip serve""",
    )
