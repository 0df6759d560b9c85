"""Datasets written to a real S3 server: whole or not there, never two at once, nothing foreign lost."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.commands import Cli, mounted
from support.datasets import differing, files_of
from support.object_store import SECRET, Line, ObjectStore
from support.workshop import Workshop

from polychip import api
from polychip.errors import InputError, RecipeError
from polychip.io.remote.bucket import Bucket
from polychip.mirror import local_dataset
from polychip.names import printable
from polychip.quality.verify import verify_dataset
from polychip.scenes import prepare
from polychip.sources import Sources

SENDING = Path(__file__).with_name("sending.py")
CLAIM = ".polychip/claim.json"


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block for each chip, so that chips are sent while others are made."""
    monkeypatch.setattr(prepare, "BLOCK_PX", 64)


@pytest.fixture(scope="module")
def local(here: Workshop) -> Path:
    """What a bucket should hold: the dataset of files, built in the folder that they lie in."""
    api.run(recipe_of(here, str(here.folder / "dataset")))
    return here.folder / "dataset"


def recipe_of(here: Workshop, out: str, **more: Any) -> dict[str, Any]:
    image, labels = str(here.folder / "scene.tif"), str(here.folder / "labels.gpkg")
    return {
        "scenes": [{"name": "scene", "image": image, "labels": labels}],
        "schema": {"class_field": "kind"},
        "chips": {"size": 64},
        "masks": {"mode": "instance"},
        "output": {"path": out, "report": False},
    } | more


def start(
    folder: Path, recipe: dict[str, Any], way: str, *stop: object, **env: str
) -> "subprocess.Popen[str]":
    path = folder / f"{time.monotonic_ns()}.json"
    path.write_text(json.dumps(recipe))
    return subprocess.Popen(
        [sys.executable, str(SENDING), str(path), way, *map(str, stop or ("die", 0, "-"))],
        stderr=subprocess.PIPE, text=True, start_new_session=True, env=os.environ | env,
    )  # fmt: skip


def ended(process: "subprocess.Popen[str]", code: int = 0) -> str:
    """What it said."""
    _, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    assert "Traceback" not in err
    return err


def until(flag: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until a program has come so far."""
    while not flag.exists():
        assert process.poll() is None
        time.sleep(0.02)


def data(store: ObjectStore, prefix: str) -> dict[str, bytes]:
    """The dataset's objects, without the state that an update compares."""
    found = store.objects(prefix)
    return {name: value for name, value in found.items() if not name.startswith(".polychip/")}


def staged(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "cache" / "staging").rglob("*") if path.is_file()]


def test_objects_are_the_files_of_a_local_export(
    known: ObjectStore, here: Workshop, tmp_path: Path, cli: Cli
) -> None:
    export = ("--labels", here.folder / "labels.gpkg", "--size", 64, "--mode", "panoptic")
    export += ("--split", "train=0.5,val=0.5", "--targets", "boundary", "--format", "coco")
    far = ("s3://chips/a dir/one", "--workers", 2, "--progress", "json")
    told = cli("export", here.folder / "scene.tif", *export, "-o", *far)
    cli("export", here.folder / "scene.tif", *export, "-o", here.folder / "near")
    near = files_of(here.folder / "near")
    assert data(known, "a dir/one") == near
    assert len(near) > 4 * 72
    assert set(known.objects("a dir/one")) - near.keys() == {".polychip/inputs.npz"}
    assert staged(tmp_path) == []

    events = [json.loads(line) for line in told.out.splitlines()]
    assert events[-1]["event"] == "done"
    assert events[-1]["output"] == "s3://chips/a dir/one"
    assert events[-1]["formats"][0]["output"] == "s3://chips/a dir/one/formats/coco"
    sent = [e for e in events if e["event"] == "progress" and e["unit"] == "file"]
    assert (sent[-1]["done"], sent[-1]["total"]) == (len(near) + 1, len(near) + 1)
    notes = [e["message"] for e in events if e["event"] == "note"]
    assert f"{len(near) + 1} files (" in notes[-1]
    assert "288 of them while chips were made" in notes[-1]
    assert "the dataset is made in" in notes[0]
    assert str(tmp_path / "cache" / "staging") in notes[0]
    assert re.search(r"\d GB are free", notes[0])
    texts = [told.out.encode(), told.err.encode(), *known.objects("a dir/one").values()]
    assert not any(SECRET.encode() in text or b"polychip-test" in text for text in texts)


