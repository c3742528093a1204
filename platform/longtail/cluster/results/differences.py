"""Whether rows of a grid differ for real from the row they are compared with.

The matches that evaluations keep are resampled in pairs (see `evaluation.comparison`), and
comparisons are kept (`kept_comparisons`), so that the same grid again need not compute them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

from longtail.categories import CategoryTable
from longtail.cluster.nodes.ledger import node_directory
from longtail.cluster.nodes.plan import Plan, TableRow
from longtail.cluster.nodes.statuses import NodeStatuses, State
from longtail.cluster.results.kept_comparisons import COMPARISONS, Pair, kept_comparisons
from longtail.evaluation.matching.overlaps import Kind
from longtail.evaluation.metrics.matches.files import matches_path
from longtail.evaluation.uncertainty.comparison import Comparison, difference_cells

__all__ = [
    "Comparison",
    "Differences",
    "OnPair",
    "RowDifference",
    "difference_cells",
    "differences_to",
    "find_differences",
]

OnPair = Callable[[str, str], None]
RowPair: TypeAlias = tuple[TableRow, TableRow]
"""A row, and the one that is compared with it."""


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


@dataclass(frozen=True)
class Differences:
    """What was compared.

    Attributes:
        to_baseline: Of every finished row to the row of the baseline with the same seed.
        between: All of them, steps between neighbours among them, by the names of the row that is
            compared with and of the row.
    """

    to_baseline: Sequence[RowDifference]
    between: Mapping[tuple[str, str], RowDifference]


def differences_to(
    baseline: str, plan: Plan, statuses: NodeStatuses, runs: Path, on_pair: OnPair
) -> list[RowDifference]:
    """Differences to the baseline alone; see `find_differences`."""
    return list(find_differences(baseline, plan, statuses, runs, on_pair).to_baseline)


def find_differences(
    baseline: str,
    plan: Plan,
    statuses: NodeStatuses,
    runs: Path,
    on_pair: OnPair,
    orders: Sequence[Sequence[str]] = (),
) -> Differences:
    """Differences of every finished row to the row of the variant `baseline` with the same seed,
    and to that of the variant above it.

    A finished result has no seed, and that of a finished training that was named is not the grid's:
    they are compared with the first row of the baseline, and every row with them. Rows whose
    baseline is not finished, or that keep no matches (0 resamples), are left out.

    Args:
        baseline: Name of a variant or of a finished result.
        plan: The rows.
        statuses: How the nodes stand.
        runs: The runs folder.
        on_pair: Told the names of two rows before they are compared with the baseline.
        orders: Names of variants, in orders whose neighbours are compared as well as the plan's.
    """
    done = [row for row in plan.all_rows if statuses[row.evaluation.id].state is State.DONE]
    kept = [row for row in done if row.evaluation.config["resamples"]]
    baselines = [row for row in kept if row.variant_name == baseline]
    others = [row for row in kept if row.variant_name != baseline]
    pairs = list(_pairs((row, baselines) for row in others))
    steps = list(_steps(kept))
    for order in orders:
        by_name = {name: [row for row in kept if row.variant_name == name] for name in order}
        steps += _steps([row for rows in by_name.values() for row in rows])
    found = _compared(pairs, steps, plan.data.val, runs, on_pair)
    return Differences([found[before.name, after.name] for before, after in pairs], found)


def _steps(rows: Sequence[TableRow]) -> Iterator[RowPair]:
    """Each row and that of the variant above: a report shows them, and compares them with ease when
    their resamples are drawn anyway."""
    variants: dict[str, list[TableRow]] = {}
    for row in rows:
        variants.setdefault(row.variant_name, []).append(row)
    for above, own in pairwise(variants.values()):
        yield from _pairs((row, above) for row in own)


def _pairs(candidates: Iterable[tuple[TableRow, Sequence[TableRow]]]) -> Iterator[RowPair]:
    for row, others in candidates:
        if (before := _baseline_of(row, others)) is not None:
            yield before, row


def _baseline_of(row: TableRow, baselines: Sequence[TableRow]) -> TableRow | None:
    """The first baseline that has the row's seed, or any where one of the two has none."""
    for before in baselines:
        seeds = {of.seed for of in (before, row) if of.seed is not None}
        if len(seeds) < 2:
            return before
    return None


def _compared(
    pairs: Sequence[RowPair],
    steps: Sequence[RowPair],
    annotations: Path,
    runs: Path,
    on_pair: OnPair,
) -> dict[tuple[str, str], RowDifference]:
    """Differences by the names of both rows; each row is resampled once for all of its pairs."""
    alike: dict[tuple[Kind, int], list[RowPair]] = {}
    for pair in {(a.name, b.name): (a, b) for a, b in (*steps, *pairs)}.values():
        alike.setdefault((_kind_of(pair, runs), pair[1].evaluation.config["resamples"]), []).append(
            pair
        )
    told = {(before.name, after.name) for before, after in pairs}
    found = {}
    for (kind, resamples), of_kind in alike.items():
        rows = {row.name: row for pair in of_kind for row in pair}
        names = list(rows)

        def tell(missing: Sequence[Pair], names: Sequence[str] = names) -> None:
            for a, b in missing:
                if (names[a], names[b]) in told:
                    on_pair(names[a], names[b])

        comparisons = kept_comparisons(
            [node_directory(runs, row.evaluation) for row in rows.values()],
            [(names.index(before.name), names.index(after.name)) for before, after in of_kind],
            kind,
            resamples,
            cache=runs / COMPARISONS,
            categories=lambda: CategoryTable.from_json(annotations),
            on_missing=tell,
        )
        for (before, after), comparison in zip(of_kind, comparisons, strict=True):
            of = RowDifference(after.name, before.name, kind, comparison)
            found[before.name, after.name] = of
    return found


def _kind_of(pair: RowPair, runs: Path) -> Kind:
    """Masks, or boxes where one of both has no masks."""
    folders = [node_directory(runs, row.evaluation) for row in pair]
    return "segm" if all(matches_path(of, "segm").is_file() for of in folders) else "box"
