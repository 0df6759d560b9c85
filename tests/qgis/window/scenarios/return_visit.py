"""QGIS speaks German: open a project that remembers the dock, switch the plugin off and on."""

import qgis.utils
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtWidgets import QAction, QComboBox, QDockWidget, QLabel, QSpinBox, QToolBar


def scenario(window):
    """The values that come out are asserted in test_window.py."""
    yield window.until(
        lambda: window.exists(QDockWidget, "PolychipDock"), "the plugin starts with QGIS"
    )
    window.iface.addProject(window.inputs["project"])
    yield window.until(lambda: len(QgsProject.instance().mapLayers()) == 2, "the project is open")
    window.record(clean_after_opening=not QgsProject.instance().isDirty())
    yield from open_dock(window)
    window.record(restored=shown(window), title=window.find(QAction, "polychipToggleDock").text())
    status = window.find(QLabel, "engineStatus")
    yield window.until(
        lambda: status.text() == "Der Rechenkern ist nicht bereit.", "the engine was looked for"
    )
    window.screenshot("german")

    registry = QgsApplication.processingRegistry()
    algorithm = registry.algorithmById("polychip:chipgrid")
    window.record(algorithm=algorithm.displayName(), group=algorithm.provider().name())
    window.record(unloaded=qgis.utils.unloadPlugin("polychip_qgis"))
    yield window.until(lambda: not window.exists(QDockWidget, "PolychipDock"), "the dock is gone")
    window.record(
        left_over=[a.text() for a in window.iface.rasterMenu().actions() if a.text() == "Polychip"],
        provider_gone=registry.providerById("polychip") is None,
    )
    window.record(
        loaded=qgis.utils.loadPlugin("polychip_qgis"),
        started=qgis.utils.startPlugin("polychip_qgis"),
    )
    yield window.until(lambda: window.exists(QDockWidget, "PolychipDock"), "the dock is back")
    yield from open_dock(window)
    window.record(restored_again=shown(window))
    window.screenshot("again")


def open_dock(window):
    """Click the toolbar button unless the dock is open."""
    dock = window.find(QDockWidget, "PolychipDock")
    if not dock.isVisible():
        button = window.find(QToolBar, "PolychipToolBar").widgetForAction(
            window.find(QAction, "polychipToggleDock")
        )
        yield window.until(button.isVisible, "the toolbar button shows")
        yield from window.click(button)
    yield window.until(dock.isVisible, "the dock shows")


def shown(window):
    """What the dock shows."""
    return {
        "imagery": window.find(QComboBox, "imagery").currentText(),
        "class_field": window.find(QComboBox, "classField").currentText(),
        "mode": window.find(QComboBox, "mode").currentText(),
        "size": window.find(QSpinBox, "chipSize").value(),
        "count": window.find(QLabel, "chipCount").text(),
    }
