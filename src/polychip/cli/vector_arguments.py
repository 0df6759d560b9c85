"""The options of the commands that make vector labels; imports nothing heavy."""

import argparse
from typing import Any

from polychip.cli.options import command


def add_vector_commands(commands: Any) -> None:
    """`vectorize` and `import`."""
    _add_vectorize(commands)
    _add_import(commands)


def _add_vectorize(commands: Any) -> None:
    parser = command(
        commands,
        "vectorize",
        "turn masks, a dataset's own or a model's, into georeferenced polygons without seams",
        "  polychip vectorize dataset -o labels.gpkg\n"
        "  polychip vectorize dataset --predictions predicted -o predicted.gpkg --min-size 20\n"
        "  polychip vectorize dataset --predictions scores --kind probability --threshold 0.6 \\\n"
        "      -o flood.gpkg --simplify 1",
    )
    add = parser.add_argument
    add("dataset", metavar="DIR", help="the dataset's folder")
    _output(parser)
    add("--predictions", metavar="FOLDER", help="rasters (.tif, .png, .npy) named like the chips, "
        "below folders named like the scenes where there are several (default: the dataset's own "
        "masks)")  # fmt: skip
    add("--kind", choices=("semantic", "instance", "probability"), help="what the rasters hold "
        "(default: objects where the dataset has them; predictions are probabilities when they "
        "are floats, else classes)")  # fmt: skip
    add("--threshold", metavar="P", type=float, help="least probability of a class (default: the "
        "highest wins; 0.5 where there is one band)")  # fmt: skip
    add("--classes", metavar="NAME,…", help="class of each band of probabilities ('background' is "
        "one of them), or of predicted objects (default: the dataset's classes by code, after the "
        "background where there is a band more)")  # fmt: skip
    add("--scene", metavar="NAME", action="append", default=[], dest="scenes",
        help="only this scene; may be repeated")  # fmt: skip
    add("--min-size", metavar="PX", type=int, default=0, help="leave out polygons of fewer pixels; "
        "they are counted (default: 0, none)")  # fmt: skip
    add("--simplify", metavar="PX", type=float, default=0.0, help="smooth outlines: corners of "
        "up to PX × PX pixels go, shared borders stay shared (default: 0, none)")  # fmt: skip
    _ways(parser)


def _add_import(commands: Any) -> None:
    parser = command(
        commands,
        "import",
        "turn annotations made elsewhere on georeferenced images into labels and their extent",
        "  polychip import coco annotations.json --images chips -o labels.gpkg\n"
        "  polychip import yolo yolo/labels --images scene.tif -o labels.gpkg\n"
        "  polychip import masks masks --images chips --classes water,field -o labels.gpkg",
    )
    parser.set_defaults(command="import_labels")  # `import` can't be a function's name
    add = parser.add_argument
    add("format", metavar="FORMAT", choices=("coco", "yolo", "voc", "labelme", "masks"),
        help="coco (instances), yolo (boxes or outlines), voc (boxes or masks), labelme, or masks "
        "(index rasters: 0 background, 255 void)")  # fmt: skip
    add("annotations", metavar="DIR_OR_FILE", help="the annotations")
    add("--images", metavar="PATH", nargs="+", required=True, help="the annotated images, or "
        "folders of them; found by name, also with another suffix")  # fmt: skip
    _output(parser)
    add("--crs", metavar="CRS", help="of the labels, such as EPSG:32630 (default: the first "
        "image's; other images are transformed)")  # fmt: skip
    add("--classes", metavar="NAME,…|FILE", help="names of numbered classes in order: from 0 in "
        "yolo, from 1 in masks (default: data.yaml, classes.txt or labelmap.txt beside the "
        "annotations)")  # fmt: skip
    add("--crowd", choices=("ignore", "keep"), default="ignore", help="COCO's crowd regions: cut "
        "out of the extent, or kept as features (default: ignore)")  # fmt: skip
    add("--shift", metavar="PX", type=float, default=0.0, help="add so many pixels to coordinates: "
        "0.5 where they count from the first pixel's centre (default: 0)")  # fmt: skip
    add("--skip-missing", action="store_true", help="leave out annotations whose image is missing "
        "or not georeferenced; they are named")  # fmt: skip
    _ways(parser)


def _output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="FILE", required=True,
                        help="the GeoPackage to write: layers labels and extent")  # fmt: skip


def _ways(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    told = parser.add_mutually_exclusive_group()
    told.add_argument("--progress", choices=("auto", "json", "none"), default="auto",
        help="a bar when stderr is a terminal, one JSON object a line on stdout, or nothing "
        "(default: auto)")  # fmt: skip
    told.add_argument("--json", action="store_true", help="one JSON document on stdout")
    add("--overwrite", action="store_true", help="replace a file that is there")
