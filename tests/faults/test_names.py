"""Names that would leave the output folder, run as a formula or become markup."""

import csv
import io
import json
import re
import shutil
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import tomli_w
from shapely import box
from support.commands import Cli, leftovers
from support.conversions import ANY_DATASET
from support.datasets import manifest, rows
from support.rasters import place
from support.workshop import Workshop

import polychip
from polychip.errors import InputError, PolychipError, RecipeError
from polychip.names import fault_of_name, printable
from polychip.recipe.load import load_recipe_text

LEAVING = ["../evil", "..", "/evil", "a/../../evil", "..\\evil", "C:\\evil", "C:evil", "~/evil"]
ODD = [
    "", ".", "a.b", "a b", "nul\x00l", "line\nline", "tab\tb", "\x1b[31mred", "con", "NUL", "CoM1",
    "lpt9", "x" * 81, "x" * 300, "\u202egnp.exe", "zero\u200bwidth", "übung", "-rf", "--help",
    "=cmd()", "+1", "@SUM(A1)", "a,b", 'a"b', "a'b", "<b>", "%s", "{0}", "$HOME", "*", "a:b", "a|b",
]  # fmt: skip
NAMES = LEAVING + ODD
EVIL_CLASSES = [
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1+1)", "a\ttab", "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>", "]]>&entity;<!ENTITY x SYSTEM 'file:///etc/passwd'>",
    "a\nb: c", "# no comment", "../../evil", "C:\\evil", "NUL", "\u202egnp", "名前 🌍", "a,b;c|d",
    "'; DROP TABLE chips; --", "`rm -rf`", "${HOME}", "{0}{name}%s", "x" * 300,
]  # fmt: skip


def in_a_recipe(kind: str, name: str) -> dict[str, Any]:
    """A recipe in which a name stands at a place where it becomes a file's or a folder's."""
    scene: dict[str, Any] = {"name": "scene", "image": "image.tif", "labels": "labels.gpkg"}
    recipe: dict[str, Any] = {"scenes": [scene], "output": {"path": "out"}, "chips": {"size": 16}}
    if kind == "layer":
        del scene["image"]
        scene["layers"] = {name: "image.tif"}
    elif kind == "split":
        recipe["split"] = {"by": "blocks", "fractions": {name: 0.5, "rest": 0.5}}
    else:
        scene[kind] = name
    return recipe


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A folder with an image and labels, two levels down, so that `../` would be seen."""
    folder = tmp_path_factory.mktemp("names") / "below" / "desk"
    folder.mkdir(parents=True)
    shop = Workshop(folder)
    shop.image()
    shop.labels([box(2, 2, 20, 20)], **{"class": ["a"]})
    return shop


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@pytest.mark.parametrize("kind", ["name", "group", "layer", "split"])
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_no_file_name_is_refused_and_nothing_is_written(
    desk: Workshop, monkeypatch: pytest.MonkeyPatch, kind: str, name: str
) -> None:
    if kind == "group" and not name:
        return  # an empty group is none: the scene's name counts
    root = desk.folder.parents[1]
    before = everything(root)
    monkeypatch.chdir(desk.folder)
    with pytest.raises(RecipeError) as told:
        polychip.run(in_a_recipe(kind, name))
    assert "file names" in str(told.value) or "call it" in str(told.value)
    assert "\x1b" not in str(told.value)
    assert "\u202e" not in str(told.value)
    assert everything(root) == before
    advice = str(told.value).rpartition("call it '")[2].rstrip("'")
    assert fault_of_name("layer", advice) is None, "what is advised will do"


@pytest.mark.parametrize("kind", ["layer", "split"])
def test_names_that_differ_by_case_alone_are_refused(kind: str) -> None:
    recipe = in_a_recipe(kind, "Rest")
    if kind == "layer":
        recipe["scenes"][0]["layers"]["rest"] = "other.tif"
    with pytest.raises(RecipeError, match=f"the {kind}s 'Rest' and 'rest' are the same"):
        load_recipe_text(tomli_w.dumps(recipe), base=Path.cwd(), where="recipe.toml")


@pytest.mark.parametrize(
    "output", ["/vsimem/out", "gs://bucket/out", "https://a.org/out", "/vsizip/a.zip/out"]
)
def test_an_output_that_is_no_folder_is_refused(desk: Workshop, output: str) -> None:
    recipe = in_a_recipe("name", "scene") | {"output": {"path": output}}
    with pytest.raises(
        RecipeError, match="a folder on disk or to s3://BUCKET/PREFIX, not to another"
    ):
        polychip.run(recipe)


@pytest.mark.parametrize("key", ["image", "labels"])
@pytest.mark.parametrize("option", ["no\x00thing", "x" * 5000])
def test_a_path_that_can_be_no_path_is_an_error_with_a_message(
    desk: Workshop, monkeypatch: pytest.MonkeyPatch, option: str, key: str
) -> None:
    monkeypatch.chdir(desk.folder)
    recipe = in_a_recipe("name", "scene")
    recipe["scenes"][0][key] = option
    before = everything(desk.folder)
    with pytest.raises(PolychipError):
        polychip.run(recipe)
    with pytest.raises(PolychipError):
        polychip.run(in_a_recipe("name", "scene") | {"output": {"path": option}})
    assert everything(desk.folder) == before


def test_fields_and_layers_that_look_like_sql_are_names_and_nothing_else(
    desk: Workshop, tmp_path: Path
) -> None:
    field, layer = 'kind"; DROP TABLE x; --', "l'); DELETE FROM gpkg_contents; --"
    labels = Workshop(tmp_path).labels(
        [box(2, 2, 20, 20), box(30, 3, 40, 30)], layer=layer, **{field: ["a", "b"]}
    )
    content = Path(labels).read_bytes()
    dataset = Workshop(tmp_path).build(
        str(desk.folder / "image.tif"), {"path": labels, "layer": layer},
        schema={"class_field": field},
    )  # fmt: skip
    assert [entry["name"] for entry in manifest(dataset)["schema"]["classes"]] == ["a", "b"]
    assert Path(labels).read_bytes() == content


# --- class names ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A panoptic dataset whose classes and objects have hostile names."""
    folder = tmp_path_factory.mktemp("evil") / "below"
    folder.mkdir()
    n = len(EVIL_CLASSES)
    shop = Workshop(folder, where=place(32, 16 * n))
    shapes = [box(16 * i + 2, 4, 16 * i + 12, 20) for i in range(n)]
    fields = {"class": EVIL_CLASSES, "instance": EVIL_CLASSES[::-1]}
    return shop.build(
        shop.image(), shop.labels(shapes, **fields),
        schema={"class_field": "class", "instance_field": "instance"},
        masks={"mode": "panoptic"},
        scene={"date": "2024-10-31"},
        split={"by": "blocks", "block": 1, "fractions": {"train": 0.6, "val": 0.2, "test": 0.2}},
    )  # fmt: skip


