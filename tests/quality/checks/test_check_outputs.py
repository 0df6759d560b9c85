"""The table, the JSON, the GeoPackage of problems, the mended labels, the exit codes."""

import json
import sqlite3
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import geopandas
import pytest
import shapely
from support.commands import run_cli
from support.desk import Desk
from support.labels import from_pixels, write_labels

BOW_TIE = shapely.Polygon([(5, 5), (15, 15), (15, 5), (5, 15)])
TWICE = shapely.Polygon([(20, 5), (30, 5), (30, 5.0005), (30, 15), (20, 15)])
NEEDLE = shapely.Polygon([(5, 20), (10, 20), (10.01, 18), (10.02, 20), (15, 20), (15, 30), (5, 30)])
SQUARE = shapely.box(35, 5, 45, 15)
HOLED = shapely.Polygon(
    shapely.box(20, 20, 30, 30).exterior,
    [[(22, 22), (24, 22), (24, 22.0004), (24, 24), (22, 24)]],
)


@pytest.fixture
def faulty(desk: Desk) -> str:
    desk.image()
    return desk.write(
        [BOW_TIE, TWICE, NEEDLE, SQUARE, SQUARE, HOLED, None, shapely.box(35, 20, 45, 30)],
        **{
            "class": [*["house"] * 7, "House"],
            "storeys": [1, 2, 3, 4, 4, None, 7, 8],
            "note": [None, "x", *["y"] * 6],
        },
    )


def test_the_problems_open_as_styled_layers(desk: Desk, faulty: str) -> None:
    run_cli("check", faulty, "--image", "scene.tif", "-o", "problems.gpkg", cwd=desk.folder, code=1)
    path = desk.folder / "problems.gpkg"
    points = geopandas.read_file(path, layer="problems")
    areas = geopandas.read_file(path, layer="problem_areas")
    assert points.crs == areas.crs == desk.where.crs
    assert set(points["check"]) >= {"geometry.invalid", "topology.duplicate", "geometry.spike"}
    assert set(points.geom_type.dropna()) == {"Point"}
    assert set(areas.geom_type) == {"MultiPolygon"}
    with sqlite3.connect(path) as base:
        styles = dict(base.execute("SELECT f_table_name, styleQML FROM layer_styles").fetchall())
        kinds = dict(base.execute("SELECT table_name, data_type FROM gpkg_contents").fetchall())
    assert set(styles) == {"problems", "problem_areas"}
    assert kinds["layer_styles"] == "attributes"
    for style in styles.values():
        root = ElementTree.fromstring(style)  # noqa: S314 - our own file
        values = [entry.get("value") for entry in root.iter("category")]
        assert values == ["error", "warning", "info"]


def test_json_is_the_contract(desk: Desk, faulty: str) -> None:
    done = run_cli("check", faulty, "--image", "scene.tif", "--json", cwd=desk.folder, code=1)
    document = json.loads(done.out)
    for problem in document["problems"]:
        assert {"check", "severity", "source_fid", "message"} <= problem.keys()
        assert problem["severity"] in ("error", "warning", "info")
    assert document["counts"]["error"] == sum(
        p["severity"] == "error" for p in document["problems"]
    )


def test_the_exit_code_is_1_for_errors_only(desk: Desk) -> None:
    desk.image()
    fine = desk.write([SQUARE], "fine.gpkg", **{"class": ["a"]})
    overlap = desk.write(
        [SQUARE, shapely.box(40, 5, 49, 15)], "warned.gpkg", **{"class": ["a", "a"]}
    )
    wrong = desk.write([BOW_TIE], "wrong.gpkg", **{"class": ["a"]})
    for path, code in ((fine, 0), (overlap, 0), (wrong, 1)):
        run_cli("check", path, "--image", "scene.tif", cwd=desk.folder, code=code)


