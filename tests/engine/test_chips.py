"""Where chips lie, which are kept, and that no source pixel is lost unsaid."""

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from shapely import box
from support.datasets import manifest, masks_of, read_chip, rows, stitch
from support.rasters import Place, coordinates_as_pixels, place
from support.workshop import Workshop

import polychip
from polychip.errors import InputError
from polychip.recipe import build_recipe
from polychip.scenes.prepare import make_plan


def chips_of(dataset: Path) -> dict[tuple[int, int], tuple[int, int]]:
    """(row, col) → (x_off, y_off)."""
    return {(r["row"], r["col"]): (r["x_off"], r["y_off"]) for r in rows(dataset)}


def seen_pixels(dataset: Path, where: Place) -> np.ndarray:
    """How often each source pixel is found in a chip, by the coordinates that it holds."""
    count = np.zeros(where.shape, dtype=int)
    for row in rows(dataset):
        column, line = read_chip(dataset, row, "image").astype(int)
        inside = column > 0
        np.add.at(count, (line[inside] - 1, column[inside] - 1), 1)
        y, x = np.argwhere(inside).T
        assert np.array_equal(column[inside] - 1, x + row["x_off"])
        assert np.array_equal(line[inside] - 1, y + row["y_off"])
    return count


def build(workshop: Workshop, **chips: object) -> Path:
    image = workshop.image(nodata=0)
    labels = workshop.labels([box(0, 0, 9, 9), box(30, 30, 31, 31)])
    return workshop.build(image, labels, chips=chips)


@pytest.mark.parametrize(
    ("size", "stride"), [(16, 16), (16, 7), ((13, 17), None), ((13, 17), (5, 17)), (40, 40), (64, 64), (64, 20)]
)  # fmt: skip
@pytest.mark.parametrize("edge", ["pad", "shift"])
def test_every_source_pixel_is_in_a_chip(
    workshop: Workshop, size: object, stride: object, edge: str
) -> None:
    options = {"size": size, "edge": edge} | ({} if stride is None else {"stride": stride})
    dataset = build(workshop, **options)
    count = seen_pixels(dataset, workshop.where)
    assert count.min() >= 1
    if stride in (None, size) and edge == "pad":
        assert count.max() == 1, "without overlap each pixel is there once"
    assert not [w for w in workshop.ear.warnings if "lie in no chip" in w]


@pytest.mark.parametrize(
    ("options", "share"),
    [
        ({"size": 16, "stride": 20}, 1 - (16 + 16) * (16 + 16 + 10) / 2000),
        ({"size": 16, "edge": "drop"}, 1 - (32 * 48) / 2000),
        ({"size": 16, "stride": 12, "edge": "drop"}, 1 - (40 * 40) / 2000),
    ],
)
def test_pixels_in_no_chip_are_warned_of(workshop: Workshop, options: dict, share: float) -> None:
    dataset = build(workshop, **options)
    missing = (seen_pixels(dataset, workshop.where) == 0).mean()
    assert missing == pytest.approx(share)
    [warning] = [w for w in workshop.ear.warnings if "lie in no chip" in w]
    assert f"{missing:.1%} of the pixels" in warning


def test_padded_shifted_and_dropped_chips_start_where_the_design_says(workshop: Workshop) -> None:
    starts = {}
    for edge in ("pad", "shift", "drop"):
        labels = workshop.labels([box(0, 0, 9, 9)], name=f"{edge}.gpkg")
        dataset = workshop.build(
            workshop.image(), labels, out=edge, chips={"size": 16, "stride": 12, "edge": edge}
        )
        starts[edge] = chips_of(dataset)
    xs = {edge: sorted({x for x, _ in found.values()}) for edge, found in starts.items()}
    ys = {edge: sorted({y for _, y in found.values()}) for edge, found in starts.items()}
    assert xs == {"pad": [0, 12, 24, 36], "shift": [0, 12, 24, 34], "drop": [0, 12, 24]}
    assert ys == {"pad": [0, 12, 24], "shift": [0, 12, 24], "drop": [0, 12, 24]}
    assert starts["pad"][2, 3] == (36, 24)