def test_hostile_class_names_read_back_exactly(evil: Path) -> None:
    told = manifest(evil)["schema"]["classes"]
    assert sorted(entry["name"] for entry in told) == sorted(EVIL_CLASSES)
    by_code = {entry["code"]: entry["name"] for entry in told}
    objects = rows(evil, "instances")
    pairs = {(by_code[row["class_code"]], row["instance_id"]) for row in objects}
    assert pairs == set(zip(EVIL_CLASSES, EVIL_CLASSES[::-1], strict=True))
    names = {entry["name"] for entry in polychip.open(evil).manifest["schema"]["classes"]}
    assert names == set(EVIL_CLASSES)
    assert tomllib.loads((evil / "recipe.toml").read_text(encoding="utf-8"))


def check_files(folder: Path) -> None:
    """No cell of a table is a formula, no text is markup, and what has a grammar can be parsed."""
    assert leftovers(folder) == []
    for path in sorted(folder.rglob("*")):
        assert not path.is_symlink()
        assert path.name.isascii(), path
        assert "evil" not in path.relative_to(folder).as_posix(), path
        check = CHECKS.get(path.suffix)
        if check is not None:
            check(path.read_text(encoding="utf-8"))
        if path.suffix == ".gpkg":
            assert len(pyogrio.list_layers(path))


def check_csv(text: str) -> None:
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert [cell for cell in cells if cell[:1] in set("=+-@\t\r")] == []


def check_xml(text: str) -> None:
    if text.lstrip().startswith("<"):
        ElementTree.fromstring(text)  # noqa: S314 - our own


def check_lines(text: str) -> None:
    for line in text.split("\n")[:-1]:
        json.loads(line)


