"""The recovery file: written after every edit, restored after a crash, never twice."""

from __future__ import annotations

import json

import pytest
from conftest import wait_until
from polychip_qgis.drawing.edits import LabelEditor
from polychip_qgis.drawing.journal import Unfinished, journal_path
from polychip_qgis.drawing.label_layers import layers_around
from polychip_qgis.drawing.make import ProjectRequest, make_project, open_layers
from polychip_qgis.drawing.session import LabelSession
from polychip_qgis.drawing.templates import template
from qgis.core import QgsGeometry, QgsPointXY, QgsRasterLayer

X, Y = 500100, 4399800


@pytest.fixture
def begin(project, scene, tmp_path):
    """begin() -> a session on the same GeoPackage, made at the first call."""
    sessions = []

    def run():
        path = tmp_path / "labels.gpkg"
        if not path.exists():
            layer = QgsRasterLayer(str(scene), "scene")
            project.addMapLayer(layer)
            flood = template("flood")
            request = ProjectRequest(path, [layer], list(flood.classes), flood.mode, 64, "pad")
            labels = make_project(request, project).labels
        else:  # as after a crash: other layer objects on the same file
            project.removeAllMapLayers()
            layers = open_layers(path)
            project.addMapLayers(layers)
            labels = layers[0]
        session = LabelSession(layers_around(labels, project))
        session.start()
        sessions.append(session)
        return session

    yield run
    sessions[-1].stop()


def box(x, y, side):
    ring = [
        (X + x, Y + y),
        (X + x + side, Y + y),
        (X + x + side, Y + y + side),
        (X + x, Y + y + side),
    ]
    return QgsGeometry.fromPolygonXY([[QgsPointXY(*at) for at in [*ring, ring[0]]]])


def state(layer):
    rows = []
    for f in layer.getFeatures():
        values = [
            f[name] for name in ("class", "instance_id", "uuid", "status", "tool", "annotator")
        ]
        rows.append([*values, f["created"].toSecsSinceEpoch(), f.geometry().asWkt(6)])
    return sorted(rows, key=lambda row: row[2])


def edit_everything(session):
    """Saved polygons changed, deleted and re-classed, and new ones."""
    for number in range(4):
        session.draw(box(40 * number, 0, 20), "polygon")
    assert session.save() == []
    first, second, third, _ = [f.id() for f in session.labels.getFeatures()]
    session.choose("debris")
    session.set_rule("take_ground")
    session.draw(box(5, 5, 5), "polygon")  # reshapes the first
    session.labels.deleteFeature(second)
    session.reclass([third], "permanent_water")
    session.book.mark(session.book.tasks[0].fid, "review", "ann", "note “x”")


def crash(session):
    """What is on the disk stays; the layers forget what was not saved."""
    session.write_journal()
    kept = journal_path(session.layers.geopackage).read_bytes()
    session.stop()
    for layer in session.layers.all:
        layer.rollBack()
    journal_path(session.layers.geopackage).write_bytes(kept)


def test_everything_comes_back_and_is_one_step_of_undo(begin):
    session = begin()
    edit_everything(session)
    before, task = state(session.labels), session.book.tasks[0]
    crash(session)
    later = begin()
    assert len(later.waiting) == 1
    assert state(later.labels) != before
    restored = later.restore()
    assert state(later.labels) == before
    assert later.book.tasks[0]._replace(fid=task.fid) == task
    assert (restored.n_added, restored.n_deleted, restored.n_lost) == (1, 1, 0)
    assert later.labels.undoStack().count() == 1
    later.labels.undoStack().undo()
    later.labels.undoStack().redo()
    assert state(later.labels) == before
    assert later.waiting == []
    assert later.save() == []
    assert state(later.labels) == before


def test_restored_edits_are_at_once_in_the_new_recovery_file(begin):
    session = begin()
    edit_everything(session)
    before = state(session.labels)
    crash(session)
    again = begin()
    again.restore()
    crash(again)
    third = begin()
    third.restore()
    assert state(third.labels) == before


