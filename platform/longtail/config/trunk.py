"""What training stages must have in common to be trained in one pass over the data."""

from typing import Any, get_args

from longtail.config.base import fingerprint
from longtail.config.stages import Part, Stage

LEARNING: Part = "classifier"
TRUNK: frozenset[Part] = frozenset(get_args(Part)) - {LEARNING}
OWN_FIELDS = frozenset({"classifier", "recreate", "optimizer", "clip_gradient_norm"})
"""What each stage of a pass may have for itself."""


def trunk_of(stage: Stage) -> str | None:
    """A name of all that the stage computes before its classifier; None if more than that learns.

    Stages of equal names that start from the same weights and data, under the same seed, compute
    the same features of the same RoIs in every step: one forward of the frozen trunk serves all.
    """
    if set(stage.freeze) != TRUNK or not set(stage.recreate) <= {LEARNING}:
        return None
    shared: dict[str, Any] = stage.model_dump(mode="json", exclude=set(OWN_FIELDS))
    return fingerprint({**shared, "freeze": sorted(TRUNK)})
