"""The loading snippets of READMEs and docs run as they are printed."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.conversions import docs_snippet, readme_snippet

from polychip.format_list import FORMATS

LIGHT = ("coco", "coco-panoptic", "png", "esri", "esri-rcnn", "tdml", "gpkg")
"""The other formats' libraries are heavy: see tests/readers."""
PAGE = Path(__file__).parents[2] / "docs" / "formats.md"


@pytest.mark.parametrize("name", LIGHT)
def test_the_snippet_runs_in_the_formats_folder(converted: Callable[..., Path], name: str) -> None:
    folder = converted(name)
    done = subprocess.run(
        [sys.executable, "-c", readme_snippet(folder)],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["coco", "coco-panoptic", "png", "yolo-seg", "yolo-semantic",
                                  "voc", "cityscapes", "webdataset", "huggingface", "esri",
                                  "esri-rcnn", "stac", "croissant", "tdml", "gpkg"])  # fmt: skip
def test_the_docs_show_the_readmes_snippet(converted: Callable[..., Path], name: str) -> None:
    shown = re.sub(r"imgsz=\d+", "imgsz=32", docs_snippet(PAGE, name))
    assert shown == readme_snippet(converted(name))


def test_every_format_is_in_the_table_and_has_a_section() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in FORMATS:
        assert f"| `{name}` |" in text
        assert f"\n## {name}\n" in text
