"""The algorithm polychip:exportchips inside QGIS: on a thread, cancelled, resumed, failing."""

from __future__ import annotations

import sqlite3

import pytest
from conftest import NORTH_UP, files_of, is_alive, times_of_masks, wait_until
from polychip_qgis import export_chips
from polychip_qgis.provider import PolychipProvider
from qgis.core import (
    QgsApplication,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
    QgsSettings,
    QgsVectorLayer,
)


class Heard(QgsProcessingFeedback):
    """Keeps what is said; cancels at the first chip when told to."""

    def __init__(self, cancel_at_chips: bool = False):
        super().__init__(False)
        self.texts: list[str] = []
        self.cancel_at_chips = cancel_at_chips

    def setProgressText(self, text):
        self.texts.append(text)
        if self.cancel_at_chips and " of " in text and not text.startswith("0 "):
            self.cancel()

    def pushInfo(self, text):
        self.texts.append(text)

    def pushWarning(self, text):
        self.texts.append(f"warning: {text}")


@pytest.fixture
def algorithm(project, no_engine, engine_program):
    """The algorithm as QGIS registers it, with the real engine in the settings."""
    QgsSettings().setValue("polychip/engine", str(engine_program))
    provider = PolychipProvider()
    registry = QgsApplication.processingRegistry()
    assert registry.addProvider(provider)
    yield registry.algorithmById("polychip:exportchips")
    registry.removeProvider(provider)


@pytest.fixture
def parameters(project, scene, labels, tmp_path):
    """A small export; the labels are a project layer with an unsaved edit."""
    image = QgsRasterLayer(str(scene), "scene")
    polygons = QgsVectorLayer(str(labels), "buildings", "ogr")
    project.addMapLayers([image, polygons])
    polygons.startEditing()
    polygons.deleteFeature(1)
    return {
        "IMAGERY": image.id(), "LABELS": polygons.id(), "CLASS_FIELD": "class", "SIZE": 64,
        "MODE": "instance", "INSTANCE_FIELD": "uid", "OUTPUT": str(tmp_path / "dataset"),
    }  # fmt: skip


@pytest.fixture
def context():
    """A context on the project."""
    made = QgsProcessingContext()
    made.setProject(QgsProject.instance())
    return made


def test_on_a_thread_of_its_own_as_in_the_toolbox_it_writes_what_is_seen(
    algorithm, parameters, context, run_cli, tmp_path
):
    ended = []
    feedback = Heard()
    task = QgsProcessingAlgRunnerTask(algorithm, parameters, context, feedback)
    task.executed.connect(lambda *result: ended.append(result))
    QgsApplication.taskManager().addTask(task)
    wait_until(lambda: bool(ended), "the algorithm ends", 60)
    successful, results = ended[0]
    assert successful, feedback.texts
    assert results["COUNT"] == 20
    assert results["PREVIEW"] == str(tmp_path / "dataset" / "preview.png")
    assert any("20 of 20 chips" in text for text in feedback.texts)
    assert any(text.startswith("warning: scene: no extent given") for text in feedback.texts)
    again = run_cli(tmp_path / "dataset-recipe.toml", tmp_path / "again")
    assert files_of(tmp_path / "dataset") == files_of(again)
    rows = sqlite3.connect(tmp_path / "dataset-labels.gpkg").execute("SELECT uid FROM labels")
    assert sorted(uid for (uid,) in rows) == list(range(1, 8))


def test_cancelled_in_the_middle_it_ends_the_engine_and_resumes_later(
    algorithm, parameters, context, engine_program, make_program, tmp_path, monkeypatch, run_cli,
    make_raster,
):  # fmt: skip
    parameters["IMAGERY"] = str(make_raster("tower", 128, 9000, NORTH_UP))
    script = tmp_path / "slow.py"
    script.write_text(
        "import sys, time, polychip.cli.progress as p\n"
        "real = p.JsonLines.advance\n"
        "def advance(self, n):\n"
        "    real(self, n); self._tell(); time.sleep(60)\n"
        "p.JsonLines.advance = advance\n"
        "from polychip.cli.main import main\n"
        "if __name__ == '__main__':  # its workers import this file\n"
        "    sys.exit(main(sys.argv[1:]))\n"
    )
    slow = make_program("slow/polychip", f'exec {engine_program.parent}/python -I {script} "$@"')
    QgsSettings().setValue("polychip/engine", str(slow))
    runs = []
    real = export_chips.EngineRun

    def remembered():
        runs.append(real())
        runs[-1].progressed.connect(lambda _: pids.append(runs[-1].process_id()))
        return runs[-1]

    pids: list[int] = []
    monkeypatch.setattr(export_chips, "EngineRun", remembered)
    feedback = Heard(cancel_at_chips=True)
    results, ok = algorithm.run(parameters, context, feedback)
    assert ok
    assert "COUNT" not in results
    assert "Export cancelled. What is finished is kept and can be resumed." in feedback.texts
    assert not is_alive(pids[0])
    kept = times_of_masks(tmp_path / "dataset")
    assert kept
    assert not (tmp_path / "dataset" / "manifest.json").exists()
    monkeypatch.undo()
    QgsSettings().setValue("polychip/engine", str(engine_program))
    feedback = Heard()
    results, ok = algorithm.run(parameters | {"EXISTING": "resume"}, context, feedback)
    assert ok, feedback.texts
    assert results["COUNT"] == 282
    assert kept.items() & times_of_masks(tmp_path / "dataset").items()  # gone on with, not anew
    again = run_cli(tmp_path / "dataset-recipe.toml", tmp_path / "again")
    assert files_of(tmp_path / "dataset") == files_of(again)


@pytest.mark.parametrize(("body", "message"), [
    ("kill -KILL $$", "The engine was ended or crashed in the middle of the export."),
    ("exit 7", "The engine ended with exit code 7."),
])  # fmt: skip
def test_an_engine_that_dies_is_an_error_with_a_sentence(
    algorithm, parameters, context, make_program, body, message
):
    QgsSettings().setValue("polychip/engine", str(make_program("polychip", body)))
    feedback = Heard()
    _, ok = algorithm.run(parameters, context, feedback)
    assert not ok
    assert message in feedback.textLog()


def test_an_engine_that_cannot_be_started_is_an_error_with_a_sentence(
    algorithm, parameters, context, tmp_path
):
    broken = tmp_path / "polychip"
    broken.write_text("#!/nonexistent/interpreter\n")
    broken.chmod(0o755)
    QgsSettings().setValue("polychip/engine", str(broken))
    feedback = Heard()
    _, ok = algorithm.run(parameters, context, feedback)
    assert not ok
    assert "The engine could not be started" in feedback.textLog()
