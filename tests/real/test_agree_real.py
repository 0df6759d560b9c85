"""`agree` on real labels: moved by known amounts, and against a hand-made raster."""

from pathlib import Path

import geopandas
import pytest

from polychip.quality.agreement.agree import agree
from polychip.quality.agreement.subject import Request
from polychip.recipe import LabelSource

SETS = {
    "nb-bakerlake": ("BakerLake_2017_clipped.gpkg", "23322E759967N_clipped_1m_1of2.tif", None),
    "sen1floods11-spain": ("Spain_7370579_water_DERIVED.gpkg", "Spain_7370579_S2Hand.tif", "class"),
    "mass-buildings": ("massachusetts_buildings.gpkg", "23429155_15.tif", None),
    "everest-glaciers": ("glacier_outlines.gpkg", "LE71400412000304SGS00_RGB.TIF", None),
    "itaipu-landsat8": ("stac_training.geojson", "LC08_L1TP_224077_20200518_20200518_01_RT_B2.TIF", None),
    "alexandria-hag": ("buildings.geojson", "hag.tif", None),
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_labels_agree_with_themselves(data: Path, name: str) -> None:
    labels, image, field = SETS[name]
    source = LabelSource(path=str(data / name / labels), class_field=field)
    report, _ = agree(Request(labels=(source, source), image=str(data / name / image)))
    assert report.accuracy == 1.0
    assert report.kappa in (1.0, None)
    assert all(entry.hausdorff_95 in (0.0, None) for entry in report.classes)
    assert str(report)


def test_houses_moved_by_two_metres_lie_two_pixels_away(data: Path, tmp_path: Path) -> None:
    labels, image, _ = SETS["mass-buildings"]
    frame = geopandas.read_file(data / "mass-buildings" / labels)
    frame["geometry"] = frame.translate(2.0, 0.0)
    moved = tmp_path / "moved.gpkg"
    frame.to_file(moved, layer=geopandas.list_layers(data / "mass-buildings" / labels)["name"][0])
    sources = (
        LabelSource(path=str(data / "mass-buildings" / labels), class_name="house"),
        LabelSource(path=str(moved), class_name="house"),
    )
    report, _ = agree(
        Request(labels=sources, image=str(data / "mass-buildings" / image), boundary_px=2)
    )
    house = next(entry for entry in report.classes if entry.name == "house")
    assert house.boundary_f == pytest.approx(1.0, abs=0.01)
    assert house.hausdorff_95 == pytest.approx(2.0, abs=0.3)
    assert house.overlap.iou == pytest.approx(0.71, abs=0.08)
    assert house.panoptic is not None
    assert house.panoptic.rq is not None
    assert house.panoptic.rq > 0.9
