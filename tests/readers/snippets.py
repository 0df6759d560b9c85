"""The code that the docs show, taken out to be run."""

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LANGUAGES = ("python", "yaml")


def blocks(text: str) -> list[str]:
    """The code blocks of a Markdown text, in the languages that loaders take."""
    parts = text.split("```")[1::2]
    return [part.split("\n", 1)[1] for part in parts if part.split("\n", 1)[0] in LANGUAGES]


def block_with(text: str, words: str) -> str:
    """The one block that holds certain words."""
    (found,) = [block for block in blocks(text) if words in block]
    return found


def readme() -> str:
    """The project's README.md."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def card(dataset: Path) -> str:
    """A dataset's own README.md, its stand-in for the dataset's folder filled in."""
    text = (dataset / "README.md").read_text(encoding="utf-8")
    return text.replace("path/to/this/folder", dataset.name)
