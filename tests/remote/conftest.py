"""An image and labels on a server on loopback, and the same on disk."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.commands import Cli, run_cli
from support.object_store import ObjectStore
from support.pixels import random_polygons
from support.rasters import place
from support.remote_runs import Runs
from support.serving_files import FileServer
from support.workshop import Workshop


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """scene.tif: noise in three bands, 64-px tiles that chips of 50 px don't meet; labels.gpkg."""
    shop = Workshop(tmp_path_factory.mktemp("served"), place(500, 560))
    rng = np.random.default_rng(3)
    pixels = rng.integers(1, 250, (3, 500, 560)).astype("uint8")
    shop.image(
        pixels, name="scene.tif", tiled=True, blockxsize=64, blockysize=64, compress="deflate",
        interleave="pixel", nodata=0,
    )  # fmt: skip
    shapes = random_polygons(rng, 480, 80)
    shop.labels(shapes, name="labels.gpkg", kind=[f"c{i % 3}" for i in range(80)])
    return shop


@pytest.fixture
def server(here: Workshop) -> Iterator[FileServer]:
    """Serves the folder of `here`."""
    with FileServer(here.folder) as running:
        yield running


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, here: Workshop) -> Iterator[ObjectStore]:
    """An S3 server whose bucket holds the folder of `here`, below 'a dir'."""
    with ObjectStore(tmp_path_factory.mktemp("store") / "weed") as running:
        for name in ("scene.tif", "labels.gpkg"):
            running.put(f"a dir/{name}", (here.folder / name).read_bytes())
        yield running


@pytest.fixture
def known(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """The server, its keys in the environment."""
    for name, value in store.environment.items():
        monkeypatch.setenv(name, value)
    return store


@pytest.fixture(autouse=True)
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages in a folder of the test's own; waits that nobody notices."""
    monkeypatch.setenv("POLYCHIP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GDAL_HTTP_RETRY_DELAY", "0.001")
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "3")


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """`polychip` with the test's folder as the current one."""

    def run(*arguments: object, **options: Any) -> Any:
        return run_cli(*arguments, **({"cwd": tmp_path} | options))

    return run


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, here: Workshop) -> Runs:
    """Keeps what is made of the files on disk."""
    return Runs(tmp_path_factory.mktemp("home"), here)


@pytest.fixture
def runs(tmp_path: Path, here: Workshop, home: Runs) -> Runs:
    """Runs recipes in processes of their own."""
    return Runs(tmp_path, here, home)
