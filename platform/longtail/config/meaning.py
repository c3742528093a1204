"""What a variant means: fields that other fields make meaningless do not tell variants apart.

An identity keeps them (nodes are named by all fields); a search tries what means the same once.
"""

from collections.abc import Mapping

from longtail.config.detector import BoxHead, Detector
from longtail.config.roi_stages import BoxStages, global_context_of, semantic_branch_of
from longtail.config.scores import AsTheyAre, HeadMerge, LogitAdjustment, NorCal, ScoreAdjustment
from longtail.config.stages import ClassThenImage, LossWeights, MultiStep, Sampler, Schedule, Stage
from longtail.config.test_time.suppression import Softening
from longtail.config.test_time.tta import TTA
from longtail.config.variant import Inference, Variant

_OF_RULE: dict[str, tuple[str, ...]] = {
    "only": (),
    "avg": (),
    "det": (),
    "cat": ("tail_below",),
    "cat_thr": ("tail_below", "threshold"),
    "cat_scale": ("tail_below", "scale", "scale_images"),
}
"""The fields of `HeadMerge` that each rule reads."""


def meaning_of(variant: Variant) -> Variant:
    """The variant with every field at its default that another field makes meaningless."""
    return variant.replace(
        detector=_of_detector(variant.detector),
        stages=tuple(_of_stage(stage, variant.detector) for stage in variant.stages),
        inference=_of_inference(variant.inference),
    )


def unread(variant: Variant, changes: Mapping[str, object]) -> set[str]:
    """The paths of changes after which nothing reads the field, such as the weight of a loss that
    no part has.

    Args:
        variant: With the changes made.
        changes: By path, as `Variant.override` takes them.
    """
    has, means = variant.leaves(), meaning_of(variant).leaves()
    silent = {path for path in has if has[path] != means.get(path)}
    return {path for path in changes if variant.whole_path(path) in silent}


def _of_detector(detector: Detector) -> Detector:
    box, default = detector.box_head, BoxHead()
    if isinstance(detector.roi_stages, BoxStages):
        box = box.replace(
            positive_iou=default.positive_iou, class_specific_boxes=default.class_specific_boxes
        )
    if box.regression == "shared":
        box = box.replace(regression_scale=default.regression_scale)
    trusts = detector.weights is not None and detector.trust_weights
    return detector.replace(trust_weights=trusts, box_head=box)


def _of_stage(stage: Stage, detector: Detector) -> Stage:
    return stage.replace(
        sampler=_of_sampler(stage.sampler),
        schedule=_of_schedule(stage.schedule),
        loss_weights=_of_loss_weights(stage.loss_weights, detector),
    )


def _of_loss_weights(weights: LossWeights, detector: Detector) -> LossWeights:
    """A loss that no part has weighs what it does by default."""
    default, masks, stages = LossWeights(), detector.mask_head, detector.roi_stages
    absent = {
        "boundary": not masks.boundary,
        "mask_iou": not masks.scoring,
        "semantic": semantic_branch_of(stages) is None,
        "image_labels": global_context_of(stages) is None,
    }
    changes = {name: getattr(default, name) for name, is_absent in absent.items() if is_absent}
    return weights.replace(**changes)


def _of_sampler(sampler: Sampler) -> Sampler:
    if isinstance(sampler, ClassThenImage) and not sampler.selected_proposals:
        return sampler.replace(background_per_foreground=ClassThenImage().background_per_foreground)
    return sampler


def _of_schedule(schedule: Schedule) -> Schedule:
    changes: dict[str, object] = {}
    if not schedule.warmup_iterations:
        changes["warmup_factor"] = Schedule.model_fields["warmup_factor"].default
    if isinstance(schedule.decay, MultiStep) and not schedule.decay.milestones:
        changes["decay"] = MultiStep(milestones=())
    return schedule.replace(**changes)


def _of_inference(inference: Inference) -> Inference:
    merge = inference.head_merge
    read = {name: getattr(merge, name) for name in _OF_RULE[merge.rule]}
    return inference.replace(
        head_merge=HeadMerge(rule=merge.rule, **read),
        score_adjustment=_of_adjustment(inference.score_adjustment),
        tta=None if inference.tta is None else _of_tta(inference.tta),
        **_seen_at(inference),
    )


def _seen_at(inference: Inference) -> dict[str, object]:
    """The size of a plain prediction, where there is one."""
    of = Inference() if inference.tta is not None else inference
    return {"short_side": of.short_side, "long_side_cap": of.long_side_cap}


def _of_tta(tta: TTA) -> TTA:
    of = tta.suppression
    if isinstance(of, Softening):
        unread = "iou" if of.decay == "gaussian" else "sigma"
        of = of.replace(**{unread: Softening.model_fields[unread].default})
    return tta.replace(suppression=of)


def _of_adjustment(adjustment: ScoreAdjustment) -> ScoreAdjustment:
    """One that changes nothing is none."""
    match adjustment:
        case NorCal(gamma=0) | LogitAdjustment(tau=0):
            return AsTheyAre()
        case _:
            return adjustment
