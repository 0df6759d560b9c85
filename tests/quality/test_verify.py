"""Verification finds each kind of damage, by the right check, and nothing in a sound dataset."""

import json
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
from affine import Affine
from pycocotools import mask as coco

from polychip import api
from polychip.errors import InputError
from polychip.io.identity import content_id
from polychip.quality.verdict import VerifyReport
from polychip.quality.verify import CHECKS, verify_dataset

SAMPLE = Path(__file__).parents[2] / "sample_data" / "recipe.toml"
Copy = Callable[..., Any]


def failed(report: VerifyReport) -> set[str]:
    return {check.id for check in report.checks if check.ok is False}


def skipped(report: VerifyReport) -> set[str]:
    return {check.id for check in report.checks if check.ok is None}


def message(report: VerifyReport, check_id: str) -> str:
    return next(check.message for check in report.checks if check.id == check_id)


def full_chip(row: dict[str, Any]) -> bool:
    """A chip without any ignored pixel, that holds background and a class."""
    return row["px_255"] == 0 and row["px_0"] > 50 and row["px_1"] + row["px_2"] > 50


def forge_sources(damaged: Any) -> None:
    """Let the manifest claim that the sources of now are those of then."""
    manifest = damaged.manifest
    for entry in manifest["sources"]:
        entry["content_id"] = content_id(str(damaged.root / entry["name"]))
    damaged.manifest = manifest


def move_labels(path: Path, metres: float) -> None:
    layers = {name: geopandas.read_file(path, layer=name) for name in ("labels", "extent")}
    labels = layers["labels"].to_crs("EPSG:32630")
    layers["labels"] = labels.set_geometry(labels.translate(metres, 0)).to_crs("EPSG:4326")
    path.unlink()
    for name, frame in layers.items():
        frame.to_file(path, layer=name, mode="a" if path.exists() else "w")


@pytest.mark.parametrize("mode", ["semantic", "instance", "panoptic"])
def test_every_check_of_a_sound_dataset_passes_and_none_is_skipped(
    damaged: Copy, mode: str
) -> None:
    report = verify_dataset(damaged(mode=mode).folder)
    assert [check.id for check in report.checks] == list(CHECKS)
    assert [check.ok for check in report.checks] == [True] * len(CHECKS)
    assert report.ok
    assert "20 of 20 chips" in message(report, "round_trip")


def test_the_sample_recipe_gives_a_dataset_that_passes_every_check(tmp_path: Path) -> None:
    data = tomllib.loads(SAMPLE.read_text(encoding="utf-8"))
    shutil.copytree(SAMPLE.parent, tmp_path / "sample")
    for scene in data["scenes"]:
        scene["image"] = str(tmp_path / "sample" / scene["image"])
        for key in ("labels", "extent"):
            scene[key]["path"] = str(tmp_path / "sample" / scene[key]["path"])
    data["output"] = {"path": str(tmp_path / "dataset")}
    api.run(data)
    report = verify_dataset(tmp_path / "dataset", round_trip_chips=12)
    assert [check.ok for check in report.checks] == [True] * len(CHECKS), str(report)
    assert "12 of " in message(report, "round_trip")


def test_the_sample_of_chips_is_spread_over_the_index_unless_all_are_asked_for(
    damaged: Copy,
) -> None:
    folder = damaged().folder
    few = verify_dataset(folder, round_trip_chips=3)
    assert message(few, "images").startswith("3 of 20 chips")
    every = verify_dataset(folder, round_trip_chips=3, all_chips=True)
    assert message(every, "images").startswith("20 of 20 chips")


def test_a_flipped_byte_is_found_by_its_checksum(damaged: Copy) -> None:
    dataset = damaged()
    path = dataset.path(dataset.table()[3])
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"checksums"}
    assert path.name in message(report, "checksums")


def test_a_deleted_file_is_missed(damaged: Copy) -> None:
    dataset = damaged()
    dataset.path(dataset.table()[5], "instance").unlink()
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"files"}
    assert "is missing" in message(report, "files")


