"""xBD's folders, loaded by torchgeo's own dataset of them."""

from pathlib import Path

import numpy as np
from PIL import Image
from support import floods
from torchgeo.datasets import XView2

import polychip


def test_pairs_arrive_with_the_change_of_their_grades(tmp_path: Path) -> None:
    made = floods.before_after(tmp_path / "made")
    out = tmp_path / "out"
    polychip.convert(made, "xbd", out, stretch="0,100")
    for split in ("train", "test"):
        chips = XView2(str(out), split=split)
        assert len(chips) == len(list((out / split / "images").glob("*_pre_disaster.png"))) > 0
        for files, sample in zip(chips.files, chips, strict=True):
            before, after = (np.array(Image.open(files[f"mask{n}"])).astype(int) for n in (1, 2))
            assert np.array_equal(sample["mask"].numpy().squeeze(), (after - before).clip(0, 4))
            assert sample["image"].shape == (2, 3, floods.SIZE, floods.SIZE)
            picture = np.array(Image.open(files["image2"])).transpose(2, 0, 1)
            assert np.array_equal(sample["image"][1].numpy(), picture)
