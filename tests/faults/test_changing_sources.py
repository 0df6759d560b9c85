"""Input files that change while a run reads them: said, refused, nothing mixed."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from support.commands import leftovers, run_cli
from support.datasets import differing
from support.rasters import place, write_raster
from support.standing import SIDE, five_scenes, standing
from support.workshop import Ear

from polychip import api, sources
from polychip.errors import InputError

RUN = ("run", "recipe.toml")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs, and the dataset that is made of them when they stay what they are."""
    folder = tmp_path_factory.mktemp("made")
    five_scenes(folder)
    (folder / "mosaic.vrt").write_text(
        f'<VRTDataset rasterXSize="{SIDE}" rasterYSize="{SIDE}"><SRS>EPSG:32630</SRS>'
        "<GeoTransform>700000, 10, 0, 4400000, 0, -10</GeoTransform>"
        '<VRTRasterBand dataType="UInt16" band="1"><SimpleSource><SourceFilename '
        'relativeToVRT="1">4.tif</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>'
    )
    text = (folder / "recipe.toml").read_text()
    (folder / "vrt.toml").write_text(text.replace('"4.tif"', '"mosaic.vrt"'))
    shutil.copy(folder / "4.tif", folder / "4.bak")
    run_cli(*RUN, "--workers", "1", cwd=folder)
    return folder


@pytest.fixture
def desk(made: Path, tmp_path: Path) -> Path:
    """A copy of the inputs, dates included."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def other_image(path: Path) -> None:
    """Same size, other pixels."""
    size = path.stat().st_size
    write_raster(path, place(SIDE, SIDE), np.full((2, SIDE, SIDE), 7, np.uint16))
    assert path.stat().st_size == size


def replaced_with_the_old_date(folder: Path) -> None:
    told = (folder / "4.tif").stat()
    shutil.copy2(folder / "4.tif", folder / "new.tif")
    other_image(folder / "new.tif")
    os.utime(folder / "new.tif", ns=(told.st_atime_ns, told.st_mtime_ns))
    (folder / "new.tif").replace(folder / "4.tif")
    assert (folder / "4.tif").stat().st_mtime_ns == told.st_mtime_ns


def a_byte_in_its_middle(folder: Path) -> None:
    with (folder / "4.tif").open("r+b") as file:
        file.seek(SIDE * SIDE)
        file.write(b"\xff")


def a_class_of_a_polygon(folder: Path) -> None:
    edited = shutil.copy(folder / "labels.gpkg", folder / "edited.gpkg")
    with closing(sqlite3.connect(edited)) as package, package:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            package.create_function(name, 1, lambda _: 0)  # for the triggers of its index
        package.execute("UPDATE labels SET class = 'water' WHERE fid = 2")
    Path(edited).replace(folder / "labels.gpkg")


def gone(folder: Path) -> None:
    (folder / "4.tif").unlink()


def a_world_file_beside_it(folder: Path) -> None:
    (folder / "4.tfw").write_text("10\n0\n0\n-10\n700105\n4399995\n")


def what_a_vrt_refers_to(folder: Path) -> None:
    a_byte_in_its_middle(folder)


CHANGES: dict[Callable[[Path], None], str] = {
    replaced_with_the_old_date: "4.tif",
    a_byte_in_its_middle: "4.tif",
    a_class_of_a_polygon: "labels.gpkg",
    gone: "4.tif",
    a_world_file_beside_it: "4.tif",
    what_a_vrt_refers_to: "mosaic.vrt",
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_meanwhile_is_told_and_no_dataset_is_left(
    desk: Path, change: Callable[[Path], None]
) -> None:
    recipe = "vrt.toml" if change is what_a_vrt_refers_to else "recipe.toml"
    with standing(("run", recipe, "-o", "out", "--workers", "2"), desk) as run:
        change(desk)
        code, _, err = run.go_on()
    assert code == 1, err
    assert f"{CHANGES[change]} changed while the dataset was being built" in err
    assert not (desk / "out").exists()
    assert leftovers(desk) == []


def test_permissions_and_links_of_a_file_are_no_change(desk: Path) -> None:
    with standing((*RUN, "-o", "out", "--workers", "1"), desk) as run:
        (desk / "4.tif").chmod(0o400)
        os.link(desk / "labels.gpkg", desk / "backup.gpkg")
        code, _, err = run.go_on()
    assert code == 0, err
    assert differing(desk / "out", desk / "whole") == []


def test_what_was_made_of_the_other_version_is_never_taken_up(desk: Path) -> None:
    """The image changes while a run is resumed, and is put back: nothing of the other stays."""
    with standing(
        (*RUN, "-o", "out", "--workers", "1"), desk, lambda event: bool(event.get("done"))
    ) as run:
        os.killpg(run.pid, signal.SIGKILL)
    with standing((*RUN, "-o", "out", "--workers", "1", "--resume"), desk) as run:
        before = (desk / "4.tif").stat()
        other_image(desk / "4.tif")
        code, _, err = run.go_on()
    assert (code, "4.tif changed while" in err) == (1, True), err
    shutil.copy2(desk / "4.bak", desk / "4.tif")
    os.utime(desk / "4.tif", ns=(before.st_atime_ns, before.st_mtime_ns))
    run_cli(*RUN, "-o", "out", "--resume", cwd=desk)
    assert differing(desk / "out", desk / "whole") == []


class _Meddler(Ear):
    """Changes a file once the first chips are made."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.n_chips = path, 0

    def advance(self, n_chips: int) -> None:
        self.n_chips += n_chips
        os.utime(self.path, (1e9, 1e9))


def test_a_long_run_does_not_go_on_to_its_end_for_nothing(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_EVERY_S", 0.0)
    monkeypatch.setattr(sources, "_SHARE", float("inf"))  # however long a look takes
    text = (desk / "recipe.toml").read_text().replace('"whole"', '"alone"')
    (desk / "alone.toml").write_text(text)
    ear = _Meddler(desk / "0.tif")
    with pytest.raises(InputError, match=r"0\.tif changed while"):
        api.run(desk / "alone.toml", reporter=ear)
    assert 0 < ear.n_chips < 5 * 16
