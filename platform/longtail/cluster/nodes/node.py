"""A node: one unit of work whose identity says exactly what it computes.

Two rows of a grid that need the same node share it, and a later grid finds it finished.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from longtail.cluster.nodes.other_files import roles_of, with_roles
from longtail.config.base import fingerprint
from longtail.config.variant import Inference, Variant

Kind = Literal["stage", "pseudo_labels", "predictions", "evaluation"]


@dataclass(frozen=True)
class Node:
    """What is computed, from what.

    Attributes:
        kind: Which work it is.
        label: How people call it; not part of its identity.
        config: The resolved configuration as a JSON tree.
        inputs: Digests of input files and ids of the nodes it starts from, by role.
        seed: Seed of everything random in it.
        parents: The nodes that must be finished first.
    """

    kind: Kind
    label: str
    config: Mapping[str, Any]
    inputs: Mapping[str, str]
    seed: int
    parents: tuple["Node", ...] = field(default=(), repr=False)

    @property
    def id(self) -> str:
        """`<kind>-<12 hex digits>`: the hash of kind, configuration, inputs and seed."""
        identity = {"config": self.config, "inputs": dict(self.inputs), "seed": self.seed}
        return f"{self.kind}-{fingerprint({'kind': self.kind, **identity})}"


def stage_node(
    variant: Variant,
    number: int,
    label: str,
    inputs: Mapping[str, str],
    parent: Node | None,
    *,
    exhaustive: bool = False,
    also: Mapping[str, str] | None = None,
    pseudo_labels: Sequence[Node] = (),
) -> Node:
    """The node that trains stage `number`: its identity is the chain of stages up to it.

    Test-time settings and later stages are left out, so variants that differ only there share it.

    Args:
        variant: The whole variant.
        number: Index of the stage, from 0.
        label: Name of the row that asked first.
        inputs: Digests of the training annotations and of files the weights start from.
        parent: The node of the stage before; None for stage 0.
        exhaustive: Every category is labelled in every image, which only classifiers that read
            verified categories learn from.
        also: What identifies each other file that the stages name, by name.
        pseudo_labels: The nodes that make what the stage learns from besides; the configuration
            and the inputs say what they are.
    """
    learned = variant.stages[: number + 1]
    roles = roles_of(learned)
    inputs = {**inputs, **{role: (also or {})[name] for name, role in roles.items()}}
    if exhaustive and any(stage.classifier.reads_verified for stage in learned):
        inputs = {**inputs, "labels": "exhaustive"}
    tree = variant.named_tree()
    config = {
        "detector": tree["detector"],
        "data": tree["data"],
        "stages": with_roles(tree["stages"][: number + 1], roles),
    }
    name = label if len(variant.stages) == 1 else f"{label} stage {number}"
    parents = () if parent is None else (parent, *pseudo_labels)
    return Node("stage", f"{name} training", config, inputs, variant.seed, parents)


def predictions_node(inference: Inference, label: str, images: str, stage: Node) -> Node:
    """The node that predicts an image set with the weights of `stage`.

    Where it unites views of the images, each of those is predicted by a node of its own, and the
    view that is a plain prediction is the node of that. Those nodes are its parents after `stage`.

    Args:
        inference: Test-time settings.
        label: Name of the row that asked first.
        images: Digest of the annotation file that lists the images.
        stage: The last stage of the chain.
    """
    views = tuple(
        predictions_node(view, f"{label}, {_seen_as(view)},", images, stage)
        for view in inference.views()
    )
    inputs = {"stage": stage.id, "images": images}
    inputs |= {f"view {number}": view.id for number, view in enumerate(views)}
    config = {"inference": inference.identity()}
    parents = (stage, *views)
    return Node("predictions", f"{label} predictions", config, inputs, stage.seed, parents)


def _seen_as(view: Inference) -> str:
    return f"{view.short_side} flipped" if view.flip else f"{view.short_side}"


def result_node(label: str, digest: str, images: str, options: Mapping[str, Any]) -> Node:
    """The node that makes a prediction set of a finished result of any program.

    Args:
        label: Name of the row.
        digest: Of the result's files.
        images: Digest of the annotation file that lists the images.
        options: What else decides about the set, such as the categories it is written in.
    """
    inputs = {"result": digest, "images": images}
    return Node("predictions", f"{label} predictions", {"import": dict(options)}, inputs, seed=0)


def evaluation_node(
    label: str,
    annotations: str,
    predictions: Node,
    resamples: int = 1000,
    max_dets: int = 300,
    *,
    exhaustive: bool = False,
) -> Node:
    """The node that evaluates a prediction set: a row of the result table.

    Args:
        label: Name of the row.
        annotations: Digest of the annotation file.
        predictions: The prediction set.
        resamples: Resamples of the images for intervals; 0 keeps neither intervals nor matches.
        max_dets: Detections counted per image.
        exhaustive: Every category is labelled in every image.
    """
    inputs = {"predictions": predictions.id, "annotations": annotations}
    config: dict[str, Any] = {"max_dets": max_dets, "resamples": resamples}
    if exhaustive:
        # Only then, so that other evaluations keep the identity they had without this setting.
        config["exhaustive"] = True
    return Node("evaluation", label, config, inputs, predictions.seed, (predictions,))
