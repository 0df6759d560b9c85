"""How long keys take in QGIS with many polygons; run by QGIS's own Python, without a window.

    QT_QPA_PLATFORM=offscreen .venv-qgis/bin/python benchmarks/bench_drawing.py --polygons 20000

Each figure is the time until QGIS answers again, signals and repaint requests included: the median
of several, the longest, and the median of what QGIS's main thread was busy itself (the rest is
waiting, for the disk or for other programs on the machine).
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "plugin"), str(ROOT / "tests" / "qgis")]
LIMITS_MS = {"class key": 100, "re-class a cell": 100, "next task": 100, "done": 100, "save": 200,
             "list: after an edit, turn": 100, "list: after an undo, turn": 100}  # fmt: skip


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--polygons", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=9)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        rows = measure(Path(folder), asked.polygons, asked.repeats)
    print(f"{asked.polygons} polygons, QGIS {rows.pop('version')}, times in ms")
    print(f"{'':<28}{'median':>8}{'longest':>9}{'busy':>8}{'limit':>7}")
    for name, pairs in rows.items():
        wall, busy = zip(*pairs, strict=True)
        limit = str(LIMITS_MS.get(name, ""))
        middle = statistics.median
        print(f"{name:<28}{middle(wall):>8.1f}{max(wall):>9.1f}{middle(busy):>8.1f}{limit:>7}")
    sys.stdout.flush()
    os._exit(0)  # QGIS's own way out asks about unsaved layers


def measure(folder: Path, n_polygons: int, repeats: int) -> dict:
    """Milliseconds by what was done."""
    from qgis.core import Qgis, QgsApplication

    app = QgsApplication([], True)
    app.initQgis()
    control, window = desk(folder, n_polygons)
    session, actions = control.session, control.actions
    if session.tally.total != n_polygons:
        sys.exit(f"{session.tally.total} polygons arrived, {n_polygons} were made")
    times: dict = {"version": Qgis.QGIS_VERSION.split("-")[0]}

    def timed(name: str, deed: Callable[[], object]) -> None:
        wall, busy = time.perf_counter(), time.thread_time()
        deed()
        app.processEvents()
        spent = time.perf_counter() - wall, time.thread_time() - busy
        times.setdefault(name, []).append([1000 * part for part in spent])

    from conftest import wait_until

    for step in range(repeats):
        timed("class key", actions.class_keys[step % 6].trigger)
        cell = session.book.shape(session.cell)
        session.labels.selectByIds(session.editor.inside(cell))
        count = session.labels.selectedFeatureCount()
        timed("re-class a cell", actions.class_keys[(step + 1) % 6].trigger)
        session.labels.removeSelection()
        timed(
            "draw a polygon",
            lambda c=cell: control.map.areaDrawn.emit(c.buffer(-40, 2), "draw", "polygon"),
        )
        timed("undo", session.labels.undoStack().undo)
        timed("redo", session.labels.undoStack().redo)
        timed("done", actions.by_name["done"].trigger)
        timed("next task", actions.by_name["next"].trigger)
        timed("write recovery file", session.write_journal)
        timed("save", control.save)
        wait_until(lambda: not window.canvas.isDrawing(), "the map is drawn")
    print(f"a cell holds {count} polygons")
    measure_list(app, control, window, times, repeats)
    return times


def measure_list(app: Any, control: Any, window: Any, times: dict, repeats: int) -> None:
    """The problem list: the first look at everything, then an edit while it is open.

    Of an edit, the longest turn of the event loop is told: that is what a user could feel.
    """
    from polychip_qgis.quickchecks.control import ProblemControl

    problems = ProblemControl(window, control)

    def settle() -> list[float]:
        turns = []
        while problems.watch.busy:
            wall, busy = time.perf_counter(), time.thread_time()
            app.processEvents()
            turns.append((time.perf_counter() - wall, time.thread_time() - busy))
            time.sleep(0.001)
        return [1000 * max(part) for part in zip(*turns, strict=True)]

    begin = time.perf_counter()
    problems.open()
    times["list: first look, turn"] = [settle()]
    print(f"the list's first look took {time.perf_counter() - begin:.1f} s in slices")
    print(f"it holds {len(problems.dock.model.problems)} problems")
    session = control.session
    for _ in range(repeats):
        control.map.areaDrawn.emit(
            session.book.shape(session.cell).buffer(-60, 2), "draw", "polygon"
        )
        times.setdefault("list: after an edit, turn", []).append(settle())
        session.labels.undoStack().undo()
        times.setdefault("list: after an undo, turn", []).append(settle())


def desk(folder: Path, n_polygons: int) -> tuple[Any, Any]:
    """The plugin's drawing part on a project whose labels hold that many squares."""
    from conftest import FakeIface
    from osgeo import gdal, osr
    from polychip_qgis.drawing.control import DrawingControl
    from polychip_qgis.drawing.make import ProjectRequest, make_project
    from polychip_qgis.drawing.templates import template
    from qgis.core import (
        QgsFeature,
        QgsGeometry,
        QgsProject,
        QgsRasterLayer,
        QgsRectangle,
        QgsVectorLayer,
    )

    side = 4096
    path = folder / "image.tif"
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), side, side, 3, gdal.GDT_Byte)
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32630)
    dataset.SetGeoTransform((500000, 2, 0, 4400000, 0, -2))
    dataset.SetProjection(reference.ExportToWkt())
    del dataset
    image = QgsRasterLayer(str(path), "image")
    squares = QgsVectorLayer("Polygon?crs=EPSG:32630&field=class:string", "squares", "memory")
    across = int(n_polygons**0.5) + 1
    step = 2 * side / across
    names = [known.name for known in template("flood").classes]
    features = []
    for number in range(n_polygons):
        x, y = 500000 + step * (number % across), 4400000 - step * (number // across)
        feature = QgsFeature(squares.fields())
        box = QgsRectangle(x, y - 0.7 * step, x + 0.7 * step, y)
        feature.setGeometry(QgsGeometry.fromRect(box))
        feature.setAttribute("class", names[number % len(names)])
        features.append(feature)
    squares.dataProvider().addFeatures(features)
    project = QgsProject.instance()
    project.addMapLayer(image)
    flood = template("flood")
    request = ProjectRequest(
        folder / "labels.gpkg",
        [image],
        list(flood.classes),
        flood.mode,
        512,
        "pad",
        False,
        squares,
        "class",
    )
    window = FakeIface()
    window.window.resize(1400, 900)
    window.window.show()
    control = DrawingControl(window)
    window.canvas.setDestinationCrs(image.crs())
    window.canvas.setLayers([image])
    made = make_project(request, project)
    window.canvas.setLayers([made.labels, made.tasks, image])
    control._made(made, False)  # noqa: SLF001 - what the page's button calls
    return control, window


if __name__ == "__main__":
    main()
