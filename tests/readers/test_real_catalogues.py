"""Real places as STAC, Croissant and TrainingDML-AI, each read by its own reader."""

import hashlib
import json
import os
from pathlib import Path

import mlcroissant
import pystac
import pytest
import rasterio
from jsonschema import Draft7Validator
from schema_checks import offline, tdml_validator, validate
from support.truth import truths

import polychip

__all__ = ["offline", "tdml_validator"]


@pytest.mark.usefixtures("offline")
def test_readers_agree_on_real_places(
    built: Path, tmp_path: Path, tdml_validator: Draft7Validator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("stac", "croissant", "tdml"):
        polychip.convert(built, name, tmp_path / name, date="2020-01-01")
    known = list(truths(built))
    assert validate(tmp_path / "stac") == len(known)
    collection = pystac.Collection.from_file(str(tmp_path / "stac/collection.json"))
    items = {item.id: item for item in collection.get_items()}
    told = json.loads((tmp_path / "tdml/trainingdml.json").read_text("utf-8"))
    assert [error.message for error in tdml_validator.iter_errors(told)] == []
    monkeypatch.chdir(tmp_path / "croissant")
    records = list(mlcroissant.Dataset("croissant.json").records("chips"))
    for truth, datum, record in zip(known, told["data"], records, strict=True):
        item = items[truth.stem]
        assert datum["id"] == record["chips/id"].decode() == truth.stem
        assert datum["extent"] == item.bbox
        paths = [
            Path(os.path.normpath(item.assets["semantic"].get_absolute_href() or "")),
            tmp_path / "tdml" / datum["labels"][0]["imageURL"][0],
            Path(record["chips/semantic"].decode()),
        ]
        sha256 = record["chips/semantic_sha256"].decode()
        for path in paths:
            assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
        with rasterio.open(paths[0]) as file:
            assert (file.read(1) == truth.semantic).all()
            centre = file.lnglat()
        west, south, east, north = item.bbox or ()
        assert west < centre[0] < east
        assert south < centre[1] < north
        assert datum["numberOfLabels"] == 2 + len(truth.objects)
