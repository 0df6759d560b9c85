"""What every table of a recipe has in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table of the recipe: frozen, and no key that isn't known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def as_list(value: Any) -> Any:
    """One value where a list is asked for."""
    return value if isinstance(value, list) else [value]


def not_yet(value: list[str], what: str) -> list[str]:
    """Refuse what this version can't do."""
    if value:
        raise ValueError(f"{what} ({', '.join(value)}) are not available in this version")
    return value
