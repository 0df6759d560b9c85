"""`polychip plan`: what a run then gives, and what it can't know without pixels."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.commands import Cli, write_recipe
from support.datasets import manifest
from support.rasters import coordinates_as_pixels, place, write_raster

SAMPLE = Path(__file__).parents[2] / "sample_data"


def plan(cli: Cli, recipe: Path, *options: str) -> dict[str, Any]:
    """The plan as JSON."""
    return json.loads(cli("plan", recipe, "--json", *options).out)


def compare(found: dict[str, Any], known: dict[str, Any]) -> None:
    """The plan's counts are the manifest's."""
    counts = known["counts"]
    assert found["chips"] == counts["chips"]
    assert {scene["name"]: scene["chips"] for scene in found["scenes"]} == counts["by_scene"]
    assert found["skipped"] == counts["skipped"]
    assert found["failed"] == counts["failed"]
    pixels = {str(entry["code"]): entry["pixels"] for entry in found["classes"]}
    assert pixels == {code: counts["pixels"].get(code, 0) for code in pixels}
    tiny = {entry["name"]: entry["tiny"] for entry in found["classes"] if entry["tiny"]}
    assert [tiny] == [
        {name: n for scene in known["scenes"] for name, n in scene["tiny_by_class"].items()}
    ]
    if known["split"]["names"]:
        assert found["by_split"] == counts["by_split"]


def test_without_nodata_nothing_is_estimated_and_the_run_gives_the_same(
    cli: Cli, tmp_path: Path, image: Path, labels: Path
) -> None:
    more = 'negatives = 0.3\n[split]\nby = "random"\nfractions = { train = 0.5, val = 0.5 }\n'
    recipe = write_recipe(tmp_path / "r.toml", image, labels, more)
    found = plan(cli, recipe)
    assert found["estimated"] == []
    assert found["skipped"]["no feature"] > 0
    assert found["warnings"] == [
        "scene: no extent given: the whole image counts as looked at, what is unlabelled is "
        "background"
    ]
    assert not (tmp_path / "dataset").exists()
    cli("run", recipe)
    compare(found, manifest(tmp_path / "dataset"))
    size = sum(path.stat().st_size for path in (tmp_path / "dataset").rglob("*.tif"))
    assert size <= found["bytes_at_most"]


@pytest.mark.parametrize("workers", ["1", "3"])
def test_the_sample_planned_exactly_is_the_sample_run(
    cli: Cli, tmp_path: Path, workers: str
) -> None:
    recipe = SAMPLE / "recipe.toml"
    found = plan(cli, recipe, "--exact", "--workers", workers)
    cli("run", recipe, "-o", "dataset")
    compare(found, manifest(tmp_path / "dataset"))
    objects = {entry["name"]: entry["objects"] for entry in found["classes"]}
    known = manifest(tmp_path / "dataset")
    assert sum(n or 0 for n in objects.values()) == sum(s["objects"] for s in known["scenes"])
    assert found["repaired"] == ["D-008"]
    assert {entry["source"] for entry in found["operations"]} == {"EPSG:4326"}


def test_what_nodata_decides_is_estimated_until_the_pixels_are_read(
    cli: Cli, tmp_path: Path, labels: Path
) -> None:
    where = place(160, 192)
    pixels = coordinates_as_pixels(*where.shape)
    pixels[:, :, 100:] = 0
    image = tmp_path / "collar.tif"
    write_raster(image, where, pixels, nodata=0)
    recipe = write_recipe(tmp_path / "r.toml", image, labels, "max_nodata = 0.5\n")
    rough, exact = plan(cli, recipe), plan(cli, recipe, "--exact")
    assert "chips" in rough["estimated"]
    assert "classes.pixels" in rough["estimated"]
    assert (rough["chips"], exact["chips"]) == (9, 6)
    assert exact["estimated"] == []
    assert exact["skipped"] == {"nodata": 3}
    cli("run", recipe)
    compare(exact, manifest(tmp_path / "dataset"))


def test_chips_dropped_for_leaking_are_told(
    cli: Cli, tmp_path: Path, image: Path, labels: Path
) -> None:
    more = (
        'stride = 32\n[split]\nby = "blocks"\nblock = 1\nfractions = { train = 0.6, val = 0.4 }\n'
    )
    recipe = write_recipe(tmp_path / "r.toml", image, labels, more)
    found = plan(cli, recipe)
    assert found["skipped"]["would leak between splits"] > 0
    cli("run", recipe)
    compare(found, manifest(tmp_path / "dataset"))


def test_a_plan_reads_well(cli: Cli, recipe: Path) -> None:
    text = cli("plan", recipe).out
    assert text.startswith("9 chips of 64 × 64 px with semantic masks would be written to ")
    for heading in ("Scenes", "Classes", "Labels", "Notes", "Warnings", "on disk (uncompressed)"):
        assert heading in text


def test_a_plan_of_nothing_says_that_the_run_will_stop(
    cli: Cli, tmp_path: Path, image: Path, labels: Path
) -> None:
    recipe = write_recipe(tmp_path / "r.toml", image, labels, "min_labelled = 1.0\n")
    text = recipe.read_text().replace(
        "labels = {", f'extent = {{ path = "{labels}", layer = "buildings" }}\nlabels = {{'
    )
    recipe.write_text(text)
    found = plan(cli, recipe)
    assert found["chips"] == 0
    assert any("no chip would be left (9 unlabelled)" in text for text in found["warnings"])
    assert "no chip is left (9 unlabelled)" in cli("run", recipe, code=1).err


@pytest.mark.parametrize("exact", [False, True])
def test_python_gives_the_same_report(cli: Cli, recipe: Path, *, exact: bool) -> None:
    import polychip

    report = polychip.plan(recipe, exact=exact)
    options = ["--exact"] if exact else []
    assert json.loads(json.dumps(report.to_dict())) == plan(cli, recipe, *options)
    assert str(report) + "\n" == cli("plan", recipe, *options).out


def test_dates_that_share_labels_are_told(
    cli: Cli, tmp_path: Path, image: Path, labels: Path
) -> None:
    recipe = tmp_path / "r.toml"
    one = f'image = "{image}"\ngroup = "town"\n'
    recipe.write_text(
        f'[[scenes]]\nname = "may"\n{one}labels = "{labels}"\n'
        f'[[scenes]]\nname = "june"\n{one}labels_of = "may"\n[chips]\nsize = 64\n'
    )
    assert plan(cli, recipe)["options"] == {"june: labels": "those of may"}
    assert "june: labels = 'those of may'" in cli("plan", recipe).out


def test_the_options_that_differ_from_their_defaults_are_told(
    cli: Cli, recipe: Path, labels: Path
) -> None:
    assert plan(cli, recipe)["options"] == {}
    extent = f'extent = [{{ path = "{labels}", layer = "buildings", classes = ["water"] }}]\n'
    more = (
        "negatives = 0.5\nmin_pixels = { water = 3 }\n"
        '[split]\nby = "blocks"\nfractions = { train = 0.5, val = 0.5 }\nblock = 1\ngap = 4\n'
    )
    text = recipe.read_text("utf-8").replace("[[scenes]]\n", f"[[scenes]]\n{extent}")
    recipe.write_text(text + more, encoding="utf-8")
    assert plan(cli, recipe)["options"] == {
        "chips.negatives": 0.5,
        "chips.min_pixels": {"water": 3},
        "split.block": 1,
        "split.gap": 4,
        "scene: extent.classes": [["water"]],
    }
    assert "split.gap = 4" in cli("plan", recipe).out
