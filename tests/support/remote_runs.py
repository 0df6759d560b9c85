"""Recipes whose imagery lies here or there, run in processes of their own."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.workshop import Workshop

PROGRAM = Path(__file__).parents[1] / "engine" / "run_in_process.py"
SOURCES = ["manifest.json", "recipe.toml"]
"""What tells of the sources, their addresses and versions: all else must be a local run's."""


@dataclass
class Runs:
    """Runs recipes in processes of their own, in blocks of 64 px."""

    folder: Path
    here: Workshop
    home: "Runs | None" = None
    """Where datasets of the files on disk are kept for all tests; None: here."""

    def recipe(self, image: Any, labels: Any, name: str, **more: Any) -> dict[str, Any]:
        scene = {"name": "scene", "image": image, "labels": labels} | more.pop("scene", {})
        return {
            "scenes": [scene],
            "schema": {"class_field": "kind"},
            "chips": {"size": 50, "stride": 40},
            "masks": {"mode": "instance", "targets": ["boundary"]},
            "output": {"path": str(self.folder / name)},
        } | more

    def local(self, **more: Any) -> Path:
        """The dataset of the files on disk; made once, for tests that only read it."""
        home = self.home or self
        name = "local" + "".join(f"-{word}" for word in re.findall(r"\w+", json.dumps(more)))
        if (home.folder / name).exists():
            return home.folder / name
        return home.run(str(self.here.folder / "scene.tif"), name, **more)

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
