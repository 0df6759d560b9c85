"""The answer put into a recipe: a new one, or a change of a few lines in one that is there."""

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from polychip.errors import RecipeError
from polychip.io.atomic import write_text
from polychip.quality.advice.judge import Advice
from polychip.quality.checks.subject import Subject
from polychip.recipe import load_recipe_text
from polychip.requests import scene_tables
from polychip.schema import LabelSchema

_HEADING = re.compile(r"^\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")


def write_schema(path: Path, advice: Advice, subject: Subject, schema: LabelSchema) -> str:
    """Put mode, chip size, stride, and thing or stuff into a recipe; returns what was done.

    A recipe that is there keeps its comments and all else; classes that it does not list are
    added when it lists none.

    Raises:
        RecipeError: the recipe that is there is wrong, or written in a way that can't be changed
            line by line.
        OutputError: it can't be written there.
    """
    existed = path.exists()
    text = path.read_text(encoding="utf-8") if existed else _new(path, subject)
    load_recipe_text(text, base=path.absolute().parent, where=str(path))
    text = _changed(text, advice, subject, schema)
    _prove(text, path, advice)
    write_text(path, text)
    return f"{path}: {'changed' if existed else 'written'} for {advice.strategy} masks"


def _new(path: Path, subject: Subject) -> str:
    """A recipe of the images and labels that were looked at; paths start from it."""
    base = path.absolute().parent
    source = subject.request.labels
    labels = source.model_dump(exclude_none=True) | {"path": _from(source.path, base)}
    scenes = scene_tables([_from(image, base) for image in subject.request.images], "scenes")
    for scene in scenes:
        scene["labels"] = [labels]
        if subject.request.extent:
            scene["extent"] = [
                entry.model_dump(exclude_none=True) | {"path": _from(entry.path, base)}
                for entry in subject.request.extent
            ]
    schema = subject.request.options.model_dump(exclude_none=True)
    schema.pop("classes")
    if subject.class_name is not None:
        schema["class_field"] = subject.class_name
    recipe: dict[str, Any] = {"scenes": scenes, "schema": schema, "output": {"path": "dataset"}}
    return tomli_w.dumps(recipe)


def _from(path: str, base: Path) -> str:
    return os.path.relpath(Path(path).absolute(), base)


def _changed(text: str, advice: Advice, subject: Subject, schema: LabelSchema) -> str:
    lines = text.splitlines()
    for table, key, value in (
        ("masks", "mode", f'"{advice.strategy}"'),
        ("chips", "size", str(advice.chip_px)),
        ("chips", "stride", str(advice.stride_px)),
    ):
        lines = _set(lines, table, key, value)
    things = {entry.name: entry.thing for entry in advice.classes}
    if "classes" in tomllib.loads(text).get("schema", {}):
        lines = _set_things(lines, things)
    else:
        lines = _add_classes(lines, things, schema, subject)
    return "\n".join(lines) + "\n"


def _set(lines: list[str], table: str, key: str, value: str) -> list[str]:
    """Set a key of a table; both are made where they are missing."""
    start = next((i for i, line in enumerate(lines) if _named(line) == table), None)
    if start is None:
        return [*lines, "", f"[{table}]", f"{key} = {value}"]
    end = _end(lines, start)
    pattern = re.compile(rf"^(\s*{key}\s*=\s*)([^#]*?)(\s*#.*)?$")
    for i in range(start + 1, end):
        found = pattern.match(lines[i])
        if found:
            return [*lines[:i], f"{found[1]}{value}{found[3] or ''}", *lines[i + 1 :]]
    return [*lines[: start + 1], f"{key} = {value}", *lines[start + 1 :]]


def _named(line: str) -> str | None:
    found = _HEADING.match(line)
    return found[1] if found else None


def _end(lines: list[str], start: int) -> int:
    """The line of the next heading."""
    after = (i for i in range(start + 1, len(lines)) if _named(lines[i]) is not None)
    return next(after, len(lines))


def _set_things(lines: list[str], things: dict[str, bool]) -> list[str]:
    name = re.compile(r"^\s*name\s*=\s*([\"'])(.*?)\1")
    thing = re.compile(r"^(\s*thing\s*=\s*)(true|false)(.*)$")
    out = list(lines)
    for start in reversed([i for i, line in enumerate(lines) if _named(line) == "schema.classes"]):
        block = range(start + 1, _end(lines, start))
        own = next((m[2] for i in block if (m := name.match(out[i]))), None)
        if own not in things:
            continue
        word = "true" if things[own] else "false"
        for i in block:
            found = thing.match(out[i])
            if found:
                out[i] = f"{found[1]}{word}{found[3]}"
                break
        else:
            out.insert(start + 1, f"thing = {word}")
    return out


def _add_classes(
    lines: list[str], things: dict[str, bool], schema: LabelSchema, subject: Subject
) -> list[str]:
    """A [[schema.classes]] table a class; things before stuff, which they stand on."""
    special = (schema.background, schema.ignore)
    used = set(subject.classes)
    rows = list(schema.classes)
    if subject.schema is None:  # a declared order is a decision; an own one is not
        rows.sort(key=lambda c: (c.code != schema.ignore, not things.get(c.name, False)))
    out = list(lines)
    for entry in rows:
        if entry.code not in special and not used & {*entry.values, entry.name}:
            continue
        table = {"name": entry.name, "code": entry.code, "color": entry.color,
                 "thing": things.get(entry.name, False)}  # fmt: skip
        if entry.values and entry.values != (entry.name,):
            table["values"] = list(entry.values)
        out += ["", "[[schema.classes]]", *tomli_w.dumps(table).splitlines()]
    return out


def _prove(text: str, path: Path, advice: Advice) -> None:
    """Read the changed text again."""
    recipe = load_recipe_text(text, base=path.absolute().parent, where=str(path))
    things = {entry.name: entry.thing for entry in recipe.schema_.classes}
    as_asked = (
        recipe.masks.mode == advice.strategy
        and recipe.chips.size == advice.chip_px
        and recipe.chips.stride == advice.stride_px
        and all(things.get(entry.name, entry.thing) == entry.thing for entry in advice.classes)
    )
    if not as_asked:
        raise RecipeError(
            f"{path}: is written in a way that can't be changed line by line (inline tables?); "
            "write each table under its own [heading], or give a new file's name"
        )
