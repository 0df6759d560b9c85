"""Edits of a saved label layer: one step of undo each, ids that differ, counts that follow."""

from __future__ import annotations

from pathlib import Path

import pytest
from polychip_qgis.drawing.edits import EditRefused, LabelEditor, Stroke
from polychip_qgis.drawing.label_layers import classes_of, layers_around
from polychip_qgis.drawing.make import ProjectRequest, make_project
from polychip_qgis.drawing.tally import Tally
from polychip_qgis.drawing.templates import template
from qgis.core import (
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayerUtils,
)

X, Y = 500100, 4399800


@pytest.fixture
def made(project, scene, tmp_path):
    """A flood project on the scene, its labels being edited."""
    layer = QgsRasterLayer(str(scene), "scene")
    project.addMapLayer(layer)
    flood = template("flood")
    result = make_project(
        ProjectRequest(
            tmp_path / "labels.gpkg", [layer], list(flood.classes), flood.mode, 64, "pad"
        ),
        project,
    )
    result.labels.startEditing()
    return result


@pytest.fixture
def editor(made):
    tally = Tally(made.labels)
    found = LabelEditor(made.labels, tally.next_id)
    found.tally = tally
    return found


def box(x, y, width, height):
    """A rectangle, by whole metres from (X, Y)."""
    left, low = X + x, Y + y
    ring = [(left, low), (left + width, low), (left + width, low + height), (left, low + height)]
    return QgsGeometry.fromPolygonXY([[QgsPointXY(*at) for at in [*ring, ring[0]]]])


def stroke(shape, name="water", rule="overlap", extends=False):
    return Stroke(shape, name, rule, extends, "polygon", "ann", "scene")


def state(layer):
    """Everything of every polygon but times and random ids, in order."""
    return sorted(
        (f["class"], f["instance_id"], f["status"], f.geometry().asWkt(3))
        for f in layer.getFeatures()
    )


def assert_ids_differ(layer):
    for field in ("instance_id", "uuid"):
        values = [f[field] for f in layer.getFeatures()]
        assert all(isinstance(value, (int, str)) for value in values), values
        assert len(set(values)) == len(values), values


def assert_counts(editor):
    """The tally against a count of the layer as it is."""
    names = {f["class"] for f in editor.layer.getFeatures()} | {"water", "debris", "infrastructure"}
    for name in names:
        mine = [f for f in editor.layer.getFeatures() if f["class"] == name]
        area = sum(f.geometry().area() for f in mine)
        assert editor.tally.of(name) == (len(mine), pytest.approx(area)), name


def undo_and_redo_all(editor):
    """Back to the start and forth again, checking ids and counts at each step."""
    layer, stack = editor.layer, editor.layer.undoStack()
    there, n_steps = state(layer), stack.index()
    states = [there]
    for _ in range(n_steps):
        stack.undo()
        assert_ids_differ(layer)
        assert_counts(editor)
        states.append(state(layer))
    for known in reversed(states[:-1]):
        stack.redo()
        assert state(layer) == known
        assert_ids_differ(layer)
        assert_counts(editor)
    assert state(layer) == there


def test_a_drawn_polygon_knows_who_when_and_from_what(editor):
    editor.draw(stroke(box(0, 0, 20, 20)))
    (feature,) = editor.layer.getFeatures()
    values = {
        name: feature[name]
        for name in ("class", "instance_id", "status", "annotator", "source_image", "tool")
    }
    assert values == {
        "class": "water", "instance_id": 1, "status": "ok", "annotator": "ann",
        "source_image": "scene", "tool": "polygon",
    }  # fmt: skip
    assert feature["created"].isValid()
    assert len(feature["uuid"]) == 36
    assert editor.layer.undoStack().count() == 1


@pytest.mark.parametrize(("rule", "water", "house"), [
    ("overlap", 400.0, 16.0), ("give_way", 384.0, 16.0), ("take_ground", 384.0, 16.0),
])  # fmt: skip
def test_a_house_inside_water_is_one_step_in_every_rule(editor, rule, water, house):
    editor.draw(stroke(box(0, 0, 20, 20)))
    editor.draw(stroke(box(5, 5, 4, 4), "infrastructure", rule))
    areas = {f["class"]: f.geometry().area() for f in editor.layer.getFeatures()}
    assert areas == {"water": water, "infrastructure": house}
    assert editor.layer.undoStack().count() == 2
    undo_and_redo_all(editor)
    assert editor.layer.commitChanges(), editor.layer.commitErrors()
    assert {f["class"]: f.geometry().area() for f in editor.layer.getFeatures()} == areas


