"""After the crash: open the project, restore by a click, finish the polygon, undo, redo, save."""

import importlib.util
from pathlib import Path

import qgis.utils
from qgis.core import QgsProject
from qgis.PyQt.QtWidgets import QPushButton


def scenario(window):
    spec = importlib.util.spec_from_file_location("drawing", Path(__file__).with_name("drawing.py"))
    drawing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawing)
    control = qgis.utils.plugins["polychip_qgis"].drawing
    window.iface.addProject(window.inputs["project"])
    yield window.until(lambda: control.session is not None, "the project is open")
    yield window.until(
        lambda: window.exists(QPushButton, "polychipRestore"), "restoring is offered"
    )
    window.record(dirty=QgsProject.instance().isDirty())
    desk = drawing.Desk(window)
    yield from desk.settled()
    window.screenshot("1_offer")
    yield from window.click(window.find(QPushButton, "polychipRestore"))
    yield window.until(
        lambda: len(control.map.area_tool.corners()) == 3, "the three corners are back"
    )
    window.record(
        rows=desk.rows(),
        corners=control.map.area_tool.corners(),
        current=desk.session.current.name,
        statuses=sorted(task.status for task in desk.session.book.tasks),
        message=window.iface.messageBar().currentItem().text(),
    )
    yield from desk.settled()
    window.screenshot("2_restored")
    before = desk.labels.undoStack().index()
    port = desk.canvas.viewport()
    yield from window.click(port, desk.place((0.5, 0.5)))
    yield from window.click(port, desk.place((0.5, 0.5)), 3)
    yield window.until(
        lambda: desk.labels.undoStack().index() == before + 1, "the polygon is finished"
    )
    yield from desk.undo_and_redo()
    yield from window.click(window.find(QPushButton, "saveLabels"))
    yield window.until(lambda: not desk.session.modified, "everything is saved")
    folder = desk.session.layers.geopackage.parent
    yield window.until(
        lambda: not [p for p in folder.iterdir() if "unsaved" in p.name], "nothing unsaved is left"
    )
    window.record(saved=desk.rows())
    window.screenshot("3_saved")
