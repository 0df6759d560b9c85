"""The Export button against the real engine, and against engines that die, hang or refuse."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import NORTH_UP, files_of, is_alive, times_of_masks, wait_until
from osgeo import gdal
from polychip_qgis import classFactory, export_control
from polychip_qgis.export_request import REPLACE, layers_of, make_request, write_inputs
from polychip_qgis.former_files import set_aside, settle
from polychip_qgis.recipe import OutputPaths
from qgis.core import (
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsFeedback,
    QgsGeometry,
    QgsProject,
    QgsRasterLayer,
    QgsSettings,
    QgsVectorLayer,
)
from qgis.PyQt.QtWidgets import QPushButton

POLLUTED = {
    "PYTHONHOME": "/nonexistent", "PYTHONPATH": "/nonexistent", "PROJ_LIB": "/nonexistent",
    "PROJ_DATA": "/nonexistent", "GDAL_DATA": "/nonexistent", "LD_LIBRARY_PATH": "/nonexistent",
}  # fmt: skip


@pytest.fixture
def plugin(iface, project, no_engine, engine_program):
    """The plugin, started, with the real engine in its settings."""
    QgsSettings().setValue("polychip/engine", str(engine_program))
    instance = classFactory(iface)
    instance.initGui()
    iface.window.show()
    yield instance
    instance.unload()


@pytest.fixture
def dock(plugin, project, scene, labels, tmp_path):
    """The dock with all that an export needs; 64 px chips, 20 of them."""
    project.addMapLayers(
        [QgsRasterLayer(str(scene), "scene"), QgsVectorLayer(str(labels), "buildings", "ogr")]
    )
    plugin.dock.class_field.setField("class")
    plugin.dock.size.setValue(64)
    plugin.dock.output.setFilePath(str(tmp_path / "out" / "dataset"))
    plugin.dock.show()
    return plugin.dock


@pytest.fixture
def export(plugin, iface, dock):
    """Clicks Export, or a button in the message bar, and waits for the message that ends it."""

    def run(button: str = "", seconds: float = 60.0):
        if button:
            iface.bar.currentItem().findChild(QPushButton, button).click()
        else:
            iface.bar.clearWidgets()
            dock.export_button.click()
        wait_until(
            lambda: plugin._pending is None  # the engine has answered, so what is said is new
            and plugin.control.task is None
            and iface.bar.currentItem() is not None,
            "the export ends with a message",
            seconds,
        )
        return iface.bar.currentItem()

    return run


@pytest.fixture
def slow_engine(make_program, engine_program, tmp_path, dock, project, make_raster):
    """The real engine on 282 chips, standing still after the first block until `go` is there."""
    image = QgsRasterLayer(str(make_raster("tower", 128, 9000, NORTH_UP)), "tower")
    project.addMapLayer(image)
    dock.imagery.setLayer(image)
    go = tmp_path / "go"
    code = (
        "import sys, time, pathlib, polychip.cli.progress as p\n"
        "real = p.JsonLines.advance\n"
        "def advance(self, n):\n"
        "    real(self, n); self._tell()\n"
        f"    while self._done < self._total and not pathlib.Path({str(go)!r}).exists():\n"
        "        time.sleep(0.02)\n"
        "p.JsonLines.advance = advance\n"
        "from polychip.cli.main import main\n"
        "if __name__ == '__main__':  # its workers import this file\n"
        "    sys.exit(main(sys.argv[1:]))\n"
    )
    script = tmp_path / "slow.py"
    script.write_text(code)
    python = engine_program.parent / "python"
    program = make_program("engine/polychip", f'exec {python} -I {script} "$@"')
    QgsSettings().setValue("polychip/engine", str(program))
    return go


def is_at_work(dock) -> bool:
    """Whether some chips are done, but not all."""
    return re.match(r"[1-9]\d* of 282 chips", dock.progress.text.text()) is not None


def buttons(item) -> list[str]:
    """What a message offers."""
    return [b.text() for b in item.findChildren(QPushButton) if b.text()]


def chip_layers() -> list[QgsVectorLayer]:
    """Layers that show the chips of a dataset."""
    return [
        layer
        for layer in QgsProject.instance().mapLayers().values()
        if layer.customProperty("polychip/chipsOf")
    ]


def test_a_click_writes_the_dataset_that_the_command_line_writes(dock, export, run_cli, tmp_path):
    item = export()
    assert item.text().startswith("20 chips written in ")
    assert item.level() == Qgis.MessageLevel.Success
    assert buttons(item) == ["Show Report", "Open Folder", "Show Log"]
    folder = tmp_path / "out"
    wait_until(chip_layers, "the chips are on the map")
    assert sorted(p.name for p in folder.iterdir()) == [
        "dataset", "dataset-chips", "dataset-labels.gpkg", "dataset-recipe.toml",
    ]  # fmt: skip
    again = run_cli(folder / "dataset-recipe.toml", tmp_path / "again")
    assert files_of(folder / "dataset") == files_of(again)
    assert files_of(folder / "dataset", "images") == files_of(again, "images")
    assert (folder / "dataset" / "preview.png").is_file()
    assert dock.export_button.isEnabled()
    assert not dock.progress.isVisible()


def test_masks_are_those_of_the_labels_own_file(
    dock, export, engine_program, scene, labels, tmp_path
):
    export()
    command = [
        str(engine_program), "export", str(scene), "--labels", str(labels), "--class-field",
        "class", "--size", "64", "-o", str(tmp_path / "direct"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert files_of(tmp_path / "out" / "dataset") == files_of(tmp_path / "direct")


def test_the_message_opens_report_and_folder(dock, export, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(
        export_control.QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile())
    )
    item = export()
    for name in ("polychipShowReport", "polychipOpenFolder"):
        item.findChild(QPushButton, name).click()
    output = str(tmp_path / "out" / "dataset")
    assert opened == [f"{output}/report.html", output]
    assert "scene_r0000000_c0000000" in Path(opened[0]).read_text(encoding="utf-8")


def test_the_index_comes_onto_the_map_and_replaces_that_of_the_export_before(
    dock, export, tmp_path
):
    export()
    wait_until(lambda: len(chip_layers()) == 1, "the chips are on the map")
    (layer,) = chip_layers()
    assert (layer.name(), layer.featureCount()) == ("Chips of dataset", 20)
    assert layer.crs().authid() == "EPSG:32630"
    assert layer.source().split("|")[0] == str(tmp_path / "out" / "dataset-chips" / "chips.gpkg")
    assert layer.renderer().classAttribute() == "split"  # the style that the engine wrote
    areas = {feature["chip_id"]: feature.geometry().area() for feature in layer.getFeatures()}
    assert areas["scene_r0000001_c0000001"] == pytest.approx(128 * 128)
    dock.size.setValue(128)
    dock.replace_box.setChecked(True)
    export()
    wait_until(lambda: [x.featureCount() for x in chip_layers()] == [6], "the new chips are there")


def test_an_index_that_cannot_be_written_leaves_dataset_and_message_as_they_are(
    dock, export, plugin, tmp_path
):
    said = []
    plugin.control.index_maker.failed.connect(said.append)
    taken = tmp_path / "out" / "dataset-chips"
    taken.mkdir(parents=True)
    (taken / "mine.txt").write_text("mine")
    assert export().text().startswith("20 chips written in ")
    wait_until(lambda: said, "it is told")
    assert said[0].startswith("The chips could not be put on the map: ")
    assert (taken / "mine.txt").read_text() == "mine"
    assert chip_layers() == []


def test_progress_shows_chips_rate_and_time_left(dock, export, slow_engine, plugin):
    dock.export_button.click()
    wait_until(lambda: is_at_work(dock), "chips are counted")
    assert dock.progress.isVisible()
    assert not dock.export_button.isEnabled()
    assert (dock.progress.bar.maximum(), plugin.control.task is not None) == (282, True)
    slow_engine.touch()
    wait_until(lambda: plugin.control.task is None, "the export ends", 60)
    assert not dock.progress.isVisible()


def test_cancelling_in_the_middle_and_resuming_gives_what_a_straight_run_gives(
    dock, export, slow_engine, plugin, iface, run_cli, tmp_path
):
    dock.export_button.click()
    wait_until(lambda: is_at_work(dock), "the engine works")
    pid = plugin.control.task.run.process_id()
    dock.progress.cancel_button.click()
    assert dock.progress.text.text() == "Cancelling…"
    wait_until(lambda: plugin.control.task is None, "it is cancelled")
    wait_until(lambda: not is_alive(pid), "the engine is gone")
    item = iface.bar.currentItem()
    assert item.text() == ("Export cancelled. Export again to resume it.")
    folder = tmp_path / "out"
    kept = times_of_masks(folder / "dataset")
    assert 0 < len(kept) < 282
    slow_engine.touch()
    item = export()
    assert item.text().startswith("This folder holds an unfinished export: resume it")
    assert buttons(item) == ["Resume Export"]
    item = export("polychipResume")
    assert item.text().startswith("282 chips written in ")
    assert kept.items() & times_of_masks(folder / "dataset").items()  # gone on with, not anew
    again = run_cli(folder / "dataset-recipe.toml", tmp_path / "again")
    assert files_of(folder / "dataset") == files_of(again)


def test_labels_that_have_changed_are_not_mixed_into_an_unfinished_export(
    dock, export, slow_engine, plugin, project, tmp_path
):
    dock.export_button.click()
    wait_until(lambda: is_at_work(dock), "the engine works")
    dock.progress.cancel_button.click()
    wait_until(lambda: plugin.control.task is None, "it is cancelled")
    kept = (tmp_path / "out" / "dataset-labels.gpkg").read_bytes()
    slow_engine.touch()
    layer = dock.labels.currentLayer()
    layer.startEditing()
    layer.deleteFeature(1)
    export()
    item = export("polychipResume")
    assert "cannot be resumed: labels or choices have changed" in item.text()
    assert (tmp_path / "out" / "dataset-labels.gpkg").read_bytes() == kept
    dock.replace_box.setChecked(True)
    assert export().text().startswith("282 chips written in ")
    layer.rollBack()


def test_a_finished_dataset_is_replaced_only_when_the_box_says_so(dock, export, tmp_path):
    export()
    folder = tmp_path / "out"
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}
    dock.size.setValue(128)
    item = export()
    assert item.text().startswith("This folder holds a finished dataset: tick ")
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()} == before
    dock.replace_box.setChecked(True)
    assert export().text().startswith("6 chips written in ")
    assert not dock.replace_box.isChecked()  # said once, done once


def everything_in(folder: Path) -> dict[str, bytes]:
    """All files below a folder, this machine's own state left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*") if path.is_file() and ".polychip" not in path.parts
    }  # fmt: skip


