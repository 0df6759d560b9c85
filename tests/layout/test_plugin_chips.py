"""The QGIS plugin counts chips by itself, without the engine: both must say the same, always."""

import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from affine import Affine

from polychip.grid import Grid
from polychip.layout.cells import ChipOptions, chip_ids, group_lattice, plan_cells, starts

FILE = Path(__file__).parents[2] / "plugin" / "polychip_qgis" / "chips.py"
EDGES = ("pad", "shift", "drop")


@pytest.fixture(scope="module")
def plugin() -> ModuleType:
    """The plugin's own module, which needs no QGIS."""
    spec = importlib.util.spec_from_file_location("plugin_chips", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["plugin_chips"] = module
    spec.loader.exec_module(module)
    return module


def test_both_know_the_same_edge_rules(plugin: ModuleType) -> None:
    assert plugin.EDGES == EDGES


@pytest.mark.parametrize("edge", EDGES)
def test_chips_start_at_the_same_pixels(plugin: ModuleType, edge: str) -> None:
    for length, size, stride in itertools.product(range(1, 41), range(1, 14), range(1, 16)):
        theirs = plugin.starts(length, plugin.ChipLayout(size, stride, edge))
        assert theirs == starts(length, size, stride, edge).tolist(), (length, size, stride)


@pytest.mark.parametrize("edge", EDGES)
def test_long_sides_agree_too(plugin: ModuleType, edge: str) -> None:
    rng = np.random.default_rng(11)
    for length, size, stride in rng.integers((1, 1, 1), (60_000, 3000, 3500), (300, 3)).tolist():
        theirs = plugin.starts(length, plugin.ChipLayout(size, stride, edge))
        assert theirs == starts(length, size, stride, edge).tolist(), (length, size, stride)


@pytest.mark.parametrize("edge", EDGES)
def test_rows_columns_and_ids_are_those_of_the_engines_plan(plugin: ModuleType, edge: str) -> None:
    rng = np.random.default_rng(12)
    for height, width, size, stride in rng.integers((1, 1, 1, 1), (90, 90, 30, 40), (200, 4)):
        grid = Grid("EPSG:32630", Affine(2, 0, 5e5, 0, -2, 4e6), int(height), int(width))
        options = ChipOptions(
            height=int(size), width=int(size), stride_y=int(stride), stride_x=int(stride), edge=edge
        )
        cells = plan_cells(group_lattice("g", [("scene", grid)]), options)
        layout = plugin.ChipLayout(int(size), int(stride), edge)
        theirs = list(
            plugin.chips(plugin.PixelGrid((5e5, 2, 0, 4e6, 0, -2), width, height), layout)
        )
        expected = zip(
            *(getattr(cells, n).tolist() for n in ("row", "col", "x_off", "y_off")), strict=True
        )
        assert [tuple(chip) for chip in theirs] == list(expected)
        ids = list(chip_ids("g", cells.row, cells.col))
        assert [f"g_{chip.chip_id}" for chip in theirs] == ids
