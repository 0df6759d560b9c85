"""The readers are the ones that the docs name."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent.parent
GROUPS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
PINS = [pin for group in ("readers-torch", "readers") for pin in GROUPS[group] if type(pin) is str]


@pytest.mark.parametrize("pin", PINS)
def test_a_reader_has_the_version_that_is_pinned(pin: str) -> None:
    requirement = Requirement(pin)
    assert requirement.specifier.contains(version(requirement.name).partition("+")[0])
