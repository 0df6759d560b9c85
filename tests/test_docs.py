"""The docs say what the commands really print."""

import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import polychip

ROOT = Path(__file__).parent.parent


def test_the_commands_page_is_what_the_commands_print() -> None:
    script = ROOT / "scripts" / "make_docs.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_recipe_in_the_readme_is_a_recipe(tmp_path: Path) -> None:
    from polychip.recipe import load_recipe

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    recipe = text.split("```toml\n")[1].split("```")[0]
    path = tmp_path / "recipe.toml"
    path.write_text(recipe, encoding="utf-8")
    loaded = load_recipe(path)
    assert loaded.scenes[0].image == [str(tmp_path / "after_20241031.tif")]
    assert loaded.masks.mode == tomllib.loads(recipe)["masks"]["mode"] == "panoptic"


def test_the_commands_of_the_vectors_page_are_understood() -> None:
    from polychip.cli.arguments import build_parser

    text = (ROOT / "docs" / "vectors.md").read_text(encoding="utf-8")
    lines = [line[2:] for line in text.splitlines() if line.startswith("$ polychip ")]
    assert len(lines) == 3
    for line in lines:
        build_parser().parse_args(shlex.split(line)[1:])


def test_all_public_names_of_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "polychip.export(" in text
    assert all(hasattr(polychip, name) for name in ("export", "run", "plan", "open"))


def test_the_options_on_the_page_of_targets_are_those_of_a_recipe() -> None:
    from polychip.recipe import TARGETS, build_recipe

    page = (ROOT / "docs" / "targets.md").read_text(encoding="utf-8")
    scene = {"name": "a", "image": "a.tif", "labels": "a.gpkg"}
    tables = [tomllib.loads(part.split("```")[0]) for part in page.split("```toml\n")[1:]]
    assert len(tables) == 2
    recipes = [
        build_recipe({"scenes": [scene], "masks": {"mode": "panoptic"}} | table, base=ROOT, where="page")
        for table in ({**t, "masks": {"mode": "panoptic", **t["masks"]}} for t in tables)
    ]  # fmt: skip
    assert recipes[0].masks.targets == list(TARGETS)
    assert recipes[1].masks.min_visible == 0.2
    defaults = recipes[1].masks
    for name in TARGETS:
        assert f"| `{name}` |" in page
    for told in ("width_px = 3", "gap_px = 10", "limit_px = 20", "samples = 8", "w0 = 10"):
        key, value = told.split(" = ")
        tables_of = (
            defaults.boundary,
            defaults.contact,
            defaults.distance,
            defaults.coverage,
            defaults.weights,
        )
        assert any(getattr(table, key, None) == float(value) for table in tables_of)
        assert told in page
