"""The algorithms on labelling projects: what they write is what the page and the palette write."""

from __future__ import annotations

import gc

import pytest
from polychip_qgis.drawing.annotator_files import write_files
from polychip_qgis.drawing.journal import journal_path
from polychip_qgis.drawing.label_layers import LabelLayers, classes_of
from polychip_qgis.drawing.make import ProjectRequest, make_project, open_layers
from polychip_qgis.drawing.session import LabelSession
from polychip_qgis.drawing.templates import template
from polychip_qgis.project_algorithms.adopt_layer import AdoptLayerAlgorithm
from polychip_qgis.project_algorithms.create_project import CreateProjectAlgorithm
from polychip_qgis.project_algorithms.merge_annotators import MergeAnnotatorsAlgorithm
from polychip_qgis.project_algorithms.pre_label import PrelabelAlgorithm
from polychip_qgis.project_algorithms.quick_check import QuickCheckAlgorithm
from polychip_qgis.project_algorithms.task_grid import TaskGridAlgorithm
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from running import run

from test_quickchecks import rect


@pytest.fixture
def created(project, scene, tmp_path):
    """A flood project, made by the algorithm: its file and what the run answered."""
    path = tmp_path / "new" / "labels.gpkg"
    results, heard, _ = run(
        CreateProjectAlgorithm(),
        {"IMAGERY": [str(scene)], "CLASSES": "flood", "SIZE": 64, "OUTPUT": str(path)},
    )
    yield path, results, heard
    gc.collect()  # layers that an error's frames hold must go before QGIS does


def refusal(algorithm, parameters):
    """What an algorithm says that cannot be run; its frames let go of their layers at once."""
    try:
        run(algorithm, parameters)
    except QgsProcessingException as error:
        return str(error)
    return "it ran"


def rows_of(path, name):
    layer = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
    return [f.attributes() + [f.geometry().asWkt(3)] for f in layer.getFeatures()]


def test_a_project_is_the_one_that_the_page_makes(created, project, scene, tmp_path):
    path, results, heard = created
    assert results["COUNT"] == 5 * 4
    assert results["LABELS"] == f"{path}|layername=labels"
    image = QgsRasterLayer(str(scene), "scene")
    project.addMapLayer(image)
    flood = template("flood")
    (tmp_path / "page").mkdir()
    request = ProjectRequest(
        tmp_path / "page" / "labels.gpkg", [image], list(flood.classes), flood.mode, 64, "pad"
    )
    made = make_project(request, project)
    assert rows_of(path, "tasks") == rows_of(request.geopackage, "tasks")
    recipes = [p.read_text() for p in (path.with_name("recipe.toml"), made.recipe)]
    assert recipes[0].replace("../", "") == recipes[1].replace("../", "")
    labels, _, tasks = open_layers(path)
    assert classes_of(labels) == classes_of(made.labels)
    assert heard.told == ["Cells: 20"]


def test_a_project_begins_with_a_layer_and_takes_classes_of_its_field(
    project, scene, labels, tmp_path
):
    path = tmp_path / "labels.gpkg"
    _, heard, _ = run(CreateProjectAlgorithm(), {
        "IMAGERY": [str(scene)], "CLASSES": "field", "SIZE": 64, "OUTPUT": str(path),
        "ADOPT": f"{labels}|layername=buildings", "ADOPT_FIELD": "class",
    })  # fmt: skip
    made = open_layers(path)[0]
    assert [known.name for known in classes_of(made)] == ["building"]
    assert [f["status"] for f in made.getFeatures()] == ["carried"] * 8
    assert "8 polygons were taken over" in heard.told[1]
    assert 'mode = "semantic"' in (tmp_path / "recipe.toml").read_text()


