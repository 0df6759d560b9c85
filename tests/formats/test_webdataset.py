"""WebDataset shards, read by tarfile, Pillow and rasterio; webdataset reads them in tests/readers."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from support import floods, traps
from support.datasets import rows
from support.truth import truths

import polychip
from polychip.errors import FormatError


def samples(folder: Path, split: str) -> dict[str, dict[str, bytes]]:
    """Files of each sample by what stands behind its key, in the shards' order."""
    found: dict[str, dict[str, bytes]] = {}
    for shard in sorted(folder.glob(f"{split}-*.tar")):
        with tarfile.open(shard) as file:
            for member in file:
                key, _, name = member.name.partition(".")
                found.setdefault(key, {})[name] = file.extractfile(member).read()
    return found


def array(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        return np.array(picture)


def test_every_sample_has_the_chips_bytes_its_masks_and_its_objects(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("webdataset")
    found = {split: samples(folder, split) for split in ("train", "val", "test")}
    for truth in truths(dataset):
        files = found[truth.split].pop(truth.stem)
        assert set(files) == {"image.tif", "semantic.png", "instance.png", "json"}
        assert files["image.tif"] == (dataset / truth.row["files"]["image"]).read_bytes()
        assert np.array_equal(array(files["semantic.png"]), truth.semantic)
        assert np.array_equal(array(files["instance.png"]), truth.instance)
        facts = json.loads(files["json"])
        assert [o["instance_id"] for o in facts["objects"]] == [
            o["instance_id"] for o in truth.objects
        ]
        assert [o["rle"] for o in facts["objects"]] == [o["rle"] for o in truth.objects]
        with rasterio.open(dataset / truth.row["files"]["image"]) as file:
            assert facts["transform"] == list(file.transform)[:6]
            assert facts["bounds"] == list(file.bounds)
            assert facts["crs"] == f"EPSG:{file.crs.to_epsg()}"
    assert not any(found.values())


def test_samples_stand_in_the_indexs_order_and_keys_have_no_dots(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    for split in ("train", "val", "test"):
        expected = [traps.stem(row) for row in rows(dataset) if row["split"] == split]
        assert list(samples(converted("webdataset"), split)) == expected
        assert not any("." in key for key in expected)


def test_headers_tell_no_clock_and_no_user(converted: Callable[..., Path]) -> None:
    for shard in converted("webdataset").glob("*.tar"):
        assert shard.stat().st_size % tarfile.RECORDSIZE == 0
        with tarfile.open(shard) as file:
            for member in file:
                assert (member.mtime, member.uid, member.gid) == (0, 0, 0)
                assert (member.uname, member.gname, member.mode) == ("", "", 0o644)


def test_a_shard_holds_as_many_chips_as_it_is_told(
    dataset: Path, converted: Callable[..., Path]
) -> None:
    folder = converted("webdataset", chips="2")
    by_split = [row["split"] for row in rows(dataset)]
    for split in ("train", "val", "test"):
        n = by_split.count(split)
        shards = sorted(p.name for p in folder.glob(f"{split}-*.tar"))
        assert shards == [f"{split}-{i:06d}.tar" for i in range((n + 1) // 2)]
        assert samples(folder, split) == samples(converted("webdataset"), split)
    assert not (folder / ".samples").exists()


@pytest.mark.parametrize("text", ["0", "1.5", "-3"])
def test_a_shard_of_no_chips_is_refused(dataset: Path, tmp_path: Path, text: str) -> None:
    with pytest.raises(FormatError, match="a shard holds a whole number"):
        polychip.convert(dataset, "webdataset", tmp_path / "x", chips=text)


def test_shards_keep_to_their_size(tmp_path: Path) -> None:
    from support.rasters import place
    from support.workshop import Workshop

    workshop = Workshop(tmp_path, where=place(512, 1024))
    noise = np.random.default_rng(1).integers(0, 65535, (2, 512, 1024), dtype=np.uint16)
    labels = workshop.labels([traps.box(9, 9, 40, 40)])
    made = workshop.build(
        workshop.image(noise), {"path": labels, "class_name": "house"}, chips={"size": 256}
    )
    polychip.convert(made, "webdataset", tmp_path / "out", megabytes="1")
    sizes = [p.stat().st_size for p in (tmp_path / "out").glob("*.tar")]
    assert max(sizes) < 1_000_000 + tarfile.RECORDSIZE
    assert len(samples(tmp_path / "out", "train")) == 8
    assert len(sizes) == 3  # three samples of 0.27 MB fit, four do not


def test_all_layers_of_a_chip_are_in_its_sample(tmp_path: Path) -> None:
    made = floods.flood(tmp_path)
    polychip.convert(made, "webdataset", tmp_path / "out")
    found = {k: v for split in ("train", "val", "test")
             for k, v in samples(tmp_path / "out", split).items()}  # fmt: skip
    for row in rows(made):
        files = found.pop(traps.stem(row))
        assert set(files) == {"image_s1.tif", "image_s2.tif", "semantic.png", "json"}
        for layer in ("s1", "s2"):
            source = made / row["files"][f"image_{layer}"]
            assert files[f"image_{layer}.tif"] == source.read_bytes()
        assert json.loads(files["json"])["date"] == "2024-06-05"
    assert not found


def test_pictures_may_stand_for_the_geotiff(dataset: Path, converted: Callable[..., Path]) -> None:
    folder = converted("webdataset", images="png")
    for truth in truths(dataset):
        files = samples(folder, truth.split)[truth.stem]
        known = converted("png") / f"img_dir/{truth.split}/{truth.stem}.png"
        assert files["image.png"] == known.read_bytes()
