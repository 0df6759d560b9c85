"""How long the threshold and the wand take in QGIS; run by QGIS's own Python, without a window.

    QT_QPA_PLATFORM=offscreen .venv-qgis/bin/python benchmarks/bench_prelabels.py

A view of 1000 × 1000 pixels of the screen shows as many pixels of an image, noise on a slope. Each
figure is the median and the longest of several, with the picture for the screen made.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugin"))
SIDE, REPEATS = 1000, 15
LIMITS_MS = {"threshold step": 50, "wand": 100}


def main() -> None:
    """Measure and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder))
    print(f"{'':<24}{'median':>8}{'longest':>9}{'limit':>7}   ms")
    for name, times in rows.items():
        limit = str(LIMITS_MS.get(name, ""))
        print(f"{name:<24}{statistics.median(times):>8.1f}{max(times):>9.1f}{limit:>7}")


def measure(folder: Path) -> dict[str, list[float]]:
    """Milliseconds by what was done."""
    from polychip_qgis.prelabels.formula import parse
    from polychip_qgis.prelabels.pixels import Dates, image_for, read_bands, values_of
    from polychip_qgis.prelabels.threshold import Rule, histogram, otsu
    from polychip_qgis.prelabels.view import view_of
    from polychip_qgis.prelabels.wand import REPLACE, Selection, likeness
    from qgis.core import QgsApplication, QgsMapSettings, QgsRasterLayer
    from qgis.PyQt.QtCore import QSize
    from qgis.PyQt.QtGui import QColor

    app = QgsApplication([], False)
    app.initQgis()
    layer = QgsRasterLayer(str(make_image(folder / "image.tif")), "image")
    image, settings = image_for(layer), QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setOutputSize(QSize(SIDE, SIDE))
    settings.setExtent(layer.extent())
    times: dict[str, list[float]] = {}

    def timed(name: str, deed: Callable[[], object]) -> object:
        begin = time.perf_counter()
        found = deed()
        times.setdefault(name, []).append(1000 * (time.perf_counter() - begin))
        return found

    formula, color = parse("(b1 - b2) / (b1 + b2)"), QColor("#1e90ff")
    for step in range(REPEATS):
        view = timed("view", lambda: view_of(image, settings))
        values = timed("index", lambda v=view: values_of(Dates(image), formula, v.window))
        threshold = timed("histogram and Otsu", lambda v=values: otsu(histogram(v)))
        rule = Rule("index", threshold + step / 100)
        timed("threshold step", lambda v=view, r=rule, a=values: v.picture(r.picks(a), color))
        bands = read_bands(image, [1, 2, 3], view.window)
        seen = timed("wand: first look", lambda v=view, b=bands: likeness(v.window, [*b.values()]))
        selection, tolerance = Selection(), 0.2 + step / 50

        def grow(s=selection, known=seen, v=view, t=tolerance) -> None:  # noqa: ANN001
            s.begin(known, (SIDE // 2, SIDE // 2), REPLACE)
            s.grow(t)
            v.picture(s.shown(v.window), color)

        timed("wand", grow)
    return times


def make_image(path: Path) -> Path:
    """Three bands of noise on a slope, from a fixed seed."""
    import numpy as np
    from osgeo import gdal, osr

    dataset = gdal.GetDriverByName("GTiff").Create(str(path), SIDE, SIDE, 3, gdal.GDT_UInt16)
    dataset.SetGeoTransform((500000, 10, 0, 4400000, 0, -10))
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32630)
    dataset.SetProjection(reference.ExportToWkt())
    rng = np.random.default_rng(0)
    slope = np.linspace(0, 2000, SIDE)[None]
    for number in (1, 2, 3):
        noise = rng.normal(0, 150, (SIDE, SIDE))
        dataset.GetRasterBand(number).WriteArray((2000 + number * slope + noise).astype(np.uint16))
    dataset.FlushCache()
    return path


if __name__ == "__main__":
    main()
