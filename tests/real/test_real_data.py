"""Real imagery and labels, against hand-made rasters, GDAL, pyproj and shapely."""

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from pycocotools import mask as coco
from support.datasets import manifest, masks_of, rows, stitch
from support.oracle import assert_equals_oracle
from support.rasters import Place
from support.real import gdal_burn, pixels_of, place_of
from support.workshop import Workshop


def polygons_and_codes(
    frame: geopandas.GeoDataFrame, codes: list[int], order: list[int]
) -> tuple[list[Any], list[int]]:
    """Polygons in painting order: the first code of `order` on top."""
    pairs = sorted(zip(frame.geometry, codes, strict=True), key=lambda pair: -order.index(pair[1]))
    return [shape for shape, _ in pairs], [code for _, code in pairs]


class TestSpanishFlood:
    """Sen1Floods11: the polygons were traced along the pixels of a hand-made mask."""

    def recipe(self, workshop: Workshop, data: Path, image: Any, **tables: Any) -> dict[str, Any]:
        labels = str(data / "sen1floods11-spain/Spain_7370579_water_DERIVED.gpkg")
        schema = {
            "class_field": "class",
            "classes": [{"name": "no_data", "code": 255}, {"name": "water", "code": 1}],
        }
        return workshop.recipe(image, labels, schema=schema, **tables)

    @pytest.mark.parametrize("chips", [{"size": 100}, {"size": 512}, {"size": 96, "stride": 61}])
    def test_burning_the_polygons_gives_the_hand_made_raster_back(
        self, workshop: Workshop, data: Path, chips: dict[str, int]
    ) -> None:
        folder = data / "sen1floods11-spain"
        image = str(folder / "Spain_7370579_S2Hand.tif")
        dataset = workshop.run(self.recipe(workshop, data, image, chips=chips))
        hand = pixels_of(folder / "Spain_7370579_LabelHand.tif")[0]
        burned = stitch(dataset, (512, 512), transform=place_of(Path(image)).transform)
        assert np.array_equal(burned, np.where(hand == -1, 255, hand))
        [scene] = manifest(dataset)["scenes"]
        assert scene["features_by_class"] == {"ignore": 36, "water": 716}
        assert scene["tiny_by_class"] == {}

    def test_radar_and_optical_layers_stay_bit_identical(
        self, workshop: Workshop, data: Path
    ) -> None:
        files = {
            s: data / f"sen1floods11-spain/Spain_7370579_{s.upper()}Hand.tif" for s in ("s1", "s2")
        }
        image = {name: str(path) for name, path in files.items()}
        dataset = workshop.run(self.recipe(workshop, data, image, chips={"size": 200}))
        for name, path in files.items():
            whole = stitch(dataset, (512, 512), kind=f"image_{name}", missing=0)
            source = pixels_of(path)
            assert whole.dtype == source.dtype
            assert whole.tobytes() == source.tobytes()


BAKER_LAKE = {
    "class_field": "Quatreclasses",
    "classes": [
        {"name": "unclear", "code": 255},
        {"name": "building", "code": 4},
        {"name": "road", "code": 3, "thing": False},
        {"name": "hydro", "code": 2, "thing": False},
        {"name": "forest", "code": 1, "thing": False},
    ],
}


