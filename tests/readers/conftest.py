"""Readers never reach for a network or write settings into the home of whoever runs the tests."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pytest
from support.conversions import converted, traps_dataset
from support.workshop import Workshop

__all__ = ["converted", "traps_dataset"]

ROOT = Path(__file__).parents[2]
DATA = (ROOT / os.environ.get("POLYCHIP_REAL_DATA", "../shared/data")).resolve()
SCHEMAS = (ROOT / os.environ.get("POLYCHIP_SCHEMAS", "../shared/schemas")).resolve()
MISSING = (
    f"no JSON schemas in {SCHEMAS}: set POLYCHIP_SCHEMAS (from the project's folder) to a folder with "
    "those of STAC's extensions (stac/) and of TrainingDML-AI (tdml/)"
)

_SETTINGS = tempfile.TemporaryDirectory(prefix="polychip-readers-")

# Set before the readers are imported, since they read these once.
os.environ.update(
    HF_HUB_OFFLINE="1",
    HF_DATASETS_OFFLINE="1",
    HF_HOME=_SETTINGS.name,
    TRANSFORMERS_OFFLINE="1",
    YOLO_OFFLINE="1",
    YOLO_CONFIG_DIR=_SETTINGS.name,
    MPLCONFIGDIR=_SETTINGS.name,
    MPLBACKEND="Agg",
    NO_ALBUMENTATIONS_UPDATE="1",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, and say so, what needs schemas or real data where there are none and no CI."""
    if os.environ.get("CI"):
        return
    absent = {
        name for name, folder in (("schemas", SCHEMAS), ("data", DATA)) if not folder.is_dir()
    }
    theirs = [item for item in items if absent & {*getattr(item, "fixturenames", ())}]
    items[:] = [item for item in items if item not in theirs]
    config.hook.pytest_deselected(items=theirs)
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and theirs:
        terminal.write_line(f"\n{len(theirs)} tests of tests/readers left out: {sorted(absent)}")


@pytest.fixture(scope="session")
def schemas() -> Path:
    """The folder of the JSON schemas; they belong to others, so the project has no copy."""
    if not SCHEMAS.is_dir():
        pytest.fail(MISSING)
    return SCHEMAS


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped sample's dataset: panoptic, two dates of one group, three splits. Read only."""
    folder = tmp_path_factory.mktemp("sample") / "dataset"
    subprocess.run([sys.executable, "-m", "polychip", "demo", "-o", folder], check=True)
    return folder


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A folder to make images, labels and datasets in."""
    return Workshop(tmp_path)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the real data."""
    if not DATA.is_dir():
        pytest.fail(f"no real data in {DATA}: set POLYCHIP_REAL_DATA")
    return DATA
