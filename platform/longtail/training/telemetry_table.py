"""Table of what classifiers were taught: a line of CSV for each training and category."""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from typing import Any

from longtail.training.telemetry_files import TrainingTelemetry

ABOUT = ("category_id", "frequency", "image_count")
QUANTITIES = (
    "positives",
    "valid_positives",
    "foreground_negatives",
    "valid_foreground_negatives",
    "background_negatives",
    "valid_background_negatives",
    "positive_gradient",
    "foreground_negative_gradient",
    "background_negative_gradient",
    "gradient_ratio",
    "mean_score",
    "mean_positive_score",
)
"""Attributes of `TelemetryWindow`."""


def telemetry_csv(trainings: Mapping[str, TrainingTelemetry]) -> str:
    """The table with its header; a mean or ratio of nothing is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("training", *ABOUT, *QUANTITIES))
    for name, training in trainings.items():
        writer.writerows((name, *line) for line in _lines(training))
    return text.getvalue()


def _lines(training: TrainingTelemetry) -> Iterator[tuple[Any, ...]]:
    about = (training.category_ids, training.frequency, training.image_count)
    columns = [column.tolist() for column in about]
    for quantity in QUANTITIES:
        columns.append(_cells(getattr(training.window, quantity), len(training.category_ids)))
    return zip(*columns, strict=True)


def _cells(values: Any, num_categories: int) -> list[Any]:
    if isinstance(values, int):
        return [values] * num_categories
    return ["" if math.isnan(value) else value for value in values.tolist()]
