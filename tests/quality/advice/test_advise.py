"""Three made scenes with a known right answer, and figures counted another way."""

from typing import Any

import numpy as np
import pytest
import rasterio.features
import scipy.ndimage
import shapely
from support.advice_scenes import SCENES, terraces
from support.desk import Desk
from support.rasters import place

from polychip.quality.advice.advise import advise
from polychip.quality.advice.effort import Rates
from polychip.quality.advice.judge import GOALS, Advice
from polychip.quality.checks.subject import Request
from polychip.recipe import LabelSource, SchemaOptions


def advice_on(
    desk: Desk, shapes: list[Any], classes: list[str], *, schema: Any = None, **options: Any
) -> Advice:
    path = desk.write(shapes, **{"class": classes})
    request = Request(
        LabelSource(path=path), images=(str(desk.folder / "scene.tif"),),
        options=SchemaOptions.model_validate(schema or {}),
    )  # fmt: skip
    return advise(request, **options)[0]


RIGHT = {
    "party-wall village": ("instance", {"building": "thing"}),
    "braided river": ("semantic", {"water": "stuff"}),
    "flooded village": ("panoptic", {"building": "thing", "flood": "stuff"}),
}


@pytest.mark.parametrize("name", SCENES)
def test_the_made_scenes_get_their_right_answer(desk: Desk, name: str) -> None:
    advice = advice_on(desk, *SCENES[name])
    kinds = {entry.name: "thing" if entry.thing else "stuff" for entry in advice.classes}
    assert (advice.strategy, kinds) == RIGHT[name], str(advice)


def burned(shapes: list[Any]) -> Any:
    return rasterio.features.rasterize(
        ((shape, number) for number, shape in enumerate(shapes, 1)),
        out_shape=(600, 600), fill=0, dtype="int32",
    )  # fmt: skip


def test_touching_objects_and_groups_are_those_of_connected_components(desk: Desk) -> None:
    rng = np.random.default_rng(8)
    shapes = []
    for x, y in rng.integers(5, 570, (400, 2)):
        w, h = rng.integers(4, 20, 2)
        box = shapely.box(int(x), int(y), int(x + w), int(y + h))
        if not any(box.intersection(other).area for other in shapes):
            shapes.append(box)
    [entry] = advice_on(desk, shapes, ["a"] * len(shapes)).evidence.classes
    numbers = burned(shapes)
    parts, n_parts = scipy.ndimage.label(numbers > 0)
    members: dict[int, set[int]] = {}
    for part, number in set(zip(parts.ravel().tolist(), numbers.ravel().tolist(), strict=True)):
        if number:
            members.setdefault(part, set()).add(number)
    assert entry.objects == len(shapes)
    assert entry.groups == n_parts
    assert entry.touching == sum(len(group) for group in members.values() if len(group) > 1)
    assert 0 < entry.touching < entry.objects
    assert entry.pixels == int((numbers > 0).sum())


def test_overlapped_hidden_and_small_objects_are_counted_by_hand(desk: Desk) -> None:
    shapes = [
        shapely.box(10, 10, 30, 30),  # half under the next: the smaller lies on top
        shapely.box(20, 10, 35, 30),
        shapely.box(100, 100, 110, 110),  # of class b, which wins: hides the next
        shapely.box(102, 102, 108, 108),
        shapely.box(200, 200, 203, 203),  # nine pixels
        shapely.box(595, 300, 605, 310),  # cut by the image's edge
    ]
    schema = {"classes": [{"name": "b", "code": 2}, {"name": "a", "code": 1}]}
    advice = advice_on(desk, shapes, ["a", "a", "b", "a", "a", "a"], schema=schema)
    a = next(entry for entry in advice.evidence.classes if entry.name == "a")
    assert (a.objects, a.overlapped, a.hidden, a.small, a.cut) == (5, 2, 1, 1, 1)
    assert a.touching == 2
    assert a.vertices == 5 * 4
    assert a.groups == 3


def test_the_effort_is_the_formula_with_the_users_own_rates(desk: Desk) -> None:
    shapes = [shapely.box(10, 10, 20, 20), shapely.box(20, 10, 30, 20), shapely.box(60, 60, 70, 70)]
    effort = advice_on(
        desk, shapes, ["a"] * 3, rates=Rates(per_vertex_s=2.0, per_object_s=10.0)
    ).effort
    assert effort.instance_h == pytest.approx((3 * 10 + 12 * 2) / 3600)
    assert effort.semantic_h == pytest.approx((2 * 10 + 10 * 2) / 3600), "two corners are shared"


def test_the_goal_decides_where_the_figures_leave_a_choice(desk: Desk) -> None:
    shapes = terraces()
    apart = [shapely.affinity.scale(shape, 0.6, 0.6) for shape in shapes]
    few = apart[:-16] + shapes[-16:-8] + apart[-8:]  # 8 of 360 touch: 2.2 %
    answers = {goal: advice_on(desk, few, ["building"] * 360, goal=goal).strategy for goal in GOALS}
    assert answers == {
        "counting": "instance", "change": "instance", "area": "semantic", "mapping": "semantic"
    }  # fmt: skip


def test_objects_of_a_pixel_or_two_are_called_too_coarse(desk: Desk) -> None:
    small = [shapely.box(x, y, x + 2, y + 2) for x in range(10, 200, 8) for y in range(10, 200, 2)]
    advice = advice_on(desk, small, ["hut"] * len(small))
    [entry] = advice.classes
    assert (entry.thing, entry.resolution, advice.strategy) == (True, "too coarse", "semantic")
    assert any("pixels of 4 m or finer" in text for text in advice.would_change)


def test_chips_cut_as_many_objects_as_a_draw_of_grids_does(desk: Desk) -> None:
    shapes = terraces()
    advice = advice_on(desk, shapes, ["building"] * 360)
    rng = np.random.default_rng(0)
    boxes = shapely.bounds(np.array(shapes))
    for size, share in advice.cut_shares.items():
        cut = []
        for x, y in rng.uniform(0, size, (400, 2)):
            low = np.floor((boxes[:, :2] - (x, y)) / size)
            high = np.floor((boxes[:, 2:] - (x, y) - 1e-9) / size)
            cut.append(float((low != high).any(axis=1).mean()))
        assert share == pytest.approx(np.mean(cut), abs=0.01)
    assert advice.cut_shares[advice.chip_px] <= 0.15
    assert advice.chip_px - advice.stride_px >= 12, "the widest object fits into the overlap"


def test_the_block_size_does_not_change_a_figure(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes, classes = SCENES["flooded village"]
    whole = advice_on(desk, shapes, classes).evidence.to_dict()
    monkeypatch.setattr("polychip.quality.advice.evidence.BLOCK_PX", 37)
    assert advice_on(desk, shapes, classes).evidence.to_dict() == whole


def test_labels_off_the_image_are_an_error(tmp_path: Any) -> None:
    from polychip.errors import InputError

    desk = Desk(tmp_path, place())
    desk.image()
    with pytest.raises(InputError, match="no label of a class lies on the images"):
        advice_on(desk, [shapely.box(500, 500, 510, 510)], ["a"])
