"""What a grid's command line asks for, resolved: variants, data files and settings."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ensemble.sources.finished_result import ResultSource, parse_results
from experiments.commands.grid.left_out import merges_without, without_missing
from experiments.commands.grid.merges import find_merges, names_of, with_members
from experiments.commands.grid.trained_rows import find_training, with_test_time_settings
from experiments.commands.run_request import RunRequest
from experiments.commands.variant_files import find_variant, names_file
from experiments.variants import TABLES
from experiments.variants.reported import reported_rows
from longtail.cluster.nodes.merge_row import RowMerge
from longtail.cluster.nodes.plan import Plan, make_plan
from longtail.cluster.nodes.settings import GridSettings, check_writable
from longtail.cluster.nodes.trained_node import TrainedNode
from longtail.cluster.trained import names_training
from longtail.config.base import parse_assignments
from longtail.config.meaning import unread
from longtail.config.variant import Variant

DEFAULT_TABLE = "eql_2019_3"
ROW_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"


@dataclass
class GridRequest:
    """The options of `experiments/grid.py`; see its help for their meaning.

    Attributes:
        option: By what `variants` were given: what errors of theirs begin with.
        left_out: Rows of the table that lack what they need, and what that is; `plan` finds them.
    """

    run: RunRequest
    variants: tuple[str, ...]
    table: str | None
    assignments: tuple[str, ...]
    seeds: tuple[int, ...]
    baseline: str | None
    preds: tuple[str, ...] = ()
    option: str = "--variants"
    left_out: dict[str, str] = field(default_factory=dict, init=False)
    merges: tuple[str, ...] = ()

    def plan(self) -> Plan:
        """Resolve the request to rows and nodes. Rows of a table whose files are not there are left
        out; one that was named with `--variants` is an error.

        Raises:
            ValueError: An unknown name, a wrong `--set`, or options that do not fit together.
            BadInputError: A data file, a result or a variant's file cannot be used.
        """
        results = parse_results(self.preds)
        merges: Sequence[RowMerge] = find_merges(self._words(), self.merges, results)
        variants = self._variants(results, merges)
        learning = {name: of for name, of in variants.items() if isinstance(of, Variant)}
        if variants:
            self.run.check_semantic(learning.values())
            self.run.check_also(learning)
        check_writable(self.run.runs)
        if learning:
            data = self.run.data()
        else:
            data = self.run.data_of_trainings() if variants else self.run.data_of_results()
        if not self.variants:
            bases = {name: find_variant("--table", name, self.run) for name in variants}
            variants, self.left_out = without_missing(variants, bases, data)
            if self.baseline in self.left_out:
                raise ValueError(
                    f"--baseline {self.baseline}: needs {self.left_out[self.baseline]}; or name"
                    " another row"
                )
            merges, lacking = merges_without(merges, self.left_out)
            self.left_out |= lacking
        learning = {name: of for name, of in learning.items() if name in variants}
        self.run.check_other_data(learning, data)
        return make_plan(variants, self.seeds, data, self.run.resamples, results, merges)

    @property
    def trains(self) -> bool:
        """Whether there are rows of variants; else results are evaluated alone."""
        named = self.variants or self.table or self.run.train
        return bool(named) or not self.preds

    def baseline_of(self, plan: Plan) -> str:
        """Name of the variant that the others are compared with."""
        return self.baseline or plan.all_rows[0].variant_name

    def reported(self) -> dict[str, dict[str, str | float]]:
        """What reports claim for the rows that are theirs, by variant; not for renamed ones."""
        if not self.trains:
            return {}
        table = self.table or (None if self.variants else DEFAULT_TABLE)
        return reported_rows([word for word in self._words() if "=" not in word], table)

    def settings(self) -> GridSettings:
        """Where and with what the plan runs."""
        # A file would put its whole path into the name of the grid's folder.
        words = [
            _row_and_name(word)[0] if names_file(word) or names_training(word) else word
            for word in self.variants
        ]
        if not self.trains:
            words = [result.name for result in parse_results(self.preds)]
        named = [self.table] if self.table else words
        return self.run.settings(", ".join([*(named or [DEFAULT_TABLE]), *names_of(self.merges)]))

    def _words(self) -> tuple[str, ...]:
        """The names of the rows, merges among them; none where results are evaluated alone."""
        if self.variants and self.table:
            raise ValueError("--variants and --table both name the rows; give one of them")
        return self.variants or (_rows_of(self.table or DEFAULT_TABLE) if self.trains else ())

    def _variants(
        self, results: Sequence[ResultSource], merges: Sequence[RowMerge]
    ) -> dict[str, Variant | TrainedNode]:
        rows = self._rows(with_members(self._words()))
        names = tuple(rows)
        _check_names(names, results, merges, self.baseline)
        if self.assignments and not rows:
            raise ValueError(
                f"--set {self.assignments[0]}: there is no variant to change; name one with"
                " --variants or --table"
            )
        changes = _changes_by_variant(self.assignments, names)
        variants = _changed(rows, changes)
        for variant in variants.values():
            if isinstance(variant, Variant):
                self.run.check_workers(variant)
        return variants

    def _rows(self, words: tuple[str, ...]) -> dict[str, Variant | TrainedNode]:
        """`NAME` is the variant of that name or file, or a finished training; `ROW=NAME` is a row
        that starts as it."""
        rows: dict[str, Variant | TrainedNode] = {}
        for word in words:
            row, name = _row_and_name(word)
            variant = self._named(f"{self.option} {word}", name)
            if not re.fullmatch(ROW_NAME, row):
                raise ValueError(
                    f"{self.option} {word}: name the row with letters, digits and _ . - alone"
                )
            if row in rows:
                raise ValueError(
                    f"{self.option} {word}: there is a row {row}; name this one, as r2={name}"
                )
            rows[row] = variant
        return rows

    def _named(self, option: str, name: str) -> Variant | TrainedNode:
        if names_training(name) and not names_file(name):
            return find_training(option, name, self.run.runs)
        return find_variant(option, name, self.run)


def _check_names(
    variants: Sequence[str],
    results: Sequence[ResultSource],
    merges: Sequence[RowMerge],
    baseline: str | None,
) -> None:
    """Every row has a name of its own, and the baseline is one of them."""
    names = [*variants, *(result.name for result in results)]
    if taken := [result.name for result in results if result.name in variants]:
        raise ValueError(f"--pred {taken[0]}: a variant has that name; take another")
    for merge in merges:
        if merge.name in names:
            raise ValueError(f"merge {merge.name}: a row has that name; take another")
        names.append(merge.name)
    if baseline is not None and baseline not in names:
        raise ValueError(f"--baseline {baseline}: none of the rows {', '.join(names)}")


def _row_and_name(word: str) -> tuple[str, str]:
    """A file without a row's name has its own, without ending; a folder has its own."""
    row, equals, name = word.partition("=")
    if equals:
        return row, name
    if names_file(word):
        return Path(word).stem, word
    return (Path(word).name if names_training(word) else word), word


