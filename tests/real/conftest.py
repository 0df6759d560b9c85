"""Where the real data are. Without them these tests fail on CI, and are left out elsewhere."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.workshop import Workshop

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DATA = (ROOT / os.environ.get("POLYCHIP_REAL_DATA", "../shared/data")).resolve()
MISSING = (
    f"no real data in {DATA}: set POLYCHIP_REAL_DATA (from the project's folder) to test with them"
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of this folder out, and say so, where there are no data and no CI."""
    if DATA.is_dir() or os.environ.get("CI"):
        return
    ours = [item for item in items if HERE in item.path.parents]
    items[:] = [item for item in items if HERE not in item.path.parents]
    config.hook.pytest_deselected(items=ours)
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and ours:
        terminal.write_line(f"\n{len(ours)} tests of tests/real left out: {MISSING}")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the real data."""
    if not DATA.is_dir():
        pytest.fail(MISSING)
    return DATA


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A folder to make datasets in."""
    return Workshop(tmp_path)


def pytest_report_header() -> Sequence[str]:
    """Where the real data are looked for."""
    return [f"real data: {DATA}"]
