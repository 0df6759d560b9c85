"""Labels are checked from the dock, a problem is clicked, advice and agreement are opened."""

from qgis.core import QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QPoint
from qgis.PyQt.QtWidgets import (
    QAction,
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QGroupBox,
    QLabel,
    QPushButton,
    QTableView,
    QToolBar,
)


def scenario(window):
    """Every step is a user's; the values that come out are asserted in test_window_quality.py."""
    project, canvas = QgsProject.instance(), window.iface.mapCanvas()
    image = QgsRasterLayer(window.inputs["raster"], "after")
    labels = QgsVectorLayer(f"{window.inputs['labels']}|layername=labels", "labels", "ogr")
    project.addMapLayers([image, labels])
    dock = window.find(QDockWidget, "PolychipDock")
    toolbar = window.find(QToolBar, "PolychipToolBar")
    button = toolbar.widgetForAction(window.find(QAction, "polychipToggleDock"))
    yield window.until(button.isVisible, "the toolbar button shows")
    yield from window.click(button)
    yield window.until(dock.isVisible, "the dock shows")
    window.find(QComboBox, "labels").setLayer(labels)
    window.find(QComboBox, "classField").setField("class")
    window.find(QComboBox, "instanceField").setField("instance_id")
    window.iface.setActiveLayer(image)
    window.iface.zoomToActiveLayer()

    group = window.find(QGroupBox, "qualityGroup")
    yield from window.click(group, QPoint(40, 8))
    yield window.until(lambda: not group.isCollapsed(), "the group opens")
    yield from window.click(window.find(QPushButton, "checkLabels"))
    status, table = window.find(QLabel, "qualityStatus"), window.find(QTableView, "problemTable")
    yield window.until(lambda: "Problems: " in status.text(), "the labels are checked", 90)
    model = table.model()
    window.record(
        status=status.text(),
        rows=[
            [model.index(row, column).data() for column in range(3)]
            for row in range(model.rowCount())
        ],
    )
    extent = canvas.extent()
    first = table.visualRect(model.index(0, 1)).center()
    yield from window.click(table.viewport(), first)
    yield window.until(lambda: canvas.extent() != extent, "the map goes to the problem")
    yield window.until(lambda: not canvas.isDrawing(), "the map is drawn")
    window.record(
        width_before=extent.width(), width_after=canvas.extent().width(),
        centre=[canvas.extent().center().x(), canvas.extent().center().y()],
        hint=window.find(QLabel, "qualityHint").text(),
    )  # fmt: skip
    window.screenshot("quality")

    for name, title in (("adviseLabels", "Advise"), ("agreeLabels", "Agreement")):
        yield from window.click(window.find(QPushButton, name))
        yield window.until(lambda: dialogs(title), "the algorithm's dialog opens")  # noqa: B023
        [dialog] = dialogs(title)
        window.screenshot(name, dialog)
        window.record(**{name: dialog.windowTitle()})
        dialog.close()
    window.record(layers=sorted(x.name() for x in project.mapLayers().values()))


def dialogs(title):
    """Open dialogs of this name."""
    windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog)]
    return [w for w in windows if w.isVisible() and w.windowTitle().startswith(title)]