class TestBakerLake:
    """Two tiles half a pixel off each other, codes as text, '255' for what is unclear."""

    TILES = tuple(f"23322E759967N_clipped_1m_{n}of2.tif" for n in (1, 2))

    def build(self, workshop: Workshop, folder: Path, labels: Path, **options: Any) -> Path:
        images = [str(folder / tile) for tile in self.TILES]
        given = {"path": str(labels / "BakerLake_2017_clipped.gpkg"), "id_field": "id"}
        tables = {
            "schema": BAKER_LAKE, "masks": {"mode": "panoptic"}, "chips": {"size": 150},
        } | options  # fmt: skip
        return workshop.build(images, given, **tables)

    def mosaic(self, folder: Path) -> tuple[Place, np.ndarray, np.ndarray]:
        """The tiles laid on the first one's lattice by whole pixels: (grid, pixels, where any)."""
        paths = [folder / tile for tile in self.TILES]
        grids, tiles = [place_of(p) for p in paths], [pixels_of(p) for p in paths]
        spots = [(~grids[0].transform) @ (g.transform.c, g.transform.f) for g in grids]
        places = [(int(np.floor(x + 0.5)), int(np.floor(y + 0.5))) for x, y in spots]
        left, top = min(x for x, _ in places), min(y for _, y in places)
        right = max(x + t.shape[2] for (x, _), t in zip(places, tiles, strict=True))
        bottom = max(y + t.shape[1] for (_, y), t in zip(places, tiles, strict=True))
        whole = np.zeros((3, bottom - top, right - left), np.uint8)
        there = np.zeros(whole.shape[1:], bool)
        for (x, y), tile in reversed(list(zip(places, tiles, strict=True))):
            part = (
                slice(y - top, y - top + tile.shape[1]),
                slice(x - left, x - left + tile.shape[2]),
            )
            whole[:, *part] = tile
            there[part] = True
        where = Place("EPSG:2953", grids[0].transform @ Affine.translation(left, top), *there.shape)
        return where, whole, there

    def test_the_mosaic_snaps_by_whole_pixels_and_says_by_how_much(
        self, workshop: Workshop, data: Path
    ) -> None:
        folder = data / "nb-bakerlake"
        dataset = self.build(workshop, folder, folder)
        where, whole, there = self.mosaic(folder)
        burned = stitch(dataset, where.shape, kind="image", transform=where.transform)
        assert np.array_equal(burned[:, there], whole[:, there])
        assert not burned[:, ~there].any()
        mask = stitch(dataset, where.shape)
        assert (mask[~there] == 255).all()
        [note] = [n for n in workshop.ear.notes if "snapped" in n]
        assert "(0.45, 0.15) px" in note or "(0.45, -0.15) px" in note

    def test_the_code_255_is_ignored_and_the_others_follow_the_schema(
        self, workshop: Workshop, data: Path
    ) -> None:
        folder = data / "nb-bakerlake"
        dataset = self.build(workshop, folder, folder)
        where, _, there = self.mosaic(folder)
        frame = geopandas.read_file(folder / "BakerLake_2017_clipped.gpkg")
        codes = [int(value) for value in frame["Quatreclasses"]]
        order = [entry["code"] for entry in BAKER_LAKE["classes"]]
        polygons, painted = polygons_and_codes(frame, codes, order)
        burned = stitch(dataset, where.shape)
        assert_equals_oracle(burned, where, polygons, painted, where.crs, known=there)
        assert {row["class_code"] for row in rows(dataset, "instances")} == {4}

    def test_every_building_is_in_the_table_and_its_pixels_add_up(
        self, workshop: Workshop, data: Path
    ) -> None:
        folder = data / "nb-bakerlake"
        dataset = self.build(workshop, folder, folder)
        where, _, _ = self.mosaic(folder)
        frame = geopandas.read_file(folder / "BakerLake_2017_clipped.gpkg")
        buildings = frame[frame["Quatreclasses"] == "4"]
        area: dict[str, int] = {}
        for row in rows(dataset, "instances"):
            area[row["source_fid"]] = area.get(row["source_fid"], 0) + row["area_px"]
        expected = {
            str(uid): int(gdal_burn(shape, where).sum())
            for uid, shape in zip(buildings["id"], buildings.geometry, strict=True)
        }
        assert area == {uid: n for uid, n in expected.items() if n}
        assert len(area) > 10

    def test_tiles_tagged_with_the_older_name_of_the_same_crs_give_the_same_pixels(
        self, workshop: Workshop, data: Path
    ) -> None:
        """EPSG:2036 and EPSG:2953 list their axes differently: coordinates must not be swapped."""
        folder = data / "nb-bakerlake"
        plain = self.build(workshop, folder, folder, out="plain")
        tagged = self.build(workshop, folder / "alt_epsg2036", folder, out="tagged")
        first, second = masks_of(plain), masks_of(tagged)
        assert first.keys() == second.keys()
        assert all(np.array_equal(first[key], second[key]) for key in first)
        with rasterio.open(tagged / rows(tagged)[0]["files"]["semantic"]) as chip:
            assert chip.crs.to_epsg() == 2036

    def test_without_a_schema_the_texts_are_their_own_codes(
        self, workshop: Workshop, data: Path
    ) -> None:
        folder = data / "nb-bakerlake"
        dataset = self.build(
            workshop, folder, folder, schema={"class_field": "Quatreclasses"},
            masks={"mode": "semantic"},
        )  # fmt: skip
        schema = manifest(dataset)["schema"]
        assert {c["code"]: c["name"] for c in schema["classes"]} == {
            1: "1", 2: "2", 3: "3", 4: "4", 255: "ignore",
        }  # fmt: skip
        ours = masks_of(dataset)
        theirs = masks_of(self.build(workshop, folder, folder, out="declared"))
        assert all(np.array_equal(ours[k] == 255, theirs[k] == 255) for k in ours)