def test_several_workers_give_the_same_report(
    damaged: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polychip.quality.examine.BATCH", 3)
    dataset = damaged(mode="panoptic")
    sound = verify_dataset(dataset.folder)
    assert sound.ok
    assert verify_dataset(dataset.folder, workers=2) == sound
    rows = dataset.table()
    for row in rows[1:14:2]:  # more than a check tells in full
        dataset.edit_pixels(dataset.path(row), lambda pixels: np.roll(pixels, 1, axis=2))
    dataset.seal()
    for row in rows[2:18:3]:
        dataset.path(row, "image").write_bytes(b"not an image")
    dataset.path(rows[19], "instance").unlink()
    alone = verify_dataset(dataset.folder)
    assert {"checksums", "files", "values", "round_trip"} <= failed(alone)
    assert "and 2 more" in message(alone, "checksums")
    assert verify_dataset(dataset.folder, workers=3) == alone


def test_instance_masks_of_two_types_are_found_also_far_apart(
    damaged: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polychip.quality.examine.BATCH", 4)
    dataset = damaged(mode="instance")
    path = dataset.path(dataset.table()[9], "instance")
    with rasterio.open(path) as file:
        profile, pixels = file.profile, file.read()
    with rasterio.open(path, "w", **(profile | {"dtype": "uint32"})) as file:
        file.write(pixels.astype("uint32"))
    dataset.seal()
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"values"}
    assert "uint32" in message(report, "values")


@pytest.mark.parametrize(
    "name", ["images/place/r0000000/other.tif", "masks/semantic/.0123456789abcdef.part"]
)
def test_a_file_that_the_index_does_not_know_is_found(damaged: Copy, name: str) -> None:
    dataset = damaged()
    (dataset.folder / name).write_bytes(b"x")
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"files"}
    assert name in message(report, "files")


def test_a_mask_shifted_by_one_pixel_does_not_make_the_round_trip(damaged: Copy) -> None:
    dataset = damaged(mode="semantic")
    path = dataset.path(dataset.chip(full_chip))
    dataset.edit_pixels(path, lambda pixels: np.roll(pixels, 1, axis=2))
    dataset.seal()
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"round_trip"}
    assert path.stem in message(report, "round_trip")


def test_a_single_wrong_pixel_does_not_make_the_round_trip(damaged: Copy) -> None:
    dataset = damaged(mode="semantic")
    row = dataset.chip(lambda row: row["px_1"] > 600 and row["px_0"] > 0)

    def swap(pixels: np.ndarray) -> np.ndarray:
        (y1, x1), (y0, x0) = (np.argwhere(pixels[0] == code)[0] for code in (1, 0))
        pixels[0, y1, x1], pixels[0, y0, x0] = 0, 1
        return pixels

    dataset.edit_pixels(dataset.path(row), swap)
    dataset.seal()
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"round_trip"}
    assert "2 pixels are not what the labels say" in message(report, "round_trip")


def test_a_value_that_the_schema_does_not_know_is_found(damaged: Copy) -> None:
    dataset = damaged(mode="semantic")

    def spoil(pixels: np.ndarray) -> np.ndarray:
        pixels[0, 4, 4] = 77
        return pixels

    dataset.edit_pixels(dataset.path(dataset.table()[6]), spoil)
    dataset.seal()
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"values", "round_trip"}
    assert "holds [77]" in message(report, "values")


def test_padding_that_is_not_ignore_is_found(damaged: Copy) -> None:
    dataset = damaged(mode="semantic")
    row = dataset.chip(lambda row: row["x_off"] + 32 > 150)

    def spoil(pixels: np.ndarray) -> np.ndarray:
        pixels[0, 0, -1] = 0
        return pixels

    dataset.edit_pixels(dataset.path(row), spoil)
    dataset.seal()
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"values", "round_trip"}
    assert "1 pixels of padding are not ignore" in message(report, "values")


@pytest.mark.parametrize("kind", ["image", "semantic", "instance"])
def test_a_changed_geotransform_is_found(damaged: Copy, kind: str) -> None:
    dataset = damaged()
    path = dataset.path(dataset.table()[7], kind)
    with rasterio.open(path, "r+") as file:
        file.transform = file.transform * Affine.translation(0.001, 0)
    dataset.seal()
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"alignment"}
    assert "corner off by 0.001" in message(report, "alignment")


def test_a_mask_in_another_crs_is_found(damaged: Copy) -> None:
    dataset = damaged()
    with rasterio.open(dataset.path(dataset.table()[7]), "r+") as file:
        file.crs = "EPSG:32631"
    dataset.seal()
    assert failed(verify_dataset(dataset.folder)) == {"alignment"}


@pytest.mark.parametrize("kind", ["semantic", "instance"])
def test_a_nodata_tag_on_a_mask_is_found(damaged: Copy, kind: str) -> None:
    dataset = damaged()
    with rasterio.open(dataset.path(dataset.table()[2], kind), "r+") as file:
        file.nodata = 0
    dataset.seal()
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"values"}
    assert "has a nodata tag (0)" in message(report, "values")