def test_drawing_over_the_same_class_extends_it_and_keeps_one_id(editor):
    editor.draw(stroke(box(0, 0, 10, 10)))
    editor.draw(stroke(box(20, 0, 10, 10)))
    editor.draw(stroke(box(5, 0, 20, 10), extends=True))
    (feature,) = editor.layer.getFeatures()
    assert (feature["instance_id"], feature.geometry().area()) == (1, 300.0)
    undo_and_redo_all(editor)


def test_without_extending_the_same_class_stays_apart(editor):
    editor.draw(stroke(box(0, 0, 10, 10)))
    editor.draw(stroke(box(5, 0, 10, 10), rule="give_way"))
    areas = sorted(f.geometry().area() for f in editor.layer.getFeatures())
    assert areas == [50.0, 100.0]


def test_extending_stops_at_other_classes_where_the_rule_says_so(editor):
    editor.draw(stroke(box(0, 0, 10, 10)))
    editor.draw(stroke(box(12, 0, 5, 10), "debris"))
    editor.draw(stroke(box(5, 0, 20, 10), rule="give_way", extends=True))
    areas = {f["class"]: f.geometry().area() for f in editor.layer.getFeatures()}
    assert areas == {"water": 200.0, "debris": 50.0}


def test_taking_all_the_ground_removes_a_polygon_and_undo_brings_it_back(editor):
    editor.draw(stroke(box(2, 2, 5, 5), "debris"))
    editor.draw(stroke(box(0, 0, 20, 20), "water", "take_ground"))
    assert [f["class"] for f in editor.layer.getFeatures()] == ["water"]
    editor.layer.undoStack().undo()
    assert [f["class"] for f in editor.layer.getFeatures()] == ["debris"]
    undo_and_redo_all(editor)


def test_a_hole_is_cut(editor):
    editor.draw(stroke(box(0, 0, 20, 20)))
    assert editor.cut_hole(box(5, 5, 2, 2)) == 1
    assert editor.tally.of("water").area_m2 == 396.0
    with pytest.raises(EditRefused, match="no polygon below"):
        editor.cut_hole(box(100, 100, 2, 2))
    undo_and_redo_all(editor)


def test_pieces_of_a_split_have_ids_of_their_own(editor):
    editor.draw(stroke(box(0, 0, 20, 20)))
    line = [QgsPointXY(X - 5, Y + 5), QgsPointXY(X + 25, Y + 5)]
    assert editor.split(line) == 1
    rows = sorted((f["instance_id"], f.geometry().area()) for f in editor.layer.getFeatures())
    assert rows == [(1, 300.0), (2, 100.0)]
    undo_and_redo_all(editor)
    with pytest.raises(EditRefused, match="crosses no polygon"):
        editor.split([QgsPointXY(X - 5, Y + 500), QgsPointXY(X + 25, Y + 500)])


def test_merged_polygons_have_one_id(editor):
    editor.draw(stroke(box(0, 0, 10, 10), "debris"))
    editor.draw(stroke(box(10, 0, 30, 10), "water"))
    editor.draw(stroke(box(60, 0, 10, 10), "debris"))
    editor.merge([f.id() for f in editor.layer.getFeatures()])
    (feature,) = editor.layer.getFeatures()
    assert (feature["class"], feature["instance_id"], feature.geometry().area()) == (
        "water",
        1,
        500.0,
    )
    undo_and_redo_all(editor)
    with pytest.raises(EditRefused, match="at least two"):
        editor.merge([feature.id()])


def test_the_rest_of_a_cell_is_filled(editor, made):
    cell = next(made.tasks.getFeatures()).geometry()
    editor.draw(stroke(cell.buffer(-10, 1)))
    editor.fill_rest(cell, stroke(cell, "debris"))
    assert editor.tally.of("debris").area_m2 == pytest.approx(128 * 128 - 108 * 108)
    with pytest.raises(EditRefused, match="full"):
        editor.fill_rest(cell, stroke(cell, "water"))
    undo_and_redo_all(editor)


def test_reclassing_changes_class_and_time_alone(editor):
    for number in range(3):
        editor.draw(stroke(box(20 * number, 0, 10, 10)))
    fids = [f.id() for f in editor.layer.getFeatures()]
    assert editor.reclass(fids[:2], "debris") == 2
    assert editor.reclass(fids[:2], "debris") == 0
    assert editor.tally.of("debris") == (2, 200.0)
    assert editor.layer.undoStack().count() == 4
    undo_and_redo_all(editor)


def test_the_polygon_at_a_point_is_the_smallest(editor):
    editor.draw(stroke(box(0, 0, 20, 20)))
    small = editor.draw(stroke(box(5, 5, 4, 4), "infrastructure"))
    assert editor.at_point(QgsPointXY(X + 6, Y + 6)) == small
    assert editor.at_point(QgsPointXY(X + 500, Y)) is None


