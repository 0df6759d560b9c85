"""From an empty QGIS to labels: make a project by the page, draw by mouse and keys, save.

Every step is a user's; what comes out is asserted in test_window_drawing.py.
"""

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
)
from qgis.PyQt.QtCore import QPoint
from qgis.PyQt.QtWidgets import (
    QAction,
    QDialog,
    QDockWidget,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QToolBar,
    QWidget,
)


def scenario(window):
    project = QgsProject.instance()
    yield from open_images(window, project)
    yield from open_palette(window)
    yield from make_by_page(window)
    desk = Desk(window)
    yield from desk.settled()
    root = project.layerTreeRoot()
    window.record(
        shown={name: root.findLayer(project.mapLayersByName(name)[0].id()).isVisible()
               for name in ("before", "after")}
    )  # fmt: skip
    window.screenshot("02_first_cell")

    # First cell: water, and a house inside it that overlaps it.
    yield from desk.press("1")
    yield from desk.ring(WATER, keep="water")
    yield from desk.press("3")
    yield from desk.ring(HOUSE)
    desk.record_areas("overlap")
    yield from desk.settled()
    window.screenshot("03_overlap")
    yield from desk.press("y")
    yield window.until(lambda: desk.session.task().col == 1, "the next cell is there")
    yield from desk.settled()

    # Second cell: the house gives way, which inside water means that it is cut in.
    yield from desk.press("g", "1")
    yield window.until(lambda: desk.session.rule == "give_way", "the rule has changed")
    yield from desk.ring(WATER)
    yield from desk.press("3")
    yield from desk.ring(HOUSE)
    desk.record_areas("give_way")
    yield from desk.settled()
    window.screenshot("04_give_way")
    yield from desk.press("y")
    yield window.until(lambda: desk.session.task().col == 2, "the third cell is there")
    yield from desk.settled()

    # Third cell: the house takes the ground; then everything else.
    yield from desk.press("g", "1")
    yield window.until(lambda: desk.session.rule == "take_ground", "the rule has changed")
    yield from desk.ring(WATER)
    yield from desk.press("3")
    yield from desk.ring(HOUSE)
    desk.record_areas("take_ground")
    yield from desk.press("h")
    yield from desk.ring(HOLE)
    desk.record_areas("hole")
    yield from desk.settled()
    window.screenshot("05_hole")
    yield from desk.press("k")
    yield from desk.ring(LINE)
    desk.record_areas("split")
    yield from desk.settled()
    window.screenshot("06_split")
    yield from desk.select(SELECT)
    window.record(n_selected=desk.labels.selectedFeatureCount())
    yield from desk.edit("m")
    desk.record_areas("merge")
    yield from desk.settled()
    window.screenshot("07_merged")
    yield from desk.select(SELECT_HOUSE)
    yield from desk.edit("4")
    desk.record_areas("re_class")
    yield from desk.undo_and_redo()
    desk.labels.removeSelection()
    yield from desk.settled()
    window.screenshot("08_re_classed")
    yield from desk.press("w")  # xdotool lets the key go at once
    yield from desk.press("y")
    yield window.until(lambda: desk.session.book.progress().finished == 3, "three cells are done")
    yield from desk.settled()
    window.screenshot("09_three_done")

    window.record(polygons=desk.polygons(), done=desk.done())
    yield from window.click(window.find(QPushButton, "saveLabels"))
    yield window.until(lambda: not desk.session.modified, "everything is saved")
    window.record(ambiguous=ambiguous_keys(window))
    window.record(
        dirty_files=sorted(p.name for p in desk.session.layers.geopackage.parent.iterdir())
    )
    yield from look(window, desk)


WATER = [(0.25, 0.25), (0.75, 0.22), (0.78, 0.75), (0.24, 0.72)]
HOUSE = [(0.35, 0.35), (0.45, 0.35), (0.45, 0.45), (0.35, 0.45)]
HOLE = [(0.60, 0.30), (0.70, 0.30), (0.70, 0.40), (0.60, 0.40)]
LINE = [(0.15, 0.58), (0.90, 0.60)]
SELECT = [(0.52, 0.50), (0.56, 0.68)]
SELECT_HOUSE = [(0.38, 0.38), (0.42, 0.42)]
"""As shares of the map's width and height; a cell is square and in its middle."""


