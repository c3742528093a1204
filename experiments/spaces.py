"""Search spaces by name: what is worth varying, where the reports' values lie, and on what.

Ranges that depend on the data or on a variant's size follow them: a tail frequency lies round the
threshold between the training file's common and frequent categories, a learning rate round that
of the variant.
"""

from collections.abc import Mapping

from experiments.commands.sweep.named_space import Axis, NamedSpace, TailThreshold
from longtail.config.search_space import Choice, Dimension, LogUniform, Uniform
from longtail.config.variant import Variant

LVIS_TAIL_THRESHOLD = 0.00177
"""Of LVIS v0.5, as in the public code: the tail is the groups r and c. The 2019 report (003) says
which categories its lambda protects, and gives no number."""


def _tail_frequency(_: Variant, tail_threshold: TailThreshold) -> Dimension:
    """From a tenth of the tail threshold, which on LVIS divides rare from common categories, to
    three times it."""
    centre = tail_threshold()
    return LogUniform(_two_digits(centre / 10), _two_digits(min(3 * centre, 0.5)))


def _learning_rate(variant: Variant, _: TailThreshold) -> Dimension:
    rate = variant.stages[-1].optimizer.base_lr
    return LogUniform(_two_digits(rate / 10), _two_digits(10 * rate))


def _repeat_threshold(variant: Variant, _: TailThreshold) -> Dimension:
    threshold = getattr(variant.stages[0].sampler, "threshold", 1e-3)
    return LogUniform(_two_digits(threshold / 10), _two_digits(min(10 * threshold, 1.0)))


def _tail_below(variant: Variant, _: TailThreshold) -> Dimension:
    centre = variant.inference.head_merge.tail_below
    return Choice(tuple(sorted({max(1, centre // 5), centre, 5 * centre})))


def _two_digits(number: float) -> float:
    return float(f"{number:.2g}")


TAIL_FREQUENCY = Axis(
    "stages.last.classifier.tail_frequency",
    _tail_frequency,
    "the groups r and c (003); 0.00177 on LVIS v0.5 in its public code",
    starts_at_tail_threshold=True,
)
MASK_WEIGHT = Axis("stages.last.loss_weights.mask", LogUniform(0.5, 2.0), "1")
TAIL_BELOW = Axis("inference.head_merge.tail_below", _tail_below, "100 for R50, 10 for HTC (004)")
RULES = Axis(
    "inference.head_merge.rule",
    Choice(("avg", "det", "cat", "cat_thr", "cat_scale")),
    "cat (004, Table 6)",
)

SPACES: dict[str, NamedSpace] = {
    "lambda": NamedSpace(
        "eql_tuned_r50",
        "which categories equalization spares, and how much masks count; one first stage for all",
        (TAIL_FREQUENCY, MASK_WEIGHT),
    ),
    "lambda_head": NamedSpace(
        "eql_head_r50",
        "the same threshold where only the classifier learns: all trials cost about one run",
        (
            TAIL_FREQUENCY,
            Axis("stages.last.optimizer.base_lr", _learning_rate, "0.01"),
        ),
    ),
    "beta": NamedSpace(
        "alibaba_bgs_r50",
        "how many RoIs of other groups a group of balanced group softmax learns from",
        (
            Axis(
                "stages.last.classifier.others_per_member",
                Choice((0.5, 2.0, 8.0, 32.0)),
                "8 (public code)",
            ),
        ),
    ),
    "calibration": NamedSpace(
        "rhead_cat",
        "which second head, how it is merged and where; two trainings for all points",
        (
            Axis("stages.last.classifier.head", Choice(("2fc_rand", "3fc_ft")), "2fc_rand (004)"),
            RULES,
            TAIL_BELOW,
        ),
    ),
    "rfs": NamedSpace(
        "eql_rfs_r50",
        "how far rare categories are repeated; nothing is shared, stopping early is all that saves",
        (Axis("stages.0.sampler.threshold", _repeat_threshold, "0.001"),),
    ),
    "losses": NamedSpace(
        "eql_tuned_r50",
        "how much classes, boxes and masks count; one first stage for all",
        (
            Axis("stages.last.loss_weights.classification", LogUniform(0.5, 2.0), "1"),
            Axis("stages.last.loss_weights.box", LogUniform(0.5, 2.0), "1"),
            MASK_WEIGHT,
        ),
    ),
    "norcal": NamedSpace(
        "norcal_r50",
        "how far scores of frequent categories are lowered; trains one softmax for all",
        (Axis("inference.score_adjustment.gamma", Uniform(0.0, 1.2), "0.6 (Pan et al. 2021)"),),
    ),
    "head_merge": NamedSpace(
        "rhead_cat",
        "how the two heads are merged; trains nothing beyond the base",
        (RULES, TAIL_BELOW),
    ),
    "inference": NamedSpace(
        "eql_rfs_r50",
        "suppression and score threshold; trains nothing beyond the base",
        (
            Axis("inference.nms_iou", Uniform(0.3, 0.8), "0.5, in a merge 0.7 (000)"),
            Axis(
                "inference.score_threshold",
                Choice((0.0, 1e-4, 1e-3, 1e-2, 5e-2)),
                "0 (003, section 4.1), 0.05 (004, Table 2)",
            ),
        ),
    ),
}

DELEGATED_SPACES: Mapping[str, str] = {
    "alpha": "margins that rare and common categories get in a merge: ensemble.tune",
    "fusion": "method, thresholds, weights, calibration and margins of a merge: ensemble.tune",
}
"""Spaces over finished predictions, which `python -m ensemble.tune` searches."""
