"""Hard NMS at a threshold of its own, and then soft-NMS of what it keeps."""

from typing import TYPE_CHECKING

from ensemble.fusion.choices import MethodSettings
from ensemble.fusion.methods.method import FusionMethod, decay_parameter

if TYPE_CHECKING:
    from ensemble.fusion.sorted_rows import FoundClusters, SortedRows


def _run(rows: "SortedRows", settings: MethodSettings) -> "FoundClusters":
    from ensemble.fusion.nms import suppress
    from ensemble.fusion.soft_nms import soften_kept

    keeper = suppress(rows.shapes, rows.starts, settings.first_iou_thr)
    return soften_kept(rows, keeper, settings)


NMS_THEN_SOFT_NMS = FusionMethod(
    name="nms+soft-nms",
    title="NMS and then soft-NMS",
    run=_run,
    parameters=lambda decay: frozenset({"first_iou_thr", decay_parameter(decay)}),
)
