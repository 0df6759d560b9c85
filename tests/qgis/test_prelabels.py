"""Pre-labels and the magic wand on a canvas: preview, conversion, what is never touched."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from conftest import ROOT, wait_until
from osgeo import gdal
from polychip_qgis.drawing.control import DrawingControl
from polychip_qgis.drawing.make import ProjectRequest, make_project
from polychip_qgis.drawing.templates import template
from polychip_qgis.prelabels.control import PrelabelControl
from polychip_qgis.prelabels.formula import parse
from polychip_qgis.prelabels.pixels import Dates, image_for, values_of, whole
from polychip_qgis.prelabels.threshold import otsu
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QPoint, Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtTest import QTest

from test_drawing_control import pixel

CELL = 128
NDWI = "(green - nir) / (green + nir)"
SPAIN = "sen1floods11-spain/Spain_7370579_S2Hand.tif"
LEFT = Qt.MouseButton.LeftButton
PLAIN, SHIFT, ALT = (
    Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)  # fmt: skip


class Bench:
    """A labelling project over an image, its first cell in view."""

    def __init__(self, iface, project, images, folder, size=CELL):
        self.iface, self.project = iface, project
        iface.window.resize(1000, 800)
        iface.window.show()
        self.drawing = DrawingControl(iface)
        self.prelabels = PrelabelControl(iface, self.drawing)
        self.layers = [QgsRasterLayer(str(path), path.stem) for path in images]
        project.addMapLayers(self.layers)
        flood = template("flood")
        self.path = folder / "labels.gpkg"
        request = ProjectRequest(
            self.path, self.layers[:1], list(flood.classes), flood.mode, size, "pad"
        )
        made = make_project(request, project)
        iface.canvas.setDestinationCrs(self.layers[0].crs())
        self.drawing._made(made, False)
        for box, layer in zip(self.drawing.palette.compare_boxes, self.layers):
            box.setLayer(layer)
        config = project.snappingConfig()
        config.setEnabled(False)
        project.setSnappingConfig(config)

    @property
    def session(self):
        return self.drawing.session

    @property
    def panel(self):
        return self.prelabels.panel

    @property
    def stack(self):
        return self.session.labels.undoStack()

    def do(self, name):
        self.drawing.actions.by_name[name].trigger()

    def see(self, extent):
        self.iface.canvas.setExtent(extent)
        self.iface.canvas.refresh()
        QCoreApplication.processEvents()

    def preview(self):
        if not self.prelabels.showing:
            self.do("prelabel")
        self.prelabels.look()

    def set(self, threshold=None, least=0, fill=0, smooth=False):
        if threshold is not None:
            self.panel.set_threshold(threshold)
        self.panel.least.setValue(least)
        self.panel.fill.setValue(fill)
        self.panel.smooth.setChecked(smooth)

    def labels(self):
        return list(self.session.labels.getFeatures())

    def said(self):
        item = self.iface.bar.currentItem()
        return item.text() if item is not None else ""

    def ndwi(self, layer=0):
        image = image_for(self.layers[layer])
        return values_of(Dates(image), parse(NDWI), whole(image))

    def cell_pixels(self, fid):
        """Rows and columns of a cell on the first image."""
        box = self.session.book.shape(fid).boundingBox()
        grid = image_for(self.layers[0]).grid
        left, top = grid.to_pixel(box.xMinimum(), box.yMaximum())
        right, low = grid.to_pixel(box.xMaximum(), box.yMinimum())
        return slice(round(top), round(low)), slice(round(left), round(right))

    def close(self):
        for layer in self.session.layers.all if self.session is not None else []:
            layer.rollBack()
        self.prelabels.unload()
        self.drawing.unload()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def open_bench(iface, project, tmp_path):
    """Makes a Bench: open_bench(paths of images), which are copied."""
    made = []

    def make(*paths, size=CELL):
        copies = [shutil.copy(path, tmp_path / path.name) for path in paths]
        made.append(Bench(iface, project, [tmp_path / c for c in copies], tmp_path, size))
        return made[0]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def bench(open_bench):
    """The sample, the date after the flood in front."""
    sample = ROOT / "sample_data"
    made = open_bench(sample / "after_20241031.tif", sample / "before_20240915.tif")
    water = made.ndwi() > 0.05
    counts = {t.fid: water[made.cell_pixels(t.fid)].sum() for t in made.session.book.tasks}
    made.session.book.mark(made.session.cell, "todo", "")
    made.session.go(max(counts, key=counts.get))
    made.drawing._go()
    return made


@pytest.fixture
def burn(ask_oracle):
    """Burns labels on an image's pixels, by the engine's rasterio."""

    def run(path, shapes, shape):
        answer = ask_oracle("burned", path=str(path), shapes=[s.asWkt(17) for s in shapes])
        bits = np.unpackbits(np.frombuffer(bytes.fromhex(answer), np.uint8))
        return bits[: shape[0] * shape[1]].reshape(shape).astype(bool)

    return run


def source_of(layer):
    return layer.source().split("|")[0]


# --- the preview


def test_the_preview_begins_with_otsu_and_follows_slider_histogram_and_key(bench):
    assert not bench.panel.told.isVisibleTo(bench.panel)
    bench.preview()
    shown = otsu(bench.prelabels._histogram)
    assert bench.panel.name == "NDWI"
    assert bench.panel.threshold == float(f"{shown:.4g}")
    before = bench.panel.threshold
    bench.panel.slider.setValue(900)
    assert bench.panel.threshold > before
    view = bench.panel.view
    QCoreApplication.processEvents()
    place = QPoint(view.width() // 4, 20)
    QTest.mouseClick(view, LEFT, PLAIN, place)
    low, high = view._span
    wanted = low + place.x() / (view.width() - 1) * (high - low)
    assert bench.panel.threshold == pytest.approx(wanted, abs=1e-3)
    assert view.place_of(wanted) == pytest.approx(place.x())
    bench.do("otsu")
    assert bench.panel.threshold == before


@pytest.mark.parametrize("crs", ["EPSG:32630", "EPSG:3857", "EPSG:3035"])
def test_the_preview_shows_the_pixels_where_they_lie(bench, crs):
    canvas = bench.iface.canvas
    bench.project.setCrs(QgsCoordinateReferenceSystem(crs))
    canvas.setDestinationCrs(QgsCoordinateReferenceSystem(crs))
    move = QgsCoordinateTransform(bench.layers[0].crs(), canvas.mapSettings().destinationCrs(),
                                  QgsProject.instance())  # fmt: skip
    image = image_for(bench.layers[0])
    x, y = image.grid.to_crs(200, 300)
    bench.see(move.transformBoundingBox(QgsRectangle(x, y - 600, x + 800, y)))
    bench.preview()
    picture = bench.prelabels.overlay.picture
    mask = bench.ndwi() > bench.panel.threshold
    to_map = canvas.getCoordinateTransform()
    wrong = shown = 0
    for row in range(290, 372, 3):
        for column in range(195, 290, 3):
            place = move.transform(QgsPointXY(*image.grid.to_crs(column + 0.5, row + 0.5)))
            at = to_map.transform(place)
            i, j = int(at.x()), int(at.y())
            if 0 <= i < picture.width() and 0 <= j < picture.height():
                shown += 1
                wrong += (picture.pixelColor(i, j).alpha() > 0) != mask[row, column]
    assert shown > 500
    assert wrong == 0


def test_what_cannot_be_previewed_is_told_in_the_panel(bench):
    bench.preview()
    bench.panel.formula.setText("(green - swir")
    bench.panel.formula.editingFinished.emit()
    assert "“)” is missing" in bench.panel.told.text()
    assert bench.prelabels.overlay.picture is None
    bench.panel.formula.setText("green - swir")
    bench.panel.formula.editingFinished.emit()
    assert "no band “swir”" in bench.panel.told.text()
    bench.panel.formula.setText(NDWI)
    bench.panel.formula.editingFinished.emit()
    assert bench.panel.told.text() == ""
    bench.see(QgsRectangle(0, 0, 100, 100))
    bench.preview()
    assert "The map shows nothing of" in bench.panel.told.text()


def test_nothing_is_converted_that_nobody_has_seen(bench):
    bench.do("convert")
    assert "Look at the preview first (D)" in bench.said()
    assert bench.labels() == []


# --- one cell


def test_polygons_of_a_cell_are_its_pixels_in_one_step_of_undo(bench, burn):
    bench.preview()
    bench.set(0.05)
    bench.do("convert")
    rows, columns = bench.cell_pixels(bench.session.cell)
    mask = np.zeros((560, 640), dtype=bool)
    mask[rows, columns] = (bench.ndwi() > 0.05)[rows, columns]
    assert 100 < mask.sum() < mask[rows, columns].size
    found = bench.labels()
    assert {f["tool"] for f in found} == {"prelabel:NDWI>0.05"}
    assert {f["class"] for f in found} == {"water"}
    assert {f["source_image"] for f in found} == {"after_20241031"}
    shapes = [f.geometry() for f in found]
    np.testing.assert_array_equal(burn(source_of(bench.layers[0]), shapes, mask.shape), mask)
    assert bench.stack.index() == 1
    bench.stack.undo()
    assert bench.labels() == []
    bench.stack.redo()
    assert len(bench.labels()) == len(found)


def test_what_is_drawn_stays_and_shares_its_border(bench, burn):
    cell = bench.session.book.shape(bench.session.cell).boundingBox()
    x, y = cell.xMinimum() + 203, cell.yMaximum() - 807
    drawn = QgsGeometry.fromRect(QgsRectangle(x, y, x + 617, y + 511))
    bench.session.choose("debris")
    bench.session.draw(drawn, "polygon")
    bench.session.choose("water")
    before = bench.labels()[0].geometry().asWkb()
    bench.preview()
    bench.set(-0.9, smooth=True)
    bench.do("convert")
    found = {f["class"]: f.geometry() for f in bench.labels()}
    assert found["debris"].asWkb() == before
    overlap = sum(
        f.geometry().intersection(drawn).area() for f in bench.labels() if f["class"] == "water"
    )
    assert overlap == pytest.approx(0, abs=1e-6)
    rows, columns = bench.cell_pixels(bench.session.cell)
    free = np.zeros((560, 640), dtype=bool)
    free[rows, columns] = (bench.ndwi() > -0.9)[rows, columns]
    path = source_of(bench.layers[0])
    free &= ~burn(path, [drawn], free.shape)
    waters = [f.geometry() for f in bench.labels() if f["class"] == "water"]
    np.testing.assert_array_equal(burn(path, waters, free.shape), free)
    # No gap: the water's border is the debris' border.
    around = drawn.buffer(0.5, 4).difference(drawn)
    covered = QgsGeometry.unaryUnion(waters)
    assert around.difference(covered).area() == pytest.approx(0, abs=1e-3)


def test_a_second_conversion_adds_nothing_and_says_so(bench):
    bench.preview()
    bench.set(0.05, smooth=True)
    bench.do("convert")
    count = len(bench.labels())
    bench.do("convert")
    assert "Nothing to add" in bench.said()
    assert (len(bench.labels()), bench.stack.index()) == (count, 1)


def test_two_smooth_classes_share_their_border(bench):
    cell = bench.session.book.shape(bench.session.cell)
    bench.preview()
    bench.set(0.05, smooth=True)
    bench.do("convert")
    bench.session.choose("debris")
    bench.panel.side.setCurrentIndex(1)
    bench.panel.side.activated.emit(1)
    bench.do("convert")
    shapes = [f.geometry() for f in bench.labels()]
    assert {f["class"] for f in bench.labels()} == {"water", "debris"}
    assert "prelabel:NDWI<0.05" in {f["tool"] for f in bench.labels()}
    together = QgsGeometry.unaryUnion(shapes)
    assert sum(s.area() for s in shapes) == pytest.approx(together.area(), rel=1e-9)
    assert together.area() == pytest.approx(cell.area(), rel=1e-9)


def test_a_done_cell_is_left_alone(bench):
    bench.preview()
    bench.set(0.05)
    bench.session.mark_done()
    bench.do("convert")
    assert "is finished; it is left alone" in bench.said()
    assert bench.labels() == []


def test_small_regions_go_and_holes_are_filled_across_the_cells_edge(bench, burn):
    bench.preview()
    bench.set(0.05, least=12, fill=9)
    bench.do("convert")
    from polychip_qgis.prelabels.regions import with_filled_holes, without_small

    whole_image = bench.ndwi() > 0.05
    known = np.isfinite(bench.ndwi())
    wanted = with_filled_holes(without_small(whole_image, 12), 9, known)
    rows, columns = bench.cell_pixels(bench.session.cell)
    mask = np.zeros(wanted.shape, dtype=bool)
    mask[rows, columns] = wanted[rows, columns]
    shapes = [f.geometry() for f in bench.labels()]
    np.testing.assert_array_equal(burn(source_of(bench.layers[0]), shapes, mask.shape), mask)


def test_flood_is_water_now_and_not_before(bench, burn):
    bench.panel.only_new.setChecked(True)
    bench.preview()
    bench.set(0.05)
    bench.do("convert")
    rows, columns = bench.cell_pixels(bench.session.cell)
    now, before = bench.ndwi(0), bench.ndwi(1)
    mask = np.zeros(now.shape, dtype=bool)
    new = (now > 0.05) & np.isfinite(before) & ~(before > 0.05)
    mask[rows, columns] = new[rows, columns]
    assert 0 < mask.sum() < (now > 0.05)[rows, columns].sum()
    assert {f["tool"] for f in bench.labels()} == {"prelabel:NDWI>0.05, not before"}
    shapes = [f.geometry() for f in bench.labels()]
    np.testing.assert_array_equal(burn(source_of(bench.layers[0]), shapes, mask.shape), mask)


def test_nodata_is_never_a_pre_label(bench):
    path = source_of(bench.layers[0])
    dataset = gdal.Open(path, gdal.GA_Update)
    rows, columns = bench.cell_pixels(bench.session.cell)
    for number in range(1, 5):
        band = dataset.GetRasterBand(number)
        array = band.ReadAsArray()
        array[rows.start + 20 : rows.start + 60, columns.start + 20 : columns.start + 60] = 0
        band.WriteArray(array)
    dataset.FlushCache()
    dataset = None
    bench.preview()
    bench.set(-2.0, fill=10_000)
    bench.do("convert")
    (label,) = bench.labels()
    assert label.geometry().area() == pytest.approx(100 * (CELL * CELL - 40 * 40))


# --- all cells


def run_all(bench):
    bench.panel.all_cells.click()
    assert bench.prelabels.jobs.running
    wait_until(lambda: not bench.prelabels.jobs.running, "the background ends")


def test_all_cells_to_do_are_converted_and_no_other(bench, burn):
    bench.session.mark_done()
    done = bench.session.cell
    bench.session.step(True)
    bench.preview()
    bench.set(0.05)
    run_all(bench)
    mask = bench.ndwi() > 0.05
    mask[bench.cell_pixels(done)] = False
    shapes = [f.geometry() for f in bench.labels()]
    np.testing.assert_array_equal(burn(source_of(bench.layers[0]), shapes, mask.shape), mask)
    assert "one step of undo" in bench.panel.told.text()
    assert bench.stack.index() == 1
    bench.stack.undo()
    assert bench.labels() == []


def test_what_is_drawn_or_done_while_the_background_works_stays(bench):
    bench.preview()
    bench.set(-0.9)
    bench.panel.all_cells.click()
    cell = bench.session.book.shape(bench.session.cell).boundingBox()
    drawn = QgsGeometry.fromRect(
        QgsRectangle(cell.xMinimum(), cell.yMinimum(), cell.center().x(), cell.yMaximum())
    )
    bench.session.choose("debris")
    bench.session.draw(drawn, "polygon")
    bench.session.choose("water")
    done = next(t for t in bench.session.book.tasks if t.status == "todo")
    bench.session.book.mark(done.fid, "done", "")
    wait_until(lambda: not bench.prelabels.jobs.running, "the background ends")
    waters = QgsGeometry.unaryUnion([
        f.geometry() for f in bench.labels() if f["class"] == "water"
    ])  # fmt: skip
    assert waters.area() > 0
    assert waters.intersection(drawn).area() == pytest.approx(0, abs=1e-6)
    inside = bench.session.book.shape(done.fid)
    assert waters.intersection(inside).area() == pytest.approx(0, abs=1e-6)


def test_cancelling_changes_nothing(bench):
    bench.preview()
    bench.set(0.05)
    bench.panel.all_cells.click()
    assert bench.panel.cancel.isVisibleTo(bench.panel)
    bench.panel.cancel.click()
    wait_until(lambda: not bench.prelabels.jobs.running, "the background ends")
    assert bench.labels() == []
    assert bench.stack.index() == 0
    assert "Cancelled" in bench.said()
    assert bench.panel.all_cells.isEnabled()


def test_the_project_may_be_closed_while_the_background_works(bench):
    bench.preview()
    bench.set(0.05)
    bench.panel.all_cells.click()
    for layer in bench.session.layers.all:
        layer.rollBack()
    bench.project.clear()
    wait_until(lambda: not bench.prelabels.jobs.running, "the background ends")
    assert bench.session is None
    assert not bench.panel.isVisibleTo(bench.drawing.palette)


def test_the_engine_burns_the_thresholded_pixels_of_the_real_image(
    open_bench, real_data, run_cli, tmp_path
):
    bench = open_bench(real_data / SPAIN, size=256)
    found = burned_by_the_engine(bench, run_cli, tmp_path)
    assert bench.panel.threshold == pytest.approx(-0.0192, abs=0.03)
    np.testing.assert_array_equal(found, bench.ndwi() > bench.panel.threshold)


def test_the_engine_burns_the_thresholded_pixels_of_the_sample(open_bench, run_cli, tmp_path):
    bench = open_bench(ROOT / "sample_data" / "after_20241031.tif", size=256)
    found = burned_by_the_engine(bench, run_cli, tmp_path)
    assert found.any()
    np.testing.assert_array_equal(found, bench.ndwi() > bench.panel.threshold)


def burned_by_the_engine(bench, run_cli, tmp_path):
    """The image's pixels that are water in a dataset of all its cells, converted by Otsu."""
    bench.see(bench.layers[0].extent())
    bench.preview()
    bench.set()
    run_all(bench)
    for task in bench.session.book.tasks:
        bench.session.book.mark(task.fid, "done", "")
    assert bench.session.save() == []
    dataset = run_cli(bench.path.with_name("recipe.toml"), tmp_path / "dataset")
    files = sorted((dataset / "masks" / "semantic").rglob("*.tif"))
    shape, grid = bench.ndwi().shape, image_for(bench.layers[0]).grid
    assert len(files) == np.prod([-(-side // 256) for side in shape])
    code = next(k.code for k in template("flood").classes if k.name == "water")
    found = np.zeros([side + 256 for side in shape], dtype=bool)  # chips may reach beyond it
    for path in files:
        chip = gdal.Open(str(path))
        transform = chip.GetGeoTransform()
        column, row = (round(place) for place in grid.to_pixel(transform[0], transform[3]))
        found[row : row + 256, column : column + 256] = chip.ReadAsArray() == code
    assert not found[shape[0] :].any()
    assert not found[:, shape[1] :].any()
    return found[: shape[0], : shape[1]]


# --- the wand


def wand_at(bench, column, row, keys=PLAIN, drag=0):
    """A click on a pixel of the first image, or a press and drag."""
    x, y = image_for(bench.layers[0]).grid.to_crs(column + 0.5, row + 0.5)
    port, at = bench.iface.canvas.viewport(), pixel(bench.iface, x, y)
    QTest.mousePress(port, LEFT, keys, at)
    if drag:
        from test_drawing_control import QMouseEvent

        to = at + type(at)(drag, 0)
        event = QMouseEvent(QEvent.Type.MouseMove, to, LEFT, LEFT, keys)
        QCoreApplication.sendEvent(port, event)
        at = to
    QTest.mouseRelease(port, LEFT, keys, at)


@pytest.fixture
def wand(open_bench, make_raster):
    """Stripes of 20 columns with values 10, 20, 90, seen at 4 pixels of the screen a pixel."""
    path = make_raster("stripes", 60, 40, (500000.0, 2.0, 0.0, 4400000.0, 0.0, -2.0))
    dataset = gdal.Open(str(path), gdal.GA_Update)
    stripes = np.repeat(np.array([[10] * 20 + [20] * 20 + [90] * 20], np.uint8), 40, axis=0)
    for number in (1, 2, 3):
        dataset.GetRasterBand(number).WriteArray(stripes)
    dataset.FlushCache()
    dataset = None
    bench = open_bench(path, size=64)
    bench.see(QgsRectangle(499990, 4399910, 500130, 4400010))
    bench.set()
    bench.do("wand")
    return bench


def columns_of(bench):
    """First and last column of each label."""
    boxes = [f.geometry().boundingBox() for f in bench.labels()]
    return sorted(
        (round((b.xMinimum() - 500000) / 2, 6), round((b.xMaximum() - 500000) / 2, 6))
        for b in boxes
    )


def test_a_click_and_enter_make_a_polygon_of_the_images_own_pixels(wand):
    wand_at(wand, 5, 5)
    assert wand.labels() == []
    QTest.keyClick(wand.iface.canvas, Qt.Key.Key_Return)
    assert columns_of(wand) == [(0, 20)]
    (label,) = wand.labels()
    assert (label["tool"], label["class"]) == ("wand:0.05", "water")
    assert label.geometry().area() == pytest.approx(20 * 40 * 4)
    assert wand.stack.index() == 1


def test_the_wand_looks_at_the_map_before_the_first_click(wand):
    """Once the map rests, what a click compares is there; without an image nothing is said."""
    tool = wand.prelabels.wand.tool
    wait_until(lambda: tool._seen is not None, "the wand looks")
    seen = tool._seen
    wand_at(wand, 5, 5)
    assert tool._seen is seen
    wand.see(QgsRectangle(499980, 4399900, 500140, 4400020))
    assert tool._seen is None
    wait_until(lambda: tool._seen is not None, "the wand looks")
    tool.give_up()
    wand.see(QgsRectangle(600000, 4399910, 600140, 4400010))  # nothing of the image
    for _ in range(30):
        QTest.qWait(10)
    assert tool._seen is None
    assert "shows nothing" not in wand.said()
    wand_at_screen(wand, 50, 50)
    assert "shows nothing" in wand.said()


def wand_at_screen(bench, x, y):
    """A click on a point of the canvas."""
    at = QPoint(x, y)
    QTest.mousePress(bench.iface.canvas.viewport(), LEFT, PLAIN, at)
    QTest.mouseRelease(bench.iface.canvas.viewport(), LEFT, PLAIN, at)


def test_shift_adds_alt_takes_away_and_escape_gives_up(wand):
    wand_at(wand, 5, 5)
    wand_at(wand, 50, 5, SHIFT)
    wand_at(wand, 30, 5, SHIFT)
    wand_at(wand, 5, 30, ALT)
    QTest.keyClick(wand.iface.canvas, Qt.Key.Key_Return)
    assert columns_of(wand) == [(20, 60)]
    wand.stack.undo()
    wand_at(wand, 5, 5)
    QTest.keyClick(wand.iface.canvas, Qt.Key.Key_Escape)
    QTest.keyClick(wand.iface.canvas, Qt.Key.Key_Return)
    assert wand.labels() == []


def test_dragging_widens_the_tolerance_and_tells_it(wand):
    wand_at(wand, 5, 5, drag=60)  # 0.05 + 60 · 0.0025 = 0.2 of a range of 80 is 16 > 10
    assert wand.drawing.map._tag.text() == "water ± 20.0 %"
    QTest.keyClick(wand.iface.canvas, Qt.Key.Key_Return)
    assert columns_of(wand) == [(0, 40)]
    assert [f["tool"] for f in wand.labels()] == ["wand:0.2"]
    assert wand.drawing.map._tag.text() == "water"


def test_what_is_selected_stays_when_the_map_moves(wand):
    wand_at(wand, 5, 5)
    wand.see(QgsRectangle(499000, 4399000, 501000, 4401000))
    overlay = wand.prelabels.wand.tool._overlay
    assert overlay.picture is None
    wait_until(lambda: overlay.picture is not None, "it shows again")
    assert overlay.picture.hasAlphaChannel()
    QTest.keyClick(wand.iface.canvas, Qt.Key.Key_Return)
    assert columns_of(wand) == [(0, 20)]
    (label,) = wand.labels()
    assert label.geometry().area() == pytest.approx(20 * 40 * 4)


def test_while_the_preview_is_on_the_wand_compares_the_index(wand):
    wand.panel.formula.setText("where(b1 > 50, 10, b1)")
    wand.panel.formula.editingFinished.emit()
    wand.preview()
    wand_at(wand, 5, 5)
    wand_at(wand, 50, 5, SHIFT)
    wand_at(wand, 30, 5, ALT)
    QTest.keyClick(wand.iface.canvas, Qt.Key.Key_Return)
    (label,) = wand.labels()
    assert label.geometry().area() == pytest.approx(40 * 40 * 4)


def test_another_class_shows_in_its_colour(wand):
    wand_at(wand, 5, 5)
    tool = wand.prelabels.wand.tool
    for known in wand.session.classes[:3]:
        wand.session.choose(known.name)
        assert tool._color == QColor(known.color)
