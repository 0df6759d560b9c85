"""YOLO, Pascal VOC, labelme and index rasters: small cases worked out by hand."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from PIL import Image
from support.rasters import Place
from support.vectors import burned, layer, same_partition

import polychip


def in_pixels(out: Path, where: Place, name: str = "labels") -> list[shapely.Geometry]:
    t = where.transform
    return [
        shapely.transform(shape, lambda xy: (xy - (t.c, t.f)) / (t.a, t.e))
        for shape in layer(out, name).geometry
    ]


def close(shape: shapely.Geometry, expected: shapely.Geometry) -> bool:
    parts = shapely.get_parts(shape)
    return len(parts) == 1 and parts[0].normalize().equals_exact(expected.normalize(), 1e-7)


def import_(tmp_path: Path, kind: Any, path: Path, **options: Any) -> Any:
    return polychip.import_labels(
        path, format=kind, images=tmp_path / "images", out=tmp_path / "out.gpkg", overwrite=True, **options
    )  # fmt: skip


class TestYolo:
    def write(self, tmp_path: Path, **texts: str) -> Path:
        folder = tmp_path / "yolo" / "labels" / "train"
        folder.mkdir(parents=True)
        for name, text in texts.items():
            (folder / f"{name}.txt").write_text(text, encoding="utf-8")
        return tmp_path / "yolo"

    def test_shares_run_from_the_outer_edges_and_an_empty_file_is_background(
        self, tmp_path: Path, chips: dict[str, Place]
    ) -> None:
        """Image: 50 px wide, 40 high."""
        folder = self.write(
            tmp_path,
            a="1 0.5 0.25 0.2 0.1\n\n0 0 0 0.5 0 0.5 0.5 0 0.5\n0 0.1 0.1 0.2 0.1 0.2 0.3\n",
            b="",
        )
        (folder / "data.yaml").write_text(
            "path: .\nnames:\n  0: 'flood water'\n  1: house # big\nnc: 2\n"
        )
        summary = import_(tmp_path, "yolo", folder)
        shapes = in_pixels(tmp_path / "out.gpkg", chips["a"])
        assert close(shapes[0], shapely.box(20, 8, 30, 12))
        assert close(shapes[1], shapely.box(0, 0, 25, 20))
        assert close(shapes[2], shapely.Polygon([(5, 4), (10, 4), (10, 12)]))
        frame = layer(tmp_path / "out.gpkg")
        assert frame["class"].tolist() == ["house", "flood water", "flood water"]
        assert frame["class_id"].tolist() == ["1", "0", "0"]
        assert frame["source_id"].tolist() == ["train/a:1", "train/a:3", "train/a:4"]
        assert (summary.n_images, summary.n_empty) == (2, 1)
        assert layer(tmp_path / "out.gpkg", "extent")["image"].tolist() == ["train/a", "train/b"]

    @pytest.mark.parametrize(
        "text", ["names: [water, 'the house']", "names:\n- water\n- the house\n", "names: {0: water, 1: the house}"]
    )  # fmt: skip
    @pytest.mark.usefixtures("chips")
    def test_the_names_of_a_data_yaml_in_each_of_its_spellings(
        self, tmp_path: Path, text: str
    ) -> None:
        folder = self.write(tmp_path, a="1 0.5 0.5 0.2 0.2")
        (folder / "data.yaml").write_text(f"# comment\ntrain: images\n{text}\n")
        assert dict(import_(tmp_path, "yolo", folder).annotations) == {"the house": 1}
        again = import_(tmp_path, "yolo", folder, classes="x,y")
        assert dict(again.annotations) == {"y": 1}

    @pytest.mark.parametrize(("line", "message"), [
        ("0 0.1 0.2 0.3", "line 1 is '0 0.1 0.2 0.3'; expected CLASS X Y"),
        ("0 0.1 0.2 0.3 0.4 0.5", "expected CLASS X Y"),
        ("house 0.1 0.2 0.3 0.4", "expected CLASS X Y"),
        ("0 10 20 30 40", "shares of the image's sides run from 0 to 1"),
        ("3 0.5 0.5 0.2 0.2", "has class 3, but only 2 names are known"),
    ])  # fmt: skip
    @pytest.mark.usefixtures("chips")
    def test_malformed_lines_are_named(self, tmp_path: Path, line: str, message: str) -> None:
        folder = self.write(tmp_path, a=line)
        with pytest.raises(polychip.InputError, match=message):
            import_(tmp_path, "yolo", folder, classes="x,y")

    def test_one_image_takes_annotations_of_any_name(
        self, tmp_path: Path, chips: dict[str, Place]
    ) -> None:
        folder = self.write(tmp_path, whatever="0 0.5 0.5 1 1")
        polychip.import_labels(
            folder, format="yolo", images=tmp_path / "images" / "b.tif", out=tmp_path / "out.gpkg"
        )
        [shape] = in_pixels(tmp_path / "out.gpkg", chips["b"])
        assert close(shape, shapely.box(0, 0, 50, 40))


VOC = """<annotation><filename>{name}.jpg</filename>
<size><width>50</width><height>{height}</height><depth>3</depth></size>
<object><name>ship</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>50</xmax><ymax>40</ymax></bndbox></object>
<object><name>small ship</name><bndbox><xmin>11</xmin><ymin>5</ymin><xmax>12</xmax><ymax>5</ymax></bndbox></object>
<object><name>ship</name><bndbox><xmin>9</xmin><ymin>9</ymin><xmax>2</xmax><ymax>20</ymax></bndbox></object>
</annotation>"""


class TestVoc:
    def test_boxes_count_pixels_from_one_and_hold_both_ends(
        self, tmp_path: Path, chips: dict[str, Place]
    ) -> None:
        folder = tmp_path / "voc" / "Annotations"
        folder.mkdir(parents=True)
        (folder / "a.xml").write_text(VOC.format(name="a", height=40))
        summary = import_(tmp_path, "voc", tmp_path / "voc")
        shapes = in_pixels(tmp_path / "out.gpkg", chips["a"])
        assert close(shapes[0], shapely.box(0, 0, 50, 40))
        assert close(shapes[1], shapely.box(10, 4, 12, 5))
        assert dict(summary.left_out) == {"annotations without an area": 1}
        (folder / "a.xml").write_text(VOC.format(name="a", height=41))
        with pytest.raises(polychip.InputError, match="says 41 × 50 px"):
            import_(tmp_path, "voc", tmp_path / "voc")

    def test_palette_masks_give_objects_classes_and_void(
        self, tmp_path: Path, chips: dict[str, Place]
    ) -> None:
        codes, ids = np.zeros((2, 40, 50), np.uint8)
        codes[2:10, 2:10], ids[2:10, 2:10] = 1, 1
        codes[2:10, 10:20], ids[2:10, 10:20] = 1, 2
        codes[30:35, 30:45], ids[30:35, 30:45] = 2, 3
        codes[20:22], ids[20:22] = 255, 255
        for folder, pixels in (("SegmentationClass", codes), ("SegmentationObject", ids)):
            (tmp_path / "voc" / folder).mkdir(parents=True)
            image = Image.fromarray(pixels)
            image.putpalette([v for i in range(256) for v in (i, 255 - i, 7)])
            image.save(tmp_path / "voc" / folder / "b.png")
        (tmp_path / "voc" / "labelmap.txt").write_text(
            "# label:color\nbackground:0,0,0::\nhouse:1,2,3::\nroad:4,5,6::\n"
        )
        summary = import_(tmp_path, "voc", tmp_path / "voc")
        assert dict(summary.annotations) == {"house": 2, "road": 1}
        frame, where = layer(tmp_path / "out.gpkg"), chips["b"]
        assert np.array_equal(
            burned(frame, where, frame["class_id"]), np.where(codes == 255, 0, codes)
        )
        assert same_partition(burned(frame, where, frame["uid"]), np.where(ids == 255, 0, ids))
        assert frame["instance_id"].tolist() == ["b:1", "b:2", "b:3"]
        extent = layer(tmp_path / "out.gpkg", "extent")
        assert np.array_equal(burned(extent, where, [1]), codes != 255)


class TestMasks:
    def test_each_region_of_a_class_raster_becomes_a_polygon(
        self, tmp_path: Path, chips: dict[str, Place]
    ) -> None:
        (tmp_path / "masks").mkdir()
        codes = np.random.default_rng(0).integers(0, 4, (40, 50)).astype(np.uint8)
        codes[codes == 3] = 255
        Image.fromarray(codes).save(tmp_path / "masks" / "a.png")
        import_(tmp_path, "masks", tmp_path / "masks", classes="water, field")
        frame = layer(tmp_path / "out.gpkg")
        assert set(frame["class"]) == {"water", "field"}
        assert frame["instance_id"].isna().all()
        assert np.array_equal(
            burned(frame, chips["a"], frame["class_id"]), np.where(codes == 255, 0, codes)
        )
        extent = layer(tmp_path / "out.gpkg", "extent")
        assert np.array_equal(burned(extent, chips["a"], [1]), codes != 255)
        with pytest.raises(polychip.InputError, match="pixels have code 2, for which there is no"):
            import_(tmp_path, "masks", tmp_path / "masks", classes="water")

    @pytest.mark.usefixtures("chips")
    def test_colours_and_other_sizes_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "masks").mkdir()
        Image.new("RGB", (50, 40)).save(tmp_path / "masks" / "a.png")
        with pytest.raises(polychip.InputError, match="3 bands of uint8; expected one band"):
            import_(tmp_path, "masks", tmp_path / "masks")
        Image.new("L", (25, 20)).save(tmp_path / "masks" / "a.png")
        with pytest.raises(polychip.InputError, match=r"20 × 25 px .* its image has 40 × 50"):
            import_(tmp_path, "masks", tmp_path / "masks")


class TestLabelme:
    def shapes(self) -> list[dict[str, Any]]:
        small = np.array([[1, 0], [1, 1]], np.uint8) * 255
        stored = io.BytesIO()
        Image.fromarray(small).save(stored, "PNG")
        text = base64.b64encode(stored.getvalue()).decode()
        return [
            {"label": "Straße", "points": [[1, 1], [9, 1], [9.5, 7]], "shape_type": "polygon"},
            {
                "label": "roof",
                "points": [[20, 10], [12, 4]],
                "shape_type": "rectangle",
                "group_id": 3,
            },
            {
                "label": "roof",
                "points": [[30, 10], [32, 14]],
                "shape_type": "rectangle",
                "group_id": 3,
            },
            {"label": "tank", "points": [[25, 25], [30, 25]], "shape_type": "circle"},
            {"label": "roof", "points": [[40, 30], [41, 31]], "shape_type": "mask", "mask": text},
            {"label": "path", "points": [[0, 0], [9, 9]], "shape_type": "linestrip"},
        ]

    def test_every_kind_of_shape_is_read_and_lines_are_counted(
        self, tmp_path: Path, chips: dict[str, Place]
    ) -> None:
        data = {"shapes": self.shapes(), "imagePath": "a.jpg", "imageHeight": 40, "imageWidth": 50}
        (tmp_path / "labelme").mkdir()
        (tmp_path / "labelme" / "a.json").write_text(json.dumps(data))
        summary = import_(tmp_path, "labelme", tmp_path / "labelme")
        shapes = in_pixels(tmp_path / "out.gpkg", chips["a"])
        assert close(shapes[0], shapely.Polygon([(1, 1), (9, 1), (9.5, 7)]))
        assert close(shapes[1], shapely.box(12, 4, 20, 10))
        assert close(shapes[2], shapely.box(30, 10, 32, 14))
        assert shapes[3].area == pytest.approx(np.pi * 25, rel=1e-3)
        assert shapes[3].centroid.distance(shapely.Point(25, 25)) < 1e-7
        expected = shapely.union_all([shapely.box(40, 30, 41, 32), shapely.box(41, 31, 42, 32)])
        assert shapes[4].symmetric_difference(expected).area < 1e-7
        frame = layer(tmp_path / "out.gpkg")
        assert frame["class"].tolist() == ["Straße", "roof", "roof", "tank", "roof"]
        ids = frame["instance_id"].tolist()
        assert ids[1] == ids[2]
        assert len(set(ids)) == 4
        assert dict(summary.left_out) == {"shapes without an area (linestrip)": 1}


def test_the_same_annotations_give_the_same_bytes(tmp_path: Path, chips: dict[str, Place]) -> None:
    folder = TestYolo().write(tmp_path, a="0 0.5 0.5 0.2 0.2", b="")
    files = [tmp_path / "one.gpkg", tmp_path / "elsewhere" / "two.gpkg"]
    for file in files:
        polychip.import_labels(folder, format="yolo", images=tmp_path / "images", out=file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_name_that_two_images_have_is_told_by_its_folder_or_refused(
    tmp_path: Path, chips: dict[str, Place]
) -> None:
    from support.rasters import write_raster

    for scene in ("one", "two"):
        (tmp_path / "images" / scene).mkdir()
        write_raster(
            tmp_path / "images" / scene / "chip.tif", chips["b" if scene == "two" else "a"]
        )
    folder = tmp_path / "yolo"
    (folder / "two").mkdir(parents=True)
    (folder / "two" / "chip.txt").write_text("0 0.5 0.5 1 1")
    import_(tmp_path, "yolo", folder)
    [shape] = in_pixels(tmp_path / "out.gpkg", chips["b"])
    assert close(shape, shapely.box(0, 0, 50, 40))
    (folder / "two" / "chip.txt").rename(folder / "chip.txt")
    with pytest.raises(polychip.InputError, match="chip: 2 images have that name"):
        import_(tmp_path, "yolo", folder)
