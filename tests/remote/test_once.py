"""What a server is asked for: each byte once, whatever the blocks, the workers and the chips."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from support.commands import Cli
from support.datasets import differing, files_of, manifest
from support.rasters import place, write_raster
from support.remote_runs import SOURCES, Runs
from support.serving_files import FileServer
from support.workshop import Workshop


@pytest.mark.parametrize("workers", [1, 3])
def test_each_byte_is_asked_for_once_and_the_dataset_is_the_local_one(
    runs: Runs, server: FileServer, workers: int
) -> None:
    """81 blocks of 64 px, chips and targets' margins that reach over tiles and blocks."""
    far = runs.run(server.address("scene.tif"), "far", workers=workers)
    assert differing(runs.local(), far) == SOURCES
    assert manifest(far)["digest"] == manifest(runs.local())["digest"]
    sent = server.bytes_sent("scene.tif")
    assert set(sent.values()) == {1}
    with tifffile.TiffFile(server.folder / "scene.tif") as tif:
        page = tif.pages[0]
        assert len(page.dataoffsets) == 72
        for start, length in zip(page.dataoffsets, page.databytecounts, strict=True):
            assert all(byte in sent for byte in (start, start + length - 1))


def test_verify_plan_and_a_second_run_ask_for_no_byte_again(
    runs: Runs, server: FileServer, cli: Cli, here: Workshop
) -> None:
    address = server.address("scene.tif")
    labels = here.folder / "labels.gpkg"
    cli("init", address, "--labels", labels, "-o", "recipe.toml")
    assert f'"{address}"' in (runs.folder / "recipe.toml").read_text()
    cli("plan", "recipe.toml", "--exact")
    cli("run", "recipe.toml", "-o", "far")
    told = cli("verify", "far").out
    assert "chips are the source's pixels, bit for bit" in told
    cli("run", "recipe.toml", "-o", "far", "--update")
    cli("run", "recipe.toml", "-o", "other")
    assert differing(runs.folder / "far", runs.folder / "other") == []
    assert max(server.bytes_sent("scene.tif").values()) == 1
    cli("advise", labels, "--image", address)
    cli("check", labels, "--image", address)
    assert max(server.bytes_sent("scene.tif").values()) == 1


@pytest.mark.parametrize("kind", ["strips", "bands", "mask", "alpha", "big", "jp2"])
def test_other_files_are_read_as_on_disk(
    runs: Runs, here: Workshop, kind: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(5)
    pixels = rng.integers(1, 250, (4, 300, 310)).astype("uint8")
    pixels[3] = np.where(rng.random((300, 310)) < 0.3, 0, 255)
    options = {
        "strips": {"blockysize": 7},
        "bands": {"interleave": "band", "tiled": True, "blockxsize": 64, "blockysize": 64},
        "mask": {"tiled": True, "blockxsize": 64, "blockysize": 64},
        "alpha": {"tiled": True, "blockxsize": 64, "blockysize": 64,
                  "colorinterp": ("red", "green", "blue", "alpha")},
        "big": {"bigtiff": "YES", "compress": "lzw", "predictor": 2},
        "jp2": {"driver": "JP2OpenJPEG", "quality": "100", "reversible": "YES"},
    }[kind]  # fmt: skip
    folder = tmp_path / "www"
    folder.mkdir()
    name = "scene.jp2" if kind == "jp2" else "scene.tif"
    where = place(300, 310)
    if kind == "mask":
        _write_masked(folder / name, where, pixels, options)
    else:
        write_raster(folder / name, where, pixels, **options)
    with FileServer(folder) as server:
        near = runs.run(str(folder / name), "near", chips={"size": 70})
        far = runs.run(server.address(name), "far", chips={"size": 70}, workers=2)
        assert differing(near, far) == SOURCES
        assert max(server.bytes_sent(name).values()) == 1
    assert manifest(far)["counts"]["chips"] == 25


def _write_masked(path: Path, where: object, pixels: np.ndarray, options: dict) -> None:
    import rasterio

    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        write_raster(path, where, pixels[:3], **options)
        with rasterio.open(path, "r+") as file:
            file.write_mask(pixels[3])


def test_warps_mosaics_ignore_rasters_and_raster_labels(
    runs: Runs, server: FileServer, here: Workshop
) -> None:
    where = place(500, 560)
    rng = np.random.default_rng(8)
    write_raster(
        here.folder / "classes.tif", where, rng.integers(0, 3, (1, 500, 560)).astype("uint8")
    )
    write_raster(
        here.folder / "cloud.tif", where, rng.integers(0, 9, (1, 500, 560)).astype("uint8")
    )
    names = ("classes.tif", "cloud.tif", "scene.tif")

    def dataset(name: str, place_of: object) -> Path:
        return runs.run(
            [place_of("scene.tif")], name, labels=[{"path": place_of("classes.tif")}],
            scene={"ignore": [{"path": place_of("cloud.tif"), "values": [8]}]},
            grid={"crs": "EPSG:32631", "resolution": 12.0}, schema={}, workers=2,
        )  # fmt: skip

    far = dataset("far", server.address)
    assert differing(dataset("near", lambda name: str(here.folder / name)), far) == SOURCES
    for name in names:
        assert max(server.bytes_sent(name).values()) == 1


def test_labels_at_an_address_are_copied_as_a_whole_once(
    runs: Runs, server: FileServer, here: Workshop
) -> None:
    far = runs.run(
        server.address("scene.tif"), "far", labels=server.address("labels.gpkg"), workers=2
    )
    assert differing(runs.local(), far) == SOURCES
    assert set(server.bytes_sent("labels.gpkg").values()) == {1}


def test_the_oldest_pages_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1 MiB is allowed: of twenty pages and somebody else's file, the twelve newest pages stay."""
    from polychip.io.remote import pages

    folder = tmp_path / "cache" / ("0a" * 16) / "0"
    folder.mkdir(parents=True)
    for number in range(20):
        (folder / str(number)).write_bytes(bytes(pages.PAGE_BYTES))
        os.utime(folder / str(number), (1000 + number, 1000 + number))
    (tmp_path / "cache" / "notes.txt").write_bytes(bytes(2**21))
    monkeypatch.setenv("POLYCHIP_CACHE_MB", "1")
    pages._prune()
    assert sorted(int(path.name) for path in folder.iterdir()) == list(range(8, 20))
    assert (tmp_path / "cache" / "notes.txt").exists()


def test_with_too_few_pages_kept_nothing_is_wrong(
    runs: Runs, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit of less than the image: some bytes are asked for again, none is wrong."""
    monkeypatch.setenv("POLYCHIP_CACHE_MB", "0.2")
    far = runs.run(server.address("scene.tif"), "far")
    assert differing(runs.local(), far) == SOURCES


def test_what_a_power_failure_left_is_fetched_again(runs: Runs, server: FileServer) -> None:
    first = runs.run(server.address("scene.tif"), "far")
    pages = [
        path
        for path in (runs.folder / "cache").rglob("*")
        if path.name.isdigit() and path.is_file()
    ]
    assert len(pages) == -(-(server.folder / "scene.tif").stat().st_size // 65536)
    pages[3].write_bytes(pages[3].read_bytes()[:100])
    pages[5].unlink()
    assert differing(first, runs.run(server.address("scene.tif"), "far2")) == []
    assert sorted(set(server.bytes_sent("scene.tif").values())) == [1, 2]
    assert files_of(first)
