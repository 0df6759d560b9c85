"""What the plugin's tests share: the built ZIP, small files made here, a stand-in for `iface`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal, ogr, osr

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "plugin"), str(Path(__file__).resolve().parent)]

import real_data as real  # noqa: E402
from qgis.core import QgsProject, QgsSettings  # noqa: E402
from qgis.gui import QgsAdvancedDigitizingDockWidget, QgsMapCanvas, QgsMapToolPan, QgsMessageBar  # noqa: E402, I001
from qgis.PyQt.QtCore import QCoreApplication, QObject, pyqtSignal  # noqa: E402
from qgis.PyQt.QtWidgets import QAction, QMainWindow, QMenu, QToolBar  # noqa: E402

gdal.UseExceptions()
ogr.UseExceptions()
osr.UseExceptions()

NORTH_UP = (500000.0, 2.0, 0.0, 4400000.0, 0.0, -2.0)
SOUTH_UP = (500000.0, 2.0, 0.0, 4399600.0, 0.0, 2.0)
ROTATED = (500000.0, 4.0, 3.0, 4400000.0, 3.0, -4.0)
"""Pixels of 5 m, turned so that every corner is a whole number (3, 4, 5)."""


@pytest.fixture(scope="session")
def plugin_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin's ZIP, built as a user would build it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, str(ROOT / "plugin" / "build.py"), "--destination", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    (path,) = folder.glob("*.zip")
    return path


@pytest.fixture(scope="session")
def unpacked_plugin(plugin_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder polychip_qgis out of the ZIP."""
    folder = tmp_path_factory.mktemp("plugins")
    with zipfile.ZipFile(plugin_zip) as archive:
        archive.extractall(folder)
    return folder / "polychip_qgis"


@pytest.fixture(scope="session")
def engine_program() -> Path:
    """The real engine; `make install` puts it there."""
    path = Path(os.environ.get("POLYCHIP_ENGINE", ROOT / ".venv" / "bin" / "polychip"))
    assert path.is_file(), f"no engine at {path}; 'make install' puts it there"
    return path


@pytest.fixture(scope="session")
def run_cli(engine_program: Path) -> Callable[..., Path]:
    """Runs a recipe by the command line, far from QGIS: run_cli(recipe, folder) -> folder."""

    def run(recipe: Path, folder: Path) -> Path:
        command = [str(engine_program), "run", str(recipe), "-o", str(folder)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder.parent)}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return folder

    return run


