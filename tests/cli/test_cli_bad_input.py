"""Each bad input: its exit code, a message that says what, where and what to do, nothing left."""

import os
import resource
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from support.commands import (
    BOXES,
    CLASSES,
    Cli,
    Result,
    leftovers,
    mounted,
    write_recipe,
    write_square_labels,
)
from support.datasets import differing, files_of, manifest, masks_of
from support.rasters import Place, place, write_raster


def refused(cli: Cli, *arguments: object, code: int = 1, **options: Any) -> str:
    """What a command that must fail says on stderr: one error, and nothing on stdout."""
    result: Result = cli(*arguments, code=code, **options)
    assert result.out == ""
    errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, result.err
    return errors[0]


def export(cli: Cli, *options: object, image: object = "scene.tif", **keywords: Any) -> str:
    """The error of an export that must fail, which leaves no dataset."""
    labels = keywords.pop("labels", "labels.gpkg")
    folder = Path(keywords.get("cwd", "."))
    error = refused(cli, "export", image, "--labels", labels, "-o", "out", *options, **keywords)
    assert not (folder / "out").exists()
    return error


@pytest.fixture
def desk(image: Path, labels: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with scene.tif and labels.gpkg, made the current one."""
    assert image.parent == labels.parent
    monkeypatch.chdir(image.parent)
    return image.parent


@pytest.mark.usefixtures("desk")
class TestAnExportRefuses:
    """Inputs that can't be used."""

    def test_a_missing_image(self, cli: Cli) -> None:
        error = export(cli, image="scane.tif")
        assert "scane.tif: no such image (did you mean 'scene.tif'?)" in error
        assert "check the path" in error

    def test_missing_labels(self, cli: Cli) -> None:
        error = export(cli, labels="label.gpkg")
        assert "label.gpkg: no such" in error
        assert "did you mean 'labels.gpkg'?" in error

    def test_an_image_that_is_no_raster(self, cli: Cli, desk: Path) -> None:
        (desk / "notes.tif").write_text("not pixels")
        error = export(cli, image="notes.tif")
        assert "notes.tif: not a raster" in error
        assert "give an image such as a GeoTIFF" in error

    def test_labels_that_are_no_vector_file(self, cli: Cli, desk: Path) -> None:
        (desk / "notes.gpkg").write_text("not polygons")
        error = export(cli, labels="notes.gpkg")
        assert "notes.gpkg: not a vector file" in error
        assert "expected GeoPackage" in error

    def test_an_image_without_a_crs(self, cli: Cli, desk: Path) -> None:
        write_raster(desk / "nowhere.tif", place(32, 32), crs=None)
        error = export(cli, image="nowhere.tif")
        assert "nowhere.tif: has no coordinate reference system" in error
        assert "gdal_edit" in error

    def test_labels_without_a_crs(self, cli: Cli, desk: Path, where: Place) -> None:
        bare = desk / "bare.geojson"
        write_square_labels(desk / "bare.shp", where, BOXES, **{"class": CLASSES})
        (desk / "bare.prj").unlink()
        error = export(cli, labels="bare.shp")
        assert "bare.shp: layer 'bare' states no CRS" in error
        assert "--labels-crs" in error
        assert not bare.exists()
        cli("export", "scene.tif", "--labels", "bare.shp", "-o", "out", "--labels-crs", where.crs)

    def test_labels_that_lie_elsewhere(self, cli: Cli, desk: Path) -> None:
        far = place(10, 10, crs="EPSG:32633")
        write_square_labels(desk / "far.gpkg", far, [(0, 0, 9, 9)], **{"class": ["water"]})
        error = export(cli, labels="far.gpkg")
        assert "nothing would be burned" in error
        assert "(700000, 4398400, 701920, 4400000) in EPSG:32630" in error
        assert "in EPSG:32633" in error
        assert "check that image and labels show the same place" in error

    def test_a_layer_that_is_not_there(self, cli: Cli) -> None:
        error = export(cli, labels="labels.gpkg|bildings")
        assert "no layer 'bildings' (did you mean 'buildings'?); it has buildings" in error

    def test_several_layers_of_which_none_is_named(
        self, cli: Cli, desk: Path, where: Place
    ) -> None:
        write_square_labels(desk / "labels.gpkg", where, BOXES[:1], layer="extent")
        error = export(cli)
        assert "2 layers (buildings, extent), and none was named; write " in error
        assert "labels.gpkg|LAYER" in error

    def test_a_field_that_is_not_there(self, cli: Cli) -> None:
        error = export(cli, "--class-field", "clas")
        assert "has no field 'clas' (class field) (did you mean 'class'?); it has class" in error

    def test_several_fields_that_could_be_the_class(
        self, cli: Cli, desk: Path, where: Place
    ) -> None:
        fields = {"class": CLASSES, "type": CLASSES}
        write_square_labels(desk / "two.gpkg", where, BOXES, **fields)
        error = export(cli, labels="two.gpkg")
        assert "2 fields that could hold the class (class, type)" in error
        assert "--class-field" in error

    def test_a_feature_without_a_class(self, cli: Cli, desk: Path, where: Place) -> None:
        fields = {"class": ["water", None, "field", "field"]}
        write_square_labels(desk / "null.gpkg", where, BOXES, **fields)
        error = export(cli, labels="null.gpkg")
        assert "null.gpkg: 1 feature has no class (null) in field 'class' (ids 2)" in error
        assert "schema.unknown = 'ignore'" in error

    def test_a_size_of_nought(self, cli: Cli) -> None:
        assert export(cli, "--size", 0) == "error: --size is 0; it must be 1 or more"

    def test_a_stride_of_nought(self, cli: Cli) -> None:
        assert export(cli, "--stride", 0) == "error: --stride is 0; it must be 1 or more"

    def test_shares_that_do_not_add_up(self, cli: Cli) -> None:
        error = export(cli, "--split", "train=0.5,val=0.1")
        assert error == "error: --split: fractions add up to 0.6, not to 1"

    def test_a_split_by_chance_of_chips_that_overlap(self, cli: Cli) -> None:
        error = export(
            cli, "--size", 64, "--stride", 32, "--split-by", "random", "--split", "a=0.5,b=0.5"
        )
        assert "share ground" in error
        assert "blocks" in error

    def test_a_format_that_there_is_not(self, cli: Cli) -> None:
        error = export(cli, "--format", "cocoo")
        assert "--format[1].to: there is no format 'cocoo' (did you mean 'coco'?)" in error

    def test_a_format_of_objects_without_objects(self, cli: Cli) -> None:
        error = export(cli, "--format", "coco")
        assert "coco holds objects, which a semantic dataset has none of" in error


@pytest.mark.usefixtures("desk")
class TestARecipeIsRefused:
    """Recipes that can't be run."""

    def test_when_it_is_missing(self, cli: Cli, recipe: Path) -> None:
        assert recipe.exists()
        error = refused(cli, "run", "recipes.toml")
        assert "recipes.toml: no such recipe; check the path" in error

    def test_when_it_is_no_toml(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "bad.toml").write_text("[[scenes]\n")
        assert "bad.toml: not valid TOML" in refused(cli, "run", "bad.toml")

    def test_when_a_key_is_unknown(self, cli: Cli, recipe: Path) -> None:
        recipe.write_text(recipe.read_text() + "strid = 3\n")
        error = refused(cli, "run", recipe)
        assert "recipe.toml: unknown key 'chips.strid' (did you mean 'stride'?)" in error

    def test_when_size_and_stride_are_nought(self, cli: Cli, recipe: Path) -> None:
        recipe.write_text(recipe.read_text().replace("size = 64", "size = 0\nstride = [0, 8]"))
        error = refused(cli, "run", recipe)
        assert "chips.size is 0; it must be 1 or more" in error
        assert "chips.stride[1] is 0; it must be 1 or more" in error

    def test_when_a_label_has_an_unknown_class(
        self, cli: Cli, tmp_path: Path, image: Path, labels: Path
    ) -> None:
        classes = '[[schema.classes]]\nname = "watr"\ncode = 1\n'
        error = refused(cli, "run", write_recipe(tmp_path / "r.toml", image, labels, classes))
        assert "labels.gpkg: 2 features have class 'field' in field 'class' (ids 2, 4)" in error
        assert "the schema knows watr" in error
        assert "; 1 more unknown value; fix" in error
        assert "fix the labels, add the class, or set schema.unknown = 'ignore'" in error
        assert not (tmp_path / "dataset").exists()


@pytest.mark.usefixtures("desk")
class TestTheOutput:
    """Where the dataset can't be written."""

    def test_an_existing_dataset_is_not_touched(
        self, cli: Cli, recipe: Path, tmp_path: Path
    ) -> None:
        cli("run", recipe)
        before = files_of(tmp_path / "dataset")
        error = refused(cli, "run", recipe)
        assert "dataset: a finished dataset is already here; use --overwrite" in error
        assert files_of(tmp_path / "dataset") == before
        cli("run", recipe, "--overwrite")
        assert files_of(tmp_path / "dataset") == before

    def test_a_folder_with_other_files_is_not_touched(
        self, cli: Cli, recipe: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "dataset").mkdir()
        (tmp_path / "dataset" / "thesis.doc").write_text("years of work")
        error = refused(cli, "run", recipe, "--overwrite")
        assert "the folder holds other files (thesis.doc)" in error
        assert [p.name for p in (tmp_path / "dataset").iterdir()] == ["thesis.doc"]

    def test_a_read_only_folder_is_named(self, cli: Cli, recipe: Path, mount_point: Path) -> None:
        if mounted(mount_point, "size=1m"):
            subprocess.run(["mount", "-o", "remount,ro", str(mount_point)], check=True)
        else:
            mount_point.chmod(0o555)
        error = refused(cli, "run", recipe, "-o", mount_point / "out")
        assert f"{mount_point / 'out'}: the folder can't be written" in error
        assert "choose a folder that you may write to" in error
        assert list(mount_point.iterdir()) == []

    def test_a_file_in_the_way_is_named(self, cli: Cli, recipe: Path, tmp_path: Path) -> None:
        (tmp_path / "dataset").write_text("a file")
        error = refused(cli, "run", recipe)
        assert "a file is in the way of the dataset's folder" in error

    @pytest.mark.parametrize("workers", [1, 2])
    def test_a_full_disk_is_told_and_the_run_goes_on_once_there_is_room(
        self, cli: Cli, recipe: Path, mount_point: Path, tmp_path: Path, workers: int
    ) -> None:
        recipe.write_text(recipe.read_text().replace('path = "dataset"', 'path = "dataset"\n'
                                                     'compress = "none"'))  # fmt: skip
        out = tmp_path / "small"
        out.symlink_to(mount_point)
        options: dict[str, Any] = {}
        tmpfs = mounted(mount_point, "size=160k")
        if not tmpfs:
            options["preexec_fn"] = _only_small_files
        error = refused(cli, "run", recipe, "-o", out / "data", "--workers", workers, **options)
        assert str(out / "data") in error
        assert "no space left on device; free some space" in error or "file too large" in error
        assert not (out / "data" / "manifest.json").exists()
        assert leftovers(mount_point) == []
        if tmpfs:
            subprocess.run(["mount", "-o", "remount,size=8m", str(mount_point)], check=True)
        cli("run", recipe, "-o", out / "data", "--resume")
        cli("run", recipe, "-o", tmp_path / "straight")
        assert differing(out / "data", tmp_path / "straight") in ([], ["recipe.toml"])
        assert manifest(out / "data")["digest"] == manifest(tmp_path / "straight")["digest"]

    def test_a_limit_on_file_sizes_is_told(self, cli: Cli, recipe: Path, tmp_path: Path) -> None:
        recipe.write_text(recipe.read_text().replace('path = "dataset"', 'path = "dataset"\n'
                                                     'compress = "none"'))  # fmt: skip
        error = refused(cli, "run", recipe, preexec_fn=_only_small_files)
        assert str(tmp_path / "dataset") in error
        assert "file too large" in error
        assert leftovers(tmp_path) == []


def _only_small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))