def open_images(window, project):
    """Two dates; the project in another reference system than they are."""
    layers = [QgsRasterLayer(window.inputs[key], key) for key in ("before", "after")]
    project.addMapLayers(layers)
    yield window.until(lambda: project.crs() == layers[0].crs(), "QGIS takes the first layer's CRS")
    project.setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    window.iface.setActiveLayer(layers[1])
    window.iface.zoomToActiveLayer()
    yield window.until(lambda: not window.iface.mapCanvas().isDrawing(), "the map is drawn")
    window.screenshot("00_images")


def open_palette(window):
    """Click the toolbar button."""
    action = window.find(QAction, "polychipToggleLabels")
    button = window.find(QToolBar, "PolychipToolBar").widgetForAction(action)
    yield window.until(button.isVisible, "the toolbar button shows")
    yield from window.click(button)
    yield window.until(window.find(QDockWidget, "PolychipLabels").isVisible, "the palette shows")


def make_by_page(window):
    """Fill the page and start."""
    button = window.find(QPushButton, "newLabelProject")
    yield window.until(button.isVisible, "the button shows")
    yield from window.click(button)
    yield window.until(lambda: window.exists(QSpinBox, "startSize"), "the page opens")
    page = window.find(QDialog, "PolychipStartPage")
    yield window.until(page.isVisible, "the page shows")
    size = window.find(QSpinBox, "startSize")
    yield from window.double_click(size, QPoint(15, size.height() // 2))
    yield window.until(size.hasFocus, "a click focuses the size")
    yield from window.press("ctrl+a")
    yield from window.type("128")
    yield from window.press("Tab")
    yield window.until(lambda: size.value() == 128, "128 is typed")
    edit = window.find(QWidget, "startGeoPackage").findChild(QLineEdit)
    yield from window.click(edit)
    yield from window.type(window.inputs["geopackage"])
    name = window.find(QLineEdit, "startAnnotator")
    yield from window.click(name)
    yield window.until(name.hasFocus, "a click focuses the name")
    yield from window.press("ctrl+a")
    yield from window.type("Ann")
    window.record(cells=window.find(QLabel, "startCount").text())
    window.screenshot("01_page", page)
    yield from window.click(window.find(QPushButton, "startLabelling"))
    yield window.until(lambda: not window.exists(QSpinBox, "startSize") or not page.isVisible(),
                       "the page closes")  # fmt: skip


class Desk:
    """Drawing by mouse and keys."""

    def __init__(self, window):
        import qgis.utils

        self.window = window
        self.control = qgis.utils.plugins["polychip_qgis"].drawing
        self.canvas = window.iface.mapCanvas()
        self.areas = {}
        self.kept = {}

    @property
    def session(self):
        return self.control.session

    @property
    def labels(self):
        return self.session.labels

    def settled(self):
        """The map is drawn."""
        yield self.window.until(lambda: not self.canvas.isDrawing(), "the map is drawn")
        self.canvas.waitWhileRendering()

    def press(self, *keys):
        """Keys, on the map."""
        yield from self.window.press(*keys)

    def edit_saved(self):
        """Save by the button; undo ends here."""
        yield from self.window.click(self.window.find(QPushButton, "saveLabels"))
        yield self.window.until(lambda: not self.session.modified, "it is saved")

    def edit(self, key):
        """A key that edits."""
        before = self.labels.undoStack().index()
        yield from self.window.press(key)
        yield self.window.until(
            lambda: self.labels.undoStack().index() == before + 1, f"{key} is one step of undo"
        )

    def place(self, at):
        """A point of the map's widget by its shares of width and height."""
        port = self.canvas.viewport()
        side = min(port.width(), port.height())
        x, y = port.width() / 2 + (at[0] - 0.5) * side, port.height() / 2 + (at[1] - 0.5) * side
        return QPoint(round(x), round(y))

    def ring(self, corners, keep=""):
        """Left clicks, then a right click that ends the shape."""
        before = self.labels.undoStack().index()
        port = self.canvas.viewport()
        for corner in corners:
            yield from self.window.click(port, self.place(corner))
        yield self.window.until(
            lambda: (
                max(self.control.map.area_tool.size(), self.control.map.line_tool.size())
                == len(corners)
            ),
            f"{len(corners)} corners are set",
        )
        if keep:
            self.kept[keep] = [self.in_labels(self.place(corner)) for corner in corners]
            self.window.record(kept=self.kept, pixel_m=self.canvas.mapUnitsPerPixel())
        yield from self.window.click(port, self.place(corners[-1]), 3)
        yield self.window.until(
            lambda: self.labels.undoStack().index() == before + 1, "the edit is one step of undo"
        )

    def in_labels(self, pixel):
        """A place on the map in the CRS of the labels."""
        point = self.canvas.getCoordinateTransform().toMapCoordinates(pixel)
        project = QgsProject.instance()
        transform = QgsCoordinateTransform(project.crs(), self.labels.crs(), project)
        found = transform.transform(QgsPointXY(point))
        return [found.x(), found.y()]

    def select(self, corners):
        """QGIS's own tool, by mouse."""
        self.window.iface.actionSelectRectangle().trigger()
        yield from self.window.drag(self.canvas.viewport(), *map(self.place, corners))
        yield self.window.until(
            lambda: self.labels.selectedFeatureCount() > 0, "something is selected"
        )

    def rows(self):
        """Every polygon as it is."""
        return sorted(
            [f["class"], f["instance_id"], round(f.geometry().area(), 3), f.geometry().asWkt(4)]
            for f in self.labels.getFeatures()
        )

    def record_areas(self, name):
        """Class, id and area of the polygons of the current cell."""
        cell = self.session.book.shape(self.session.cell)
        self.areas[name] = sorted(
            [f["class"], f["instance_id"], round(f.geometry().area(), 2)]
            for f in self.labels.getFeatures()
            if cell.contains(f.geometry().pointOnSurface())
        )
        self.window.record(areas=self.areas)

    def undo_and_redo(self):
        """All the way back and forth, by QGIS's own keys."""
        stack, there = self.labels.undoStack(), self.rows()
        steps = stack.index()
        for step in range(steps):
            yield from self.window.press("ctrl+z")
            yield self.window.until(
                lambda s=step: stack.index() == steps - s - 1, "one step is undone"
            )
        self.window.record(n_steps=steps, after_undo=self.rows())
        for step in range(steps):
            yield from self.window.press("ctrl+shift+z")
            yield self.window.until(lambda s=step: stack.index() == s + 1, "one step is redone")
        self.window.record(same_after_redo=self.rows() == there)

    def polygons(self):
        return [[f["class"], f.geometry().asWkt(17)] for f in self.labels.getFeatures()]

    def done(self):
        tasks = self.session.book.tasks
        return [self.session.book.shape(t.fid).asWkt(17) for t in tasks if t.status == "done"]


def ambiguous_keys(window):
    """Keys of the palette that another action of the window has, too."""
    mine = [
        a for a in window.iface.mainWindow().actions() if a.objectName().startswith("polychipDraw_")
    ]
    keys = {action.shortcut().toString(): action for action in mine}
    others = [a for a in window.iface.mainWindow().findChildren(QAction) if a not in mine]
    return sorted({s.toString() for a in others for s in a.shortcuts() if s.toString() in keys})


def look(window, desk):
    """The view keys: water index, flicker, stretch, under-labelled cells."""
    canvas = window.iface.mapCanvas()
    canvas.setFocus()
    numbers = []
    desk.control.actions.classKey.connect(numbers.append)
    yield from desk.press("shift+1", "9", "shift+3")
    yield window.until(lambda: len(numbers) == 3, "three class keys have come")
    window.record(class_keys=numbers)
    root = QgsProject.instance().layerTreeRoot()
    (after,) = QgsProject.instance().mapLayersByName("after")
    yield from desk.press("c")
    yield window.until(lambda: not root.findLayer(after.id()).isVisible(), "the other date shows")
    yield from desk.settled()
    shown = {
        k.name(): root.findLayer(k.id()).isVisible()
        for k in QgsProject.instance().mapLayers().values()
    }
    window.record(flicker=shown)
    window.screenshot("10_before")
    yield from desk.press("c")
    yield window.until(root.findLayer(after.id()).isVisible, "the first date shows again")
    yield from desk.press("shift+v", "v", "v", "v")
    yield window.until(
        lambda: QgsProject.instance().mapLayersByName("Water index of after"), "the index shows"
    )
    yield from desk.settled()
    names = [k.name() for k in QgsProject.instance().mapLayers().values()]
    window.record(index=[name for name in names if name.startswith("Water index")])
    window.screenshot("11_water_index")
