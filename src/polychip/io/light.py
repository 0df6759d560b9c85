"""Libraries loaded without the data frames that they would pull in; for processes of our own.

pyogrio imports pandas and geopandas when they are installed (1.4 s), pyarrow looks for pandas when
it makes its first array (0.4 s). An export needs neither. Both remember what they found, so this
is not for a process in which somebody else may want data frames later.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Absent:
    """An import finder that says that some modules don't exist."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        """Refuse the names; for all others the next finder is asked."""
        if name in self._names:
            raise ModuleNotFoundError(f"{name} is not loaded here", name=name)


_CHANGING = threading.Lock()


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Make imports of modules that are not loaded yet fail.

    By a finder: pyarrow's Cython takes a None in sys.modules for the module. The list of finders
    is replaced, never changed: another thread that goes through it would miss one, and a module.
    """
    finder = _Absent(names)
    with _CHANGING:
        sys.meta_path = [finder, *sys.meta_path]
    try:
        yield
    finally:
        with _CHANGING:
            sys.meta_path = [other for other in sys.meta_path if other is not finder]


def load_pyogrio_light() -> None:
    """Load pyogrio for bulk reads only."""
    if "pyogrio" not in sys.modules:
        with _hidden("geopandas", "pandas"):
            import pyogrio.raw  # noqa: F401


def load_pyarrow_light() -> None:
    """Load pyarrow for writing tables of our own only."""
    import pyarrow as pa

    with _hidden("pandas"):
        pa.array([0])
