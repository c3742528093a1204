"""The files that a merge is for: a submission of masks, and one of boxes where it is asked for.

A record has one score. In submission.json it is the score of the mask, and what `max_dets` left
of an image was chosen by it; in submission_box.json it is the score of the box, with a cut of its
own, and objects that no source has a mask of are there too.
"""

from pathlib import Path
from typing import Any

from rich.console import Console

from ensemble.merging import folder as outputs
from ensemble.merging.plan import MergePlan
from ensemble.outputs.evaluation import StepEvaluator
from ensemble.outputs.evaluation_row import evaluation_row
from ensemble.sources.spec import MERGED
from longtail.path_options import short_path
from longtail.predictions.result_json.write import export_json
from longtail.predictions.store import PredictionStore

Stores = dict[str, PredictionStore]

BOX_RESULTS = "box_submission"
"""Key of what submission_box.json is worth in evaluation.json."""


def write_submissions(plan: MergePlan, stores: Stores, out: Path, messages: Console) -> list[Path]:
    """Write the result files of a merge; returns them.

    Args:
        plan: What was merged.
        stores: The merged detections, and those of the boxes where they were asked for.
        out: The folder of the merge.
        messages: Told what is written, and what is not.
    """
    zipped, with_bbox = plan.settings.zipped, plan.settings.with_bbox
    masks = out / (outputs.ZIPPED if zipped else outputs.SUBMISSION)
    boxes = out / (outputs.BOX_ZIPPED if zipped else outputs.BOX_SUBMISSION)
    written = []
    if plan.has_masks:
        messages.print(f"writing {short_path(masks)}")
        export_json(stores[MERGED], masks, with_bbox=with_bbox)
        written.append(masks)
    else:
        messages.print(f"no source has masks: no {masks.name}, boxes only")
    if outputs.BOXES in stores:
        messages.print(f"writing {short_path(boxes)}")
        export_json(stores[outputs.BOXES], boxes, with_bbox=True)
        written.append(boxes)
    return written


def evaluated(
    evaluator: StepEvaluator, sources: dict[str, Any], stores: Stores, plan: MergePlan
) -> dict[str, Any]:
    """What evaluation.json holds.

    Args:
        evaluator: Evaluates.
        sources: The rows of the sources.
        stores: The results of the steps, the merge, and the boxes where they were asked for.
        plan: What was merged.
    """
    boxes = stores.get(outputs.BOXES)
    steps = {name: store for name, store in stores.items() if name != outputs.BOXES}
    if boxes is None:
        return evaluator.tree(sources, steps, plan)
    if not plan.has_masks:
        return evaluator.tree(sources, {MERGED: boxes}, plan)
    tree = evaluator.tree(sources, steps, plan)
    matches = evaluator.folder / BOX_RESULTS
    row = evaluation_row(boxes, evaluator.truth, evaluator.resamples, matches, evaluator.workers)
    intervals = row["intervals"].get("box", {})
    return tree | {BOX_RESULTS: {"box": row["box"], "intervals": intervals}}
