"""Fixtures: the dataset full of traps, built once, and its conversions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import polychip
from polychip.format_list import FORMATS
from support import traps

PROFILES = ("sen1floods11", "xbd", "spacenet8")
"""Formats of one kind of dataset, with tests of their own."""
ANY_DATASET = tuple(name for name in FORMATS if name not in PROFILES)


@pytest.fixture(scope="session")
def traps_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset with every trap, panoptic; read only."""
    return traps.build(tmp_path_factory.mktemp("traps"))


@pytest.fixture(scope="session")
def converted(traps_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The dataset in a format, written once for each set of options; read only."""
    made: dict[str, Path] = {}

    def convert(name: str, **options: Any) -> Path:
        key = f"{name} {sorted(options.items())}"
        if key not in made:
            made[key] = tmp_path_factory.mktemp("converted") / name
            polychip.convert(traps_dataset, name, made[key], **options)
        return made[key]

    return convert


def readme_snippet(folder: Path) -> str:
    """The Python that a converted dataset's README shows."""
    return _first_python((folder / "README.md").read_text(encoding="utf-8"))


def docs_snippet(page: Path, name: str) -> str:
    """The Python that docs/formats.md shows for a format."""
    return _first_python(page.read_text(encoding="utf-8").partition(f"\n## {name}\n")[2])


def _first_python(text: str) -> str:
    return text.partition("```python\n")[2].partition("\n```")[0]
