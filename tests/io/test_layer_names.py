"""The layers of a vector file are those that GDAL tells, however they are asked for."""

import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas
import pyogrio
import pytest
from shapely import box

from polychip.io import vector

SHAPES = geopandas.GeoDataFrame({"a": [1]}, geometry=[box(0, 0, 1, 1)], crs="EPSG:32630")


def listed(path: Path) -> list[str]:
    return [str(name) for name in pyogrio.list_layers(path)[:, 0]]


def change(path: Path, *commands: str) -> None:
    with closing(sqlite3.connect(path)) as file:
        for command in commands:
            file.execute(command)
        file.commit()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A GeoPackage with one layer, in a folder whose name is no plain URL."""
    folder = tmp_path / "50 % ? of #1"
    folder.mkdir()
    SHAPES.to_file(folder / "labels.gpkg", layer="Häuser, alt")
    return folder / "labels.gpkg"


def test_one_layer_is_told_without_gdal(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert listed(path) == ["Häuser, alt"]
    monkeypatch.setattr(pyogrio, "list_layers", None)
    assert vector.layer_names(str(path)) == ["Häuser, alt"]
    assert [entry.name for entry in path.parent.iterdir()] == ["labels.gpkg"]


@pytest.mark.parametrize(
    "commands",
    [
        ["CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)"],
        ["CREATE VIEW seen AS SELECT 1 AS one"],
        [
            "CREATE TABLE more (id INTEGER PRIMARY KEY)",
            "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('more', 'attributes')",
        ],
        ["UPDATE gpkg_contents SET data_type = 'attributes'"],
        ["UPDATE gpkg_contents SET table_name = 'gone'"],
        ["DELETE FROM gpkg_contents"],
    ],
)
def test_whatever_else_a_geopackage_holds_gdal_tells_it(path: Path, commands: list[str]) -> None:
    change(path, "PRAGMA foreign_keys = OFF", *commands)
    assert vector._sole_layer(str(path)) is None
    try:
        expected = listed(path)
    except pyogrio.errors.DataSourceError:
        expected = []
    if expected:
        assert vector.layer_names(str(path)) == expected


def test_several_layers_and_other_formats(path: Path) -> None:
    SHAPES.to_file(path, layer="second", mode="a")
    assert vector.layer_names(str(path)) == ["Häuser, alt", "second"] == listed(path)
    other = path.with_suffix(".geojson")
    SHAPES.to_crs(4326).to_file(other)
    assert vector.layer_names(str(other)) == listed(other)


def test_what_is_not_yet_in_the_file_itself_is_seen(path: Path) -> None:
    """Another program has the GeoPackage open, and what it wrote last lies beside the file."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA wal_autocheckpoint = 0")
        file.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        file.commit()
        assert path.with_name("labels.gpkg-wal").stat().st_size > 0
        assert vector.layer_names(str(path)) == listed(path) == ["Häuser, alt", "notes"]


def test_a_file_that_only_has_the_name_is_told(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + bytes(500))
    with pytest.raises(vector.InputError, match="not a vector file that GDAL can read"):
        vector.layer_names(str(path))
