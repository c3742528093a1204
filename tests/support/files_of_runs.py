"""Files that grids and sweeps read again, small, with the readers that commands use."""

import os
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from support.flipped_bits import Kind, below, plain
from support.match_tables import categories_of, random_table, simulated_tables
from support.sweep_scene import LAMBDA, sweep_of, trial_of

from longtail.array_store import ArrayWriter
from longtail.cluster.nodes.ledger import begin, finish, read_result
from longtail.cluster.nodes.places import note_place, read_places
from longtail.cluster.nodes.plan import DataFiles, Row, make_plan
from longtail.cluster.results.kept_comparisons import read_comparison, write_comparison
from longtail.cluster.trained import find_trained
from longtail.config.stages import Stage
from longtail.config.variant import Variant
from longtail.data.lvis.column_cache import build_columns, open_columns
from longtail.data.lvis.file_digest import file_digest
from longtail.evaluation.metrics.matches.files import read_matches, write_matches
from longtail.evaluation.uncertainty.comparison import compare
from longtail.inference.background_means import read_means, write_first
from longtail.models.detections.head_merge import BackgroundMeans
from longtail.sealed import DamagedError, write_sealed_json
from longtail.search.journal import TRIALS
from longtail.sweep.analysis.margin_file import (
    RARE_MARGINS,
    TrialMargins,
    read_margins,
    write_margins,
)
from longtail.sweep.cost import Work
from longtail.sweep.driver.rung_evaluation import (
    intermediate_value_directory,
    read_intermediate_values,
)
from longtail.sweep.journal import SweepJournal, TrialEnded, TrialStarted, WorkDone, open_journal
from longtail.training.checkpoints import Checkpoint, TrainingState, save_checkpoint
from longtail.training.journal import JOURNAL, Journal, read_journal
from longtail.training.telemetry_files import read_telemetry, write_window
from longtail.training.telemetry_window import TelemetryWindow

CATEGORIES = categories_of("fr")
LONG_AGO = 1_600_000_000


def row_of(folder: Path) -> Row:
    data = DataFiles(folder / "train.json", folder / "val.json", folder, "a" * 64, "b" * 64)
    return make_plan({"sigmoid": Variant(stages=(Stage(),))}, (0,), data).rows[0]


def write_cache(folder: Path) -> list[Path]:
    def fill(writer: ArrayWriter) -> dict[str, Any]:
        writer.add("boxes", np.arange(8.0).reshape(2, 4))
        writer.add("labels", np.arange(3))
        return {"categories": [{"id": 1, "image_count": 12}]}

    build_columns(folder / "cache", fill)
    return below(folder / "cache")


def read_cache(folder: Path) -> Any:
    try:
        columns = open_columns(folder / "cache")
    except DamagedError:
        # `build_columns` fills it again then.
        return None
    return None if columns is None else (plain(columns.arrays), columns.notes)


def write_digests(folder: Path) -> list[Path]:
    (folder / "train.json").write_text("{}")
    os.utime(folder / "train.json", (LONG_AGO, LONG_AGO))
    read_digests(folder)
    return below(folder / "digests")


def read_digests(folder: Path) -> str:
    return file_digest(folder / "train.json", folder / "digests")


def write_result(folder: Path) -> list[Path]:
    (folder / "a.bin").write_bytes(b"content")
    finish(folder, [folder / "a.bin"], {"AP": 0.25, "APr": 1 / 3, "AP_box": 0.75})
    return below(folder)


def write_node(folder: Path) -> list[Path]:
    row = row_of(folder)
    step = row.variant.stages[0].schedule.iterations
    begin(folder / "node", row.stages[0], {"versions": {"torch": "2"}, "git": "0123"})
    state = TrainingState(step, 0, 0, (1, 7), (3, 1), (9, 1), {"backbone": ("layer.weight",)})
    save_checkpoint(folder / "node" / "checkpoints", {}, {"lr": 0.02}, state)
    return [folder / "node" / "node.json"]


def read_node(folder: Path) -> str:
    return find_trained(folder / "node").variant.model_dump_json()


def write_checkpoint(folder: Path) -> list[Path]:
    return below(write_node(folder)[0].parent / "checkpoints")


