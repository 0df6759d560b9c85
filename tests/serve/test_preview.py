"""Previews are the very pixels of an export."""

import base64
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from support.commands import run_cli
from support.datasets import read_chip, rows
from support.labels import from_pixels, star, write_labels
from support.rasters import Place, place, write_raster
from support.serving import Client, array

CRS = "EPSG:4326"
"""Of the labels; the image is in UTM."""
N_FEATURES = 60


@pytest.fixture
def where() -> Place:
    """300 × 340 px."""
    return place(300, 340)


@pytest.fixture
def labels(tmp_path: Path, where: Place) -> Path:
    """Stars that overlap, in degrees; a third of the objects have two parts far from each other."""
    rng = np.random.default_rng(5)
    shapes = [
        from_pixels(where, star(rng, *rng.uniform(0, 330, 2), rng.uniform(6, 40)), CRS)
        for _ in range(N_FEATURES)
    ]
    path = tmp_path / "labels.gpkg"
    write_labels(
        path, shapes, CRS, layer="labels",
        kind=[("tree", "house", "water")[n % 3] for n in range(N_FEATURES)],
        object=[f"o{n % 45}" for n in range(N_FEATURES)], source_fid=list(range(N_FEATURES)),
    )  # fmt: skip
    extent = from_pixels(where, shapely.box(20, 15, 310, 280))
    write_labels(path, [extent], where.crs, layer="extent", name=["all"])
    return path


@pytest.fixture
def recipe(tmp_path: Path, where: Place, labels: Path) -> Path:
    """Chips of 96 px that overlap, panoptic, some of them left out."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(1, 5000, (3, *where.shape)).astype(np.uint16)
    pixels[:, 200:, 250:] = 0
    write_raster(tmp_path / "image.tif", where, pixels, nodata=0, tiled=True, blockxsize=64,
                 blockysize=64)  # fmt: skip
    path = tmp_path / "recipe.toml"
    path.write_text(
        '[[scenes]]\nname = "scene"\nimage = "image.tif"\n'
        'labels = { path = "labels.gpkg", layer = "labels", id_field = "source_fid" }\n'
        'extent = { path = "labels.gpkg", layer = "extent" }\n'
        '[schema]\nclass_field = "kind"\ninstance_field = "object"\n'
        "[chips]\nsize = 96\nstride = 70\nmax_nodata = 0.6\nmin_labelled = 0.2\nnegatives = 0.5\n"
        '[masks]\nmode = "panoptic"\n[output]\npath = "dataset"\n'
    )
    return path


KINDS = ("image", "semantic", "instance")


def assert_previews_equal_the_dataset(
    client: Client, plan: str, dataset: Path, sent: Any = None
) -> None:
    """Every chip of the dataset, previewed, with features sent in place of the file's or not."""
    found = rows(dataset)
    assert len(found) > 5
    for row in found:
        params = {"labels": sent(row)} if sent else {}
        told = client.ask("preview", plan=plan, chip=row["chip_id"], arrays=list(KINDS), **params)
        assert (told["skipped"], told["n_instances"]) == (None, row["n_instances"])
        for kind in KINDS:
            exported = read_chip(dataset, row, kind)
            exported = exported if kind == "image" else exported[0]
            shown = array(told["arrays"][kind])
            assert shown.dtype == exported.dtype
            assert np.array_equal(shown, exported), (row["chip_id"], kind)


def test_every_preview_equals_the_exported_chip(client: Client, recipe: Path) -> None:
    plan = client.ask("plan", recipe=str(recipe))["plan"]
    run_cli("run", recipe, cwd=recipe.parent)
    assert_previews_equal_the_dataset(client, plan, recipe.parent / "dataset")


def edited(labels: Path) -> geopandas.GeoDataFrame:
    """Labels after an hour's work: some moved, some gone, one new."""
    frame = geopandas.read_file(labels, layer="labels").drop(index=[4, 17, 30])
    moved = frame.index[::3]
    frame.loc[moved, "geometry"] = frame.loc[moved, "geometry"].translate(0.002, 0.001)
    frame.loc[frame.index[5], "kind"] = "house"
    frame.loc[frame.index[5], "object"] = "new"
    return frame


