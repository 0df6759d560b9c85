"""The algorithm polychip:prelabel: what it writes is what the palette makes."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import ROOT
from osgeo import gdal
from polychip_qgis.prelabels.formula import parse
from polychip_qgis.prelabels.pixels import Dates, histogram_of, image_for, values_of, whole
from polychip_qgis.prelabels.threshold import histogram, otsu
from polychip_qgis.project_algorithms.pre_label import PrelabelAlgorithm
from polychip_qgis.project_algorithms.task_grid import TaskGridAlgorithm
from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsRasterLayer,
    QgsVectorLayer,
)
from running import run

AFTER = ROOT / "sample_data" / "after_20241031.tif"
BEFORE = ROOT / "sample_data" / "before_20240915.tif"
NDWI = "(green - nir) / (green + nir)"
RAW = {"SMALLEST": 0, "FILL_HOLES": 0, "SMOOTH": False, "OUTPUT": "TEMPORARY_OUTPUT"}


@pytest.fixture
def image(tmp_path):
    """A copy of the sample: QGIS may write side files beside it."""
    path = tmp_path / "after.tif"
    gdal.Translate(str(path), str(AFTER))
    return path


def ndwi(path=AFTER):
    found = image_for(QgsRasterLayer(str(path), "x"))
    return values_of(Dates(found), parse(NDWI), whole(found))


def shapes_of(results, context):
    layer = context.takeResultLayer(results["OUTPUT"])
    return [(f.attributes(), QgsGeometry(f.geometry())) for f in layer.getFeatures()]


def burned_by_rasterio(ask_oracle, rows, shape=(560, 640)):
    answer = ask_oracle("burned", path=str(AFTER), shapes=[g.asWkt(17) for _, g in rows])
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(answer), np.uint8))
    return bits[: shape[0] * shape[1]].reshape(shape).astype(bool)


def test_the_whole_image_by_otsu(project, image, ask_oracle):
    results, heard, context = run(PrelabelAlgorithm(), {"IMAGE": str(image), **RAW})
    threshold = float(f"{otsu(histogram(ndwi())):.4g}")
    assert results["USED_THRESHOLD"] == threshold
    rows = shapes_of(results, context)
    assert results["COUNT"] == len(rows)
    assert {tuple(row) for row, _ in rows} == {
        ("water", f"prelabel:NDWI>{threshold:.4g}", "after", "")
    }
    np.testing.assert_array_equal(burned_by_rasterio(ask_oracle, rows), ndwi() > threshold)
    assert heard.shares[-1] == 100


def test_otsu_of_parts_is_otsu_of_the_whole(qgis_app, monkeypatch):
    image = image_for(QgsRasterLayer(str(AFTER), "x"))
    once = histogram_of(Dates(image), parse(NDWI))
    monkeypatch.setattr("polychip_qgis.prelabels.pixels.STRIP_PX", 10_000)
    parts = histogram_of(Dates(image), parse(NDWI))
    np.testing.assert_array_equal(once.counts, parts.counts)
    assert once[1:] == parts[1:]


def test_cells_to_do_alone_and_labels_that_are_there(project, image, ask_oracle):
    grid, _, context = run(
        TaskGridAlgorithm(), {"IMAGERY": [str(image)], "SIZE": 128, "OUTPUT": "TEMPORARY_OUTPUT"}
    )
    cells = context.takeResultLayer(grid["OUTPUT"])
    first, second = list(cells.getFeatures())[:2]
    with_status = cells.fields().lookupField("status")
    cells.dataProvider().changeAttributeValues({first.id(): {with_status: "done"}})
    labels = QgsVectorLayer("Polygon?crs=EPSG:32630", "labels", "memory")
    drawn = QgsGeometry(second.geometry())
    drawn.translate(403, 507)
    feature = QgsFeature()
    feature.setGeometry(drawn)
    labels.dataProvider().addFeature(feature)
    project.addMapLayers([cells, labels])
    results, _, context = run(PrelabelAlgorithm(), {
        "IMAGE": str(image), "CELLS": cells, "LABELS": labels, "THRESHOLD": -0.4, "CLASS": "flood",
        **RAW,
    })  # fmt: skip
    rows = shapes_of(results, context)
    assert {row[0] for row, _ in rows} == {"flood"}
    assert first["cell"] not in {row[3] for row, _ in rows}
    assert sum(g.intersection(drawn).area() for _, g in rows) == pytest.approx(0, abs=1e-6)
    mask = ndwi() > -0.4
    mask[:128, :128] = False
    mask &= ~burned_by_rasterio(ask_oracle, [([], drawn)])
    np.testing.assert_array_equal(burned_by_rasterio(ask_oracle, rows), mask)


def test_two_dates_below_a_threshold(project, image, tmp_path, ask_oracle):
    before = tmp_path / "before.tif"
    gdal.Translate(str(before), str(BEFORE))
    parameters = {"IMAGE": str(image), "OTHER": str(before), "FORMULA": "nir - red", **RAW}
    results, _, context = run(
        PrelabelAlgorithm(), {**parameters, "THRESHOLD": 0, "BELOW": True, "ONLY_NEW": True}
    )
    now, old = (gdal.Open(str(p)).ReadAsArray().astype(float) for p in (AFTER, BEFORE))
    known = (now != 0).all(axis=0) & (old != 0).all(axis=0)
    wanted = (now[3] - now[2] < 0) & ~(old[3] - old[2] < 0) & known
    rows = shapes_of(results, context)
    assert {row[1] for row, _ in rows} == {"prelabel:nir-red<0, not before"}
    found = burned_by_rasterio(ask_oracle, rows)
    assert wanted.sum() > 100
    np.testing.assert_array_equal(found[known], wanted[known])


def test_what_keeps_it_from_running_is_told(project, image, make_raster):
    for values, why in (
        ({"FORMULA": "green -"}, "is wrong at character"),
        ({"FORMULA": "swir"}, "no band “swir”"),
        ({"FORMULA": "b1 - b1"}, "same value everywhere"),
        ({"ONLY_NEW": True}, "Give the other date"),
    ):
        with pytest.raises(QgsProcessingException, match=why):
            run(PrelabelAlgorithm(), {"IMAGE": str(image), **RAW, **values})


def test_cancelling_stops_before_the_next_cell(project, image):
    algorithm, context = PrelabelAlgorithm().create(), QgsProcessingContext()
    feedback = QgsProcessingFeedback()
    feedback.cancel()
    parameters = {"IMAGE": str(image), "THRESHOLD": 0, **RAW}
    assert algorithm.prepare(parameters, context, feedback)
    assert algorithm.runPrepared(parameters, context, feedback)["COUNT"] == 0
