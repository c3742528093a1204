"""How many detections annotations judge, in words.

A detection is judged where its category is in the image or verified to be absent. Federated lists
that are there and empty verify nothing: then a wrong detection of a category that the image does
not have costs nothing, and AP looks better than it is.
"""

from longtail.evaluation.annotations.ground_truth import GroundTruth

NOTHING_ABSENT = (
    "no image has verified-absent categories (neg_category_ids), so a wrong detection of a category"
    " that its image does not have costs nothing and AP looks too good: give --exhaustive if yours"
    " are labelled exhaustively, every category in every image"
)


def unverified(truth: GroundTruth) -> tuple[str, ...]:
    """The warning for annotations that verify no absence although categories are absent."""
    num_categories = len(truth.categories)
    num_present = sum(
        len({record.category_id for record in of_image}) for of_image in truth.annotations
    )
    judged = len(truth.judged_pairs)
    verifies = judged > num_present or judged == len(truth.images) * num_categories
    return () if verifies else (NOTHING_ABSENT,)


def judged_text(num_detections: int, num_judged: int) -> str:
    """As in "69 of 114 detections judged"."""
    if num_judged == num_detections:
        return f"all {num_detections:,} detections judged" if num_detections else "no detections"
    return f"{num_judged:,} of {num_detections:,} detections judged"


def judged_by_kind(counts: dict[str, int]) -> str:
    """The same of masks and boxes.

    Args:
        counts: `detections`, `judged_masks` and `judged_boxes`, as an evaluation counts them.
    """
    num_detections, masks, boxes = (
        counts[key] for key in ("detections", "judged_masks", "judged_boxes")
    )
    if masks == boxes:
        return judged_text(num_detections, boxes)
    if not masks:
        return f"{judged_text(num_detections, boxes)} by their boxes, none by a mask"
    return f"{judged_text(num_detections, masks)} by their masks, {boxes:,} by their boxes"
