"""From a format's name to the format; its module is loaded only when it is asked for."""

from importlib import import_module

from polychip.errors import FormatError, nearest
from polychip.format_list import FORMATS
from polychip.formats.preparation import Preparation
from polychip.formats.protocol import Format
from polychip.formats.source import Source


def check_name(name: str) -> None:
    """Refuse names of formats that there aren't.

    Raises:
        FormatError: it is unknown; the message names the nearest and all others.
    """
    if name not in FORMATS:
        raise FormatError(
            f"no format '{name}'{nearest(name, FORMATS)}; there are {', '.join(FORMATS)}"
        )


def check_objects(name: str, source: Source) -> None:
    """Refuse formats of objects for a dataset without any.

    Raises:
        FormatError: the dataset is a semantic one.
    """
    if FORMATS[name].needs_objects and not source.has_objects:
        raise FormatError(
            f"{source.folder}: {name} holds objects, and a semantic dataset has none; build it "
            "with masks.mode = 'instance' or 'panoptic' (--mode), or choose a format of class masks"
        )


def prepare_format(preparation: Preparation) -> Format:
    """The format, made for a dataset and its options.

    Raises:
        FormatError: it can't hold the dataset, or an option is none of its own.
    """
    module = import_module(f"polychip.formats.{FORMATS[preparation.name].module}")
    made: Format = module.prepare(preparation)
    preparation.check_options()
    return made