def as_sent(frame: geopandas.GeoDataFrame, box: shapely.Polygon) -> list[dict[str, Any]]:
    """The features around a box, and what shares an object with them."""
    near = frame[frame.intersects(box)]
    alike = frame[frame["object"].isin(near["object"])]
    return [
        {
            "id": row.source_fid, "class": row.kind, "instance": row.object,
            "wkb": base64.b64encode(row.geometry.wkb).decode(),
        }
        for row in alike.sample(frac=1, random_state=1).itertuples()
    ]  # fmt: skip


def test_features_sent_around_a_chip_give_the_pixels_of_an_export_of_all(
    client: Client, recipe: Path, labels: Path, where: Place
) -> None:
    plan = client.ask("plan", recipe=str(recipe))["plan"]
    frame = edited(labels)
    frame.to_file(labels, layer="labels", driver="GPKG")
    run_cli("run", recipe, cwd=recipe.parent)

    def around(row: dict[str, Any]) -> dict[str, Any]:
        x, y = row["x_off"], row["y_off"]
        box = from_pixels(where, shapely.box(x - 2, y - 2, x + 98, y + 98), CRS)
        return {"key": row["chip_id"], "features": as_sent(frame, box)}

    assert_previews_equal_the_dataset(client, plan, recipe.parent / "dataset", around)


def test_geojson_is_as_good_as_wkb(client: Client, recipe: Path, where: Place) -> None:
    plan = client.ask("plan", recipe=str(recipe))["plan"]
    square = from_pixels(where, shapely.box(30, 30, 60, 50), CRS)
    feature = {"id": 1, "class": "tree", "instance": None}
    told = []
    for shape in (
        {"geojson": shapely.geometry.mapping(square)},
        {"wkb": base64.b64encode(square.wkb).decode()},
    ):
        labels = {"key": str(shape)[:20], "features": [feature | shape]}
        told.append(client.ask("preview", plan=plan, chip="scene_r0000000_c0000000", labels=labels))
    assert told[0] == told[1]
    trees = array(told[0]["arrays"]["semantic"]) == 2  # house, tree, water: sorted texts from 1
    assert trees.sum() == 600


def test_codes_are_the_plans_though_the_features_sent_know_one_class_only(
    client: Client, recipe: Path, where: Place
) -> None:
    told = client.ask("plan", recipe=str(recipe))
    codes = {entry["name"]: entry["code"] for entry in told["schema"]["classes"]}
    assert codes == {"house": 1, "tree": 2, "water": 3}
    square = from_pixels(where, shapely.box(30, 30, 60, 50), CRS)
    feature = {"id": "a", "class": "water", "wkb": base64.b64encode(square.wkb).decode()}
    preview = {"plan": told["plan"], "chip": "scene_r0000000_c0000000"}
    shown = client.ask("preview", **preview, labels={"key": "one", "features": [feature]})
    assert shown["pixels"]["3"] == 600
    unknown = {"key": "two", "features": [feature | {"class": "swamp"}]}
    code, message = client.refused("preview", **preview, labels=unknown)
    assert code == "input"
    assert "class 'swamp'" in message


def test_features_are_sent_once_and_named_by_their_key_from_then_on(
    client: Client, recipe: Path
) -> None:
    plan = client.ask("plan", recipe=str(recipe))["plan"]
    preview = {"plan": plan, "chip": "scene_r0000001_c0000001"}
    assert client.refused("preview", **preview, labels={"key": "k"})[0] == "unknown_labels"
    empty = client.ask("preview", **preview, labels={"key": "k", "features": []})
    again = client.ask("preview", **preview, labels={"key": "k"})
    assert again == empty
    assert empty["n_instances"] == 0
    assert client.ask("preview", **preview)["n_instances"] > 0


