"""Agreement against scikit-learn, SciPy and the published formulas, on random labels."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import geopandas
import numpy as np
import pytest
import rasterio
import rasterio.features
import scipy.ndimage
import shapely
from numpy.typing import NDArray
from sklearn import metrics
from support.commands import run_cli
from support.labels import from_pixels, star, write_labels
from support.rasters import Place, place, write_raster

from polychip.errors import InputError
from polychip.quality.agreement import agree as module
from polychip.quality.agreement.agree import AgreementReport, agree, decide
from polychip.quality.agreement.consensus import majority, staple
from polychip.quality.agreement.measures import krippendorff_alpha
from polychip.quality.agreement.subject import Request
from polychip.recipe import ExtentSource, LabelSource, SchemaOptions

WHERE = place(120, 150)
SCHEMA = SchemaOptions.model_validate(
    {"classes": [
        {"name": "cloud", "code": 255}, {"name": "house", "code": 3},
        {"name": "water", "code": 1, "thing": False},
    ]}
)  # fmt: skip
CODES = [0, 1, 3]


def annotations(folder: Path, seeds: tuple[int, ...] = (1, 2)) -> list[str]:
    """The same houses and waters as different people draw them: moved, missed, invented."""
    base = np.random.default_rng(0)
    centres = base.uniform(5, 140, (40, 2)) * (1, 0.8)
    paths = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        shapes, classes = [], []
        for n, (x, y) in enumerate(centres):
            if rng.random() < 0.12:
                continue
            dx, dy = rng.normal(0, 0.8, 2)
            house = n % 4 != 0 if rng.random() > 0.05 else n % 4 == 0
            shape = star(np.random.default_rng(n), x + dx, y + dy, 6 if house else 14)
            shapes.append(from_pixels(WHERE, shape))
            classes.append("house" if house else "water")
        extra = star(rng, *rng.uniform(20, 100, 2), 6)
        shapes.append(from_pixels(WHERE, extra))
        classes.append("house")
        paths.append(
            write_labels(folder / f"a{seed}.gpkg", shapes, WHERE.crs, **{"class": classes})
        )
    return paths


def compare(folder: Path, paths: list[str], **request: Any) -> tuple[AgreementReport, Any]:
    image = folder / "scene.tif"
    if not image.exists():
        write_raster(image, WHERE)
    return agree(
        Request(
            labels=tuple(LabelSource(path=path) for path in paths), image=str(image),
            options=SCHEMA, **request,
        )
    )  # fmt: skip


def burned(path: str, where: Place = WHERE) -> tuple[NDArray[Any], NDArray[Any]]:
    """(codes, feature numbers from 1) by GDAL, in the declared order: houses over water, small on top."""
    frame = geopandas.read_file(path)
    order = sorted(
        range(len(frame)), key=lambda i: (frame["class"][i] == "house", -frame.geometry[i].area)
    )
    options = {"out_shape": where.shape, "transform": where.transform, "fill": 0}
    code = {"house": 3, "water": 1}
    codes = rasterio.features.rasterize(
        ((frame.geometry[i], code[frame["class"][i]]) for i in order), dtype="uint8", **options
    )
    things = rasterio.features.rasterize(
        ((frame.geometry[i], i + 1 if frame["class"][i] == "house" else 0) for i in order),
        dtype="int32", **options,
    )  # fmt: skip
    return codes, things


def test_pixel_figures_are_those_of_scikit_learn(tmp_path: Path) -> None:
    paths = annotations(tmp_path)
    report, _ = compare(tmp_path, paths)
    a, b = (burned(path)[0].ravel() for path in paths)
    assert np.array_equal(report.confusion, metrics.confusion_matrix(a, b, labels=CODES))
    assert report.kappa == pytest.approx(metrics.cohen_kappa_score(a, b))
    assert report.accuracy == pytest.approx(metrics.accuracy_score(a, b))
    for code, entry in zip(CODES, report.classes, strict=True):
        one, two = a == code, b == code
        assert entry.overlap.iou == pytest.approx(metrics.jaccard_score(one, two))
        assert entry.overlap.precision == pytest.approx(metrics.precision_score(one, two))
        assert entry.overlap.recall == pytest.approx(metrics.recall_score(one, two))
        assert entry.overlap.f1 == pytest.approx(metrics.f1_score(one, two))
        assert entry.overlap.kappa == pytest.approx(metrics.cohen_kappa_score(one, two))


def edge_of(mask: NDArray[Any]) -> NDArray[Any]:
    return mask & ~scipy.ndimage.binary_erosion(mask, border_value=1)


@pytest.mark.parametrize("radius", [1, 2, 5])
def test_boundary_f_and_hausdorff_are_those_of_distance_transforms(
    tmp_path: Path, radius: int
) -> None:
    paths = annotations(tmp_path)
    report, _ = compare(tmp_path, paths, boundary_px=radius)
    masks = [burned(path)[0] for path in paths]
    for code, entry in zip(CODES, report.classes, strict=True):
        a, b = (edge_of(mask == code) for mask in masks)
        to_a, to_b = (scipy.ndimage.distance_transform_edt(~edge) for edge in (a, b))
        precision, recall = (to_a[b] <= radius).mean(), (to_b[a] <= radius).mean()
        assert entry.boundary_f == pytest.approx(2 * precision * recall / (precision + recall))
        expected = max(np.percentile(to_b[a], 95), np.percentile(to_a[b], 95))
        assert entry.hausdorff_95 == pytest.approx(expected)


def test_objects_are_matched_as_the_papers_say(tmp_path: Path) -> None:
    paths = annotations(tmp_path)
    report, _ = compare(tmp_path, paths)
    (_, one), (_, two) = (burned(path) for path in paths)
    a, b = sorted(set(one[one > 0].tolist())), sorted(set(two[two > 0].tolist()))
    iou = np.array(
        [[((one == i) & (two == j)).sum() / ((one == i) | (two == j)).sum() for j in b] for i in a]
    )
    house = next(entry for entry in report.classes if entry.name == "house")
    assert house.objects == (len(a), len(b))
    assert house.at is not None
    for threshold, row in house.at.items():
        n = int((iou >= float(threshold)).any(axis=1).sum())
        assert row["matched"] == n
        assert row["precision"] == pytest.approx(n / len(b), abs=1e-6)
        assert row["recall"] == pytest.approx(n / len(a), abs=1e-6)
        assert row["f1"] == pytest.approx(2 * n / (len(a) + len(b)), abs=1e-6)
    matched = iou[iou > 0.5]
    assert 0 < len(matched) < min(len(a), len(b))
    p = house.panoptic
    assert p is not None
    assert p.sq == pytest.approx(matched.mean())
    assert p.rq == pytest.approx(len(matched) / ((len(a) + len(b)) / 2))
    assert p.pq == pytest.approx(matched.sum() / ((len(a) + len(b)) / 2))
    water = next(entry for entry in report.classes if entry.name == "water")
    assert water.panoptic is not None
    assert water.overlap.iou is not None
    expected = water.overlap.iou if water.overlap.iou > 0.5 else 0.0
    assert water.panoptic.pq == pytest.approx(expected), "stuff is one segment"
    assert report.objects["pq"] == pytest.approx((p.pq + expected) / 2, abs=1e-6)


def test_blocks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = annotations(tmp_path, (1, 2, 3))
    whole, _ = compare(tmp_path, paths)
    monkeypatch.setattr("polychip.quality.agreement.subject.BLOCK_PX", 29)
    parts, _ = compare(tmp_path, paths)
    assert parts.to_dict() == whole.to_dict()
    assert whole.pixels == 120 * 150
    assert np.array_equal(parts.patterns, whole.patterns)


def test_only_what_both_looked_at_counts(tmp_path: Path) -> None:
    paths = annotations(tmp_path)
    boxes = [shapely.box(0, 0, 100, 120), shapely.box(40, 0, 150, 120)]
    extents = tuple(
        ExtentSource(
            path=write_labels(tmp_path / f"e{n}.gpkg", [from_pixels(WHERE, box)], WHERE.crs)
        )
        for n, box in enumerate(boxes)
    )
    report, _ = compare(tmp_path, paths, extents=extents)
    a, b = (burned(path)[0][:, 40:100].ravel() for path in paths)
    assert report.pixels == 60 * 120
    assert np.array_equal(report.confusion, metrics.confusion_matrix(a, b, labels=CODES))


def test_clouds_and_nodata_count_for_nobody(tmp_path: Path) -> None:
    pixels = np.full((1, *WHERE.shape), 5, dtype=np.uint8)
    pixels[:, :10] = 0
    write_raster(tmp_path / "scene.tif", WHERE, pixels, nodata=0)
    box, cloud = (
        from_pixels(WHERE, shapely.box(*b)) for b in ((20, 0, 60, 60), (50, 50, 150, 120))
    )
    one = write_labels(tmp_path / "one.gpkg", [box], WHERE.crs, **{"class": ["house"]})
    two = write_labels(
        tmp_path / "two.gpkg", [box, cloud], WHERE.crs, **{"class": ["house", "cloud"]}
    )
    report, _ = compare(tmp_path, [one, two])
    assert report.pixels == 110 * 150 - 100 * 70
    assert report.accuracy == 1.0
    [house] = [entry for entry in report.classes if entry.name == "house"]
    assert house.overlap.both_px == 50 * 40 - 10 * 10


def test_without_an_image_a_resolution_makes_the_grid(tmp_path: Path) -> None:
    paths = annotations(tmp_path)
    sources = tuple(LabelSource(path=path) for path in paths)
    report, subject = agree(Request(labels=sources, resolution=5.0, options=SCHEMA))
    g = subject.grid
    where = Place(WHERE.crs, g.transform, g.height, g.width)
    a, b = (burned(path, where)[0].ravel() for path in paths)
    assert np.array_equal(report.confusion, metrics.confusion_matrix(a, b, labels=CODES))
    with pytest.raises(InputError, match="give --image, or --resolution"):
        agree(Request(labels=sources, options=SCHEMA))


def test_krippendorffs_own_example() -> None:
    """Krippendorff 2011, section C: four observers, twelve units, nominal alpha 0.743."""
    rows = [
        "1  2  3  3  2  1  4  1  2  -  -  -",
        "1  2  3  3  2  2  4  1  2  5  -  3",
        "-  3  3  3  2  3  4  2  2  5  1  -",
        "1  2  3  3  2  4  4  1  2  5  1  -",
    ]
    values = np.array([[-1 if v == "-" else int(v) - 1 for v in row.split()] for row in rows]).T
    alpha = krippendorff_alpha(values, np.ones(12, dtype=np.int64), 5)
    assert alpha == pytest.approx(0.743, abs=0.0005)
    assert krippendorff_alpha(values, np.full(12, 7), 5) == pytest.approx(alpha, abs=0.02)


def test_a_majority_is_the_most_frequent_answer_and_support_its_share() -> None:
    patterns = np.array([[0, 0, 1], [2, 1, 0], [1, -1, 1], [-1, -1, -1], [-1, 2, -1], [1, 1, 1]])
    verdict = majority(patterns, 3, rank=np.array([2, 1, 0]))
    assert verdict.winner.tolist() == [0, 2, 1, -1, 2, 1], "a tie goes to the higher class"
    assert verdict.support.tolist() == pytest.approx([2 / 3, 1 / 3, 1, 0, 1, 1])


def test_staple_finds_out_who_can_be_trusted() -> None:
    rng = np.random.default_rng(4)
    truth = (rng.random(60_000) < 0.3).astype(np.int64)
    skill = [0.95, 0.9, 0.6, 0.6, 0.6]
    answers = np.column_stack(
        [np.where(rng.random(len(truth)) < s, truth, 1 - truth) for s in skill]
    )
    patterns, place_of, counts = np.unique(answers, axis=0, return_inverse=True, return_counts=True)
    rank = np.array([1, 0])
    by_staple = staple(patterns, counts, 2, rank)
    by_majority = majority(patterns, 2, rank)
    assert by_staple.skill is not None
    found = by_staple.skill[:, [0, 1], [0, 1]].mean(axis=1)
    assert found == pytest.approx(skill, abs=0.02)
    right = [(v.winner[place_of.ravel()] == truth).mean() for v in (by_staple, by_majority)]
    assert right[0] > right[1] + 0.02
    assert by_staple.support[place_of.ravel()].mean() == pytest.approx(right[0], abs=0.01), (
        "support is a chance"
    )


def test_the_consensus_follows_the_pixels_and_can_be_used_as_confidence(tmp_path: Path) -> None:
    paths = annotations(tmp_path, (1, 2, 3))
    write_raster(tmp_path / "scene.tif", WHERE)
    (tmp_path / "r.toml").write_text(
        '[[scenes]]\nname = "s"\nimage = "scene.tif"\nlabels = "a1.gpkg"\n'
        '[[schema.classes]]\nname = "house"\ncode = 3\n'
        '[[schema.classes]]\nname = "water"\ncode = 1\nthing = false\n[output]\npath = "out"\n'
    )
    run_cli(
        "agree", *paths, "--image", "scene.tif", "--schema", "r.toml", "--consensus", "majority",
        "-o", "o.gpkg", "--support", "s.tif", cwd=tmp_path,
    )  # fmt: skip
    stack = np.stack([burned(path)[0] for path in paths])
    votes = np.stack([(stack == code).sum(axis=0) for code in (3, 1, 0)])  # the first wins a tie
    winner = np.array([3, 1, 0])[votes.argmax(axis=0)]
    with rasterio.open(tmp_path / "s.tif") as file:
        classes, support = file.read()
        assert file.descriptions == ("class", "support")
    assert np.array_equal(classes, winner)
    assert np.allclose(support, votes.max(axis=0) / 3)
    frame = geopandas.read_file(tmp_path / "o.gpkg", layer="consensus")
    code = {"house": 3, "water": 1}
    again = rasterio.features.rasterize(
        ((shape, code[name]) for shape, name in zip(frame.geometry, frame["class"], strict=True)),
        out_shape=WHERE.shape, transform=WHERE.transform,
    )  # fmt: skip
    assert np.array_equal(again, winner)
    assert set(frame["confidence"].round(2)) <= {0.33, 0.67, 1.0}


def test_the_disagreement_layer_holds_just_the_pixels_that_differ(tmp_path: Path) -> None:
    paths = annotations(tmp_path)
    report, subject = compare(tmp_path, paths)
    from polychip.quality.agreement.layers import write_layers

    write_layers(tmp_path / "d.gpkg", report, subject, None)
    frame = geopandas.read_file(tmp_path / "d.gpkg", layer="disagreement")
    a, b = (burned(path)[0] for path in paths)
    again = rasterio.features.rasterize(
        frame.geometry, out_shape=WHERE.shape, transform=WHERE.transform
    )
    assert np.array_equal(again == 1, a != b)
    pixels = frame.groupby("kind")["pixels"].sum().to_dict()
    assert pixels == {
        "only_a": int(((a > 0) & (b == 0)).sum()), "only_b": int(((a == 0) & (b > 0)).sum()),
        "class_differs": int(((a > 0) & (b > 0) & (a != b)).sum()),
    }  # fmt: skip


def test_equal_labels_agree_wholly(tmp_path: Path) -> None:
    path = annotations(tmp_path)[0]
    report, subject = compare(tmp_path, [path, path])
    assert report.kappa == report.accuracy == report.alpha == 1.0
    assert all(entry.boundary_f == 1.0 and entry.hausdorff_95 == 0.0 for entry in report.classes)
    assert report.objects["pq"] == 1.0
    assert decide(report, subject, "staple").support.min() > 0.999


def test_json_matrix_and_errors_of_the_command(tmp_path: Path) -> None:
    paths = annotations(tmp_path)
    write_raster(tmp_path / "scene.tif", WHERE)
    done = run_cli(
        "agree", *paths, "--image", "scene.tif", "--matrix", "m.svg", "--json", cwd=tmp_path
    )
    document = json.loads(done.out)
    assert {"iou", "f1", "precision", "recall", "kappa"} <= document["classes"]["house"].keys()
    assert {"pq", "sq", "rq", "at"} <= document["objects"].keys()
    root = ElementTree.parse(tmp_path / "m.svg").getroot()  # noqa: S314 - our own file
    texts = ["".join(entry.itertext()) for entry in root.iter("{http://www.w3.org/2000/svg}text")]
    matrix = document["confusion"]["pixels"]
    assert [f"{n:,} px" for row in matrix for n in row] == [t for t in texts if t.endswith(" px")]
    done = run_cli("agree", paths[0], "--image", "scene.tif", cwd=tmp_path, code=1)
    assert "name two label files" in done.err
    done = run_cli(
        "agree", *paths, "--image", "scene.tif", "--support", "s.tif", cwd=tmp_path, code=1
    )
    assert "--consensus" in done.err


def test_packing_and_unpacking_answers_are_inverse() -> None:
    from collections import Counter

    rng = np.random.default_rng(0)
    index = rng.integers(-1, 4, (3, 500))
    packed = module.pack(index, 4)
    patterns, counts = module._unpacked(Counter(packed.tolist()), 4, 3)
    expected, n = np.unique(index.T, axis=0, return_counts=True)
    assert np.array_equal(patterns, expected)
    assert np.array_equal(counts, n)
