"""The options of the commands that make vector labels; imports nothing heavy."""

import argparse
from collections.abc import Callable
from typing import Any

Command = Callable[[Any, str, str, str], argparse.ArgumentParser]


def add_vector_commands(commands: Any, command: Command) -> None:
    """`vectorize` and `import`."""
    _add_vectorize(commands, command)


def _add_vectorize(commands: Any, command: Command) -> None:
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


def _output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="FILE", required=True,
                        help="the GeoPackage to write: layers labels and extent")  # fmt: skip


def _ways(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--progress", choices=("auto", "none"), default="auto",
        help="a bar when stderr is a terminal, or nothing (default: auto)")  # fmt: skip
    add("--json", action="store_true", help="one JSON document on stdout")
    add("--overwrite", action="store_true", help="replace a file that is there")
