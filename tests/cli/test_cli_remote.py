"""Addresses as output: refused at once, with what to do, nothing written."""

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