def test_an_image_smaller_than_the_chip_gives_one_padded_chip(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, place(9, 11))
    dataset = workshop.build(
        workshop.image(nodata=0), workshop.labels([box(1, 1, 5, 5)]), chips={"size": 32}
    )
    [row] = rows(dataset)
    chip, [mask] = read_chip(dataset, row, "image"), masks_of(dataset).values()
    assert np.array_equal(chip[:, :9, :11], coordinates_as_pixels(9, 11))
    assert not chip[:, 9:].any()
    assert not chip[:, :, 11:].any()
    assert (mask[9:] == 255).all()
    assert (mask[:, 11:] == 255).all()
    assert (mask[:9, :11] != 255).all()


def test_drop_without_a_whole_chip_is_an_error(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, place(9, 11))
    recipe = workshop.recipe(
        workshop.image(), workshop.labels([box(1, 1, 5, 5)]), chips={"size": 32, "edge": "drop"}
    )
    with pytest.raises(InputError, match=r"no chip of 32 × 32 px fits wholly"):
        workshop.run(recipe)


def test_chips_with_too_much_nodata_are_skipped_and_padding_does_not_count(
    workshop: Workshop,
) -> None:
    pixels = coordinates_as_pixels(40, 50)
    pixels[:, :16, 16:32] = 0  # all of chip (0, 1)
    pixels[:, 16:24, 16:32] = 0  # half of chip (1, 1)
    image = workshop.image(pixels, nodata=0)
    labels = workshop.labels([box(0, 0, 50, 40)])
    kept = {}
    for share in (0.0, 0.49, 0.5, 1.0):
        dataset = workshop.build(
            image, labels, out=str(share), chips={"size": 16, "max_nodata": share}
        )
        kept[share] = set(chips_of(dataset))
        skipped = manifest(dataset)["counts"]["skipped"]
        assert skipped.get("nodata", 0) == 12 - len(kept[share])
    everything = {(r, c) for r in range(3) for c in range(4)}
    assert kept[0.0] == kept[0.49] == everything - {(0, 1), (1, 1)}
    assert kept[0.5] == everything - {(0, 1)}
    assert kept[1.0] == everything


def test_chips_with_too_little_labelled_are_skipped(workshop: Workshop) -> None:
    """Looked at: the left 24 columns. Chip column 1 is looked at by half, the others not at all."""
    labels = workshop.labels([box(0, 0, 5, 5), box(17, 17, 19, 19)])
    extent = workshop.labels([box(0, 0, 24, 40)], name="extent.gpkg")
    for share, columns in ((0.0, {0, 1, 2, 3}), (0.5, {0, 1}), (0.51, {0}), (1.0, {0})):
        dataset = workshop.build(
            workshop.image(), labels, out=str(share),
            chips={"size": 16, "min_labelled": share}, scene={"extent": extent},
        )  # fmt: skip
        assert {col for _, col in chips_of(dataset)} == columns, share


def test_padding_does_not_count_as_unlabelled(workshop: Workshop) -> None:
    dataset = build(workshop, size=64, min_labelled=1.0)
    assert len(rows(dataset)) == 1


