"""Addresses as output that nothing is written to: refused at once, with what to do."""

from pathlib import Path

import pytest
from support.commands import Cli

WRONG = 1


@pytest.mark.parametrize(
    "address", ["gs://bucket/dataset", "https://example.org/dataset", "/vsigs/bucket/dataset"]
)
def test_an_address_as_output_is_refused(
    cli: Cli, tmp_path: Path, recipe: Path, image: Path, labels: Path, address: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    for command in (("export", image, "--labels", labels), ("run", recipe)):
        told = cli(*command, "-o", address, code=WRONG)
        assert f"{address}: a dataset is written to a folder on disk or to s3://BUCKET" in told.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("address", ["s3://bucket/x", "https://example.org/x", "/vsis3/bucket/x"])
def test_what_is_no_dataset_is_written_to_disk(cli: Cli, tmp_path: Path, address: str) -> None:
    """These made a folder `s3:`."""
    for command in (
        ("demo",), ("convert", "dataset", "--to", "coco"), ("init", "a.tif", "--labels", "a.gpkg"),
        ("gallery", "dataset"), ("report", "dataset"), ("vectorize", "dataset"),
        ("check", "labels.gpkg"),
    ):  # fmt: skip
        told = cli(*command, "-o", address, code=WRONG)
        assert f"{address}: only export and run write to an address, and to s3:// alone" in told.err
    assert list(tmp_path.iterdir()) == []
