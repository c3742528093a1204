"""Whether the data of a sweep defines the metrics that it is to raise."""

from collections.abc import Sequence
from pathlib import Path

from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.evaluation.defined import require_defined


def check_metrics(metrics: Sequence[str], val: Path, *, exhaustive: bool = False) -> None:
    """Check before the first trial that a trial can be better than another.

    Raises:
        ValueError: A metric is undefined on the annotations.
        BadInputError: They cannot be used.
    """
    require_defined(metrics, read_ground_truth(val, exhaustive=exhaustive), str(val))
