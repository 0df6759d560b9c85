"""TorchGeo, TerraTorch and PyTorch read the sample by the snippets of README.md, pixel by pixel."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import yaml
from snippets import block_with, blocks, card, readme
from support.datasets import read_chip, rows
from support.workshop import Workshop


@pytest.fixture(autouse=True)
def _beside_the_dataset(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sample.parent)


def run(code: str) -> dict[str, Any]:
    """The names that a snippet leaves behind."""
    names: dict[str, Any] = {}
    exec(compile(code, "snippet", "exec"), names)  # noqa: S102 - our own docs
    return names


def chips_of(dataset: Path, scene: str | None = None, split: str | None = None) -> list[Any]:
    """Rows of the index."""
    return [
        row
        for row in rows(dataset)
        if scene in (None, row["scene"]) and split in (None, row["split"])
    ]


def assert_same(sample: dict[str, Any], dataset: Path, row: Any) -> None:
    """A loader's image and mask are the files' pixels."""
    np.testing.assert_array_equal(sample["image"].numpy(), read_chip(dataset, row, "image"))
    np.testing.assert_array_equal(sample["mask"].numpy(), read_chip(dataset, row, "semantic")[0])


def row_at(place: tuple[slice, slice, slice], chosen: list[Any]) -> Any:
    """The chip whose lower left corner a TorchGeo query starts at."""
    x, y = place[0].start, place[1].start
    near = [
        row
        for row in chosen
        if abs(row["bbox"]["xmin"] - x) + abs(row["bbox"]["ymin"] - y)
        < (row["bbox"]["xmax"] - row["bbox"]["xmin"]) / 1000
    ]
    (found,) = near
    return found


def torchgeo_samples(code: str, dataset: Path, chosen: list[Any]) -> None:
    """Compare what a TorchGeo snippet's loop would read."""
    names = run(code)
    samples = [
        (row_at(place, chosen), names["dataset"][place])
        for place in names["PreChippedGeoSampler"](names["images"])
    ]
    assert sorted(row["chip_id"] for row, _ in samples) == [row["chip_id"] for row in chosen]
    for row, sample in samples:
        assert_same(sample, dataset, row)


def test_the_readme_shows_what_the_sample_s_own_card_shows(sample: Path) -> None:
    shown = blocks(readme())
    own = [block for block in blocks(card(sample)) if "for " in block or "data:" in block]
    assert len(own) == 3
    assert [block for block in own if block not in shown] == []


def test_torchgeo_reads_each_chip_of_a_split_by_the_readme_s_snippet(sample: Path) -> None:
    chosen = chips_of(sample, "valencia-20240915", "train")
    assert len(chosen) == 15
    torchgeo_samples(block_with(readme(), "torchgeo"), sample, chosen)


@pytest.mark.parametrize("scene", ["valencia-20240915", "valencia-20241031"])
def test_torchgeo_s_grid_sampler_cuts_a_whole_scene(sample: Path, scene: str) -> None:
    from torchgeo.samplers import GridGeoSampler

    code = block_with(readme(), "torchgeo").replace(' & (chips["split"] == "train")', "")
    names = run(code.replace("valencia-20240915", scene))
    chosen = chips_of(sample, scene)
    places = list(GridGeoSampler(names["dataset"], size=128))
    assert len(places) == len(chosen) == 25
    for place in places:
        assert_same(names["dataset"][place], sample, row_at(place, chosen))


def test_torchgeo_s_grid_sampler_cuts_smaller_windows_inside_the_chips(sample: Path) -> None:
    from torchgeo.samplers import GridGeoSampler

    names = run(block_with(readme(), "torchgeo"))
    places = list(GridGeoSampler(names["dataset"], size=64))
    assert len(places) == 4 * 15
    before = Path(__file__).parents[2] / "sample_data" / "before_20240915.tif"
    with rasterio.open(before) as image:
        for place in places:
            x, y = place[0].start, place[1].stop
            row, column = image.index(x + 5, y - 5)
            window = ((row, row + 64), (column, column + 64))
            source = image.read(window=window, boundless=True, fill_value=0)
            np.testing.assert_array_equal(names["dataset"][place]["image"].numpy(), source)


def test_torchgeo_reads_overlapping_chips_in_degrees_by_the_card_s_snippet(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shapely import box
    from support.rasters import Place

    # Corners that no double holds exactly: TorchGeo's own intersections leave slivers here.
    degrees = rasterio.Affine(8.983152841195215e-05, 0, -7.1, 0, -8.983152841195215e-05, 43.2)
    where = Place("EPSG:4326", degrees, 100, 90)
    workshop.where = where
    image = workshop.image(where=where)
    made = workshop.build(
        image, workshop.labels([box(5, 7, 60, 50)]), chips={"size": 32, "stride": 20}
    )
    monkeypatch.chdir(made.parent)
    chosen = chips_of(made)
    assert len(chosen) > 12
    torchgeo_samples(block_with(card(made), "torchgeo"), made, chosen)


@pytest.mark.parametrize(("stage", "split"), [("fit", "train"), ("fit", "val"), ("test", "test")])
def test_terratorch_reads_each_split_by_the_readme_s_file(
    sample: Path, stage: str, split: str
) -> None:
    data = yaml.safe_load(block_with(readme(), "terratorch"))["data"]
    module, name = data["class_path"].rsplit(".", 1)
    loader = getattr(import_module(module), name)(**data["init_args"])
    loader.setup(stage)
    made = getattr(loader, f"{split}_dataset")
    assert type(made).__name__ == "GenericNonGeoSegmentationDataset"
    chosen = {row["files"]["image"]: row for row in chips_of(sample, split=split)}
    found = {str(Path(read["filename"]).relative_to("dataset")): read for read in made}
    assert found.keys() == chosen.keys()
    for path, row in chosen.items():
        assert_same(found[path], sample, row)


def test_terratorch_trains_by_the_readme_s_file(tmp_path: Path, sample: Path) -> None:
    config = tmp_path / "terratorch.yaml"
    config.write_text(block_with(readme(), "terratorch"), encoding="utf-8")
    short = {
        "accelerator": "cpu",
        "logger": "false",
        "enable_checkpointing": "false",
        "max_epochs": "1",
        "limit_train_batches": "1",
        "limit_val_batches": "1",
        "default_root_dir": str(tmp_path),
    }
    options = [f"--trainer.{key}={value}" for key, value in short.items()]
    terratorch = Path(sys.executable).parent / "terratorch"
    done = subprocess.run(
        [terratorch, "fit", "--config", config, *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "`max_epochs=1` reached" in done.stdout + done.stderr


def test_the_readme_s_pytorch_loop_sees_every_training_chip(sample: Path) -> None:
    code = block_with(readme(), "DataLoader")
    assert code.count('batch["image"]') == 1
    seen = run("seen = []\n" + code.replace('batch["image"]', "seen.append(batch)"))["seen"]
    ids = [(one, scene) for b in seen for one, scene in zip(b["chip_id"], b["scene"], strict=True)]
    expected = [(row["chip_id"], row["scene"]) for row in chips_of(sample, split="train")]
    assert sorted(ids) == sorted(expected)
    assert seen[0]["image"].shape == (8, 4, 128, 128)
