"""The loading snippets of formats with heavy loaders run as they are printed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.conversions import readme_snippet


@pytest.mark.parametrize(
    "name",
    [
        "yolo-seg",
        "yolo-semantic",
        "voc",
        "cityscapes",
        "webdataset",
        "huggingface",
        "stac",
        "croissant",
    ],
)
def test_the_snippet_runs_in_the_formats_folder(converted: Callable[..., Path], name: str) -> None:
    folder = converted(name)
    done = subprocess.run(
        [sys.executable, "-c", readme_snippet(folder)],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
