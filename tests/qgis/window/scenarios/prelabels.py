"""One cell of the flood sample, labelled by hand and with pre-labels, then the wand; by mouse, keys.

Every click and key on the way is counted; what comes out is asserted in test_window_prelabels.py.
"""

from pathlib import Path

from qgis.core import (
    QgsCoordinateTransform,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QPoint
from qgis.PyQt.QtWidgets import QScrollArea, QSlider


def scenario(window):
    import qgis.utils
    from polychip_qgis.drawing.make import ProjectRequest, make_project
    from polychip_qgis.drawing.templates import template

    plugin = qgis.utils.plugins["polychip_qgis"]
    project = QgsProject.instance()
    image = QgsRasterLayer(window.inputs["after"], "after")
    truth = QgsVectorLayer(window.inputs["truth"], "truth", "ogr")
    project.addMapLayer(image)
    flood = template("flood")
    path = Path(window.inputs["geopackage"])
    path.parent.mkdir(parents=True, exist_ok=True)
    made = make_project(
        ProjectRequest(path, [image], list(flood.classes), flood.mode, 128, "pad"), project
    )
    plugin.drawing._made(made, False)
    desk = Desk(window, plugin)
    waters = desk.go_where(truth)
    yield from desk.settled()
    yield from window.click(desk.canvas.viewport(), button=2)
    yield from by_hand(window, desk, waters)
    yield from with_prelabels(window, desk)
    yield from wand(window, desk)


class Desk:
    """What a user sees and holds; `count` is what was clicked and pressed."""

    def __init__(self, window, plugin):
        self.window, self.plugin = window, plugin
        self.canvas = window.iface.mapCanvas()
        self.count = 0

    @property
    def session(self):
        return self.plugin.drawing.session

    @property
    def labels(self):
        return self.session.labels

    @property
    def stack(self):
        return self.labels.undoStack()

    def settled(self):
        yield self.window.until(lambda: not self.canvas.isDrawing(), "the map is drawn")
        self.canvas.waitWhileRendering()

    def press(self, key):
        self.count += 1
        yield from self.window.press(key)

    def click(self, widget, at=None, button=1):
        self.count += 1
        yield from self.window.click(widget, at, button)

    def go_where(self, truth):
        """To the cell with the most water; its water as polygons, in the CRS of the labels."""
        move = QgsCoordinateTransform(truth.crs(), self.labels.crs(), QgsProject.instance())
        waters = []
        for feature in truth.getFeatures():
            if feature["class"] == "flood_water":
                shape = QgsGeometry(feature.geometry())
                shape.transform(move)
                waters.append(shape)
        water = QgsGeometry.unaryUnion(waters)
        shape_of = self.session.book.shape
        best = max(
            self.session.book.tasks, key=lambda t: shape_of(t.fid).intersection(water).area()
        )
        self.session.go(best.fid)
        self.plugin.drawing._go()
        found = shape_of(best.fid).intersection(water)
        self.window.record(truth=found.asWkt(6), cell=shape_of(best.fid).asWkt(6))
        return found

    def on_screen(self, point):
        move = QgsCoordinateTransform(
            self.labels.crs(), QgsProject.instance().crs(), QgsProject.instance()
        )
        there = self.canvas.getCoordinateTransform().transform(move.transform(QgsPointXY(point)))
        return QPoint(round(there.x()), round(there.y()))

    def shapes(self):
        return [[f["tool"], f.geometry().asWkt(6)] for f in self.labels.getFeatures()]


def by_hand(window, desk, water):
    """Each part of the water, a corner a click, as coarse as three pixels of the image."""
    desk.count = 0
    yield from desk.press("1")
    port = desk.canvas.viewport()
    for part in water.asGeometryCollection():
        if part.area() < 25 * 100:
            continue
        ring = part.simplify(30).asPolygon()
        if not ring or len(ring[0]) < 4:
            continue
        steps, last = desk.stack.index(), QPoint(-9, -9)
        n_corners = 0
        for point in ring[0][:-1]:
            at = desk.on_screen(point)
            if (at - last).manhattanLength() < 4 or not port.rect().contains(at):
                continue
            yield from desk.click(port, at)
            last, n_corners = at, n_corners + 1
            yield window.until(
                lambda n=n_corners: desk.plugin.drawing.map.area_tool.size() == n, "it is set"
            )
        yield from desk.click(port, last, 3)
        yield window.until(lambda n=steps: desk.stack.index() == n + 1, "a polygon is drawn")
    yield from desk.settled()
    window.screenshot("01_by_hand")
    window.record(by_hand=desk.count, hand_shapes=desk.shapes())
    while desk.stack.index():
        steps = desk.stack.index()
        yield from window.press("ctrl+z")
        yield window.until(lambda n=steps: desk.stack.index() == n - 1, "one step is undone")


def with_prelabels(window, desk):
    """Preview with Otsu's threshold, convert the cell; then the slider, and Otsu again."""
    control = desk.plugin.prelabels
    panel = control.panel
    desk.count = 0
    yield from desk.press("1")
    yield from desk.press("d")
    yield window.until(lambda: control.overlay.picture is not None, "the preview shows")
    otsu = panel.threshold
    yield from desk.press("shift+d")
    yield window.until(lambda: desk.stack.index() == 1, "the cell is converted")
    yield from desk.settled()
    window.record(with_prelabels=desk.count, made=desk.shapes(), otsu=otsu)
    window.screenshot("02_converted")
    yield from window.press("ctrl+z")
    yield window.until(lambda: desk.stack.index() == 0, "it is undone")
    window.record(after_undo=desk.shapes())
    slider = window.find(QSlider, "prelabelSlider")
    yield from window.click(slider, QPoint(int(slider.width() * 0.9), slider.height() // 2))
    yield window.until(lambda: panel.threshold != otsu, "the slider moves the threshold")
    moved = panel.threshold
    yield from desk.settled()
    window.screenshot("03_slider")
    yield from window.click(desk.canvas.viewport(), button=2)
    yield from window.press("shift+o")
    yield window.until(lambda: panel.threshold != moved, "Otsu's threshold is back")
    window.record(moved=moved, otsu_again=panel.threshold)
    scroll = window.find(QScrollArea, "polychipLabelsScroll")
    scroll.ensureWidgetVisible(panel)
    yield from desk.settled()
    window.screenshot("04_otsu")
    yield from window.press("d")
    yield window.until(lambda: control.overlay.picture is None, "the preview is off")


def wand(window, desk):
    """Click into the water, Enter; undo."""
    water = max(
        QgsGeometry.fromWkt(window.values["truth"]).asGeometryCollection(), key=lambda p: p.area()
    )
    at = desk.on_screen(water.poleOfInaccessibility(5)[0].asPoint())
    tool = desk.plugin.prelabels.wand.tool
    port = desk.canvas.viewport()
    yield from window.press("a")
    yield window.until(lambda: desk.canvas.mapTool() is tool, "the wand is in hand")
    yield from window.drag(port, at, at + QPoint(20, 0))
    yield window.until(lambda: tool._selection.kept is not None, "a region is selected")
    window.record(tolerance=tool.tolerance)
    window.screenshot("05_wand")
    yield from window.press("Return")
    yield window.until(lambda: desk.stack.index() == 1, "it is a polygon")
    yield from desk.settled()
    window.record(by_wand=desk.shapes())
    window.screenshot("06_wand_kept")
    yield from window.press("ctrl+z")
    yield window.until(lambda: desk.stack.index() == 0, "it is undone")
