"""The sample as a dataset, and small datasets of a test's own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser
from support.browser import chromium
from support.rasters import place
from support.workshop import Workshop

from polychip import api
from polychip.demo import sample_recipe


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset of the sample, in panoptic mode; not to be changed."""
    folder = tmp_path_factory.mktemp("sample") / "dataset"
    recipe = sample_recipe(folder).model_dump(mode="python", by_alias=True, exclude_none=True)
    api.run(recipe)
    return folder


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A folder with a grid of 64 × 64 px."""
    return Workshop(tmp_path, place(64, 64))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, headless."""
    with chromium() as found:
        yield found
