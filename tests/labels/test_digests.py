"""Digests of labels: one changed letter or number changes those of its own features, and no others."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polychip.burn.edges import flat_edges, index_edges
from polychip.labels.digests import label_traces
from polychip.labels.labelset import LabelSet, Objects
from polychip.labels.mapped_texts import flat_texts

TEXTS = ("namespace", "instance_id", "source_fid")
NUMBERS = ("code", "n_features", "area_px")
SQUARE = np.array([[0, 0, 4, 0], [4, 0, 4, 4], [4, 4, 0, 4], [0, 4, 0, 0]], dtype=float)


def label_set(texts: list[str]) -> LabelSet:
    """Two squares for each object, side by side; all of its texts are the same one."""
    n = len(texts)
    points = np.concatenate([SQUARE + np.array([10 * i, 0, 10 * i, 0]) for i in range(2 * n)])
    flat = flat_edges(points, np.full(2 * n, 4), all_edges=True)
    ones = np.ones(n, dtype=np.int64)
    return LabelSet(
        edges=index_edges(flat, np.arange(2 * n)),
        codes=np.ones(2 * n, dtype=np.int64),
        object_of=np.arange(2 * n) // 2,
        burns=np.ones(2 * n, dtype=bool),
        objects=Objects(texts, list(texts), list(texts), ones, 2 * ones, 32 * ones),
        fids=[],
    )


def changed_features(old: LabelSet, new: LabelSet) -> list[int]:
    """Features whose digests differ."""
    different = label_traces(old).digest != label_traces(new).digest
    return np.flatnonzero(different.any(axis=1)).tolist()


LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=60)
@given(st.lists(LETTERS, min_size=2, max_size=5), st.data())
def test_another_text_changes_the_features_of_its_object(
    texts: list[str], data: st.DataObject
) -> None:
    labels = label_set(texts)
    which = data.draw(st.integers(0, len(texts) - 1))
    other = data.draw(LETTERS.filter(lambda text: text != texts[which]))
    for name in TEXTS:
        edited = [*texts[:which], other, *texts[which + 1 :]]
        new = replace(labels, objects=replace(labels.objects, **{name: edited}))
        assert changed_features(labels, new) == [2 * which, 2 * which + 1]


@pytest.mark.parametrize("name", NUMBERS)
def test_another_number_changes_the_features_of_its_object(name: str) -> None:
    labels = label_set(["a", "b", "c"])
    values = getattr(labels.objects, name).copy()
    values[1] += 1
    new = replace(labels, objects=replace(labels.objects, **{name: values}))
    assert changed_features(labels, new) == [2, 3]


def test_the_same_letters_in_other_columns_are_another_object() -> None:
    labels = label_set(["a", "b"])
    turned = replace(labels.objects, namespace=["x", "b"], source_fid=["a", "b"])
    back = replace(labels.objects, namespace=["a", "b"], source_fid=["x", "b"])
    assert changed_features(replace(labels, objects=turned), replace(labels, objects=back)) == [
        0,
        1,
    ]


@pytest.mark.parametrize(
    "pair", [("ab", "ba"), ("a", "a\0"), ("", "\0"), ("aa", "a"), ("\u00e9", "e\u0301")]
)
def test_texts_that_look_alike_differ(pair: tuple[str, str]) -> None:
    first, second = (label_set([text, "z"]) for text in pair)
    assert changed_features(first, second) == [0, 1]


def test_mapped_texts_and_lists_give_the_same_digests_in_many_lots() -> None:
    texts = [f"feature {i}" * (i % 3) for i in range(20_000)]
    labels = label_set(texts)
    mapped = {name: flat_texts(texts) for name in TEXTS}
    same = replace(labels, objects=replace(labels.objects, **mapped))
    assert changed_features(labels, same) == []
    edited = [*texts[:-1], "last"]
    new = replace(labels, objects=replace(labels.objects, source_fid=edited))
    assert changed_features(labels, new) == [39_998, 39_999]
