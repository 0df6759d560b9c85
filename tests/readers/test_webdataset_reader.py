"""WebDataset shards, loaded by webdataset with the decoder that the README shows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import webdataset
from support.conversions import readme_snippet
from support.truth import truths


@pytest.mark.parametrize("options", [{}, {"chips": "1"}])
def test_every_array_comes_back_through_the_readmes_decoder(
    traps_dataset: Path, converted: Callable[..., Path], options: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    folder = converted("webdataset", **options)
    monkeypatch.chdir(folder)
    shown: dict[str, object] = {}
    exec(readme_snippet(folder), shown)  # noqa: S102
    known = {t.stem: t for t in truths(traps_dataset)}
    for split in ("train", "val", "test"):
        shards = sorted(str(p) for p in folder.glob(f"{split}-*.tar"))
        for sample in webdataset.WebDataset(shards, shardshuffle=False).decode(shown["decode"]):
            truth = known.pop(Path(sample["__key__"]).name)
            assert truth.split == split
            assert np.array_equal(sample["image.tif"], truth.image)
            assert np.array_equal(sample["semantic.png"], truth.semantic)
            assert np.array_equal(sample["instance.png"], truth.instance)
            assert len(sample["json"]["objects"]) == len(truth.objects)
    assert not known
