"""What chips and blocks cut is put together; scipy's labelling of the whole scene is the truth."""

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import scipy.ndimage
import shapely
from affine import Affine
from numpy.typing import NDArray
from support.datasets import rows, stitch
from support.rasters import Place, place, write_raster
from support.vectors import burned, layer
from support.workshop import Workshop

import polychip
from polychip.polygons import scene
from polychip.polygons.components import NOTHING, find_components
from polychip.polygons.trace import trace


def noisy(shape: tuple[int, int], n_values: int, smooth: float, seed: int = 0) -> NDArray[Any]:
    """Blobs of the values 0 … n − 1, with corners that touch and holes."""
    field = np.random.default_rng(seed).normal(size=shape)
    field = scipy.ndimage.gaussian_filter(field, smooth) if smooth else field
    return np.digitize(field, np.quantile(field, np.linspace(0, 1, n_values + 1)[1:-1]))


def from_raster(workshop: Workshop, codes: NDArray[Any], where: Place, **tables: Any) -> Path:
    """A dataset whose masks are that raster."""
    workshop.where = where
    labels = write_raster(workshop.folder / "codes.tif", where, codes[None].astype("uint8"))
    return workshop.build(workshop.image(), labels, **tables)


def counted(codes: NDArray[Any]) -> dict[int, int]:
    """4-connected components of each code but 0."""
    return {int(code): scipy.ndimage.label(codes == code)[1] for code in np.unique(codes) if code}


def test_a_ring_an_island_and_two_touching_corners_by_hand() -> None:
    codes = np.array([
        [1, 1, 1, 0],
        [1, 0, 1, 0],
        [1, 1, 1, 2],
        [2, 0, 0, 1],
    ], dtype=np.int32)  # fmt: skip
    found = find_components(np.where(codes == 0, NOTHING, codes))
    assert found.value.tolist() == [NOTHING, 1, 2, 2, 1]
    assert found.n_px.tolist() == [5, 8, 1, 1, 1]
    ring, right, left, corner = trace(found, 10, 100)
    assert ring.equals(shapely.box(10, 100, 13, 103) - shapely.box(11, 101, 12, 102))
    assert right.equals(shapely.box(13, 102, 14, 103))
    assert left.equals(shapely.box(10, 103, 11, 104))
    assert corner.equals(shapely.box(13, 103, 14, 104))


@pytest.mark.parametrize("smooth", [0, 0.7, 4])
def test_components_are_those_of_scipy(smooth: float) -> None:
    codes = noisy((83, 131), 4, smooth).astype(np.int32)
    found = find_components(np.where(codes == 0, NOTHING, codes))
    assert len(found) == sum(counted(codes).values())
    for code in (1, 2, 3):
        truth, _ = scipy.ndimage.label(codes == code)
        pairs = np.unique(np.stack((truth, found.ids))[:, truth > 0], axis=1)
        assert len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]


@pytest.mark.parametrize("smooth", [0, 1, 5])
@pytest.mark.parametrize("chips", [{"size": 24}, {"size": 30, "stride": 17}])
def test_polygons_are_the_components_of_the_whole_scene_whatever_cuts_it(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, smooth: float, chips: dict[str, int]
) -> None:
    codes = noisy((71, 95), 4, smooth)
    where = place(71, 95)
    dataset = from_raster(workshop, codes, where, chips=chips)
    frames: list[geopandas.GeoDataFrame] = []
    for block in (1024, 32, 7):
        monkeypatch.setitem(scene.walk.__kwdefaults__, "block_px", block)
        out = workshop.folder / f"{block}.gpkg"
        summary = polychip.vectorize(dataset, out=out)
        frames.append(layer(out))
        assert dict(summary.polygons) == {str(k): n for k, n in counted(codes).items()}
        [looked] = layer(out, "extent").geometry
        assert looked.equals(shapely.box(*_bounds(where)))
    assert frames[0].geometry.is_valid.all()
    assert np.array_equal(burned(frames[0], where, frames[0]["class_code"]), codes)
    whole = {shape.wkb for shape in frames[0].geometry}
    assert whole == {shape.wkb for shape in frames[1].geometry}
    assert whole == {shape.wkb for shape in frames[2].geometry}
    for frame in frames:
        assert frame["n_px"].sum() == np.count_nonzero(codes)
        assert np.allclose(frame.geometry.area / 100, frame["n_px"])
        assert (frame["confidence"] == 1).all()
        assert frame["uid"].tolist() == list(range(1, len(frame) + 1))


def _bounds(where: Place) -> tuple[float, float, float, float]:
    corners = where.to_crs(np.array([[0, where.height], [where.width, 0]]))
    return (*corners[0], *corners[1])