def test_an_edited_split_list_is_found(damaged: Copy) -> None:
    dataset = damaged()
    train, val = (dataset.folder / "splits" / f"{name}.txt" for name in ("train", "val"))
    first, *rest = train.read_text().splitlines()
    train.write_text("".join(f"{name}\n" for name in rest))
    val.write_text("".join(f"{n}\n" for n in sorted([first, *val.read_text().splitlines()])))
    assert failed(verify_dataset(dataset.folder)) == {"manifest", "splits"}
    dataset.seal()
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"splits"}
    assert f"splits/train.txt lacks {first}" in message(report, "splits")


def test_the_same_ground_in_two_splits_is_a_leak(damaged: Copy) -> None:
    dataset = damaged()
    rows = dataset.table()
    row = next(row for row in rows if row["split"] == "train")
    twin = row | {"chip_id": "place_r0000009_c0000009", "split": "val"}
    twin["files"] = {kind: path.replace(".tif", "_twin.tif") for kind, path in row["files"].items()}
    for kind, path in row["files"].items():
        shutil.copy(dataset.folder / path, dataset.folder / twin["files"][kind])
    dataset.write_table([*rows, twin])
    objects = dataset.table("instances")
    mine = [entry for entry in objects if entry["chip_id"] == row["chip_id"]]
    dataset.write_table(
        [*objects, *(entry | {"chip_id": twin["chip_id"]} for entry in mine)], "instances"
    )
    val = dataset.folder / "splits" / "val.txt"
    val.write_text("".join(f"{n}\n" for n in sorted([*val.read_text().split(), twin["chip_id"]])))
    dataset.seal()
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"manifest", "leakage"}  # the manifest counts one chip less
    assert row["chip_id"] in message(report, "leakage")
    assert twin["chip_id"] in message(report, "leakage")


def test_labels_that_changed_since_are_not_compared(damaged: Copy) -> None:
    dataset = damaged()
    move_labels(dataset.labels, 3.0)
    report = verify_dataset(dataset.folder)
    assert failed(report) == set()
    assert skipped(report) == {"round_trip"}
    assert "source moved or changed" in message(report, "round_trip")
    assert "could not be checked" in str(report)


def test_labels_moved_by_a_third_of_a_pixel_do_not_make_the_round_trip(damaged: Copy) -> None:
    dataset = damaged()
    move_labels(dataset.labels, 3.0)
    forge_sources(dataset)
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"round_trip"}


def test_imagery_that_is_gone_skips_what_needs_it(damaged: Copy) -> None:
    dataset = damaged()
    dataset.image.unlink()
    report = verify_dataset(dataset.folder)
    assert report.ok
    assert skipped(report) == {"images", "round_trip"}
    assert "source moved" in message(report, "images")


def test_sources_are_found_where_this_machine_had_them(
    damaged: Copy, originals: Callable[..., Path]
) -> None:
    dataset = damaged()
    shutil.copy(originals() / "dataset/.polychip/sources.json", dataset.folder / ".polychip")
    dataset.image.unlink()
    assert skipped(verify_dataset(dataset.folder)) == set()


def test_image_chips_that_are_not_the_sources_pixels_are_found(damaged: Copy) -> None:
    dataset = damaged()
    with rasterio.open(dataset.image, "r+") as file:
        pixels = file.read()
        pixels[0, 50, 70] += 1
        file.write(pixels)
    forge_sources(dataset)
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"images"}
    assert "r0000001_c0000002" in message(report, "images")


@pytest.mark.parametrize(
    ("key", "value"),
    [("chips", 21), ("pixels", {"0": 1}), ("by_split", {"train": 20}), ("object_views", 0)],
)
def test_edited_counts_in_the_manifest_are_found(damaged: Copy, key: str, value: Any) -> None:
    dataset = damaged()
    manifest = dataset.manifest
    manifest["counts"][key] = value
    dataset.manifest = manifest
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"manifest"}
    assert f"counts.{key} is {value}" in message(report, "manifest")


def test_an_edited_band_mean_is_found(damaged: Copy) -> None:
    dataset = damaged()
    manifest = dataset.manifest
    manifest["bands_train"]["image"][1]["mean"] *= 1.001
    dataset.manifest = manifest
    assert failed(verify_dataset(dataset.folder)) == {"manifest"}


