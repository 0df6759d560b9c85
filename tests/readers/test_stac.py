"""The STAC catalogue, read and validated offline by pystac."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyproj.datadir
import pystac
import pystac.validation
import pytest
import rasterio
from pystac.errors import STACValidationError
from pystac.extensions.classification import ClassificationExtension
from pystac.extensions.file import FileExtension
from pystac.extensions.label import LabelExtension, LabelType
from pystac.extensions.projection import ProjectionExtension
from pystac.stac_io import DefaultStacIO, StacIO
from support.rasters import place
from support.truth import truths


class Offline(DefaultStacIO):
    """Schemas come from files; nothing else may be fetched."""

    known: dict[str, str]

    def read_text_from_href(self, href: str, *args: Any, **kwargs: Any) -> str:
        """A file, or a schema by its address."""
        if "://" not in href:
            return super().read_text_from_href(href, *args, **kwargs)
        return self.known[href.rstrip("#")]


@pytest.fixture
def offline(schemas: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """pystac with the schemas of the extensions."""
    texts = [path.read_text("utf-8") for path in sorted((schemas / "stac").glob("*.json"))]
    known = {json.loads(text)["$id"].rstrip("#"): text for text in texts}
    projjson = Path(pyproj.datadir.get_data_dir(), "projjson.schema.json")
    known["https://proj.org/schemas/v0.7/projjson.schema.json"] = projjson.read_text("utf-8")
    monkeypatch.setattr(Offline, "known", known, raising=False)
    before = StacIO._default_io
    StacIO.set_default(Offline)
    pystac.validation.set_validator(pystac.validation.stac_validator.JsonSchemaSTACValidator())
    yield
    StacIO.set_default(before or DefaultStacIO)


def validate(folder: Path) -> int:
    """Number of items that were validated, each with its extensions."""
    collection = json.loads((folder / "collection.json").read_text("utf-8"))
    pystac.validation.validate_dict(collection)
    found = 0
    for path in folder.glob("items/*/*/*.json"):
        item = json.loads(path.read_text("utf-8"))
        assert len(pystac.validation.validate_dict(item)) == 1 + len(item["stac_extensions"])
        found += 1
    return found


def test_every_item_is_valid_with_all_its_extensions(
    offline: None, converted: Callable[..., Path]
) -> None:
    assert validate(converted("stac")) == 6


def test_the_sample_s_catalogue_is_valid(offline: None, sample: Path, tmp_path: Path) -> None:
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
def test_the_validator_sees_what_is_wrong(
    offline: None, converted: Callable[..., Path], field: str, value: Any
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
