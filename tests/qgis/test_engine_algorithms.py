"""The engine's other commands as algorithms, with the real engine; figures that can be counted."""

from __future__ import annotations

import json
import subprocess

import pytest
from conftest import is_alive, wait_until
from osgeo import ogr
from polychip_qgis.advise_labels import AdviseAlgorithm
from polychip_qgis.agree_labels import AgreeAlgorithm
from polychip_qgis.check_labels import CheckAlgorithm
from polychip_qgis.convert_dataset import FORMATS, ConvertDatasetAlgorithm
from polychip_qgis.engine_algorithm import EngineAlgorithm
from polychip_qgis.provider import ALGORITHMS
from polychip_qgis.report_dataset import ReportAlgorithm
from polychip_qgis.vectorize import VectorizeAlgorithm
from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsSettings,
    QgsVectorLayer,
)
from running import Heard, run

IMAGE_PX = 300 * 200


@pytest.fixture
def engine(qgis_app, engine_program):
    """The real engine in the settings."""
    QgsSettings().setValue("polychip/engine", str(engine_program))
    yield engine_program
    QgsSettings().remove("polychip/engine")


@pytest.fixture
def image(project, scene):
    layer = QgsRasterLayer(str(scene), "scene")
    project.addMapLayer(layer)
    return layer


def memory_layer(name, *shapes, crs="EPSG:32630"):
    """A layer of (class, WKT)."""
    layer = QgsVectorLayer(f"Polygon?crs={crs}&field=class:string&field=uid:integer", name, "memory")
    for number, (kind, text) in enumerate(shapes):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([kind, number])
        feature.setGeometry(QgsGeometry.fromWkt(text))
        layer.dataProvider().addFeatures([feature])
    QgsProject.instance().addMapLayer(layer)
    return layer


def square(left, top, side):
    """WKT; `left` and `top` in metres from the image's corner."""
    x, y = 500000 + left, 4400000 - top
    return QgsGeometry.fromRect(QgsRectangle(x, y - side, x + side, y)).asWkt()


def rows(uri, *fields):
    """Fields of a layer of a GeoPackage, read by GDAL."""
    path, layer = uri.split("|layername=")
    source = ogr.Open(path)
    return [tuple(feature[name] for name in fields) for feature in source.GetLayerByName(layer)]


# --- labels


@pytest.fixture
def faulty(image):
    """A good square, a bow tie that is not saved, two squares of one class that overlap."""
    layer = memory_layer(
        "drawn",
        ("house", square(20, 20, 40)),
        ("house", square(200, 20, 40)),
        ("house", square(220, 20, 40)),
    )
    layer.startEditing()
    bow = QgsFeature(layer.fields())
    bow.setAttributes(["house", 9])
    bow.setGeometry(
        QgsGeometry.fromWkt(
            "POLYGON((500100 4399900, 500140 4399860, 500140 4399900, 500100 4399860, 500100 4399900))"
        )
    )
    layer.addFeature(bow)
    return layer


def test_problems_name_the_polygons_by_their_ids_in_qgis_unsaved_ones_too(
    engine, image, faulty, tmp_path
):
    results, feedback, _ = run(CheckAlgorithm(), {
        "LABELS": faulty, "CLASS_FIELD": "class", "IMAGERY": [image],
        "OUTPUT": str(tmp_path / "problems.gpkg"), "FIGURES": str(tmp_path / "figures.json"),
    })  # fmt: skip
    found = rows(results["OUTPUT"], "check", "source_fid", "other_fid")
    ids = {f["uid"]: str(f.id()) for f in faulty.getFeatures()}
    assert int(ids[9]) < 0  # it is not saved
    assert ("geometry.invalid", ids[9], None) in found
    assert [row[1:] for row in found if row[0] == "topology.overlap"] in (
        [(ids[1], ids[2])], [(ids[2], ids[1])],
    )  # fmt: skip
    assert results["ERRORS"] == 1
    assert "geometry.invalid: 1" in feedback.errors
    assert "topology.overlap: 1" in feedback.warnings
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert len(figures["problems"]) == len(found)
    assert faulty.isModified()
    assert len(rows(results["PROBLEM_AREAS"], "check")) > 0


