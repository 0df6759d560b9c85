"""The snapshot is what is seen: edits, filters, joins, memory layers, any CRS, odd field names."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from conftest import wait_until
from osgeo import ogr
from polychip_qgis import snapshot as snapshot_module
from polychip_qgis.snapshot import (
    SnapshotCancelled,
    SnapshotError,
    see,
    snapshot_names,
    write_snapshot,
)
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeedback,
    QgsField,
    QgsGeometry,
    QgsPointXY,
    QgsVectorLayer,
    QgsVectorLayerJoinInfo,
)
from qgis.PyQt.QtCore import QVariant


def memory_layer(fields: str = "field=class:string", kind: str = "Polygon", crs: str = "EPSG:4326"):
    """An empty memory layer."""
    layer = QgsVectorLayer(f"{kind}?crs={crs}&{fields}", "drawn", "memory")
    assert layer.isValid()
    return layer


def square(x: float, y: float, side: float = 1.0) -> QgsGeometry:
    """A square by its lower left corner."""
    ring = [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]
    return QgsGeometry.fromPolygonXY([[QgsPointXY(*point) for point in ring]])


def feature(layer: QgsVectorLayer, geometry: QgsGeometry, *values) -> QgsFeature:
    """A feature of the layer."""
    made = QgsFeature(layer.fields())
    made.setAttributes(list(values))
    made.setGeometry(geometry)
    return made


def stored(path: Path, name: str = "labels") -> list[dict]:
    """What a GeoPackage holds, read by GDAL: its fields, 'wkt' and 'kind'."""
    source = ogr.Open(str(path))
    layer = source.GetLayerByName(name)
    rows = []
    for row in layer:
        geometry = row.GetGeometryRef()
        values = {
            row.GetFieldDefnRef(i).GetName(): row.GetField(i) for i in range(row.GetFieldCount())
        }
        rows.append(values | {"kind": geometry.GetGeometryName() if geometry else None,
                              "wkt": geometry.ExportToWkt() if geometry else None})  # fmt: skip
    return rows


def write(tmp_path: Path, *layers: QgsVectorLayer):
    """(snapshot, path) of labels and, when given, extent."""
    path = tmp_path / "seen.gpkg"
    seen = dict(zip(("labels", "extent"), [see(layer) for layer in layers]))
    return write_snapshot(path, seen, QgsFeedback()), path


def test_unsaved_edits_are_in_it_and_the_layer_is_left_as_it_is(labels, tmp_path, qgis_app):
    before = stored(labels, "buildings")
    layer = QgsVectorLayer(str(labels), "buildings", "ogr")
    layer.startEditing()
    first, second, third = [f.id() for f in layer.getFeatures()][:3]
    layer.deleteFeature(first)
    layer.changeAttributeValue(second, layer.fields().lookupField("class"), "shed")
    layer.changeGeometry(third, square(500100, 4399800, 10))
    layer.addFeature(feature(layer, square(500200, 4399700, 20), None, "new", 99))
    undo = layer.undoStack().count()
    snapshot, path = write(tmp_path, layer)
    rows = {row["source_fid"]: row for row in stored(path)}
    assert snapshot.counts == {"labels": 8}
    assert first not in rows
    assert rows[second]["class"] == "shed"
    assert "500100 4399810" in rows[third]["wkt"]
    (added,) = [row for fid, row in rows.items() if fid < 0]
    assert (added["class"], added["uid"]) == ("new", 99)
    assert (layer.isModified(), layer.undoStack().count()) == (True, undo)
    layer.rollBack()
    assert stored(labels, "buildings") == before


def test_a_filter_hides_what_it_hides_in_qgis(labels, tmp_path, qgis_app):
    layer = QgsVectorLayer(str(labels), "buildings", "ogr")
    layer.setSubsetString("uid >= 5")
    _, path = write(tmp_path, layer)
    assert sorted(row["uid"] for row in stored(path)) == [5, 6, 7]
    assert layer.subsetString() == "uid >= 5"


def test_joined_and_virtual_fields_are_in_it(labels, tmp_path, project):
    table = QgsVectorLayer("None?field=key:integer&field=roof:string", "roofs", "memory")
    rows = []
    for key in range(8):
        row = QgsFeature(table.fields())
        row.setAttributes([key, f"roof {key}"])
        rows.append(row)
    table.dataProvider().addFeatures(rows)
    layer = QgsVectorLayer(str(labels), "buildings", "ogr")
    project.addMapLayers([table, layer])
    join = QgsVectorLayerJoinInfo()
    join.setJoinLayer(table)
    join.setJoinFieldName("key")
    join.setTargetFieldName("uid")
    join.setPrefix("j_")
    layer.addJoin(join)
    layer.addExpressionField("'n' || uid", QgsField("label", QVariant.String))
    snapshot, path = write(tmp_path, layer)
    assert [(r["j_roof"], r["label"]) for r in stored(path)] == [
        (f"roof {i}", f"n{i}") for i in range(8)
    ]
    assert snapshot.label_fields["j_roof"] == "j_roof"


def test_a_memory_layer_of_another_crs_keeps_its_crs_to_the_digit(tmp_path, qgis_app):
    layer = memory_layer(crs="EPSG:2056")
    layer.dataProvider().addFeature(feature(layer, square(2600000.123456789, 1200000.1), "a"))
    _, path = write(tmp_path, layer)
    source = ogr.Open(str(path))
    assert source.GetLayer(0).GetSpatialRef().GetAuthorityCode(None) == "2056"
    assert "2600000.12345679" in stored(path)[0]["wkt"]


def test_fields_that_a_geopackage_cannot_hold_beside_each_other_get_other_names():
    assert snapshot_names(["fid", "class", "Class", "class_1", "geom", "Source_FID", ""]) == [
        "fid_1", "class", "Class_2", "class_1", "geom_1", "Source_FID_1", "field",
    ]  # fmt: skip
    assert snapshot_names(["uid", "größe"]) == ["uid", "größe"]


def test_a_text_field_named_fid_and_a_class_pair_keep_their_values(tmp_path, qgis_app):
    layer = memory_layer("field=fid:string&field=class:string&field=Class:string")
    layer.dataProvider().addFeatures(
        [feature(layer, square(i, 0), f"id-{i % 2}", "small", "LARGE") for i in range(5)]
    )
    snapshot, path = write(tmp_path, layer)
    assert snapshot.counts["labels"] == 5
    assert snapshot.label_fields == {"fid": "fid_1", "class": "class", "Class": "Class_1"}
    assert [(r["fid_1"], r["class"], r["Class_1"]) for r in stored(path)][1] == (
        "id-1", "small", "LARGE",
    )  # fmt: skip


def test_single_and_multi_parts_curves_heights_and_empty_geometries_fit_in(tmp_path, qgis_app):
    layer = memory_layer(kind="CurvePolygonZ")
    curve = QgsGeometry.fromWkt("CurvePolygonZ(CircularString Z(0 0 1,1 1 1,2 0 1,1 -1 1,0 0 1))")
    multi = QgsGeometry.fromWkt("MultiPolygon(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))")
    made = [feature(layer, geometry, "x") for geometry in (curve, QgsGeometry())]
    layer.dataProvider().addFeatures(made)
    _, path = write(tmp_path, layer)
    rows = stored(path)
    assert [row["kind"] for row in rows] == ["MULTIPOLYGON", "MULTIPOLYGON"]
    assert rows[0]["wkt"].startswith("MULTIPOLYGON (((0 0,")
    assert rows[1]["wkt"] == "MULTIPOLYGON EMPTY"
    plain = memory_layer(kind="Polygon")
    plain.startEditing()  # an edit buffer takes what the provider would refuse
    plain.addFeatures([feature(plain, square(0, 0), "a"), feature(plain, multi, "b")])
    _, path = write(tmp_path, plain)
    assert [row["kind"] for row in stored(path)] == ["MULTIPOLYGON", "MULTIPOLYGON"]


def test_texts_longer_than_the_field_and_lists_arrive_whole(tmp_path, qgis_app):
    layer = memory_layer("field=class:string(5)&field=tags:string[]")
    layer.startEditing()
    layer.addFeature(feature(layer, square(0, 0), "a long name", ["one", "zwö"]))
    layer.addFeature(feature(layer, square(1, 0), None, None))
    _, path = write(tmp_path, layer)
    assert [(r["class"], r["tags"]) for r in stored(path)] == [
        ("a long name", '["one", "zwö"]'), (None, None),
    ]  # fmt: skip


def test_labels_and_extent_are_layers_of_one_file(labels, tmp_path, qgis_app):
    extent = memory_layer(crs="EPSG:32630")
    extent.dataProvider().addFeature(feature(extent, square(500000, 4399600, 600), "seen"))
    layer = QgsVectorLayer(str(labels), "buildings", "ogr")
    snapshot, path = write(tmp_path, layer, extent)
    assert snapshot.counts == {"labels": 8, "extent": 1}
    assert (len(stored(path, "labels")), len(stored(path, "extent"))) == (8, 1)


def test_the_digest_is_of_what_is_seen_and_not_of_the_file(labels, tmp_path, qgis_app):
    layer = QgsVectorLayer(str(labels), "buildings", "ogr")
    digests = [write(tmp_path, layer)[0].digest for _ in range(2)]
    layer.startEditing()
    layer.changeAttributeValue(3, layer.fields().lookupField("class"), "other")
    digests.append(write(tmp_path, layer)[0].digest)
    layer.undoStack().undo()
    digests.append(write(tmp_path, layer)[0].digest)
    assert digests[0] == digests[1] == digests[3] != digests[2]


def test_a_feature_that_gets_lost_stops_it_and_leaves_no_file(labels, tmp_path, monkeypatch):
    class Losing:
        """A writer that drops the third feature and says that all is well."""

        def __init__(self, writer):
            self.writer, self.count = writer, 0

        def addFeature(self, one):
            self.count += 1
            return True if self.count == 3 else self.writer.addFeature(one)

    real = snapshot_module._writer
    monkeypatch.setattr(snapshot_module, "_writer", lambda *a: Losing(real(*a)))
    layer = QgsVectorLayer(str(labels), "buildings", "ogr")
    with pytest.raises(SnapshotError, match="“buildings” has 8 features, but 7 arrived"):
        write(tmp_path, layer)
    assert list(tmp_path.iterdir()) == []


def test_cancelling_leaves_no_file(tmp_path, qgis_app):
    layer = memory_layer()
    layer.dataProvider().addFeatures([feature(layer, square(i, 0), "a") for i in range(1000)])
    feedback = QgsFeedback()
    feedback.cancel()
    with pytest.raises(SnapshotCancelled):
        write_snapshot(tmp_path / "seen.gpkg", {"labels": see(layer)}, feedback)
    assert list(tmp_path.iterdir()) == []


def test_a_layer_without_a_crs_is_refused_with_what_to_do(qgis_app):
    layer = memory_layer()
    layer.setCrs(QgsCoordinateReferenceSystem())
    with pytest.raises(SnapshotError, match="“drawn” has no coordinate reference system; set it"):
        see(layer)


def test_it_is_written_on_another_thread_while_the_layer_goes_away(labels, tmp_path, qgis_app):
    layer = QgsVectorLayer(str(labels), "buildings", "ogr")
    layer.startEditing()
    layer.addFeature(feature(layer, square(500200, 4399700, 20), None, "new", 99))
    seen = see(layer)
    layer.rollBack()
    del layer
    results = []
    path = tmp_path / "seen.gpkg"
    thread = threading.Thread(
        target=lambda: results.append(write_snapshot(path, {"labels": seen}, QgsFeedback()))
    )
    thread.start()
    wait_until(lambda: not thread.is_alive(), "the snapshot is written")
    assert results[0].counts == {"labels": 9}
    assert "new" in [row["class"] for row in stored(path)]
