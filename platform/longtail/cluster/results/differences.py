"""Whether rows of a grid differ for real from the row they are compared with.

The matches that evaluations keep are resampled in pairs (see `evaluation.comparison`), and
comparisons are kept (`kept_comparisons`), so that the same grid again need not compute them.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from longtail.categories import CategoryTable
from longtail.cluster.nodes.ledger import node_directory
from longtail.cluster.nodes.plan import Plan, Row, TableRow
from longtail.cluster.nodes.statuses import NodeStatuses, State
from longtail.cluster.results.kept_comparisons import COMPARISONS, kept_comparisons
from longtail.evaluation.matching.overlaps import Kind
from longtail.evaluation.metrics.matches.files import matches_path
from longtail.evaluation.uncertainty.comparison import Comparison, difference_cells

__all__ = ["Comparison", "OnPair", "RowDifference", "difference_cells", "differences_to"]

OnPair = Callable[[str, str], None]


@dataclass(frozen=True)
class RowDifference:
    """How a row differs from its baseline: a row of the same seed, where both have one.

    Attributes:
        row: Name of the row.
        baseline: Name of the row it is compared with.
        kind: What was matched: "segm" masks, "box" boxes where there are no masks.
        comparison: Differences row - baseline.
    """

    row: str
    baseline: str
    kind: Kind
    comparison: Comparison

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def differences_to(
    baseline: str, plan: Plan, statuses: NodeStatuses, runs: Path, on_pair: OnPair
) -> list[RowDifference]:
    """Differences of every finished row to the row of the variant `baseline` with the same seed.

    A finished result has no seed: it is compared with the first row of the baseline, and every row
    with it. Rows whose baseline is not finished, or that keep no matches (0 resamples), are left
    out.

    Args:
        baseline: Name of a variant or of a finished result.
        plan: The rows.
        statuses: How the nodes stand.
        runs: The runs folder.
        on_pair: Told the names of two rows before they are compared.
    """
    done = [row for row in plan.all_rows if statuses[row.evaluation.id].state is State.DONE]
    kept = [row for row in done if row.evaluation.config["resamples"]]
    baselines = [row for row in kept if row.variant_name == baseline]
    others = [row for row in kept if row.variant_name != baseline]
    found = [(_baseline_of(row, baselines), row) for row in others]
    pairs = [(before, after) for before, after in found if before is not None]
    return [_difference(*pair, plan.data.val, runs, on_pair) for pair in pairs]


def _baseline_of(row: TableRow, baselines: Sequence[TableRow]) -> TableRow | None:
    """The first baseline that has the row's seed, or any where one of the two has none."""
    for before in baselines:
        seeds = [of.variant.seed for of in (before, row) if isinstance(of, Row)]
        if len(set(seeds)) < 2:
            return before
    return None


def _difference(
    before: TableRow, after: TableRow, annotations: Path, runs: Path, on_pair: OnPair
) -> RowDifference:
    folders = [node_directory(runs, row.evaluation) for row in (before, after)]
    both_have_masks = all(matches_path(folder, "segm").is_file() for folder in folders)
    kind: Kind = "segm" if both_have_masks else "box"
    (comparison,) = kept_comparisons(
        folders,
        [(0, 1)],
        kind,
        resamples=after.evaluation.config["resamples"],
        cache=runs / COMPARISONS,
        categories=lambda: CategoryTable.from_json(annotations),
        on_missing=lambda _: on_pair(before.name, after.name),
    )
    return RowDifference(after.name, before.name, kind, comparison)
