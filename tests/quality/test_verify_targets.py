"""Targets that were changed by somebody who knows how to forge checksums."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from polychip.quality.verify import verify_dataset
from polychip.recipe import TARGETS

MASKS: dict[str, Any] = {
    "targets": [name for name in TARGETS if name != "confidence"],
    "context_px": 3,
    "min_visible": 0.3,
}
Copy = Callable[..., Any]


def verdict(folder: Path) -> dict[str, str]:
    """The failed checks and what they say."""
    return {c.id: c.message for c in verify_dataset(folder).checks if c.ok is False}


def test_a_dataset_with_all_targets_context_and_small_rests_passes_every_check(
    originals: Callable[..., Path],
) -> None:
    report = verify_dataset(originals(**MASKS) / "dataset", all_chips=True)
    assert [check.id for check in report.checks if check.ok is not True] == []


def everywhere(pixels: np.ndarray) -> np.ndarray:
    return np.zeros_like(pixels) + pixels.dtype.type(1)


FORGERIES = {
    "boundary": 1, "contact": 7, "footprint": 1, "distance": 3, "center": 1.5, "offset": 2,
    "weights": -1, "coverage": 254,
}  # fmt: skip
"""A value that no pixel of the background may hold (coverage: in all bands at once)."""


@pytest.mark.parametrize("name", MASKS["targets"])
def test_a_pixel_that_contradicts_the_encoding_is_found(damaged: Copy, name: str) -> None:
    copy = damaged(**MASKS)
    row = copy.chip(lambda row: row["n_instances"] > 0 and row["labelled_fraction"] > 0.3)
    with rasterio.open(copy.path(row)) as file:
        known = file.read(1) != 255
    with rasterio.open(copy.path(row, "instance")) as file:
        thing = file.read(1) > 0

    def forge(pixels: np.ndarray) -> np.ndarray:
        row, column = np.argwhere(known & ~thing)[0]
        pixels[:, row, column] = FORGERIES[name]
        return pixels

    copy.edit_pixels(copy.path(row, name), forge)
    copy.seal()
    assert f"masks/{name}/" in verdict(copy.folder)["values"]


@pytest.mark.parametrize("name", ["boundary", "distance", "center", "weights", "coverage"])
def test_a_target_that_does_not_ignore_what_the_mask_ignores_is_found(
    damaged: Copy, name: str
) -> None:
    copy = damaged(**MASKS)
    row = copy.chip(lambda row: 0.3 < row["labelled_fraction"] < 1)

    def forge(pixels: np.ndarray) -> np.ndarray:
        pixels[:, 0, 0] = 1  # the context margin
        return pixels

    copy.edit_pixels(copy.path(row, name), forge)
    copy.seal()
    assert "1 pixels that are ignore" in verdict(copy.folder)["values"]


def test_a_flipped_value_without_forgery_is_found_by_its_checksum(damaged: Copy) -> None:
    copy = damaged(**MASKS)
    copy.edit_pixels(copy.path(copy.table()[3], "weights"), everywhere)
    assert "masks/weights/" in verdict(copy.folder)["checksums"]


def test_a_context_margin_that_holds_classes_is_found(damaged: Copy) -> None:
    copy = damaged(**MASKS)
    row = copy.chip(lambda row: row["labelled_fraction"] > 0.3)

    def forge(pixels: np.ndarray) -> np.ndarray:
        pixels[:, 1, 16] = 1
        return pixels

    copy.edit_pixels(copy.path(row), forge)
    rows = copy.table()
    for entry in rows:
        if entry["chip_id"] == row["chip_id"]:
            entry["px_1"] += 1
            entry["px_255"] -= 1
            entry["labelled_fraction"] += 1 / 1024
    copy.write_table(rows)
    copy.seal()
    assert "outer 3 px" in verdict(copy.folder)["values"]
