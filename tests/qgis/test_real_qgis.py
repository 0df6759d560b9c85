"""The installed plugin in the real qgis_process.bin, and what it must never import there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, ROTATED, files_of
from osgeo import ogr
from window.harness import WindowRun, plugins_folder, prepare_home, qgis_environment

FOREIGN = ("rasterio", "fiona", "pyproj", "shapely", "geopandas")
PROBE = """
import importlib.util
import sys

from qgis.core import QgsApplication, QgsProcessingAlgorithm, QgsProcessingOutputString
from qgis.core import QgsProcessingProvider

FOREIGN = ("rasterio", "fiona", "pyproj", "shapely", "geopandas")


class Modules(QgsProcessingAlgorithm):
    def createInstance(self):
        return Modules()

    def name(self):
        return "modules"

    def displayName(self):
        return "modules"

    def initAlgorithm(self, configuration=None):
        self.addOutput(QgsProcessingOutputString("LOADED", "loaded"))
        self.addOutput(QgsProcessingOutputString("WAITING", "waiting"))

    def processAlgorithm(self, parameters, context, feedback):
        waiting = [name for name in FOREIGN if importlib.util.find_spec(name) is not None]
        return {"LOADED": " ".join(sorted(sys.modules)), "WAITING": " ".join(waiting)}


class Provider(QgsProcessingProvider):
    def id(self):
        return "probe"

    def name(self):
        return "probe"

    def loadAlgorithms(self):
        self.addAlgorithm(Modules())


class Plugin:
    def initProcessing(self):
        self.provider = Provider()
        QgsApplication.processingRegistry().addProvider(self.provider)


def classFactory(iface):
    return Plugin()
