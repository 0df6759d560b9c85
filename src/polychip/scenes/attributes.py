"""What features say of themselves: class, instance, name."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from polychip.addresses import file_name
from polychip.errors import InputError, nearest, some
from polychip.io.vector import (
    LayerInfo,
    describe_layer,
    is_raster_path,
    read_column,
)
from polychip.recipe import CLASS_FIELD_NAMES, LabelSource, Scene, SchemaOptions
from polychip.recipe.targets import ConfidenceOptions
from polychip.scenes.reports import SourceReport
from polychip.schema import LabelSchema, as_whole_number


def namespaces(sources: Sequence[LabelSource]) -> list[str]:
    """For each source the namespace of its instance ids: given, else file and layer.

    Files of the same name in different folders get a number.
    """
    names: dict[tuple[str, str | None], str] = {}
    taken: Counter[str] = Counter()
    result = []
    for source in sources:
        if source.namespace is not None:
            result.append(source.namespace)
            continue
        key = (source.path, source.layer)
        if key not in names:
            base = file_name(source.path) + (f"|{source.layer}" if source.layer else "")
            taken[base] += 1
            names[key] = base if taken[base] == 1 else f"{base}#{taken[base]}"
        result.append(names[key])
    return result


def namespaces_by_scene(scenes: Sequence[Scene]) -> list[list[str]]:
    """The namespaces of each scene's label sources, as `namespaces` gives them for all."""
    names = iter(namespaces([source for scene in scenes for source in scene.labels]))
    return [list(islice(names, len(scene.labels))) for scene in scenes]


def class_field(
    source: LabelSource, options: SchemaOptions, info: LayerInfo
) -> tuple[str | None, str | None, str]:
    """(field, fixed class name, note): where a source's class comes from; one of the two is None.

    Raises:
        InputError: a named field is missing, or several fields could be meant.
    """
    if source.class_name is not None:
        return None, source.class_name, ""
    named = source.class_field or options.class_field
    if named is not None:
        require_field(info, named, "class field")
        return named, None, ""
    found = [name for name in info.fields if name.casefold() in CLASS_FIELD_NAMES]
    if len(found) > 1:
        raise InputError(
            f"{info.path}: layer '{info.layer}' has {len(found)} fields that could hold the "
            f"class ({some(found)}); say which with schema.class_field (--class-field)"
        )
    if found:
        return found[0], None, f"class field: '{found[0]}' (found by its name)"
    note = (
        f"no class field given or found: all features of '{info.layer}' are one class, "
        f"'{info.layer}'"
    )
    return None, info.layer, note


def require_field(info: LayerInfo, name: str, what: str) -> None:
    """Raise InputError where a layer lacks a field."""
    if name not in info.fields:
        raise InputError(
            f"{info.path}: layer '{info.layer}' has no field '{name}' ({what})"
            f"{nearest(name, info.fields)}; it has {some(info.fields) or 'no fields'}"
        )


def as_text(value: object) -> str | None:
    """A field's value as text; None for null. Whole floats lose their '.0'."""
    if value is None:
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, float | np.floating):
        if math.isnan(value):
            return None
        return str(int(value)) if value == int(value) else repr(float(value))
    return str(value)


def texts(values: NDArray[Any]) -> list[str | None]:
    """`as_text` of each value; alike values share one text."""
    items = values.tolist()
    known = {value: as_text(value) for value in set(items)}
    return list(map(known.__getitem__, items))


def distinct_classes(sources: Sequence[LabelSource], options: SchemaOptions) -> list[str]:
    """All class values of the sources, the whole layers read; for labels without a schema.

    Raises:
        InputError: a source can't be read or its class field is unclear.
    """
    found: set[str] = set()
    for source in distinct_sources(sources):
        if not is_raster_path(source.path):
            found |= classes_in(source, options, describe_layer(source))
    return sorted(found)


def distinct_sources(sources: Sequence[LabelSource]) -> list[LabelSource]:
    """The sources, alike ones once."""
    return list({source.model_dump_json(): source for source in reversed(sources)}.values())[::-1]


def classes_in(source: LabelSource, options: SchemaOptions, info: LayerInfo) -> set[str]:
    """All class values of a layer, the whole of it read.

    Raises:
        InputError: it can't be read or its class field is unclear.
    """
    name, fixed, _ = class_field(source, options, info)
    if fixed is not None:
        return {fixed}
    if name is None:
        return set()
    values = set(texts(read_column(source, info, name)))
    return {value for value in values if value is not None}


class Numbered(Sequence[str]):
    """Features named after their numbers in the file; a text is made where one is asked for."""

    def __init__(self, fids: NDArray[np.int64]) -> None:
        self._fids = fids

    def __len__(self) -> int:
        """Number of features."""
        return len(self._fids)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> "Numbered": ...
    def __getitem__(self, index: int | slice) -> "str | Numbered":
        """A feature's name."""
        found = self._fids[index]
        return Numbered(found) if isinstance(index, slice) else str(int(found))

    def __iter__(self) -> Iterator[str]:
        """All names; one by one they would take six times as long."""
        return map(str, self._fids.tolist())


