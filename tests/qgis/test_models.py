"""The algorithms as steps of a QGIS model: what one gives, the next takes."""

from __future__ import annotations

import pytest
from polychip_qgis.provider import PolychipProvider
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelParameter,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterVectorLayer,
    QgsProject,
    QgsRasterLayer,
    QgsSettings,
    QgsVectorLayer,
)
from running import Heard

FROM = QgsProcessingModelChildParameterSource


@pytest.fixture
def registered(qgis_app, project, engine_program):
    """The provider, as QGIS knows it, with the real engine in the settings."""
    QgsSettings().setValue("polychip/engine", str(engine_program))
    provider = PolychipProvider()
    registry = QgsApplication.processingRegistry()
    assert registry.addProvider(provider)
    yield
    registry.removeProvider(provider)
    QgsSettings().remove("polychip/engine")


def step(model, name, **sources):
    """Add an algorithm; returns its name in the model."""
    child = QgsProcessingModelChildAlgorithm(f"polychip:{name}")
    child.setChildId(name)
    for parameter, source in sources.items():
        child.addParameterSources(parameter, [source])
    assert child.algorithm() is not None
    model.addChildAlgorithm(child)
    return name


def test_a_model_checks_exports_verifies_and_vectorizes(registered, scene, labels, tmp_path):
    image = QgsRasterLayer(str(scene), "scene")
    polygons = QgsVectorLayer(str(labels), "buildings", "ogr")
    QgsProject.instance().addMapLayers([image, polygons])
    model = QgsProcessingModelAlgorithm("chips", "chips")
    for parameter in (
        QgsProcessingParameterRasterLayer("image", "Image"),
        QgsProcessingParameterVectorLayer("labels", "Labels"),
        QgsProcessingParameterFolderDestination("dataset", "Dataset"),
    ):
        model.addModelParameter(parameter, QgsProcessingModelParameter(parameter.name()))
    taken = {
        "IMAGERY": FROM.fromModelParameter("image"),
        "LABELS": FROM.fromModelParameter("labels"),
        "CLASS_FIELD": FROM.fromStaticValue("class"),
    }
    problems = FROM.fromStaticValue(str(tmp_path / "problems.gpkg"))
    step(model, "check", **taken, OUTPUT=problems)
    exported = step(
        model, "exportchips", **taken, SIZE=FROM.fromStaticValue(64),
        OUTPUT=FROM.fromModelParameter("dataset"),
    )  # fmt: skip
    dataset = FROM.fromChildOutput(exported, "OUTPUT")
    step(model, "verifydataset", DATASET=dataset)
    again = FROM.fromStaticValue(str(tmp_path / "again.gpkg"))
    step(model, "vectorize", DATASET=dataset, OUTPUT=again)
    context, feedback = QgsProcessingContext(), Heard()
    context.setProject(QgsProject.instance())
    parameters = {
        "image": image.id(), "labels": polygons.id(), "dataset": str(tmp_path / "dataset"),
    }  # fmt: skip
    results, worked = model.run(parameters, context, feedback)
    assert worked, feedback.errors
    children = results["CHILD_RESULTS"]
    assert children["check"]["ERRORS"] == 0
    assert children["exportchips"]["COUNT"] == 20
    assert children["verifydataset"]["OK"] is True
    assert children["vectorize"]["COUNT"] == 8
