"""Problems fixed from the list by mouse, proposals accepted and rejected by key.

What comes out is asserted in test_window_checks.py.
"""

from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtWidgets import QAction, QComboBox, QDialog, QDialogButtonBox, QPushButton


def scenario(window):
    import qgis.utils
    from polychip_qgis.drawing.make import ProjectRequest, make_project
    from polychip_qgis.drawing.templates import template

    plugin = qgis.utils.plugins["polychip_qgis"]
    project = QgsProject.instance()
    image = QgsRasterLayer(window.inputs["after"], "after")
    former = QgsVectorLayer(window.inputs["former"], "last_year", "ogr")
    project.addMapLayers([image, former])
    project.layerTreeRoot().findLayer(former.id()).setItemVisibilityChecked(False)
    project.setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))  # not the image's
    flood = template("flood")
    path = Path(window.inputs["geopackage"])
    path.parent.mkdir(parents=True, exist_ok=True)
    made = make_project(
        ProjectRequest(path, [image], list(flood.classes), flood.mode, 128, "pad"), project
    )
    plugin.drawing._made(made, False)
    desk = Desk(window, plugin)
    desk.go_where(former)
    yield from desk.settled()
    yield from problems(window, desk)
    yield from proposals(window, desk, former)
    yield from window.click(window.find(QPushButton, "saveLabels"))
    yield window.until(lambda: not desk.session.modified, "everything is saved")


class Desk:
    """What a user sees and holds."""

    def __init__(self, window, plugin):
        self.window, self.plugin = window, plugin
        self.canvas = window.iface.mapCanvas()

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

    def go_where(self, former):
        """To the cell where most of another layer's polygons lie."""
        project = QgsProject.instance()
        move = QgsCoordinateTransform(self.labels.crs(), former.crs(), project)

        def count(task):
            box = move.transformBoundingBox(self.session.book.shape(task.fid).boundingBox())
            return sum(1 for _ in former.getFeatures(QgsFeatureRequest().setFilterRect(box)))

        self.session.go(max(self.session.book.tasks, key=count).fid)
        self.plugin.drawing._go()

    def add_like_qgis(self, corners, name, number):
        """A polygon of a tool that checks nothing; corners as shares of the cell."""
        box = self.session.book.shape(self.session.cell).boundingBox()
        ring = [
            QgsPointXY(box.xMinimum() + x * box.width(), box.yMinimum() + y * box.height())
            for x, y in [*corners, corners[0]]
        ]
        feature = QgsFeature(self.labels.fields())
        feature.setGeometry(QgsGeometry.fromPolygonXY([ring]))
        feature["class"], feature["instance_id"] = name, number
        feature["uuid"] = f"by-hand-{number}"
        self.labels.beginEditCommand("by QGIS")
        assert self.labels.addFeature(feature)
        self.labels.endEditCommand()

    def place_of(self, shape):
        """Of a geometry of the labels, on the map's widget."""
        move = QgsCoordinateTransform(
            self.labels.crs(), QgsProject.instance().crs(), QgsProject.instance()
        )
        point = move.transform(shape.pointOnSurface().asPoint())
        return self.canvas.getCoordinateTransform().transform(point).toQPointF().toPoint()


def problems(window, desk):
    """A bow tie and a duplicate come into the list; one is fixed, undone, redone."""
    desk.add_like_qgis([(0.2, 0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8)], "debris", 1)
    desk.add_like_qgis([(0.05, 0.4), (0.15, 0.4), (0.15, 0.5), (0.05, 0.5)], "debris", 2)
    desk.add_like_qgis([(0.05, 0.4), (0.15, 0.4), (0.15, 0.5), (0.05, 0.5)], "debris", 3)
    yield from window.press("j")
    dock = desk.plugin.problems.dock
    model = dock.model

    def listed():
        return sorted(p.check for p in model.problems if p.severity == "error")

    both = ["geometry.invalid", "topology.duplicate"]
    yield window.until(lambda: listed() == both, "both are listed")
    row = next(n for n, p in enumerate(model.problems) if p.check == "geometry.invalid")
    yield from window.click(
        dock.list.viewport(), dock.list.visualRect(model.index(row, 2)).center()
    )
    yield window.until(dock.fix.isEnabled, "the problem is chosen")
    yield from desk.settled()
    window.screenshot("01_problem")
    steps = desk.stack.index()
    yield from window.click(window.find(QPushButton, "fixProblem"))
    yield window.until(lambda: desk.stack.index() == steps + 1, "the fix is one step of undo")
    yield window.until(lambda: listed() == both[1:], "it has gone from the list")
    yield from desk.settled()
    window.screenshot("02_fixed")
    window.iface.setActiveLayer(desk.labels)
    yield from window.click(desk.canvas.viewport(), button=2)
    yield from window.press("ctrl+z")
    yield window.until(lambda: listed() == both, "undone, it is listed again")
    yield from window.press("ctrl+shift+z")
    yield window.until(lambda: listed() == both[1:], "redone, it has gone again")
    yield from window.click(window.find(QPushButton, "fixAllProblems"))
    yield window.until(lambda: listed() == [], "the duplicate has gone, too")
    window.record(after_fixes=sorted(f["instance_id"] for f in desk.labels.getFeatures()))
    dock.setUserVisible(False)
    yield from desk.settled()


def proposals(window, desk, former):
    """The question; one accepted, one rejected, the rest accepted."""
    window.find(QAction, "command_proposals").trigger()
    yield window.until(lambda: window.exists(QDialog, "PolychipProposals"), "it is asked")
    dialog = window.find(QDialog, "PolychipProposals")
    dialog.layer.setLayer(former)
    dialog.field.setField("class")
    for value, name in (("building", "infrastructure"), ("flood_water", "water"),
                        ("road", "access_route")):  # fmt: skip
        box = window.find(QComboBox, f"proposalClass_{value}")
        box.setCurrentIndex(box.findData(name))
    window.screenshot("03_question", dialog)
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    yield from window.click(ok)
    yield window.until(lambda: desk.plugin.proposals.proposer is not None, "there are proposals")
    proposer = desk.plugin.proposals.proposer
    desk.plugin.drawing._go()
    yield from desk.settled()
    yield from window.click(desk.canvas.viewport(), button=2)
    n_all = len(proposer.shown)
    window.record(n_proposed=n_all)
    window.screenshot("04_proposals")
    for key in ("x", "z"):
        cell = desk.session.book.shape(desk.session.cell)
        houses = [
            c for c in proposer.shown
            if c.name == "infrastructure" and cell.contains(c.shape)
        ]  # fmt: skip
        before = len(proposer.shown)
        yield from window.move(desk.canvas.viewport(), desk.place_of(houses[0].shape))
        yield from window.press(key)
        yield window.until(lambda n=before: len(proposer.shown) == n - 1, f"{key} has done it")
        tools = [f["tool"] for f in desk.labels.getFeatures()]
        window.record(**{f"accepted_after_{key}": tools.count("from:last_year")})
    yield from desk.settled()
    window.screenshot("05_one_accepted_one_rejected")
    steps = desk.stack.index()
    yield from window.press("shift+x")
    yield window.until(lambda: not proposer.shown, "all of the cell are accepted")
    yield from desk.settled()
    window.screenshot("06_all_accepted")
    tools = [f["tool"] for f in desk.labels.getFeatures()]
    window.record(
        n_steps=desk.stack.index() - steps, n_accepted=tools.count("from:last_year"),
    )  # fmt: skip