def test_a_replacement_that_is_refused_leaves_dataset_labels_and_recipe_as_they_were(
    dock, export, tmp_path
):
    export()
    wait_until(chip_layers, "the chips are on the map")
    before = everything_in(tmp_path / "out")
    layer = dock.labels.currentLayer()
    layer.startEditing()
    layer.changeAttributeValue(next(layer.getFeatures()).id(), 1, None)  # no class: refused
    dock.replace_box.setChecked(True)
    assert "1 feature has no class" in export().text()
    assert everything_in(tmp_path / "out") == before
    layer.rollBack()


def test_labels_and_recipe_stay_with_the_old_dataset_though_qgis_dies_in_between(
    dock, export, tmp_path
):
    export()
    wait_until(chip_layers, "the chips are on the map")
    before = everything_in(tmp_path / "out")
    layer = dock.labels.currentLayer()
    layer.startEditing()
    layer.deleteFeature(next(layer.getFeatures()).id())
    settings = dock.settings()
    request = make_request(layers_of(settings), settings, REPLACE)
    write_inputs(request, QgsFeedback())  # and the engine is never started
    assert everything_in(tmp_path / "out").keys() > before.keys()
    settle(request.paths)
    assert everything_in(tmp_path / "out") == before
    layer.rollBack()


def test_a_replacement_that_succeeds_leaves_nothing_of_the_former_files(dock, export, tmp_path):
    export()
    dock.replace_box.setChecked(True)
    layer = dock.labels.currentLayer()
    layer.startEditing()
    layer.deleteFeature(next(layer.getFeatures()).id())
    recipe = (tmp_path / "out" / "dataset-recipe.toml").read_text()
    assert export().text().startswith("20 chips written")
    wait_until(chip_layers, "the chips are on the map")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"dataset", "dataset-chips", "dataset-labels.gpkg", "dataset-recipe.toml"}
    assert (tmp_path / "out" / "dataset-recipe.toml").read_text() != recipe
    layer.rollBack()


