"""Which settings make other predictions: soft masks that are kept, and not the number of pairs
that enter suppression at a time."""

import pytest

from longtail.cluster.nodes.node import predictions_node, stage_node
from longtail.config.variant import Inference, Variant


def node_id(inference: Inference) -> str:
    stage = stage_node(Variant(), 0, "a", {"train": "0" * 64}, None)
    return predictions_node(inference, "a", "b" * 64, stage).id


def test_predictions_without_soft_masks_keep_the_identity_they_had() -> None:
    inference = Inference()
    assert "keep_soft_masks" not in inference.identity()
    left_out = {"keep_soft_masks", "nms_candidates", *Inference.later}
    assert inference.identity() == inference.model_dump(mode="json", exclude=left_out)


def test_predictions_with_soft_masks_are_others() -> None:
    soft = Inference(keep_soft_masks=True)
    assert soft.identity()["keep_soft_masks"] is True
    assert node_id(soft) != node_id(Inference())


def test_soft_masks_can_be_asked_for_by_path() -> None:
    assert Variant().override({"inference.keep_soft_masks": True}).inference.keep_soft_masks


def test_candidates_of_suppression_change_no_identity() -> None:
    few = Inference(nms_candidates=100)
    assert node_id(few) == node_id(Inference())
    assert Variant(inference=few).identity() == Variant().identity()
    assert "nms_candidates" not in Variant().identity()["inference"]


def test_no_candidates_at_all_are_refused() -> None:
    with pytest.raises(ValueError, match="nms_candidates"):
        Variant().override({"nms_candidates": 0})