def test_what_keeps_a_project_from_being_made_is_told(created, scene, tmp_path):
    path, _, _ = created
    parameters = {"IMAGERY": [str(scene)], "CLASSES": "flood", "SIZE": 64, "OUTPUT": str(path)}
    with pytest.raises(QgsProcessingException, match="is there already"):
        run(CreateProjectAlgorithm(), parameters)
    parameters["OUTPUT"] = str(tmp_path / "other.gpkg")
    with pytest.raises(QgsProcessingException, match="lists no classes|cannot be read"):
        run(CreateProjectAlgorithm(), {**parameters, "CLASSES": "file", "CLASS_FILE": "/no.csv"})
    with pytest.raises(QgsProcessingException, match="Give the layer whose field"):
        run(CreateProjectAlgorithm(), {**parameters, "CLASSES": "field"})
    assert not (tmp_path / "other.gpkg").exists()


def test_a_task_grid_is_that_of_a_project(created, scene):
    path, _, _ = created
    results, heard, context = run(
        TaskGridAlgorithm(),
        {"IMAGERY": [str(scene)], "SIZE": 64, "OUTPUT": "TEMPORARY_OUTPUT"},
    )
    layer = context.takeResultLayer(results["OUTPUT"])
    mine = [(f["cell"], f["row"], f["status"], f.geometry().asWkt(3)) for f in layer.getFeatures()]
    tasks = QgsVectorLayer(f"{path}|layername=tasks", "tasks", "ogr")
    assert mine == [
        (f["cell"], f["row"], f["status"], f.geometry().asWkt(3)) for f in tasks.getFeatures()
    ]
    assert results["COUNT"] == len(mine) == 20
    assert heard.shares[-1] == 100


def other_layer(rows):
    """A layer in degrees with the field 'kind'."""
    layer = QgsVectorLayer("Polygon?crs=EPSG:4326&field=kind:string", "OSM", "memory")
    move = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("EPSG:32630"), layer.crs(), QgsProject.instance()
    )
    for text, kind in rows:
        feature = QgsFeature(layer.fields())
        shape = QgsGeometry.fromWkt(text)
        shape.transform(move)
        feature.setGeometry(QgsGeometry.fromWkt(shape.asGeometryCollection()[0].asWkt(14)))
        feature["kind"] = kind
        layer.dataProvider().addFeature(feature)
    QgsProject.instance().addMapLayer(layer)
    return layer


def add_label(path, text, name="water"):
    labels = QgsVectorLayer(f"{path}|layername=labels", "labels", "ogr")
    feature = QgsFeature(labels.fields())
    feature.setGeometry(QgsGeometry.fromWkt(text))
    feature["class"], feature["instance_id"], feature["uuid"] = name, 41, "drawn"
    assert labels.dataProvider().addFeature(feature)


def test_a_layer_is_adopted_beside_what_is_drawn(created):
    path, _, _ = created
    add_label(path, rect(10, 10, 10, 10))
    other = other_layer([
        (rect(15, 10, 10, 10), "yes"),        # half of it is drawn
        (rect(11, 11, 3, 3), "yes"),          # all of it is drawn
        (rect(100, 10, 10, 10), "Water"),     # a class of the project, but for a capital
        (rect(120, 10, 10, 10), "unheard of"),
    ])  # fmt: skip
    results, heard, _ = run(AdoptLayerAlgorithm(), {
        "INPUT": other, "CLASS_FIELD": "kind", "PROJECT": str(path),
        "MAPPING": ["yes", "infrastructure"],
    })  # fmt: skip
    assert (results["COUNT"], results["LEFT_OUT"]) == (2, 2)
    assert len(heard.warnings) == 1
    rows = {
        (f["class"], f["instance_id"], f["tool"], f["status"], round(f.geometry().area() / 4, 1))
        for f in open_layers(path)[0].getFeatures()
        if f["uuid"] != "drawn"
    }
    assert rows == {
        ("infrastructure", 42, "from:OSM", "carried", 50.0),
        ("water", 43, "from:OSM", "carried", 100.0),
    }
    wrong = {"INPUT": other, "CLASS_FIELD": "kind", "PROJECT": str(path), "MAPPING": ["yes", "hut"]}
    assert "which the project does not have" in refusal(AdoptLayerAlgorithm(), wrong)


