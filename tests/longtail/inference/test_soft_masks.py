"""Keeping soft masks makes other predictions; not keeping them is what it always was."""

from longtail.cluster.node import predictions_node, stage_node
from longtail.config.variant import Inference, Variant


def node_id(inference: Inference) -> str:
    stage = stage_node(Variant(), 0, "a", {"train": "0" * 64}, None)
    return predictions_node(inference, "a", "b" * 64, stage).id


def test_predictions_without_soft_masks_keep_the_identity_they_had() -> None:
    inference = Inference()
    assert "keep_soft_masks" not in inference.identity()
    assert inference.identity() == inference.model_dump(mode="json", exclude={"keep_soft_masks"})


def test_predictions_with_soft_masks_are_others() -> None:
    soft = Inference(keep_soft_masks=True)
    assert soft.identity()["keep_soft_masks"] is True
    assert node_id(soft) != node_id(Inference())


def test_soft_masks_can_be_asked_for_by_path() -> None:
    assert Variant().override({"inference.keep_soft_masks": True}).inference.keep_soft_masks
