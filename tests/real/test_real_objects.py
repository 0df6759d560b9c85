"""Objects and targets on real labels: counted once, kept apart, the same in every chip."""

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pycocotools import mask as coco
from scipy import ndimage
from support.datasets import manifest, read_chip, rows, stitch
from support.real import gdal_burn, place_of
from support.workshop import Workshop

import polychip
from polychip.quality.verify import verify_dataset

TARGETS = ["boundary", "contact", "distance", "center", "offset", "weights", "coverage"]


def read(path: Path) -> geopandas.GeoDataFrame:
    return geopandas.read_file(path, fid_as_index=True, engine="pyogrio")


class TestMassachusettsBuildings:
    """Two scenes of one label layer."""

    SCENES = ("22978945_15", "23429155_15")

    def build(self, shop: Workshop, data: Path, out: str, size: int) -> Path:
        folder = data / "mass-buildings"
        labels = str(folder / "massachusetts_buildings.gpkg")
        scenes = [
            {"name": name, "image": str(folder / f"{name}.tif"), "labels": labels}
            for name in self.SCENES
        ]
        return shop.run({
            "scenes": scenes, "chips": {"size": size},
            "masks": {"mode": "instance", "targets": ["distance", "offset"]},
            "output": {"path": str(shop.folder / out), "images": "none"},
        })  # fmt: skip

    @pytest.fixture(scope="class")
    def pair(self, data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
        """In chips of 256 px, and each scene as one chip."""
        shop = Workshop(tmp_path_factory.mktemp("mass"))
        return self.build(shop, data, "chips", 256), self.build(shop, data, "whole", 1200)

    def test_the_count_is_that_of_the_features_that_burn_a_pixel(
        self, pair: tuple[Path, Path], data: Path
    ) -> None:
        buildings = read(data / "mass-buildings/massachusetts_buildings.gpkg")
        burning: set[int] = set()
        for scene in self.SCENES:
            where = place_of(data / "mass-buildings" / f"{scene}.tif", "EPSG:26986")
            burning |= {
                fid for fid, shape in buildings.geometry.items() if gdal_burn(shape, where).any()
            }
        assert polychip.open(pair[0]).count() == len(burning)
        assert len(burning) > 900

    def test_each_objects_visible_pixels_add_up_to_those_on_the_whole_scene(
        self, pair: tuple[Path, Path]
    ) -> None:
        sums: list[dict[tuple[str, str], int]] = []
        for dataset in pair:
            visible: dict[tuple[str, str], int] = {}
            for row in rows(dataset, "instances"):
                key = row["scene"], row["instance_id"]
                visible[key] = visible.get(key, 0) + row["visible_px"]
            sums.append(visible)
        assert sums[0] == sums[1]
        for row in rows(pair[1]):
            mask = read_chip(pair[1], row, "instance")[0]
            mine = [
                r
                for r in rows(pair[1], "instances")
                if r["scene"] == row["scene"] and r["local_id"]
            ]
            assert np.bincount(mask[mask > 0])[1:].tolist() == [r["visible_px"] for r in mine]

    def test_targets_of_chips_are_windows_of_those_of_the_scene(
        self, pair: tuple[Path, Path], data: Path
    ) -> None:
        for scene in self.SCENES:
            shape = place_of(data / "mass-buildings" / f"{scene}.tif", "EPSG:26986").shape
            for kind in ("distance", "offset"):
                one, many = (stitch(d, shape, kind=kind, scene=scene, missing=0) for d in pair)
                assert np.array_equal(one, many)


@pytest.fixture(scope="module")
def glaciers(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    shop = Workshop(tmp_path_factory.mktemp("everest"))
    folder = data / "everest-glaciers"
    return shop.build(
        str(folder / "LE71400412000304SGS00_RGB.TIF"), str(folder / "glacier_outlines.gpkg"),
        chips={"size": (655, 800)}, masks={"mode": "instance", "targets": ["boundary", "contact"]},
    )  # fmt: skip


def full_masks(dataset: Path) -> dict[str, NDArray[np.bool_]]:
    """The whole mask of each object, hidden parts included, of a dataset of one chip."""
    [chip] = rows(dataset)
    size = [chip["height"], chip["width"]]
    return {
        row["source_fid"]: coco.decode({"size": size, "counts": row["rle"].encode()}).astype(bool)
        for row in rows(dataset, "instances")
    }


def neighbours(frame: geopandas.GeoDataFrame, how: str) -> list[tuple[str, str]]:
    geometry = frame.geometry.values
    first, second = shapely.STRtree(geometry).query(geometry, predicate=how)
    names = [str(fid) for fid in frame.index]
    return [(names[i], names[j]) for i, j in zip(first, second, strict=True) if i < j]


def test_glaciers_that_touch_stay_apart_and_overlaps_are_kept(glaciers: Path, data: Path) -> None:
    frame = read(data / "everest-glaciers/glacier_outlines.gpkg")
    masks = full_masks(glaciers)
    touching, overlapping = neighbours(frame, "touches"), neighbours(frame, "overlaps")
    assert (len(touching), len(overlapping)) == (57, 7)
    [chip] = rows(glaciers)
    instance = read_chip(glaciers, chip, "instance")[0]
    boundary = read_chip(glaciers, chip, "boundary")[0]
    contact = read_chip(glaciers, chip, "contact")[0]
    local = {r["source_fid"]: r["local_id"] for r in rows(glaciers, "instances")}
    adjoining = 0
    for a, b in touching:
        if a not in masks or b not in masks:
            continue
        assert not (masks[a] & masks[b]).any(), f"{a} and {b} share no pixel"
        mine, theirs = instance == local[a], instance == local[b]
        side = mine & ndimage.binary_dilation(theirs)
        adjoining += bool(side.any())
        assert (boundary[side] == 1).all()
        assert (contact[side] == 1).all()
    assert adjoining > 40
    both = {pair: int((masks[pair[0]] & masks[pair[1]]).sum()) for pair in overlapping}
    hidden = {r["source_fid"]: r["area_px"] - r["visible_px"] for r in rows(glaciers, "instances")}
    assert sum(both.values()) == sum(hidden.values())
    assert sum(n > 0 for n in both.values()) > 0, "what is hidden is in the full masks"


CASES: dict[str, dict[str, Any]] = {
    "alexandria-hag": {"image": "hag.tif", "labels": "buildings.geojson"},
    "nb-bakerlake": {
        "image": "23322E759967N_clipped_1m_1of2.tif",
        "labels": {"path": "BakerLake_2017_clipped.gpkg", "id_field": "id"},
        "schema": {
            "class_field": "Quatreclasses",
            "classes": [
                {"name": "unclear", "code": 255},
                {"name": "building", "code": 4},
                {"name": "road", "code": 3, "thing": False},
                {"name": "hydro", "code": 2, "thing": False},
                {"name": "forest", "code": 1, "thing": False},
            ],
        },
    },
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CASES))
def test_all_targets_of_real_scenes_verify_and_do_not_depend_on_the_chips(
    name: str, data: Path, tmp_path: Path
) -> None:
    shop, case = Workshop(tmp_path), CASES[name]
    image, labels = data / name / case["image"], case["labels"]
    given = labels if isinstance(labels, dict) else {"path": labels}
    source = {**given, "path": str(data / name / given["path"])}
    tables = {"schema": case["schema"]} if "schema" in case else {}
    built = [
        shop.build(
            str(image), source, out=out, chips=chips, masks={"mode": "panoptic", "targets": TARGETS},
            **tables,
        )
        for out, chips in (("whole", {"size": 512}), ("chips", {"size": 64, "stride": 48}))
    ]  # fmt: skip
    shape = place_of(image, "EPSG:4326").shape
    for kind in TARGETS:
        one, many = (stitch(dataset, shape, kind=kind, missing=0) for dataset in built)
        assert np.array_equal(one, many), kind
    report = verify_dataset(built[1])
    assert report.ok, str(report)
    assert manifest(built[0])["scenes"][0]["objects"] == polychip.open(built[0]).count()
    chip = polychip.open(built[0])[0]
    ids, segments = chip.panoptic()
    assert (
        sum(s.area_px for s in segments)
        == int((chip.semantic != 255).sum())
        == int((ids > 0).sum())
    )