def check_markdown(text: str) -> None:
    assert not re.search(r"(?<!\\)<(script|img)", text)


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts = 0
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.handlers += [key for key, _ in attrs if key.startswith("on")]


def check_page(text: str) -> None:
    tags = _Tags(text)
    assert tags.handlers == []
    assert tags.scripts <= 2
    assert "<script>alert" not in text


CHECKS = {
    ".csv": check_csv, ".json": json.loads, ".geojson": json.loads, ".jsonl": check_lines,
    ".xml": check_xml, ".qml": check_xml, ".emd": check_xml, ".html": check_page,
    ".md": check_markdown,
}  # fmt: skip


def test_a_dataset_of_hostile_names_has_no_formula_and_no_markup(evil: Path) -> None:
    check_files(evil)
    assert (evil / "report.html").exists()


@pytest.mark.parametrize("name", ANY_DATASET)
def test_no_format_lets_a_hostile_name_out(evil: Path, tmp_path: Path, name: str) -> None:
    output = tmp_path / "deep" / name
    polychip.convert(evil, name, output)
    assert {path for path in everything(tmp_path) if output not in (path, *path.parents)} <= {
        output.parent
    }
    check_files(output)


def test_vocs_label_map_has_a_line_a_class_whatever_they_are_called(
    evil: Path, tmp_path: Path
) -> None:
    polychip.convert(evil, "voc", tmp_path / "voc")
    text = next((tmp_path / "voc").rglob("labelmap.txt")).read_text(encoding="utf-8")
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    assert len(lines) == len(EVIL_CLASSES) + 2
    assert all(line.count(":") == 3 for line in lines)


# --- datasets of others --------------------------------------------------------------------------


def tampered(dataset: Path, copy: Path, change: dict[str, Any]) -> Path:
    """A dataset whose index says something else in its first row."""
    shutil.copytree(dataset, copy)
    table = pq.read_table(copy / "chips.parquet")
    values = table.to_pylist()
    for key, value in change.items():
        values[0][key] = values[0][key] | value if isinstance(value, dict) else value
    new = pa.Table.from_pylist(values, schema=table.schema)
    pq.write_table(new, copy / "chips.parquet")
    return copy


@pytest.mark.parametrize(
    "change",
    [
        {"scene": "../../evil"},
        {"scene": "/evil"},
        {"chip_id": "../../evil"},
        {"split": "../evil"},
        {"files": {"image": "../../../etc/passwd"}},
        {"files": {"semantic": "/etc/passwd"}},
        {"files": {"semantic": "..\\..\\evil.tif"}},
        {"files": {"image": "/vsicurl/http://localhost/evil.tif"}},
    ],
)
def test_a_dataset_that_was_made_to_write_elsewhere_is_not_converted(
    evil: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    dataset = tampered(evil, tmp_path / "dataset", change)
    before = everything(tmp_path)
    with pytest.raises(InputError, match="names or files that no dataset of Polychip has"):
        polychip.convert(dataset, "png", tmp_path / "out")
    assert everything(tmp_path) == before


def test_frozen_splits_of_chips_with_formulas_for_names_are_refused(
    desk: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    Path("frozen.csv").write_text("chip_id,split\n=cmd(),train\n")
    recipe = in_a_recipe("name", "scene") | {"split": {"by": "blocks", "frozen": "frozen.csv"}}
    with pytest.raises(RecipeError, match="a chip '=cmd\\(\\)', and ids of chips are made of"):
        polychip.run(recipe)


# --- terminals -----------------------------------------------------------------------------------


def test_what_is_printed_can_neither_act_on_a_terminal_nor_hide_text() -> None:
    assert printable("a\x1b[2Jb") == "a\\x1b[2Jb"
    assert printable("\u202egnp.exe") == "\\u202egnp.exe"
    assert printable("two\nlines\tand ümläuts 名前 🌍") == "two\nlines\tand ümläuts 名前 🌍"


def test_the_command_line_prints_no_escape_of_a_label(cli: Cli, tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    shop.image()
    shop.labels([box(2, 2, 20, 20)], **{"class": ["\x1b[2Jgone\u202e"]})
    done = cli("export", "image.tif", "--labels", "labels.gpkg", "-o", "out", "--size", 16)
    assert "\x1b" not in done.out + done.err
    assert "\u202e" not in done.out + done.err
    assert "[2Jgone" in done.out
