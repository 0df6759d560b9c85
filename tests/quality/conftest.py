"""A small dataset with everything in it, and tools to damage it and to hide the damage."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
from affine import Affine

from polychip import api

GRID = Affine(10.0, 0.0, 700_000.0, 0.0, -10.0, 4_400_000.0)
WIDTH, HEIGHT = 150, 118
"""Not whole chips of 32 px: the last ones are padded."""
CRS = "EPSG:32630"
LABEL_CRS = "EPSG:4326"


def polygon(*pixels: tuple[float, float], holes: Any = ()) -> shapely.Polygon:
    """A polygon from (column, row) pairs, in the grid's CRS."""

    def place(points: Any) -> list[tuple[float, float]]:
        return [(GRID.c + GRID.a * x, GRID.f + GRID.e * y) for x, y in points]

    return shapely.Polygon(place(pixels), [place(hole) for hole in holes])


def square(column: float, row: float, side: float) -> shapely.Polygon:
    return polygon(
        (column, row), (column + side, row), (column + side, row + side), (column, row + side)
    )


def write_labels(path: Path) -> None:
    """Water with an island, houses (one in two parts, one hidden), a cloud."""
    water = polygon((5, 5), (70, 9), (66, 60), (8, 50), holes=[[(20, 20), (40, 22), (30, 38)]])
    rows = [
        ("water", None, water),
        ("water", None, polygon((100, 60), (149, 70), (140, 117), (90, 110))),
        *[("house", None, square(10.3 + 9 * i, 70.4 + 5 * (i % 3), 6.7)) for i in range(9)],
        ("house", "twin", square(80, 20, 5)),
        ("house", "twin", square(90, 20, 5)),
        ("house", "below", square(110.2, 30.1, 8)),
        ("house", "above", square(113.6, 33.7, 4)),
        ("cloud", None, polygon((40, 30), (85, 45), (60, 75))),
    ]
    labels = geopandas.GeoDataFrame(
        {
            "class": [row[0] for row in rows],
            "instance": [row[1] for row in rows],
            "uid": [f"u{number}" for number in range(len(rows))],
        },
        geometry=[row[2] for row in rows],
        crs=CRS,
    )
    extent = geopandas.GeoDataFrame(
        geometry=[polygon((2, 2), (148, 3), (147, 116), (3, 112))], crs=CRS
    )
    labels.to_crs(LABEL_CRS).to_file(path, layer="labels")
    extent.to_crs(LABEL_CRS).to_file(path, layer="extent", mode="a")


def write_image(path: Path) -> None:
    """Two bands of uint16, no two pixels alike; a collar of nodata in one corner."""
    number = np.arange(WIDTH * HEIGHT, dtype=np.uint16).reshape(HEIGHT, WIDTH) + 1
    pixels = np.stack((number, number[::-1]))
    pixels[:, :12, 120:] = 0
    profile = {"driver": "GTiff", "width": WIDTH, "height": HEIGHT, "count": 2}
    with rasterio.open(
        path, "w", **profile, dtype="uint16", nodata=0, crs=CRS, transform=GRID
    ) as file:
        file.write(pixels)


def recipe(folder: Path, **masks: Any) -> dict[str, Any]:
    labels = str(folder / "labels.gpkg")
    return {
        "scenes": [
            {
                "name": "place",
                "image": str(folder / "image.tif"),
                "labels": {"path": labels, "layer": "labels", "id_field": "uid"},
                "extent": {"path": labels, "layer": "extent"},
            }
        ],
        "schema": {
            "class_field": "class",
            "instance_field": "instance",
            "classes": [
                {"name": "cloud", "code": 255, "thing": False},
                {"name": "house", "code": 2, "thing": True},
                {"name": "water", "code": 1, "thing": False},
            ],
        },
        "chips": {"size": 32},
        "masks": {"mode": "panoptic"} | masks,
        "split": {"by": "blocks", "block": 1, "fractions": {"train": 0.6, "val": 0.4}},
        "output": {"path": str(folder / "dataset")},
    }


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Build the dataset of some mask options, once; the folder holds its sources, too."""
    built: dict[str, Path] = {}

    def build(**masks: Any) -> Path:
        key = json.dumps(masks, sort_keys=True)
        if key not in built:
            folder = tmp_path_factory.mktemp("original")
            write_image(folder / "image.tif")
            write_labels(folder / "labels.gpkg")
            api.run(recipe(folder, **masks))
            built[key] = folder
        return built[key]

    return build


class Damaged:
    """A copy of a dataset and its sources, to be damaged."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "dataset"
        self.labels, self.image = root / "labels.gpkg", root / "image.tif"

    @property
    def manifest(self) -> dict[str, Any]:
        return json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))

    @manifest.setter
    def manifest(self, value: dict[str, Any]) -> None:
        (self.folder / "manifest.json").write_text(json.dumps(value), encoding="utf-8")

    def table(self, name: str = "chips") -> list[dict[str, Any]]:
        return pq.read_table(self.folder / f"{name}.parquet").to_pylist()

    def write_table(self, rows: list[dict[str, Any]], name: str = "chips") -> None:
        path = self.folder / f"{name}.parquet"
        old = pq.ParquetFile(path)
        geo = {key: v for key, v in (old.metadata.metadata or {}).items() if key == b"geo"}
        table = pa.Table.from_pylist(rows, schema=old.schema_arrow.remove_metadata())
        pq.write_table(table.replace_schema_metadata(geo), path)

    def chip(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        return next(row for row in self.table() if wanted(row))

    def path(self, row: dict[str, Any], kind: str = "semantic") -> Path:
        return self.folder / row["files"][kind]

    def edit_pixels(self, path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
        """Change a chip file's pixels and keep all else of it."""
        with rasterio.open(path, "r+") as file:
            file.write(change(file.read()))

    def seal(self) -> None:
        """Make checksums and digest fit what is there now: a forger's work."""
        rows = self.table()
        digest = hashlib.sha256()
        for row in rows:
            for kind, path in row["files"].items():
                row["sha256"][kind] = hashlib.sha256((self.folder / path).read_bytes()).hexdigest()
                digest.update(f"{row['sha256'][kind]}  {path}\n".encode())
        self.write_table(rows)
        lists = sorted(f"splits/{path.name}" for path in self.folder.glob("splits/*.txt"))
        for name in ("chips.parquet", "instances.parquet", *lists):
            if (self.folder / name).exists():
                sha = hashlib.sha256((self.folder / name).read_bytes()).hexdigest()
                digest.update(f"{sha}  {name}\n".encode())
        self.manifest = self.manifest | {"digest": f"sha256:{digest.hexdigest()}"}


@pytest.fixture
def damaged(originals: Callable[..., Path], tmp_path: Path) -> Callable[..., Damaged]:
    """A copy of the dataset of some mask options; where its sources once were is forgotten."""

    def copy(**masks: Any) -> Damaged:
        target = tmp_path / "copy"
        shutil.copytree(originals(**masks), target, ignore=shutil.ignore_patterns("sources.json"))
        return Damaged(target)

    return copy
