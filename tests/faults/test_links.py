"""Links: the output folder may be one; inside a dataset none is followed."""

import shutil
from pathlib import Path

import pytest
from support.commands import Cli, run_cli
from support.datasets import differing, files_of
from support.standing import five_scenes

RUN = ("run", "recipe.toml", "--workers", "1")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs and a dataset."""
    folder = tmp_path_factory.mktemp("made")
    five_scenes(folder)
    run_cli(*RUN, cwd=folder)
    return folder


@pytest.fixture
def desk(made: Path, tmp_path: Path) -> Path:
    """A copy of both, and somebody else's files that must stay what they are."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    theirs = tmp_path / "theirs"
    shutil.copytree(made / "whole", theirs)
    (theirs / "thesis.tif").write_text("years of work")
    return tmp_path


def test_a_link_as_the_output_folder_is_written_through_and_stays(cli: Cli, desk: Path) -> None:
    (desk / "there").mkdir()
    (desk / "link").symlink_to("there")
    cli(*RUN, "-o", "link")
    assert (desk / "link").is_symlink()
    assert differing(desk / "there", desk / "whole") == []
    cli(*RUN, "-o", "link", "--overwrite")
    assert differing(desk / "there", desk / "whole") == []


@pytest.mark.parametrize(
    ("place", "option"),
    [
        ("images", "--overwrite"),
        ("images", "--update"),
        ("masks", "--resume"),
        ("masks/semantic", "--overwrite"),
        ("masks/semantic/s0", "--update"),
        ("masks/semantic/s0/ROW", "--overwrite"),
        (".polychip", "--overwrite"),
        (".polychip/labels", "--resume"),
        (".polychip/labels", "--update"),
        (".polychip/inputs.npz", "--update"),
    ],
)
def test_no_link_inside_a_dataset_is_followed(
    cli: Cli, desk: Path, place: str, option: str
) -> None:
    theirs = desk / "theirs"
    place = place.replace("ROW", next((theirs / "masks/semantic/s0").iterdir()).name)
    target, there = theirs / place, desk / "whole" / place
    if place == ".polychip/labels":
        target.mkdir()
        (target / "points.bin").write_text("years of work")
    elif there.is_dir():
        shutil.rmtree(there)
    else:
        there.unlink(missing_ok=True)
    assert target.exists()
    there.symlink_to(target)
    before = {p: p.read_bytes() for p in theirs.rglob("*") if p.is_file()}
    refused = cli(*RUN, option, code=1)
    assert f"whole/{place}: a link to {target}; nothing is written or removed" in refused.err
    assert {p: p.read_bytes() for p in theirs.rglob("*") if p.is_file()} == before
    assert there.is_symlink()


def test_a_chip_that_is_a_link_is_replaced_and_its_target_stays(cli: Cli, desk: Path) -> None:
    whole = files_of(desk / "whole")
    name = next(name for name in whole if name.startswith("masks/") and name.endswith(".tif"))
    for file in (name, "chips.parquet", "manifest.json", "report.html"):
        (desk / "whole" / file).unlink()
        (desk / "whole" / file).symlink_to(desk / "theirs" / "thesis.tif")
    cli(*RUN, "--overwrite")
    assert (desk / "theirs" / "thesis.tif").read_text() == "years of work"
    assert not (desk / "whole" / name).is_symlink()
    assert files_of(desk / "whole") == whole


@pytest.mark.parametrize("loop", ["images", "whole"])
def test_a_loop_of_links_ends_with_a_message(cli: Cli, desk: Path, loop: str) -> None:
    there = desk / "whole" / loop if loop == "images" else desk / "loop"
    shutil.rmtree(there, ignore_errors=True)
    there.symlink_to(there)
    where = ("--overwrite",) if loop == "images" else ("-o", "loop")
    refused = cli(*RUN, *where, code=1)
    assert "link" in refused.err
    assert str(there) in refused.err


def test_a_conversion_replaces_no_folder_behind_a_link(cli: Cli, desk: Path) -> None:
    (desk / "coco").symlink_to("theirs")
    before = files_of(desk / "theirs")
    refused = cli("convert", "whole", "--to", "coco", "-o", "coco", "--overwrite", code=1)
    assert "coco" in refused.err
    assert files_of(desk / "theirs") == before
