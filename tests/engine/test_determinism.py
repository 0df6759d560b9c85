"""The same inputs give the same bytes: whatever the workers, the blocks, or a kill in between."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely import box
from support.datasets import differing, files_of, manifest
from support.pixels import random_polygons
from support.rasters import place
from support.workshop import Workshop

from polychip.errors import OutputError
from polychip.scenes import prepare

PROGRAM = Path(__file__).with_name("run_in_process.py")
KILLED = -9


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Two scenes of one group, nodata, an extent, labels in degrees: a bit of everything."""
    return Workshop(tmp_path_factory.mktemp("determinism"), place(150, 190))


@pytest.fixture(scope="module")
def recipe(shop: Workshop) -> dict[str, Any]:
    rng = np.random.default_rng(12)
    images = []
    for name in ("a.tif", "b.tif"):
        pixels = rng.integers(0, 4000, (3, 150, 190)).astype("uint16")
        pixels[:, :40, :30] = 0
        images.append(
            shop.image(pixels, name=name, nodata=0, tiled=True, blockxsize=64, blockysize=64)
        )
    shapes = random_polygons(rng, 180, 60)
    labels = shop.labels(shapes, crs="EPSG:4326", kind=[f"c{i % 4}" for i in range(60)])
    extent = shop.labels([box(5, 5, 180, 140)], name="extent.gpkg")
    scene = {"group": "town", "labels": labels, "extent": extent}
    return {
        "scenes": [{"name": f"s-{n}", "image": image} | scene for n, image in enumerate(images)],
        "schema": {"class_field": "kind"},
        "chips": {"size": 32, "negatives": 0.5, "max_nodata": 0.9},
        "masks": {"mode": "instance"},
        "split": {"by": "blocks", "block": 1},
        "output": {"path": str(shop.folder / "reference")},
    }


@pytest.fixture(scope="module")
def reference(shop: Workshop, recipe: dict[str, Any]) -> Path:
    """One worker, one go, blocks as large as they come."""
    dataset = shop.run(recipe)
    assert manifest(dataset)["counts"]["chips"] > 40
    assert len(files_of(dataset)) > 130
    return dataset


