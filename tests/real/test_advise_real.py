"""`advise` on the real sets; its figures counted with GDAL's burn and SciPy."""

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio.features
import scipy.ndimage
from support.real import place_of

from polychip.quality.advice.advise import advise
from polychip.quality.advice.judge import Advice
from polychip.quality.checks.subject import Request
from polychip.recipe import LabelSource

SETS = {
    "nb-bakerlake": ("BakerLake_2017_clipped.gpkg", "23322E759967N_clipped_1m_1of2.tif", None),
    "sen1floods11-spain": ("Spain_7370579_water_DERIVED.gpkg", "Spain_7370579_S2Hand.tif", "class"),
    "mass-buildings": ("massachusetts_buildings.gpkg", "23429155_15.tif", None),
    "everest-glaciers": ("glacier_outlines.gpkg", "LE71400412000304SGS00_RGB.TIF", None),
    "itaipu-landsat8": ("stac_training.geojson", "LC08_L1TP_224077_20200518_20200518_01_RT_B2.TIF", None),
    "alexandria-hag": ("buildings.geojson", "hag.tif", None),
}  # fmt: skip


def advice_on(data: Path, name: str) -> Advice:
    labels, image, field = SETS[name]
    source = LabelSource(path=str(data / name / labels), class_field=field)
    return advise(Request(source, images=(str(data / name / image),)))[0]


@pytest.mark.parametrize(
    ("name", "strategies"),
    [
        ("mass-buildings", {"semantic"}),  # houses that stand apart
        ("everest-glaciers", {"semantic"}),
        ("sen1floods11-spain", {"semantic"}),
        ("itaipu-landsat8", {"semantic"}),
        ("alexandria-hag", {"semantic", "instance"}),
        ("nb-bakerlake", {"semantic", "panoptic"}),
    ],
)
def test_the_real_sets_get_an_answer_one_can_defend(
    data: Path, name: str, strategies: set[str]
) -> None:
    advice = advice_on(data, name)
    assert advice.strategy in strategies, str(advice)
    assert advice.to_dict()["evidence"]["classes"]


def test_the_houses_of_massachusetts_counted_another_way(data: Path) -> None:
    advice = advice_on(data, "mass-buildings")
    folder = data / "mass-buildings"
    where = place_of(folder / SETS["mass-buildings"][1])
    frame = geopandas.read_file(folder / SETS["mass-buildings"][0])
    with rasterio.open(folder / SETS["mass-buildings"][1]) as file:
        frame = frame.to_crs(file.crs)
    shapes: list[Any] = list(frame.geometry)
    order = np.argsort([-shape.area for shape in shapes], kind="stable")
    numbers = rasterio.features.rasterize(
        ((shapes[i], i + 1) for i in order), out_shape=where.shape, transform=where.transform,
        fill=0, dtype="int32",
    )  # fmt: skip
    seen = set(np.unique(numbers).tolist()) - {0}
    parts, n_parts = scipy.ndimage.label(numbers > 0)
    pairs = {
        tuple(pair)
        for pair in zip(parts.ravel().tolist(), numbers.ravel().tolist(), strict=True)
        if pair[1]
    }
    per_part: dict[int, set[int]] = {}
    for part, number in pairs:
        per_part.setdefault(part, set()).add(number)
    touching = set().union(*(group for group in per_part.values() if len(group) > 1))
    [entry] = advice.evidence.classes
    assert abs(entry.objects - len(seen)) <= 3  # those that reach in without holding a centre
    assert entry.touching == len(touching)
    assert abs(entry.groups - n_parts) <= 2  # objects in several parts
    assert entry.pixels == int((numbers > 0).sum())
