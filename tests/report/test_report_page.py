"""report.html as a file: what it says, what it holds, and that it is the same each time."""

import io
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shapely.geometry import box
from support.browser import embedded
from support.commands import run_cli
from support.datasets import manifest, read_chip, rows
from support.workshop import Workshop

EVIL = "<script>alert(1)</script>\"'&</style>"


class Seen(HTMLParser):
    """Elements and texts as a parser that isn't ours sees them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def text_of(dataset: Path) -> str:
    return (dataset / "report.html").read_text(encoding="utf-8")


def data_of(text: str) -> dict[str, list[list[object]]]:
    found = re.search(r'<script type="application/json" id="chips-data">(.*?)</script>', text)
    assert found is not None
    return json.loads(found[1])


def build(
    workshop: Workshop,
    name: str = "dataset",
    *,
    classes: tuple[str, ...] = ("a", "b"),
    **tables: object,
) -> Path:
    shapes = [box(2, 2, 14, 14), box(20, 20, 40, 30)]
    labels = workshop.labels(shapes, **{"class": list(classes)})
    source = {"path": labels}
    return workshop.build(
        workshop.image(), source, out=name, schema={"class_field": "class"}, **tables
    )  # fmt: skip


def test_texts_of_users_never_become_markup(workshop: Workshop) -> None:
    text = text_of(build(workshop, classes=(EVIL, "b"), masks={"mode": "instance"}))
    seen = Seen(text)
    assert [tag for tag, _ in seen.tags].count("script") == 2, "the table's data and the page's own"
    assert [tag for tag, _ in seen.tags].count("style") == 1
    assert any(EVIL in words for words in seen.texts), "it is shown as it was written"
    titles = [title for title, _ in data_of(text)["columns"]]
    assert f"{EVIL}, px" in titles
    assert "<script>alert" not in text


def test_it_needs_no_other_file_and_no_network(sample: Path) -> None:
    seen = Seen(text_of(sample))
    for tag, attributes in seen.tags:
        for key in ("src", "href"):
            value = attributes.get(key)
            assert value is None or value.startswith(("data:", "#")), (tag, value)
    assert not re.search(r"url\(|@import|fetch\(|https?://(?!www\.w3\.org)", text_of(sample))


def test_ids_are_unique_and_links_lead_somewhere(sample: Path) -> None:
    seen = Seen(text_of(sample))
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [a["href"] for tag, a in seen.tags if tag == "a" and a.get("href")]
    assert {link[1:] for link in links if link} <= set(ids)


def test_the_same_dataset_gives_the_same_bytes(sample: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(sample, moved)
    (moved / "report.html").unlink()
    told = run_cli("report", "elsewhere", cwd=tmp_path).out
    assert re.fullmatch(r"elsewhere/report\.html: 50 chips, \d+ pictures, \S+ [kM]B\n", told)
    assert (moved / "report.html").read_bytes() == (sample / "report.html").read_bytes()
    assert str(sample) not in text_of(sample)


def test_the_digest_does_not_cover_it(workshop: Workshop) -> None:
    with_page = build(workshop)
    without = build(
        workshop,
        "other",
        output={"path": str(workshop.folder / "other"), "compress": "none", "report": False},
    )
    assert not (without / "report.html").exists()
    assert manifest(with_page)["digest"] == manifest(without)["digest"]


def test_masks_on_the_page_are_the_masks_of_the_files(workshop: Workshop) -> None:
    dataset = build(workshop, masks={"mode": "instance"})
    text = text_of(dataset)
    first = embedded(text, "png")[0]
    colours = np.asarray(Image.open(io.BytesIO(first)).convert("RGBA")).astype(int)
    entry = next(iter(data_of(text)["shown"]))
    [row] = [row for row in rows(dataset) if row["chip_id"] == entry[0]]
    mask = read_chip(dataset, row, "semantic")[0]
    schema = manifest(dataset)["schema"]
    for each in schema["classes"]:
        wanted = [int(each["color"][i : i + 2], 16) for i in (1, 3, 5)]
        here = (colours[..., :3] == wanted).all(axis=-1) & (colours[..., 3] == 255)
        assert np.array_equal(here, mask == each["code"]), each["name"]
    assert (colours[mask == 0][:, 3] == 0).all(), "background is clear"


def test_images_on_the_page_are_those_of_the_files(workshop: Workshop) -> None:
    ramp = np.add.outer(np.arange(64), 2 * np.arange(64)).astype(np.uint8)
    labels = workshop.labels([box(2, 2, 14, 14)])
    dataset = workshop.build(workshop.image(ramp[None]), {"path": labels, "class_name": "a"})
    text = text_of(dataset)
    picture = Image.open(io.BytesIO(embedded(text, "jpeg")[0]))
    assert picture.size == (16, 16)
    entry = data_of(text)["shown"][0]
    [row] = [row for row in rows(dataset) if row["chip_id"] == entry[0]]
    grey = read_chip(dataset, row, "image")[0].astype(float)
    assert np.abs(np.asarray(picture.convert("L")) - grey).max() < 12, "JPEG at a quality of 75"


def test_the_table_holds_every_chip(sample: Path) -> None:
    data = data_of(text_of(sample))
    names = [title for title, _ in data["columns"]]
    found = {(row[0], row[1]): dict(zip(names, row, strict=False)) for row in data["rows"]}
    assert len(found) == len(rows(sample)) == 50
    for row in rows(sample):
        told = found[row["chip_id"], row["scene"]]
        assert told["split"] == row["split"]
        assert told["objects"] == row["n_instances"]
        assert told["flood_water, px"] == row["px_1"]
        assert told["looked at"] == pytest.approx(row["labelled_fraction"], abs=6e-5)


def test_warnings_skips_and_reasons_are_told(workshop: Workshop) -> None:
    dataset = build(workshop, chips={"size": 16, "negatives": 0.0})
    words = " ".join(Seen(text_of(dataset)).texts)
    assert "no extent given" in words
    [(why, n)] = manifest(dataset)["counts"]["skipped"].items()
    assert f"{why} {n}" in " ".join(words.split())
    whole = " ".join(Seen(text_of(build(workshop, "whole"))).texts)
    assert "No chip was left out." in whole


def test_quality_results_come_onto_the_page(sample: Path, tmp_path: Path) -> None:
    verdict = run_cli("verify", sample, "--json", cwd=tmp_path).out
    (tmp_path / "verdict.json").write_text(verdict)
    problems = {
        "problems": [
            {
                "check": "sliver",
                "severity": "warning",
                "source_fid": "D-8",
                "message": "thin & long",
            }
        ]
    }
    (tmp_path / "problems.json").write_text(json.dumps(problems))
    run_cli(
        "report",
        sample,
        "-o",
        "page.html",
        "--quality",
        "verdict.json",
        "--quality",
        "problems.json",
        cwd=tmp_path,
    )
    words = Seen((tmp_path / "page.html").read_text(encoding="utf-8")).texts
    for check in json.loads(verdict)["checks"]:
        assert check["message"] in words
    assert {"sliver", "warning", "D-8", "thin & long"} <= set(words)


def test_what_is_no_result_is_refused(sample: Path, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"chips": 3}')
    (tmp_path / "broken.json").write_text('{"checks": ')
    for name, words in (
        ("other", "no result of verify"),
        ("broken", "can't be read as JSON"),
        ("none", "can't be read"),
    ):
        error = run_cli(
            "report", sample, "-o", "x.html", "--quality", f"{name}.json", cwd=tmp_path, code=1
        ).err
        assert words in error
        assert f"{name}.json" in error
    assert not (tmp_path / "x.html").exists()
    assert "no dataset here" in run_cli("report", "nowhere", cwd=tmp_path, code=1).err


def test_the_map_draws_each_chip_and_what_was_looked_at(workshop: Workshop) -> None:
    looked = workshop.labels([box(0, 0, 24, 64)], name="extent.gpkg", layer="extent")
    dataset = build(workshop, scene={"extent": looked})
    text = text_of(dataset)
    paths = re.findall(r'<path d="([^"]*)"', text)
    seen, outlines = paths[0], paths[1]
    assert outlines.count("M") == 16
    rings = [
        np.array([pair.split() for pair in ring.strip("z").split("L")], dtype=float)
        for ring in seen.split("M")[1:]
    ]
    area = sum(np.prod(ring.max(axis=0) - ring.min(axis=0)) for ring in rings)
    assert area / 1000**2 == pytest.approx(24 / 64, abs=0.002), "of a map 1000 wide"
    assert max(ring[:, 0].max() for ring in rings) == pytest.approx(1000 * 24 / 64, abs=0.2)


def test_a_dataset_without_images_and_sources_still_has_masks(workshop: Workshop) -> None:
    path = str(workshop.folder / "bare")
    bare = build(workshop, "bare", output={"path": path, "images": "none"})
    assert len(embedded(text_of(bare), "jpeg")) > 0
    (workshop.folder / "image.tif").unlink()
    run_cli("report", "bare", cwd=workshop.folder)
    text = text_of(bare)
    assert embedded(text, "jpeg") == []
    assert len(embedded(text, "png")) > 0
    assert "its sources are not where recipe.toml has them" in text


def test_a_semantic_dataset_and_one_without_bands_have_their_page(workshop: Workshop) -> None:
    text = text_of(build(workshop))
    assert "A semantic dataset tells no objects apart" in text
    assert "objects" not in [title for title, _ in data_of(text)["columns"]]


def test_an_export_can_leave_it_away(tmp_path: Path, workshop: Workshop) -> None:
    image = workshop.image()
    labels = workshop.labels([box(2, 2, 14, 14)])
    common = ("export", image, "--labels", labels, "--size", "16")
    out = run_cli(*common, "-o", "with", cwd=tmp_path).out
    assert (tmp_path / "with" / "report.html").exists()
    assert "with/report.html" in out
    out = run_cli(*common, "-o", "without", "--no-report", cwd=tmp_path).out
    assert not (tmp_path / "without" / "report.html").exists()
    assert "report.html" not in out
    assert "report = false" in (tmp_path / "without" / "recipe.toml").read_text()
    run_cli(*common, "-o", "with", "--no-report", "--overwrite", cwd=tmp_path)
    assert not (tmp_path / "with" / "report.html").exists()


def test_histogram_columns_double(workshop: Workshop) -> None:
    text = text_of(build(workshop, masks={"mode": "instance"}))
    # box a: 12 × 12 px in one chip of 16; b: 20 × 10 cut by chips into 12·10 and 8·10
    assert "64 to 127 px: 2" in text
    assert "128 to 255 px: 1" in text
