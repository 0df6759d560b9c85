"""Imagery on a real S3 server."""

import pytest
from support.commands import Cli
from support.datasets import differing
from support.object_store import SECRET, ObjectStore
from support.remote_runs import SOURCES, Runs


@pytest.mark.parametrize("form", ["s3://chips/a dir/{}", "/vsis3/chips/a dir/{}"])
def test_imagery_and_labels_in_a_bucket(runs: Runs, known: ObjectStore, form: str) -> None:
    far = runs.run(form.format("scene.tif"), "far", labels=form.format("labels.gpkg"), workers=2)
    assert differing(runs.local(), far) == SOURCES
    text = (far / "recipe.toml").read_text()
    assert "s3://chips/a dir/scene.tif" in text


def test_a_new_object_is_an_update(runs: Runs, known: ObjectStore, cli: Cli) -> None:
    labels = runs.here.folder / "labels.gpkg"
    image = (runs.here.folder / "scene.tif").read_bytes()
    known.put("new.tif", image)
    export = ("--labels", labels, "--size", 64, "--class-field", "kind")
    cli("export", "s3://chips/new.tif", *export, "-o", "far")
    assert "72 were kept" in cli("run", "far/recipe.toml", "--update").err
    known.put("new.tif", image + b"behind the last strip")
    assert "0 were kept" in cli("run", "far/recipe.toml", "--update").err
    assert "bit for bit" in cli("verify", "far").out


def test_wrong_keys_and_missing_objects(
    runs: Runs, known: ObjectStore, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = ("--labels", runs.here.folder / "labels.gpkg", "-o", "out")
    told = cli("export", "s3://chips/none.tif", *export, code=1)
    assert "s3://chips/none.tif: not there (404)" in told.err
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    told = cli("export", "s3://chips/a dir/scene.tif", *export, code=1)
    assert "the server refuses it" in told.err
    for secret in (SECRET, "not-the-secret"):
        assert secret not in told.err
    assert not (runs.folder / "out").exists()
