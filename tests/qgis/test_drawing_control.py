"""Palette, keys and map tools on a real canvas, without a window manager."""

from __future__ import annotations

import json

import pytest
from conftest import wait_until
from polychip_qgis.drawing.control import DrawingControl
from polychip_qgis.drawing.keys import deeds
from polychip_qgis.drawing.make import ProjectRequest, make_project
from polychip_qgis.drawing.templates import template
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsPointXY,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.gui import QgsGui, QgsMapCanvasTracer
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QPoint, Qt
from qgis.PyQt.QtGui import QKeyEvent, QMouseEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QAction

VIEW = QgsRectangle(500000, 4399700, 500400, 4400000)
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


@pytest.fixture
def control(iface, project):
    found = DrawingControl(iface)
    iface.window.resize(1000, 800)
    iface.window.show()
    yield found
    found.unload()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def drawing(control, iface, project, scene, tmp_path):
    """The control on a flood project, edited, the scene in view."""
    layer = QgsRasterLayer(str(scene), "scene")
    project.addMapLayer(layer)
    flood = template("flood")
    request = ProjectRequest(
        tmp_path / "labels.gpkg", [layer], list(flood.classes), flood.mode, 64, "pad"
    )
    made = make_project(request, project)
    iface.canvas.setDestinationCrs(layer.crs())
    control._made(made, False)
    see(iface, VIEW)
    # Snapping has its own test; here corners lie where the mouse is.
    config = project.snappingConfig()
    config.setEnabled(False)
    project.setSnappingConfig(config)
    return control


def see(iface, extent):
    iface.canvas.setExtent(extent)
    iface.canvas.refresh()
    QCoreApplication.processEvents()


def pixel(iface, x, y):
    """Where a map point lies on the canvas."""
    point = iface.canvas.getCoordinateTransform().transform(QgsPointXY(x, y))
    return QPoint(round(point.x()), round(point.y()))


def click(iface, x, y, button=LEFT):
    QTest.mouseMove(iface.canvas.viewport(), pixel(iface, x, y))
    QTest.mouseClick(
        iface.canvas.viewport(), button, Qt.KeyboardModifier.NoModifier, pixel(iface, x, y)
    )
    QCoreApplication.processEvents()


def draw_ring(iface, ring):
    for x, y in ring:
        click(iface, x, y)
    click(iface, *ring[-1], button=RIGHT)


def square(x, y, side):
    return [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]


def messages(iface):
    item = iface.bar.currentItem()
    return item.text() if item is not None else ""


def polygons(control):
    return {f["class"]: round(f.geometry().area()) for f in control.session.labels.getFeatures()}


def test_a_polygon_drawn_by_mouse_lies_where_it_was_clicked(drawing, iface):
    ring = square(500100, 4399800, 60)
    draw_ring(iface, ring)
    (feature,) = drawing.session.labels.getFeatures()
    assert (feature["class"], feature["tool"], feature["source_image"]) == (
        "water",
        "polygon",
        "scene",
    )
    wanted = QgsGeometry.fromPolygonXY([[QgsPointXY(*at) for at in [*ring, ring[0]]]])
    pixel_m = iface.canvas.mapUnitsPerPixel()
    assert feature.geometry().hausdorffDistance(wanted) < 2 * pixel_m
    assert drawing.session.labels.undoStack().count() == 1


def test_keys_choose_the_class_also_in_mid_drawing(drawing, iface):
    drawing.actions.class_keys[1].trigger()
    click(iface, 500100, 4399800)
    click(iface, 500160, 4399800)
    drawing.actions.class_keys[3].trigger()
    click(iface, 500160, 4399860)
    click(iface, 500160, 4399860, RIGHT)
    assert list(polygons(drawing)) == ["debris"]
    assert drawing.palette.current.text() == "debris"


def test_a_class_key_re_classes_what_is_selected(drawing, iface):
    draw_ring(iface, square(500100, 4399800, 60))
    draw_ring(iface, square(500200, 4399800, 60))
    drawing.session.labels.selectAll()
    drawing.actions.class_keys[2].trigger()
    assert list(polygons(drawing)) == ["infrastructure"]
    assert drawing.session.current.name == "water"


def test_the_brush_re_classes_under_the_cursor(drawing, iface):
    draw_ring(iface, square(500100, 4399800, 60))
    drawing.actions.by_name["brush"].trigger()
    drawing.session.choose("debris")
    click(iface, 500130, 4399830)
    assert list(polygons(drawing)) == ["debris"]
    QTest.mouseMove(iface.canvas.viewport(), pixel(iface, 500130, 4399830))
    drawing.actions.class_keys[4].trigger()
    assert list(polygons(drawing)) == ["access_route"]


