"""Addresses where a file or a folder is expected: refused at once, with what to do, nothing written."""

from pathlib import Path

import pytest
from support.commands import Cli

WRONG = 1


@pytest.mark.parametrize(
    "address", ["s3://bucket/dataset", "https://example.org/dataset", "/vsis3/bucket/dataset"]
)
def test_an_address_as_output_is_refused(
    cli: Cli, tmp_path: Path, recipe: Path, image: Path, labels: Path, address: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    for command in (("export", image, "--labels", labels), ("run", recipe)):
        told = cli(*command, "-o", address, code=WRONG)
        assert f"{address}: a dataset is written to a folder on disk" in told.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("which", ["image", "labels"])
def test_an_address_as_input_is_refused(
    cli: Cli, tmp_path: Path, image: Path, labels: Path, which: str
) -> None:
    """Nobody is asked for it: the port is one that nobody listens at."""
    address = "http://127.0.0.1:9/scene.tif"
    paths = {"image": str(image), "labels": str(labels)} | {which: address}
    told = cli("export", paths["image"], "--labels", paths["labels"], "-o", "out", code=WRONG)
    assert address in told.err
    assert "download" in told.err
    assert not (tmp_path / "out").exists()
