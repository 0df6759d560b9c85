"""Many scenes: who loads their labels, and when, changes nothing."""

from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from affine import Affine
from shapely import box
from support.datasets import differing, rows
from support.rasters import Place, place
from support.workshop import Workshop

from polychip import class_values, schedule, tasks
from polychip.io import placement
from polychip.recipe import build_recipe
from polychip.scenes.prepare import make_plan

SCENES = 10
SIDE = 40


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, place(SIDE, SIDE))


@pytest.fixture
def scenes(shop: Workshop) -> list[dict[str, Any]]:
    """Scenes side by side; each has labels of its own, an invalid polygon among them."""
    made = []
    for n in range(SCENES):
        where = Place(shop.where.crs, shop.where.transform * Affine.translation(n * SIDE, 0), SIDE, SIDE)  # fmt: skip
        pixels = np.full((1, SIDE, SIDE), n + 1, dtype="uint8")
        made.append({
            "name": f"s{n}",
            "image": shop.image(pixels, name=f"{n}.tif", where=where),
            "labels": shop.labels(
                [box(2, 2, 9 + n, 9), box(5, 5, 12, 30), bow_tie()], name=f"{n}.gpkg", where=where,
                kind=["field", "house", "house"],
            ),
        })  # fmt: skip
    return made


def bow_tie() -> Any:
    import shapely

    return shapely.Polygon([(20, 20), (30, 30), (30, 20), (20, 30)])


def recipe(shop: Workshop, scenes: list[dict[str, Any]], out: str, **masks: Any) -> dict[str, Any]:
    return {
        "scenes": scenes, "schema": {"class_field": "kind"}, "chips": {"size": 16}, "masks": masks,
        "output": {"path": str(shop.folder / out), "compress": "none"},
    }  # fmt: skip


@pytest.mark.parametrize("mode", ["semantic", "panoptic"])
def test_the_bytes_and_what_is_said_are_those_of_one_process(
    shop: Workshop, scenes: list[dict[str, Any]], mode: str
) -> None:
    alone = shop.run(recipe(shop, scenes, "alone", mode=mode), workers=1)
    said = shop.ear.notes, shop.ear.warnings
    assert [note[:3] for note in said[0] if "repaired" in note] == [f"s{n}:" for n in range(SCENES)]
    for workers in (2, 4):
        spread = shop.run(recipe(shop, scenes, f"w{workers}", mode=mode), workers=workers)
        assert differing(alone, spread) == []
        assert (shop.ear.notes, shop.ear.warnings) == said
    assert len(rows(alone)) == SCENES * 9


def test_what_a_task_is_told_does_not_grow_with_the_scenes(
    shop: Workshop, scenes: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Class values are read lot by lot; a scene's labels are opened with what that told."""
    told: list[Any] = []

    def keep(function: Any) -> Any:
        def kept(*arguments: Any) -> Any:
            told.append(arguments[0])
            return function(*arguments)

        return kept

    monkeypatch.setattr(class_values, "LOT", 4)
    monkeypatch.setattr(tasks, "read_values_task", keep(tasks.read_values_task))
    monkeypatch.setattr(tasks, "load_labels_task", keep(tasks.load_labels_task))
    again = scenes[3] | {"name": "again"}  # the same labels: their values are read once
    shop.run(recipe(shop, [*scenes, again], "out"), workers=1)
    assert [len(lot) for lot in told[:3]] == [4, 4, 2]
    known = [task.known[0] for task in told[3:]]
    assert [name for name, _ in known] == [f"{n}.gpkg" for n in [*range(SCENES), 3]]
    assert [info.layer for _, info in known] == [f"{n}" for n in [*range(SCENES), 3]]
    assert {info.n_features for _, info in known} == {3}


def test_a_plan_looks_at_each_image_once(
    shop: Workshop, scenes: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    inspect = placement.inspect_file
    monkeypatch.setattr(placement, "inspect_file", lambda path: seen.append(path) or inspect(path))
    make_plan(build_recipe(recipe(shop, scenes, "out"), base=shop.folder, where="test"))
    assert seen == [scene["image"] for scene in scenes]


def test_the_labels_of_a_scene_are_one_file(
    shop: Workshop, scenes: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On shared drives it is files that take time."""
    load, found = tasks.load_labels_task, []

    def look(task: tasks.LabelTask, own_process: bool) -> Any:
        result = load(task, own_process)
        found.append({path.name for path in task.labels_folder.iterdir()})
        return result

    monkeypatch.setattr(tasks, "load_labels_task", look)
    shop.run(recipe(shop, scenes, "out", mode="instance"), workers=1)
    assert found == [{"arrays.bin"}] * SCENES


class Waiting:
    """An executor whose tasks are begun and never done."""

    workers, shared = 4, False

    def __init__(self) -> None:
        self.begun: list[tuple[Any, ...]] = []

    def submit(self, *call: Any) -> "Future[Any]":
        self.begun.append(call)
        return Future()

    submit_here = submit


@pytest.mark.parametrize(("at_once", "loading"), [(9, 3), (3, 1), (2, 1), (10**6, 5)])
def test_labels_load_together_as_far_as_memory_allows(
    shop: Workshop, scenes: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch,
    at_once: int, loading: int,
) -> None:  # fmt: skip
    """Each scene has three features; a scene alone is loaded whatever it has, and so is the first."""
    monkeypatch.setattr(schedule, "_FEATURES_AT_ONCE", at_once)
    schema = {
        "class_field": "kind",
        "classes": [{"name": "field", "code": 1}, {"name": "house", "code": 2}],
    }
    told = recipe(shop, scenes, "out", mode="instance") | {"schema": schema}
    plan = make_plan(build_recipe(told, base=shop.folder, where="test"))
    executor, state = Waiting(), SimpleNamespace(output=shop.folder, folder=shop.folder / "work")
    build = schedule.Build(plan, state, executor, shop.ear, labels_only=True)  # type: ignore[arg-type]
    while build._start_something():
        pass
    [(load, *arguments)] = executor.begun
    assert load is tasks.load_labels_task
    build._take(("labels", 0), load(*arguments))
    while not build._flight.full and build._start_something():
        pass
    assert len(executor.begun) - 1 == loading