class TestMassachusettsBuildings:
    """Two scenes under one label layer whose CRS has no code; hundreds of objects."""

    SCENES = ("22978945_15", "23429155_15")

    @pytest.fixture(scope="class")
    def dataset(self, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        shop = Workshop(tmp_path_factory.mktemp("mass"))
        folder = data / "mass-buildings"
        labels = str(folder / "massachusetts_buildings.gpkg")
        scenes = [
            {"name": name, "image": str(folder / f"{name}.tif"), "labels": labels}
            for name in self.SCENES
        ]
        recipe = {
            "scenes": scenes,
            "chips": {"size": 256},
            "masks": {"mode": "instance"},
            "output": {"path": str(shop.folder / "dataset"), "compress": "none"},
        }
        return shop.run(recipe)

    @pytest.fixture(scope="class")
    def buildings(self, data: Path) -> geopandas.GeoDataFrame:
        path = data / "mass-buildings/massachusetts_buildings.gpkg"
        return geopandas.read_file(path, fid_as_index=True, engine="pyogrio")

    def test_labels_whose_crs_has_no_code_are_not_moved(self, dataset: Path) -> None:
        for scene in manifest(dataset)["scenes"]:
            assert scene["labels"][0]["operation"]["pipeline"] == ""

    def test_all_994_objects_on_the_images_are_accounted_for(
        self, dataset: Path, data: Path, buildings: geopandas.GeoDataFrame
    ) -> None:
        """Those that burn a pixel are in the table with all of their pixels, the others counted."""
        touching, burning, area, tiny = 0, 0, {}, 0
        for scene in self.SCENES:
            where = place_of(data / "mass-buildings" / f"{scene}.tif", "EPSG:26986")
            frame = shapely.Polygon(where.to_crs(np.array(
                [(0, 0), (where.width, 0), (where.width, where.height), (0, where.height)])))  # fmt: skip
            near = buildings[shapely.intersects(buildings.geometry.values, frame)]
            touching += len(near)
            for fid, shape in near.geometry.items():
                n = int(gdal_burn(shape, where).sum())
                if n:
                    area[scene, str(fid)] = n
                else:
                    tiny += 1
            burning = len(area)
        found: dict[tuple[str, str], int] = {}
        for row in rows(dataset, "instances"):
            key = row["scene"], row["source_fid"]
            found[key] = found.get(key, 0) + row["area_px"]
        assert found == area
        assert touching == 994
        assert burning == 994 - tiny
        counted = sum(sum(s["tiny_by_class"].values()) for s in manifest(dataset)["scenes"])
        assert counted == tiny

    def test_visible_pixels_of_all_chips_add_up_to_those_on_the_whole_scene(
        self, dataset: Path, data: Path, buildings: geopandas.GeoDataFrame
    ) -> None:
        table = rows(dataset, "instances")
        for scene in self.SCENES:
            path = data / "mass-buildings" / f"{scene}.tif"
            where = place_of(path, "EPSG:26986")
            nodata = (pixels_of(path) == 255).all(axis=0)
            mine = [row for row in table if row["scene"] == scene]
            fids = sorted({row["source_fid"] for row in mine})
            shapes = {fid: buildings.geometry[int(fid)] for fid in fids}
            top = np.zeros(where.shape, dtype=int)
            for fid in sorted(fids, key=lambda fid: -shapes[fid].area):  # smaller area on top
                top[gdal_burn(shapes[fid], where)] = int(fid)
            top[nodata] = 0
            visible: dict[str, int] = dict.fromkeys(fids, 0)
            for row in mine:
                visible[row["source_fid"]] += row["visible_px"]
            expected = {fid: int((top == int(fid)).sum()) for fid in fids}
            assert visible == expected
            mask = stitch(dataset, where.shape, scene=scene, transform=where.transform)
            assert np.array_equal(mask == 1, top > 0)
            assert np.array_equal(mask == 255, nodata)

    def test_instance_masks_rle_and_table_tell_the_same(self, dataset: Path) -> None:
        masks = masks_of(dataset, "instance")
        for row in rows(dataset, "instances"):
            mask = masks[f"{row['scene']}/{row['chip_id']}"]
            entry = {"size": list(mask.shape), "counts": row["rle"].encode()}
            assert int(coco.area(entry)) == row["area_px"]
            assert coco.toBbox(entry).tolist() == row["bbox_px"]
            seen = mask == row["local_id"] if row["local_id"] else np.zeros(mask.shape, bool)
            assert int(seen.sum()) == row["visible_px"]
            assert not (seen & (coco.decode(entry) == 0)).any()

    def test_both_scenes_keep_their_dtype_and_pixels(self, dataset: Path, data: Path) -> None:
        for scene in self.SCENES:
            source = pixels_of(data / "mass-buildings" / f"{scene}.tif")
            whole = stitch(dataset, source.shape[1:], kind="image", scene=scene, missing=0)
            assert whole.dtype == source.dtype
            assert np.array_equal(whole, source)


@pytest.mark.parametrize(
    ("image", "labels", "nodata"),
    [
        ("everest-glaciers/LE71400412000304SGS00_RGB.TIF", "everest-glaciers/glacier_outlines.gpkg", None),
        ("alexandria-hag/hag.tif", "alexandria-hag/buildings.geojson", -9999.0),
    ],
)  # fmt: skip
def test_outlines_in_degrees_burn_as_the_oracle_says(
    workshop: Workshop, data: Path, image: str, labels: str, nodata: float | None
) -> None:
    where = place_of(data / image)
    dataset = workshop.build(str(data / image), str(data / labels), chips={"size": 128})
    frame = geopandas.read_file(data / labels)
    pixels = pixels_of(data / image)
    known = np.ones(where.shape, bool) if nodata is None else (pixels != nodata).any(axis=0)
    burned = stitch(dataset, where.shape, transform=where.transform)
    assert np.array_equal(burned == 255, ~known)
    polygons = list(frame.geometry)
    assert_equals_oracle(burned, where, polygons, [1] * len(polygons), "EPSG:4326", known=known)
    assert np.array_equal(stitch(dataset, where.shape, kind="image"), pixels)


def test_the_glaciers_are_one_class_though_a_field_is_called_termtype(
    workshop: Workshop, data: Path
) -> None:
    folder = data / "everest-glaciers"
    dataset = workshop.build(
        str(folder / "LE71400412000304SGS00_RGB.TIF"), str(folder / "glacier_outlines.gpkg"),
        chips={"size": 512},
    )  # fmt: skip
    assert [c["name"] for c in manifest(dataset)["schema"]["classes"]] == ["glacier_outlines"]
    assert [n for n in workshop.ear.notes if "no class field given or found" in n]


class TestItaipu:
    """Landsat bands as a stack, an undeclared collar of zeros, codes 0, 1, 2, 3 and 5."""

    BANDS = tuple(f"LC08_L1TP_224077_20200518_20200518_01_RT_B{n}.TIF" for n in (2, 3, 4))

    def build(self, workshop: Workshop, data: Path, **scene: Any) -> Path:
        folder = data / "itaipu-landsat8"
        return workshop.build(
            {"optical": [str(folder / band) for band in self.BANDS]},
            {"path": str(folder / "stac_training.geojson"), "id_field": "fid"},
            schema={"class_field": "lc"},
            chips={"size": 512},
            scene=scene,
        )

    def test_the_stack_has_the_collar_as_ignore_and_the_codes_as_written(
        self, workshop: Workshop, data: Path
    ) -> None:
        folder = data / "itaipu-landsat8"
        dataset = self.build(workshop, data, nodata=0)
        bands = np.concatenate([pixels_of(folder / band) for band in self.BANDS])
        where = place_of(folder / self.BANDS[0])
        image = stitch(dataset, where.shape, kind="image_optical", transform=where.transform)
        assert np.array_equal(image, bands)
        collar = (bands == 0).all(axis=0)
        assert collar.mean() > 0.02
        mask = stitch(dataset, where.shape)
        assert np.array_equal(mask == 255, collar)
        frame = geopandas.read_file(folder / "stac_training.geojson")
        order = frame.geometry.area.sort_values(ascending=False).index
        polygons = [frame.geometry[i] for i in order]
        codes = [int(frame["lc"][i]) for i in order]
        assert_equals_oracle(mask, where, polygons, codes, "EPSG:4326", known=~collar)
        assert {c["code"] for c in manifest(dataset)["schema"]["classes"]} == {0, 1, 2, 3, 5}
        assert set(np.unique(mask)) == {0, 1, 2, 3, 5, 255}

    def test_without_nodata_the_collar_counts_as_background(
        self, workshop: Workshop, data: Path
    ) -> None:
        mask = stitch(self.build(workshop, data), (1515, 2006))
        assert not (mask == 255).any()

    def test_the_neighbour_scene_has_its_own_collar_and_classes_numbered_by_name(
        self, workshop: Workshop, data: Path
    ) -> None:
        folder = data / "itaipu-landsat8"
        neighbour = str(folder / "LC08_L1TP_224078_20200518_20200518_01_RT.TIF")
        labels = f"{folder}/LC08_L1TP_224078_20200518_20200518_01_RT_polygons.gpkg"
        dataset = workshop.build(
            neighbour, labels, schema={"class_field": "name"}, chips={"size": 700},
            scene={"nodata": 0},
        )  # fmt: skip
        collar = (pixels_of(Path(neighbour)) == 0).all(axis=0)
        assert collar.mean() == pytest.approx(0.165, abs=0.001)
        mask = stitch(dataset, collar.shape)
        assert np.array_equal(mask == 255, collar)
        frame = geopandas.read_file(labels)
        names = sorted(frame["name"])
        codes = [1 + names.index(name) for name in frame["name"]]
        where = place_of(Path(neighbour))
        assert_equals_oracle(mask, where, list(frame.geometry), codes, where.crs, known=~collar)