@pytest.mark.parametrize(("state", "kept"), [
    ("old dataset", "former"), ("unfinished new one", "new"), ("new dataset", "new"),
    ("nothing", "former"),
])  # fmt: skip
def test_which_files_stay_is_decided_by_what_the_folder_holds(tmp_path, state, kept):
    paths = OutputPaths(tmp_path / "dataset")
    (paths.output / ".polychip").mkdir(parents=True)
    for path in (paths.labels, paths.recipe):
        path.write_text("former")
        os.utime(path, (1_000, 1_000))
    set_aside(paths)
    for path in (paths.labels, paths.recipe):
        path.write_text("new")
        os.utime(path, (2_000, 2_000))
    if "dataset" in state:
        (paths.output / "manifest.json").touch()
        made = 1_001 if state.startswith("old") else 2_001
        os.utime(paths.output / "manifest.json", (made, made))
    elif state != "nothing":
        (paths.output / ".polychip" / "run.json").touch()
    settle(paths)
    assert [path.read_text() for path in (paths.labels, paths.recipe)] == [kept, kept]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "dataset", "dataset-labels.gpkg", "dataset-recipe.toml",
    ]  # fmt: skip


def test_another_folder_takes_the_leave_to_replace_back(dock, tmp_path):
    dock.replace_box.setChecked(True)
    dock.output.setFilePath(str(tmp_path / "other"))
    assert not dock.replace_box.isChecked()


