"""A dataset brought up to date: the bytes of a fresh build, and no chip made again without need."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely import box
from shapely.geometry.base import BaseGeometry
from support.datasets import differing, files_of, rows
from support.pixels import random_polygons
from support.rasters import place
from support.workshop import Workshop

from polychip import tasks
from polychip.errors import InputError, OutputError

SIDE, CHIP = 96, 16


@dataclass
class Town:
    """Inputs of a dataset that a test changes."""

    shop: Workshop
    shapes: list[BaseGeometry]
    kinds: list[str]
    looked_at: BaseGeometry
    pixels: Any
    tables: dict[str, Any]

    def written(self, out: str) -> dict[str, Any]:
        """A recipe; its inputs are written once: a GeoPackage written twice has other bytes."""
        folder = self.shop.folder / f"inputs-{self._name()}"
        inputs = Workshop(folder, self.shop.where)
        if not folder.exists():
            folder.mkdir()
            inputs.image(self.pixels, nodata=0)
            inputs.labels(
                self.shapes, crs="EPSG:4326", kind=self.kinds,
                number=[f"n{i // 2}" for i in range(len(self.shapes))],
            )  # fmt: skip
            inputs.labels([self.looked_at], name="extent.gpkg")
        for path in folder.iterdir():  # to where the recipe looks for them, their times kept
            shutil.copy2(path, self.shop.folder / path.name)
        scene = {"name": "town", "image": str(self.shop.folder / "image.tif"),
                 "labels": str(self.shop.folder / "labels.gpkg"),
                 "extent": str(self.shop.folder / "extent.gpkg")}  # fmt: skip
        return {
            "scenes": [scene],
            "schema": {"class_field": "kind"},
            "chips": {"size": CHIP},
            "output": {"path": str(self.shop.folder / out)},
        } | self.tables

    def _name(self) -> str:
        told = [shape.wkt for shape in (*self.shapes, self.looked_at)] + self.kinds
        return hashlib.sha256(repr(told).encode() + self.pixels.tobytes()).hexdigest()[:12]

    def build(self, out: str, **how: Any) -> Path:
        """A dataset of the inputs as they are now."""
        return self.shop.run(self.written(out), **how)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """36 chips of 16 px with 40 polygons of four classes, a collar without data."""
    rng = np.random.default_rng(5)
    pixels = rng.integers(1, 4000, (2, SIDE, SIDE)).astype("uint16")
    pixels[:, :20, :20] = 0
    return Town(
        Workshop(tmp_path, place(SIDE, SIDE)),
        list(random_polygons(rng, SIDE, 40)),
        [f"c{i % 4}" for i in range(40)],
        box(3, 3, SIDE - 5, SIDE - 9),
        pixels,
        {},
    )


def remade(town: Town, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Chips that workers are asked to make from now on."""
    found: list[str] = []
    make = tasks.make_block

    def listen(job: Any, block: Any) -> Any:
        found.extend(slot.chip_id for slot in block.chips)
        return make(job, block)

    monkeypatch.setattr(tasks, "make_block", listen)
    return found


