"""Finished trainings that nothing was trained for: their weights are made up."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from longtail.cluster.nodes.ledger import begin, finish, node_directory
from longtail.cluster.nodes.node import Node, stage_node
from longtail.cluster.nodes.trained_node import kept_facts
from longtail.config.variant import Variant
from longtail.training.checkpoints import TrainingState, save_checkpoint

MADE = {"versions": {}, "git": "unknown"}


def made_training(
    runs: Path,
    variant: Variant,
    weights: Mapping[str, Tensor],
    *,
    parent: Node | None = None,
    inputs: Mapping[str, str] | None = None,
    counts: tuple[int, ...] = (3, 1),
    facts: Mapping[str, Any] | None = None,
) -> Node:
    """Write the node of a variant's last stage.

    Args:
        runs: The runs folder.
        variant: What is said to be trained.
        weights: By name.
        parent: The stage before.
        inputs: Digests of files.
        counts: Images of each training category.
        facts: What `node.json` says besides the node.
    """
    number = len(variant.stages) - 1
    of = {"train": "a" * 64} if inputs is None else inputs
    node = stage_node(variant, number, "made", of, parent)
    directory = node_directory(runs, node)
    step = variant.stages[-1].schedule.iterations
    state = TrainingState(step, 1, 2, tuple(range(len(counts))), counts, counts, {})
    path = save_checkpoint(directory / "checkpoints", weights, {}, state)
    begin(directory, node, {**MADE, **(facts or kept_facts(variant, is_last=True))})
    finish(directory, path.iterdir(), {"iterations": step})
    return node