def test_chips_without_a_feature_are_dropped_or_kept_by_a_fixed_share(workshop: Workshop) -> None:
    image, labels = workshop.image(), workshop.labels([box(0, 0, 9, 9), box(20, 20, 21, 21)])
    options = {"size": 4, "seed": 5}
    full = {(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (5, 5)}
    none = workshop.build(image, labels, out="none", chips=options | {"negatives": 0.0})
    assert set(chips_of(none)) == full
    some = workshop.build(image, labels, out="some", chips=options | {"negatives": 0.3})
    again = workshop.build(image, labels, out="again", chips=options | {"negatives": 0.3})
    most = workshop.build(image, labels, out="most", chips=options | {"negatives": 0.6})
    assert full < set(chips_of(some)) < set(chips_of(most))
    assert set(chips_of(some)) == set(chips_of(again))
    n_empty = 10 * 13 - len(full)
    assert len(chips_of(some)) - len(full) == pytest.approx(0.3 * n_empty, abs=15)
    assert manifest(none)["counts"]["skipped"] == {"no feature": n_empty}


def test_a_feature_in_the_padding_alone_is_no_feature_of_the_chip(workshop: Workshop) -> None:
    """It covers no pixel of the image, so the chip is a negative."""
    labels = workshop.labels([box(0, 0, 9, 9), box(55, 2, 60, 9)])
    dataset = workshop.build(workshop.image(), labels, chips={"size": 16, "negatives": 0.0})
    assert set(chips_of(dataset)) == {(0, 0)}


def test_scenes_of_a_group_share_chip_ids_and_places(workshop: Workshop) -> None:
    """Two dates of one place, the second shifted by whole pixels."""
    t = workshop.where.transform
    later = Place(workshop.where.crs, t * Affine.translation(10, 5), 40, 50)
    images = [workshop.image(name="a.tif"), workshop.image(name="b.tif", where=later)]
    labels = workshop.labels([box(12, 12, 30, 30)])
    recipe = {
        "scenes": [
            {"name": f"s-{n}", "group": "town", "image": image, "labels": labels}
            for n, image in enumerate(images)
        ],
        "chips": {"size": 16},
        "output": {"path": str(workshop.folder / "dataset")},
    }
    dataset = workshop.run(recipe)
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for row in rows(dataset):
        assert row["group"] == "town"
        chip = found.setdefault(row["chip_id"], {})
        own = (t if row["scene"] == "s-0" else later.transform) * (row["x_off"], row["y_off"])
        chip[row["scene"]] = own
    shared = [places for places in found.values() if len(places) == 2]
    assert len(shared) >= 9
    assert all(places["s-0"] == pytest.approx(places["s-1"]) for places in shared)
    mask = {s: stitch(dataset, (40, 50), scene=s) for s in ("s-0", "s-1")}
    assert np.array_equal(mask["s-0"][5:, 10:], mask["s-1"][:35, :40]), "one ground, one mask"


def test_cells_anchored_at_the_grid_start_at_whole_multiples_of_the_chip(
    workshop: Workshop,
) -> None:
    at = place(40, 50, transform=Affine(10, 0, 700_030, 0, -10, 4_400_070))
    image = workshop.image(where=at, nodata=0)
    labels = workshop.labels([box(5, 5, 20, 20)], where=at)
    dataset = workshop.build(image, labels, chips={"size": 16, "anchor": "grid"})
    for row in rows(dataset):
        x, y = at.transform * (row["x_off"], row["y_off"])
        assert x % 160 == 0
        assert y % 160 == 0
    assert seen_pixels(dataset, at).min() == 1
    assert min(row["x_off"] for row in rows(dataset)) < 0, "the first cell begins before the image"


def test_anchored_cells_of_two_scenes_of_a_group_have_one_id_a_place(workshop: Workshop) -> None:
    t = workshop.where.transform
    places = [place(40, 50), Place(workshop.where.crs, t * Affine.translation(-7, 3), 40, 50)]
    names: dict[str, set[tuple[float, float]]] = {}
    for number, at in enumerate(places):  # two datasets, made apart
        image = workshop.image(where=at, name=f"{number}.tif")
        dataset = workshop.build(
            image, workshop.labels([box(5, 5, 20, 20)]), out=str(number),
            chips={"size": 16, "anchor": "grid"}, scene={"name": f"s{number}", "group": "town"},
        )  # fmt: skip
        for row in rows(dataset):
            names.setdefault(row["chip_id"], set()).add(at.transform * (row["x_off"], row["y_off"]))
    assert sum(len(spots) == 1 for spots in names.values()) == len(names)
    assert len(names) < 2 * len(rows(dataset))


def test_the_plan_knows_the_chips_before_a_pixel_is_read(workshop: Workshop) -> None:
    recipe = workshop.recipe(workshop.image(), workshop.labels([box(0, 0, 9, 9)]))
    plan = make_plan(build_recipe(recipe, base=workshop.folder, where="test"))
    assert plan.n_chips == 12
    dataset = workshop.run(recipe)
    [scene] = plan.scenes
    assert set(chips_of(dataset)) == set(zip(scene.row.tolist(), scene.col.tolist(), strict=True))


def test_the_dataset_reads_back_what_is_on_disk(workshop: Workshop) -> None:
    dataset = build(workshop, size=16)
    opened = polychip.open(dataset)
    masks = masks_of(dataset)
    assert len(opened) == len(masks) == 12
    for chip, row in zip(opened, rows(dataset), strict=True):
        assert np.array_equal(chip.image, read_chip(dataset, row, "image"))
        assert np.array_equal(chip.semantic, masks[f"scene/{chip.chip_id}"])
