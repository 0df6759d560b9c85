"""The command line as a process of its own, and small inputs for it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely

from support.labels import from_pixels, write_labels
from support.rasters import Place

COMMAND = (sys.executable, "-m", "polychip")
Cli = Callable[..., "Result"]


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str


def run_cli(
    *arguments: object,
    cwd: Path,
    code: int | None = 0,
    env: dict[str, str] | None = None,
    **options: Any,
) -> Result:
    """Run `polychip`; by default it must succeed. A traceback is never right."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd, env=os.environ | (env or {}), capture_output=True, text=True, check=False,
        timeout=120, **options,
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    assert code is None or done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return Result(done.returncode, done.stdout, done.stderr)


def write_square_labels(
    path: Path,
    where: Place,
    boxes: list[tuple[float, float, float, float]],
    *,
    layer: str | None = None,
    crs: str | None = None,
    **fields: Any,
) -> str:
    """Rectangles in pixel coordinates as labels."""
    shapes = [from_pixels(where, shapely.box(*box)) for box in boxes]
    return write_labels(path, shapes, crs or where.crs, layer=layer, **fields)


BOXES = [(4, 4, 30, 20), (40, 10, 70, 50), (100, 100, 150, 140), (150.2, 20, 150.4, 20.2)]
CLASSES = ["water", "field", "water", "field"]


def write_recipe(path: Path, image: Path, labels: Path, more: str = "") -> Path:
    """A recipe of one scene; `more` is appended."""
    path.write_text(
        f'[[scenes]]\nname = "scene"\nimage = "{image}"\nlabels = {{ path = "{labels}" }}\n'
        f'[output]\npath = "dataset"\n[chips]\nsize = 64\n{more}'
    )
    return path


def leftovers(folder: Path) -> list[str]:
    """Temporary files below a folder."""
    return [str(path) for path in folder.rglob("*.part*")]


def mounted(point: Path, *options: str) -> bool:
    """Mount a tmpfs; False where that isn't allowed."""
    point.mkdir(exist_ok=True)
    tool = shutil.which("mount")
    if tool is None:
        return False
    mount = [tool, "-t", "tmpfs", "-o", ",".join(options), "polychip-test", str(point)]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0
