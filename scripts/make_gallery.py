"""Write docs/targets.png: one chip of the sample with all of its targets side by side.

python scripts/make_gallery.py
"""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import tomli_w

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "targets.md"
PICTURE = ROOT / "docs" / "targets.png"
CHIP = "valencia-20241031/valencia_r0000001_c0000002"


def masks() -> dict[str, object]:
    """The [masks] table that docs/targets.md shows."""
    text = PAGE.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    table: dict[str, object] = tomllib.loads(text)["masks"]
    return table


def main() -> None:
    """Build the sample with the page's targets, and picture a chip of it."""
    recipe = tomllib.loads((ROOT / "sample_data" / "recipe.toml").read_text(encoding="utf-8"))
    recipe["masks"] = masks()
    for scene in recipe["scenes"]:
        scene["image"] = str(ROOT / "sample_data" / scene["image"])
        for key in ("labels", "extent"):
            scene[key]["path"] = str(ROOT / "sample_data" / scene[key]["path"])
    with tempfile.TemporaryDirectory() as folder:
        recipe["output"] = {"path": str(Path(folder) / "dataset")}
        path = Path(folder) / "recipe.toml"
        path.write_text(tomli_w.dumps(recipe), encoding="utf-8")
        for command in (
            ("run", str(path), "--workers", "1", "--progress", "none"),
            ("gallery", recipe["output"]["path"], "--chip", CHIP, "-o", str(PICTURE)),
        ):
            subprocess.run([sys.executable, "-m", "polychip", *command], check=True)


if __name__ == "__main__":
    main()
