"""The trainings that are averaged: finished ones of a runs folder, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from longtail.cluster.nodes.ledger import node_directory, read_result
from longtail.cluster.nodes.trained_node import TrainedNode
from longtail.cluster.trained import find_trained_node
from longtail.problems import BadInputError
from longtail.training.checkpoints import Checkpoint, final_checkpoint


@dataclass(frozen=True)
class Ingredient:
    """A finished training.

    Attributes:
        trained: What was trained.
        checkpoint: Its last one.
    """

    trained: TrainedNode
    checkpoint: Checkpoint

    @property
    def id(self) -> str:
        """Of its node."""
        return self.trained.node.id


def find_ingredients(words: Sequence[str], runs: Path) -> list[Ingredient]:
    """Find trainings by the ids of their nodes, or by the paths of their folders or rows.

    Args:
        words: Two or more, in any order.
        runs: The runs folder.

    Returns:
        Ordered by id: what is made of them must not depend on the order in which they are named.

    Raises:
        ValueError: One alone, one twice, or an average.
        BadInputError: One is not there, not finished, or damaged.
    """
    found = [find_trained_node(word, runs) for word in words]
    ids = [of.node.id for of in found]
    for word, of in zip(words, found, strict=True):
        if ids.count(of.node.id) > 1:
            raise ValueError(f"{word}: {of.node.id} is named twice; name each training once")
        if of.ingredients:
            raise ValueError(
                f"{word}: is an average itself; name its ingredients, {', '.join(of.ingredients)}"
            )
    if len(found) < 2:
        raise ValueError(f"{' '.join(words)}: one training has no average; name two or more")
    return [_opened(of, runs) for of in sorted(found, key=lambda of: of.node.id)]


def _opened(trained: TrainedNode, runs: Path) -> Ingredient:
    directory = node_directory(runs, trained.node)
    if read_result(directory) is None:
        raise BadInputError(
            f"{directory}: the training is not finished, or a file of it is damaged; run its grid"
            " again, or leave it out"
        )
    iterations = trained.variant.stages[-1].schedule.iterations
    return Ingredient(trained, Checkpoint(final_checkpoint(directory, iterations)))
