"""A metric beyond LVIS's thirteen: a value that says how it is computed, named and shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.matching.blocks import OnBlock
from longtail.evaluation.metrics.matches.matched_set import MatchedSet
from longtail.predictions.store import PredictionStore


@dataclass(frozen=True, eq=False)
class EvaluatedSet:
    """A prediction set, its ground truth and how they match: what metrics are computed from.

    Attributes:
        truth: The annotations.
        store: The predictions.
        matched: Their matches under the cap.
        max_dets: Best-scored detections that count per image.
        on_block: Told the number of blocks done and of all, in every pass over the store.
    """

    truth: GroundTruth
    store: PredictionStore
    matched: MatchedSet
    max_dets: int
    on_block: OnBlock | None = None


def always_available() -> None:
    """Nothing more than this package is needed."""


@dataclass(frozen=True, eq=False)
class ExtraMetric:
    """A metric that an evaluation computes when asked to.

    Attributes:
        name: The word of `--also`, and the key of its values in JSON.
        description: What the command's help calls it.
        label: What the tables call it.
        compute: Fractions by name, -1 where undefined.
        is_row: The names are those of the thirteen metrics, to be shown as a row of their table;
            otherwise name and value are shown in a line.
        tracked: Names of values for tracking, by their name here; the others are not tracked.
        check_available: Raises a ValueError if it cannot be computed on this machine.
    """

    name: str
    description: str
    label: str
    compute: Callable[[EvaluatedSet], dict[str, float]]
    is_row: bool = False
    tracked: Mapping[str, str] = field(default_factory=dict)
    check_available: Callable[[], None] = always_available
