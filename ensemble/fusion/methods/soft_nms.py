"""Soft-NMS: every detection stays an object of its own, with less score the more it overlaps."""

from typing import TYPE_CHECKING

from ensemble.fusion.choices import MethodSettings
from ensemble.fusion.methods.method import FusionMethod, decay_parameter

if TYPE_CHECKING:
    from ensemble.fusion.sorted_rows import FoundClusters, SortedRows


def _run(rows: "SortedRows", settings: MethodSettings) -> "FoundClusters":
    import numpy as np

    from ensemble.fusion.soft_nms import soften_kept

    return soften_kept(rows, np.arange(len(rows.scores)), settings)


SOFT_NMS = FusionMethod(
    name="soft-nms",
    title="soft-NMS",
    run=_run,
    parameters=lambda decay: frozenset({decay_parameter(decay)}),
    may_vote=False,
)
