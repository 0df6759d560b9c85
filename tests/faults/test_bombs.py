"""Files made to explode, or to read what they shouldn't: refused."""

from pathlib import Path

import pytest
from support.rasters import place

from polychip.errors import InputError, PolychipError, RecipeError
from polychip.grid import Grid
from polychip.imports.annotation import Account
from polychip.imports.voc import VocBoxes
from polychip.recipe.load import build_recipe

LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
BOMB = f'<!DOCTYPE a [<!ENTITY l0 "lol">{LAUGHS}]><annotation>&l9;</annotation>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation>&x;</annotation>'
HARMLESS = '<!DOCTYPE annotation SYSTEM "http://localhost/a.dtd"><annotation/>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("text", [BOMB, OUTSIDE, HARMLESS])
def test_a_voc_annotation_with_a_document_type_is_refused_in_any_encoding(
    tmp_path: Path, text: str, encoding: str
) -> None:
    head = "" if encoding == "utf-8" else '<?xml version="1.0" encoding="utf-16"?>'
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    (tmp_path / "image.xml").write_bytes(mark + (head + text).encode(encoding))
    where = place()
    grid = Grid(where.crs, where.transform, where.height, where.width)
    with pytest.raises(InputError, match="declares a document type"):
        VocBoxes(tmp_path).read(0, grid, Account())


@pytest.mark.parametrize(
    "path", ["/vsizip/bomb.zip/image.tif", "/vsigzip/a.tif.gz", "/vsitar/a.tar/a.tif"]
)
@pytest.mark.parametrize("key", ["image", "labels"])
def test_nothing_is_read_out_of_an_archive(tmp_path: Path, path: str, key: str) -> None:
    scene = {"name": "s", "image": "image.tif", "labels": "labels.gpkg"} | {key: path}
    with pytest.raises(RecipeError):
        build_recipe({"scenes": [scene]}, base=tmp_path, where="recipe.toml")


def test_a_loop_of_links_is_no_image(tmp_path: Path) -> None:
    from polychip.io.vector import check_exists

    (tmp_path / "a.tif").symlink_to(tmp_path / "b.tif")
    (tmp_path / "b.tif").symlink_to(tmp_path / "a.tif")
    with pytest.raises(PolychipError, match="no such image"):
        check_exists(str(tmp_path / "a.tif"), "image")