def test_a_folder_of_other_files_is_left_alone(dock, export, tmp_path):
    folder = tmp_path / "out" / "dataset"
    folder.mkdir(parents=True)
    (folder / "thesis.txt").write_text("mine")
    dock.replace_box.setChecked(True)
    item = export()
    assert "the folder holds other files (thesis.txt)" in item.text()
    assert [p.name for p in folder.iterdir()] == ["thesis.txt"]


def test_what_is_seen_is_exported_in_three_reference_systems_and_no_layer_is_changed(
    dock, export, plugin, project, tmp_path
):
    project.setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    drawn = QgsVectorLayer("Polygon?crs=EPSG:4326&field=kind:string", "drawn", "memory")
    extent = QgsVectorLayer("Polygon?crs=EPSG:3857", "seen", "memory")
    utm = QgsCoordinateReferenceSystem("EPSG:32630")
    # Pixels 10…19 across, 20…29 down, half a pixel inside; extent: the left half of the image.
    box = QgsGeometry.fromWkt(
        "Polygon((500019 4399961, 500041 4399961, 500041 4399939, 500019 4399939, 500019 4399961))"
    )
    half = QgsGeometry.fromWkt(
        "Polygon((499990 4400010, 500300 4400010, 500300 4399590, 499990 4399590, 499990 4400010))"
    )
    for layer, geometry in ((drawn, box), (extent, half)):
        geometry.transform(QgsCoordinateTransform(utm, layer.crs(), project))
        layer.startEditing()  # and never saved
        made = QgsFeature(layer.fields())
        made.setGeometry(geometry)
        if layer is drawn:
            made.setAttribute("kind", "pond")
        assert layer.addFeature(made)
    project.addMapLayers([drawn, extent])
    dock.labels.setLayer(drawn)
    dock.class_field.setField("kind")
    dock.extent.setLayer(extent)
    dock.size.setValue(512)
    assert export().text().startswith("1 chips written in ")
    (mask,) = (tmp_path / "out" / "dataset" / "masks").rglob("*.tif")
    pixels = gdal.Open(str(mask)).ReadAsArray()
    assert sorted(set(pixels[:200, :150].ravel())) == [0, 1]
    assert (pixels[20:30, 10:20] == 1).all()
    assert (pixels == 1).sum() in range(100, 145)
    assert (pixels[:200, 151:300] == 255).all()  # not looked at
    assert [x.crs().authid() for x in (drawn, extent, dock.imagery.currentLayer())] == [
        "EPSG:4326", "EPSG:3857", "EPSG:32630",
    ]  # fmt: skip
    assert project.crs().authid() == "EPSG:3857"
    assert drawn.isModified()
    assert extent.isModified()


