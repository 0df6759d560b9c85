"""Datasets read from disk without any of Polychip's own code."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import rasterio
from affine import Affine
from numpy.typing import NDArray


def rows(dataset: Path, table: str = "chips") -> list[dict[str, Any]]:
    """A table of the dataset as plain rows."""
    return pq.read_table(dataset / f"{table}.parquet").to_pylist()


def manifest(dataset: Path) -> dict[str, Any]:
    """The dataset's manifest."""
    return json.loads((dataset / "manifest.json").read_text(encoding="utf-8"))


def files_of(dataset: Path) -> dict[str, bytes]:
    """Every file of a dataset but this machine's own state, by its path in the dataset."""
    return {
        path.relative_to(dataset).as_posix(): path.read_bytes()
        for path in sorted(dataset.rglob("*"))
        if path.is_file() and ".polychip" not in path.relative_to(dataset).parts
    }


def differing(a: Path, b: Path) -> list[str]:
    """Paths that only one of two datasets has, or whose bytes differ."""
    first, second = files_of(a), files_of(b)
    assert first, f"{a} holds nothing"
    return sorted(p for p in first.keys() | second.keys() if first.get(p) != second.get(p))


def read_chip(dataset: Path, row: dict[str, Any], kind: str) -> NDArray[Any]:
    """A chip's file of one kind, (bands, height, width)."""
    with rasterio.open(dataset / row["files"][kind]) as file:
        return file.read()


def masks_of(dataset: Path, kind: str = "semantic") -> dict[str, NDArray[Any]]:
    """Masks by scene and chip id."""
    return {
        f"{row['scene']}/{row['chip_id']}": read_chip(dataset, row, kind)[0]
        for row in rows(dataset)
    }


def stitch(
    dataset: Path,
    shape: tuple[int, int],
    *,
    kind: str = "semantic",
    scene: str | None = None,
    transform: Affine | None = None,
    missing: float = -1,
) -> NDArray[Any]:
    """The chips of a scene put together, (bands, height, width) or (height, width) for masks.

    Chips that overlap must agree, each chip's own geotransform must say where it lies, and pixels
    that no chip covers come out as `missing`.
    """
    whole: NDArray[Any] | None = None
    done = np.zeros(shape, dtype=bool)
    for row in rows(dataset):
        if scene is not None and row["scene"] != scene:
            continue
        with rasterio.open(dataset / row["files"][kind]) as file:
            pixels, own = file.read(), file.transform
        x, y = row["x_off"], row["y_off"]
        if transform is not None:
            expected = transform * Affine.translation(x, y)
            assert np.allclose(own[:6], expected[:6], rtol=1e-14, atol=1e-9), row["chip_id"]
        top, left = max(y, 0), max(x, 0)
        bottom, right = min(y + row["height"], shape[0]), min(x + row["width"], shape[1])
        inside = pixels[:, top - y : bottom - y, left - x : right - x]
        if whole is None:
            kept = np.result_type(pixels.dtype, np.int32) if missing < 0 else pixels.dtype
            whole = np.full((len(pixels), *shape), missing, dtype=kept)
        part = (slice(None), slice(top, bottom), slice(left, right))
        seen = done[part[1:]]
        assert np.array_equal(whole[part][:, seen], inside[:, seen], equal_nan=_floats(inside)), (
            f"{row['chip_id']} contradicts the chips that it overlaps"
        )
        whole[part] = inside
        done[part[1:]] = True
    assert whole is not None, f"{dataset} has no chip of scene {scene}"
    return whole[0] if kind in ("semantic", "instance") else whole


def _floats(pixels: NDArray[Any]) -> bool:
    return pixels.dtype.kind in "fc"
