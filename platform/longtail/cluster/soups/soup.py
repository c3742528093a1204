"""A soup: finished trainings averaged into a node that grids and exports can name.

The node is of the kind `stage`, named by its ingredients: their configuration, and their ids in
order. It has a checkpoint of the weights and no journal: nothing was trained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from longtail.cluster.nodes.ledger import begin, finish, node_directory, read_result
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.trained_node import DECLARED, SOUP, kept_facts
from longtail.cluster.soups.agreement import check_alike
from longtail.cluster.soups.ingredients import Ingredient
from longtail.cluster.soups.mean import mean_weights
from longtail.files import new_directory, set_aside
from longtail.training.checkpoints import save_checkpoint


@dataclass(frozen=True)
class Soup:
    """An average that is not written yet.

    Attributes:
        ingredients: Ordered by id; the first gives the configuration, test-time settings and seed.
        weights: Their mean.
        taken: Names of counts that differ, and are those of the first ingredient.
    """

    ingredients: Sequence[Ingredient]
    weights: Mapping[str, Tensor]
    taken: Sequence[str]

    @property
    def node(self) -> Node:
        """What grids name."""
        return soup_node(self.ingredients)


def soup_node(ingredients: Sequence[Ingredient]) -> Node:
    """The node of an average: the same for the same ingredients in any order."""
    nodes = [ingredient.trained.node for ingredient in ingredients]
    first = nodes[0]
    config = {**first.config, SOUP: [node.id for node in nodes]}
    label = f"soup of {len(nodes)} trainings"
    return Node("stage", label, config, first.inputs, first.seed, tuple(nodes))


def average(ingredients: Sequence[Ingredient]) -> Soup:
    """Check that trainings can be averaged, and do it.

    Raises:
        ValueError: They are of other architectures or categories.
    """
    check_alike(ingredients)
    loaded = ((ingredient.id, ingredient.checkpoint.weights()) for ingredient in ingredients)
    return Soup(ingredients, *mean_weights(loaded))


def is_made(ingredients: Sequence[Ingredient], runs: Path) -> bool:
    """Whether their average is there, whole."""
    return read_result(node_directory(runs, soup_node(ingredients))) is not None


def write_soup(soup: Soup, runs: Path, provenance: Mapping[str, Any]) -> Path:
    """Make the directory of the node, whole or not at all; one that is damaged is replaced.

    Args:
        soup: The average.
        runs: The runs folder.
        provenance: Versions and commit.
    """
    node, state = soup.node, soup.ingredients[0].checkpoint.state
    directory = node_directory(runs, node)
    facts = {**provenance, **_facts(soup)}
    with set_aside(directory), new_directory(directory) as partial:
        checkpoint = save_checkpoint(partial / "checkpoints", soup.weights, {}, state)
        begin(partial, node, facts)
        summary = {"iterations": state.step, "ingredients": len(soup.ingredients)}
        finish(partial, checkpoint.iterdir(), summary)
    return directory


def _facts(soup: Soup) -> dict[str, Any]:
    """As of the first ingredient, or the first that learned from external data if one did."""
    variants = [ingredient.trained.variant for ingredient in soup.ingredients]
    declared = next((of for of in variants if of.external_data), variants[0])
    return {
        **kept_facts(variants[0], is_last=True),
        **{of: getattr(declared, of) for of in DECLARED},
    }
