"""How much work a node is, and what decides how fast it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from longtail.cluster.nodes.node import Kind, Node
from longtail.cluster.nodes.trained_node import INFERENCE, SOUP
from longtail.config.base import fingerprint
from longtail.config.detector import Detector
from longtail.config.stages import Stage
from longtail.config.variant import Inference


@dataclass(frozen=True)
class Likeness:
    """What a node's pace depends on, beside the machine.

    Attributes:
        kind: "stage" or "predictions".
        detector: Names the network; where its weights start from is no part of it.
        frozen: Parts that do not learn; none of predictions.
        settings: Names the transforms of a training, or the test-time settings.
    """

    kind: Kind
    detector: str
    frozen: frozenset[str]
    settings: str


def images_of(node: Node, num_images: Mapping[str, int]) -> int:
    """The images that a node goes through: 0 of evaluations, imports and averages of trainings.

    Args:
        node: Of a plan.
        num_images: Of the files whose images are predicted, by what nodes call them.
    """
    if node.kind == "stage":
        return stage_images(node)
    if node.kind == "predictions" and INFERENCE in node.config:
        looks = num_looks(Inference.model_validate(node.config[INFERENCE]))
        return looks * num_images[node.inputs["images"]]
    if node.kind == "pseudo_labels":
        return num_images[node.inputs["images"]]
    return 0


def stage_images(node: Node) -> int:
    """The images that a training goes through: 0 of averages."""
    if SOUP in node.config:
        return 0
    schedule = stage_of(node.config).schedule
    return schedule.iterations * schedule.images_per_step


def num_looks(inference: Inference) -> int:
    """How often the network looks at an image: not at all where finished views are united."""
    tta = inference.tta
    if tta is None:
        return 1
    return 0 if tta.is_union and tta.masks == "own" else tta.num_views


def likeness_of(kind: Kind, config: Mapping[str, Any], trained: Mapping[str, Any]) -> Likeness:
    """What the pace of a node depends on.

    Args:
        kind: Of the node: "stage", "predictions" or "pseudo_labels".
        config: Of the node.
        trained: Configuration of the training: the node itself, or the one that predicts.
    """
    detector = Detector.model_validate(trained["detector"]).without_weights().fingerprint()
    if kind == "predictions":
        return Likeness(kind, detector, frozenset(), fingerprint(config[INFERENCE]))
    if kind == "pseudo_labels":
        return Likeness("predictions", detector, frozenset(), fingerprint(config[kind]))
    stage = stage_of(config)
    transforms = [item.named_tree() for item in stage.augmentations]
    return Likeness(kind, detector, frozenset(stage.freeze), fingerprint(transforms))


def likeness(node: Node) -> Likeness:
    """The same of a node of a plan that goes through images."""
    trained = node if node.kind == "stage" else node.parents[0]
    return likeness_of(node.kind, node.config, trained.config)


def stage_of(config: Mapping[str, Any]) -> Stage:
    """The stage that a training node trains."""
    return Stage.model_validate(config["stages"][-1])
