"""How long the dock's preview takes: from the cursor's move to the picture, with unsaved edits.

    QT_QPA_PLATFORM=offscreen .venv-qgis/bin/python plugin/benchmark_preview.py ENGINE [N_POLYGONS]

ENGINE is the polychip program. Prints milliseconds; run it on a quiet machine.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "qgis")]

import numpy as np  # noqa: E402
from osgeo import gdal, osr  # noqa: E402
from qgis.core import (  # noqa: E402
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsSettings,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QEventLoop  # noqa: E402

SIDE = 10_240
MOVES = 60
GOAL_MS = 200


def main() -> None:
    """Make a scene, turn the preview on, move about, edit, and tell the times."""
    engine, n_polygons = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    application = QgsApplication([], True)
    application.initQgis()
    QgsSettings().setValue("polychip/engine", engine)
    from conftest import FakeIface
    from polychip_qgis.dock import PolychipDock
    from polychip_qgis.preview_control import PreviewControl

    with tempfile.TemporaryDirectory() as folder:
        image, labels = make_layers(Path(folder), n_polygons)
        QgsProject.instance().addMapLayers([image, labels])
        QgsProject.instance().setCrs(image.crs())
        iface = FakeIface()
        dock = PolychipDock()
        dock.set_settings(
            dock.settings()._replace(
                imagery=image.id(), labels=labels.id(), class_field="class",
                instance_field="uid", mode="panoptic", size=512,
            )
        )  # fmt: skip
        control = PreviewControl(iface, dock)
        shown, plans = [], []
        control.shown.connect(shown.append)
        control.planned.connect(plans.append)

        loop = QEventLoop()
        control.shown.connect(lambda *_: loop.quit())
        control.planned.connect(lambda *_: loop.quit())

        def wait(holds):
            """Let Qt's own loop turn, as in QGIS."""
            began = time.perf_counter()
            while not holds():
                loop.exec()
            return 1000 * (time.perf_counter() - began)

        rng, cpu = random.Random(3), []

        def move():
            count, before = len(shown), shown[-1]["chip_id"] if shown else ""
            x, y = rng.randrange(SIDE), rng.randrange(SIDE)
            if f"r{y // 512:07d}_c{x // 512:07d}" in before:
                return move()
            began, worked = time.perf_counter(), time.process_time()
            iface.canvas.xyCoordinates.emit(QgsPointXY(500_000 + x, 4_400_000 - y))
            wait(lambda: len(shown) > count)
            cpu.append(1000 * (time.process_time() - worked))
            return 1000 * (time.perf_counter() - began)

        control.turn_on()
        print(f"{n_polygons} polygons, image of {SIDE} × {SIDE} px, chips of 512 px, panoptic")
        print(f"engine started, labels read, planned: {wait(lambda: plans):.0f} ms")
        print(f"first preview: {move():.0f} ms")
        tell("other chips, no edits", [move() for _ in range(MOVES)])
        print(f"of which QGIS itself: median {statistics.median(cpu):.0f} ms of processor time")
        labels.startEditing()
        times = []
        for _ in range(MOVES):
            labels.deleteFeature(rng.choice(labels.allFeatureIds()))
            count = len(shown)
            began = time.perf_counter()
            control._wait.stop()
            control._look()
            wait(lambda: len(shown) > count)
            times.append(1000 * (time.perf_counter() - began))
        tell("the same chip after an edit", times)
        tell("other chips with unsaved edits", [move() for _ in range(MOVES)])
        labels.rollBack()
        control.abandon()
        QgsSettings().remove("polychip/engine")
    sys.stdout.flush()
    os._exit(0)  # QGIS's own way out crashes without its window


def tell(what: str, times: list) -> None:
    """One line of the table."""
    ordered = sorted(times)
    middle, high = statistics.median(ordered), ordered[int(0.95 * len(ordered))]
    met = "under" if high < GOAL_MS else "NOT under"
    print(f"{what}: median {middle:.0f} ms, 95 % {high:.0f} ms ({met} {GOAL_MS} ms)")


def make_layers(folder: Path, n_polygons: int) -> tuple:
    """An RGB image and squares of three classes over it, in a GeoPackage."""
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32630)
    path = str(folder / "image.tif")
    target = gdal.GetDriverByName("GTiff").Create(
        path, SIDE, SIDE, 3, gdal.GDT_Byte, ["TILED=YES", "COMPRESS=DEFLATE", "ZLEVEL=1"]
    )
    target.SetGeoTransform((500_000.0, 1.0, 0.0, 4_400_000.0, 0.0, -1.0))
    target.SetProjection(reference.ExportToWkt())
    rng = np.random.default_rng(1)
    tile = rng.integers(40, 200, (3, 512, 512)).astype(np.uint8)
    for y in range(0, SIDE, 512):
        for x in range(0, SIDE, 512):
            target.WriteRaster(
                x, y, 512, 512, (tile + (x + y) // 512 % 50).astype(np.uint8).tobytes()
            )
    target = None
    layer = QgsVectorLayer(
        "Polygon?crs=EPSG:32630&field=class:string&field=uid:integer", "m", "memory"
    )
    features = []
    for number in range(n_polygons):
        x, y = rng.uniform(0, SIDE, 2)
        w, h = rng.uniform(8, 60, 2)
        feature = QgsFeature(layer.fields())
        box = QgsRectangle(500_000 + x, 4_400_000 - y - h, 500_000 + x + w, 4_400_000 - y)
        feature.setGeometry(QgsGeometry.fromRect(box))
        feature.setAttributes([("house", "tree", "water")[number % 3], number])
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    from qgis.core import QgsCoordinateTransformContext, QgsVectorFileWriter

    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    QgsVectorFileWriter.writeAsVectorFormatV3(
        layer, str(folder / "labels.gpkg"), QgsCoordinateTransformContext(), options
    )
    return QgsRasterLayer(path, "image"), QgsVectorLayer(
        str(folder / "labels.gpkg"), "labels", "ogr"
    )


if __name__ == "__main__":
    main()