def test_it_is_read_where_it_lies(
    known: ObjectStore, here: Workshop, local: Path, tmp_path: Path, cli: Cli
) -> None:
    far = api.run(recipe_of(here, "s3://chips/read"), workers=1)
    near = api.open(local)
    assert len(far) == len(near) == 72
    assert far.count(by_class=True) == near.count(by_class=True)
    one, other = far[40], near[40]
    assert one.chip_id == other.chip_id
    for kind in ("image", "semantic", "instance"):
        assert np.array_equal(getattr(one, kind), getattr(other, kind))
    assert len(list(far.folder.rglob("*.tif"))) == 3
    api.convert("s3://chips/read", "coco", tmp_path / "coco")
    api.convert(local, "coco", tmp_path / "near")
    assert differing(tmp_path / "coco", tmp_path / "near") == []
    told = cli("verify", "s3://chips/read")
    assert "216 files are as they were written" in told.out
    assert "is copied to" in told.err
    with pytest.raises(InputError, match="s3://chips/none: no dataset here"):
        api.open("s3://chips/none")
    with pytest.raises(InputError, match="put them into its recipe"):
        api.append("s3://chips/read", "x.toml")
    known.put("read/" + near.chips["files"][3]["semantic"], b"not a mask")
    with local_dataset("s3://chips/read", Heard()) as copy:
        checks = {check.id: check.ok for check in verify_dataset(copy).checks}
    assert checks["files"]
    assert not checks["checksums"]
    assert not copy.exists()


@pytest.mark.parametrize("at", [90, 223])
def test_killed_while_it_is_sent_a_resume_sends_the_rest(
    known: ObjectStore, here: Workshop, local: Path, tmp_path: Path, at: int
) -> None:
    """216 chip files, README, index, objects, preview, recipe, state; the manifest is the last."""
    address = f"s3://chips/killed{at}"
    recipe = recipe_of(here, address)
    ended(start(tmp_path, recipe, "new", "die", at, "-"), code=-9)
    there = known.objects(f"killed{at}")
    assert len(there) == at  # those that were sent before, and the claim
    assert "manifest.json" not in there
    assert "an unfinished run is already here; use --resume" in ended(
        start(tmp_path, recipe, "new"), code=1
    )
    with pytest.raises(InputError, match="no dataset here"):
        api.open(address)
    ended(start(tmp_path, recipe | {"chips": {"size": 50}}, "resume"), code=1)  # another recipe
    heard = Heard()
    api.run(recipe, resume=True, reporter=heard)
    total = len(files_of(local)) + 1
    left = total - (at - 1)
    assert f"{left} {'file' if left == 1 else 'files'} (" in heard.notes[-1]
    assert data(known, f"killed{at}") == files_of(local)
    assert staged(tmp_path) == []


