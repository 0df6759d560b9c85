"""Draw, and die in mid-drawing: QGIS is killed by its own process id."""

import os
import signal

from qgis.core import QgsProject, QgsRasterLayer


def scenario(window):
    drawing = _drawing()
    project = QgsProject.instance()
    project.addMapLayer(QgsRasterLayer(window.inputs["after"], "after"))
    window.iface.zoomFull()
    yield from drawing.open_palette(window)
    yield from drawing.make_by_page(window)
    desk = drawing.Desk(window)
    yield from desk.settled()
    yield from desk.press("1")
    yield from desk.ring(drawing.WATER)
    yield from desk.edit_saved()
    yield from desk.press("3")
    yield from desk.ring(drawing.HOUSE)
    yield from desk.press("y")
    yield window.until(lambda: desk.session.task().col == 1, "the next cell is there")
    yield from desk.settled()
    yield from desk.press("4")
    for corner in drawing.WATER[:3]:
        yield from window.click(desk.canvas.viewport(), desk.place(corner))
    yield window.until(
        lambda: len(desk.control.map.area_tool.corners()) == 3, "three corners are set"
    )
    corners = desk.control.map.area_tool.corners()
    journal = desk.session.layers.geopackage.with_name("labels.unsaved.json")
    yield window.until(lambda: journal.exists() and repr(corners[2][0]) in journal.read_text(),
                       "the third corner is in the recovery file")  # fmt: skip
    window.keep(
        "before.json", rows=desk.rows(), corners=corners, stage=desk.control.map.tool_name()
    )
    os.kill(os.getpid(), signal.SIGKILL)


def _drawing():
    import importlib.util
    from pathlib import Path

    spec = importlib.util.spec_from_file_location("drawing", Path(__file__).with_name("drawing.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
