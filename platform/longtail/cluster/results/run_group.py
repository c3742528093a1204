"""What MLflow shows of a grid: its rows' differing fields, and a table on the parent's page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from longtail.cluster.nodes.ledger import node_directory, read_result
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import Plan, TableRow
from longtail.cluster.nodes.statuses import NodeStatus, NodeStatuses, State
from longtail.config.variant import Variant
from longtail.metrics import RESULT_METRICS, points_text


@dataclass(frozen=True)
class GridRunGroup:
    """A grid as the `Publisher` sees it.

    Attributes:
        plan: The grid.
        runs: The runs folder.
        name: Name of the parent run.
    """

    plan: Plan
    runs: Path
    name: str
    kind: str = "grid"

    @property
    def id(self) -> str:
        """Of the plan."""
        return self.plan.id

    @cached_property
    def _params(self) -> dict[str, dict[str, Any]]:
        leaves = differing_leaves({row.name: row.variant for row in self.plan.rows})
        for row in self.plan.results:
            leaves[row.name] = {f"result.{key}": value for key, value in row.result.options.items()}
        for merge in self.plan.merges:
            leaves[merge.name] = dict(merge.merge.params())
        return leaves

    def row_of(self, node: Node) -> TableRow:
        """The first row that needs the node; of a merge's own nodes the merge."""
        rows = self.plan.all_rows
        return next(row for row in rows if any(own.id == node.id for own in row.nodes()))

    def params_of(self, node: Node) -> Mapping[str, Any]:
        """What tells the row from others, on its evaluation."""
        return self._params[self.row_of(node).name] if node.kind == "evaluation" else {}

    def tags_of(self, status: NodeStatus) -> Mapping[str, str]:
        """None."""
        return {}

    def points_of(self, node: Node) -> Sequence[Mapping[str, Any]]:
        """None."""
        return ()

    def note(self, statuses: NodeStatuses) -> str:
        """The finished rows."""
        return result_note(self.plan, statuses, self.runs)


def result_note(plan: Plan, statuses: NodeStatuses, runs: Path) -> str:
    """The finished rows as a Markdown table in points, which MLflow shows on the parent's page."""
    lines = ["| variant | AP | APr | APc | APf | box AP |", "|---|---|---|---|---|---|"]
    for row in plan.all_rows:
        if statuses[row.evaluation.id].state is not State.DONE:
            continue
        summary = read_result(node_directory(runs, row.evaluation))
        if summary is not None:
            values = (points_text(summary[key]) for key in RESULT_METRICS)
            lines.append(f"| {row.name} | {' | '.join(values)} |")
    return "\n".join(lines)


def differing_leaves(variants: Mapping[str, Variant]) -> dict[str, dict[str, Any]]:
    """The configuration leaves by dotted path that differ between rows, of every row that has them.

    Args:
        variants: The rows by name.
    """
    leaves = {name: variant.leaves() for name, variant in variants.items()}
    paths = {path for row in leaves.values() for path in row}
    rows = list(leaves.values())
    differing = [path for path in paths if any(row.get(path) != rows[0].get(path) for row in rows)]
    return {
        name: {path: row[path] for path in sorted(differing) if path in row}
        for name, row in leaves.items()
    }
