"""`polychip init`: a recipe that says what was seen, and runs."""

import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
from support.commands import BOXES, CLASSES, Cli, write_square_labels
from support.datasets import manifest
from support.labels import write_labels
from support.rasters import Place, coordinates_as_pixels, place, write_raster

from polychip.recipe import load_recipe


@pytest.mark.usefixtures("image", "labels")
def test_the_recipe_says_what_was_seen_and_gives_what_export_gives(
    cli: Cli, tmp_path: Path, where: Place
) -> None:
    write_square_labels(tmp_path / "labels.gpkg", where, BOXES[:1], layer="extent", name=["all"])
    inputs = ("scene.tif", "--labels", "labels.gpkg|buildings")
    told = cli("init", *inputs).out
    assert "recipe.toml written." in told
    assert "gives 1 chip" in told
    text = (tmp_path / "recipe.toml").read_text()
    for seen in (
        "# scene.tif: 192 × 160 px of 10 m in EPSG:32630; 2 bands of uint16: red, nir",
        "# nodata: none declared",
        "# labels.gpkg, layer buildings: 4 features (4 Polygon) in EPSG:32630",
        "#   layer extent: 1 feature, fields name",
        '# extent = { path = "labels.gpkg", layer = "extent" }',
        'class_field = "class"',
        '# name = "field"   # 2 features\n# code = 1',
        '# name = "water"   # 2 features\n# code = 2',
        "labels cover 11.8 % of their pixels",
        "1 polygon too small to hold a pixel's centre",
    ):
        assert seen in text
    cli("run", "recipe.toml")
    cli("export", *inputs, "-o", "exported")
    digest = manifest(tmp_path / "exported")["digest"]
    assert manifest(tmp_path / "dataset")["digest"] == digest


@pytest.mark.usefixtures("image", "labels")
def test_the_listed_classes_and_the_extent_work_once_they_are_uncommented(
    cli: Cli, tmp_path: Path, where: Place
) -> None:
    write_square_labels(
        tmp_path / "labels.gpkg", where, [(0, 0, 192, 160)], layer="extent", name=["all"]
    )
    cli("init", "scene.tif", "--labels", "labels.gpkg|buildings")
    recipe = tmp_path / "recipe.toml"
    pattern = r"^# (\[\[schema|name = |code = |color = |extent = )"
    recipe.write_text(re.sub(pattern, r"\1", recipe.read_text(), flags=re.MULTILINE))
    assert [entry.name for entry in load_recipe(recipe).schema_.classes] == ["field", "water"]
    result = cli("run", "recipe.toml")
    assert "no extent given" not in result.err


@pytest.mark.usefixtures("labels")
def test_single_bands_of_one_footprint_become_a_stack(
    cli: Cli, tmp_path: Path, where: Place
) -> None:
    names = [f"B0{number}.tif" for number in (2, 3, 4)]
    for name in names:
        write_raster(tmp_path / name, where, coordinates_as_pixels(*where.shape)[:1])
    cli("init", *names, "--labels", "labels.gpkg", "-o", "stack.toml")
    text = (tmp_path / "stack.toml").read_text()
    assert 'layers = { stack = ["B02.tif", "B03.tif", "B04.tif"] }' in text
    assert "taken for the\n# bands of one image" in text
    cli("run", "stack.toml")
    assert manifest(tmp_path / "dataset")["counts"]["by_scene"] == {"B02": 1}


@pytest.mark.usefixtures("labels")
def test_images_with_several_bands_become_scenes(cli: Cli, tmp_path: Path, where: Place) -> None:
    for name in ("may.tif", "june.tif"):
        write_raster(tmp_path / name, where)
    cli("init", "may.tif", "june.tif", "--labels", "labels.gpkg")
    text = (tmp_path / "recipe.toml").read_text()
    assert [scene.name for scene in load_recipe(tmp_path / "recipe.toml").scenes] == ["may", "june"]
    assert "give\n# all of them the same `group`" in text
    cli("run", "recipe.toml")


@pytest.mark.usefixtures("labels")
def test_an_undeclared_collar_is_hinted_at(cli: Cli, tmp_path: Path) -> None:
    where = place(160, 192)
    pixels = coordinates_as_pixels(*where.shape)
    pixels[:, :, :40] = 0
    write_raster(tmp_path / "collar.tif", where, pixels)
    cli("init", "collar.tif", "--labels", "labels.gpkg")
    text = (tmp_path / "recipe.toml").read_text()
    found = re.search(r"none declared, but about (\d+)% of the pixels are 0 in all bands", text)
    assert found
    assert 15 <= int(found[1]) <= 27
    assert "\n# nodata = 0\n" in text


@pytest.mark.usefixtures("image")
def test_features_without_a_class_become_ignore_and_the_recipe_says_so(
    cli: Cli, tmp_path: Path, where: Place
) -> None:
    fields = {"class": ["water", None, "field", "field"]}
    write_square_labels(tmp_path / "null.gpkg", where, BOXES, **fields)
    cli("init", "scene.tif", "--labels", "null.gpkg")
    text = (tmp_path / "recipe.toml").read_text()
    assert "# 1 feature has no class; they are burned as\n# ignore." in text
    cli("run", "recipe.toml")
    assert manifest(tmp_path / "dataset")["counts"]["pixels"]["255"] == 30 * 40


