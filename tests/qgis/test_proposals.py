"""Labels proposed from another layer, cell by cell: accept, reject, undo, what is remembered."""

from __future__ import annotations

import pytest
from conftest import wait_until
from polychip_qgis.drawing.control import DrawingControl
from polychip_qgis.drawing.make import ProjectRequest, make_project
from polychip_qgis.drawing.templates import template
from polychip_qgis.proposals.control import ProposalControl
from polychip_qgis.proposals.decisions import read_decisions
from polychip_qgis.proposals.dialog import ProposalDialog
from polychip_qgis.proposals.proposer import Source
from qgis.core import QgsGeometry, QgsPointXY, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication, QEvent

from test_project_algorithms import other_layer
from test_quickchecks import CELL, LEFT, PIXEL, TOP, rect

ROWS = [
    (rect(5, 5, 10, 10), "yes"),
    (rect(30, 5, 10, 10), "yes"),
    (rect(5, 30, 10, 10), "lake"),
    (rect(60, 30, 10, 10), "yes"),      # over the edge of the first cell
    (rect(100, 5, 10, 10), "yes"),      # in the second cell
    (rect(30, 30, 5, 5), "unheard of"),
]  # fmt: skip
MAPPING = {"yes": "infrastructure", "lake": "water"}


@pytest.fixture
def drawing(iface, project, scene, tmp_path):
    """The palette on a flood project, in its first cell."""
    control = DrawingControl(iface)
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
    control.start()
    control.session.step(True)
    yield control
    control.unload()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def proposals(drawing, iface, project):
    """Proposals from a layer in degrees."""
    found = ProposalControl(iface, drawing)
    found.take(Source(other_layer(ROWS), "kind", MAPPING))
    yield found
    found.unload()


def places(proposals):
    """Column and row of each proposal's first pixel, with its class."""
    shown = []
    for known in proposals.proposer.shown:
        box = known.shape.boundingBox()
        column, row = (box.xMinimum() - LEFT) / PIXEL, (TOP - box.yMaximum()) / PIXEL
        shown.append((round(column), round(row), known.name))
    return sorted(shown)


def labels_of(drawing):
    return sorted(
        (f["class"], f["tool"], f["status"], round(f.geometry().area() / 4, 1))
        for f in drawing.session.labels.getFeatures()
    )


def point_at(drawing, monkeypatch, column, row):
    """The cursor is there."""
    place = QgsPointXY(LEFT + PIXEL * column, TOP - PIXEL * row)
    monkeypatch.setattr(drawing.map, "cursor_point", lambda: place)


FIRST = [(5, 5, "infrastructure"), (5, 30, "water"), (30, 5, "infrastructure"),
         (60, 30, "infrastructure")]  # fmt: skip


def test_the_cell_has_its_proposals_in_the_classes_of_the_project(proposals, drawing):
    assert places(proposals) == FIRST
    assert sum(band.numberOfVertices() > 0 for band in proposals._bands) == 2
    drawing.session.step(True)
    wait_until(lambda: places(proposals) != FIRST, "the next cell's are shown")
    assert places(proposals) == [(60, 30, "infrastructure"), (100, 5, "infrastructure")]


def test_one_is_accepted_by_key_undone_and_redone(proposals, drawing, monkeypatch):
    point_at(drawing, monkeypatch, 7, 7)
    stack = drawing.session.labels.undoStack()
    drawing.actions.by_name["accept"].trigger()
    assert stack.index() == 1
    assert labels_of(drawing) == [("infrastructure", "from:OSM", "ok", 100.0)]
    assert places(proposals) == FIRST[1:]
    (label,) = drawing.session.labels.getFeatures()
    (row,) = read_decisions(drawing.session.layers.geopackage, "OSM")
    assert (row.decision, row.label) == ("accepted", label["uuid"])
    stack.undo()
    wait_until(lambda: places(proposals) == FIRST, "it is proposed again")
    stack.redo()
    wait_until(lambda: places(proposals) == FIRST[1:], "it is a label again")


