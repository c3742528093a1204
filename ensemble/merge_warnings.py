"""What a user should know of a merge that went well otherwise."""

from rich.console import Console

from ensemble.merge_plan import MergePlan
from ensemble.statistics import MergeStatistics
from longtail.evaluation.lvis import MAX_DETS


def print_warnings(plan: MergePlan, statistics: MergeStatistics, messages: Console) -> None:
    """Say what of a finished merge may be unwanted."""
    for source in plan.sources:
        for warning in source.warnings:
            messages.print(f"warning: {source.spec.name}: {warning}")
    counts = plan.settings.fusion.method == "wbf"
    for name, missing in statistics.images_without_detections.items():
        if missing:
            messages.print(
                f"warning: {name} has no detection in {missing} of {len(plan.images)} images"
                + ("; WBF judges objects there by the other sources" if counts else "")
            )
    if statistics.scores_over_one:
        messages.print(
            f"warning: {statistics.scores_over_one} fused scores over 1 are written as 1, "
            "which makes ties; choose weights closer to one another"
        )
    if plan.settings.max_dets > MAX_DETS:
        messages.print(
            f"warning: evaluators keep the best {MAX_DETS} scores of an image, without margins"
        )
    if plan.calibration is not None and plan.calibration.was_fitted_on(plan.images):
        messages.print(
            "warning: the calibration was fitted on these very images, so that AP flatters it"
        )
