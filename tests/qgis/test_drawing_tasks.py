"""Cells in order, progress, annotators and their files."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from polychip_qgis.drawing import annotator as who
from polychip_qgis.drawing.annotator_files import AnnotatorFilesError, merge_files, write_files
from polychip_qgis.drawing.label_layers import layers_around
from polychip_qgis.drawing.make import ProjectRequest, make_project, open_layers
from polychip_qgis.drawing.session import LabelSession
from polychip_qgis.drawing.templates import template
from polychip_qgis.drawing.view_keys import under_labelled_renderer
from qgis.core import QgsProject, QgsRasterLayer


@pytest.fixture
def session(project, scene, tmp_path):
    """Cells of 64 pixels on 300 × 200: 4 rows, 5 columns."""
    layer = QgsRasterLayer(str(scene), "scene")
    project.addMapLayer(layer)
    flood = template("flood")
    request = ProjectRequest(
        tmp_path / "labels.gpkg", [layer], list(flood.classes), flood.mode, 64, "pad"
    )
    labels = make_project(request, project).labels
    found = LabelSession(layers_around(labels, project))
    who.set_annotator("ann")
    found.start()
    yield found
    found.stop()
    who.set_annotator("")


def places(tasks):
    return [(task.row, task.col) for task in tasks]


def test_cells_follow_each_other_in_a_snake(session):
    there = places(session.book.tasks)
    assert there[:6] == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 4)]
    for (row, col), (next_row, next_col) in zip(there, there[1:]):
        assert abs(row - next_row) + abs(col - next_col) == 1


def test_next_goes_round_through_what_is_open(session):
    visited = []
    for _ in range(20):
        session.step(True)
        visited.append(session.task().cell)
        session.mark_done()
    assert len(set(visited)) == 20
    assert session.step(True) is None
    assert session.book.progress() == (20, 20)


def test_previous_goes_back_whatever_the_status(session):
    first = session.step(True)
    session.mark_done()
    session.step(True)
    assert session.step(False).fid == first.fid


def test_next_leaves_the_cells_of_others_out(session):
    session.book.hand_out(["ann", "bob"])
    assert session.book.progress_by_annotator() == {"ann": (0, 10), "bob": (0, 10)}
    for _ in range(10):
        assert session.step(True).annotator == "ann"
        session.mark_done()
    assert session.step(True) is None
    assert session.book.progress_by_annotator() == {"ann": (10, 10), "bob": (0, 10)}


def test_cells_are_handed_out_in_runs_of_neighbours(session):
    assert session.book.hand_out(["a", "b", "c"]) == {"a": 7, "b": 7, "c": 6}
    names = [task.annotator for task in session.book.tasks]
    assert names == sorted(names)
    assert session.layers.tasks.undoStack().count() == 1


def test_least_done_first_goes_to_the_emptiest_cell(session):
    session.order = "least_done"
    for task in session.book.tasks[:19]:
        shape = session.book.shape(task.fid).buffer(-30, 1)
        session.draw(shape, "polygon")
    last = session.book.tasks[19]
    assert session.step(True).cell == last.cell
    session.mark_done()
    assert session.step(True).cell != last.cell


def test_counts_by_cell_follow_edits_and_undo(session):
    def counted():
        return {k: v for k, v in session.cell_counts.counts().items() if v}

    assert counted() == {}
    cell = session.book.tasks[0]
    session.draw(session.book.shape(cell.fid).buffer(-30, 1), "polygon")
    assert counted() == {cell.fid: 1}
    session.labels.undoStack().undo()
    assert counted() == {}
    session.labels.undoStack().redo()
    assert counted() == {cell.fid: 1}


def test_done_cells_without_polygons_are_under_labelled(session):
    full, empty = session.book.tasks[0], session.book.tasks[1]
    session.draw(session.book.shape(full.fid).buffer(-30, 1), "polygon")
    for task in (full, empty):
        session.go(task.fid)
        session.mark_done()
    assert [task.cell for task in session.under_labelled(1)] == [empty.cell]
    session.layers.tasks.setRenderer(under_labelled_renderer([empty.fid]))
    rules = session.layers.tasks.renderer().rootRule().children()
    assert rules[0].filterExpression() == f"$id IN ({empty.fid})"


def test_unsure_keeps_a_note(session):
    session.step(True)
    session.mark_unsure("shadow?")
    assert (session.task().status, session.task().note) == ("review", "shadow?")


def test_undo_of_a_status_shows(session):
    session.step(True)
    session.mark_done()
    session.layers.tasks.undoStack().undo()
    assert session.task().status == "doing"
    session.layers.tasks.undoStack().redo()
    assert session.task().status == "done"


# --- one file for each annotator


@pytest.fixture
def files(session):
    """Files of ann and bob, handed out after one polygon was drawn in ann's first cell."""
    session.draw(session.book.shape(session.book.tasks[0].fid).buffer(-30, 1), "polygon")
    session.book.hand_out(["ann", "bob"])
    assert session.save() == []
    return write_files(session)


def work(path, cells, classes):
    """An annotator draws in the first cells of the own file, marks them, saves."""
    project = QgsProject()
    layers = open_layers(path)
    project.addMapLayers(layers)
    session = LabelSession(layers_around(layers[0], project))
    session.start()
    for name, task in zip(classes, session.book.tasks[1 : 1 + cells]):
        session.choose(name)
        session.draw(session.book.shape(task.fid).buffer(-20, 1), "polygon")
        session.book.mark(task.fid, "done", "")
    assert session.save() == []
    session.stop()
    for layer in layers:
        layer.rollBack()


