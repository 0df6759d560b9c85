"""The TrainingDML-AI document against the OGC's JSON schemas."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from schema_checks import tdml_validator
from support.rasters import place
from support.traps import box
from support.workshop import Workshop

import polychip

__all__ = ["tdml_validator"]


def read(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "trainingdml.json").read_text("utf-8"))


def test_the_document_is_valid(
    tdml_validator: Draft7Validator, converted: Callable[..., Path]
) -> None:
    assert [error.message for error in tdml_validator.iter_errors(read(converted("tdml")))] == []


def test_the_sample_s_document_is_valid(
    tdml_validator: Draft7Validator, sample: Path, tmp_path: Path
) -> None:
    polychip.convert(sample, "tdml", tmp_path / "out", files="reference", license="MIT")
    assert [error.message for error in tdml_validator.iter_errors(read(tmp_path / "out"))] == []


def test_a_scene_without_a_date_is_valid_too(
    tdml_validator: Draft7Validator, tmp_path: Path
) -> None:
    workshop = Workshop(tmp_path, where=place(32, 32))
    label = {"path": workshop.labels([box(2, 2, 5, 5)]), "class_name": "x"}
    made = workshop.build(workshop.image(), label)
    polychip.convert(made, "tdml", tmp_path / "out")
    told = read(tmp_path / "out")
    assert "dataTime" not in told["data"][0]
    assert [error.message for error in tdml_validator.iter_errors(told)] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [("trainingType", "val"), ("labels", []), ("extent", [1, 2]), ("dataURL", "image.tif")],
)
def test_the_validator_sees_what_is_wrong(
    tdml_validator: Draft7Validator, converted: Callable[..., Path], field: str, value: Any
) -> None:
    told = read(converted("tdml"))
    told["data"][3][field] = value
    assert not tdml_validator.is_valid(told)
