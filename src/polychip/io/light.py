"""Libraries loaded without the data frames that they would pull in; for processes of our own.

pyogrio imports pandas and geopandas when they are installed (1.4 s), pyarrow looks for pandas when
it makes its first array (0.4 s). An export needs neither. Both remember what they found, so this
is not for a process in which somebody else may want data frames later.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Make imports of modules that are not loaded yet fail."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


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
