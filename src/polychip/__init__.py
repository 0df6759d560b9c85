"""From georeferenced polygons and imagery to aligned training chips."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    __version__: str
    from polychip.api import (  # the names users know
        append,
        convert,
        export,
        import_labels,
        open,  # noqa: A004
        plan,
        run,
        vectorize,
    )
    from polychip.dataset import Chip, Dataset
    from polychip.errors import FormatError, InputError, OutputError, PolychipError, RecipeError

__all__ = [
    "Chip", "Dataset", "FormatError", "InputError", "OutputError", "PolychipError", "RecipeError",
    "__version__", "append", "convert", "export", "import_labels", "open", "plan", "run",
    "vectorize",
]  # fmt: skip

_HOMES = {
    "append": "api", "convert": "api", "export": "api", "import_labels": "api", "open": "api",
    "plan": "api", "run": "api", "vectorize": "api",
    "Chip": "dataset", "Dataset": "dataset",
    "FormatError": "errors", "InputError": "errors", "OutputError": "errors",
    "PolychipError": "errors", "RecipeError": "errors",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a public name at its first use, so that `import polychip` costs nothing."""
    if name == "__version__":
        return _version()
    if name not in _HOMES:
        raise AttributeError(f"module 'polychip' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"polychip.{_HOMES[name]}"), name)


def _version() -> str:
    """The installed version; importlib.metadata costs 50 ms, so only when somebody asks."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("polychip")
    except PackageNotFoundError:  # running from a source tree that was not installed
        return "0+unknown"
