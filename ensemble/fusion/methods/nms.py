"""Hard non-maximum suppression: the best detection stays, and those that overlap it join it."""

from typing import TYPE_CHECKING

from ensemble.fusion.choices import MethodSettings
from ensemble.fusion.methods.method import FusionMethod

if TYPE_CHECKING:
    from ensemble.fusion.sorted_rows import FoundClusters, SortedRows


def _run(rows: "SortedRows", settings: MethodSettings) -> "FoundClusters":
    from ensemble.fusion.nms import suppress
    from ensemble.fusion.sorted_rows import clusters_of_keepers

    return clusters_of_keepers(rows, suppress(rows.shapes, rows.starts, settings.iou_thr))


NMS = FusionMethod(
    name="nms", title="hard NMS", run=_run, parameters=lambda _: frozenset({"iou_thr"})
)
