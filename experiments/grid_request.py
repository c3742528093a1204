"""What a grid's command line asks for, resolved: variants, data files and settings."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.variants import TABLES, VARIANTS
from experiments.variants.scale import demo_scale
from longtail.cluster.data_files import find_data_files
from longtail.cluster.plan import DataFiles, Plan, make_plan
from longtail.cluster.settings import GridSettings, WorkerResources, check_writable
from longtail.config.base import parse_assignments
from longtail.config.variant import Variant

DEFAULT_TABLE = "eql_2019_3"
ROW_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"


@dataclass
class GridRequest:
    """The options of `experiments/grid.py`; see its help for their meaning."""

    variants: tuple[str, ...]
    table: str | None
    train: Path | None
    val: Path | None
    images: Path | None
    scale: str | None
    assignments: tuple[str, ...]
    seeds: tuple[int, ...]
    resamples: int
    baseline: str | None
    workers: int
    cpus_per_worker: float
    gpus_per_worker: float
    loader_processes: int
    runs: Path
    address: str | None
    experiment: str

    def __post_init__(self) -> None:
        in_job = "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ
        if in_job and not self.runs.is_absolute():
            raise ValueError(
                f"--runs {self.runs}: a submitted job runs in a folder that is thrown away;"
                " give an absolute path on storage that every machine sees"
            )
        self.runs = self.runs.resolve()

    def plan(self) -> Plan:
        """Resolve the request to rows and nodes.

        Raises:
            ValueError: An unknown name, a wrong `--set`, or options that do not fit together.
            BadInputError: A data file cannot be used.
        """
        variants = self._variants()
        check_writable(self.runs)
        return make_plan(variants, self.seeds, self._data(), self.resamples)

    def baseline_of(self, plan: Plan) -> str:
        """Name of the variant that the others are compared with."""
        return self.baseline or plan.rows[0].variant_name

    def settings(self) -> GridSettings:
        """Where and with what the plan runs."""
        return GridSettings(
            runs=self.runs,
            resources=WorkerResources(self.workers, self.cpus_per_worker, self.gpus_per_worker),
            address=self.address,
            loader_processes=self.loader_processes,
            experiment=self.experiment,
            name=self.table or ", ".join(self.variants) or DEFAULT_TABLE,
        )

    def _variants(self) -> dict[str, Variant]:
        if self.variants and self.table:
            raise ValueError("--variants and --table both name the rows; give one of them")
        rows = _variants_by_row(self.variants or _rows_of(self.table or DEFAULT_TABLE))
        names = tuple(rows)
        if self.baseline is not None and self.baseline not in rows:
            raise ValueError(f"--baseline {self.baseline}: none of the rows {', '.join(names)}")
        scale = self.scale or ("full" if self.train else "demo")
        changes = _changes_by_variant(self.assignments, names)
        scaled = {
            name: demo_scale(variant) if scale == "demo" else variant
            for name, variant in rows.items()
        }
        variants = {name: _changed(name, scaled[name], changes[name]) for name in names}
        for variant in variants.values():
            _check_workers(variant, self.workers)
        return variants

    def _data(self) -> DataFiles:
        if not (self.train or self.val or self.images):
            return _synthetic(self.runs / "data" / "synthetic")
        if self.train is None or self.val is None:
            raise ValueError("--train, --val and --images belong together; give all three")
        return find_data_files(self.train, self.val, self.images)


def _variants_by_row(words: tuple[str, ...]) -> dict[str, Variant]:
    """`NAME` is the variant of that name; `ROW=NAME` is a row that starts as that variant."""
    rows: dict[str, Variant] = {}
    for word in words:
        row, _, name = word.rpartition("=")
        row = row or name
        if name not in VARIANTS:
            raise ValueError(
                f"--variants {word}: {name!r} is unknown; there are {', '.join(VARIANTS)}"
            )
        if not re.fullmatch(ROW_NAME, row):
            raise ValueError(
                f"--variants {word}: name the row with letters, digits and _ . - alone"
            )
        if row in rows:
            raise ValueError(
                f"--variants {word}: there is a row {row}; name this one, as r2={name}"
            )
        rows[row] = VARIANTS[name]
    return rows


def _changed(row: str, variant: Variant, changes: dict[str, Any]) -> Variant:
    try:
        return variant.override(changes)
    except ValueError as error:
        raise ValueError(f"row {row}: {error}") from None


def _changes_by_variant(
    assignments: tuple[str, ...], names: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """`path=value` is for every row, `ROW:path=value` for that one; the last one holds."""
    changes: dict[str, dict[str, Any]] = {name: {} for name in names}
    for path, value in parse_assignments(assignments).items():
        name, colon, own_path = path.rpartition(":")
        if colon and name not in names:
            raise ValueError(f"--set {path}: {name!r} is none of the rows {', '.join(names)}")
        for row in [name] if colon else names:
            changes[row][own_path] = value
    return changes


def _check_workers(variant: Variant, workers: int) -> None:
    for number, stage in enumerate(variant.stages):
        images = stage.schedule.images_per_step
        if workers < 1 or images % workers:
            raise ValueError(
                f"--workers {workers}: does not divide stages.{number}.schedule.images_per_step"
                f" ({images}); change one of them"
            )


def _rows_of(table: str) -> tuple[str, ...]:
    if table not in TABLES:
        raise ValueError(f"--table {table}: unknown; there are {', '.join(TABLES)}")
    return TABLES[table]


def _synthetic(folder: Path) -> DataFiles:
    """The default data set, made where it is not there yet: 96 training images, 30 categories."""
    from longtail.data.synthetic_dataset import Parameters, write_dataset

    write_dataset(folder, Parameters(96, 48, 24, categories=30, size=128, seed=0))
    return find_data_files(folder / "train.json", folder / "val.json", folder / "images")
