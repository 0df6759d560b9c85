"""What addresses look like, and that nothing secret of them is written down."""

import json
import sys
from pathlib import Path

import pytest
from support.commands import Cli
from support.datasets import differing
from support.remote_runs import SOURCES, Runs
from support.serving_files import FileServer, Handler, Request

from polychip import addresses
from polychip.errors import InputError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("/vsicurl/https://a.org/x.tif", "https://a.org/x.tif"),
        ("/vsis3/bucket/dir/x.tif", "s3://bucket/dir/x.tif"),
        ("s3://bucket/x.tif", "s3://bucket/x.tif"),
        ("/vsizip/a.zip/x.tif", "/vsizip/a.zip/x.tif"),
        ("/vsicurl/?url=x", "/vsicurl/?url=x"),
        ("C:\\x.tif", "C:\\x.tif"),
    ],
)
def test_gdals_ways_to_write_an_address(written: str, meant: str) -> None:
    assert addresses.plain_address(written) == meant


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://a.org/x.tif", "https://a.org/x.tif"),
        ("https://me:pw@a.org/x.tif", "https://a.org/x.tif"),
        ("see https://a.org/x.tif?sig=pw&e=1: bad", "see https://a.org/x.tif?…: bad"[:-5] + " bad"),
        ("('https://a.org/x.tif?sig=pw', 2)", "('https://a.org/x.tif?…', 2)"),
        ("s3://b/x.tif#pw and http://pw@b/y", "s3://b/x.tif?… and http://b/y"),
        ("C:/a?b, 3 // 4", "C:/a?b, 3 // 4"),
    ],
)
def test_texts_lose_what_may_be_secret(text: str, told: str) -> None:
    assert addresses.redacted(text) == told
    assert "pw" not in str(InputError(text))


def test_names_of_files_at_addresses() -> None:
    assert addresses.file_name("https://a.org/d/my%20x.tif?sig=a/b.png") == "my x.tif"
    assert addresses.file_name("/data/x.tif") == "x.tif"
    assert addresses.public("https://u:p@a.org:81/d/x.tif?q#f") == "https://a.org:81/d/x.tif"


@pytest.mark.parametrize("address", ["gs://b/x.tif", "/vsizip/a.zip/x.tif", "ftp://a.org/x.tif"])
def test_other_places_are_refused(runs: Runs, cli: Cli, address: str) -> None:
    labels = runs.here.folder / "labels.gpkg"
    told = cli("export", address, "--labels", labels, "-o", "out", code=1)
    assert "http://, https:// and s3:// addresses" in told.err
    assert address in told.err


def test_a_shapefile_is_no_single_file(runs: Runs, server: FileServer, cli: Cli) -> None:
    labels = server.address("labels.shp")
    told = cli("export", server.address("scene.tif"), "--labels", labels, "-o", "out", code=1)
    assert "a layer of this format is several files" in told.err


def written(folder: Path) -> bytes:
    """Every byte below a folder, names included."""
    return b"".join(
        str(path).encode() + (path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    )


def test_signatures_and_passwords_are_written_nowhere(
    runs: Runs, server: FileServer, cli: Cli
) -> None:
    """The server wants both; a run that fails in part, its resume with another signature."""
    good = {"sig=SECRETaaa", "sig=SECRETbbb"}

    def fault(handler: Handler, request: Request) -> bool:
        refused = request.path.partition("?")[2] not in good
        refused |= request.headers.get("authorization") != "Basic bWU6U0VDUkVUcHc="
        late = fails and request.method == "GET" and request.end > 9 * 65536
        if refused or late:
            handler.refuse(401 if refused else 503)
        return refused or late

    server.fault, fails = fault, True
    address = server.address("scene.tif?sig=SECRETaaa").replace("http://", "http://me:SECRETpw@")
    labels = runs.here.folder / "labels.gpkg"
    export = ("--labels", labels, "-o", "far", "--size", 64, "--class-field", "kind")
    told = cli("export", address, *export, "--progress", "json", code=3)
    assert json.loads(told.out.splitlines()[-1])["failed"]
    assert "scene.tif: can't be read from the server" in told.err
    for text in (told.out.encode(), told.err.encode(), written(runs.folder)):
        assert b"SECRET" not in text
        assert b"sig=" not in text
    fails = False
    told = cli("export", address.replace("aaa", "bbb"), *export, "--resume")
    assert b"SECRET" not in (told.out + told.err).encode() + written(runs.folder)
    cli("export", runs.here.folder / "scene.tif", *(x if x != "far" else "near" for x in export))
    assert differing(runs.folder / "near", runs.folder / "far") == SOURCES
    refused = cli("export", address.replace("aaa", "ccc"), *export[:3], "new", code=1)
    assert "the server refuses it" in refused.err
    assert "SECRET" not in refused.err
    skipped = cli("verify", "far").out
    assert "source moved" in skipped


def test_without_the_library_it_is_named(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    from polychip import api

    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(InputError, match=r"pip install 'polychip\[remote\]'"):
        api.export("http://127.0.0.1:9/a.tif", labels="a.gpkg", out=runs.folder / "out")
