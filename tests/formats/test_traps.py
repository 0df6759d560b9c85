"""The dataset of traps holds what it says, so that the formats' tests test it."""

from pathlib import Path

from support.datasets import manifest
from support.truth import truths


def test_the_traps_are_there(dataset: Path) -> None:
    chips = {(t.row["row"], t.row["col"]): t for t in truths(dataset)}
    names = {place: [o["instance_id"] for o in t.objects] for place, t in chips.items()}
    assert names[0, 0] == ["ring"]
    assert sorted(names[0, 1]) == ["left", "right"]
    assert names[1, 0] == []
    assert names[1, 1] == names[1, 2] == ["long"]
    by_name = {o["instance_id"]: o for t in chips.values() for o in t.objects}
    assert by_name["below"]["local_id"] == 0
    assert 0 < by_name["half"]["visible_px"] < by_name["half"]["area_px"]
    assert by_name["ring"]["area_px"] == 20 * 20 - 8 * 6
    assert by_name["left"]["local_id"] != by_name["right"]["local_id"]
    assert {t.split for t in chips.values()} == {"train", "val", "test"}
    codes = {int(code) for t in chips.values() for code in set(t.semantic.ravel().tolist())}
    assert codes == {0, 1, 2, 3, 5, 255}
    assert manifest(dataset)["mode"] == "panoptic"
