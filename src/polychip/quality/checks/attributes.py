"""Checks of what features say of themselves."""

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from polychip.errors import nearest, some
from polychip.quality.checks.problem import Check, Problem
from polychip.quality.checks.subject import Subject
from polychip.schema import LabelSchema, as_whole_number

ALIKE = 0.8
"""difflib's ratio from which two class names may be one, mistyped."""
RARER = 10
"""A mistyped name occurs at most once for so many times of the right one."""

CLASS_MISSING = Check(
    "attributes.class_missing", "error", "the feature has no class",
    "fill in the class field",
)  # fmt: skip
CLASS_UNKNOWN = Check(
    "attributes.class_unknown", "error", "the schema does not know the class",
    "correct it, or add the class to the schema",
)  # fmt: skip
CLASS_TYPO = Check(
    "attributes.class_typo", "error", "the class is nearly another one's name",
    "correct the spelling; --fix does where only capitals differ", fixable=True,
)  # fmt: skip
TWO_CLASSES = Check(
    "attributes.instance_two_classes", "error", "one instance id stands for two classes",
    "an object has one class: correct the ids or the classes",
)  # fmt: skip
SHARED = Check(
    "attributes.instance_shared", "info", "several features share an instance id: one object",
    "right for an object in parts; else give each its own id",
)  # fmt: skip
NO_INSTANCE = Check(
    "attributes.instance_null", "info", "no instance id, in a class whose features have them",
    "it counts as an object of its own; fill the id in if it belongs to another",
)  # fmt: skip
DATE = Check(
    "attributes.date", "warning", "the feature's date is not the image's",
    "make sure that it was drawn for this image",
)  # fmt: skip
CHECKS = (CLASS_MISSING, CLASS_UNKNOWN, CLASS_TYPO, TWO_CLASSES, SHARED, NO_INSTANCE, DATE)


def find(subject: Subject) -> Iterator[Problem]:
    """All problems of attributes."""
    yield from _classes(subject)
    yield from _instances(subject)
    yield from _dates(subject)


def _classes(subject: Subject) -> Iterator[Problem]:
    counts = Counter(value for value in subject.classes if value is not None)
    wrong = _suspects(counts, subject.schema)
    for index, value in enumerate(subject.classes):
        if value is None:
            yield Problem(
                CLASS_MISSING, subject.fids[index], f"no value in '{subject.class_name}'",
                subject.raw[index],
            )  # fmt: skip
        elif value in wrong:
            right = wrong[value]
            if right is None:
                check, text = CLASS_UNKNOWN, f"class '{value}' is not in the schema"
                ignored = subject.schema is not None and subject.schema.unknown == "ignore"
            else:
                check, text, ignored = CLASS_TYPO, f"class '{value}': '{right}'?", False
            yield Problem(
                check, subject.fids[index], text, subject.raw[index],
                severity_here="warning" if ignored or subject.schema is None else None,
                fixable_here=right is not None and right.casefold() == value.casefold(),
            )  # fmt: skip


def _suspects(counts: Counter[str], schema: LabelSchema | None) -> dict[str, str | None]:
    """Class values that are wrong, and what they should be; None: nobody knows."""
    if schema is not None:
        known = schema.lookup()
        return {
            value: _nearest_known(value, schema)
            for value in counts
            if value not in known and str(as_whole_number(value)) not in known
        }
    found: dict[str, str | None] = {}
    for value, n in sorted(counts.items()):
        if as_whole_number(value) is not None:
            continue
        for other, m in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            if other == value or (m, other) <= (n, value):
                continue
            only_case = other.casefold() == value.casefold()
            close = difflib.SequenceMatcher(None, value, other).ratio() >= ALIKE
            if only_case or (close and m >= RARER * n):
                found[value] = other
                break
    return found


def _nearest_known(value: str, schema: LabelSchema) -> str | None:
    known = list(schema.lookup())
    for name in known:
        if name.casefold() == value.casefold():
            return name
    if not nearest(value, known):
        return None
    return difflib.get_close_matches(value, known, n=1, cutoff=0.6)[0]


def right_class(value: str | None, subject: Subject) -> str | None:
    """The class that a value means where only capitals differ; else the value itself."""
    if value is None:
        return None
    counts = Counter(v for v in subject.classes if v is not None)
    right = _suspects(counts, subject.schema).get(value)
    return right if right is not None and right.casefold() == value.casefold() else value


def _instances(subject: Subject) -> Iterator[Problem]:
    if subject.instances is None:
        return
    members: dict[str, list[int]] = defaultdict(list)
    with_ids: Counter[str | None] = Counter()
    for index, value in enumerate(subject.instances):
        if value is not None:
            members[value].append(index)
            with_ids[subject.classes[index]] += 1
    for value, group in members.items():
        if len(group) < 2:
            continue
        names = [subject.fids[i] for i in group]
        classes = sorted({subject.classes[i] or "none" for i in group})
        check = TWO_CLASSES if len(classes) > 1 else SHARED
        about = f" of classes {some(classes)}" if len(classes) > 1 else ""
        for i in group:
            rest = some([name for name in names if name != subject.fids[i]], 4)
            text = f"instance id '{value}' is also that of {rest}{about}"
            yield Problem(check, subject.fids[i], text, subject.raw[i])
    stuff = {c.name for c in subject.schema.classes if not c.thing} if subject.schema else set()
    for index, value in enumerate(subject.instances):
        name = subject.classes[index]
        if value is None and with_ids[name] and name not in stuff:
            text = f"{with_ids[name]:,} other features of '{name}' have an instance id"
            yield Problem(NO_INSTANCE, subject.fids[index], text, subject.raw[index])


def _dates(subject: Subject) -> Iterator[Problem]:
    request = subject.request
    if subject.dates is None or request.dates is None:
        return
    first, last = request.dates
    days = np.array([(value or "")[:10] for value in subject.dates])
    for index in np.flatnonzero((days != "") & ((days < first) | (days > last))).tolist():
        text = f"dated {days[index]}, the image is of {first}"
        text += "" if first == last else f" to {last}"
        yield Problem(DATE, subject.fids[index], text, subject.raw[index])
