"""Write docs/commands.md: each command's help and a plan of the sample, as really printed.

In the pages of SHOWN the blocks that begin with '$ polychip' are printed anew.

python scripts/make_docs.py            # write
python scripts/make_docs.py --check    # exit 1 where the page is out of date
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "commands.md"
COMMANDS = (
    "init", "plan", "export", "run", "append", "verify", "check", "agree", "advise", "gallery",
    "report", "convert", "demo", "vectorize", "import", "serve",
)  # fmt: skip
SHOWN = tuple(ROOT / "docs" / name for name in ("quality.md", "agreement.md", "strategy.md"))
_BLOCK = re.compile(r"^```\n\$ polychip (.*?)\n.*?^```$", re.MULTILINE | re.DOTALL)
HEAD = """# Commands

Made by `make docs` from what the commands print; do not edit.
"""


def printed(*arguments: str) -> str:
    """What a command prints on stdout, at a fixed width."""
    environment = {**os.environ, "COLUMNS": "96", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "polychip", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    told = bool(done.stdout)  # check ends with 1 where it finds errors, which it is shown for
    if done.returncode > 1 or not told:
        sys.exit(done.stderr)
    return done.stdout.rstrip().replace(f"{ROOT}{os.sep}", "")


def page() -> str:
    """The whole page."""
    parts = [HEAD, "## polychip", block("polychip --help", printed("--help"))]
    for command in COMMANDS:
        line = f"polychip {command} --help"
        parts += [f"## polychip {command}", block(line, printed(command, "--help"))]
    recipe = "sample_data/recipe.toml"
    parts += ["## A plan of the sample", block(f"polychip plan {recipe}", printed("plan", recipe))]
    return "\n\n".join(parts) + "\n"


def shown(text: str) -> str:
    """A page with the output of its commands as it is now."""

    def fresh(found: re.Match[str]) -> str:
        line = found[1]
        return block(f"polychip {line}", printed(*shlex.split(line)))

    return _BLOCK.sub(fresh, text)


def block(command: str, output: str) -> str:
    """A command and its output."""
    return f"```\n$ {command}\n{output}\n```"


def plain(text: str) -> str:
    """The words alone: Pythons differ in how they wrap help and write '-o DIR, --output DIR'."""
    return " ".join(re.sub(r"(-\w) ([A-Z]+), (--[\w-]+) \2", r"\1, \3 \2", text).split())


def main() -> None:
    """Write the page, or compare it."""
    pages = {PAGE: page()}
    pages |= {path: shown(path.read_text(encoding="utf-8")) for path in SHOWN}
    for path, text in pages.items():
        if "--check" in sys.argv:
            if not path.exists() or plain(path.read_text(encoding="utf-8")) != plain(text):
                sys.exit(f"{path.relative_to(ROOT)} is out of date: run make docs")
        else:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
