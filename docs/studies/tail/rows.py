"""The rows of the study of the tail, at the size of the demo, and which are compared."""

from experiments.variants import VARIANTS
from experiments.variants.scale import demo_scale
from longtail.config.classifiers import (
    BalancedGroupSoftmax,
    Calibrated,
    Classifier,
    Equalization,
    Sigmoid,
    Softmax,
)
from longtail.config.scores import HeadMerge
from longtail.config.stages import ClassThenImage, Part, Sampler, UniformSampler
from longtail.config.variant import Variant

SIDE = 112
ITERATIONS = 900
SECOND_ITERATIONS = 300
LONG_ITERATIONS = 900
RARE = 10.5 / 800
"""lambda: categories in up to 10 of the 800 images."""
TRUNK: tuple[Part, ...] = ("backbone", "neck", "rpn", "box_head", "box_regressor", "mask_head")
"""All parts but the classifier, as BAGS' public code freezes them."""

PAIRS = (
    ("softmax", "sigmoid"),
    ("softmax", "sigmoid_rfs"),
    ("softmax", "eql_rfs"),
    ("sigmoid", "eql"),
    ("sigmoid", "sigmoid_rfs"),
    ("eql", "eql_rfs"),
    ("sigmoid_rfs", "eql_rfs"),
    ("softmax", "bags"),
    ("softmax", "retrained"),
    ("softmax", "retrained_long"),
    ("retrained", "bags"),
    ("softmax", "bags_long"),
    ("retrained_long", "bags_long"),
    ("softmax", "calibrated"),
    ("retrained_sigmoid", "retrained_eql"),
    ("retrained_sigmoid", "retrained_eql_rare"),
)
"""(before, after): in what the second differs from the first."""


def study_rows() -> dict[str, Variant]:
    """Every row by name. From `bags` on a classifier learns over the frozen trunk of `softmax`;
    what differs in the classifier alone learns in one pass over the data."""
    softmax = _first("softmax_r50")
    calibrated = _second(softmax, Calibrated(), ClassThenImage(images_per_epoch=100))
    merge = calibrated.inference.replace(head_merge=HeadMerge(rule="cat", tail_below=100))
    return {
        "softmax": softmax,
        "sigmoid": _first("sigmoid_r50"),
        "eql": _first("eql_r50"),
        "sigmoid_rfs": _first("sigmoid_rfs_r50"),
        "eql_rfs": _first("eql_rfs_r50"),
        "bags": _second(softmax, BalancedGroupSoftmax(), UniformSampler()),
        "calibrated": calibrated.replace(inference=merge),
        "retrained": _second(softmax, Softmax(), UniformSampler()),
        "bags_long": _second(softmax, BalancedGroupSoftmax(), UniformSampler(), LONG_ITERATIONS),
        "retrained_long": _second(softmax, Softmax(), UniformSampler(), LONG_ITERATIONS),
        "retrained_sigmoid": _second(softmax, Sigmoid(), UniformSampler()),
        "retrained_eql": _second(softmax, Equalization(), UniformSampler()),
        "retrained_eql_rare": _second(softmax, Equalization(tail_frequency=RARE), UniformSampler()),
    }


def _first(name: str) -> Variant:
    return demo_scale(VARIANTS[name]).override(
        {
            "stages.0.schedule.iterations": ITERATIONS,
            "stages.0.schedule.checkpoint_every": ITERATIONS // 2,
            "stages.0.augmentations.0.short_sides": [SIDE],
            "inference.short_side": SIDE,
            "inference.detections_per_image": 100,
        }
    )


def _second(
    first: Variant,
    classifier: Classifier,
    sampler: Sampler,
    iterations: int = SECOND_ITERATIONS,
) -> Variant:
    """Another classifier learns, on frozen features; all but a calibrated one start anew."""
    new = () if isinstance(classifier, Calibrated) else ("classifier",)
    stage = first.stages[0].replace(
        classifier=classifier, sampler=sampler, freeze=TRUNK, recreate=new
    )
    schedule = stage.schedule.replace(iterations=iterations, checkpoint_every=iterations)
    return first.replace(stages=(*first.stages, stage.replace(schedule=schedule)))
