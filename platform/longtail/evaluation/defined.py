"""Which metrics annotations define: AP is a mean over categories that have an instance."""

from collections.abc import Sequence

import numpy as np

from longtail.categories import FREQUENCY_GROUPS, GROUP_NAMES
from longtail.evaluation.annotations.ground_truth import IGNORED_AREA, GroundTruth
from longtail.metrics import BOX_AP, RESULT_METRICS


def defined_metrics(truth: GroundTruth) -> tuple[str, ...]:
    """Those of AP, APr, APc, APf (masks) and AP_box that a perfect detector would have a value of.

    An instance that is ignored gives none, as in lvis-api.
    """
    labels = truth.labels[truth.areas < IGNORED_AREA]
    if not len(labels):
        return ()
    occurs = np.bincount(labels, minlength=len(truth.categories)) > 0
    groups = [g for g in FREQUENCY_GROUPS if (occurs & truth.categories.group(g)).any()]
    masks = ["AP", *(f"AP{letter}" for letter in groups)] if truth.has_masks else []
    return (*masks, BOX_AP)


def require_defined(
    wanted: Sequence[str], truth: GroundTruth, whose: str, choices: Sequence[str] = RESULT_METRICS
) -> None:
    """Check that something can be best in every metric that is asked for.

    Args:
        wanted: Some of AP, APr, APc, APf and AP_box.
        truth: The annotations that they are computed on.
        whose: What these are called in an error.
        choices: The metrics that may be asked for.

    Raises:
        ValueError: A metric is undefined.
    """
    defined = [name for name in defined_metrics(truth) if name in choices]
    for name in wanted:
        if name not in defined:
            raise ValueError(
                f"--metric {name}: undefined on {whose}, which {_reason(name, truth)}; it defines"
                f" {', '.join(defined) or 'nothing'}"
            )


def _reason(name: str, truth: GroundTruth) -> str:
    if not truth.has_masks and name != BOX_AP:
        return "has boxes and no masks"
    group = GROUP_NAMES.get(name.removeprefix("AP"))
    return f"has no instance of a {group} category" if group else "has no instance that counts"