def test_nothing_is_written_beside_the_users_files(dock, export, scene, labels):
    beside = {p for folder in (scene.parent, labels.parent) for p in folder.iterdir()}
    before = scene.read_bytes(), labels.read_bytes()
    export()
    after = {p for folder in (scene.parent, labels.parent) for p in folder.iterdir()}
    assert {p for p in after - beside if not p.name.endswith(("-wal", "-shm"))} == set()
    assert (scene.read_bytes(), labels.read_bytes()) == before


def test_the_snapshot_never_replaces_a_layer_that_is_open(dock, export, project, tmp_path):
    export()
    path = tmp_path / "out" / "dataset-labels.gpkg"
    project.addMapLayer(QgsVectorLayer(f"{path}|layername=labels", "copy", "ogr"))
    dock.replace_box.setChecked(True)
    assert export().text() == (
        "The layer “copy” shows dataset-labels.gpkg, which this export would replace; remove the "
        "layer from the project, or choose another folder."
    )


def test_an_engine_that_is_killed_in_mid_run_is_told_and_the_export_goes_on_afterwards(
    dock, export, slow_engine, plugin, iface
):
    dock.export_button.click()
    wait_until(lambda: is_at_work(dock), "the engine works")
    os.kill(plugin.control.task.run.process_id(), signal.SIGKILL)
    wait_until(lambda: plugin.control.task is None, "its end is noticed")
    item = iface.bar.currentItem()
    assert item.level() == Qgis.MessageLevel.Critical
    assert item.text() == (
        "The engine was ended or crashed in the middle of the export. Export again to resume it."
    )
    assert buttons(item) == ["Show Log", "Copy Diagnostics"]
    item.findChild(QPushButton, "polychipCopyDiagnostics").click()
    copied = QgsApplication.clipboard().text()
    assert "export: died: The engine was ended or crashed" in copied
    assert "--progress json" in copied
    slow_engine.touch()
    export()
    assert export("polychipResume").text().startswith("282 chips written in ")


def test_an_engine_that_ignores_the_request_to_end_is_ended(dock, export, plugin, make_program):
    body = (
        'case "$1" in --version) echo polychip 9.9.9; exit;; esac\n'
        "trap '' TERM\n"
        'echo \'{"event": "progress", "done": 1, "total": 9, "seconds": 1}\'\n'
        "while true; do sleep 0.1; done"
    )
    QgsSettings().setValue("polychip/engine", str(make_program("polychip", body)))
    dock.export_button.click()
    wait_until(lambda: "1 of 9 chips" in dock.progress.text.text(), "the engine works")
    run = plugin.control.task.run
    run._kill.setInterval(500)
    pid = run.process_id()
    started = time.monotonic()
    dock.progress.cancel_button.click()
    wait_until(lambda: plugin.control.task is None, "it is ended")
    assert time.monotonic() - started >= 0.4
    assert not is_alive(pid)


NO_CLASS = '{"event": "error", "message": "labels.gpkg: no class", "exit_code": 1}'


