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
