"""Telemetry of three categories, small enough to be counted by hand."""

from pathlib import Path

import numpy as np

from longtail.categories import CategoryTable
from longtail.training.telemetry_files import TrainingTelemetry, read_telemetry, write_window
from longtail.training.telemetry_window import TelemetryWindow

# By falling image count: ids 5, 9, 2.
CATEGORIES = CategoryTable.from_records(
    [
        {"id": 2, "name": "gavel", "frequency": "r", "image_count": 3, "instance_count": 3},
        {"id": 5, "name": "cup", "frequency": "f", "image_count": 900, "instance_count": 2000},
        {"id": 9, "name": "sled", "frequency": "c", "image_count": 40, "instance_count": 60},
    ],
    "here",
)


def write_made_telemetry(node: Path, valid: list[int]) -> TrainingTelemetry:
    """Write one window of ten steps and 1000 regions, and read it again.

    Args:
        node: Directory of a training node.
        valid: Valid negatives of other categories, of the ids 2, 5 and 9.
    """
    positives = np.array([1, 89, 10])
    sums = np.array([0.0, 4.0, 2.0])
    window = TelemetryWindow(
        steps=10,
        rois=1000,
        positives=positives,
        valid_positives=positives,
        valid_foreground_negatives=np.array(valid),
        valid_background_negatives=np.array([900, 900, 900]),
        positive_gradient=sums,
        foreground_negative_gradient=sums,
        background_negative_gradient=sums,
        scores=sums,
        positive_scores=sums,
    )
    write_window(node, 10, window, CATEGORIES)
    return read_telemetry(node)