def _changed(
    rows: Mapping[str, Variant | TrainedNode], changes: Mapping[str, Mapping[str, Any]]
) -> dict[str, Variant | TrainedNode]:
    """The rows with their changes, each without those that nothing reads in it: its nodes keep
    their names.

    Raises:
        ValueError: A change fits no field, nothing reads it in any row, or it would have to be
            trained where a training is finished.
    """
    variants: dict[str, Variant | TrainedNode] = {}
    read: set[str] = set()
    for row, base in rows.items():
        variant = base.variant if isinstance(base, TrainedNode) else base
        try:
            silent = unread(variant.override(changes[row]), changes[row])
            own = {path: value for path, value in changes[row].items() if path not in silent}
            if isinstance(base, TrainedNode):
                variants[row] = with_test_time_settings(base, own)
            else:
                variants[row] = base.override(own)
        except ValueError as error:
            raise ValueError(f"row {row}: {error}") from None
        read |= own.keys()
    for path in dict.fromkeys(path for own in changes.values() for path in own):
        if path not in read:
            raise ValueError(
                f"--set {path}: nothing reads this field in {', '.join(rows)}: another field"
                " leaves its part out; leave it away, or set that field as well"
            )
    return variants


def _changes_by_variant(
    assignments: tuple[str, ...], names: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """`path=value` is for every row, `ROW:path=value` for that one; the last one holds."""
    changes: dict[str, dict[str, Any]] = {name: {} for name in names}
    for path, value in parse_assignments(assignments).items():
        name, colon, own_path = path.rpartition(":")
        if colon and name not in names:
            raise ValueError(f"--set {path}: {name!r} is none of the rows {', '.join(names)}")
        if own_path == "seed":
            raise ValueError(
                f"--set {path}={value}: the seeds of all rows are those of --seeds; give --seeds"
                f" {value}"
            )
        for row in [name] if colon else names:
            changes[row][own_path] = value
    return changes


def _rows_of(table: str) -> tuple[str, ...]:
    if table not in TABLES:
        raise ValueError(f"--table {table}: unknown; there are {', '.join(TABLES)}")
    return TABLES[table]