@pytest.mark.parametrize(("body", "message"), [
    (f"echo '{NO_CLASS}'; exit 1", "labels.gpkg: no class"),
    ("echo Traceback >&2; exit 1", "The engine ended with exit code 1."),
    ("kill -SEGV $$", "The engine was ended or crashed in the middle of the export."),
    ("""echo no json; echo '{"event": "progress"}'""", "The engine ended with exit code 0."),
])  # fmt: skip
def test_an_engine_that_fails_says_why_and_offers_diagnostics(
    dock, export, make_program, body, message
):
    version = 'case "$1" in --version) echo polychip 9.9.9; exit;; esac\n'
    QgsSettings().setValue("polychip/engine", str(make_program("polychip", version + body)))
    item = export()
    assert item.text() == message
    assert buttons(item) == ["Show Log", "Copy Diagnostics"]
    assert dock.export_button.isEnabled()


def test_the_engines_own_words_on_bad_labels_reach_the_user(dock, export):
    layer = dock.labels.currentLayer()
    layer.startEditing()
    layer.changeAttributeValue(1, layer.fields().lookupField("class"), None)
    item = export()
    layer.rollBack()
    assert item.level() == Qgis.MessageLevel.Warning
    assert "dataset-labels.gpkg" in item.text()
    assert "class" in item.text()


def test_a_polluted_environment_of_qgis_does_not_reach_the_engine(
    dock, export, monkeypatch, run_cli, tmp_path
):
    with monkeypatch.context() as patch:
        for name, value in POLLUTED.items():
            patch.setenv(name, value)
        item = export()
        assert {name: os.environ[name] for name in POLLUTED} == POLLUTED
    assert item.text().startswith("20 chips written in ")
    again = run_cli(tmp_path / "out" / "dataset-recipe.toml", tmp_path / "again")
    assert files_of(tmp_path / "out" / "dataset") == files_of(again)


def test_warnings_of_the_engine_are_counted_in_the_message_and_kept_in_the_log(
    dock, export, make_program, iface
):
    logged = []
    log = QgsApplication.messageLog()
    log.messageReceived[str, str, Qgis.MessageLevel].connect(lambda *m: logged.append(m))
    body = (
        'case "$1" in --version) echo polychip 9.9.9; exit;; esac\n'
        'echo \'{"event": "warning", "message": "scene: 3 odd polygons"}\'\n'
        'echo \'{"event": "done", "chips": 5, "seconds": 2.0, "failed": {"a": "unreadable"}}\'\n'
        "exit 3"
    )
    QgsSettings().setValue("polychip/engine", str(make_program("polychip", body)))
    item = export()
    assert item.text() == (
        "5 chips written in 2 s. 1 chips failed; see the log messages. "
        "Warnings: 1; see the log messages."
    )
    assert item.level() == Qgis.MessageLevel.Warning
    item.findChild(QPushButton, "polychipShowLog").click()
    assert iface.log_shown == 1
    texts = [text for text, tag, _ in logged if tag == "Polychip"]
    assert "scene: 3 odd polygons" in texts
    assert "a: unreadable" in texts


def test_unloading_in_mid_export_ends_the_engine(
    iface, project, no_engine, dock, plugin, slow_engine
):
    dock.export_button.click()
    wait_until(lambda: is_at_work(dock), "the engine works")
    pid = plugin.control.task.run.process_id()
    plugin.control.abandon()
    assert not is_alive(pid)


def test_an_old_snapshot_that_cannot_be_replaced_is_told(dock, export, tmp_path):
    (tmp_path / "out" / "dataset-labels.gpkg").mkdir(parents=True)
    assert export().text().startswith("A file of the export cannot be written: ")
    assert not list((tmp_path / "out").glob("*partial*"))


def test_a_project_that_is_closed_in_mid_export_does_not_stop_it(
    dock, plugin, iface, slow_engine, tmp_path
):
    dock.export_button.click()
    wait_until(lambda: is_at_work(dock), "the engine works")
    QgsProject.instance().clear()
    slow_engine.touch()
    wait_until(lambda: plugin.control.task is None, "the export ends", 60)
    assert iface.bar.currentItem().text().startswith("282 chips written in ")
    assert len(files_of(tmp_path / "out" / "dataset")) == 282
    assert Path(tmp_path / "out" / "dataset" / "manifest.json").is_file()