class Heard:
    """Keeps what a run says."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def start(self, n_chips: int, done: int, unit: str = "chip") -> None:
        """Nothing."""

    def advance(self, n_chips: int) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        self.notes.append(printable(text))

    def warn(self, text: str) -> None:
        self.warnings.append(printable(text))


def test_what_is_there_is_not_overwritten_unless_told(
    known: ObjectStore, here: Workshop, local: Path, tmp_path: Path, cli: Cli
) -> None:
    labels = here.folder / "labels.gpkg"
    export = ("export", here.folder / "scene.tif", "--labels", labels, "--no-report")
    known.put("over/mine/notes.txt", b"years of work")
    refused = cli(*export, "-o", "s3://chips/over", "--overwrite", code=1)
    assert "s3://chips/over: the folder holds other files (mine/notes.txt)" in refused.err
    assert known.objects("over") == {"mine/notes.txt": b"years of work"}

    old = ("--size", 40, "--mode", "instance", "--format", "coco")
    cli(*export, "-o", "s3://chips/over/a", *old)
    for name in ("images/notes.txt", "images/scene/r0000000/notes.txt", "formats/mine/x.tif"):
        known.put(f"over/a/{name}", b"mine")
    before = known.objects("over/a")
    for more in (("--size", 64), ("--resume",)):
        told = cli(*export, "-o", "s3://chips/over/a/", *more, code=1)
        assert "s3://chips/over/a: a finished dataset is already here; use --overwrite" in told.err
    assert known.objects("over/a") == before

    recipe = recipe_of(here, "s3://chips/over/a")
    api.run(recipe, overwrite=True)
    after = data(known, "over/a")
    mine = {name for name, value in after.items() if value == b"mine"}
    assert mine == {"images/notes.txt", "images/scene/r0000000/notes.txt", "formats/mine/x.tif"}
    assert {k: v for k, v in after.items() if k not in mine} == files_of(local)
    assert CLAIM not in known.objects("over/a")


def test_a_second_run_is_refused_and_may_take_over(
    known: ObjectStore, here: Workshop, local: Path, tmp_path: Path
) -> None:
    recipe = recipe_of(here, "s3://chips/two")
    flag, other = tmp_path / "flag", str(tmp_path / "other machine")
    first = start(tmp_path, recipe, "new", "wait", 30, flag)
    until(flag, first)
    same = ended(start(tmp_path, recipe, "overwrite"), code=1)
    assert "s3://chips/two: another run" in same
    far = ended(start(tmp_path, recipe, "new", POLYCHIP_CACHE=other), code=1)
    assert "an unfinished run is already here; use --resume" in far
    assert "if it is another machine's and still at work, wait for it" in far
    far = ended(start(tmp_path, recipe, "update", POLYCHIP_CACHE=other), code=1)
    assert "an unfinished run is already here" in far
    assert "manifest.json" not in known.objects("two")
    ended(start(tmp_path, recipe, "resume", POLYCHIP_CACHE=other))
    assert data(known, "two") == files_of(local)
    flag.unlink()
    assert "another run took over with --resume or --overwrite" in ended(first, code=1)
    assert data(known, "two") == files_of(local)


def test_a_stale_claim_is_taken_over_with_a_word(
    known: ObjectStore, here: Workshop, local: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_of(here, "s3://chips/stale")
    ended(start(tmp_path, recipe, "new", "die", 50, "-"), code=-9)
    monkeypatch.setenv("POLYCHIP_STAGING", str(tmp_path / "elsewhere"))
    heard = Heard()
    api.run(recipe, resume=True, reporter=heard)
    assert "this one takes over" in heard.warnings[0]
    assert f"{len(files_of(local)) + 1 - 49} files (" in heard.notes[-1]
    assert data(known, "stale") == files_of(local)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_run_that_its_inputs_end_leaves_nothing(
    known: ObjectStore, here: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its chips were sent by then."""
    seen = []

    def change(_: object) -> None:
        seen.append(set(known.objects("ended")))
        raise InputError("scene.tif changed while the dataset was being built")

    monkeypatch.setattr(Sources, "check", change)
    with pytest.raises(InputError, match="changed while"):
        api.run(recipe_of(here, "s3://chips/ended"))
    assert any(name.startswith("images/") for name in seen[0])
    assert known.objects("ended") == {}
    assert staged(tmp_path) == []


@pytest.mark.parametrize("keep", [True, False])
def test_an_update_sends_what_changed(
    known: ObjectStore, here: Workshop, tmp_path: Path, keep: bool
) -> None:
    """With the staging folder, or without it: then the dataset is fetched."""
    shapes = here.folder / "labels.gpkg"
    labels = tmp_path / "labels.gpkg"
    labels.write_bytes(shapes.read_bytes())
    recipe = recipe_of(here, f"s3://chips/update{keep}")
    recipe["scenes"][0]["labels"] = str(labels)
    api.run(recipe, keep_staging=keep)
    assert (staged(tmp_path) != []) == keep
    remove_last(labels)
    before = known.objects(f"update{keep}")
    heard = Heard()
    api.run(recipe, update=True, reporter=heard)
    fetched = [note for note in heard.notes if "is fetched from" in note]
    assert (fetched == []) == keep
    [kept] = [n for note in heard.notes for n in re.findall(r"([\d,]+) were kept", note)]
    assert 0 < int(kept) < 72
    [sent] = [n for note in heard.notes for n in re.findall(r"(\d+) files \(", note)]
    after = known.objects(f"update{keep}")
    assert int(sent) == sum(before.get(name) != value for name, value in after.items()) < 200
    local = recipe | {"output": {"path": str(tmp_path / "local"), "report": False}}
    api.run(local)
    far, near = data(known, f"update{keep}"), files_of(tmp_path / "local")
    assert {n for n in far.keys() | near.keys() if far.get(n) != near.get(n)} == {"recipe.toml"}
    assert staged(tmp_path) == []


def remove_last(labels: Path) -> None:
    import geopandas

    table = geopandas.read_file(labels)
    table.iloc[:-1].to_file(labels, driver="GPKG")


