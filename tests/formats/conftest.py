"""The dataset full of traps, built once, and its conversions."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import traps
from support.conversions import converted, traps_dataset

__all__ = ["converted", "traps_dataset"]


@pytest.fixture(scope="session")
def dataset(traps_dataset: Path) -> Path:
    """The dataset with every trap; read only."""
    return traps_dataset


@pytest.fixture(scope="session")
def semantic_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without objects and without splits; read only."""
    return traps.build(
        tmp_path_factory.mktemp("traps-semantic"), mode="semantic", split={"by": "none"}
    )
