"""Readers never reach for a network or write settings into the home of whoever runs the tests."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.conversions import converted, traps_dataset
from support.workshop import Workshop

__all__ = ["converted", "traps_dataset"]

ROOT = Path(__file__).parents[2]
SCHEMAS = (ROOT / os.environ.get("POLYCHIP_SCHEMAS", "../shared/schemas")).resolve()
DATA = (ROOT / os.environ.get("POLYCHIP_REAL_DATA", "../shared/data")).resolve()
NEEDED = {"schemas": SCHEMAS, "real_data": DATA}
"""What belongs to others, so that the project has no copy: the folder by fixture."""
MISSING = (
    f"no JSON schemas in {SCHEMAS}, or no real data in {DATA}: set POLYCHIP_SCHEMAS to a folder with "
    "those of STAC's extensions (stac/) and of TrainingDML-AI (tdml/), and POLYCHIP_REAL_DATA, both "
    "from the project's folder"
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
    """Leave out, and say so, what needs schemas or data where there are none and no CI."""
    if os.environ.get("CI"):
        return
    absent = {name for name, folder in NEEDED.items() if not folder.is_dir()}
    theirs = [item for item in items if absent & set(getattr(item, "fixturenames", ()))]
    items[:] = [item for item in items if item not in theirs]
    config.hook.pytest_deselected(items=theirs)
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and theirs:
        terminal.write_line(f"\n{len(theirs)} tests of tests/readers left out: {MISSING}")


@pytest.fixture(scope="session")
def schemas() -> Path:
    """The folder of the JSON schemas."""
    if not SCHEMAS.is_dir():
        pytest.fail(MISSING)
    return SCHEMAS


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real data."""
    if not DATA.is_dir():
        pytest.fail(MISSING)
    return DATA


REAL = {
    "mass-buildings": ("22978945_15.tif", "massachusetts_buildings.gpkg", 256),
    "nb-bakerlake": ("23322E759967N_clipped_1m_1of2.tif", "BakerLake_2017_clipped.gpkg", 128),
    "sen1floods11-spain": ("Spain_7370579_S2Hand.tif", "Spain_7370579_water_DERIVED.gpkg", 128),
}


@pytest.fixture(params=REAL)
def built(request: pytest.FixtureRequest, workshop: Workshop, real_data: Path) -> Path:
    """One of the real places, with objects and without a date."""
    image, labels, size = REAL[request.param]
    folder = real_data / request.param
    tables: dict[str, Any] = {"chips": {"size": size}, "masks": {"mode": "instance"}}
    return workshop.build(str(folder / image), str(folder / labels), **tables)


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
