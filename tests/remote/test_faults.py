"""Servers that fail: tried again; what stays unreadable is a failed chip, never a chip of zeros."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import tifffile
from support.commands import Cli
from support.datasets import differing, manifest, rows
from support.remote_runs import SOURCES, Runs
from support.serving_files import Fault, FileServer, Handler, Request, first
from support.workshop import Workshop

PAGE = 65536


def refuse(code: int) -> Fault:
    return lambda handler, _: handler.refuse(code)


def cut(handler: Handler, request: Request) -> bool:
    """Half of the body, then the end of the connection."""
    handler.send(
        request.start, request.end, partial=True, cut_at=(request.end - request.start) // 2
    )
    return True


def reset(handler: Handler, request: Request) -> bool:
    """The connection is reset in the middle of the body."""
    import socket
    import struct

    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    cut(handler, request)
    handler.connection.close()
    return True


def stall(handler: Handler, _: Request) -> bool:
    handler.files.stall()
    handler.close_connection = True
    return True


def wrong_length(handler: Handler, request: Request) -> bool:
    """Fewer bytes than asked for, as if that were all."""
    handler.send(request.start, request.end - 10, partial=True)
    return True


@pytest.mark.parametrize(
    "fault", [refuse(503), refuse(429), refuse(500), refuse(502), cut, reset, stall, wrong_length],
    ids=["503", "429", "500", "502", "cut", "reset", "stall", "short"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_fault_that_passes_costs_nothing(
    runs: Runs, server: FileServer, fault: Fault, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if method == "HEAD" and fault in (cut, reset, wrong_length):
        fault = stall
    monkeypatch.setenv("GDAL_HTTP_TIMEOUT", "1")
    server.fault = first(2, fault, method=method)
    far = runs.run(server.address("scene.tif"), "far")
    assert differing(runs.local(), far) == SOURCES
    sent = server.bytes_sent("scene.tif")
    assert max(sent.values()) <= 3
    assert manifest(far)["counts"]["failed"] == {}


def dead_page(page: int, code: int = 503) -> Fault:
    """Any request that asks for a page is refused."""

    def fault(handler: Handler, request: Request) -> bool:
        meets = request.start < (page + 1) * PAGE and request.end > page * PAGE
        return request.method == "GET" and meets and handler.refuse(code)

    return fault


def lost_chips(path: Path, dataset: Path, page: int) -> set[str]:
    """Chips that show a tile of which the page holds a byte, by tifffile's own reading."""
    with tifffile.TiffFile(path) as tif:
        tiles = tif.pages[0]
        across = -(-tiles.imagewidth // tiles.tilewidth)
        lost = {
            (number % across, number // across)
            for number, (start, n) in enumerate(
                zip(tiles.dataoffsets, tiles.databytecounts, strict=True)
            )
            if start < (page + 1) * PAGE and start + n > page * PAGE
        }
    chips = set()
    for row in rows(dataset):
        x, y = row["x_off"], row["y_off"]
        seen = {
            (column, line)
            for column in range(x // 64, (min(x + 50, 560) - 1) // 64 + 1)
            for line in range(y // 64, (min(y + 50, 500) - 1) // 64 + 1)
        }
        if seen & lost:
            chips.add(row["chip_id"])
    return chips


PLAIN = {"masks": {"mode": "semantic"}}


@pytest.mark.parametrize("workers", [1, 2])
def test_what_stays_unreadable_is_a_failed_chip_and_no_other(
    runs: Runs, server: FileServer, here: Workshop, workers: int
) -> None:
    local = runs.local(**PLAIN)
    server.fault = dead_page(6)
    far = runs.run(server.address("scene.tif"), "far", workers=workers, **PLAIN)
    failed = manifest(far)["counts"]["failed"]
    wanted = lost_chips(here.folder / "scene.tif", local, 6)
    assert 0 < len(wanted) < len(rows(local)) / 2
    assert set(failed) == {f"scene/{chip}" for chip in wanted}
    assert all("503" in why and "scene.tif" in why for why in failed.values())
    made = {row["chip_id"] for row in rows(far)}
    assert made == {row["chip_id"] for row in rows(local)} - wanted
    with rasterio.open(here.folder / "scene.tif") as file:
        source = file.read()
    for row in rows(far):
        with rasterio.open(far / row["files"]["image"]) as file:
            pixels = file.read()
        x, y = row["x_off"], row["y_off"]
        expected = np.zeros_like(pixels)
        part = source[:, y : y + 50, x : x + 50]
        expected[:, : part.shape[1], : part.shape[2]] = part
        assert (pixels == expected).all()
    server.fault = None
    runs.run(server.address("scene.tif"), "far", "resume", workers=workers, **PLAIN)
    assert differing(local, far) == SOURCES
    assert max(r for page, r in server.bytes_sent("scene.tif").items() if page // PAGE != 6) <= 5


def test_an_update_makes_what_failed(runs: Runs, server: FileServer, cli: Cli) -> None:
    server.fault = dead_page(6, 429)
    address = server.address("scene.tif")
    labels = str(runs.here.folder / "labels.gpkg")
    export = ("--labels", labels, "--size", 64, "--class-field", "kind")
    told = cli("export", address, *export, "-o", "far", code=3)
    assert "chips failed, the others were written" in told.err
    assert "--update makes them" in told.err
    server.fault = None
    cli("run", "far/recipe.toml", "--update")
    cli("export", runs.here.folder / "scene.tif", *export, "-o", "near")
    assert differing(runs.folder / "near", runs.folder / "far") == SOURCES


@pytest.mark.parametrize("at", [20, 60, 81])
def test_killed_amid_failures_a_resume_makes_all(runs: Runs, server: FileServer, at: int) -> None:
    """Blocks in which chips failed are noted as such, so the resumed run does not pass them by."""
    server.fault = dead_page(3)
    address = server.address("scene.tif")
    runs.run(address, "far", "new", "after", str(at), code=-9, **PLAIN)
    assert not (runs.folder / "far" / "manifest.json").exists()
    server.fault = None
    far = runs.run(address, "far", "resume", **PLAIN)
    assert differing(runs.local(**PLAIN), far) == SOURCES


def test_a_dead_server_is_not_waited_for_chip_after_chip(
    runs: Runs, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers what the file is and not one piece of its pixels: a few tries in all."""

    def fault(handler: Handler, request: Request) -> bool:
        return request.method == "GET" and request.start > 0 and handler.refuse(503)

    with rasterio.open(runs.here.folder / "scene.tif") as file:
        assert file.count == 3
    cog = runs.folder / "www"
    cog.mkdir()
    rasterio.shutil.copy(
        runs.here.folder / "scene.tif", cog / "scene.tif", driver="COG", blocksize=128,
        overviews="none",
    )  # fmt: skip
    with FileServer(cog, fault) as dead:
        far = runs.run(dead.address("scene.tif"), "far", code=1, **PLAIN)
        assert not far.exists()
        n_pages = -(-(cog / "scene.tif").stat().st_size // PAGE)
        # three times four tries, then one for each piece that is not known to be out of reach
        assert len(dead.gets("scene.tif")) <= 3 * 4 + 2 * n_pages


@pytest.fixture
def lone(tmp_path: Path, here: Workshop) -> Iterator[Path]:
    """A folder with a copy of the image, to be changed."""
    folder = tmp_path / "www"
    folder.mkdir()
    (folder / "scene.tif").write_bytes((here.folder / "scene.tif").read_bytes())
    return folder


def test_another_version_in_the_middle_of_a_run_is_noticed(
    runs: Runs, lone: Path, cli: Cli
) -> None:
    """From some request on the server has other pixels under another ETag."""

    def fault(handler: Handler, request: Request) -> bool:
        if request.method == "GET" and request.start > 0:
            server.etag_suffix = "-new"
        return False

    with FileServer(lone, fault) as server:
        labels = runs.here.folder / "labels.gpkg"
        told = cli("export", server.address("scene.tif"), "--labels", labels, "-o", "far",
                   "--size", 64, "--class-field", "kind", code=1)  # fmt: skip
        assert "scene.tif changed" in told.err
        assert not (runs.folder / "far" / "manifest.json").exists()


def test_another_version_between_runs_is_an_update_and_no_resume(
    runs: Runs, lone: Path, cli: Cli
) -> None:
    labels = runs.here.folder / "labels.gpkg"
    with FileServer(lone) as server:
        export = ("export", server.address("scene.tif"), "--labels", labels, "-o", "far",
                  "--size", 64, "--class-field", "kind")  # fmt: skip
        cli(*export)
        with rasterio.open(lone / "scene.tif", "r+") as file:
            file.write(file.read() + 1)
        assert "inputs or software changed" in cli(*export, "--resume", code=1).err
        told = cli("run", "far/recipe.toml", "--update")
        assert "72 chips were looked at again, 0 were kept" in told.err
        cli("export", lone / "scene.tif", *export[2:4], "-o", "near", *export[6:])
        assert differing(runs.folder / "near", runs.folder / "far") == SOURCES
        assert "source moved or changed" not in cli("verify", "far").out


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (refuse(404), "not there (404); check the address"),
        (refuse(403), "the server refuses it"),
        (refuse(503), "can't be read from the server"),
    ],
    ids=["404", "403", "503"],
)
def test_nothing_is_written_when_the_imagery_is_not_there(
    runs: Runs, server: FileServer, cli: Cli, fault: Fault, says: str
) -> None:
    server.fault = fault
    labels = runs.here.folder / "labels.gpkg"
    for command in ("export", "init"):
        told = cli(command, server.address("scene.tif"), "--labels", labels, "-o", "out", code=1)
        assert f"{server.address('scene.tif')}: " in told.err
        assert says in told.err
    assert not (runs.folder / "out").exists()


def test_servers_without_ranges_or_versions_are_told_off(
    runs: Runs, server: FileServer, cli: Cli
) -> None:
    export = ("export", server.address("scene.tif"), "--labels", runs.here.folder / "labels.gpkg",
              "-o", "out")  # fmt: skip

    def whole(handler: Handler, request: Request) -> bool:
        if request.method == "GET":
            handler.send(0, 1000, partial=False)
        return request.method == "GET"

    server.fault = whole
    assert "sends whole files only" in cli(*export, code=1).err
    server.fault, server.with_etag, server.with_date = None, False, False
    assert "neither an ETag nor a date" in cli(*export, code=1).err
    server.with_date = True
    cli(*export, "--class-field", "kind")


def test_a_signed_get_that_refuses_head(runs: Runs, server: FileServer) -> None:
    server.fault = lambda handler, request: request.method == "HEAD" and handler.refuse(403)
    far = runs.run(server.address("scene.tif"), "far")
    assert differing(runs.local(), far) == SOURCES


def test_nobody_listens(runs: Runs, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    told = cli("export", "http://127.0.0.1:9/scene.tif", "--labels",
               runs.here.folder / "labels.gpkg", "-o", "out", code=1)  # fmt: skip
    assert "can't be read from the server" in told.err
    assert "tried 4 times" in told.err
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "many")
    told = cli("export", "http://127.0.0.1:9/scene.tif", "--labels",
               runs.here.folder / "labels.gpkg", "-o", "out", code=1)  # fmt: skip
    assert "GDAL_HTTP_MAX_RETRY is 'many' in the environment" in told.err
    assert not (runs.folder / "out").exists()
