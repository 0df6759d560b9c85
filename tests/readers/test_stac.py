"""The STAC catalogue, read and validated offline by pystac."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pystac.validation
import pytest
import rasterio
from pystac.errors import STACValidationError
from pystac.extensions.classification import ClassificationExtension
from pystac.extensions.file import FileExtension
from pystac.extensions.label import LabelExtension, LabelType
from pystac.extensions.projection import ProjectionExtension
from schema_checks import offline, validate
from support.rasters import place
from support.truth import truths

__all__ = ["offline"]


@pytest.mark.usefixtures("offline")
def test_every_item_is_valid_with_all_its_extensions(converted: Callable[..., Path]) -> None:
    assert validate(converted("stac")) == 6


@pytest.mark.usefixtures("offline")
def test_the_sample_s_catalogue_is_valid(sample: Path, tmp_path: Path) -> None:
    import polychip

    done = polychip.convert(sample, "stac", tmp_path / "out", files="reference")
    assert validate(tmp_path / "out") == done.n_chips
    collection = pystac.Collection.from_file(str(tmp_path / "out/collection.json"))
    for item in collection.get_items():
        href = item.assets["semantic"].get_absolute_href()
        assert href is not None
        assert Path(os.path.normpath(href)).is_file()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ml-aoi:split", "val"),
        ("label:type", "pixels"),
        ("proj:code", 32630),
        ("datetime", None),
        ("label:properties", []),
    ],
)
@pytest.mark.usefixtures("offline")
def test_the_validator_sees_what_is_wrong(
    converted: Callable[..., Path], field: str, value: Any
) -> None:
    path = next(converted("stac").glob("items/*/*/*.json"))
    item = json.loads(path.read_text("utf-8"))
    item["properties"] |= {field: value}
    if field == "datetime":
        del item["properties"]["start_datetime"]
    with pytest.raises(STACValidationError):
        pystac.validation.validate_dict(item)


def test_pystac_gives_back_pixels_classes_and_places(
    traps_dataset: Path, converted: Callable[..., Path]
) -> None:
    collection = pystac.Collection.from_file(str(converted("stac") / "collection.json"))
    found = {item.id: item for item in collection.get_items()}
    known = list(truths(traps_dataset))
    assert set(found) == {truth.stem for truth in known}
    for truth in known:
        item = found[truth.stem]
        arrays = {"image": truth.image, "semantic": truth.semantic, "instance": truth.instance}
        for kind, expected in arrays.items():
            asset = item.assets[kind]
            with rasterio.open(asset.get_absolute_href()) as file:
                assert np.array_equal(file.read().squeeze(), expected)
                projection = ProjectionExtension.ext(item)
                assert projection.transform == list(file.transform)[:6]
                assert projection.shape == list(file.shape)
            assert FileExtension.ext(asset).size == Path(asset.get_absolute_href()).stat().st_size
        assert projection.code == place().crs
        label = LabelExtension.ext(item)
        assert label.label_type == LabelType.RASTER
        assert [source.id for source in label.get_sources()] == [item.id]
        classes = ClassificationExtension.ext(item.assets["semantic"]).classes
        assert classes is not None
        assert {entry.value for entry in classes} >= set(np.unique(truth.semantic).tolist())
