"""Whether rows of a grid differ for real from the row they are compared with.

The matches that evaluations keep are resampled in pairs (see `evaluation.comparison`). A comparison
is kept under the digests of what it compares, so that the same grid again need not compute it.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from longtail.categories import CategoryTable
from longtail.cluster.nodes.ledger import node_directory
from longtail.cluster.nodes.plan import Plan, Row, TableRow
from longtail.cluster.nodes.statuses import NodeStatuses, State
from longtail.config.base import fingerprint
from longtail.evaluation.matching.overlaps import Kind
from longtail.evaluation.metrics.matches.files import matches_path, read_matches
from longtail.evaluation.uncertainty.comparison import Comparison, compare, difference_cells
from longtail.files import sha256_of
from longtail.sealed import DamagedError, read_sealed, write_sealed_json

__all__ = ["Comparison", "OnPair", "RowDifference", "difference_cells", "differences_to"]

logger = logging.getLogger(__name__)
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
    resamples = after.evaluation.config["resamples"]
    digests = [sha256_of(matches_path(folder, kind)) for folder in folders]
    compared = fingerprint({"kind": kind, "resamples": resamples, "matches": digests})
    path = runs / "comparisons" / f"{compared}.json"
    comparison = read_comparison(path)
    if comparison is None:
        on_pair(before.name, after.name)
        categories = CategoryTable.from_json(annotations)
        table_a, table_b = (read_matches(folder, categories)[kind] for folder in folders)
        comparison = compare(table_a, table_b, resamples)
        write_comparison(path, comparison)
    return RowDifference(after.name, before.name, kind, comparison)


def write_comparison(path: Path, comparison: Comparison) -> None:
    """Keep a comparison; the folder is made if absent."""
    path.parent.mkdir(exist_ok=True)
    write_sealed_json(path, comparison.as_dict())


def read_comparison(path: Path) -> Comparison | None:
    """A comparison that was kept; None where there is none, or its file was damaged."""
    try:
        return msgspec.json.decode(read_sealed(path, "it is computed again"), type=Comparison)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    except DamagedError as error:
        logger.warning(str(error))
        return None