@pytest.fixture(scope="session")
def make_raster(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes a GeoTIFF: make_raster(name, width, height, geotransform)."""
    folder = tmp_path_factory.mktemp("rasters")

    def make(name: str, width: int, height: int, transform: tuple[float, ...] | None) -> Path:
        path = folder / f"{name}.tif"
        dataset = gdal.GetDriverByName("GTiff").Create(str(path), width, height, 3, gdal.GDT_Byte)
        rows, columns = np.mgrid[0:height, 0:width]
        for band, values in (
            (1, 90 + columns * 0.3),
            (2, 120 + rows * 0.2),
            (3, 70 + (rows + columns) * 0.1),
        ):
            dataset.GetRasterBand(band).WriteArray(values.astype(np.uint8))
        if transform is not None:
            dataset.SetGeoTransform(transform)
            dataset.SetProjection(_utm().ExportToWkt())
        dataset.FlushCache()
        return path

    return make


@pytest.fixture(scope="session")
def scene(make_raster: Callable[..., Path]) -> Path:
    """300 columns × 200 rows of 2 m, north up, EPSG:32630."""
    return make_raster("scene", 300, 200, NORTH_UP)


@pytest.fixture(scope="session")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight squares on the scene, layer 'buildings', fields 'class' and 'uid'."""
    path = tmp_path_factory.mktemp("labels") / "labels.gpkg"
    source = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    layer = source.CreateLayer("buildings", _utm(), ogr.wkbPolygon)
    layer.CreateField(ogr.FieldDefn("class", ogr.OFTString))
    layer.CreateField(ogr.FieldDefn("uid", ogr.OFTInteger))
    for number in range(8):
        left, top = 500050 + 60 * number, 4399900 - 30 * number
        ring = (
            f"{left} {top},{left + 40} {top},{left + 40} {top - 30},{left} {top - 30},{left} {top}"
        )
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON(({ring}))"))
        feature["class"], feature["uid"] = "building", number
        layer.CreateFeature(feature)
    return path


@pytest.fixture
def project(qgis_app: object) -> Iterator[QgsProject]:
    """An empty project, emptied again afterwards."""
    instance = QgsProject.instance()
    instance.clear()
    yield instance
    instance.clear()


@pytest.fixture
def no_engine(qgis_app: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without an engine; returns the folder that stands for the interpreter's prefix."""
    prefix = tmp_path / "prefix"
    prefix.mkdir()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    QgsSettings().remove("polychip")
    return prefix


@pytest.fixture
def make_program(tmp_path: Path) -> Callable[..., Path]:
    """Writes an executable shell script: make_program(name, body)."""

    def make(name: str, body: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def iface(qgis_app: object) -> Iterator[FakeIface]:
    """A main window with the parts of QGIS's interface that the plugin uses."""
    fake = FakeIface()
    yield fake
    fake.window.deleteLater()


def files_of(folder: Path, kind: str = "masks") -> dict[str, bytes]:
    """Every file below a dataset's folder of this kind, by its path; there must be some."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in (folder / kind).rglob("*.tif")
    }
    assert files, f"no {kind} in {folder}"
    return files


def times_of_masks(folder: Path) -> dict[Path, int]:
    """When each mask was written."""
    return {path: path.stat().st_mtime_ns for path in (folder / "masks").rglob("*.tif")}


def is_alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


class FakeIface(QObject):
    """The part of QgisInterface that the plugin uses, on real widgets."""

    currentLayerChanged = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.window = QMainWindow()
        self.canvas = QgsMapCanvas(self.window)
        self.window.setCentralWidget(self.canvas)
        self.cad = QgsAdvancedDigitizingDockWidget(self.canvas, self.window)
        self.pan = QgsMapToolPan(self.canvas)
        self.pan_action = QAction(self.window)
        self.pan_action.triggered.connect(lambda: self.canvas.setMapTool(self.pan))
        self.bar = QgsMessageBar(self.window)
        self.raster_menu: dict[str, list] = {}
        self.help_menu = QMenu(self.window)
        self.option_factories: list = []
        self.shown_options: list[str] = []
        self.log_shown = 0

    def mainWindow(self) -> QMainWindow:
        return self.window

    def mapCanvas(self) -> QgsMapCanvas:
        return self.canvas

    def cadDockWidget(self) -> QgsAdvancedDigitizingDockWidget:
        return self.cad

    def activeLayer(self) -> object:
        return self.canvas.currentLayer()

    def setActiveLayer(self, layer: object) -> None:
        self.canvas.setCurrentLayer(layer)
        self.currentLayerChanged.emit(layer)

    def actionPan(self) -> QAction:
        return self.pan_action

    def messageBar(self) -> QgsMessageBar:
        return self.bar

    def pluginHelpMenu(self) -> QMenu:
        return self.help_menu

    def addToolBar(self, title: str) -> QToolBar:
        return self.window.addToolBar(title)

    def addPluginToRasterMenu(self, menu: str, action: object) -> None:
        self.raster_menu.setdefault(menu, []).append(action)

    def removePluginRasterMenu(self, menu: str, action: object) -> None:
        self.raster_menu[menu].remove(action)

    def addDockWidget(self, area: object, dock: object) -> None:
        self.window.addDockWidget(area, dock)

    def removeDockWidget(self, dock: object) -> None:
        self.window.removeDockWidget(dock)

    def registerOptionsWidgetFactory(self, factory: object) -> None:
        self.option_factories.append(factory)

    def unregisterOptionsWidgetFactory(self, factory: object) -> None:
        self.option_factories.remove(factory)

    def openMessageLog(self) -> None:
        self.log_shown += 1

    def showOptionsDialog(self, parent: object, page: str) -> None:
        self.shown_options.append(page)


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Turn Qt's event loop until `holds()`, or fail with `what`."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s in vain until {what}")
        QCoreApplication.processEvents()
        time.sleep(0.005)


def _utm() -> osr.SpatialReference:
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32630)
    return reference


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, and say so, what needs real data where there are none."""
    ours = real.left_out(items)
    if ours:
        items[:] = [item for item in items if item not in ours]
        config.hook.pytest_deselected(items=ours)
        print(f"{len(ours)} tests of real data left out: {real.MISSING}")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real data."""
    if not real.DATA.is_dir():
        pytest.fail(real.MISSING)
    return real.DATA


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test has proven nothing: the run fails."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped") and session.exitstatus == 0:
        reporter.write_line("tests of the plugin must not be skipped", red=True)
        session.exitstatus = 1


@pytest.fixture(scope="session")
def ask_oracle(engine_program: Path) -> Callable[..., object]:
    """ask_oracle(question, **values): an answer of oracle.py, from the engine's own Python."""

    def ask(question: str, **values: object) -> object:
        python = engine_program.with_name("python")
        command = [str(python), "-I", str(Path(__file__).with_name("oracle.py")), question]
        done = subprocess.run(
            command, input=json.dumps(values), env={"PATH": os.environ["PATH"]},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask
