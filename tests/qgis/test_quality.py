"""Check, agreement and advice from the dock; the list of problems and the way to one of them."""

from __future__ import annotations

import sys
import types

import pytest
from conftest import is_alive, wait_until
from osgeo import osr
from polychip_qgis import classFactory
from polychip_qgis.problem_table import NEEDED, problems_of, shows_problems
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsSettings,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import Qt

BOW_TIE = "POLYGON((500100 4399900, 500140 4399860, 500140 4399900, 500100 4399860, 500100 4399900))"


@pytest.fixture
def plugin(iface, project, no_engine, engine_program):
    """The plugin, started, with the real engine in its settings."""
    QgsSettings().setValue("polychip/engine", str(engine_program))
    instance = classFactory(iface)
    instance.initGui()
    iface.window.resize(900, 700)
    iface.window.show()
    yield instance
    instance.unload()


@pytest.fixture
def drawn(project, scene):
    """An image, a bow tie that is not saved, and two houses that overlap by half."""
    image = QgsRasterLayer(str(scene), "scene")
    labels = QgsVectorLayer("Polygon?crs=EPSG:32630&field=class:string", "drawn", "memory")
    shapes = [
        QgsGeometry.fromRect(QgsRectangle(x, 4399940, x + 40, 4399980)).asWkt()
        for x in (500200, 500220)
    ]
    labels.startEditing()
    for text in (*shapes, BOW_TIE):
        feature = QgsFeature(labels.fields())
        feature.setAttributes(["house"])
        feature.setGeometry(QgsGeometry.fromWkt(text))
        labels.addFeature(feature)
    project.addMapLayers([image, labels])
    return labels


@pytest.fixture
def panel(plugin, drawn):
    plugin.dock.labels.setLayer(drawn)
    plugin.dock.class_field.setField("class")
    plugin.dock.show()
    return plugin.dock.quality


@pytest.fixture
def checked(panel, plugin):
    """The panel after a check."""
    panel.check_button.click()
    assert panel.check_button.text() == "Cancel Check"
    wait_until(lambda: plugin.quality._running is None, "the check ends")
    assert panel.status.text().startswith("Problems: "), panel.status.text()
    return panel


def shown(panel):
    """The rows of the list as the user reads them."""
    model = panel.filter
    return [
        tuple(model.index(row, column).data() for column in range(model.columnCount()))
        for row in range(model.rowCount())
    ]


def row_of(panel, check):
    return [row[1] for row in shown(panel)].index(check)


def test_a_check_lists_what_the_layer_of_problems_holds(checked, drawn, project):
    (points,) = [x for x in project.mapLayers().values() if x.name() == "Problems of drawn"]
    (areas,) = [x for x in project.mapLayers().values() if x.name() == "Problem areas of drawn"]
    assert len(shown(checked)) == points.featureCount() > 1
    assert shown(checked)[0][:2] == ("Error", "geometry.invalid")
    assert "topology.overlap" in [row[1] for row in shown(checked)]
    assert points.renderer().classAttribute() == "severity"  # the engine's own style
    assert areas.isValid()
    assert drawn.isModified()  # nothing was saved for it
    assert [checked.layer.layer(i) for i in range(checked.layer.count())] == [None, points]


def corners_in(code):
    """Two corners of the bow tie in another reference system, by GDAL."""
    systems = [osr.SpatialReference(), osr.SpatialReference()]
    for system, number in zip(systems, (32630, code)):
        system.ImportFromEPSG(number)
        system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    way = osr.CoordinateTransformation(*systems)
    return [way.TransformPoint(x, y)[:2] for x, y in ((500101, 4399861), (500139, 4399899))]


def test_a_click_on_a_problem_shows_it_whatever_the_reference_system_of_the_map(checked, iface):
    canvas = iface.canvas
    for code in (32630, 4326):
        canvas.setDestinationCrs(QgsCoordinateReferenceSystem(f"EPSG:{code}"))
        canvas.setExtent(QgsRectangle(0, 0, 1, 1))
        checked.table.setCurrentIndex(checked.filter.index(row_of(checked, "topology.overlap"), 0))
        checked.table.setCurrentIndex(checked.filter.index(row_of(checked, "geometry.invalid"), 0))
        (left, bottom), (right, top) = corners_in(code)
        assert canvas.extent().contains(QgsRectangle(left, bottom, right, top))
        assert canvas.extent().width() < 6 * (right - left)
    assert checked.hint.text() != ""


def test_lesser_problems_can_be_hidden(checked):
    everything = shown(checked)
    checked.severity.setCurrentIndex(0)
    assert {row[0] for row in shown(checked)} == {"Error"}
    checked.severity.setCurrentIndex(1)
    assert {row[0] for row in shown(checked)} == {"Error", "Warning"}
    checked.severity.setCurrentIndex(2)
    assert shown(checked) == everything


def test_columns_sort_by_what_they_mean(checked):
    checked.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    ranks = [("Error", "Warning", "Info").index(row[0]) for row in shown(checked)]
    assert ranks == sorted(ranks, reverse=True)
    checked.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    checks = [row[1] for row in shown(checked)]
    assert checks == sorted(checks)


def test_checking_again_replaces_the_layers(checked, plugin, drawn, project):
    before = {x.id() for x in project.mapLayers().values()}
    (bow,) = [f.id() for f in drawn.getFeatures() if not f.geometry().isGeosValid()]
    drawn.deleteFeature(bow)
    checked.check_button.click()
    wait_until(lambda: plugin.quality._running is None, "the check ends")
    assert "geometry.invalid" not in [row[1] for row in shown(checked)]
    names = sorted(x.name() for x in project.mapLayers().values())
    assert names == ["Problem areas of drawn", "Problems of drawn", "drawn", "scene"]
    assert len(before & {x.id() for x in project.mapLayers().values()}) == 2


def test_a_layer_of_problems_that_comes_from_elsewhere_is_listed_too(checked, project, tmp_path):
    (points,) = [x for x in project.mapLayers().values() if x.name() == "Problems of drawn"]
    count, source = points.featureCount(), points.source()
    project.removeMapLayer(points)
    assert shown(checked) == []
    other = QgsVectorLayer(source, "a colleague's", "ogr")
    project.addMapLayer(other)
    checked.layer.setLayer(other)
    assert len(shown(checked)) == count


def test_other_layers_are_no_problems(drawn, scene, qgis_app):
    assert not shows_problems(drawn)
    assert not shows_problems(QgsRasterLayer(str(scene), "scene"))
    fields = "&".join(f"field={name}:string" for name in NEEDED)
    layer = QgsVectorLayer(f"Point?crs=EPSG:4326&{fields}", "empty", "memory")
    assert shows_problems(layer)
    assert problems_of(layer) == []


def test_a_check_is_cancelled_by_the_same_button(panel, plugin, make_program, tmp_path, project):
    pid = tmp_path / "pid"
    program = make_program("polychip", f"echo $$ > {pid}.new\nmv {pid}.new {pid}\nexec sleep 60")
    QgsSettings().setValue("polychip/engine", str(program))
    panel.check_button.click()
    wait_until(pid.exists, "the engine runs")
    panel.check_button.click()
    wait_until(lambda: plugin.quality._running is None, "the check ends")
    assert panel.status.text() == "Check cancelled."
    assert panel.check_button.text() == "Check Labels"
    number = int(pid.read_text())
    wait_until(lambda: not is_alive(number), "the engine is gone")
    assert len(project.mapLayers()) == 2


@pytest.mark.parametrize(("engine", "message"), [
    ("", "The engine is missing: set it up in the settings."),
    ("echo 'error: the labels are odd' >&2; exit 1", "the labels are odd"),
    ("kill -KILL $$", "The engine ended with exit code -1."),
], ids=["missing", "refuses", "dies"])  # fmt: skip
def test_why_a_check_failed_is_said(panel, plugin, make_program, engine, message):
    QgsSettings().remove("polychip/engine")
    if engine:
        QgsSettings().setValue("polychip/engine", str(make_program("polychip", engine)))
    panel.check_button.click()
    wait_until(lambda: plugin.quality._running is None, "the check ends")
    assert panel.status.text() == message


def test_without_labels_it_asks_for_them(plugin, project):
    plugin.dock.quality.check_button.click()
    assert plugin.dock.quality.status.text().startswith("Choose the labels")


def test_unloading_in_mid_check_ends_the_engine(panel, plugin, iface, make_program, tmp_path):
    pid = tmp_path / "pid"
    program = make_program("polychip", f"echo $$ > {pid}.new\nmv {pid}.new {pid}\nexec sleep 60")
    QgsSettings().setValue("polychip/engine", str(program))
    panel.check_button.click()
    wait_until(pid.exists, "the engine runs")
    plugin.unload()
    number = int(pid.read_text())
    wait_until(lambda: not is_alive(number), "the engine is gone")
    plugin.initGui()  # the fixture unloads it again


def test_agreement_and_advice_open_filled_with_the_docks_choices(
    panel, drawn, project, monkeypatch
):
    opened = []

    class Dialog:
        def show(self):
            opened[-1] += ("shown",)

    def create(algorithm, parameters):
        opened.append((algorithm, parameters))
        return Dialog()

    module = types.ModuleType("processing")
    module.createAlgorithmDialog = create
    monkeypatch.setitem(sys.modules, "processing", module)
    panel.advise_button.click()
    panel.agree_button.click()
    (image,) = [x.id() for x in project.mapLayers().values() if isinstance(x, QgsRasterLayer)]
    common = {"CLASS_FIELD": "class"}
    assert opened == [
        ("polychip:advise", common | {"LABELS": drawn.id(), "IMAGERY": [image]}, "shown"),
        ("polychip:agree", common | {"IMAGERY": image}, "shown"),
    ]
    monkeypatch.setitem(sys.modules, "processing", None)
    panel.advise_button.click()
    assert panel.status.text().startswith("Switch QGIS’s own plugin")
