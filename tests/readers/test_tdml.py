"""The TrainingDML-AI document against the OGC's JSON schemas."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pystac.validation.local_validator
import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from support.rasters import place
from support.traps import box
from support.workshop import Workshop

import polychip

NAME = "ai_eoTrainingDataset.json"


@pytest.fixture(scope="session")
def validator(schemas: Path) -> Draft7Validator:
    """Of whole documents, with formats (dates, references) checked."""
    known = [json.loads(path.read_text("utf-8")) for path in sorted((schemas / "tdml").glob("*"))]
    geojson = pystac.validation.local_validator.get_local_schema_cache()
    pairs = [(entry["$id"], entry) for entry in known] + list(geojson.items())
    registry: Registry[Any] = Registry().with_resources(
        (address, Resource.from_contents(entry)) for address, entry in pairs
    )
    (whole,) = [entry for entry in known if entry["$id"].endswith("/" + NAME)]
    return Draft7Validator(whole, registry=registry, format_checker=Draft7Validator.FORMAT_CHECKER)


def read(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "trainingdml.json").read_text("utf-8"))


def test_the_document_is_valid(validator: Draft7Validator, converted: Callable[..., Path]) -> None:
    assert [error.message for error in validator.iter_errors(read(converted("tdml")))] == []


def test_the_sample_s_document_is_valid(
    validator: Draft7Validator, sample: Path, tmp_path: Path
) -> None:
    polychip.convert(sample, "tdml", tmp_path / "out", files="reference", license="MIT")
    assert [error.message for error in validator.iter_errors(read(tmp_path / "out"))] == []


def test_a_scene_without_a_date_is_valid_too(validator: Draft7Validator, tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, where=place(32, 32))
    label = {"path": workshop.labels([box(2, 2, 5, 5)]), "class_name": "x"}
    made = workshop.build(workshop.image(), label)
    polychip.convert(made, "tdml", tmp_path / "out")
    told = read(tmp_path / "out")
    assert "dataTime" not in told["data"][0]
    assert [error.message for error in validator.iter_errors(told)] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("trainingType", "val"), ("labels", []), ("extent", [1, 2]), ("dataURL", "image.tif")],
)
def test_the_validator_sees_what_is_wrong(
    validator: Draft7Validator, converted: Callable[..., Path], field: str, value: Any
) -> None:
    told = read(converted("tdml"))
    told["data"][3][field] = value
    assert not validator.is_valid(told)
