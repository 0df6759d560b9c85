"""The little YAML that loaders ask for: keys, names by number; texts quoted as in JSON."""

import json
from collections.abc import Mapping


def yaml_lines(values: Mapping[str, object]) -> str:
    """A mapping as YAML; mappings in it become blocks."""
    lines = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines.append(f"{key}:")
            lines += [f"  {inner}: {_scalar(entry)}" for inner, entry in value.items()]
        else:
            lines.append(f"{key}: {_scalar(value)}")
    return "\n".join(lines) + "\n"


def _scalar(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
