"""A scene with everything that masks are made of, and a client of the serving process."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.serving import Client


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A serving process; it must end by itself, and quietly."""
    with_pipes = Client(tmp_path)
    yield with_pipes
    if with_pipes.process.poll() is None:
        assert with_pipes.close() == 0
    assert "Traceback" not in with_pipes.errors
