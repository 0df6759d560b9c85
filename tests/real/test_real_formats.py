"""Real datasets in other formats, read by pycocotools, Pillow and GeoPandas."""

import contextlib
import io
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from support.truth import truths
from support.workshop import Workshop

import polychip

CASES = {
    "mass-buildings": ("22978945_15.tif", "massachusetts_buildings.gpkg", 256),
    "nb-bakerlake": ("23322E759967N_clipped_1m_1of2.tif", "BakerLake_2017_clipped.gpkg", 128),
    "sen1floods11-spain": ("Spain_7370579_S2Hand.tif", "Spain_7370579_water_DERIVED.gpkg", 128),
}


@pytest.fixture(params=CASES)
def built(request: pytest.FixtureRequest, workshop: Workshop, data: Path) -> Path:
    """One of the real places with objects."""
    image, labels, size = CASES[request.param]
    folder = data / request.param
    tables: dict[str, Any] = {"chips": {"size": size}, "masks": {"mode": "instance"}}
    return workshop.build(str(folder / image), str(folder / labels), **tables)


def test_readers_agree_on_masks_objects_and_places(built: Path, tmp_path: Path) -> None:
    for name in ("coco", "png", "gpkg"):
        done = polychip.convert(built, name, tmp_path / name)
        assert not any(done.left_out.values())
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(tmp_path / "coco/annotations/instances_train.json"))
    images = {Path(i["file_name"]).stem: i["id"] for i in coco.dataset["images"]}
    grid = geopandas.read_file(tmp_path / "gpkg/chips.gpkg", layer="chips")
    n_objects = 0
    for number, truth in enumerate(truths(built)):
        found = coco.loadAnns(coco.getAnnIds(imgIds=images[truth.stem]))
        assert len(found) == len(truth.objects)
        for annotation, known in zip(found, truth.objects, strict=True):
            assert np.array_equal(coco.annToMask(annotation), truth.whole(known))
            n_objects += 1
        with Image.open(tmp_path / f"png/ann_dir/train/{truth.stem}.png") as picture:
            mask = np.array(picture)
        assert np.array_equal(mask == 255, truth.semantic == 255)
        pairs = set(zip(truth.semantic.ravel().tolist(), mask.ravel().tolist(), strict=True))
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
        assert grid["chip_id"][number] == truth.row["chip_id"]
    assert n_objects > 20
    with contextlib.redirect_stdout(io.StringIO()):
        detections = [a | {"score": 1.0} for a in coco.dataset["annotations"]]
        scored = COCOeval(coco, coco.loadRes(detections), "segm")
        scored.params.maxDets = [1, 100, 2000]
        scored.evaluate()
    matched = [e for e in scored.evalImgs if e is not None and e["aRng"] == [0, 1e10]]
    assert matched
    for entry in matched:
        assert (entry["dtMatches"] > 0).all()