def test_layers_of_a_check_come_onto_the_map_with_the_engines_style(
    engine, image, faulty, tmp_path, project
):
    target = QgsProcessingOutputLayerDefinition(str(tmp_path / "problems.gpkg"), project)
    parameters = {"LABELS": faulty, "CLASS_FIELD": "class", "IMAGERY": [image], "OUTPUT": target}
    results, feedback, context = run(CheckAlgorithm(), parameters)
    waiting = context.layersToLoadOnCompletion()
    assert set(waiting) == {results["OUTPUT"], results["PROBLEM_AREAS"]}
    layer = QgsVectorLayer(results["OUTPUT"], "problems", "ogr")
    waiting[results["OUTPUT"]].postProcessor().postProcessLayer(layer, context, feedback)
    assert layer.renderer().type() == "categorizedSymbol"
    assert layer.renderer().classAttribute() == "severity"


def test_two_squares_that_share_half_agree_by_a_third(engine, image, tmp_path):
    one = memory_layer("ann", ("house", square(40, 40, 40)))
    other = memory_layer("bob", ("house", square(60, 40, 40)))
    results, feedback, _ = run(AgreeAlgorithm(), {
        "LABELS": [one, other], "CLASS_FIELD": "class", "IMAGERY": image,
        "OUTPUT": str(tmp_path / "agree.gpkg"), "MATRIX": str(tmp_path / "matrix.svg"),
    })  # fmt: skip
    assert results["ACCURACY"] == pytest.approx((IMAGE_PX - 400) / IMAGE_PX)
    assert results["PQ"] == 0.0  # an IoU of a third is no match
    assert any(text.startswith("house: IoU 0.333, F1 0.500") for text in feedback.told)
    assert {"A: ann", "B: bob"} <= set(feedback.told)
    path, layer = results["OUTPUT"].split("|layername=")
    source = ogr.Open(path)
    areas = [feature.GetGeometryRef().GetArea() for feature in source.GetLayerByName(layer)]
    assert sum(areas) == pytest.approx(2 * 20 * 40)
    assert (tmp_path / "matrix.svg").read_text().startswith(("<svg", "<?xml"))


def test_one_layer_agrees_with_nobody(engine, image, tmp_path):
    one = memory_layer("ann", ("house", square(40, 40, 40)))
    with pytest.raises(QgsProcessingException):
        run(AgreeAlgorithm(), {
            "LABELS": [one], "CLASS_FIELD": "class", "OUTPUT": str(tmp_path / "agree.gpkg"),
        })  # fmt: skip


def test_a_row_of_party_walls_is_advised_instance(engine, image, tmp_path):
    houses = [("house", square(20 + 20 * n, 40, 20)) for n in range(12)]
    results, feedback, _ = run(AdviseAlgorithm(), {
        "LABELS": memory_layer("row", *houses), "CLASS_FIELD": "class", "IMAGERY": [image],
        "GOAL": "counting", "OUTPUT": str(tmp_path / "advice.html"),
    })  # fmt: skip
    assert results["STRATEGY"] == "instance"
    assert "12 of 12 objects of 'house' (100%) would melt together" in "\n".join(feedback.told)
    assert "melt together" in (tmp_path / "advice.html").read_text(encoding="utf-8")
    assert results["STRIDE"] <= results["SIZE"]


# --- datasets


