"""Datasets to be turned back into polygons, and what they should give."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A folder to make datasets in."""
    return Workshop(tmp_path)
