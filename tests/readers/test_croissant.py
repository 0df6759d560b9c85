"""The Croissant description, read by mlcroissant."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlcroissant
import pytest
from support import traps
from support.rasters import place
from support.truth import truths


@pytest.fixture
def described(converted: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The traps in Croissant."""
    monkeypatch.chdir(converted("croissant"))
    return mlcroissant.Dataset("croissant.json")


def records(described: Any, name: str) -> list[dict[str, Any]]:
    """Records by plain field names, texts as texts."""
    return [
        {
            key.partition("/")[2]: value.decode() if isinstance(value, bytes) else value
            for key, value in record.items()
        }
        for record in described.records(name)
    ]


def test_the_description_has_no_errors(described: Any) -> None:
    assert not described.metadata.issues.errors


def test_records_are_the_index_and_their_checksums_hold(
    described: Any, traps_dataset: Path, converted: Callable[..., Path]
) -> None:
    found = records(described, "chips")
    known = list(truths(traps_dataset))
    assert [record["id"] for record in found] == [truth.stem for truth in known]
    for record, truth in zip(found, known, strict=True):
        assert record["split"] == truth.split
        assert record["crs"] == place().crs
        assert str(record["date"])[:10] == traps.DATE
        assert (record["width"], record["height"]) == (traps.SIZE, traps.SIZE)
        assert record["n_instances"] == len([o for o in truth.objects if o["local_id"]])
        for code in (0, 1, 2, 3, 5, 255):
            assert record[f"px_{code}"] == (truth.semantic == code).sum()
        for kind in ("image", "semantic", "instance"):
            data = (converted("croissant") / record[kind]).read_bytes()
            assert data == (traps_dataset / truth.row["files"][kind]).read_bytes()
            assert record[f"{kind}_sha256"] == hashlib.sha256(data).hexdigest()


def test_classes_and_splits_are_records_too(described: Any) -> None:
    classes = {record["code"]: record["name"] for record in records(described, "classes")}
    assert classes == {0: "background", **traps.NAMES, 255: "ignore"}
    assert [record["name"] for record in records(described, "splits")] == ["train", "val", "test"]


def test_globs_name_all_files_and_no_others(converted: Callable[..., Path]) -> None:
    folder = converted("croissant")
    told = json.loads((folder / "croissant.json").read_text("utf-8"))
    globs = [entry["includes"] for entry in told["distribution"] if "includes" in entry]
    assert len(globs) == 3
    paths = [path.relative_to(folder) for path in folder.rglob("*.tif")]
    for path in paths:
        assert len([glob for glob in globs if path.match(glob) or _under(path, glob)]) == 1


def _under(path: Path, glob: str) -> bool:
    return path.as_posix().startswith(glob.partition("*")[0])


def test_a_changed_table_is_refused(
    converted: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(converted("croissant"), tmp_path / "changed")
    path = folder / "chips.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    monkeypatch.chdir(folder)
    with pytest.raises(mlcroissant.GenerationError, match=r"Download\(table\)") as refused:
        list(mlcroissant.Dataset("croissant.json").records("chips"))
    assert "not identical" in str(refused.value.__cause__)


def test_what_the_user_says_silences_every_warning(
    traps_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import polychip

    said = {"license": "CC-BY-4.0", "url": "https://example.org", "creator": "A. Body",
            "published": "2024-12-01", "cite": "A. Body 2024"}  # fmt: skip
    polychip.convert(traps_dataset, "croissant", tmp_path / "out", **said)
    monkeypatch.chdir(tmp_path / "out")
    issues = mlcroissant.Dataset("croissant.json").metadata.issues
    assert (list(issues.errors), list(issues.warnings)) == ([], [])
