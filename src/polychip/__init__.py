"""From georeferenced polygons and imagery to aligned training chips."""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

try:
    __version__ = version("polychip")
except PackageNotFoundError:  # running from a source tree that was not installed
    __version__ = "0+unknown"

if TYPE_CHECKING:
    from polychip.api import export, open, plan, run  # noqa: A004 - the names users know
    from polychip.dataset import Chip, Dataset
    from polychip.errors import InputError, OutputError, PolychipError, RecipeError

__all__ = [
    "Chip", "Dataset", "InputError", "OutputError", "PolychipError", "RecipeError", "__version__",
    "export", "open", "plan", "run",
]  # fmt: skip

_HOMES = {
    "export": "api", "open": "api", "plan": "api", "run": "api",
    "Chip": "dataset", "Dataset": "dataset",
    "InputError": "errors", "OutputError": "errors", "PolychipError": "errors",
    "RecipeError": "errors",
}  # fmt: skip


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attributes are of any type
    """Load a public name at its first use, so that `import polychip` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'polychip' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"polychip.{_HOMES[name]}"), name)
