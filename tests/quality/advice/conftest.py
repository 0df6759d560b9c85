"""A desk with a larger image."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.advice_scenes import SIDE
from support.desk import Desk
from support.rasters import place


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An image of 600 × 600 pixels of 10 m."""
    made = Desk(tmp_path, place(SIDE, SIDE))
    made.image()
    return made
