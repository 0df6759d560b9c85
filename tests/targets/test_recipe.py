"""What a recipe may ask of targets."""

from pathlib import Path
from typing import Any

import pytest
import tomli_w

from polychip.errors import RecipeError
from polychip.recipe import build_recipe, load_recipe_text


def recipe(**tables: Any) -> Any:
    scene = {"name": "a", "image": "a.tif", "labels": "a.gpkg"}
    return build_recipe({"scenes": [scene], **tables}, base=Path("/"), where="recipe")


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ({"targets": ["distanse"]}, r"masks.targets: 'distanse' is no target \(did you mean 'distance'"),
        ({"targets": ["contact"]}, "contact tell objects apart, and mode = 'semantic' has none"),
        ({"targets": ["distance"], "distance": {"of": "objects"}}, "distance of objects tell"),
        ({"min_visible": 0.2}, "min_visible tell objects apart"),
        ({"explode_parts": True}, "explode_parts tell objects apart"),
        ({"boundary": {"width": 3}}, r"unknown key 'masks.boundary.width' \(did you mean 'width_px'"),
        ({"distance": {"limit_px": 0}}, "masks.distance.limit_px is 0; it must be 1 or more"),
        ({"coverage": {"samples": 4}}, "masks.coverage.samples is 4; it must be 8 or more"),
        ({"context_px": 256}, "leaves nothing of chips of 512 × 512 px"),
        (
            {"mode": "instance", "min_visible": 0.1, "small_rests": "drop", "targets": ["boundary"]},
            "small_rests = 'drop' does not go with targets",
        ),
    ],
)  # fmt: skip
def test_what_can_not_be_made_is_refused_in_words(masks: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        recipe(masks=masks)


def test_targets_come_in_one_order_whatever_was_written() -> None:
    assert recipe(masks={"targets": ["distance", "boundary"]}).masks.targets == [
        "boundary",
        "distance",
    ]


def test_the_stored_recipe_spells_out_every_parameter_and_reads_back() -> None:
    first = recipe(masks={"mode": "instance", "targets": ["contact"], "contact": {"gap_px": 4}})
    text = first.to_toml()
    for line in ("gap_px = 4", "width_px = 3", "limit_px = 20", "sigma_px = 8.0", "samples = 8"):
        assert line in text
    again = load_recipe_text(text, base=Path("/"), where="stored")
    assert again == first
    assert tomli_w.dumps(again.model_dump(by_alias=True, exclude_none=True)) == text