def start(
    shop: Workshop, recipe: dict[str, Any], name: str, workers: int, *how: object
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run a recipe in a process of its own, with a process group of its own."""
    told = recipe | {"output": {"path": str(shop.folder / name)}}
    path = shop.folder / f"{name}.json"
    path.write_text(json.dumps(told))
    command = [sys.executable, str(PROGRAM), str(path), str(workers), *map(str, how)]
    done = subprocess.run(
        command, capture_output=True, text=True, start_new_session=True, check=False, timeout=300
    )
    return shop.folder / name, done


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_and_blocks_change_no_byte(
    shop: Workshop, recipe: dict[str, Any], reference: Path, workers: int
) -> None:
    dataset, done = start(shop, recipe, f"workers-{workers}", workers, "new")
    assert done.returncode == 0, done.stderr
    assert differing(dataset, reference) == []


@pytest.mark.parametrize(
    ("workers", "deaths"),
    [
        (1, [("before", 1), ("after", 3), ("manifest", 0)]),
        (3, [("after", 5), ("before", 2)]),
    ],
)
def test_a_run_killed_over_and_over_and_resumed_gives_the_same_bytes(
    shop: Workshop,
    recipe: dict[str, Any],
    reference: Path,
    workers: int,
    deaths: list[tuple[str, int]],
) -> None:
    name, how = f"killed-{workers}", "new"
    for stage, at in deaths:
        dataset, done = start(shop, recipe, name, workers, how, stage, at)
        assert done.returncode == KILLED, done.stderr
        assert not (dataset / "manifest.json").exists()
        how = "resume"
    dataset, done = start(shop, recipe, name, workers, "resume")
    assert done.returncode == 0, done.stderr
    assert differing(dataset, reference) == []
    assert not list(dataset.rglob("*.part*"))


def test_what_was_done_before_a_kill_is_not_done_again(
    shop: Workshop, recipe: dict[str, Any]
) -> None:
    dataset, done = start(shop, recipe, "kept", 1, "new", "after", 4)
    assert done.returncode == KILLED
    before = {p: p.stat().st_mtime_ns for p in dataset.rglob("*.tif")}
    assert before
    _, done = start(shop, recipe, "kept", 1, "resume")
    assert done.returncode == 0, done.stderr
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_the_block_size_changes_no_byte(
    shop: Workshop, recipe: dict[str, Any], reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for block_px in (32, 100):
        monkeypatch.setattr(prepare, "BLOCK_PX", block_px)
        told = recipe | {"output": {"path": str(shop.folder / f"block-{block_px}")}}
        assert differing(shop.run(told), reference) == []


def test_another_folder_changes_no_byte(workshop: Workshop) -> None:
    """Inputs and dataset move together: the stored recipe's paths are relative."""
    made = []
    for name in ("here", "there"):
        (workshop.folder / name).mkdir()
        image = workshop.image(name=f"{name}/image.tif")
        labels = workshop.folder / name / "labels.geojson"  # a GeoPackage stores its date
        workshop.labels([box(0, 0, 9, 9)], name=f"{name}/labels.geojson", crs="EPSG:4326")
        made.append(workshop.build(image, str(labels), out=f"{name}/dataset"))
    assert differing(*made) == []


def test_no_path_of_this_machine_is_in_the_dataset(reference: Path, shop: Workshop) -> None:
    folder = str(shop.folder).encode()
    assert [name for name, data in files_of(reference).items() if folder in data] == []


def test_resuming_with_another_recipe_is_refused_and_leaves_everything(
    shop: Workshop, recipe: dict[str, Any]
) -> None:
    dataset, done = start(shop, recipe, "unfinished", 1, "new", "after", 2)
    assert done.returncode == KILLED
    before = files_of(dataset)
    told = recipe | {"output": {"path": str(dataset)}}
    with pytest.raises(OutputError, match=r"can't resume: recipe, inputs or software changed"):
        shop.run(told | {"chips": {"size": 48}}, resume=True)
    with pytest.raises(OutputError, match=r"an unfinished run is already here; use --resume"):
        shop.run(told)
    assert files_of(dataset) == before


def test_resuming_with_changed_labels_is_refused(workshop: Workshop) -> None:
    image, labels = workshop.image(), workshop.labels([box(0, 0, 9, 9)], name="labels.geojson")
    recipe = workshop.recipe(image, labels)
    dataset = workshop.run(recipe)
    (dataset / "manifest.json").unlink()
    workshop.labels([box(0, 0, 9, 8)], name="labels.geojson")
    with pytest.raises(OutputError, match="can't resume"):
        workshop.run(recipe, resume=True)


def test_a_finished_dataset_is_replaced_only_when_told_to(workshop: Workshop) -> None:
    image = workshop.image()
    recipe = workshop.recipe(image, workshop.labels([box(0, 0, 9, 9)]))
    dataset = workshop.run(recipe)
    before = files_of(dataset)
    larger = recipe | {"chips": {"size": 40}}
    with pytest.raises(OutputError, match=r"a finished dataset is already here; use --overwrite"):
        workshop.run(larger)
    assert files_of(dataset) == before
    workshop.run(larger, overwrite=True)
    after = files_of(dataset)
    assert manifest(dataset)["counts"]["chips"] == 2
    assert len([name for name in after if name.startswith("images/")]) == 2, "old chips are gone"
    workshop.run(recipe, overwrite=True)
    assert files_of(dataset) == before


def test_foreign_files_beside_a_dataset_survive_its_replacement(workshop: Workshop) -> None:
    recipe = workshop.recipe(workshop.image(), workshop.labels([box(0, 0, 9, 9)]))
    dataset = workshop.run(recipe)
    mine = [dataset / "notes.txt", dataset / "models" / "best.pt"]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    workshop.run(recipe, overwrite=True)
    assert all(path.read_text() == "mine" for path in mine)


def test_foreign_files_inside_the_datasets_folders_survive_its_replacement(
    workshop: Workshop,
) -> None:
    recipe = workshop.recipe(workshop.image(), workshop.labels([box(0, 0, 9, 9)]))
    dataset = workshop.run(recipe)
    mine = [dataset / "images" / "README.txt", dataset / "masks" / "by_hand" / "chip.png"]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    workshop.run(recipe, overwrite=True)
    assert all(path.exists() and path.read_text() == "mine" for path in mine)


def test_a_folder_with_other_files_is_never_touched(workshop: Workshop) -> None:
    recipe = workshop.recipe(workshop.image(), workshop.labels([box(0, 0, 9, 9)]))
    folder = workshop.folder / "dataset"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(OutputError, match=r"holds other files \(thesis\.txt\)"):
            workshop.run(recipe, overwrite=overwrite)
    assert [p.name for p in folder.iterdir()] == ["thesis.txt"]


def test_an_error_in_the_labels_does_not_cost_the_dataset_that_was_to_be_replaced(
    workshop: Workshop,
) -> None:
    """Nothing is lost by a typo: the old dataset goes only once a new one can be made."""
    recipe = workshop.recipe(workshop.image(), workshop.labels([box(0, 0, 9, 9)]))
    dataset = workshop.run(recipe)
    before = files_of(dataset)
    with pytest.raises(Exception, match="klass"):
        workshop.run(recipe | {"schema": {"class_field": "klass"}}, overwrite=True)
    assert files_of(dataset) == before


def test_sources_are_left_as_they_are(workshop: Workshop) -> None:
    image, labels = workshop.image(), workshop.labels([box(0, 0, 9, 9)])
    before = {p.name: p.read_bytes() for p in workshop.folder.iterdir() if p.is_file()}
    workshop.build(image, labels)
    after = {p.name: p.read_bytes() for p in workshop.folder.iterdir() if p.is_file()}
    assert after == before
