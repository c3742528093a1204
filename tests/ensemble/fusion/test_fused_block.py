"""Clusters of the members that have masks."""

import numpy as np

from ensemble.fusion.clusters import Clusters
from ensemble.fusion.fused_block import with_masks_only


def clusters() -> Clusters:
    return Clusters(
        best=np.array([4, 1, 2]),
        boxes=np.arange(12.0).reshape(3, 4),
        scores=np.array([0.9, 0.5, 0.2]),
        members=np.array([4, 0, 3, 1, 2, 5]),
        member_starts=np.array([0, 3, 4, 6]),
    )


def test_where_all_have_masks_nothing_changes() -> None:
    whole = clusters()
    found, kept = with_masks_only(whole, np.ones(6, np.bool_))
    assert found is whole and kept.tolist() == [0, 1, 2]


def test_the_best_member_with_a_mask_takes_the_lead() -> None:
    has_mask = np.array([True, False, True, True, False, True])
    found, kept = with_masks_only(clusters(), has_mask)
    assert kept.tolist() == [0, 2]
    assert found.best.tolist() == [0, 2]
    assert found.members.tolist() == [0, 3, 2, 5]
    assert found.member_starts.tolist() == [0, 2, 4]
    assert found.scores.tolist() == [0.9, 0.2]
    assert found.boxes.tolist() == [[0, 1, 2, 3], [8, 9, 10, 11]]


def test_without_any_mask_no_cluster_is_left() -> None:
    found, kept = with_masks_only(clusters(), np.zeros(6, np.bool_))
    assert len(kept) == 0 and len(found.best) == 0 and found.member_starts.tolist() == [0]