def test_each_file_has_the_own_cells_and_a_recipe(session, files):
    assert [path.name for path in files] == ["labels-ann.gpkg", "labels-bob.gpkg"]
    for path in files:
        labels, _, tasks = open_layers(path)
        assert (labels.featureCount(), tasks.featureCount()) == (1, 10)
        assert path.name in path.with_suffix(".recipe.toml").read_text()
        assert tasks.renderer().classAttribute() == "status"
    assert session.layers.tasks.featureCount() == 20


def test_files_come_back_as_one_unsaved_step(session, files):
    ann, bob = files
    work(ann, 3, ["water", "debris", "water"])
    work(bob, 2, ["debris", "debris"])
    merged = merge_files(session, [ann, bob])
    assert (merged.n_added, merged.n_changed, merged.n_cells) == (5, 0, 5)
    ids = [f["instance_id"] for f in session.labels.getFeatures()]
    assert len(set(ids)) == len(ids) == 6
    assert merged.n_renumbered == 2  # both began at 2
    assert session.book.progress_by_annotator() == {"ann": (3, 10), "bob": (2, 10)}
    session.labels.undoStack().undo()
    assert session.labels.featureCount() == 4  # one step a file
    session.labels.undoStack().undo()
    assert session.labels.featureCount() == 1


def test_merging_twice_adds_nothing(session, files):
    work(files[0], 2, ["water", "water"])
    merge_files(session, [files[0]])
    again = merge_files(session, [files[0]])
    assert (again.n_added, again.n_changed, again.n_cells) == (0, 0, 0)


def edited(path, change):
    """The annotator changes the only polygon, saves, and leaves the file open; returns the layer."""
    labels = open_layers(path)[0]
    labels.startEditing()
    (feature,) = labels.getFeatures()
    change(labels, feature)
    assert labels.commitChanges()
    return labels


def to_debris(labels, feature, seconds=60):
    """The class changes, so many seconds after the polygon was changed last."""
    at, later = labels.fields().lookupField, feature["changed"].addSecs(seconds)
    labels.changeAttributeValue(feature.id(), at("class"), "debris", "water", True)
    # With its default value the time would be that of the test: perhaps the very same second.
    labels.changeAttributeValue(feature.id(), at("changed"), later, feature["changed"], True)


def test_a_newer_polygon_wins_and_what_is_missing_is_told_and_kept(session, files):
    first = edited(files[0], to_debris)
    assert merge_files(session, [files[0]]).n_changed == 1
    (mine,) = session.labels.getFeatures()
    assert (mine["class"], mine["instance_id"]) == ("debris", 1)
    second = edited(files[0], lambda labels, feature: labels.deleteFeature(feature.id()))
    assert merge_files(session, [files[0]]).missing == [mine.id()]
    assert session.labels.featureCount() == 1
    assert first.isValid()  # both were open all the time
    assert second.isValid()


@pytest.mark.parametrize(("seconds", "changed", "left"), [(-1, 0, "water"), (0, 1, "debris")])
def test_an_older_polygon_loses_and_a_change_that_left_no_time_counts(
    session, files, seconds, changed, left
):
    layer = edited(files[0], lambda *polygon: to_debris(*polygon, seconds))
    assert merge_files(session, [files[0]]).n_changed == changed
    assert [f["class"] for f in session.labels.getFeatures()] == [left]
    assert merge_files(session, [files[0]]).n_changed == 0
    assert layer.isValid()


def test_a_file_that_is_read_and_written_elsewhere_is_merged_as_it_was_saved(session, files):
    reader = sqlite3.connect(files[0])
    reader.execute("PRAGMA journal_mode=WAL")
    reader.execute("BEGIN")
    assert reader.execute("SELECT class FROM labels").fetchall() == [("water",)]
    layer = edited(files[0], to_debris)  # the reader keeps it in the log
    assert files[0].with_name("labels-ann.gpkg-wal").stat().st_size > 0
    assert merge_files(session, [files[0]]).n_changed == 1
    assert reader.execute("SELECT class FROM labels").fetchall() == [("water",)]
    reader.close()
    assert layer.isValid()


def test_a_file_with_unsaved_edits_in_the_project_is_refused(session, files, project):
    labels = open_layers(files[0])[0]
    project.addMapLayer(labels)
    labels.startEditing()
    (feature,) = labels.getFeatures()
    to_debris(labels, feature)
    with pytest.raises(AnnotatorFilesError, match="has unsaved edits: save them first"):
        merge_files(session, files)
    assert labels.commitChanges()
    assert merge_files(session, files).n_changed == 1


@pytest.mark.parametrize(("content", "message"), [(None, "is not there"), (b"x" * 5000, "cannot be read")])
def test_what_is_no_geopackage_is_refused(session, tmp_path, content, message):
    path = tmp_path / "theirs.gpkg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AnnotatorFilesError, match=message):
        merge_files(session, [path])
    assert path.exists() == (content is not None)


def test_files_are_refused_while_edits_are_unsaved_or_nobody_has_cells(session):
    with pytest.raises(AnnotatorFilesError, match="no cell has an annotator"):
        write_files(session)
    session.book.hand_out(["ann"])
    with pytest.raises(AnnotatorFilesError, match="Save first"):
        write_files(session)
    session.save()
    write_files(session)
    with pytest.raises(AnnotatorFilesError, match="is there already"):
        write_files(session)
    assert isinstance(session.layers.geopackage, Path)