def test_edits_made_before_restoring_do_not_write_over_what_waits(begin):
    session = begin()
    session.draw(box(0, 0, 20), "polygon")
    crash(session)
    again = begin()
    again.draw(box(100, 0, 20), "polygon")
    crash(again)
    third = begin()
    assert len(third.waiting) == 2
    third.restore()
    assert len(state(third.labels)) == 2
    assert len({row[1] for row in state(third.labels)}) <= 2


def test_what_was_saved_before_the_crash_is_not_added_twice(begin):
    session = begin()
    session.draw(box(0, 0, 20), "polygon")
    session.write_journal()
    kept = journal_path(session.layers.geopackage).read_bytes()
    session.save()
    saved = state(session.labels)
    session.stop()
    journal_path(session.layers.geopackage).write_bytes(kept)
    later = begin()
    assert later.restore().n_added == 0
    assert state(later.labels) == saved


def test_the_unfinished_polygon_is_kept(begin):
    session = begin()
    session.unfinished = lambda: Unfinished([(1.5, 2.0), (3.0, 4.0)], "draw", "debris")
    session.write_journal()
    session.stop()
    later = begin()
    assert later.restore().unfinished == Unfinished([(1.5, 2.0), (3.0, 4.0)], "draw", "debris")


def test_saving_and_giving_up_empty_the_recovery_file(begin):
    session = begin()
    path = journal_path(session.layers.geopackage)
    session.draw(box(0, 0, 20), "polygon")
    wait_until(path.exists, "the recovery file is there")
    session.save()
    wait_until(lambda: not path.exists(), "it goes after saving")
    session.draw(box(50, 0, 20), "polygon")
    wait_until(path.exists, "the recovery file is there again")
    session.labels.undoStack().undo()
    wait_until(lambda: not path.exists(), "it goes when all is undone")


def test_every_step_of_undo_is_followed(begin):
    session = begin()
    path = journal_path(session.layers.geopackage)

    def kept():
        return len(json.loads(path.read_text())["edits"]["labels"]["added"]) if path.exists() else 0

    for number in range(3):
        session.draw(box(40 * number, 0, 20), "polygon")
    wait_until(lambda: kept() == 3, "three are kept")
    session.labels.undoStack().undo()
    wait_until(lambda: kept() == 2, "two are kept")
    session.labels.undoStack().redo()
    wait_until(lambda: kept() == 3, "three are kept again")
    assert session.labels.undoStack().count() == 3


def test_discarding_leaves_nothing(begin):
    session = begin()
    session.draw(box(0, 0, 20), "polygon")
    crash(session)
    later = begin()
    later.discard_waiting()
    later.write_journal()
    names = {p.name for p in later.layers.geopackage.parent.iterdir()}
    assert not [name for name in names if "unsaved" in name]


def test_a_damaged_file_is_refused_and_stays(begin):
    session = begin()
    session.draw(box(0, 0, 20), "polygon")
    crash(session)
    later = begin()
    later.waiting[0].write_text('{"version": 1}')
    with pytest.raises(ValueError, match="edits"):
        later.restore()
    assert later.waiting[0].exists()


def test_ids_given_after_a_restore_differ_from_the_restored(begin):
    session = begin()
    session.draw(box(0, 0, 20), "polygon")
    crash(session)
    later = begin()
    later.restore()
    later.draw(box(100, 0, 20), "polygon")
    ids = [f["instance_id"] for f in later.labels.getFeatures()]
    assert len(set(ids)) == 2
    assert isinstance(later.editor, LabelEditor)


def test_what_is_saved_is_in_the_file_itself_not_in_a_log_beside_it(begin, tmp_path):
    session = begin()
    session.draw(box(0, 0, 20), "polygon")
    assert session.save() == []

    def copied():
        copy = tmp_path / "copy" / "labels.gpkg"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(session.layers.geopackage.read_bytes())
        return open_layers(copy)[0].featureCount()

    wait_until(lambda: copied() == 1, "the file holds the polygon")


def test_edits_that_the_user_gave_up_are_not_offered_again(begin):
    session = begin()
    session.draw(box(0, 0, 20), "polygon")
    path = journal_path(session.layers.geopackage)
    wait_until(path.exists, "the recovery file is there")
    for layer in session.layers.all:
        layer.rollBack()
    session.stop()  # as when the project is closed at once
    assert not path.exists()
    assert begin().waiting == []