@pytest.mark.parametrize(("name", "area"), [("rectangle", 3600.0), ("circle", 3.1365 * 3600)])
def test_rectangle_and_circle_are_two_clicks(drawing, iface, name, area):
    drawing.actions.by_name[name].trigger()
    click(iface, 500150, 4399800)
    click(iface, 500210, 4399860 if name == "rectangle" else 4399800)
    (feature,) = drawing.session.labels.getFeatures()
    assert feature["tool"] == name
    assert feature.geometry().area() == pytest.approx(area, rel=0.04)


def test_freehand_follows_the_mouse_held_down(drawing, iface):
    drawing.actions.by_name["freehand"].trigger()
    port = iface.canvas.viewport()
    ring = square(500100, 4399800, 60)
    QTest.mousePress(port, LEFT, Qt.KeyboardModifier.NoModifier, pixel(iface, *ring[0]))
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]]):
        for part in range(1, 11):
            at = pixel(iface, x1 + (x2 - x1) * part / 10, y1 + (y2 - y1) * part / 10)
            move = QMouseEvent(
                QEvent.Type.MouseMove,
                at,
                Qt.MouseButton.NoButton,
                LEFT,
                Qt.KeyboardModifier.NoModifier,
            )
            QCoreApplication.sendEvent(port, move)
    QTest.mouseRelease(port, LEFT, Qt.KeyboardModifier.NoModifier, pixel(iface, *ring[0]))
    (feature,) = drawing.session.labels.getFeatures()
    assert feature["tool"] == "freehand"
    assert feature.geometry().area() == pytest.approx(3600, rel=0.05)
    assert feature.geometry().constGet().nCoordinates() < 15  # simplified


def test_corners_snap_to_what_is_drawn(drawing, iface, project):
    config = project.snappingConfig()
    config.setEnabled(True)
    project.setSnappingConfig(config)
    iface.canvas.snappingUtils().setConfig(config)
    iface.canvas.snappingUtils().setMapSettings(iface.canvas.mapSettings())
    draw_ring(iface, square(500100, 4399800, 60))
    step = 4 * iface.canvas.mapUnitsPerPixel()
    drawing.actions.class_keys[3].trigger()
    draw_ring(
        iface,
        [(500160 + step, 4399800), (500200, 4399800), (500200, 4399860), (500160 + step, 4399860)],
    )
    water, debris = drawing.session.labels.getFeatures()
    assert water.geometry().intersection(debris.geometry()).length() == pytest.approx(
        60, abs=iface.canvas.mapUnitsPerPixel() * 2
    )


def test_tracing_follows_the_outline_of_a_neighbour(drawing, iface, project):
    config = project.snappingConfig()
    config.setEnabled(True)
    project.setSnappingConfig(config)
    iface.canvas.snappingUtils().setConfig(config)
    tracer = QgsMapCanvasTracer(iface.canvas)
    tracing = QAction(iface.window)
    tracing.setCheckable(True)
    tracer.setActionEnableTracing(tracing)
    draw_ring(iface, square(500100, 4399800, 60))
    iface.canvas.setLayers([drawing.session.labels])
    see(iface, VIEW)
    drawing.actions.class_keys[3].trigger()
    tracing.setChecked(True)
    click(iface, 500160, 4399800)
    click(iface, 500100, 4399860)  # the other corner: two sides are followed
    tracing.setChecked(False)
    assert len(drawing.map.area_tool.corners()) == 3
    click(iface, 500190, 4399890)
    click(iface, 500190, 4399890, RIGHT)
    water, debris = drawing.session.labels.getFeatures()
    shared = water.geometry().intersection(debris.geometry())
    assert shared.length() == pytest.approx(120, abs=2)
    assert shared.area() == pytest.approx(0, abs=1e-6)


def test_a_hole_a_split_and_a_merge_by_mouse(drawing, iface):
    draw_ring(iface, square(500100, 4399800, 100))
    drawing.actions.by_name["hole"].trigger()
    draw_ring(iface, square(500110, 4399810, 20))
    assert polygons(drawing)["water"] == pytest.approx(9600, rel=0.03)
    drawing.actions.by_name["split"].trigger()
    draw_ring(iface, [(500090, 4399850), (500210, 4399850)])
    features = list(drawing.session.labels.getFeatures())
    assert sorted(f["instance_id"] for f in features) == [1, 2]
    drawing.session.labels.selectAll()
    drawing.actions.by_name["merge"].trigger()
    (feature,) = drawing.session.labels.getFeatures()
    assert feature["instance_id"] == 1
    assert feature.geometry().area() == pytest.approx(9600, rel=0.03)


def test_what_is_refused_is_said_on_the_bar(drawing, iface):
    drawing.actions.by_name["merge"].trigger()
    assert messages(iface) == "Select at least two polygons to merge."