def damage_tile(path: Path, number: int) -> None:
    """Overwrite the first half of a compressed tile."""
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        start, length = page.dataoffsets[number], page.databytecounts[number]
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * (length // 2))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_damaged_tile_costs_its_chip_and_no_other(
    cli: Cli, recipe: Path, image: Path, tmp_path: Path, workers: int
) -> None:
    cli("run", recipe, "-o", "whole")
    damage_tile(image, 4)
    result = cli("run", recipe, "--workers", workers, code=3)
    chip = "scene/scene_r0000001_c0000001"
    assert "error: 1 chip failed, the others were written:" in result.err
    assert f"{chip}: {image}: the pixels of columns 64 to 127, rows 64 to 127 can't" in result.err
    assert "copy or download it again" in result.err
    assert "8 chips written" in result.out
    whole, rest = masks_of(tmp_path / "whole"), masks_of(tmp_path / "dataset")
    assert set(whole) - set(rest) == {chip}
    assert all(np.array_equal(whole[name], rest[name]) for name in rest)
    assert list(manifest(tmp_path / "dataset")["counts"]["failed"]) == [chip]
    assert leftovers(tmp_path) == []


def test_a_truncated_geotiff_gives_the_chips_that_are_whole(
    cli: Cli, recipe: Path, image: Path, where: Place, tmp_path: Path
) -> None:
    write_raster(image, where, tiled=True, blockxsize=64, blockysize=64)
    with image.open("r+b") as file:
        file.truncate(image.stat().st_size * 2 // 3)
    result = cli("run", recipe, code=3)
    assert "the file is damaged or incomplete there" in result.err
    known = manifest(tmp_path / "dataset")["counts"]
    assert known["chips"] + len(known["failed"]) == 9
    assert known["chips"] > 0


@pytest.mark.parametrize("share", [0.001, 0.66])
def test_a_geotiff_that_lost_its_header_is_no_raster(
    cli: Cli, recipe: Path, image: Path, tmp_path: Path, share: float
) -> None:
    with image.open("r+b") as file:  # rasterio put this image's header at the end
        file.truncate(int(image.stat().st_size * share))
    error = refused(cli, "run", recipe)
    assert "scene.tif: not a raster that can be read" in error
    assert not (tmp_path / "dataset").exists()


def test_an_image_of_which_no_chip_can_be_read_is_an_error(
    cli: Cli, recipe: Path, image: Path, tmp_path: Path
) -> None:
    for number in range(9):
        damage_tile(image, number)
    error = refused(cli, "run", recipe)
    assert "all 9 chips failed; the first, scene/scene_r0000000_c0000000: " in error
    assert not (tmp_path / "dataset").exists()


def test_verify_of_a_folder_without_a_dataset_says_so(cli: Cli, tmp_path: Path) -> None:
    error = refused(cli, "verify", tmp_path)
    assert "no dataset here: manifest.json is missing" in error


def test_verify_of_a_changed_dataset_fails_and_names_the_file(
    cli: Cli, recipe: Path, tmp_path: Path
) -> None:
    cli("run", recipe)
    chip = next((tmp_path / "dataset" / "masks").rglob("*.tif"))
    shutil.copy(chip, tmp_path / "other.tif")
    with chip.open("r+b") as file:
        file.seek(-10, os.SEEK_END)
        file.write(b"\xaa" * 5)
    result = cli("verify", "dataset", code=1)
    assert chip.name in result.out
    assert "should not be used" in result.out