def test_a_label_that_was_moved_since_is_not_proposed_again(proposals, drawing, monkeypatch):
    point_at(drawing, monkeypatch, 7, 7)
    drawing.actions.by_name["accept"].trigger()
    (label,) = drawing.session.labels.getFeatures()
    smaller = QgsGeometry.fromWkt(rect(5, 5, 4, 4))
    drawing.session.labels.changeGeometry(label.id(), smaller)
    proposals.proposer.refresh()
    assert places(proposals) == FIRST[1:]


def test_all_of_the_cell_are_one_step(proposals, drawing):
    drawing.actions.by_name["accept_all"].trigger()
    assert drawing.session.labels.undoStack().index() == 1
    assert len(labels_of(drawing)) == 4
    assert places(proposals) == []
    drawing.session.labels.undoStack().undo()
    assert labels_of(drawing) == []


def test_what_is_drawn_is_never_changed(proposals, drawing):
    session = drawing.session
    session.choose("debris")
    session.draw(QgsGeometry.fromWkt(rect(10, 5, 3, 30)), "polygon")
    session.set_rule("give_way")
    proposals.proposer.refresh()
    drawing.actions.by_name["accept_all"].trigger()
    areas = {(name, area) for name, _, _, area in labels_of(drawing)}
    # The debris cuts the first house and the lake; both keep the parts beside it.
    assert ("debris", 90.0) in areas
    assert ("infrastructure", 70.0) in areas
    assert ("water", 85.0) in areas


def test_under_take_the_ground_drawn_polygons_stay_too(proposals, drawing):
    session = drawing.session
    session.choose("debris")
    session.draw(QgsGeometry.fromWkt(rect(4, 4, 20, 20)), "polygon")
    session.set_rule("take_ground")
    proposals.proposer.refresh()
    assert places(proposals) == FIRST[1:]
    session.set_rule("overlap")
    proposals.proposer.refresh()
    assert places(proposals) == FIRST


def test_a_rejected_one_stays_away_also_tomorrow(proposals, drawing, monkeypatch, iface):
    point_at(drawing, monkeypatch, 7, 32)
    drawing.actions.by_name["reject"].trigger()
    rest = [place for place in FIRST if place[2] != "water"]
    assert places(proposals) == rest
    assert drawing.session.labels.undoStack().index() == 0
    source = proposals.proposer.source
    proposals._leave()
    proposals.take(source)
    assert places(proposals) == rest
    table = QgsVectorLayer(
        f"{drawing.session.layers.geopackage}|layername=proposals", "proposals", "ogr"
    )
    assert [(f["layer"], f["decision"]) for f in table.getFeatures()] == [("OSM", "rejected")]
    del table
    proposals.ask()
    proposals._dialog.again.setChecked(True)
    proposals._dialog.accept()
    assert places(proposals) == FIRST


def test_all_are_rejected(proposals, drawing):
    drawing.actions.by_name["reject_all"].trigger()
    assert places(proposals) == []
    assert labels_of(drawing) == []


def test_the_question_knows_equal_names_and_is_asked_once(proposals, drawing, iface, project):
    layer = other_layer([(rect(5, 5, 9, 9), "Water"), (rect(5, 30, 9, 9), "hut")])
    session = drawing.session
    dialog = ProposalDialog(iface.window, session.labels, session.classes)
    dialog.layer.setLayer(layer)
    dialog.field.setField("kind")
    boxes = {value: box.currentData() for value, box in dialog._boxes.items()}
    assert boxes == {"Water": "water", "hut": ""}
    assert dialog.source() == Source(layer, "kind", {"Water": "water"})
    offered = [dialog.layer.layer(n) for n in range(dialog.layer.count())]
    assert session.labels not in offered
    assert session.layers.tasks not in offered
    dialog.deleteLater()
    # The project remembers the former answer.
    assert proposals._remembered() == proposals.proposer.source


def test_a_layer_that_goes_takes_its_proposals_along(proposals, project):
    project.removeMapLayer(proposals.proposer.source.layer.id())
    assert proposals.proposer is None
    assert proposals._bands == []
