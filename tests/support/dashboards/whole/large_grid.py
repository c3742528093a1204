"""A grid of any size with all that a real one has: seeds, matches, diagnoses, trainings."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from support.dashboards.made_diagnosis import made_diagnosis
from support.dashboards.made_nodes import MadeAttempt, write_journal, write_node
from support.dashboards.made_results import made_grid
from support.match_tables import simulated_tables

from longtail.categories import CategoryTable
from longtail.evaluation.metrics.matches.files import write_matches
from longtail.evaluation.uncertainty.seeds import aggregate_seeds
from longtail.training.telemetry_files import write_window
from longtail.training.telemetry_window import TelemetryWindow

SEEDS = 3
STEPS = 1000
IMAGES, PRESENCE = 400, 0.02


def large_grid(runs: Path, num_rows: int, num_categories: int) -> Path:
    """Write the grid and its nodes; returns its folder.

    Args:
        runs: The runs folder.
        num_rows: Of variants with three seeds each.
        num_categories: Of the data.
    """
    named = [(f"variant_{n // SEEDS} seed {n % SEEDS}", n % SEEDS) for n in range(num_rows)]
    grid = made_grid(runs, num_rows, num_categories, [name for name, _ in named])
    records = json.loads(next(grid.glob("*/evaluation/evaluation.json")).read_text())
    categories = CategoryTable.from_records(
        [{**of, "frequency": of["group"]} for of in records["per_category"]], "made"
    )
    skills = [0.4 + 0.02 * number for number in range(num_rows)]
    letters = "".join(categories.frequency)
    tables = simulated_tables(np.random.default_rng(0), skills, letters, IMAGES, PRESENCE)
    for number, ((name, seed), matches) in enumerate(zip(named, tables, strict=True)):
        links = grid / name.replace(" ", "_")
        evaluation = links / "evaluation"
        write_matches(evaluation, {"segm": matches})
        (evaluation / "diagnosis.json").write_text(json.dumps(made_diagnosis(number)))
        (evaluation / "variant.json").write_text(json.dumps({"seed": seed}))
        (links / "training").symlink_to(_training(runs, number, name, categories))
    table = json.loads((grid / "table.json").read_text())
    table["seeds"] = _seeds(table["rows"])
    (grid / "table.json").write_text(json.dumps(table))
    return grid


def _training(runs: Path, number: int, name: str, categories: CategoryTable) -> Path:
    node = write_node(runs, f"stage-{number}", f"{name} training", 60.0 * number, ended=5000.0)
    write_journal(node, [MadeAttempt(60.0 * number, 1, STEPS)], level=0.01 * number)
    random, num = np.random.default_rng(number), len(categories)
    positives = np.sort(random.integers(0, 20_000, num))[::-1]
    regions = int(positives.sum()) + 100_000
    sums = random.random(num)
    window = TelemetryWindow(
        steps=STEPS,
        rois=regions,
        positives=positives,
        valid_positives=positives,
        valid_foreground_negatives=random.integers(0, 100_000, num),
        valid_background_negatives=random.integers(0, 100_000, num),
        positive_gradient=sums,
        foreground_negative_gradient=sums,
        background_negative_gradient=sums,
        scores=sums,
        positive_scores=sums,
    )
    write_window(node, STEPS, window, categories)
    return node


def _seeds(rows: dict[str, Any]) -> dict[str, Any]:
    runs: dict[str, list[Any]] = {}
    for name, row in rows.items():
        runs.setdefault(name.partition(" seed ")[0], []).append(row)
    return {
        name: {
            key: {"mean": of.mean, "sd": of.sd, "n": of.n}
            for key, of in aggregate_seeds(of_variant).metrics.items()
        }
        for name, of_variant in runs.items()
    }
