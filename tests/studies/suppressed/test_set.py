"""The data set of the study of a suppressed tail."""

import json
from collections import Counter
from pathlib import Path

import numpy as np

from docs.studies.suppressed.looks import FILLS, KNOTS, image_counts, looks, mark_is_common, parents
from docs.studies.suppressed.set import Painted, write_suppressed_set
from longtail.data.lvis.annotations import open_annotations
from longtail.data.synthetic.textures import fill


def test_there_are_thirty_shapes_and_nine_marks_of_each() -> None:
    assert len({look.name for look in looks()}) == max(KNOTS) == len(parents()) * (len(FILLS) + 1)
    assert all(look.fill == "plain" for look in looks()[: len(parents())])


def test_every_mark_is_common_on_ten_shapes_and_three_are_on_every_shape() -> None:
    common = np.array([[mark_is_common(p, m) for m in range(9)] for p in range(30)])
    assert (common.sum(axis=0) == 10).all() and (common.sum(axis=1) == 3).all()
    fills = Counter(look.fill for look in looks()[30:120])
    assert set(fills) == set(FILLS) and set(fills.values()) == {10}


def test_frequencies_fall_through_the_knots_and_make_lvis_groups() -> None:
    counts = image_counts()
    assert {rank: counts[rank - 1] for rank in KNOTS} == KNOTS
    assert (np.diff(counts) <= 0).all()
    groups = (counts > 100).sum(), ((counts > 10) & (counts <= 100)).sum(), (counts <= 10).sum()
    assert groups == (30, 90, 180)


def test_a_mark_changes_a_part_of_the_shape() -> None:
    v, u = np.mgrid[-1:1:41j, -1:1:41j]
    disc = np.hypot(u, v) < 0.9
    plain = fill("plain", "blue", u, v, np.random.default_rng(0))
    for name in FILLS:
        marked = fill(name, "blue", u, v, np.random.default_rng(0))
        changed = np.any(marked != plain, axis=2)[disc].mean()
        assert 0.08 < changed < 0.5, name


def test_the_same_parameters_give_the_same_files_and_training_can_read_them(tmp_path: Path) -> None:
    small = Painted(images=24, val_images=8, side=64, seed=1)
    first = write_suppressed_set(tmp_path / "a", small)
    again = write_suppressed_set(tmp_path / "b", small)
    for one, other in zip(first[:2], again[:2], strict=True):
        assert one.read_bytes() == other.read_bytes()
    annotations = open_annotations(first[0])
    assert annotations.num_images == 24 and len(annotations.categories) == 300
    shown = json.loads(first[0].read_text())
    assert all(image["neg_category_ids"] for image in shown["images"])