def test_esc_gives_up_and_resume_brings_the_corners_back(drawing, iface):
    for at in square(500100, 4399800, 60)[:3]:
        click(iface, *at)
    QTest.keyClick(iface.canvas, Qt.Key.Key_Escape)
    assert drawing.map.area_tool.size() == 0
    drawing.actions.by_name["resume"].trigger()
    assert len(drawing.map.area_tool.corners()) == 3
    click(iface, 500100, 4399860)
    click(iface, 500100, 4399860, RIGHT)
    assert polygons(drawing)["water"] == pytest.approx(3600, rel=0.05)
    drawing.actions.by_name["resume"].trigger()
    assert messages(iface) == "There is no polygon to resume."


def test_another_map_crs_changes_nothing(drawing, iface):
    iface.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    transform = drawing.map.to_map()
    see(iface, transform.transformBoundingBox(VIEW))
    ring = square(500100, 4399800, 60)
    there = [transform.transform(QgsPointXY(*at)) for at in ring]
    draw_ring(iface, [(p.x(), p.y()) for p in there])
    (feature,) = drawing.session.labels.getFeatures()
    wanted = QgsGeometry.fromPolygonXY([[QgsPointXY(*at) for at in [*ring, ring[0]]]])
    assert feature.geometry().hausdorffDistance(wanted) < 2 * iface.canvas.mapUnitsPerPixel()
    drawing.actions.by_name["rectangle"].trigger()
    drawing.actions.class_keys[3].trigger()
    click(iface, there[0].x(), there[0].y())
    click(iface, there[2].x(), there[2].y())
    debris = [f for f in drawing.session.labels.getFeatures() if f["class"] == "debris"]
    assert debris[0].geometry().area() == pytest.approx(3600, rel=0.06)


def test_keys_act_only_while_labels_are_edited(drawing, iface, project):
    keys = drawing.actions.class_keys
    assert all(key.isEnabled() for key in keys)
    drawing.session.labels.rollBack()
    assert not any(key.isEnabled() for key in keys)
    assert drawing.actions.by_name["next"].isEnabled()
    drawing.start()
    image = next(k for k in project.mapLayers().values() if k.name() == "scene")
    iface.setActiveLayer(image)
    assert not any(key.isEnabled() for key in [*keys, *drawing.actions.by_name.values()])


def test_every_action_is_in_qgis_list_of_keys_and_no_two_share_one(drawing):
    manager = QgsGui.shortcutsManager()
    actions = [*drawing.actions.by_name.values(), *drawing.actions.class_keys]
    assert {id(a) for a in actions} <= {id(a) for a in manager.listActions()}
    assert len({action.text() for action in actions}) == len(actions) == len(deeds()) + 18
    keys = [action.shortcut().toString() for action in actions]
    assert all(keys)
    assert len(set(keys)) == len(keys)
    assert manager.setKeySequence(drawing.actions.by_name["merge"], "Ctrl+Alt+M")
    button = drawing.palette.findChild(
        type(drawing.palette.groups[1].children()[1]), "button_merge"
    )
    assert "Ctrl+Alt+M" in button.text()
    assert manager.setKeySequence(drawing.actions.by_name["merge"], "M")


def test_every_button_has_a_name_and_a_tool_tip(drawing, iface):
    from polychip_qgis.prelabels.control import PrelabelControl
    from qgis.PyQt.QtWidgets import QAbstractButton

    prelabels = PrelabelControl(iface, drawing)
    buttons = [
        b for b in drawing.palette.widget().findChildren(QAbstractButton)
        if not b.objectName().startswith("qt_") and b.objectName()
    ]  # fmt: skip
    assert len(buttons) >= len(deeds()) + 3
    assert [b.objectName() for b in buttons if not (b.text() and b.toolTip())] == []
    prelabels.unload()


def test_the_palette_counts_what_is_drawn(drawing, iface):
    draw_ring(iface, square(500100, 4399800, 60))
    row = drawing.palette.tree.topLevelItem(0)
    wait_until(lambda: row.text(2) == "1", "the count shows")
    assert row.text(3).endswith("m²")
    assert row.text(0) == "1"


def test_a_class_is_found_by_typing(drawing):
    drawing.actions.by_name["search"].trigger()
    drawing.palette.search.setText("rout")
    drawing.palette._take_first()
    assert drawing.session.current.name == "access_route"


def test_the_rule_changes_by_key_and_shows(drawing):
    shown = []
    for _ in range(3):
        drawing.actions.by_name["rule"].trigger()
        shown.append((drawing.session.rule, drawing.palette.rule.currentData()))
    assert shown == [(r, r) for r in ("give_way", "take_ground", "overlap")]