def test_keys_and_buckets_that_are_wrong(
    known: ObjectStore, here: Workshop, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = ("export", here.folder / "scene.tif", "--labels", here.folder / "labels.gpkg", "-o")
    told = cli(*export, "s3://nonesuch/x", code=1)
    assert "s3://nonesuch/x: there is no bucket 'nonesuch'" in told.err
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    told = cli(*export, "s3://chips/x", code=1)
    assert "s3://chips/x: the server refuses to list it (Server returned non-2xx" in told.err
    assert "403" in told.err
    assert "check the keys in the environment" in told.err
    assert "not-the-secret" not in told.err
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")
    told = cli(*export, "s3://chips/x", code=1)
    assert "no keys were found; set AWS_ACCESS_KEY_ID" in told.err
    assert staged(tmp_path) == []
    assert known.objects("x") == {}


def test_a_server_that_goes_is_told_and_the_rest_is_sent_when_it_is_back(
    known: ObjectStore, here: Workshop, local: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    line = Line(known.port)
    monkeypatch.setenv("AWS_S3_ENDPOINT", f"127.0.0.1:{line.port}")
    recipe, flag = recipe_of(here, "s3://chips/gone"), tmp_path / "flag"
    told = ended(start(tmp_path, recipe, "new"), code=1)
    assert "the server does not list it (HTTP error: error sending request; tried 4 times)" in told
    assert "--resume" not in told
    line.mend()
    run = start(tmp_path, recipe, "new", "wait", 100, flag)
    until(flag, run)
    line.cut()
    flag.unlink()
    told = ended(run, code=1)
    assert re.search("s3://chips/gone: the server does not (write|list|read) it", told)
    assert "tried 4 times" in told
    assert f"what is made is kept in {tmp_path / 'cache' / 'staging'}" in told
    assert "go on with --resume" in told
    assert "manifest.json" not in known.objects("gone")
    line.mend()
    heard = Heard()
    api.run(recipe, resume=True, reporter=heard)
    line.cut()
    assert data(known, "gone") == files_of(local)
    assert f"{len(files_of(local)) + 1 - 99} files (" in heard.notes[-1]


def test_a_full_staging_disk_is_told(
    known: ObjectStore, here: Workshop, local: Path, tmp_path: Path, cli: Cli
) -> None:
    point = tmp_path / "small"
    if not mounted(point, "size=500k"):
        pytest.fail("a small disk is needed")
    try:
        export = ("export", here.folder / "scene.tif", "--labels", here.folder / "labels.gpkg")
        far = ("-o", "s3://chips/full", "--staging", point, "--compress", "none")
        told = cli(*export, *far, code=1)
        assert "no space left on device" in told.err
        assert str(point) in told.err
        assert "Polychip" not in json.dumps(list(known.objects("full")))
    finally:
        subprocess.run(["umount", str(point)], check=True)
    assert known.objects("full") == {}


def test_large_files_go_up_in_parts(
    known: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from polychip.io.remote import bucket

    monkeypatch.setattr(bucket, "PART_BYTES", 5 * 2**20)
    rng = np.random.default_rng(1)
    large = tmp_path / "large"
    large.write_bytes(rng.bytes(12 * 2**20 + 17))
    place = Bucket("s3://chips/parts")
    sent = place.upload(large, "large")
    assert sent == bucket.stored_as(large) == place.folder("")[0]["large"]
    assert sent.tag.endswith("-3")
    assert known.objects("parts") == {"large": large.read_bytes()}


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("s3://", "not an address that a dataset can have"),
        ("s3://b//x", "not an address that a dataset can have"),
        ("s3://b/../x", "not an address that a dataset can have"),
        ("s3://key:SECRET@b/x", "keys belong into the environment"),
        ("s3://b/x?sig=SECRET", "without '\\?' and '#'"),
        ("s3:/b/x", "lost a slash"),
    ],
)
def test_addresses_that_no_dataset_can_have(here: Workshop, address: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told) as refused:
        api.run(recipe_of(here, address))
    assert "SECRET" not in str(refused.value)


def test_windows_of_files_are_refused(known: ObjectStore, here: Workshop) -> None:
    recipe = recipe_of(here, "s3://chips/none")
    recipe["output"]["images"] = "none"
    with pytest.raises(RecipeError, match=r"from a bucket there is no way to .*scene\.tif"):
        api.run(recipe)


def test_without_the_library_it_is_named(
    here: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(InputError, match=r"pip install 'polychip\[remote\]'"):
        api.run(recipe_of(here, "s3://chips/x"))
    assert staged(tmp_path) == []
