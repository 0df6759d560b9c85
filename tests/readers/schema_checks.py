"""STAC and TrainingDML-AI against their JSON schemas, offline."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyproj.datadir
import pystac
import pystac.validation
import pystac.validation.local_validator
import pytest
from jsonschema import Draft7Validator
from pystac.stac_io import DefaultStacIO, StacIO
from referencing import Registry, Resource

NAME = "ai_eoTrainingDataset.json"


@pytest.fixture(scope="session")
def tdml_validator(schemas: Path) -> Draft7Validator:
    """Of whole documents, with formats (dates, references) checked."""
    known = [json.loads(path.read_text("utf-8")) for path in sorted((schemas / "tdml").glob("*"))]
    geojson = pystac.validation.local_validator.get_local_schema_cache()
    pairs = [(entry["$id"], entry) for entry in known] + list(geojson.items())
    registry: Registry[Any] = Registry().with_resources(
        (address, Resource.from_contents(entry)) for address, entry in pairs
    )
    (whole,) = [entry for entry in known if entry["$id"].endswith("/" + NAME)]
    return Draft7Validator(whole, registry=registry, format_checker=Draft7Validator.FORMAT_CHECKER)


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