"""


@pytest.fixture(scope="module")
def within_reach(tmp_path_factory) -> Path:
    """A folder for PYTHONPATH on which every foreign package waits to be imported."""
    folder = tmp_path_factory.mktemp("within_reach")
    for name in FOREIGN:
        (folder / f"{name}.py").touch()
    return folder


@pytest.fixture(scope="module")
def make_qgis_process(unpacked_plugin, within_reach, tmp_path_factory):
    """Makes a clean profile with plugin and probe; returns what runs qgis_process there."""

    def make(enabled: bool, engine: str = "", pollution: dict[str, str] | None = None):
        home = tmp_path_factory.mktemp("home")
        settings = {
            "PythonPlugins/polychip_qgis": str(enabled).lower(),
            "PythonPlugins/polychip_probe": "true",
        }
        if engine:
            settings["polychip/engine"] = engine
        prepare_home(WindowRun(home, home, home, settings=settings))
        plugins = plugins_folder(home)
        shutil.copytree(unpacked_plugin, plugins / "polychip_qgis")
        probe = plugins / "polychip_probe"
        probe.mkdir()
        (probe / "__init__.py").write_text(PROBE)
        (probe / "metadata.txt").write_text(
            "[general]\nname=Probe\nversion=1.0\nqgisMinimumVersion=3.0\n"
            "hasProcessingProvider=yes\n"
        )
        environment = qgis_environment(home) | {
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": str(within_reach),
            **(pollution or {}),
        }

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = ["qgis_process.bin", *arguments]
            return subprocess.run(
                command,
                env=environment,
                cwd=home,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )

        return run

    return make


@pytest.fixture(scope="module")
def qgis_process(make_qgis_process):
    """Runs qgis_process.bin with the plugin switched on."""
    return make_qgis_process(True)


def read_grid(path: Path) -> list[tuple]:
    """(chip_id, x_off, y_off, corners) of a written grid, read by GDAL."""
    source = ogr.Open(str(path))
    rows = []
    for feature in source.GetLayer(0):
        ring = feature.GetGeometryRef().GetGeometryRef(0)
        points = [ring.GetPoint_2D(i) for i in range(ring.GetPointCount() - 1)]
        rows.append((feature["chip_id"], feature["x_off"], feature["y_off"], points))
    return rows


def test_the_chip_grid_is_written_by_qgis_process(qgis_process, make_raster, tmp_path):
    raster = make_raster("real_rotated", 30, 20, ROTATED)
    target = tmp_path / "grid.gpkg"
    run = qgis_process(
        "run",
        "polychip:chipgrid",
        "--",
        f"INPUT={raster}",
        "SIZE=16",
        "EDGE=shift",
        f"OUTPUT={target}",
    )
    assert run.returncode == 0, run.stdout + run.stderr
    grid = read_grid(target)
    assert [row[:3] for row in grid] == [
        ("r0000000_c0000000", 0, 0), ("r0000000_c0000001", 14, 0),
        ("r0000001_c0000000", 0, 4), ("r0000001_c0000001", 14, 4),
    ]  # fmt: skip
    # Of the second chip: x = 500000 + 4·column + 3·row, y = 4400000 + 3·column − 4·row.
    assert grid[1][3] == [
        (500056, 4400042),
        (500120, 4400090),
        (500168, 4400026),
        (500104, 4399978),
    ]


def test_help_names_every_parameter(qgis_process):
    run = qgis_process("help", "polychip:chipgrid")
    assert run.returncode == 0, run.stdout + run.stderr
    for name in ("INPUT", "SIZE", "STRIDE", "EDGE", "OUTPUT", "COUNT"):
        assert f"\n{name}:" in run.stdout
    assert "Lays chips of a fixed size over the pixels" in run.stdout


@pytest.mark.parametrize(("arguments", "message"), [
    (("INPUT=/nonexistent.tif",), "Could not load source layer"),
    (("SIZE=0",), "SIZE"),
    (("EDGE=wrap",), "EDGE"),
])  # fmt: skip
def test_wrong_parameters_end_in_an_error_that_names_them(
    qgis_process, scene, tmp_path, arguments, message
):
    values = {"INPUT": scene, "OUTPUT": tmp_path / "grid.gpkg"} | dict(
        a.split("=") for a in arguments
    )
    run = qgis_process(
        "run", "polychip:chipgrid", "--", *(f"{key}={value}" for key, value in values.items())
    )
    assert run.returncode != 0
    assert message in run.stdout + run.stderr
    assert not (tmp_path / "grid.gpkg").exists()


SAMPLE = ROOT / "sample_data"


def export_arguments(output: Path, **more: str) -> list[str]:
    """The sample after its flood, in panoptic mode; only copies of it are given to QGIS."""
    values = {
        "IMAGERY": output.parent / "after_20241031.tif",
        "LABELS": f"{output.parent / 'labels.gpkg'}|layername=labels",
        "EXTENT": f"{output.parent / 'labels.gpkg'}|layername=extent",
        "CLASS_FIELD": "class", "INSTANCE_FIELD": "instance_id", "MODE": "panoptic",
        "SIZE": "128", "OUTPUT": output, **more,
    }  # fmt: skip
    pairs = [f"{name}={value}" for name, value in values.items() if value != ""]
    return ["run", "polychip:exportchips", "--", *pairs]


@pytest.fixture
def sample(tmp_path) -> Path:
    """A folder with copies of the sample's files; its subfolder 'dataset' is free."""
    for name in ("after_20241031.tif", "labels.gpkg"):
        shutil.copy(SAMPLE / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("pollution", [
    {},
    {"PROJ_LIB": "/usr/share/proj", "GDAL_DATA": "/usr/share/gdal", "LD_LIBRARY_PATH": "/usr/lib"},
], ids=["clean", "polluted"])  # fmt: skip
def test_qgis_process_exports_the_masks_of_the_command_line(
    make_qgis_process, engine_program, run_cli, sample, pollution
):
    qgis_process = make_qgis_process(True, str(engine_program), pollution)
    run = qgis_process(*export_arguments(sample / "dataset"))
    assert run.returncode == 0, run.stdout + run.stderr
    assert "COUNT:\t25" in run.stdout
    assert f"RECIPE:\t{sample / 'dataset-recipe.toml'}" in run.stdout
    again = run_cli(sample / "dataset-recipe.toml", sample / "again")
    ours = files_of(sample / "dataset")
    assert len(ours) == 50  # semantic and instance
    assert ours == files_of(again)
    assert files_of(sample / "dataset", "images") == files_of(again, "images")
    for name in ("after_20241031.tif", "labels.gpkg"):
        assert (sample / name).read_bytes() == (SAMPLE / name).read_bytes()


def test_qgis_process_plans_what_it_then_exports_and_verifies(
    make_qgis_process, engine_program, sample
):
    qgis_process = make_qgis_process(True, str(engine_program))
    arguments = export_arguments(sample / "dataset", SPLIT="blocks")
    plan = sample / "plan.gpkg"
    planned = ["polychip:planchips" if a == "polychip:exportchips" else a for a in arguments]
    planned = [f"OUTPUT={plan}" if a.startswith("OUTPUT=") else a for a in planned]
    run = qgis_process(*planned)
    assert run.returncode == 0, run.stdout + run.stderr
    assert not (sample / "dataset").exists()
    run = qgis_process(*arguments)
    assert run.returncode == 0, run.stdout + run.stderr
    splits = {
        path.stem: sorted(path.read_text().split())
        for path in (sample / "dataset/splits").iterdir()
    }
    source = ogr.Open(str(plan))  # the layer does not keep it
    told = {}
    for feature in source.GetLayer(0):
        told.setdefault(feature["split"], []).append(feature["chip_id"])
    assert {name: sorted(chips) for name, chips in told.items()} == splits
    run = qgis_process("run", "polychip:verifydataset", "--", f"DATASET={sample / 'dataset'}")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "PROBLEMS:\t0" in run.stdout
    assert "OK:\ttrue" in run.stdout.replace("True", "true")


@pytest.mark.parametrize("tile", ["1of2", "2of2"])
def test_real_labels_give_the_masks_of_the_command_line(
    make_qgis_process, engine_program, real_data, tmp_path, tile
):
    """Aerial images and polygons with codes as texts, in a reference system of their own axes."""
    image = tmp_path / f"23322E759967N_clipped_1m_{tile}.tif"
    labels = tmp_path / "BakerLake_2017_clipped.gpkg"
    for path in (image, labels):
        shutil.copy(real_data / "nb-bakerlake" / path.name, path)
    field = "Cinqclasses"
    qgis_process = make_qgis_process(True, str(engine_program))
    run = qgis_process(
        "run", "polychip:exportchips", "--", f"IMAGERY={image}", f"LABELS={labels}",
        f"CLASS_FIELD={field}", "MODE=panoptic", "SIZE=128", f"OUTPUT={tmp_path / 'by_qgis'}",
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    command = [
        str(engine_program), "export", str(image), "--labels", str(labels), "--class-field", field,
        "--mode", "panoptic", "--size", "128", "-o", str(tmp_path / "by_hand"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    ours, theirs = files_of(tmp_path / "by_qgis"), files_of(tmp_path / "by_hand")
    assert len(ours) >= 2 * 9  # semantic and instance
    assert len(set(ours.values())) > 9  # they do not all hold the same
    assert sorted(ours.values()) == sorted(theirs.values())
    images = [files_of(tmp_path / name, "images") for name in ("by_qgis", "by_hand")]
    assert sorted(images[0].values()) == sorted(images[1].values())


def results_of(run) -> dict[str, object]:
    """What an algorithm that was run with --json gave back."""
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout[run.stdout.index("{") :])["results"]


def test_qgis_process_runs_every_command_of_the_engine_on_the_sample(
    make_qgis_process, engine_program, sample
):
    qgis_process = make_qgis_process(True, str(engine_program))

    def run(name: str, *pairs: str) -> dict[str, object]:
        return results_of(qgis_process("--json", "run", f"polychip:{name}", "--", *pairs))

    image, labels = sample / "after_20241031.tif", f"{sample / 'labels.gpkg'}|layername=labels"
    judged = (
        f"LABELS={labels}", f"IMAGERY={image}", "CLASS_FIELD=class", "INSTANCE_FIELD=instance_id",
    )  # fmt: skip
    figures = sample / "figures.json"
    found = run("check", *judged, f"OUTPUT={sample / 'problems.gpkg'}", f"FIGURES={figures}")
    assert found["ERRORS"] == 1  # the sample's one invalid polygon
    source = ogr.Open(str(sample / "problems.gpkg"))
    problems = source.GetLayerByName("problems")
    assert problems.GetFeatureCount() == len(json.loads(figures.read_text())["problems"])
    advice = run("advise", *judged, "GOAL=counting", f"OUTPUT={sample / 'advice.html'}")
    assert advice["STRATEGY"] == "panoptic"
    assert "building" in (sample / "advice.html").read_text(encoding="utf-8")
    agreed = run("agree", f"LABELS={labels}", *judged, f"OUTPUT={sample / 'agree.gpkg'}")
    assert (agreed["ACCURACY"], agreed["KAPPA"], agreed["PQ"]) == (1, 1, 1)  # with itself

    dataset = f"DATASET={sample / 'dataset'}"
    assert qgis_process(*export_arguments(sample / "dataset")).returncode == 0
    polygons = run("vectorize", dataset, f"OUTPUT={sample / 'again.gpkg'}")
    source = ogr.Open(str(sample / "again.gpkg"))
    assert source.GetLayerByName("labels").GetFeatureCount() == polygons["COUNT"] > 200
    converted = run("convertdataset", dataset, "FORMAT=coco", f"OUTPUT={sample / 'coco'}")
    assert converted["COUNT"] == 25
    page = run("report", dataset, f"QUALITY={figures}", f"OUTPUT={sample / 'report.html'}")
    assert "geometry.invalid" in Path(page["OUTPUT"]).read_text(encoding="utf-8")


def test_qgis_process_leaves_a_dataset_alone_unless_it_is_to_be_replaced(
    make_qgis_process, engine_program, sample
):
    qgis_process = make_qgis_process(True, str(engine_program))
    output = sample / "dataset"
    assert qgis_process(*export_arguments(output)).returncode == 0
    manifest = (output / "manifest.json").read_bytes()
    run = qgis_process(*export_arguments(output, SIZE="256"))
    assert run.returncode != 0
    assert f"A finished dataset is in {output}" in run.stdout + run.stderr
    assert (output / "manifest.json").read_bytes() == manifest
    run = qgis_process(*export_arguments(output, SIZE="256", EXISTING="replace"))
    assert run.returncode == 0, run.stdout + run.stderr
    assert (output / "manifest.json").read_bytes() != manifest


@pytest.mark.parametrize(("engine", "arguments", "message"), [
    ("", {}, "The engine is missing: set it up in the settings."),
    ("/nonexistent", {}, "There is no engine at “/nonexistent”; correct the path"),
    ("real", {"CLASS_FIELD": "no_such"}, "“labels” has no field “no_such”."),
    ("real", {"CLASS_FIELD": ""}, "CLASS_FIELD"),
    ("real", {"MODE": "magic"}, "MODE"),
], ids=["missing", "wrong", "no-such-field", "no-field", "mode"])  # fmt: skip
def test_qgis_process_says_what_keeps_it_from_exporting(
    make_qgis_process, engine_program, sample, engine, arguments, message
):
    program = str(engine_program) if engine == "real" else engine
    qgis_process = make_qgis_process(True, program)
    run = qgis_process(*export_arguments(sample / "dataset", **arguments))
    assert run.returncode != 0
    assert message in run.stdout + run.stderr
    assert not (sample / "dataset").exists()
    assert not list(sample.glob("dataset-*"))


def test_help_names_every_parameter_of_the_export(qgis_process):
    run = qgis_process("help", "polychip:exportchips")
    assert run.returncode == 0, run.stdout + run.stderr
    for name in (
        "IMAGERY", "LABELS", "CLASS_FIELD", "INSTANCE_FIELD", "EXTENT", "MODE", "SIZE", "STRIDE",
        "EDGE", "EXISTING", "OUTPUT", "RECIPE", "PREVIEW", "COUNT",
    ):  # fmt: skip
        assert f"\n{name}:" in run.stdout


def modules_in(qgis_process) -> tuple[set[str], list[str]]:
    """(modules that are loaded, foreign packages that could be imported) in qgis_process."""
    run = qgis_process("--json", "run", "probe:modules")
    assert run.returncode == 0, run.stdout + run.stderr
    results = json.loads(run.stdout[run.stdout.index("{") :])["results"]
    return set(results["LOADED"].split()), results["WAITING"].split()


def test_loading_the_plugin_in_qgis_process_imports_no_foreign_package(
    qgis_process, make_qgis_process
):
    loaded, waiting = modules_in(qgis_process)
    without, _ = modules_in(make_qgis_process(False))
    assert waiting == list(FOREIGN)  # they could have been imported
    assert {"polychip_qgis.plugin", "polychip_qgis.chip_grid"} <= loaded
    assert not any(name.startswith("polychip_qgis") for name in without)
    assert loaded & set(FOREIGN) == without & set(FOREIGN)  # QGIS 3.40 imports shapely itself


def test_qgis_process_checks_labels_without_an_engine(qgis_process, sample):
    """The sample's labels have one error; a bow tie that is added is the second."""
    path = sample / "labels.gpkg"
    source = ogr.Open(str(path), 1)
    layer = source.GetLayerByName("labels")
    left, right, low, high = layer.GetExtent()
    x, y = (left + right) / 2, (low + high) / 2
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(
        ogr.CreateGeometryFromWkt(
            f"MULTIPOLYGON((({x} {y},{x + 50} {y + 50},{x + 50} {y},{x} {y + 50},{x} {y})))"
        )
    )
    feature["class"], feature["instance_id"] = "water", 99_999
    layer.CreateFeature(feature)
    del feature, layer, source
    output = sample / "problems.gpkg"
    run = qgis_process(
        "run", "polychip:quickcheck", "--", f"LABELS={path}|layername=labels",
        "CLASS_FIELD=class", f"IMAGERY={sample / 'after_20241031.tif'}", f"OUTPUT={output}",
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "ERRORS:\t2" in run.stdout
    source = ogr.Open(str(output))
    bad = [f for f in source.GetLayer(0) if f["check"] == "geometry.invalid"]
    assert {f["severity"] for f in bad} == {"error"}
    assert (x, x + 50, y, y + 50) in [f.GetGeometryRef().GetEnvelope() for f in bad]


MODEL = """
from qgis.core import QgsApplication, QgsProcessingModelAlgorithm, QgsProcessingModelChildAlgorithm
from qgis.core import QgsProcessingModelChildParameterSource as Source
from qgis.core import QgsProcessingModelChildDependency, QgsProcessingModelOutput
from qgis.core import QgsProcessingModelParameter
from qgis.core import QgsProcessingParameterFileDestination, QgsProcessingParameterRasterLayer
from qgis.core import QgsProcessingParameterVectorLayer
import sys

sys.path.insert(0, sys.argv[1])
app = QgsApplication([], False)
app.initQgis()
from polychip_qgis.provider import PolychipProvider

provider = PolychipProvider()
QgsApplication.processingRegistry().addProvider(provider)
model = QgsProcessingModelAlgorithm("begin", "tests")
for parameter in (
    QgsProcessingParameterRasterLayer("image", "image"),
    QgsProcessingParameterVectorLayer("former", "former"),
    QgsProcessingParameterFileDestination("file", "file"),
):
    model.addModelParameter(parameter, QgsProcessingModelParameter(parameter.name()))
made = QgsProcessingModelChildAlgorithm("polychip:createproject")
made.setChildId("made")
adopt = QgsProcessingModelChildAlgorithm("polychip:adoptlayer")
adopt.setChildId("adopt")
check = QgsProcessingModelChildAlgorithm("polychip:quickcheck")
check.setChildId("check")
static, asked, child = Source.fromStaticValue, Source.fromModelParameter, Source.fromChildOutput
for algorithm, values in (
    (made, {"IMAGERY": asked("image"), "CLASSES": static("buildings"), "SIZE": static(64),
            "OUTPUT": asked("file")}),
    (adopt, {"INPUT": asked("former"), "CLASS_FIELD": static("class"),
             "PROJECT": child("made", "OUTPUT")}),
    (check, {"LABELS": child("made", "LABELS"), "CLASS_FIELD": static("class"),
             "IMAGERY": asked("image")}),
):
    for name, source in values.items():
        algorithm.addParameterSources(name, [source])
adopt.setDependencies([QgsProcessingModelChildDependency("made")])
check.setDependencies([QgsProcessingModelChildDependency("adopt")])
problems = QgsProcessingModelOutput("problems")
problems.setChildId("check")
problems.setChildOutputName("OUTPUT")
check.setModelOutputs({"problems": problems})
for algorithm in (made, adopt, check):
    model.addChildAlgorithm(algorithm)
model.updateDestinationParameters()
assert model.toFile(sys.argv[2])
"""


def test_a_project_is_made_filled_and_checked_by_a_model(
    qgis_process, unpacked_plugin, scene, labels, tmp_path
):
    model, file, problems = (tmp_path / name for name in ("m.model3", "labels.gpkg", "p.gpkg"))
    command = [sys.executable, "-c", MODEL, str(unpacked_plugin.parent), str(model)]
    environment = qgis_environment(tmp_path) | {"QT_QPA_PLATFORM": "offscreen"}
    made = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert model.exists(), made.stderr
    run = qgis_process(
        "run", str(model), "--", f"image={scene}", f"former={labels}|layername=buildings",
        f"file={file}", f"check:problems={problems}",
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    source = ogr.Open(str(file))
    taken = [(f["class"], f["tool"]) for f in source.GetLayerByName("labels")]
    assert [name for name, _ in taken] == ["building"] * 8
    assert {tool[:5] for _, tool in taken} == {"from:"}
    source = ogr.Open(str(problems))
    assert {f["check"] for f in source.GetLayer(0)} == {"place.cell_not_done"}


def test_qgis_process_pre_labels_without_an_engine(qgis_process, sample):
    output = sample / "prelabels.gpkg"
    run = qgis_process(
        "run", "polychip:prelabel", "--", f"IMAGE={sample / 'after_20241031.tif'}",
        "FORMULA=NDWI", "THRESHOLD=0.05", "CLASS=water", "SMOOTH=false", f"OUTPUT={output}",
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    source = ogr.Open(str(output))
    rows = [(f["class"], f["tool"]) for f in source.GetLayer(0)]
    assert set(rows) == {("water", "prelabel:NDWI>0.05")}
    assert f"COUNT:\t{len(rows)}" in run.stdout


PRELABEL_MODEL = """
from qgis.core import QgsApplication, QgsProcessingModelAlgorithm, QgsProcessingModelChildAlgorithm
from qgis.core import QgsProcessingModelChildParameterSource as Source
from qgis.core import QgsProcessingModelChildDependency, QgsProcessingModelParameter
from qgis.core import QgsProcessingParameterFileDestination, QgsProcessingParameterRasterLayer
import sys

sys.path.insert(0, sys.argv[1])
app = QgsApplication([], False)
app.initQgis()
from polychip_qgis.provider import PolychipProvider

provider = PolychipProvider()
QgsApplication.processingRegistry().addProvider(provider)
model = QgsProcessingModelAlgorithm("prelabel", "tests")
for parameter in (
    QgsProcessingParameterRasterLayer("image", "image"),
    QgsProcessingParameterFileDestination("file", "file"),
):
    model.addModelParameter(parameter, QgsProcessingModelParameter(parameter.name()))
static, asked, child = Source.fromStaticValue, Source.fromModelParameter, Source.fromChildOutput
steps = (
    ("made", "createproject", {"IMAGERY": asked("image"), "CLASSES": static("flood"),
     "SIZE": static(128), "OUTPUT": asked("file")}),
    ("picked", "prelabel", {"IMAGE": asked("image"), "FORMULA": static("NDWI"),
     "THRESHOLD": static(0.05), "CLASS": static("water")}),
    ("adopted", "adoptlayer", {"INPUT": child("picked", "OUTPUT"), "CLASS_FIELD": static("class"),
     "PROJECT": child("made", "OUTPUT")}),
)
for name, algorithm, values in steps:
    made = QgsProcessingModelChildAlgorithm("polychip:" + algorithm)
    made.setChildId(name)
    for parameter, source in values.items():
        made.addParameterSources(parameter, [source])
    if name == "adopted":
        made.setDependencies([QgsProcessingModelChildDependency("made")])
    model.addChildAlgorithm(made)
model.updateDestinationParameters()
assert model.toFile(sys.argv[2])
"""


def test_a_project_is_made_and_pre_labelled_by_a_model(
    qgis_process, unpacked_plugin, sample, tmp_path
):
    model, file = tmp_path / "m.model3", tmp_path / "made" / "labels.gpkg"
    command = [sys.executable, "-c", PRELABEL_MODEL, str(unpacked_plugin.parent), str(model)]
    environment = qgis_environment(tmp_path) | {"QT_QPA_PLATFORM": "offscreen"}
    made = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert model.exists(), made.stderr
    image = sample / "after_20241031.tif"
    run = qgis_process("run", str(model), "--", f"image={image}", f"file={file}")
    assert run.returncode == 0, run.stdout + run.stderr
    source = ogr.Open(str(file))
    taken = [(f["class"], f["status"]) for f in source.GetLayerByName("labels")]
    assert set(taken) == {("water", "carried")}
    assert len(taken) > 3


def test_qgis_process_makes_a_grid_of_tasks_and_merges_files(qgis_process, scene, tmp_path):
    grid, file = tmp_path / "grid.gpkg", tmp_path / "labels.gpkg"
    run = qgis_process(
        "run", "polychip:taskgrid", "--", f"IMAGERY={scene}", "SIZE=64", f"OUTPUT={grid}"
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "COUNT:\t20" in run.stdout
    run = qgis_process(
        "run", "polychip:createproject", "--", f"IMAGERY={scene}", "CLASSES=buildings", "SIZE=64",
        f"OUTPUT={file}",
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    theirs = Path(shutil.copy(file, tmp_path / "labels-ann.gpkg"))
    source = ogr.Open(str(theirs), 1)
    layer = source.GetLayerByName("labels")
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetGeometry(
        ogr.CreateGeometryFromWkt(
            "MULTIPOLYGON(((500010 4399900,500030 4399900,500030 4399920,500010 4399900)))"
        )
    )
    feature["class"], feature["uuid"], feature["instance_id"] = "building", "theirs", 1
    layer.CreateFeature(feature)
    del feature, layer, source
    run = qgis_process(
        "run", "polychip:mergeannotators", "--", f"PROJECT={file}", f"FILES={theirs}"
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "ADDED:\t1" in run.stdout
    source = ogr.Open(str(file))
    assert [f["uuid"] for f in source.GetLayerByName("labels")] == ["theirs"]
    run = qgis_process(
        "run", "polychip:createproject", "--", f"IMAGERY={scene}", "CLASSES=buildings", "SIZE=64",
        f"OUTPUT={file}",
    )  # fmt: skip
    assert run.returncode == 1
    assert "is there already" in run.stdout + run.stderr
