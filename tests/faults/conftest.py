"""Faults and hostile inputs: a sample in each run of the tests, all of them in `make test-nightly`."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.commands import Cli, Result, run_cli
from support.workshop import Workshop


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """`polychip` with the test's folder as the current one."""

    def run(*arguments: object, **options: Any) -> Result:
        return run_cli(*arguments, **({"cwd": tmp_path} | options))

    return run


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A folder to make images, labels and datasets in."""
    return Workshop(tmp_path)
