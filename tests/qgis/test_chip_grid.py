"""polychip:chipgrid in a headless QGIS; expected corners follow from conftest's geotransforms."""

from __future__ import annotations

import pytest
from conftest import ROTATED, SOUTH_UP
from polychip_qgis.chip_grid import ChipGridAlgorithm
from polychip_qgis.raster_grid import NoPixelGridError, grid_of
from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
)


@pytest.fixture
def chip_grid(qgis_app):
    """Runs the algorithm: chip_grid(path, SIZE=…) gives (layer, count)."""

    def run(raster, feedback=None, **parameters):
        context = QgsProcessingContext()
        context.setProject(QgsProject.instance())
        values = {"INPUT": str(raster), "OUTPUT": "memory:", **parameters}
        results, ok = (
            ChipGridAlgorithm().create().run(values, context, feedback or QgsProcessingFeedback())
        )
        if not ok:
            raise QgsProcessingException("the algorithm failed")
        layer = context.takeResultLayer(results["OUTPUT"])
        return layer, results["COUNT"]

    return run


def ring(feature):
    """A polygon's corners, whole metres, without the closing one."""
    return [(round(p.x(), 6), round(p.y(), 6)) for p in feature.geometry().asPolygon()[0][:-1]]


def test_chips_of_a_north_up_raster_are_where_its_pixels_are(chip_grid, scene):
    layer, count = chip_grid(scene, SIZE=128)
    features = list(layer.getFeatures())
    assert count == len(features) == 6
    assert layer.crs().authid() == "EPSG:32630"
    last = features[-1]
    assert last.attributes() == ["r0000001_c0000002", 1, 2, 256, 128, 128, 128]
    assert ring(last) == [
        (500512, 4399744),
        (500768, 4399744),
        (500768, 4399488),
        (500512, 4399488),
    ]


def test_chips_of_a_rotated_raster_are_rotated_with_it(chip_grid, make_raster):
    layer, count = chip_grid(make_raster("rotated", 30, 20, ROTATED), SIZE=10)
    second = list(layer.getFeatures())[1]
    assert count == 6
    assert second["x_off"] == 10
    assert ring(second) == [
        (500040, 4400030),
        (500080, 4400060),
        (500110, 4400020),
        (500070, 4399990),
    ]


def test_the_first_chip_of_a_south_up_raster_lies_in_the_south(chip_grid, make_raster):
    layer, count = chip_grid(make_raster("south_up", 300, 200, SOUTH_UP), SIZE=100)
    first = next(layer.getFeatures())
    assert count == 6
    assert first["chip_id"] == "r0000000_c0000000"
    assert ring(first) == [
        (500000, 4399600),
        (500200, 4399600),
        (500200, 4399800),
        (500000, 4399800),
    ]


def test_the_size_of_a_rotated_raster_is_counted_in_its_own_pixels(make_raster):
    path = make_raster("rotated_count", 30, 20, ROTATED)
    layer = QgsRasterLayer(str(path), "rotated")
    from polychip_qgis.raster_grid import grid_of

    assert (layer.width(), layer.height()) != (30, 20)  # what QGIS shows is a warped view
    assert grid_of(layer) == (ROTATED, 30, 20)


@pytest.mark.parametrize(("edge", "count", "x_offs", "y_offs"), [
    ("pad", 6, [0, 96, 192], [0, 96]),
    ("shift", 6, [0, 96, 172], [0, 72]),
    ("drop", 2, [0, 96], [0]),
])  # fmt: skip
def test_stride_and_edge_rule_are_followed(chip_grid, scene, edge, count, x_offs, y_offs):
    layer, found = chip_grid(scene, SIZE=128, STRIDE=96, EDGE=edge)
    assert sorted({f["x_off"] for f in layer.getFeatures()}) == x_offs
    assert sorted({f["y_off"] for f in layer.getFeatures()}) == y_offs
    assert found == layer.featureCount() == count


def test_cancelling_leaves_the_rest_out(chip_grid, scene):
    feedback = QgsProcessingFeedback()
    feedback.progressChanged.connect(lambda percent: percent >= 50 and feedback.cancel())
    layer, count = chip_grid(scene, feedback, SIZE=64)
    assert count == layer.featureCount() == 10  # half of 4 × 5


def test_an_image_without_a_georeference_is_refused_with_a_way_out(qgis_app, make_raster):
    layer = QgsRasterLayer(str(make_raster("plain", 20, 20, None)), "plain")
    with pytest.raises(NoPixelGridError, match="“plain” has no regular georeference; warp it"):
        grid_of(layer)


def test_a_web_layer_is_refused_with_a_way_out(qgis_app):
    web = QgsRasterLayer(
        "type=xyz&url=http://127.0.0.1:9/{z}/{x}/{y}.png&zmax=3&zmin=0", "tiles", "wms"
    )
    assert web.isValid()
    with pytest.raises(
        NoPixelGridError, match="“tiles” is not a raster file; save it as a GeoTIFF first"
    ):
        grid_of(web)


def test_reading_the_grid_writes_nothing_beside_the_image(qgis_app, make_raster):
    path = make_raster("untouched", 64, 64, ROTATED)
    layer = QgsRasterLayer(str(path), "untouched")
    before = {
        p.name: p.stat().st_mtime_ns for p in path.parent.iterdir()
    }  # QGIS may have put statistics there
    grid_of(layer)
    assert {p.name: p.stat().st_mtime_ns for p in path.parent.iterdir()} == before


def test_the_algorithm_has_help_and_stable_names(qgis_app):
    algorithm = ChipGridAlgorithm().create()
    assert algorithm.name() == "chipgrid"
    assert [p.name() for p in algorithm.parameterDefinitions()] == [
        "INPUT",
        "SIZE",
        "STRIDE",
        "EDGE",
        "OUTPUT",
    ]
    advanced = [p.name() for p in algorithm.parameterDefinitions() if p.flags() & p.FlagAdvanced]
    assert advanced == ["STRIDE", "EDGE"]
    assert algorithm.shortHelpString()
    assert algorithm.helpUrl().startswith("file:///")
