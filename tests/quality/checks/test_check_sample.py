"""The sample's deliberate faults are all found, and nothing else.

What is expected is the list in sample_data/README.md, and where that says "buildings that stand in
the flood", an overlay by GeoPandas in the image's CRS.
"""

from collections import defaultdict
from pathlib import Path

import geopandas
import pytest

from polychip.quality.checks.check import CheckReport, check_labels
from polychip.quality.checks.subject import Request
from polychip.recipe import load_recipe

SAMPLE = Path(__file__).parents[3] / "sample_data"
BEFORE, AFTER = 0, 1
LEAVING = {"W-001", "R-001", "R-002", "R-005"}
STREETS = {("R-001", "R-003"), ("R-002", "R-004"), ("R-006", "R-007")}
"""Streets that run into each other, and the two that nearly touch."""


def report_of(scene: int) -> CheckReport:
    recipe = load_recipe(SAMPLE / "recipe.toml")
    chosen = recipe.scenes[scene]
    assert chosen.image is not None
    report, _ = check_labels(
        Request(
            labels=chosen.labels[0], images=tuple(chosen.image), extent=tuple(chosen.extent),
            options=recipe.schema_,
        )
    )  # fmt: skip
    return report


def by_check(report: CheckReport) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = defaultdict(set)
    for problem in report.problems:
        if problem.check.id not in ("topology.overlap", "topology.overlap_classes"):
            found[problem.check.id].add(problem.source_fid)
    return dict(found)


def pairs(report: CheckReport, check: str) -> set[tuple[str | None, ...]]:
    return {
        tuple(sorted((p.source_fid or "", p.other_fid or "")))
        for p in report.problems
        if p.check.id == check
    }


def overlaid(layer: str, *, across: bool) -> set[tuple[str, str]]:
    """Pairs that share more than a hundredth of a pixel (a square metre), by GeoPandas."""
    frame = geopandas.read_file(SAMPLE / "labels.gpkg", layer=layer).to_crs("EPSG:32630")
    frame["geometry"] = frame.make_valid()
    both = geopandas.overlay(frame, frame, how="intersection", keep_geom_type=True)
    both = both[(both.uid_1 < both.uid_2) & (both.area > 1.0)]
    both = both[(both.class_1 != both.class_2) == across]
    both = both[~((both.class_1 == "cloud") & (both.class_2 == "cloud"))]
    return set(zip(both.uid_1, both.uid_2, strict=True))


def test_the_faults_of_the_second_date_are_found_and_nothing_else() -> None:
    report = report_of(AFTER)
    assert by_check(report) == {
        "geometry.invalid": {"D-008"},
        "geometry.tiny": {"B-0999"},
        "place.nodata": {"W-005", "W-001", "F-001"},
        "place.beyond_image": LEAVING,
        "place.outside_extent": {"C-002", "R-002", "F-001", "F-002", "W-001", "R-001", "R-005"},
        "attributes.instance_shared": {"B-0159", "B-0160"},
        "attributes.instance_null": {
            "B-0903", "B-0907", "B-0911", "B-0915", "B-0919", "B-0927",
        },
    }  # fmt: skip
    assert pairs(report, "topology.overlap") == STREETS == overlaid("labels", across=False)
    across = pairs(report, "topology.overlap_classes")
    assert across == overlaid("labels", across=True)
    assert {
        ("F-001", "W-001"),
        ("R-001", "W-001"),
        ("D-001", "R-002"),
        ("C-001", "R-001"),
    } <= across
    assert [p.source_fid for p in report.problems if p.severity == "error"] == ["D-008"]


def test_the_first_date_has_no_errors_and_what_it_has_is_listed() -> None:
    report = report_of(BEFORE)
    found = by_check(report)
    assert found.pop("attributes.instance_null") >= {"B-0903", "B-0907", "B-0911", "B-0915"}
    assert found == {
        "place.nodata": {"W-005", "W-001"},
        "place.beyond_image": LEAVING,
        "place.outside_extent": {"W-001", "R-001", "R-002", "R-005"},
        "attributes.instance_shared": {"B-0159", "B-0160"},
    }
    assert pairs(report, "topology.overlap") == STREETS
    assert pairs(report, "topology.overlap_classes") == {("R-001", "W-001"), ("R-002", "W-001")}
    assert report.ok


@pytest.mark.parametrize("scene", [BEFORE, AFTER])
def test_labels_and_pixels_of_the_sample_fit(scene: int) -> None:
    [registration] = report_of(scene).registrations
    assert registration.whole is not None
    assert registration.whole.length < 0.2
    assert registration.whole.confidence > 0.9