@pytest.mark.usefixtures("image")
def test_names_from_files_can_break_neither_toml_nor_comments(
    cli: Cli, tmp_path: Path, where: Place
) -> None:
    nasty = 'a"b\\c\n[output]\r\nd\x7f\x1f\'"""'
    name = 'odd "labels" [x]#.gpkg'
    write_square_labels(
        tmp_path / "plain.gpkg", where, BOXES, layer='lay"er [masks]',
        **{"class": [nasty, "#", nasty, "="], 'fi"e\nld': CLASSES},
    )  # fmt: skip
    (tmp_path / "plain.gpkg").rename(tmp_path / name)
    cli("init", "scene.tif", "--labels", name)
    text = (tmp_path / "recipe.toml").read_text()
    assert "\n[output]\nd" not in text
    recipe = load_recipe(tmp_path / "recipe.toml")
    assert recipe.scenes[0].labels[0].path == str(tmp_path / name)
    assert recipe.output.path == str(tmp_path / "dataset")
    cli("run", "recipe.toml")
    cli("plan", "recipe.toml")


@pytest.mark.usefixtures("image", "labels")
def test_a_recipe_that_is_there_is_kept(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("# mine\n")
    result = cli("init", "scene.tif", "--labels", "labels.gpkg", code=1)
    assert "recipe.toml: a file is already here, and it may hold your changes" in result.err
    assert (tmp_path / "recipe.toml").read_text() == "# mine\n"
    cli("init", "scene.tif", "--labels", "labels.gpkg", "--overwrite")
    assert "# mine" not in (tmp_path / "recipe.toml").read_text()


@pytest.mark.usefixtures("image")
def test_fields_that_could_be_the_class_are_listed_with_their_values(
    cli: Cli, tmp_path: Path, where: Place
) -> None:
    fields = {"landuse": CLASSES, "uid": ["a", "b", "c", "d"], "instance_id": [1, 1, 2, 3]}
    write_square_labels(tmp_path / "parcels.gpkg", where, BOXES, **fields)
    cli("init", "scene.tif", "--labels", "parcels.gpkg")
    text = (tmp_path / "recipe.toml").read_text()
    assert 'class_field = "landuse": field (2), water (2)' in text
    assert "named after the layer (parcels)" in text
    assert 'id_field = "uid"' in text
    assert '# instance_field = "instance_id"' in text
    cli("run", "recipe.toml")
    assert [c["name"] for c in manifest(tmp_path / "dataset")["schema"]["classes"]] == ["parcels"]


@pytest.mark.usefixtures("image")
def test_lines_get_a_width_that_is_called_a_guess(cli: Cli, tmp_path: Path, where: Place) -> None:
    import shapely
    from support.labels import from_pixels

    road = from_pixels(where, shapely.LineString([(5, 5), (120, 90)]))
    write_labels(tmp_path / "roads.gpkg", [road], where.crs, kind=["road"])
    told = cli("init", "scene.tif", "--labels", "roads.gpkg").out
    assert "lines or points get a width of one pixel" in told
    assert "is a GUESS of one pixel" in (tmp_path / "recipe.toml").read_text()
    cli("run", "recipe.toml")


def test_a_raster_of_classes_is_a_source_too(
    cli: Cli, tmp_path: Path, image: Path, where: Place
) -> None:
    codes = np.zeros((1, *where.shape), dtype=np.uint8)
    codes[0, 10:40, 20:90] = 3
    write_raster(tmp_path / "classes.tif", where, codes)
    cli("init", image, "--labels", "classes.tif")
    assert (
        "# classes.tif: a raster of classes with the values 0, 3"
        in (tmp_path / "recipe.toml").read_text()
    )
    cli("run", "recipe.toml")
    assert manifest(tmp_path / "dataset")["counts"]["pixels"]["3"] == 30 * 70


def test_labels_off_the_image_are_told_at_once(cli: Cli, tmp_path: Path, image: Path) -> None:
    far = place(10, 10, crs="EPSG:32633")
    write_square_labels(tmp_path / "far.gpkg", far, [(0, 0, 9, 9)], **{"class": ["water"]})
    result = cli("init", image, "--labels", "far.gpkg", code=1)
    assert "nothing would be burned" in result.err
    assert not (tmp_path / "recipe.toml").exists()


def test_the_sources_stay_as_they_were(cli: Cli, tmp_path: Path, recipe: Path) -> None:
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    cli("init", "scene.tif", "--labels", "labels.gpkg", "-o", "new.toml")
    cli("plan", recipe)
    cli("run", recipe)
    after = {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    assert after.keys() - before.keys() == {"new.toml"}
    assert {name: after[name] for name in before} == before
    with rasterio.open(tmp_path / "scene.tif") as file:
        assert file.count == 2
