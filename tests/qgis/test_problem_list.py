"""The problem list in a window's parts: it follows the edits, shows, fixes, remembers."""

from __future__ import annotations

import pytest
from conftest import wait_until
from polychip_qgis.dock_settings import DockSettings
from polychip_qgis.drawing.control import DrawingControl
from polychip_qgis.drawing.make import ProjectRequest, make_project
from polychip_qgis.drawing.templates import template
from polychip_qgis.quickchecks.checked import read_checked
from polychip_qgis.quickchecks.control import ProblemControl
from qgis.core import QgsGeometry, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QPushButton

from test_quickchecks import BOW, CELL, NEEDLE, PIXEL, Desk, rect


@pytest.fixture
def drawing(iface, project, scene, tmp_path):
    """The palette on a flood project that is edited; no cell was gone to."""
    control = DrawingControl(iface)
    iface.window.resize(1000, 800)
    iface.window.show()
    layer = QgsRasterLayer(str(scene), "scene")
    project.addMapLayer(layer)
    flood = template("flood")
    request = ProjectRequest(
        tmp_path / "labels.gpkg", [layer], list(flood.classes), flood.mode, CELL, "pad"
    )
    made = make_project(request, project)
    iface.canvas.setDestinationCrs(layer.crs())
    iface.setActiveLayer(made.labels)
    control.attach()
    control.session.start()
    yield control
    control.unload()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def problems(drawing, iface):
    """The list on it, open."""
    found = ProblemControl(iface, drawing)
    found.open()
    wait_until(lambda: not found.watch.busy, "the labels were looked at")
    yield found
    found.unload()


@pytest.fixture
def desk(drawing):
    desk = Desk.__new__(Desk)
    desk.labels, desk.layers = drawing.session.labels, drawing.session.layers
    return desk


def rows(problems):
    """(check, feature) as listed, without cells."""
    return [(p.check, p.fid) for p in problems.dock.model.problems if p.fid is not None]


def settled(problems):
    wait_until(lambda: not problems.watch.busy, "the edit was looked at")


def test_the_list_follows_edits_undo_and_redo(problems, desk):
    assert rows(problems) == []
    (fid,) = desk.draw([(BOW, "water")])
    settled(problems)
    assert rows(problems) == [("geometry.invalid", fid)]
    desk.labels.changeGeometry(fid, QgsGeometry.fromWkt(rect(10, 10, 20, 0.4)), True)
    settled(problems)
    assert rows(problems) == [("geometry.sliver", fid)]
    desk.labels.undoStack().undo()
    settled(problems)
    assert rows(problems) == [("geometry.invalid", fid)]
    desk.labels.undoStack().undo()
    settled(problems)
    assert rows(problems) == []
    desk.labels.undoStack().redo()
    settled(problems)
    assert [check for check, _ in rows(problems)] == ["geometry.invalid"]


def test_a_pair_goes_when_either_of_it_does(problems, desk):
    one, other = desk.draw([(rect(10, 10, 10, 10), "water"), (rect(10, 10, 10, 10), "water")])
    settled(problems)
    assert rows(problems) == [("topology.duplicate", other)]
    desk.labels.deleteFeature(one)
    settled(problems)
    assert rows(problems) == []
    desk.labels.undoStack().undo()
    settled(problems)
    assert len(rows(problems)) == 1
    desk.labels.changeAttributeValue(other, desk.labels.fields().lookupField("class"), "debris")
    settled(problems)
    (problem,) = (p for p in problems.dock.model.problems if p.fid is not None)
    assert not problem.fixable


def test_what_is_listed_after_many_edits_is_what_a_fresh_look_finds(problems, desk):
    fids = desk.draw([(rect(5 + 9 * n, 10, 10, 10), "infrastructure", n) for n in range(20)])
    desk.labels.deleteFeature(fids[3])
    settled(problems)
    desk.labels.changeGeometry(fids[8], QgsGeometry.fromWkt(rect(5, 60, 10, 10)))
    desk.labels.changeAttributeValue(
        fids[12], desk.labels.fields().lookupField("instance_id"), 13
    )
    settled(problems)
    assert desk.labels.commitChanges(False), desk.labels.commitErrors()
    settled(problems)
    followed = sorted((p.check, p.mark.key, p.mark.other) for p in problems.watch.problems())
    problems.check_again()
    settled(problems)
    fresh = sorted((p.check, p.mark.key, p.mark.other) for p in problems.watch.problems())
    assert followed == fresh
    assert sum(check == "topology.overlap" for check, *_ in fresh) == 14


def test_status_of_cells_is_followed(problems, drawing):
    session = drawing.session
    session.step(True)
    session.mark_done()
    settled(problems)
    assert [p.check for p in problems.dock.model.problems] == ["place.empty_cell"]
    session.mark_done()
    settled(problems)
    assert problems.dock.model.problems == []


