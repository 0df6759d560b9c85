"""The index is GeoParquet to a validator that is not ours."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from affine import Affine
from shapely import box
from support.rasters import VALENCIA, Place
from support.workshop import Workshop

VALIDATOR = Path(sys.executable).parent / "geoparquet-validator"
OF_NO_CODE = (
    "+proj=laea +lat_0=39.123 +lon_0=-0.456 +x_0=0 +y_0=0 +ellps=GRS80 +units=m +no_defs +type=crs"
)


def outcomes(path: Path) -> dict[str, str]:
    """pass, fail or skip of each test of the validator."""
    done = subprocess.run(
        [VALIDATOR, "check", "--json", path], capture_output=True, text=True, check=False
    )
    return {entry["id"]: entry["status"] for entry in json.loads(done.stdout)["outcomes"]}


def assert_valid(dataset: Path) -> None:
    """Nothing fails, and what says most was not left out."""
    found = outcomes(dataset / "chips.parquet")
    assert [name for name, status in found.items() if status == "fail"] == []
    told = ("core/geo-metadata", "core/wkb", "core/crs-projjson", "core/bbox-extent")
    covering = ("covering/keys", "covering/bbox-column-structure", "covering/bbox-paths")
    assert {found[f"/conf/{name}"] for name in (*told, *covering)} == {"pass"}


def test_the_sample_s_index_is_valid(sample: Path) -> None:
    assert_valid(sample)


@pytest.mark.parametrize(
    "where",
    [
        Place("EPSG:4326", Affine(0.0001, 0, -0.4, 0, -0.0001, 39.5), 40, 50),
        Place("EPSG:32630", VALENCIA @ Affine.rotation(30), 40, 50),
        Place(OF_NO_CODE, Affine(10, 0, 0, 0, -10, 0), 40, 50),
    ],
    ids=["degrees", "rotated", "a CRS of no code"],
)
def test_indexes_of_other_grids_are_valid(workshop: Workshop, where: Place) -> None:
    workshop.where = where
    assert_valid(workshop.build(workshop.image(), workshop.labels([box(5, 5, 20, 20)])))


def test_the_index_of_scenes_in_two_crss_is_valid(workshop: Workshop) -> None:
    other = Place("EPSG:32631", Affine(10, 0, 300_000, 0, -10, 4_400_000), 40, 50)
    scenes = [
        {
            "name": name,
            "image": workshop.image(name=f"{name}.tif", where=at),
            "labels": workshop.labels([box(5, 5, 20, 20)], name=f"{name}.gpkg", where=at),
        }
        for name, at in (("west", workshop.where), ("east", other))
    ]
    recipe = workshop.recipe("", "") | {"scenes": scenes}
    assert_valid(workshop.run(recipe))


def test_the_validator_sees_an_index_whose_covering_is_gone(sample: Path, tmp_path: Path) -> None:
    table = pq.read_table(sample / "chips.parquet")
    broken = tmp_path / "chips.parquet"
    pq.write_table(table.drop_columns(["bbox"]), broken)
    assert "fail" in outcomes(broken).values()
