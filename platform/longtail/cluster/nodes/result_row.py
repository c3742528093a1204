"""Rows of a table that are not trained: finished results of any program."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from longtail.cluster.nodes.node import Node
from longtail.predictions.store import PredictionStore


class ResultFile(Protocol):
    """A finished result, before it was read."""

    @property
    def name(self) -> str:
        """What tables call it."""

    @property
    def path(self) -> Path:
        """Absolute, of a file or of the directory of a prediction store."""

    @property
    def digest(self) -> str:
        """Of its content."""

    @property
    def options(self) -> Mapping[str, Any]:
        """What else decides about its detections, as a JSON tree."""

    def read_to(self, folder: Path, val: Path) -> PredictionStore:
        """Make a store of it in `folder`, which is empty, or open the store that it is.

        Raises:
            BadInputError: It cannot be used, or is of other images or categories than `val`.
        """


@dataclass(frozen=True)
class ResultRow:
    """One line of the result table: a finished result, taken over and evaluated.

    Attributes:
        result: Where it comes from.
        predictions: The result as a prediction store.
        evaluation: What the row shows.
    """

    result: ResultFile
    predictions: Node
    evaluation: Node

    @property
    def name(self) -> str:
        """Of the row."""
        return self.result.name

    @property
    def variant_name(self) -> str:
        """The same: it has no seeds."""
        return self.result.name

    @property
    def seed(self) -> None:
        """None."""
        return None

    def nodes(self) -> tuple[Node, ...]:
        """Its nodes, each after those it needs."""
        return (self.predictions, self.evaluation)