def feature_names(
    source: LabelSource, info: LayerInfo, ids: list[str | None], fids: NDArray[np.int64]
) -> Sequence[str]:
    """Each feature's name, which must be its own.

    Raises:
        InputError: the id field leaves a feature without a name, or gives one name twice.
    """
    if source.id_field is None:
        return Numbered(fids)
    missing = [fid for fid, name in zip(fids.tolist(), ids, strict=True) if name is None]
    names = [name for name in ids if name is not None]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if missing or twice:
        what = (
            f"{len(missing)} features have none (feature numbers {some(missing)})"
            if missing
            else f"{len(twice)} occur more than once ({some(twice)})"
        )
        raise InputError(
            f"{info.path}: id_field '{source.id_field}' must name each feature of layer "
            f"'{info.layer}': {what}; correct the field, or leave id_field out"
        )
    return names


def class_codes(
    values: Sequence[str | None],
    fids: Sequence[str],
    schema: LabelSchema,
    source: LabelSource,
    class_name: str | None,
    report: SourceReport,
) -> NDArray[np.int64]:
    """The class code of each feature.

    Raises:
        InputError: a value is unknown, or missing, and schema.unknown is 'error'.
    """
    lookup = schema.lookup()
    code_of = {value: _code(value, lookup) for value in set(values)}
    bad = [value for value, code in code_of.items() if code is None]
    if bad and schema.unknown == "error":
        raise _unknown_class(bad, values, fids, schema, source, class_name)
    if bad:
        report.n_unknown = sum(1 for value in values if code_of[value] is None)
        known = sorted({str(v) for v in bad})
        report.warnings.append(
            f"{report.n_unknown} features of unknown class ({some(known)}) are burned as ignore"
        )
    filled = {v: schema.ignore if code is None else code for v, code in code_of.items()}
    return np.fromiter(map(filled.__getitem__, values), dtype=np.int64, count=len(values))


def _code(value: str | None, lookup: dict[str, int]) -> int | None:
    if value is None or value in lookup:
        return None if value is None else lookup[value]
    number = as_whole_number(value)
    return None if number is None else lookup.get(str(number))


def _unknown_class(
    bad: list[str | None],
    values: Sequence[str | None],
    fids: Sequence[str],
    schema: LabelSchema,
    source: LabelSource,
    class_name: str | None,
) -> InputError:
    first = min(bad, key=lambda value: (value is None, value or ""))
    which = [fid for fid, value in zip(fids, values, strict=True) if value == first]
    found = "no class (null)" if first is None else f"class '{first}'"
    rest = "" if len(bad) == 2 else "s"
    others = f"; {len(bad) - 1} more unknown value{rest}" if len(bad) > 1 else ""
    explain = "" if first is None else f", {schema.explain_unknown(first)}"
    where = f" in field '{class_name}'" if class_name else ""
    noun = "feature has" if len(which) == 1 else "features have"
    return InputError(
        f"{source.path}: {len(which)} {noun} {found}{where} (ids {some(which)}){explain}{others}; "
        "fix the labels, add the class, or set schema.unknown = 'ignore'"
    )


def instance_field_of(
    source: LabelSource, options: SchemaOptions, info: LayerInfo, report: SourceReport
) -> str | None:
    """The field that says which features are one object; None: each is an object.

    Raises:
        InputError: the field asked for is missing.
    """
    if source.instance_field is not None:
        require_field(info, source.instance_field, "instance field")
        return source.instance_field
    if options.instance_field is None:
        return None
    if options.instance_field not in info.fields and source.class_name is not None:
        report.notes.append(
            f"'{info.layer}' has no field '{options.instance_field}': each feature is an object"
        )
        return None
    require_field(info, options.instance_field, "instance field")
    return options.instance_field


def confidences(
    values: Sequence[Any],
    fids: Sequence[str],
    options: ConfidenceOptions,
    source: LabelSource,
    report: SourceReport,
) -> NDArray[np.float32]:
    """How sure each feature is; the default for those that say nothing, which are counted.

    Raises:
        InputError: a value is no number, or less than 0.
    """
    numbers, wrong, missing = [], [], 0
    for value, fid in zip(values, fids, strict=True):
        text = as_text(value)
        if text is None:
            missing += 1
        try:
            number = options.default if text is None else float(text)
        except ValueError:
            number = -1.0
        if not 0 <= number < math.inf:
            wrong.append(f"{fid}: {text}")
        numbers.append(number)
    if wrong:
        raise InputError(
            f"{source.path}: field '{options.field}' must hold numbers from 0 on (field of "
            f"masks.confidence); {len(wrong)} features hold something else ({some(wrong)})"
        )
    if missing:
        report.notes.append(
            f"{missing} features have nothing in '{options.field}': {options.default:g} is taken"
        )
    return np.array(numbers, dtype=np.float32)
