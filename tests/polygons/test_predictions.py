"""A model's rasters on our chips: voted, averaged, put together, or refused with a reason."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import shapely
from numpy.typing import NDArray
from support.datasets import rows
from support.rasters import Place, place, write_raster
from support.vectors import burned, layer, same_partition
from support.workshop import Workshop

import polychip

SCHEMA = {
    "class_field": "class",
    "classes": [
        {"name": "house", "code": 2, "thing": True},
        {"name": "water", "code": 1, "thing": False},
    ],
}


def dataset_of(workshop: Workshop, shape: tuple[int, int], **chips: int) -> Path:
    """Chips with hardly a label on them."""
    workshop.where = place(*shape)
    labels = workshop.labels(
        [shapely.box(0, 0, 2, 2), shapely.box(4, 0, 6, 2)], **{"class": ["house", "water"]}
    )
    return workshop.build(workshop.image(), labels, schema=SCHEMA, chips=chips)


Predict = Callable[[dict[str, Any]], NDArray[Any] | None]


def predict(dataset: Path, folder: Path, model: Predict, suffix: str = ".tif") -> Path:
    """What a model says of each chip, (bands, height, width), without any georeference."""
    folder.mkdir(exist_ok=True)
    for row in rows(dataset):
        pixels = model(row)
        if pixels is None:
            continue
        path = folder / f"{row['chip_id']}{suffix}"
        if suffix == ".npy":
            np.save(path, pixels)
        else:
            where = Place("EPSG:4326", place().transform, row["height"], row["width"])
            driver = {"driver": "PNG"} if suffix == ".png" else {}
            write_raster(path, where, np.asarray(pixels), **driver)
    return folder


def cut(whole: NDArray[Any], row: dict[str, Any]) -> NDArray[Any]:
    """The chip's part of (bands, height, width); zeros beyond."""
    x, y, w, h = row["x_off"], row["y_off"], row["width"], row["height"]
    part = whole[:, y : y + h, x : x + w]
    return np.pad(part, ((0, 0), (0, h - part.shape[1]), (0, w - part.shape[2])))


@pytest.mark.parametrize("suffix", [".tif", ".png", ".npy"])
def test_classes_cut_into_chips_come_back_whole(workshop: Workshop, suffix: str) -> None:
    field = scipy.ndimage.gaussian_filter(np.random.default_rng(3).normal(size=(50, 70)), 3)
    codes = np.digitize(field, [0, 0.05]).astype("uint8")
    dataset = dataset_of(workshop, codes.shape, size=24, stride=18)
    folder = predict(dataset, workshop.folder / "p", lambda row: cut(codes[None], row), suffix)
    out = workshop.folder / "out.gpkg"
    summary = polychip.vectorize(dataset, out=out, predictions=folder)
    frame = layer(out)
    assert np.array_equal(burned(frame, workshop.where, frame["class_code"]), codes)
    n = {c: scipy.ndimage.label(codes == c)[1] for c in (1, 2)}
    assert dict(summary.polygons) == {"house": n[2], "water": n[1]}
    assert (frame["confidence"] == 1).all()
    assert frame["instance_id"].isna().all()


def test_overlapping_chips_vote_and_the_share_is_the_confidence(workshop: Workshop) -> None:
    """One row of three chips at columns 0, 8 and 16; the columns 16 to 23 are seen by all."""
    dataset = dataset_of(workshop, (24, 40), size=24, stride=8)
    said = {0: 1, 8: 1, 16: 2}
    folder = predict(
        dataset,
        workshop.folder / "p",
        lambda row: np.full((1, 24, 24), said[row["x_off"]], "uint8"),
    )
    out = workshop.folder / "out.gpkg"
    polychip.vectorize(dataset, out=out, predictions=folder)
    frame = layer(out).set_index("class")
    got = burned(frame, workshop.where, frame["class_code"])
    # 24 … 31: one vote each; the chip whose edge is farther away wins: column 27 is 5 px from
    # the end of the second (at 32) and 12 from the start of the third (at 16).
    expected = np.full((24, 40), 2)
    expected[:, :24] = 1
    depth = np.minimum(np.arange(24) + 1, 24 - np.arange(24))[:, None]
    x = np.arange(24, 32)[None]
    second, third = np.minimum(32 - x, depth), np.minimum(np.minimum(x - 15, 40 - x), depth)
    expected[:, 24:32] = np.where(second >= third, 1, 2)  # the lower code where both are equal
    assert np.array_equal(got, expected)
    share = np.ones((24, 40))
    share[:, 16:24] = 2 / 3
    share[:, 24:32] = 1 / 2
    for code, name in ((1, "water"), (2, "house")):
        assert frame["confidence"][name] == pytest.approx(share[expected == code].mean(), abs=1e-6)