def test_fix_mends_what_is_safe_and_keeps_the_rest(desk: Desk, faulty: str) -> None:
    before = Path(faulty).read_bytes()
    run_cli(
        "check",
        faulty,
        "--image",
        "scene.tif",
        "--fix",
        "-o",
        "fixed.gpkg",
        cwd=desk.folder,
        code=1,
    )
    assert Path(faulty).read_bytes() == before
    old, new = geopandas.read_file(faulty), geopandas.read_file(desk.folder / "fixed.gpkg")
    assert new["source_fid"].tolist() == [1, 2, 3, 4, 6, 8], "the copy and the empty one are gone"
    assert new.geometry.is_valid.all()
    assert new["class"].tolist() == ["house"] * 6
    assert new["storeys"].tolist()[:4] == [1, 2, 3, 4]
    assert new["storeys"].isna().tolist() == [False] * 4 + [True, False]
    assert new["note"].isna().tolist() == [True] + [False] * 5
    assert new.geometry[0].area == pytest.approx(old.geometry[0].buffer(0).area, rel=1)
    n_points = shapely.get_num_coordinates(new.geometry.to_numpy())
    assert n_points.tolist() == [8, 5, 7, 5, 10, 5]
    for fixed, was in ((1, 1), (2, 2), (4, 5), (5, 7)):
        change = new.geometry[fixed].symmetric_difference(old.geometry[was]).area / 100
        assert change < 0.1, "less than a tenth of a pixel"
    again = run_cli("check", "fixed.gpkg", "--image", "scene.tif", "--json", cwd=desk.folder)
    assert json.loads(again.out)["counts"]["error"] == 0


def test_fix_never_writes_in_place_nor_over_a_file(desk: Desk, faulty: str) -> None:
    before = Path(faulty).read_bytes()
    options = ("--image", "scene.tif", "--fix")
    done = run_cli("check", faulty, *options, "-o", faulty, "--overwrite", cwd=desk.folder, code=1)
    assert "never writes in place" in done.err
    assert Path(faulty).read_bytes() == before
    (desk.folder / "there.gpkg").write_text("mine")
    done = run_cli("check", faulty, *options, "-o", "there.gpkg", cwd=desk.folder, code=1)
    assert "--overwrite" in done.err
    assert (desk.folder / "there.gpkg").read_text() == "mine"
    done = run_cli("check", faulty, "--fix", cwd=desk.folder, code=1)
    assert "name it with -o" in done.err


def test_the_same_labels_give_the_same_bytes(desk: Desk, faulty: str) -> None:
    files: list[Any] = []
    for name in ("one.gpkg", "two.gpkg"):
        run_cli("check", faulty, "--image", "scene.tif", "-o", name, cwd=desk.folder, code=1)
        files.append((desk.folder / name).read_bytes())
    assert files[0] == files[1]


def test_a_recipe_says_how_to_read_its_labels(desk: Desk) -> None:
    desk.image()
    shapes = [from_pixels(desk.where, s) for s in (SQUARE, shapely.box(5, 5, 9, 9))]
    write_labels(
        desk.folder / "l.gpkg", shapes, desk.where.crs, name=["n1", "n2"], kind=["house", "huose"]
    )
    (desk.folder / "recipe.toml").write_text(
        '[[scenes]]\nname = "s"\nimage = "scene.tif"\n'
        'labels = { path = "l.gpkg", id_field = "name" }\n'
        '[schema]\nclass_field = "kind"\n[[schema.classes]]\nname = "house"\ncode = 1\n'
        '[output]\npath = "out"\n'
    )
    done = run_cli("check", "l.gpkg", "--schema", "recipe.toml", "--json", cwd=desk.folder, code=1)
    [problem] = json.loads(done.out)["problems"]
    assert (problem["check"], problem["source_fid"]) == ("attributes.class_typo", "n2")


def test_wrong_input_is_explained(desk: Desk) -> None:
    done = run_cli("check", "nowhere.gpkg", cwd=desk.folder, code=1)
    assert "nowhere.gpkg: no such label file" in done.err
    done = run_cli("check", "x.gpkg", "--date", "31.10.2024", cwd=desk.folder, code=2)
    assert "is not a day" in done.err