def test_an_object_of_two_parts_stays_one_feature_and_hidden_ones_are_told(
    workshop: Workshop,
) -> None:
    workshop.where = place(64, 64)
    boxes = [(2, 2, 9, 9), (50, 55, 60, 63), (20, 10, 44, 40), (25, 12, 30, 20), (27, 14, 29, 18)]
    image = workshop.image()
    labels = workshop.labels(
        [shapely.box(*b) for b in boxes],
        **{"class": ["house"] * 5, "part": ["twin", "twin", None, None, "small"]},
    )
    schema = {"class_field": "class", "instance_field": "part"}
    dataset = workshop.build(image, labels, schema=schema, masks={"mode": "instance"})
    polychip.vectorize(dataset, out=workshop.folder / "back.gpkg")
    frame = layer(workshop.folder / "back.gpkg").set_index("instance_id")
    assert set(frame.index) == {"twin", "fid:3", "fid:4", "small"}
    pixels = shapely.transform(frame.geometry["twin"], lambda xy: (xy - (7e5, 4.4e6)) / (10, -10))
    assert pixels.equals(shapely.box(*boxes[0]) | shapely.box(*boxes[1]))
    assert frame["n_px"]["fid:3"] == 24 * 30 - 5 * 8
    masks = stitch(dataset, (64, 64))
    assert np.count_nonzero(masks) == frame["n_px"].sum()


def test_an_object_that_is_wholly_hidden_gets_no_polygon_and_is_counted(
    workshop: Workshop,
) -> None:
    workshop.where = place(32, 32)
    labels = workshop.labels(
        [shapely.box(8, 8, 12, 12), shapely.box(2, 2, 30, 30)], **{"class": ["low", "high"]}
    )
    schema = {
        "class_field": "class",
        "classes": [{"name": "high", "code": 1}, {"name": "low", "code": 2}],
    }
    dataset = workshop.build(workshop.image(), labels, schema=schema, masks={"mode": "instance"})
    assert {r["local_id"] for r in rows(dataset, "instances") if r["class_code"] == 2} == {0}
    summary = polychip.vectorize(dataset, out=workshop.folder / "back.gpkg")
    assert summary.polygons == {"high": 1}
    assert "1 object is wholly hidden" in summary.notes[0]


def test_small_polygons_are_counted_by_class_after_they_were_stitched(workshop: Workshop) -> None:
    codes = np.zeros((40, 40), int)
    codes[10, 12:20] = 1  # 8 px, cut by the border of chips at column 16
    codes[30, 3:10] = 1  # 7 px
    codes[20, 20] = 2
    dataset = from_raster(workshop, codes, place(40, 40))
    out = workshop.folder / "back.gpkg"
    summary = polychip.vectorize(dataset, out=out, min_size=8)
    assert dict(summary.polygons) == {"1": 1}
    assert dict(summary.too_small) == {"1": 1, "2": 1}
    assert layer(out)["n_px"].tolist() == [8]


def test_simplified_polygons_share_their_borders_and_cover_what_they_covered(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = noisy((90, 110), 4, 4) + 1  # no background: a full coverage
    where = place(90, 110)
    dataset = from_raster(workshop, codes, where)
    for block in (1024, 40):
        monkeypatch.setitem(scene.walk.__kwdefaults__, "block_px", block)
        out = workshop.folder / f"{block}.gpkg"
        polychip.vectorize(dataset, out=out, simplify=2)
        frame = layer(out)
        assert dict(frame["class"].value_counts()) == {str(k): n for k, n in counted(codes).items()}
        assert frame.geometry.is_valid.all()
        whole = shapely.box(*_bounds(where))
        assert shapely.union_all(frame.geometry.to_numpy()).equals(whole)
        assert frame.geometry.area.sum() == pytest.approx(whole.area, rel=1e-12)
        exact = layer_of_pixels(workshop, dataset)
        n_before, n_after = (shapely.get_num_coordinates(f.geometry).sum() for f in (exact, frame))
        assert n_after < 0.5 * n_before
        again = burned(frame, where, frame["class_code"])
        assert (again == codes).mean() > 0.93


def layer_of_pixels(workshop: Workshop, dataset: Path) -> geopandas.GeoDataFrame:
    out = workshop.folder / "exact.gpkg"
    polychip.vectorize(dataset, out=out, overwrite=True)
    return layer(out)


def test_the_same_masks_give_the_same_bytes(workshop: Workshop) -> None:
    dataset = from_raster(workshop, noisy((50, 60), 3, 1), place(50, 60))
    files = [workshop.folder / "a.gpkg", workshop.folder / "deeper" / "b.gpkg"]
    for file in files:
        polychip.vectorize(dataset, out=file)
    assert files[0].read_bytes() == files[1].read_bytes()


GRIDS = {
    "rotated": Place("EPSG:32630", Affine(7.0, 3.0, 7e5, 2.5, -9.0, 4.4e6), 60, 80),
    "south-up": Place("EPSG:32630", Affine(10.0, 0.0, 7e5, 0.0, 10.0, 4.4e6), 60, 80),
    "degrees": Place("EPSG:4326", Affine(1e-4, 0.0, -0.4, 0.0, -1e-4, 39.5), 60, 80),
}


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("simplify", [0, 1.5])
def test_on_any_grid_polygons_are_valid_and_burn_back(
    workshop: Workshop, grid: str, simplify: float
) -> None:
    where = GRIDS[grid]
    codes = noisy(where.shape, 4, 1.5)
    workshop.where = where
    labels = write_raster(workshop.folder / "codes.tif", where, codes[None].astype("uint8"))
    dataset = workshop.build(workshop.image(), labels)
    out = workshop.folder / "out.gpkg"
    polychip.vectorize(dataset, out=out, simplify=simplify)
    frame = layer(out)
    assert frame.geometry.is_valid.all()
    assert len(frame) == sum(counted(codes).values())
    if not simplify:
        assert np.array_equal(burned(frame, where, frame["class_code"]), codes)