@pytest.mark.parametrize("column", ["visible_px", "area_px", "class_code"])
def test_a_wrong_number_in_the_table_of_objects_is_found(damaged: Copy, column: str) -> None:
    dataset = damaged()
    rows = dataset.table("instances")
    rows[4][column] += 1
    dataset.write_table(rows, "instances")
    dataset.seal()
    assert failed(verify_dataset(dataset.folder)) == {"values"}


def test_an_object_of_a_chip_that_does_not_exist_is_found(damaged: Copy) -> None:
    dataset = damaged()
    rows = dataset.table("instances")
    dataset.write_table([*rows, rows[-1] | {"chip_id": "place_r0000077_c0000000"}], "instances")
    dataset.seal()
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"tables"}
    assert "place/place_r0000077_c0000000" in message(report, "tables")


def test_objects_whose_names_were_swapped_do_not_make_the_round_trip(damaged: Copy) -> None:
    dataset = damaged()
    rows = dataset.table("instances")
    first, second = next(
        (a, b)
        for a in rows
        for b in rows
        if a["chip_id"] == b["chip_id"] and a["local_id"] == 1 and b["local_id"] == 2
    )
    a, b = rows.index(first), rows.index(second)
    rows[a] = first | {"instance_id": second["instance_id"]}
    rows[b] = second | {"instance_id": first["instance_id"]}
    dataset.write_table(rows, "instances")
    dataset.seal()
    assert failed(verify_dataset(dataset.folder)) == {"round_trip"}


def test_a_hidden_part_that_lacks_in_the_full_mask_is_found(damaged: Copy) -> None:
    dataset = damaged()
    rows = dataset.table("instances")
    below = next(
        row
        for row in rows
        if row["instance_id"] == "below" and row["area_px"] > row["visible_px"] > 0
    )
    chip = dataset.chip(lambda row: row["chip_id"] == below["chip_id"])
    with rasterio.open(dataset.path(chip, "instance")) as file:
        seen = file.read(1) == below["local_id"]
    below["area_px"] = below["visible_px"]
    below["rle"] = coco.encode(np.asfortranarray(seen.astype(np.uint8)))["counts"].decode()
    dataset.write_table(rows, "instances")
    dataset.seal()
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"round_trip"}
    assert "the full mask (rle) of object below is wrong in 16 pixels" in message(
        report, "round_trip"
    )


def test_a_footprint_that_is_elsewhere_is_found(damaged: Copy) -> None:
    dataset = damaged()
    rows = dataset.table()
    rows[9]["footprint"] = rows[8]["footprint"]
    dataset.write_table(rows)
    dataset.seal()
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"tables"}
    assert rows[9]["chip_id"] in message(report, "tables")


def test_an_index_that_is_no_geoparquet_any_more_is_found(damaged: Copy) -> None:
    dataset = damaged()
    path = dataset.folder / "chips.parquet"
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    dataset.seal()
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"tables"}
    assert "can't be read by geopandas" in message(report, "tables")


def test_an_index_that_can_not_be_read_skips_all_that_needs_it(damaged: Copy) -> None:
    dataset = damaged()
    (dataset.folder / "chips.parquet").write_bytes(b"PAR1 nothing PAR1")
    report = verify_dataset(dataset.folder)
    assert failed(report) == {"tables"}
    assert skipped(report) == set(CHECKS) - {"tables"}
    assert not report.ok


def test_a_folder_without_a_dataset_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no dataset here"):
        verify_dataset(tmp_path)


def test_masks_that_this_path_does_not_paint_are_skipped_with_the_reason(damaged: Copy) -> None:
    report = verify_dataset(damaged(mode="semantic", all_touched=True).folder)
    assert failed(report) == set()
    assert skipped(report) == {"round_trip"}
    assert message(report, "round_trip") == "skipped: all_touched masks are not painted again"


def test_the_report_is_plain_json_and_a_verdict_for_people(damaged: Copy) -> None:
    dataset = damaged()
    sound = verify_dataset(dataset.folder)
    assert str(sound).endswith("The dataset is sound: every check passed.")
    assert str(sound).count("✓") == len(CHECKS)
    dataset.image.unlink()
    (dataset.folder / "masks" / "stray.tif").touch()
    report = verify_dataset(dataset.folder)
    told = json.loads(json.dumps(report.to_dict()))
    assert told["ok"] is False
    assert {entry["id"]: entry["ok"] for entry in told["checks"]} == dict.fromkeys(CHECKS, True) | {
        "files": False, "images": None, "round_trip": None,
    }  # fmt: skip
    assert "✗ files" in str(report)
    assert "– images" in str(report)
    assert "files failed" in str(report)