def test_ignore_has_no_vote_and_never_becomes_a_polygon(workshop: Workshop) -> None:
    dataset = dataset_of(workshop, (20, 30), size=20, stride=10)

    def model(row: dict[str, Any]) -> NDArray[Any]:
        pixels = np.full((1, 20, 20), 1, "uint8")
        pixels[:, :5] = 255
        if row["x_off"] == 10:
            pixels[:, 3] = 0
        return pixels

    out = workshop.folder / "out.gpkg"
    polychip.vectorize(dataset, out=out, predictions=predict(dataset, workshop.folder / "p", model))
    expected, known = np.ones((20, 30), int), np.ones((20, 30), int)
    expected[:5] = 0
    known[:5, :10] = known[[0, 1, 2, 4], 10:20] = known[:5, 20:] = 0
    known[3, 10:] = 1
    known[[0, 1, 2, 4], 10:] = 0
    frame, extent = layer(out), layer(out, "extent")
    assert np.array_equal(burned(frame, workshop.where, frame["class_code"]), expected)
    assert np.array_equal(burned(extent, workshop.where, [1] * len(extent)), known)


@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_probabilities_are_averaged_before_a_class_is_chosen(
    workshop: Workshop, background: bool, dtype: str
) -> None:
    dataset = dataset_of(workshop, (40, 40), size=24, stride=16)
    rng = np.random.default_rng(1)
    scores = {}

    def model(row: dict[str, Any]) -> NDArray[Any]:
        bands = rng.dirichlet(np.ones(3), (24, 24)).transpose(2, 0, 1)[not background :]
        stored = np.round(bands * 255) if dtype == "uint8" else bands
        scores[row["x_off"], row["y_off"]] = stored = stored.astype(dtype)
        return stored

    folder = predict(dataset, workshop.folder / "p", model, ".npy")
    out = workshop.folder / "out.gpkg"
    polychip.vectorize(dataset, out=out, predictions=folder, threshold=0.45, kind="probability")
    total, count = np.zeros((3, 40, 40)), np.zeros((40, 40))
    for (x, y), bands in scores.items():
        part = (slice(y, y + 24), slice(x, x + 24))
        inside = total[(slice(not background, None), *part)]
        inside += bands[:, : inside.shape[1], : inside.shape[2]] / (255 if dtype == "uint8" else 1)
        count[part] += 1
    mean = total / count
    best, highest = mean.argmax(axis=0), mean.max(axis=0)
    expected = np.where(highest >= 0.45, best, 0)
    frame = layer(out)
    assert np.array_equal(burned(frame, workshop.where, frame["class_code"]), expected)
    truth, n = scipy.ndimage.label(expected == 2)
    means = scipy.ndimage.mean(highest, truth, range(1, n + 1))
    houses = frame[frame["class"] == "house"]
    assert np.allclose(np.sort(houses["confidence"]), np.sort(means), atol=2e-6)


def test_one_band_means_the_only_class_named_from_a_half_on(workshop: Workshop) -> None:
    dataset = dataset_of(workshop, (16, 16), size=16)
    ramp = np.linspace(0, 1, 16, dtype="float32")[None, None].repeat(16, 1)
    ramp[0, 3, 15] = np.nan
    folder = predict(dataset, workshop.folder / "p", lambda _: ramp)
    out = workshop.folder / "out.gpkg"
    polychip.vectorize(dataset, out=out, predictions=folder, classes=["house"])
    [shape] = layer(out).geometry
    assert shape.area == 100 * (8 * 16 - 1)
    [looked] = layer(out, "extent").geometry
    assert looked.area == 100 * (256 - 1)


def blobs(shape: tuple[int, int], seed: int = 0) -> NDArray[np.int64]:
    """Objects apart from one another."""
    field = scipy.ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 2.5)
    return scipy.ndimage.label(field > 0.05)[0]


@pytest.mark.parametrize(
    "chips", [{"size": 24}, {"size": 24, "stride": 16}, {"size": 24, "stride": 7}]
)
def test_objects_predicted_chip_by_chip_are_put_together(
    workshop: Workshop, chips: dict[str, int]
) -> None:
    truth = blobs((70, 90))
    dataset = dataset_of(workshop, truth.shape, **chips)

    def model(row: dict[str, Any]) -> NDArray[Any]:
        part = cut(truth[None], row)[0]
        pieces = np.zeros(part.shape, "int32")
        number = row["x_off"] * 7 % 5  # ids count anew in each chip, with gaps
        for value in np.unique(part[part > 0])[::-1]:
            labelled, n = scipy.ndimage.label(part == value)
            for piece in range(1, n + 1):
                number += 2
                pieces[labelled == piece] = number
        return pieces[None]

    folder = predict(dataset, workshop.folder / "p", model)
    out = workshop.folder / "out.gpkg"
    summary = polychip.vectorize(dataset, out=out, predictions=folder, kind="instance")
    frame = layer(out)
    assert dict(summary.polygons) == {"house": truth.max()}
    assert same_partition(burned(frame, workshop.where, frame["uid"]), truth)
    assert frame["instance_id"].is_unique


