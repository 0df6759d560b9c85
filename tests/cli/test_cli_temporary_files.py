"""What runs put among the system's temporary files, and how long a path these may have."""

from pathlib import Path

import pytest
from support.commands import Cli


@pytest.mark.parametrize("name", ["t", "long" * 30])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_leaves_nothing_there(
    cli: Cli, recipe: Path, tmp_path: Path, name: str, workers: int
) -> None:
    """The address of a socket has room for 108 bytes, and clusters have longer folders."""
    temporary = tmp_path / name
    temporary.mkdir()
    cli("run", recipe, "--workers", workers, env={"TMPDIR": str(temporary)})
    assert (tmp_path / "dataset" / "manifest.json").exists()
    assert list(temporary.iterdir()) == []
