"""Some rows of a table: the same as of the table read as a whole."""

import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polychip.io import table_rows
from polychip.io.table_rows import TableRows

N = 103


@pytest.fixture
def table(tmp_path: Path) -> tuple[Path, pa.Table]:
    """Eleven row groups of a table with texts, nulls, lists and structs."""
    path = tmp_path / "table.parquet"
    whole = pa.table(
        {
            "number": range(N),
            "text": [None if i % 7 == 0 else f"chip {i}" for i in range(N)],
            "list": [[i / 3] * (i % 4) for i in range(N)],
            "files": [{"image": f"{i}.tif", "semantic": None} for i in range(N)],
        }
    )
    pq.write_table(whole, path, row_group_size=10)
    return path, whole


def test_rows_come_as_asked_for_repeated_and_unsorted(table: tuple[Path, pa.Table]) -> None:
    path, whole = table
    places = [102, 0, 9, 10, 55, 55, 3, 101, 11]
    found = TableRows(path).take(places, ["text", "number"])
    assert found.to_pylist() == whole.select(["text", "number"]).take(places).to_pylist()


def test_no_rows_still_have_columns(table: tuple[Path, pa.Table]) -> None:
    found = TableRows(table[0]).take([], ["list"])
    assert found.num_rows == 0
    assert found.column_names == ["list"]


def test_each_row_is_found_however_few_groups_are_held(
    table: tuple[Path, pa.Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, whole = table
    monkeypatch.setattr(table_rows, "_GROUPS_HELD", 2)
    rows, known = TableRows(path), whole.to_pylist()
    assert len(rows) == N
    for place in np.random.default_rng(1).permutation(N).tolist():
        assert rows.row(place) == known[place]


def test_it_pickles(table: tuple[Path, pa.Table]) -> None:
    rows = pickle.loads(pickle.dumps(TableRows(table[0])))  # noqa: S301 - its own
    assert rows.row(42)["number"] == 42
