"""What a user should know of a merge that went well otherwise."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from ensemble.merge_plan import MergePlan
from ensemble.outputs import BOX_SUBMISSION, SUBMISSION
from ensemble.statistics import MergeStatistics
from longtail.evaluation.lvis import MAX_DETS
from longtail.predictions.coverage import Coverage


def print_uncovered(statistics: Mapping[str, Any], messages: Console) -> None:
    """Say which sources find nothing in most images.

    Args:
        statistics: What stats.json holds.
        messages: Where it is said.
    """
    num_images = statistics["images"]
    for name, source in statistics["sources"].items():
        num_found = num_images - source["images_without_detections"]
        coverage = Coverage(num_images, num_found, knows_all=not source["is_expert"])
        if coverage.is_low:
            messages.print(f"warning: {coverage.warning(name)}", style="yellow")


def print_warnings(plan: MergePlan, statistics: MergeStatistics, messages: Console) -> None:
    """Say what of a finished merge may be unwanted."""
    for source in plan.sources:
        for warning in source.warnings:
            messages.print(f"warning: {source.spec.name}: {warning}")
        if plan.calibration is not None:
            spec = source.spec
            for warning in plan.calibration.warnings_of_scale(spec.name, spec.max_score):
                messages.print(f"warning: {warning}", style="yellow")
    counts = plan.settings.fusion.method == "wbf"
    for name, missing in statistics.images_without_detections.items():
        # Where it is most of them, `print_uncovered` says so.
        if missing and not Coverage(len(plan.images), len(plan.images) - missing).is_low:
            messages.print(
                f"warning: {name} has no detection in {missing} of {len(plan.images)} images"
                + ("; WBF judges objects there by the other sources" if counts else "")
            )
    num_cut = {
        SUBMISSION: statistics.scores_over_one,
        BOX_SUBMISSION: statistics.box_scores_over_one,
    }
    for name, count in num_cut.items():
        if count:
            messages.print(
                f"warning: {count} fused scores over 1 are written as 1 in {name}, which makes"
                " ties; choose weights closer to one another, or --margin-mode score"
            )
    if plan.settings.max_dets > MAX_DETS:
        messages.print(
            f"warning: evaluators keep the best {MAX_DETS} scores of an image, without margins"
        )
    if plan.calibration is not None and plan.calibration.was_fitted_on(plan.images):
        messages.print(
            "warning: the calibration was fitted on these very images, so that AP flatters it"
        )