def meeting(shapes: list[BaseGeometry], margin: float = 0.0) -> set[str]:
    """Ids of the chips that a shape, drawn in pixels, overlaps; the oracle of what must be made."""
    found = set()
    for row in range(SIDE // CHIP):
        for col in range(SIDE // CHIP):
            x, y = col * CHIP, row * CHIP
            chip = box(x - margin, y - margin, x + CHIP + margin, y + CHIP + margin)
            if any(shape.intersection(chip).area > 0 for shape in shapes):
                found.add(f"town_r{row:07d}_c{col:07d}")
    return found


def add(town: Town) -> list[BaseGeometry]:
    town.shapes.append(box(70, 70, 79, 75))
    town.kinds.append("c1")
    return [town.shapes[-1]]


def remove(town: Town) -> list[BaseGeometry]:
    town.kinds.pop(8)
    return [town.shapes.pop(8)]


def move(town: Town) -> list[BaseGeometry]:
    """The smallest: large ones touch nearly every chip, and would show nothing."""
    at = min(range(len(town.shapes)), key=lambda index: town.shapes[index].area)
    before, after = town.shapes[at], box(33, 50, 44, 60)
    town.shapes[at] = after
    return [before, after]


def reclass(town: Town) -> list[BaseGeometry]:
    town.kinds[11] = "c0"
    return [town.shapes[11]]


def nothing(town: Town) -> list[BaseGeometry]:
    return []


EDITS: list[Callable[[Town], list[BaseGeometry]]] = [add, remove, move, reclass, nothing]


@pytest.mark.parametrize("edit", EDITS)
def test_one_edit_remakes_the_chips_it_touches_and_gives_the_bytes_of_a_fresh_build(
    town: Town, monkeypatch: pytest.MonkeyPatch, edit: Callable[[Town], list[BaseGeometry]]
) -> None:
    dataset = town.build("dataset")
    made = remade(town, monkeypatch)
    changed = edit(town)
    town.build("dataset", update=True)
    must = meeting(changed)
    assert must <= set(made) <= meeting([shape.envelope.buffer(1) for shape in changed])
    assert len(made) == len(set(made))
    monkeypatch.undo()
    assert differing(dataset, town.build("fresh")) == []


def test_without_a_field_ids_follow_the_file_and_so_do_the_tables(town: Town) -> None:
    """Objects are named by their place in the file: what stands in the tables must follow."""
    town.tables = {"masks": {"mode": "instance"}}
    dataset = town.build("dataset")
    remove(town)
    town.build("dataset", update=True)
    assert differing(dataset, town.build("fresh")) == []


OPTIONS: list[dict[str, Any]] = [
    {"masks": {"mode": "instance", "min_visible": 0.4}},
    {"masks": {"mode": "instance", "targets": ["distance", "center", "weights", "coverage"]}},
    {"schema": {"class_field": "kind", "instance_field": "number"},
     "masks": {"mode": "panoptic", "min_visible": 0.5, "small_rests": "drop"}},
    {"chips": {"size": CHIP, "negatives": 0.3, "max_nodata": 0.5, "min_labelled": 0.2},
     "split": {"by": "blocks", "block": 1}},
    {"chips": {"size": CHIP, "stride": 8, "edge": "shift"}, "split": {"by": "kfold", "folds": 2}},
    {"chips": {"size": CHIP, "sample": "objects", "jitter": 2}, "masks": {"mode": "instance"}},
    {"chips": {"size": CHIP, "n_chips": 9, "balance": "classes"}},
    {"output": {"path": "", "images": "none"}, "masks": {"mode": "instance"}},
    {"output": {"path": "", "formats": ["coco", "gpkg"]}, "masks": {"mode": "instance"}},
]  # fmt: skip


@pytest.mark.parametrize("tables", OPTIONS, ids=lambda tables: "-".join(map(str, tables)))
def test_whatever_the_options_an_update_is_a_fresh_build(
    town: Town, tables: dict[str, Any]
) -> None:
    """Objects in pieces share an id with the polygon before them, which has another class."""
    if "instance_field" in tables.get("schema", {}):
        town.kinds = [f"c{i // 2 % 4}" for i in range(40)]
    town.tables = tables

    def build(out: str, **how: Any) -> Path:
        if "output" in tables:
            town.tables = tables | {
                "output": tables["output"] | {"path": str(town.shop.folder / out)}
            }
        return town.build(out, **how)

    dataset = build("dataset")
    move(town)
    build("dataset", update=True, workers=2)
    assert differing(dataset, build("fresh")) == []


def change_pixels(town: Town) -> None:
    town.pixels = town.pixels.copy()
    town.pixels[0, 40, 40] += 1


def change_extent(town: Town) -> None:
    town.looked_at = box(3, 3, SIDE - 5, 40)


def change_size(town: Town) -> None:
    town.tables = {"chips": {"size": 24}}


def change_mode(town: Town) -> None:
    town.tables = {"masks": {"mode": "instance", "targets": ["boundary"]}}


def change_split(town: Town) -> None:
    town.tables = {"split": {"by": "blocks", "block": 1}}


def change_order(town: Town) -> None:
    classes = [{"name": f"c{i}", "code": 9 - i, "color": "#102030"} for i in (2, 0, 1, 3)]
    town.tables = {"schema": {"class_field": "kind", "classes": classes}}


def change_draw(town: Town) -> None:
    town.tables = {"chips": {"size": CHIP, "negatives": 0.2, "seed": 3}}


def change_report(town: Town) -> None:
    town.tables = {"output": {"path": str(town.shop.folder / "dataset"), "report": False}}


CHANGES: list[Callable[[Town], None]] = [
    change_pixels, change_extent, change_size, change_mode, change_split, change_order, change_draw,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("back", [False, True])
def test_inputs_and_options_that_change_are_followed_there_and_back(
    town: Town, change: Callable[[Town], None], *, back: bool
) -> None:
    """`back` begins with the changed ones: files of chips and masks that are gone must go."""
    plain = Town(town.shop, town.shapes, town.kinds, town.looked_at, town.pixels, {})
    change(town)
    first, then = (town, plain) if back else (plain, town)
    dataset = first.build("dataset")
    then.build("dataset", update=True)
    assert differing(dataset, then.build("fresh")) == []


def test_a_report_that_is_not_wanted_any_more_goes(town: Town) -> None:
    dataset = town.build("dataset")
    change_report(town)
    town.build("dataset", update=True)
    assert not (dataset / "report.html").exists()
    assert (dataset / "chips.parquet").exists()


def test_chips_that_a_filter_left_out_are_not_looked_at_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.tables = {"chips": {"size": CHIP, "negatives": 0.0, "max_nodata": 0.3}}
    dataset = town.build("dataset")
    assert len(rows(dataset)) < 36
    made = remade(town, monkeypatch)
    town.build("dataset", update=True)
    assert made == []


def test_a_lost_file_is_made_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = town.build("dataset")
    victim = rows(dataset)[7]
    (dataset / victim["files"]["semantic"]).unlink()
    made = remade(town, monkeypatch)
    town.build("dataset", update=True)
    assert made == [victim["chip_id"]]
    monkeypatch.undo()
    assert differing(dataset, town.build("fresh")) == []


def test_an_interrupted_update_is_brought_to_its_end_even_when_the_edit_is_taken_back(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files of a chip are newer than the index: they must not be taken for the old ones."""
    dataset = town.build("dataset")
    before = (town.shapes[3], town.kinds[3])
    move(town)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("polychip.finish.write_tables", stop)
    with pytest.raises(Exception, match="give the same command again"):
        town.build("dataset", update=True)
    monkeypatch.undo()
    assert not (dataset / "manifest.json").exists()
    with pytest.raises(OutputError, match="--update"):
        town.build("dataset", resume=True)
    town.shapes[3], town.kinds[3] = before
    town.build("dataset", update=True)
    assert differing(dataset, town.build("fresh")) == []


def test_labels_that_cannot_be_used_leave_the_dataset_as_it_was(town: Town) -> None:
    dataset = town.build("dataset")
    whole = files_of(dataset)
    town.tables = {"schema": {"class_field": "no such field"}}
    with pytest.raises(InputError, match="no field 'no such field'"):
        town.build("dataset", update=True)
    assert files_of(dataset) == whole
    town.tables = {}
    assert differing(dataset, town.build("fresh")) == []


def test_without_a_dataset_an_update_is_a_run_and_an_unfinished_one_is_refused(town: Town) -> None:
    dataset = town.build("dataset", update=True)
    assert differing(dataset, town.build("fresh")) == []
    (dataset / "manifest.json").unlink()
    with pytest.raises(OutputError, match="has not been finished"):
        town.build("dataset", update=True)


def test_a_dataset_whose_state_is_gone_is_made_anew(town: Town) -> None:
    dataset = town.build("dataset")
    shutil.rmtree(dataset / ".polychip")
    add(town)
    town.build("dataset", update=True)
    assert differing(dataset, town.build("fresh")) == []