def test_an_extent_that_is_sent_takes_the_files_place(
    client: Client, recipe: Path, where: Place
) -> None:
    plan = client.ask("plan", recipe=str(recipe))["plan"]
    part = from_pixels(where, shapely.box(30, 30, 50, 60))
    extent = {"key": "e", "features": [{"wkb": base64.b64encode(part.wkb).decode()}]}
    told = client.ask("preview", plan=plan, chip="scene_r0000000_c0000000", extent=extent)
    looked = array(told["arrays"]["semantic"]) != 255
    expected = np.zeros((96, 96), dtype=bool)
    expected[30:60, 30:50] = True
    assert np.array_equal(looked, expected)


def test_the_chip_under_a_point_is_the_one_whose_middle_is_nearest(
    client: Client, recipe: Path, where: Place
) -> None:
    plan = client.ask("plan", recipe=str(recipe))["plan"]
    for column, row, chip in ((80.0, 10.0, "r0000000_c0000000"), (85.0, 10.0, "r0000000_c0000001"),
                              (85.0, 200.0, "r0000002_c0000001")):  # fmt: skip
        [at] = where.to_crs(np.array([[column, row]]))
        told = client.ask("preview", plan=plan, at=list(at), arrays=[])
        assert told["chip_id"] == f"scene_{chip}"
    assert client.refused("preview", plan=plan, at=[0, 0])[0] == "no_chip"


def test_the_plans_chips_are_those_of_the_run_with_the_reasons_of_the_others(
    client: Client, recipe: Path
) -> None:
    recipe.write_text(recipe.read_text().replace("stride = 70\n", "") + '[split]\nby = "blocks"\n'
                      "block = 1\nfractions = { train = 0.6, val = 0.4 }\n")  # fmt: skip
    told = client.ask("plan", recipe=str(recipe), chips=True, exact=True)
    run_cli("run", recipe, cwd=recipe.parent)
    [grid] = told["grids"]
    names = [*told["splits"]] + [None] * (256 - len(told["splits"]))
    columns = [array(grid[name]).tolist() for name in
               ("row", "col", "x_off", "y_off", "split", "skipped")]  # fmt: skip
    kept, left = {}, []
    for row, col, x_off, y_off, split, skipped in zip(*columns, strict=True):
        if grid["reasons"][skipped]:
            left.append(grid["reasons"][skipped])
        else:
            kept[row, col] = (x_off, y_off, names[split])
    exported = {(r["row"], r["col"]): (r["x_off"], r["y_off"], r["split"])
                for r in rows(recipe.parent / "dataset")}  # fmt: skip
    assert kept == exported
    assert {why: left.count(why) for why in left} == told["report"]["skipped"]
    assert left


def test_a_chip_that_a_run_would_leave_out_is_shown_with_the_reason(
    client: Client, recipe: Path
) -> None:
    told = client.ask("plan", recipe=str(recipe), chips=True, exact=True)
    [grid] = told["grids"]
    number = array(grid["skipped"]).tolist().index(grid["reasons"].index("nodata"))
    row, col = (array(grid[name]).tolist()[number] for name in ("row", "col"))
    shown = client.ask("preview", plan=told["plan"], chip=f"scene_r{row:07d}_c{col:07d}")
    assert shown["skipped"] == "nodata"
    assert (array(shown["arrays"]["semantic"]) == 255).mean() > 0.5


def test_a_picture_of_deep_pixels_is_stretched_alike_in_every_chip(
    client: Client, recipe: Path
) -> None:
    plan = client.ask("plan", recipe=str(recipe))["plan"]
    pairs = {}
    for chip in ("scene_r0000000_c0000000", "scene_r0000001_c0000001"):
        told = client.ask("preview", plan=plan, chip=chip, arrays=["picture", "image"])
        picture, image = (array(told["arrays"][name]) for name in ("picture", "image"))
        assert picture.shape == (96, 96, 3)
        for value, shade in zip(image[0].ravel().tolist(), picture[..., 0].ravel(), strict=True):
            assert pairs.setdefault(value, shade) == shade
    assert len(set(pairs.values())) > 100
