"""The node that makes pseudo-labels: what a trained stage finds in pictures, as an LVIS file."""

from collections.abc import Mapping
from pathlib import Path

from longtail.cluster.nodes.node import Node
from longtail.config.other_data.pseudo_labels import AnyPseudoLabels, LearnedPseudoLabels

FILE = "pseudo_labels.json"
"""In the directory of the node."""
CONTENT = (
    "name",
    "short_side",
    "long_side_cap",
    "min_score",
    "max_iou",
    "needs_rare",
    "masks",
)
"""The settings that decide what is in the file; the others say how it is learned from."""


def pseudo_labels_node(
    labels: AnyPseudoLabels, label: str, teacher: Node, train: str, also: Mapping[str, str]
) -> Node:
    """The node of one kind of pseudo-labels of a stage.

    Args:
        labels: Which ones.
        label: Name of the row that asked first.
        teacher: The training of the stage before.
        train: Digest of the training file.
        also: What identifies each other file, by name.
    """
    tree = labels.named_tree()
    config = {"pseudo_labels": {field: tree[field] for field in CONTENT if field in tree}}
    is_learned = isinstance(labels, LearnedPseudoLabels)
    images = also[labels.file] if isinstance(labels, LearnedPseudoLabels) else train
    inputs = {"stage": teacher.id, "train": train, "images": images}
    what = "pseudo-labels" if is_learned else "pseudo-labels to ignore"
    return Node("pseudo_labels", f"{label} {what}", config, inputs, teacher.seed, (teacher,))


def pseudo_labels_path(directory: Path) -> Path:
    """The file in the directory of the node."""
    return directory / FILE