def read_checkpoint(folder: Path) -> Any:
    (path,) = (folder / "node" / "checkpoints").iterdir()
    checkpoint = Checkpoint(path)
    return asdict(checkpoint.state), checkpoint.weights(), checkpoint.optimizer()


def write_journal(folder: Path) -> list[Path]:
    journal = Journal(folder / JOURNAL)
    journal.start(0, 40)
    for step in (20, 40):
        journal.append(step, {"train/loss": 1 / step, "train/lr": 0.02})
    journal.close()
    return below(folder)


def write_places(folder: Path) -> list[Path]:
    note_place(folder, 1)
    note_place(folder)
    return below(folder)


def write_telemetry(folder: Path) -> list[Path]:
    values = {field.name: np.array([5, 1]) for field in fields(TelemetryWindow)}
    window: Any = TelemetryWindow(**{**values, "steps": 10, "rois": 20})
    return [write_window(folder, 10, window, CATEGORIES)]


def write_means(folder: Path) -> list[Path]:
    write_first(folder / "means.json", BackgroundMeans(0.25, 1 / 3))
    return below(folder)


def write_matched(folder: Path) -> list[Path]:
    table = random_table(np.random.default_rng(0), "fr", num_images=5, num_detections=8)
    write_matches(folder, {"segm": table})
    return below(folder)


def read_matched(folder: Path) -> Any:
    return plain(read_matches(folder, CATEGORIES)["segm"])


def write_compared(folder: Path) -> list[Path]:
    tables = simulated_tables(np.random.default_rng(0), (0.5, 0.9), letters="f", num_images=20)
    write_comparison(folder / "comparisons" / "0123.json", compare(*tables, 20))
    return below(folder)


def write_rung(folder: Path) -> list[Path]:
    directory = intermediate_value_directory(folder, row_of(folder))
    directory.mkdir(parents=True)
    rung = {"step": 300, "metrics": {"AP": 0.25, "APr": 1 / 3, "AP_box": 0.75}}
    write_sealed_json(directory / "step-00000300.json", rung)
    return below(folder)


def write_margin_file(folder: Path) -> list[Path]:
    metrics = {name: (0.25,) * len(RARE_MARGINS) for name in ("AP", "APr")}
    write_margins(folder, {"evaluation-0123": TrialMargins(RARE_MARGINS, 300, 8, 2, metrics)})
    return below(folder)


def write_sweep(folder: Path) -> list[Path]:
    journal = open_journal(folder, sweep_of())
    journal.add(TrialStarted(0, {LAMBDA: 0.1}))
    journal.add(WorkDone(Work("training", [0], 10, 3.5, 0.25)))
    journal.add(TrialEnded(trial_of(0, 0.3, {LAMBDA: 0.1})))
    return below(folder)


def read_sweep(folder: Path) -> Any:
    # A copy of the lines stays: a journal drops what a crash cut off.
    lines = (folder / TRIALS).read_bytes()
    try:
        open_journal(folder, sweep_of())
        journal = SweepJournal(folder)
    finally:
        (folder / TRIALS).write_bytes(lines)
    return journal.started, journal.trials, journal.work


KINDS = (
    Kind("annotation cache", write_cache, read_cache),
    Kind("digests of annotation files", write_digests, read_digests),
    Kind("result.json and a file it vouches for", write_result, read_result),
    Kind("node.json", write_node, read_node),
    Kind("checkpoint", write_checkpoint, read_checkpoint),
    Kind("metrics.jsonl", write_journal, lambda folder: read_journal(folder / JOURNAL)),
    Kind("places.jsonl", write_places, read_places),
    Kind("telemetry", write_telemetry, lambda folder: plain(read_telemetry(folder))),
    Kind("background_means.json", write_means, lambda f: plain(read_means(f / "means.json"))),
    Kind("matches", write_matched, read_matched),
    Kind("comparison", write_compared, lambda f: read_comparison(f / "comparisons" / "0123.json")),
    Kind(
        "rung", write_rung, lambda folder: read_intermediate_values(folder, row_of(folder)) or None
    ),
    Kind("margins.json", write_margin_file, lambda folder: read_margins(folder) or None),
    Kind("sweep.json and trials.jsonl", write_sweep, read_sweep),
)
