"""A training that is there already, by its node: what was trained, and how it predicts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from longtail.cluster.nodes.ledger import NODE, read_record
from longtail.cluster.nodes.node import Node
from longtail.config.scores import AsTheyAre, HeadMerge
from longtail.config.variant import Variant
from longtail.problems import BadInputError

IDENTITY = ("detector", "data", "stages")
"""Of a variant, what the configuration of a training holds."""
INFERENCE = "inference"
DECLARED = ("external_data", "rules")
"""What a training notes of the row that asks for it first; no part of its identity."""
SOUP = "soup"
"""In the configuration of an average: the ids of its ingredients."""


@dataclass(frozen=True)
class TrainedNode:
    """A training, finished or not, as its `node.json` has it.

    Attributes:
        node: Of the last stage.
        variant: What was trained; the last stage's classifier predicts.
        parents: Ids of the nodes it was made of: the stage before, or the ingredients of a soup.
    """

    node: Node
    variant: Variant
    parents: tuple[str, ...]

    @property
    def ingredients(self) -> tuple[str, ...]:
        """Ids of the trainings that it is the average of; none where it was trained."""
        return tuple(self.node.config.get(SOUP, ()))

    def with_variant(self, variant: Variant) -> "TrainedNode":
        """The same training, that predicts otherwise."""
        return replace(self, variant=variant)


def read_trained_node(directory: Path) -> TrainedNode:
    """Read what a training is.

    Test-time settings and declarations are those of the row that asked for it first, or the
    defaults where a node of an earlier version does not tell.

    Raises:
        BadInputError: It is no training, or its `node.json` is missing or damaged.
    """
    try:
        record = read_record(directory)
    except FileNotFoundError:
        raise BadInputError(
            f"{directory}: no {NODE}, which says what was trained; give the variant with --variant"
        ) from None
    if record["kind"] != "stage":
        raise BadInputError(
            f"{directory}: a node of {record['kind']}; give the directory of a training"
        )
    of = ("kind", "label", "config", "inputs", "seed")
    node = Node(**{field: record[field] for field in of})
    assert node.id == record["id"], f"{directory}: is {node.id}"
    return TrainedNode(node, _variant(directory, record), tuple(record["parents"]))


def kept_facts(variant: Variant, *, is_last: bool) -> dict[str, Any]:
    """What a training notes of the row that asks for it.

    Args:
        variant: Of the row.
        is_last: Whether the row predicts with it; what treats the scores of a later stage's
            classifier is left out otherwise.
    """
    inference = variant.inference
    if not is_last:
        inference = inference.replace(score_adjustment=AsTheyAre(), head_merge=HeadMerge())
    declared = {field: getattr(variant, field) for field in DECLARED}
    return {INFERENCE: inference.named_tree(), **declared}


def _variant(directory: Path, record: Mapping[str, Any]) -> Variant:
    tree = {**{key: record["config"][key] for key in IDENTITY}, "seed": record["seed"]}
    tree |= {field: record[field] for field in (INFERENCE, *DECLARED) if field in record}
    if tree["detector"].get("roi_stages", {}).get("semantic"):
        # A node of an earlier version does not keep it; this branch cannot be without.
        tree["external_data"] = True
    return variant_of(directory / NODE, json.dumps(tree))


def variant_of(path: Path, text: str | bytes) -> Variant:
    """The variant of a JSON text.

    Raises:
        BadInputError: It is none; the path is named.
    """
    try:
        return Variant.model_validate_json(text)
    except ValueError as error:
        raise BadInputError(f"{path}: not the JSON of a variant: {error}") from None
