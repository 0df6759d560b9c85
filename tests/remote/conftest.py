"""An image and labels on a server on loopback, and the same on disk."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.commands import Cli, run_cli
from support.pixels import random_polygons
from support.rasters import place
from support.serving_files import FileServer
from support.workshop import Workshop

PROGRAM = Path(__file__).parents[1] / "engine" / "run_in_process.py"


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


@dataclass
class Runs:
    """Runs recipes in processes of their own, in blocks of 64 px."""

    folder: Path
    here: Workshop

    def recipe(self, image: Any, labels: Any, name: str, **more: Any) -> dict[str, Any]:
        scene = {"name": "scene", "image": image, "labels": labels} | more.pop("scene", {})
        return {
            "scenes": [scene],
            "schema": {"class_field": "kind"},
            "chips": {"size": 50, "stride": 40},
            "masks": {"mode": "instance", "targets": ["boundary"]},
            "output": {"path": str(self.folder / name)},
        } | more

    def local(self, name: str = "local", **more: Any) -> Path:
        """The dataset of the files on disk."""
        return self.run(str(self.here.folder / "scene.tif"), name, **more)

    def run(self, image: Any, name: str, *how: str, workers: int = 1, code: int = 0, labels: Any = None,
            **more: Any) -> Path:  # fmt: skip
        """The dataset of an image somewhere."""
        labels = labels or str(self.here.folder / "labels.gpkg")
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(self.recipe(image, labels, name, **more)))
        command = [sys.executable, str(PROGRAM), str(path), str(workers), *(how or ("new",))]
        done = subprocess.run(
            command, capture_output=True, text=True, start_new_session=True, check=False,
            timeout=120, env=os.environ.copy(),
        )  # fmt: skip
        assert done.returncode == code, (done.returncode, done.stderr)
        return self.folder / name


@pytest.fixture
def runs(tmp_path: Path, here: Workshop) -> Runs:
    """Runs recipes in processes of their own."""
    return Runs(tmp_path, here)
