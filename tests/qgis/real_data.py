"""Where the real data are: the same folder as for the engine's tests/real, and the same rules."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = (ROOT / os.environ.get("POLYCHIP_REAL_DATA", "../shared/data")).resolve()
MISSING = (
    f"no real data in {DATA}: set POLYCHIP_REAL_DATA (from the project's folder) to test with them"
)
NEEDED = "real_data"
"""Fixture that tests of real data use."""


def left_out(items: list) -> list:
    """Tests that cannot run here: without data, and where nobody asks for all of them (CI does)."""
    if DATA.is_dir() or os.environ.get("CI"):
        return []
    return [item for item in items if NEEDED in item.fixturenames]