def test_extending_is_on_for_areas_and_off_for_things(drawing):
    extend = drawing.actions.by_name["extend"]
    assert extend.isChecked()
    drawing.actions.class_keys[2].trigger()
    assert not extend.isChecked()
    extend.trigger()
    assert drawing.session.extends
    drawing.actions.class_keys[0].trigger()
    drawing.actions.class_keys[2].trigger()
    assert extend.isChecked()


def test_hiding_lasts_as_long_as_the_key(drawing, iface, project):
    node = project.layerTreeRoot().findLayer(drawing.session.labels.id())
    drawing.actions.by_name["hide"].trigger()
    assert not node.isVisible()
    repeat = QKeyEvent(
        QEvent.Type.KeyRelease, Qt.Key.Key_W, Qt.KeyboardModifier.NoModifier, "w", True
    )
    QCoreApplication.sendEvent(iface.canvas, repeat)
    assert not node.isVisible()
    QTest.keyRelease(iface.canvas, Qt.Key.Key_W)
    assert node.isVisible()


def test_outline_and_opacity(drawing):
    def brushes():
        categories = drawing.session.labels.renderer().categories()
        return {category.symbol().symbolLayer(0).brushStyle() for category in categories}

    drawing.actions.by_name["outline"].trigger()
    assert brushes() == {Qt.BrushStyle.NoBrush}
    drawing.actions.by_name["outline"].trigger()
    assert brushes() == {Qt.BrushStyle.SolidPattern}
    drawing.palette.opacity.setValue(40)
    assert drawing.session.labels.opacity() == pytest.approx(0.4)


def test_tasks_by_keys(drawing, iface):
    session = drawing.session
    assert session.task().cell == "scene_r0000000_c0000000"
    assert session.task().status == "doing"
    drawing.actions.by_name["done"].trigger()
    assert session.book.at("scene_r0000000_c0000000").status == "done"
    assert session.task().cell == "scene_r0000000_c0000001"
    assert drawing.palette.progress.value() == 1
    drawing.actions.by_name["unsure"].trigger()
    drawing.palette.note.setText("cloud shadow?")
    drawing.palette.noteWritten.emit("cloud shadow?")
    assert (session.task().status, session.task().note) == ("review", "cloud shadow?")
    drawing.actions.by_name["previous"].trigger()
    assert session.task().cell == "scene_r0000000_c0000000"
    drawing.actions.by_name["done"].trigger()
    assert session.task().status == "doing"


def test_nothing_is_committed_but_by_save(drawing, iface, tmp_path):
    from osgeo import gdal

    draw_ring(iface, square(500100, 4399800, 60))
    drawing.actions.by_name["done"].trigger()

    def stored():
        source = gdal.OpenEx(str(tmp_path / "labels.gpkg"), gdal.OF_VECTOR)
        tasks = source.GetLayer("tasks")
        return source.GetLayer("labels").GetFeatureCount(), {f["status"] for f in tasks}

    assert stored() == (0, {"todo"})
    assert drawing.session.labels.undoStack().count() == 1
    drawing.palette.save_button.click()
    assert stored() == (1, {"todo", "doing", "done"})
    assert not drawing.palette.save_button.isEnabled()
    assert drawing.session.labels.isEditable()


def test_the_project_remembers_class_rule_and_cell(drawing, iface, project, tmp_path):
    drawing.actions.class_keys[3].trigger()
    drawing.actions.by_name["rule"].trigger()
    drawing.actions.by_name["next"].trigger()
    cell = drawing.session.task().cell
    drawing.palette.save_button.click()
    for layer in drawing.session.layers.all:
        layer.commitChanges()
    assert project.write(str(tmp_path / "labels.qgz"))
    project.clear()
    wait_until(lambda: drawing.session is None, "the project is closed")
    assert project.read(str(tmp_path / "labels.qgz"))
    wait_until(lambda: drawing.session is not None, "the project is open")
    session = drawing.session
    assert (session.current.name, session.rule, session.task().cell) == ("debris", "give_way", cell)
    assert not project.isDirty()
    text, _ = project.readEntry("polychip", "/drawing")
    assert json.loads(text)["cell"] == cell


def test_the_palette_offers_a_project_when_there_is_none(control):
    assert control.session is None
    assert control.palette.new_button.isVisibleTo(control.palette)
    assert not control.palette.groups[0].isVisibleTo(control.palette)
    control.open_page()
    assert control._page.isVisible()
    control._page.reject()


def test_removing_the_layers_lets_the_session_go(drawing, project):
    labels = drawing.session.labels
    labels.rollBack()
    project.removeMapLayer(labels.id())
    QCoreApplication.processEvents()
    assert drawing.session is None