def test_a_click_shows_the_place_and_the_button_fixes_it(problems, desk, iface, drawing):
    desk.draw([(NEEDLE, "water", 1), (rect(100, 100, 10, 10), "water", 2)])
    settled(problems)
    dock = problems.dock
    dock.resize(800, 300)
    place = dock.list.visualRect(dock.model.index(0, 0)).center()
    QTest.mouseClick(dock.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    tip = dock.model.problems[0].where.asPoint()
    assert (tip.x(), tip.y()) == (500000 + PIXEL * 40, pytest.approx(4400000 - PIXEL * 15.004))
    assert iface.canvas.extent().contains(tip)
    assert iface.canvas.extent().width() < 300
    assert problems._dot.numberOfVertices() == 1
    steps = desk.labels.undoStack().index()
    QTest.mouseClick(dock.findChild(QPushButton, "fixProblem"), Qt.MouseButton.LeftButton)
    assert desk.labels.undoStack().index() == steps + 1
    assert rows(problems) == []
    assert problems._dot.numberOfVertices() == 0
    drawing.session.labels.undoStack().undo()
    settled(problems)
    assert [check for check, _ in rows(problems)] == ["geometry.spike"]


def test_checked_is_remembered_in_the_file(problems, desk, iface, drawing):
    desk.draw([(rect(10, 10, 20, 0.4), "water")])
    settled(problems)
    dock = problems.dock
    problem = next(p for p in dock.model.problems if p.fid is not None)
    dock._select(dock.model.row_of(problem.mark))
    QTest.mouseClick(dock.checked, Qt.MouseButton.LeftButton)
    assert rows(problems) == []
    assert read_checked(drawing.session.layers.geopackage) == {problem.mark}
    drawing.save()
    settled(problems)
    problems._leave()
    problems._attach()
    settled(problems)
    assert rows(problems) == []
    dock.show_checked.setChecked(True)
    assert [check for check, _ in rows(problems)] == ["geometry.sliver"]
    dock._select(dock.model.row_of(problem.mark))
    assert dock.checked.text() == "Not Checked"
    QTest.mouseClick(dock.checked, Qt.MouseButton.LeftButton)
    assert read_checked(drawing.session.layers.geopackage) == set()


def test_a_key_goes_from_problem_to_problem_and_round(problems, desk, drawing, iface):
    fids = desk.draw([(rect(10 * n, 10, 0.4, 20), "water", n) for n in (1, 2, 3)])
    settled(problems)
    shown = []
    problems.dock.problemChosen.connect(lambda problem: shown.append(problem.fid))
    for _ in range(5):
        drawing.actions.by_name["problem"].trigger()
    assert shown[:3] == fids
    assert len(problems.dock.model.problems) == 4  # and a cell that is not done
    assert shown[4] == fids[0]


def test_without_editing_nothing_can_be_fixed(problems, desk, drawing):
    desk.draw([(BOW, "water")])
    desk.labels.commitChanges()
    settled(problems)
    assert not problems.dock.fix_all.isEnabled()
    drawing.session.start()
    assert problems.dock.fix_all.isEnabled()


def test_before_an_export_the_counts_are_told_and_the_user_goes_on(problems, desk, iface, drawing):
    settings = DockSettings(labels=desk.labels.id(), class_field="class")
    went = []
    desk.draw([(rect(30, 30, 10, 10), "water")])
    problems.before_export(settings, lambda: went.append("at once"))
    wait_until(lambda: went, "an export of sound labels begins")
    desk.draw([(BOW, "water", 2), (rect(50, 10, 20, 0.4), "water", 3)])
    problems.before_export(settings, lambda: went.append("anyway"))
    wait_until(lambda: iface.bar.currentItem() is not None, "the counts are told")
    assert "Invalid: 1, Sliver: 1" in iface.bar.currentItem().text()
    assert went == ["at once"]
    iface.bar.currentItem().findChild(QPushButton, "polychipExportAnyway").click()
    assert went == ["at once", "anyway"]


def test_labels_from_elsewhere_are_exported_without_a_question(problems, project):
    layer = QgsVectorLayer("Polygon?crs=EPSG:32630&field=kind:string", "plain", "memory")
    project.addMapLayer(layer)
    went = []
    problems.before_export(
        DockSettings(labels=layer.id(), class_field="kind"), lambda: went.append("at once")
    )
    assert went == ["at once"]


def test_leaving_the_project_leaves_the_list(problems, drawing, project):
    project.clear()
    wait_until(lambda: drawing.session is None, "the project is left")
    assert problems.watch is None
    assert problems.dock.model.problems == []
