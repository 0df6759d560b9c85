"""`check` on the real sets: registration, and figures counted another way."""

from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from support.real import place_of

from polychip.quality.checks.check import CheckReport, check_labels
from polychip.quality.checks.subject import Request
from polychip.recipe import LabelSource

SETS = {
    "nb-bakerlake": ("BakerLake_2017_clipped.gpkg", ["23322E759967N_clipped_1m_1of2.tif", "23322E759967N_clipped_1m_2of2.tif"], "category"),
    "sen1floods11-spain": ("Spain_7370579_water_DERIVED.gpkg", ["Spain_7370579_S2Hand.tif"], None),
    "mass-buildings": ("massachusetts_buildings.gpkg", ["22978945_15.tif", "23429155_15.tif"], None),
    "everest-glaciers": ("glacier_outlines.gpkg", ["LE71400412000304SGS00_RGB.TIF"], None),
    "itaipu-landsat8": ("stac_training.geojson", ["LC08_L1TP_224077_20200518_20200518_01_RT_B2.TIF"], None),
    "alexandria-hag": ("buildings.geojson", ["hag.tif"], None),
}  # fmt: skip


def check(data: Path, name: str) -> CheckReport:
    labels, images, field = SETS[name]
    folder = data / name
    fields = geopandas.read_file(folder / labels, rows=1).columns
    return check_labels(
        Request(
            labels=LabelSource(
                path=str(folder / labels), class_field=field if field in fields else None
            ),
            images=tuple(str(folder / image) for image in images),
        )
    )[0]


@pytest.mark.parametrize("name", sorted(SETS))
def test_every_real_set_can_be_checked(data: Path, name: str) -> None:
    report = check(data, name)
    frame = geopandas.read_file(data / name / SETS[name][0])
    assert report.n_features == len(frame)
    invalid = {
        p.source_fid
        for p in report.problems
        if p.check.id in ("geometry.invalid", "geometry.self_touch")
    }
    shapes = frame.geometry.to_numpy()
    assert len(invalid) == int((~shapely.is_valid(shapes)).sum())
    assert str(report)
    duplicates = {p.source_fid for p in report.problems if p.check.id == "topology.duplicate"}
    keys = shapely.to_wkb(shapely.normalize(shapes))
    assert len(duplicates) == len(keys) - len(set(keys.tolist()))


def test_glaciers_that_lie_over_each_other_are_those_of_a_plain_overlay(data: Path) -> None:
    report = check(data, "everest-glaciers")
    found = {
        frozenset((p.source_fid, p.other_fid))
        for p in report.problems
        if p.check.id.startswith(("topology.overlap", "topology.near_dup", "topology.dup"))
    }
    frame = geopandas.read_file(
        data / "everest-glaciers" / SETS["everest-glaciers"][0], fid_as_index=True
    )
    frame = frame.to_crs("EPSG:32645")
    frame["fid"] = frame.index.astype(str)
    both = geopandas.overlay(frame[["fid", "geometry"]], frame[["fid", "geometry"]])
    pixel = abs(place_of(data / "everest-glaciers" / SETS["everest-glaciers"][1][0]).transform.a)
    both = both[(both.fid_1 < both.fid_2) & (both.area > 0.02 * pixel**2)]
    width = 2 * both.area / both.length / pixel
    sure = {
        frozenset(p) for p in zip(both.fid_1[width > 0.02], both.fid_2[width > 0.02], strict=True)
    }
    maybe = {frozenset(p) for p in zip(both.fid_1, both.fid_2, strict=True)}
    assert sure <= found <= maybe


class TestMassachusetts:
    """Aerial images of 1 m; the labels were traced on other imagery."""

    def measured(self, data: Path, tmp_path: Path, shift: tuple[float, float]) -> list[np.ndarray]:
        labels, images, _ = SETS["mass-buildings"]
        folder = data / "mass-buildings"
        frame = geopandas.read_file(folder / labels)
        frame["geometry"] = frame.translate(shift[0], -shift[1])  # a pixel is a metre, north is up
        path = tmp_path / "moved.gpkg"
        frame.to_file(path)
        report, _ = check_labels(
            Request(
                labels=LabelSource(path=str(path)),
                images=tuple(str(folder / image) for image in images),
            )
        )
        self.problems = [p for p in report.problems if p.check.id == "registration.shift"]
        wholes = [entry.whole for entry in report.registrations]
        assert all(whole is not None and whole.confidence > 0.9 for whole in wholes)
        return [np.array((whole.dx, whole.dy)) for whole in wholes if whole is not None]

    def test_no_shift_is_found_in_the_labels_as_they_are(self, data: Path, tmp_path: Path) -> None:
        first, second = self.measured(data, tmp_path, (0, 0))
        assert self.problems == []
        assert np.hypot(*second) < 0.5
        # The first image's labels lie a pixel left of the roofs, as one sees on the image.
        assert first == pytest.approx((-1.0, 0.2), abs=0.3)

    def test_a_shift_of_three_and_minus_two_is_found_to_half_a_pixel(
        self, data: Path, tmp_path: Path
    ) -> None:
        plain = self.measured(data, tmp_path, (0, 0))
        moved = self.measured(data, tmp_path, (3, -2))
        assert len(self.problems) == 2
        for before, after in zip(plain, moved, strict=True):
            assert np.hypot(*(after - before - (3, -2))) < 0.5
        assert np.hypot(*(moved[1] - (3, -2))) < 0.5