def test_qgis_own_split_gives_new_ids(editor):
    editor.draw(stroke(box(0, 0, 20, 20)))
    assert editor.layer.commitChanges(False)
    editor.layer.beginEditCommand("QGIS splits")
    editor.layer.splitFeatures([QgsPointXY(X - 5, Y + 5), QgsPointXY(X + 25, Y + 5)], False)
    editor.layer.endEditCommand()
    assert editor.layer.featureCount() == 2
    assert_ids_differ(editor.layer)
    undo_and_redo_all(editor)


def test_pasted_and_duplicated_polygons_get_ids_of_their_own(editor):
    editor.draw(stroke(box(0, 0, 20, 20)))
    assert editor.layer.commitChanges(False)
    (feature,) = editor.layer.getFeatures()
    layer = editor.layer
    context = layer.createExpressionContext()
    # As QGIS's paste does it.
    data = QgsVectorLayerUtils.QgsFeatureData(
        feature.geometry(), dict(enumerate(feature.attributes()))
    )
    layer.beginEditCommand("paste")
    layer.addFeatures(QgsVectorLayerUtils.createFeatures(layer, [data, data], context))
    layer.endEditCommand()
    assert_ids_differ(layer)
    layer.beginEditCommand("duplicate")
    QgsVectorLayerUtils.duplicateFeature(layer, feature, QgsProject.instance(), 0)
    layer.endEditCommand()
    assert layer.featureCount() == 4
    assert_ids_differ(layer)
    undo_and_redo_all(editor)


def test_saving_leaves_counts_and_ids_as_they_are(editor):
    for number in range(3):
        editor.draw(stroke(box(20 * number, 0, 10, 10)))
    before = state(editor.layer)
    assert editor.layer.commitChanges(False)
    assert state(editor.layer) == before
    assert_counts(editor)
    editor.draw(stroke(box(100, 0, 10, 10)))
    assert_ids_differ(editor.layer)
    editor.layer.rollBack()
    assert state(editor.layer) == before
    assert_counts(editor)


def test_a_refused_edit_changes_nothing(editor):
    editor.draw(stroke(box(0, 0, 20, 20)))
    before, steps = state(editor.layer), editor.layer.undoStack().count()
    with pytest.raises(EditRefused, match="no area"):
        editor.draw(stroke(QgsGeometry.fromWkt("Polygon((0 0,1 1,0 0))")))
    assert (state(editor.layer), editor.layer.undoStack().count()) == (before, steps)


def test_an_invalid_neighbour_does_not_defeat_a_rule(editor):
    bow_tie = QgsFeature(editor.layer.fields())
    bow_tie.setGeometry(QgsGeometry.fromWkt(
        f"MultiPolygon((({X} {Y},{X + 10} {Y + 10},{X + 10} {Y},{X} {Y + 10},{X} {Y})))"
    ))  # fmt: skip
    bow_tie.setAttribute("class", "water")
    bow_tie.setAttribute("instance_id", 90)
    bow_tie.setAttribute("uuid", "bow-tie")
    editor.layer.addFeature(bow_tie)
    editor.draw(stroke(box(0, 0, 10, 10), "debris", "give_way"))
    assert editor.tally.of("debris").area_m2 == pytest.approx(50.0)


def test_the_classes_of_a_layer_come_back_in_palette_order(made):
    classes = classes_of(made.labels)
    assert [(known.name, known.code, known.thing) for known in classes] == [
        ("water", 1, False), ("permanent_water", 2, False), ("infrastructure", 3, True),
        ("debris", 4, False), ("access_route", 5, False), ("cloud", 255, False),
    ]  # fmt: skip
    assert classes[0].color == "#1f9bff"


def test_layers_of_one_file_belong_together(made, project):
    found = layers_around(made.labels, project)
    assert found == (made.labels, made.tasks, made.extent)
    assert found.geopackage == Path(made.labels.source().split("|")[0])


def test_selected_polygons_alone_are_split_and_cut(editor):
    low = editor.draw(stroke(box(0, 0, 10, 10)))
    editor.draw(stroke(box(0, 0, 10, 10), "debris"))
    editor.split([QgsPointXY(X - 5, Y + 5), QgsPointXY(X + 25, Y + 5)], [low])
    assert sorted(f["class"] for f in editor.layer.getFeatures()) == ["debris", "water", "water"]
    request = QgsFeatureRequest().setFilterExpression("class = 'debris'")
    (debris,) = editor.layer.getFeatures(request)
    editor.cut_hole(box(1, 1, 2, 2), [debris.id()])
    assert editor.tally.of("debris").area_m2 == 96.0
    assert editor.tally.of("water").area_m2 == 100.0
