"""The wiring: what appears in QGIS, what Export says, and that everything goes away again."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import wait_until
from polychip_qgis import classFactory
from polychip_qgis.about import help_url
from polychip_qgis.options import PolychipOptionsPage
from qgis.core import Qgis, QgsApplication, QgsProject, QgsRasterLayer, QgsSettings, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication, QEvent
from qgis.PyQt.QtWidgets import QAction, QDockWidget, QPushButton, QToolBar


@pytest.fixture
def plugin(iface, project, no_engine):
    """The plugin, started, on a machine without an engine."""
    instance = classFactory(iface)
    instance.initGui()
    iface.window.show()
    yield instance
    if instance.dock is not None:
        instance.unload()


@pytest.fixture
def filled_dock(plugin, project, scene, labels, tmp_path):
    """The dock with all that an export needs."""
    project.addMapLayers(
        [QgsRasterLayer(str(scene), "scene"), QgsVectorLayer(str(labels), "buildings", "ogr")]
    )
    plugin.dock.class_field.setField("class")
    plugin.dock.output.setFilePath(str(tmp_path / "dataset"))
    return plugin.dock


def test_one_action_in_toolbar_and_raster_menu_shows_and_hides_the_dock(plugin, iface):
    action = iface.window.findChild(QAction, "polychipToggleDock")
    assert action in iface.window.findChild(QToolBar, "PolychipToolBar").actions()
    assert iface.raster_menu["Polychip"][0] is action
    dock = iface.window.findChild(QDockWidget, "PolychipDock")
    assert not dock.isVisible()
    action.trigger()
    assert dock.isVisible()
    assert action.isChecked()
    action.trigger()
    assert not dock.isVisible()


def test_help_is_in_qgis_help_menu(plugin, iface):
    assert [a.text() for a in iface.help_menu.actions()] == ["Polychip Help"]


@pytest.mark.parametrize("anchor", ["", "engine", "drawing", "chip-grid", "export-chips"])
def test_help_lies_in_the_plugin_and_has_every_place_that_is_linked_to(anchor):
    url = help_url(anchor)
    text = Path(url.toLocalFile()).read_text(encoding="utf-8")
    assert url.fragment() == anchor
    assert not anchor or f'id="{anchor}"' in text


def test_export_with_something_missing_says_what(plugin, iface):
    plugin.dock.export_button.click()
    item = iface.bar.currentItem()
    assert item.level() == Qgis.MessageLevel.Warning
    assert item.text() == "Choose the imagery: load a raster file into the project."


def test_export_without_an_engine_says_how_to_set_it_up(plugin, iface, filled_dock):
    filled_dock.export_button.click()
    item = iface.bar.currentItem()
    assert item.text() == "The engine is missing: set it up in the settings."
    assert [b.text() for b in item.findChildren(QPushButton)] == ["How To…", "Open Settings…"]
    item.findChild(QPushButton, "polychipOpenSettings").click()
    assert iface.shown_options == ["mOptionsPagePolychip"]


def test_export_asks_the_engine_without_making_qgis_wait(plugin, iface, filled_dock, make_program):
    QgsSettings().setValue(
        "polychip/engine", str(make_program("polychip", "sleep 1; echo something else"))
    )
    filled_dock.export_button.click()
    assert iface.bar.currentItem() is None  # back at once
    wait_until(lambda: iface.bar.currentItem() is not None, "the engine answers")
    assert iface.bar.currentItem().text() == (
        "The program answered, but not as Polychip’s engine does."
    )


def test_opening_the_dock_shows_the_state_of_the_engine(plugin, make_program):
    QgsSettings().setValue("polychip/engine", str(make_program("polychip", "echo polychip 0.9.0")))
    plugin.toggle_action.trigger()
    wait_until(
        lambda: plugin.dock.engine_status.text() == "Polychip engine 0.9.0 is ready.",
        "the dock names the engine",
    )


def test_unloading_takes_everything_away_and_the_plugin_starts_again(plugin, iface):
    registry = QgsApplication.processingRegistry()
    assert registry.algorithmById("polychip:chipgrid") is not None
    plugin.unload()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert registry.providerById("polychip") is None
    assert iface.raster_menu == {"Polychip": []}
    assert iface.help_menu.actions() == []
    assert iface.option_factories == []
    assert iface.window.findChildren(QDockWidget, "PolychipDock") == []
    assert iface.window.findChildren(QToolBar, "PolychipToolBar") == []
    QgsProject.instance().clear()  # nothing listens any more
    again = classFactory(iface)
    again.initGui()
    assert registry.algorithmById("polychip:chipgrid").displayName() == "Chip grid"
    again.unload()


def test_processing_alone_needs_no_window(no_engine):
    instance = classFactory(None)
    instance.initProcessing()
    provider = QgsApplication.processingRegistry().providerById("polychip")
    names = {
        "chipgrid", "planchips", "exportchips", "verifydataset", "convertdataset", "vectorize",
        "check", "agree", "advise", "report",
    }  # fmt: skip
    assert {a.id() for a in provider.algorithms()} >= {f"polychip:{name}" for name in names}
    assert not provider.icon().isNull()
    instance.unload()
    assert QgsApplication.processingRegistry().providerById("polychip") is None


@pytest.fixture
def page(plugin, iface):
    """The options page, as QGIS's dialog makes it."""
    (factory,) = iface.option_factories
    widget = factory.createWidget(iface.window)
    assert isinstance(widget, PolychipOptionsPage)
    yield widget
    widget.deleteLater()


def test_the_path_is_kept_only_when_the_dialog_is_accepted(page):
    page.path.setFilePath("/opt/engine")
    assert QgsSettings().value("polychip/engine", "") == ""
    page.apply()
    assert QgsSettings().value("polychip/engine") == "/opt/engine"


def test_the_test_button_asks_the_engine_that_is_typed_in(page, make_program):
    page.path.setFilePath(str(make_program("polychip", "echo polychip 3.1.4")))
    page.test_button.click()
    assert not page.test_button.isEnabled()
    wait_until(page.test_button.isEnabled, "the test ends")
    assert page.result.text() == "Polychip engine 3.1.4 is ready."
    page.path.setFilePath("/elsewhere")
    assert page.result.text() == ""  # the answer was another engine's


def test_diagnostics_are_copied_with_the_result(page):
    page.test_button.click()
    wait_until(page.test_button.isEnabled, "the test ends")
    page.copy_button.click()
    copied = QgsApplication.clipboard().text()
    assert f"QGIS {Qgis.QGIS_VERSION}" in copied
    assert "result: The engine is missing" in copied