@pytest.fixture
def dataset(engine, scene, labels, tmp_path):
    """Twenty chips of eight squares, which lie on whole pixels."""
    command = [
        str(engine), "export", str(scene), "--labels", f"{labels}|buildings", "--class-field",
        "class", "--mode", "instance", "--size", "64", "-o", str(tmp_path / "dataset"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return tmp_path / "dataset"


def test_masks_become_the_polygons_that_they_were_burned_from(dataset, labels, tmp_path):
    results, feedback, _ = run(VectorizeAlgorithm(), {
        "DATASET": str(dataset), "OUTPUT": str(tmp_path / "again.gpkg"),
    })  # fmt: skip
    assert results["COUNT"] == 8
    assert "building: 8" in feedback.told
    source = ogr.Open(str(labels))
    ours = [f.GetGeometryRef().Clone() for f in source.GetLayer(0)]
    path, layer = results["OUTPUT"].split("|layername=")
    source = ogr.Open(path)
    theirs = [f.GetGeometryRef().Clone() for f in source.GetLayerByName(layer)]
    for shape in ours:
        assert min(shape.SymDifference(other).GetArea() for other in theirs) == 0
    assert len(rows(results["AREA"])) >= 1
    assert feedback.shares[-1] == 100.0


def test_smallest_and_smoothed_polygons_are_the_engines_business(dataset, tmp_path):
    results, _, _ = run(VectorizeAlgorithm(), {
        "DATASET": str(dataset), "OUTPUT": str(tmp_path / "again.gpkg"), "MIN_SIZE": 301,
        "KIND": "instance", "SIMPLIFY": 1.0,
    })  # fmt: skip
    assert results["COUNT"] == 0  # each has 20 × 15 pixels


def test_predictions_of_probabilities_are_cut_at_the_threshold(dataset, tmp_path):
    with pytest.raises(QgsProcessingException, match="nowhere"):
        run(VectorizeAlgorithm(), {
            "DATASET": str(dataset), "OUTPUT": str(tmp_path / "again.gpkg"),
            "PREDICTIONS": str(tmp_path / "nowhere"), "KIND": "probability", "THRESHOLD": 0.5,
        })  # fmt: skip


@pytest.mark.parametrize("kind", [VectorizeAlgorithm, CheckAlgorithm])
def test_another_kind_of_file_is_refused(dataset, image, faulty, tmp_path, kind):
    parameters = {"DATASET": str(dataset), "LABELS": faulty, "OUTPUT": str(tmp_path / "a.shp")}
    with pytest.raises(QgsProcessingException, match="choose a GeoPackage"):
        run(kind(), parameters)


def test_a_dataset_is_converted_and_left_alone_unless_it_may_be_replaced(dataset, tmp_path):
    parameters = {"DATASET": str(dataset), "FORMAT": "coco", "OUTPUT": str(tmp_path / "coco")}
    results, feedback, _ = run(ConvertDatasetAlgorithm(), parameters)
    assert results["COUNT"] == 20
    files = [path.read_text() for path in (tmp_path / "coco").rglob("*.json")]
    told = [json.loads(text) for text in files if '"annotations"' in text]
    assert sum(len(part["images"]) for part in told) == 20
    assert sum(a["area"] for part in told for a in part["annotations"]) == 8 * 20 * 15
    with pytest.raises(QgsProcessingException, match="tick “Replace”"):
        run(ConvertDatasetAlgorithm(), parameters)
    results, _, _ = run(ConvertDatasetAlgorithm(), parameters | {"REPLACE": True})
    assert results["COUNT"] == 20


def test_the_grid_of_chips_comes_with_splits_and_pixels(dataset, tmp_path, project):
    results, _, context = run(ConvertDatasetAlgorithm(), {
        "DATASET": str(dataset), "FORMAT": "gpkg", "OUTPUT": str(tmp_path / "grid"),
    })  # fmt: skip
    found = rows(results["CHIPS"], "chip_id", "row", "col", "px_1")
    assert len(found) == 20
    assert sum(row[3] for row in found) == 8 * 20 * 15
    assert context.layersToLoadOnCompletion() == {}  # nobody has asked for layers


def test_an_option_that_the_format_lacks_is_refused_in_the_engines_words(dataset, tmp_path):
    with pytest.raises(QgsProcessingException, match="sharpness"):
        run(ConvertDatasetAlgorithm(), {
            "DATASET": str(dataset), "FORMAT": "png", "OPTIONS": "sharpness=9\n",
            "OUTPUT": str(tmp_path / "png"),
        })  # fmt: skip


def test_the_formats_are_those_of_the_engine(engine):
    hello = json.dumps({"id": 1, "method": "hello", "params": {"protocol": 1}}) + "\n"
    done = subprocess.run(
        [str(engine), "serve"], input=hello, capture_output=True, text=True, timeout=60, check=True
    )
    assert tuple(json.loads(done.stdout.splitlines()[0])["result"]["formats"]) == FORMATS


def test_a_report_holds_what_was_found_in_the_labels(dataset, image, faulty, tmp_path):
    figures = tmp_path / "figures.json"
    run(CheckAlgorithm(), {
        "LABELS": faulty, "CLASS_FIELD": "class", "IMAGERY": [image],
        "OUTPUT": str(tmp_path / "problems.gpkg"), "FIGURES": str(figures),
    })  # fmt: skip
    page = tmp_path / "page" / "report.html"
    results, _, _ = run(ReportAlgorithm(), {
        "DATASET": str(dataset), "QUALITY": [str(figures)], "OUTPUT": str(page),
    })  # fmt: skip
    assert results["OUTPUT"] == str(page)
    text = page.read_text(encoding="utf-8")
    assert "geometry.invalid" in text
    assert "scene_r0000000_c0000000" in text


def test_a_folder_that_is_no_dataset_is_told_in_the_engines_words(engine, tmp_path):
    for kind in (ConvertDatasetAlgorithm, VectorizeAlgorithm, ReportAlgorithm):
        parameters = {"DATASET": str(tmp_path), "OUTPUT": str(tmp_path / "out.gpkg")}
        with pytest.raises(QgsProcessingException, match=r"manifest\.json|no dataset"):
            run(kind(), parameters)


# --- what all of them share

OF_THE_ENGINE = [kind for kind in ALGORITHMS if issubclass(kind, EngineAlgorithm)]


@pytest.fixture
def everything(image, faulty, tmp_path):
    """Parameters that every algorithm takes something from."""

    def made(kind):
        several = [faulty, memory_layer("other", ("house", square(20, 20, 40)))]
        return {
            "LABELS": several if kind is AgreeAlgorithm else faulty, "CLASS_FIELD": "class",
            "IMAGERY": image if kind is AgreeAlgorithm else [image], "DATASET": str(tmp_path),
            "OUTPUT": str(tmp_path / "out.gpkg"),
        }  # fmt: skip

    return made


@pytest.mark.parametrize("kind", OF_THE_ENGINE)
def test_without_an_engine_it_says_what_to_do(kind, no_engine, everything):
    with pytest.raises(QgsProcessingException, match="The engine is missing: set it up"):
        run(kind(), everything(kind))


@pytest.mark.parametrize("kind", OF_THE_ENGINE)
def test_cancelling_ends_the_engine_and_gives_nothing(
    kind, no_engine, everything, make_program, tmp_path
):
    pid = tmp_path / "pid"
    program = make_program("polychip", f"echo $$ > {pid}.new\nmv {pid}.new {pid}\nexec sleep 60")
    QgsSettings().setValue("polychip/engine", str(program))
    context, feedback, ends = QgsProcessingContext(), Heard(), []
    algorithm = kind().create()
    task = QgsProcessingAlgRunnerTask(algorithm, everything(kind), context, feedback)
    task.executed.connect(lambda *told: ends.append(told))
    QgsApplication.taskManager().addTask(task)
    wait_until(pid.exists, "the engine runs")
    feedback.cancel()
    wait_until(lambda: ends, "it has ended")
    number = int(pid.read_text())
    wait_until(lambda: not is_alive(number), "the engine is gone")
    assert [results for _, results in ends] == [{}]


@pytest.mark.parametrize("kind", OF_THE_ENGINE)
def test_an_engine_that_fails_without_a_word_is_told(kind, no_engine, everything, make_program):
    QgsSettings().setValue("polychip/engine", str(make_program("polychip", "exit 7")))
    with pytest.raises(QgsProcessingException, match=r"The engine ended with exit code 7\."):
        run(kind(), everything(kind))


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_each_algorithm_has_help_and_named_parameters(kind, qgis_app):
    algorithm = kind().create()
    assert len(algorithm.shortHelpString()) > 100
    assert len(algorithm.shortDescription()) > 20
    assert algorithm.helpUrl().startswith("file://")
    page, anchor = algorithm.helpUrl().removeprefix("file://").split("#")
    with open(page, encoding="utf-8") as file:
        assert f'id="{anchor}"' in file.read()
    assert all(p.description() for p in algorithm.parameterDefinitions())
    assert all(o.description() for o in algorithm.outputDefinitions())