def test_one_class_for_all_and_overlap_where_it_is_wanted(created):
    path, _, _ = created
    add_label(path, rect(10, 10, 10, 10))
    other = other_layer([(rect(15, 10, 10, 10), "a"), (rect(11, 11, 3, 3), "b")])
    results, _, _ = run(AdoptLayerAlgorithm(), {
        "INPUT": other, "PROJECT": str(path), "MAPPING": ["", "debris"], "OVERLAP": True,
    })  # fmt: skip
    assert results["COUNT"] == 2
    areas = [
        round(f.geometry().area() / 4, 1) for f in open_layers(path)[0].getFeatures()
        if f["class"] == "debris"
    ]  # fmt: skip
    assert sorted(areas) == [9.0, 100.0]


def test_cancelling_an_adoption_changes_nothing(created):
    path, _, _ = created
    other = other_layer([(rect(15, 10, 10, 10), "water")])
    algorithm, context = AdoptLayerAlgorithm().create(), QgsProcessingContext()
    feedback = QgsProcessingFeedback()
    feedback.cancel()
    parameters = {"INPUT": other, "CLASS_FIELD": "kind", "PROJECT": str(path)}
    assert algorithm.prepare(parameters, context, feedback)
    assert algorithm.runPrepared(parameters, context, feedback)["COUNT"] == 0
    assert rows_of(path, "labels") == []


def test_annotators_files_come_back(created):
    path, _, _ = created
    labels, extent, tasks = open_layers(path)
    session = LabelSession(LabelLayers(labels, tasks, extent))
    session.book.hand_out(["ann", "bob"])
    session.save()
    files = write_files(session)
    for layer in session.layers.all:
        layer.rollBack()
    session.stop()
    for n, file in enumerate(files):
        add_label(file, rect(10 + 60 * n, 10, 10, 10))
    results, _, _ = run(
        MergeAnnotatorsAlgorithm(), {"PROJECT": str(path), "FILES": [str(f) for f in files]}
    )
    assert (results["ADDED"], results["RENUMBERED"], results["MISSING"]) == (1, 0, 0)
    # The second file's polygon has the uuid of the first: it is the same one.
    assert len(rows_of(path, "labels")) == 1
    assert not journal_path(path).exists()


def test_unsaved_edits_of_a_project_are_not_run_over(created):
    path, _, _ = created
    journal_path(path).write_text("{}")
    other = other_layer([(rect(15, 10, 10, 10), "water")])
    for algorithm, parameters in (
        (AdoptLayerAlgorithm(), {"INPUT": other, "CLASS_FIELD": "kind"}),
        (MergeAnnotatorsAlgorithm(), {"FILES": [str(path)]}),
    ):
        with pytest.raises(QgsProcessingException, match="unsaved edits"):
            run(algorithm, {**parameters, "PROJECT": str(path)})


def test_the_quick_check_takes_what_belongs_to_the_project(created, scene):
    path, _, _ = created
    add_label(path, rect(10, 10, 20, 0.4))
    results, heard, context = run(QuickCheckAlgorithm(), {
        "LABELS": f"{path}|layername=labels", "CLASS_FIELD": "class", "IMAGERY": [str(scene)],
        "OUTPUT": "TEMPORARY_OUTPUT",
    })  # fmt: skip
    layer = context.takeResultLayer(results["OUTPUT"])
    assert [(f["check"], f["label"]) for f in layer.getFeatures()] == [
        ("geometry.sliver", "drawn"),
        ("place.cell_not_done", "scene_r0000000_c0000000"),
    ]
    assert (results["COUNT"], results["ERRORS"], results["WARNINGS"]) == (2, 0, 1)
    assert heard.told == ["Quick checks: Sliver: 1, Drawn, not done: 1."]


@pytest.mark.parametrize("kind", [
    CreateProjectAlgorithm, TaskGridAlgorithm, AdoptLayerAlgorithm, PrelabelAlgorithm,
    QuickCheckAlgorithm, MergeAnnotatorsAlgorithm,
])  # fmt: skip
def test_each_has_help_and_a_stable_id(qgis_app, kind):
    algorithm = kind().create()
    assert algorithm.id() in ("createproject", "taskgrid", "adoptlayer", "prelabel",
                              "quickcheck", "mergeannotators")  # fmt: skip
    assert len(algorithm.shortHelpString()) > 100
    assert algorithm.helpUrl().endswith(f"#{kind.PAGE}")