def test_touching_objects_stay_apart_and_a_second_band_holds_their_classes(
    workshop: Workshop,
) -> None:
    """Three touching boxes; the first goes on beyond the border at column 16 as another class."""
    dataset = dataset_of(workshop, (16, 32), size=16)
    ids, codes = np.zeros((16, 32), "uint8"), np.zeros((16, 32), "uint8")
    for number, columns, rows_, code in [
        (1, (4, 16), (0, 4), 2), (2, (4, 20), (4, 8), 2), (3, (16, 24), (0, 4), 1), (4, (0, 4), (4, 8), 2),
    ]:  # fmt: skip
        ids[slice(*rows_), slice(*columns)] = number
        codes[slice(*rows_), slice(*columns)] = code
    folder = predict(dataset, workshop.folder / "p", lambda row: cut(np.stack((ids, codes)), row))
    out = workshop.folder / "out.gpkg"
    polychip.vectorize(dataset, out=out, predictions=folder, kind="instance")
    frame = layer(out)
    assert same_partition(burned(frame, workshop.where, frame["uid"]), ids)
    assert np.array_equal(burned(frame, workshop.where, frame["class_code"]), codes)


def test_chips_without_a_prediction_are_outside_the_extent_and_told(workshop: Workshop) -> None:
    dataset = dataset_of(workshop, (16, 48), size=16)
    folder = predict(
        dataset, workshop.folder / "p",
        lambda row: None if row["x_off"] == 16 else np.ones((1, 16, 16), "uint8"),
    )  # fmt: skip
    (folder / "elsewhere.png").write_bytes(b"")
    out = workshop.folder / "out.gpkg"
    summary = polychip.vectorize(dataset, out=out, predictions=folder)
    assert (summary.n_chips, summary.missing, summary.unused) == (2, 1, 1)
    assert [shape.area for shape in layer(out, "extent").geometry] == [25600, 25600]
    assert any("1 chip has no prediction" in note for note in summary.notes)


REFUSED = [
    (
        lambda _: np.ones((1, 8, 8), "uint8"),
        {},
        r"8 × 8 px \(height × width\), its chip has 16 × 16",
    ),
    (lambda _: np.full((1, 16, 16), 7, "uint8"), {}, r"class codes 7 are not the dataset's"),
    (lambda _: np.full((2, 16, 16), 3, "float32"), {}, "3 to 3 are no probabilities"),
    (lambda _: np.ones((5, 16, 16), "float32"), {}, "5 bands, and there are 2 classes"),
    (lambda _: np.ones((1, 16, 16), "float32"), {"classes": ["hous"]}, r"did you mean 'house'"),
    (lambda _: np.ones((1, 16, 16), "float32"), {"kind": "instance"}, "one band of whole numbers"),
    (lambda _: np.ones((1, 16, 16), "uint8"), {"threshold": 0.5}, "does not go with"),
    (lambda _: np.ones((3, 16, 16), "uint8"), {}, "3 bands, a class raster has one"),
]


@pytest.mark.parametrize(("model", "options", "message"), REFUSED)
def test_what_can_not_be_meant_is_refused_and_nothing_is_written(
    workshop: Workshop, model: Predict, options: dict[str, Any], message: str
) -> None:
    dataset = dataset_of(workshop, (16, 16), size=16)
    folder = predict(dataset, workshop.folder / "p", model, ".npy")
    out = workshop.folder / "out.gpkg"
    with pytest.raises(polychip.PolychipError, match=message):
        polychip.vectorize(dataset, out=out, predictions=folder, **options)
    assert not list(workshop.folder.glob("*out.gpkg*"))
    assert not list(workshop.folder.glob(".*"))


def test_files_of_several_scenes_lie_in_folders_named_like_them(workshop: Workshop) -> None:
    workshop.where = place(16, 16)
    labels = workshop.labels([shapely.box(0, 0, 2, 2)], **{"class": ["water"]})
    recipe = workshop.recipe(workshop.image(), labels, schema=SCHEMA)
    second = recipe["scenes"][0] | {"name": "later", "group": "place"}
    recipe["scenes"] = [recipe["scenes"][0] | {"group": "place"}, second]
    dataset = workshop.run(recipe)
    [chip] = {row["chip_id"] for row in rows(dataset)}
    folder = workshop.folder / "p"
    for name, code in (("scene", 1), ("later", 2)):
        (folder / name).mkdir(parents=True)
        write_raster(
            folder / name / f"{chip}.tif", workshop.where, np.full((1, 16, 16), code, "uint8")
        )
    out = workshop.folder / "out.gpkg"
    polychip.vectorize(dataset, out=out, predictions=folder)
    assert layer(out, "labels_scene")["class"].tolist() == ["water"]
    assert layer(out, "labels_later")["class"].tolist() == ["house"]
    polychip.vectorize(dataset, out=out, predictions=folder, scenes=["later"], overwrite=True)
    assert layer(out, "labels")["class"].tolist() == ["house"]
    with pytest.raises(polychip.InputError, match="did you mean 'later'"):
        polychip.vectorize(dataset, out=out, scenes=["latter"], overwrite=True)
