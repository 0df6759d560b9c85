"""Advice as JSON, as a page, and in a recipe."""

import base64
import json
import re
from html.parser import HTMLParser

import rasterio
from support.advice_scenes import SCENES
from support.commands import run_cli
from support.desk import Desk

from polychip.planning import report_plan
from polychip.recipe import load_recipe

VOID = {"meta", "img", "br"}


class Balance(HTMLParser):
    """Tags that were opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def labels(desk: Desk) -> str:
    shapes, classes = SCENES["flooded village"]
    return desk.write(shapes, **{"class": classes})


def test_json_is_the_contract(desk: Desk) -> None:
    done = run_cli("advise", labels(desk), "--image", "scene.tif", "--json", cwd=desk.folder)
    document = json.loads(done.out)
    assert document["strategy"] == "panoptic"
    assert document["classes"]["building"]["kind"] == "thing"
    assert document["evidence"]["classes"]["building"]["objects"] == 360
    assert isinstance(document["chip_size_px"], int)


def test_the_page_needs_no_network_and_shows_the_objects(desk: Desk) -> None:
    run_cli("advise", labels(desk), "--image", "scene.tif", "--page", "a.html", cwd=desk.folder)
    text = (desk.folder / "a.html").read_text(encoding="utf-8")
    reader = Balance()
    reader.feed(text)
    assert reader.open == []
    assert len(reader.links) == 3
    assert all(link.startswith("data:image/png;base64,") for link in reader.links)
    assert "http" not in text
    for link in reader.links:
        data = base64.b64decode(link.partition(",")[2])
        with rasterio.MemoryFile(data) as memory, memory.open() as picture:
            assert picture.count == 3
            assert len(set(picture.read(1).ravel().tolist())) > 10
    assert "360" in re.sub("<[^>]+>", " ", text)


def test_a_new_recipe_runs_and_says_what_was_advised(desk: Desk) -> None:
    run_cli(
        "advise", labels(desk), "--image", "scene.tif", "--write-schema", "r.toml", cwd=desk.folder
    )
    recipe = load_recipe(str(desk.folder / "r.toml"))
    assert recipe.masks.mode == "panoptic"
    assert {c.name: c.thing for c in recipe.schema_.classes} == {"building": True, "flood": False}
    assert [c.name for c in recipe.schema_.classes] == ["building", "flood"], (
        "houses stand in water"
    )
    plan = report_plan(recipe)
    assert {entry.name: entry.features for entry in plan.classes if entry.features} == {
        "building": 360, "flood": 2,
    }  # fmt: skip


def test_a_recipe_that_is_there_keeps_its_comments(desk: Desk) -> None:
    path = labels(desk)
    before = (
        '# mine\n[[scenes]]\nname = "s"\nimage = "scene.tif"\nlabels = "labels.gpkg"\n\n'
        '[[schema.classes]]\nname = "flood"   # first\ncode = 7\nthing = true # wrong\n\n'
        '[[schema.classes]]\nname = "building"\ncode = 3\n\n'
        '[chips]\nsize = 64 # small\n\n[output]\npath = "out"\n'
    )
    (desk.folder / "r.toml").write_text(before)
    run_cli(
        "advise", path, "--image", "scene.tif", "--schema", "r.toml", "--write-schema", "r.toml",
        cwd=desk.folder,
    )  # fmt: skip
    after = (desk.folder / "r.toml").read_text()
    for kept in ("# mine", "# first", "# wrong", "# small", "code = 7"):
        assert kept in after
    recipe = load_recipe(str(desk.folder / "r.toml"))
    assert {c.name: c.thing for c in recipe.schema_.classes} == {"building": True, "flood": False}
    assert recipe.chips.stride is not None


def test_an_image_is_asked_for(desk: Desk) -> None:
    done = run_cli("advise", labels(desk), cwd=desk.folder, code=2)
    assert "--image" in done.err
