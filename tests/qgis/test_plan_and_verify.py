"""polychip:planchips and polychip:verifydataset, run by QGIS's own runner with the real engine."""

from __future__ import annotations

import pytest
from conftest import is_alive, wait_until
from polychip_qgis.plan_chips import PlanChipsAlgorithm
from polychip_qgis.verify_dataset import VerifyDatasetAlgorithm
from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsRasterLayer,
    QgsRectangle,
    QgsSettings,
    QgsVectorLayer,
)
from running import Heard, run


@pytest.fixture
def layers(project, scene, labels, engine_program):
    """Image, labels, and an extent that leaves two chip columns out."""
    QgsSettings().setValue("polychip/engine", str(engine_program))
    image = QgsRasterLayer(str(scene), "scene")
    polygons = QgsVectorLayer(str(labels), "buildings", "ogr")
    extent = QgsVectorLayer("Polygon?crs=EPSG:32630", "extent", "memory")
    shape = QgsFeature()
    shape.setGeometry(QgsGeometry.fromRect(QgsRectangle(500000, 4399600, 500256, 4400000)))
    extent.dataProvider().addFeatures([shape])
    project.addMapLayers([image, polygons, extent])
    yield {"IMAGERY": image, "LABELS": polygons, "EXTENT": extent}
    QgsSettings().remove("polychip/engine")


def test_a_plan_tells_each_chip_with_its_split_and_writes_nothing_else(layers, tmp_path):
    parameters = layers | {
        "CLASS_FIELD": "class", "SIZE": 64, "SPLIT": "blocks", "OUTPUT": "memory:",
    }  # fmt: skip
    before = sorted(tmp_path.rglob("*"))
    results, feedback, context = run(PlanChipsAlgorithm(), parameters)
    layer = context.temporaryLayerStore().mapLayers()[results["OUTPUT"]]
    rows = [(f["chip_id"], f["split"], f["skipped"] or "") for f in layer.getFeatures()]
    kept = [row for row in rows if not row[2]]
    assert len(rows) == 20
    assert results["COUNT"] == len(kept)
    assert results["LEFT_OUT"] == len(rows) - len(kept)
    assert {row[1] for row in kept} == {"train", "val", "test"}
    assert results["SUMMARY"].startswith("background ")
    assert any("building" in text for text in feedback.told)
    assert sorted(tmp_path.rglob("*")) == before
    assert layer.crs().authid() == "EPSG:32630"


def test_what_the_engine_refuses_stops_the_plan_in_its_words(layers):
    parameters = layers | {"CLASS_FIELD": "class", "SPLIT": "sideways", "OUTPUT": "memory:"}
    with pytest.raises(QgsProcessingException, match="must be none, blocks, random, scene"):
        run(PlanChipsAlgorithm(), parameters)


def test_a_dataset_that_was_exported_is_verified_and_a_changed_one_is_not(
    layers, run_cli, tmp_path, project
):
    from polychip_qgis.export_chips import ExportChipsAlgorithm

    output = tmp_path / "dataset"
    run(
        ExportChipsAlgorithm(),
        layers | {"CLASS_FIELD": "class", "SIZE": 64, "SPLIT": "random", "OUTPUT": str(output)},
    )
    assert sorted(p.name for p in (output / "splits").iterdir()) == [
        "test.txt", "train.txt", "val.txt",
    ]  # fmt: skip
    verify = VerifyDatasetAlgorithm
    results, feedback, _ = run(verify(), {"DATASET": str(output), "ALL": True})
    assert (results["OK"], results["PROBLEMS"], results["MESSAGES"]) == (True, 0, "")
    assert len(feedback.told) > 5
    mask = next((output / "masks").rglob("*.tif"))
    mask.write_bytes(mask.read_bytes()[:-1] + b"\x7f")
    results, feedback, _ = run(verify(), {"DATASET": str(output)})
    assert results["OK"] is False
    assert results["PROBLEMS"] == len(feedback.errors) > 0
    assert mask.stem in results["MESSAGES"]


def test_a_folder_without_a_dataset_is_told_in_the_engines_words(layers, tmp_path):
    with pytest.raises(QgsProcessingException, match=r"manifest\.json|no dataset"):
        run(VerifyDatasetAlgorithm(), {"DATASET": str(tmp_path)})


@pytest.mark.parametrize("name", ["planchips", "verifydataset"])
def test_cancelling_ends_the_engine_and_gives_nothing(
    layers, name, make_program, tmp_path, qgis_app
):
    pid = tmp_path / "pid"
    program = make_program("polychip", f"echo $$ > {pid}\nexec sleep 60")
    QgsSettings().setValue("polychip/engine", str(program))
    kinds = {"planchips": PlanChipsAlgorithm, "verifydataset": VerifyDatasetAlgorithm}
    algorithm = kinds[name]().create()
    parameters = {"DATASET": str(tmp_path)}
    if name == "planchips":
        parameters = layers | {"CLASS_FIELD": "class", "OUTPUT": "memory:"}
    context, feedback = QgsProcessingContext(), Heard()
    ends = []
    task = QgsProcessingAlgRunnerTask(algorithm, parameters, context, feedback)
    task.executed.connect(lambda *told: ends.append(told))
    QgsApplication.taskManager().addTask(task)
    wait_until(lambda: pid.exists() and pid.read_text().strip() != "", "the engine runs")
    feedback.cancel()
    wait_until(lambda: ends, "it has ended")
    number = int(pid.read_text())
    wait_until(lambda: not is_alive(number), "the engine is gone")
