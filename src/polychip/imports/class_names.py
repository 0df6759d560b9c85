"""Names of numbered classes, from what a folder of annotations says of itself."""

import re
from collections.abc import Mapping
from pathlib import Path

from polychip.errors import InputError

_LISTS = ("classes.txt", "obj.names", "class_names.txt")
BACKGROUND = "background"


def yolo_names(folder: Path, given: str | None) -> Mapping[int, str]:
    """Class names by number from 0: given, of data.yaml, or of a list beside the labels."""
    if given is not None:
        return dict(enumerate(named(given)))
    for place in (folder, *list(folder.parents)[:2]):
        for name in ("data.yaml", "dataset.yaml"):
            if (place / name).is_file():
                return yaml_names(place / name)
        for name in _LISTS:
            if (place / name).is_file():
                return dict(enumerate(lines(place / name)))
    return {}


def mask_names(folder: Path, given: str | None) -> Mapping[int, str]:
    """Class names by code: given, of labelmap.txt, or of a list; from 1 unless background leads."""
    if given is not None:
        return _counted(named(given))
    for place in (folder, folder.parent):
        if (place / "labelmap.txt").is_file():
            entries = [line for line in lines(place / "labelmap.txt") if not line.startswith("#")]
            return _counted([line.partition(":")[0] for line in entries])
        for name in _LISTS:
            if (place / name).is_file():
                return _counted(lines(place / name))
    return {}


def _counted(names: list[str]) -> Mapping[int, str]:
    first = 0 if names and names[0].casefold() == BACKGROUND else 1
    return dict(enumerate(names, first))


def named(given: str) -> list[str]:
    """'a,b,c', or the lines of a file."""
    if Path(given).is_file():
        return lines(Path(given))
    return [name.strip() for name in given.split(",")]


def lines(path: Path) -> list[str]:
    """A file's lines that say something."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the list of classes can't be read ({error})") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def yaml_names(path: Path) -> Mapping[int, str]:
    """The `names` of a YOLO data.yaml: a list, a block list, or a block of numbers and names.

    Raises:
        InputError: they are written in another way.
    """
    text = path.read_text(encoding="utf-8")
    found = re.search(r"^names:[ \t]*(.*)$", text, re.MULTILINE)
    if found is None:
        return {}
    inline = found.group(1).partition(" #")[0].strip()
    if inline.startswith("["):
        body = text[found.start(1) :].partition("]")[0].strip()[1:]
        return dict(enumerate(_plain(part) for part in body.split(",") if part.strip()))
    names: dict[int, str] = {}
    if inline.startswith("{"):
        body = text[found.start(1) :].partition("}")[0].strip()[1:]
        entries = [part.strip() for part in body.split(",") if part.strip()]
    else:
        entries = _block(text[found.end() :])
    for entry in entries:
        number, colon, name = entry.partition(":")
        if entry.startswith("- "):
            names[len(names)] = _plain(entry[2:])
        elif colon and number.strip().isdecimal():
            names[int(number)] = _plain(name)
        else:
            raise InputError(
                f"{path}: names has the line '{entry}'; expected a list, or lines NUMBER: NAME; "
                "or give the names in order with --classes"
            )
    return names


def _block(text: str) -> list[str]:
    """The lines of a block, up to the next key."""
    entries = []
    for line in text.splitlines():
        plain = line.partition(" #")[0].rstrip()
        if not plain.strip() or plain.lstrip().startswith("#"):
            continue
        if not plain.startswith((" ", "\t", "-")):
            break
        entries.append(plain.strip())
    return entries


def _plain(text: str) -> str:
    """A YAML scalar without quotes and comment."""
    return text.partition(" #")[0].strip().strip("'\"")
