"""The rows of the study of a suppressed tail, and which are compared.

First stages differ from `softmax` or `sigmoid` in one thing. Second stages learn a classifier over
the frozen trunk of `softmax`; `retrained` are their controls, a softmax trained again for as long,
anew or on. What adjusts scores needs no training.
"""

from docs.studies.tail.rows import SIDE, TRUNK
from experiments.variants import VARIANTS
from experiments.variants.scale import DEMO_REPEAT_THRESHOLD, demo_scale
from longtail.config.classifiers import (
    BalancedGroupSoftmax,
    Calibrated,
    Classifier,
    Double,
    Equalization,
    Seesaw,
    Sigmoid,
    Softmax,
)
from longtail.config.scores import HeadMerge, LogitAdjustment, NorCal
from longtail.config.stages import (
    ClassAware,
    ClassThenImage,
    Part,
    RepeatFactor,
    Sampler,
    UniformSampler,
)
from longtail.config.variant import Variant

ITERATIONS = 1500
SECOND_ITERATIONS = 600
IMAGES = 2000
BELOW, AT, ABOVE = 5.5 / IMAGES, 10.5 / IMAGES, 100.5 / IMAGES
"""lambda: half of the rare categories, all of them, and the common ones with them."""
REPEATED = RepeatFactor(threshold=DEMO_REPEAT_THRESHOLD)
EVERY_IMAGE = UniformSampler()

PAIRS = (
    ("softmax", "sigmoid"),
    ("sigmoid", "eql_below"),
    ("sigmoid", "eql_at"),
    ("sigmoid", "eql_above"),
    ("sigmoid", "sigmoid_rfs"),
    ("eql_at", "eql_rfs"),
    ("sigmoid_rfs", "eql_rfs"),
    ("softmax", "seesaw"),
    ("softmax", "norcal"),
    ("softmax", "logit_adjustment"),
    ("softmax", "retrained_on"),
    ("retrained", "bags"),
    ("softmax", "bags"),
    ("retrained_on", "calibrated"),
    ("softmax", "calibrated"),
    ("bags", "double"),
)
"""(before, after): in what the second differs from the first."""


def study_rows() -> dict[str, Variant]:
    """Every row by name."""
    softmax, sigmoid = _first(Softmax()), _first(Sigmoid())
    bags = _anew(softmax, BalancedGroupSoftmax(), EVERY_IMAGE)
    calibrated = _on(softmax, Calibrated(), ClassThenImage(images_per_epoch=100))
    merge = HeadMerge(rule="cat", tail_below=100)
    return {
        "softmax": softmax,
        "sigmoid": sigmoid,
        "eql_below": _first(Equalization(tail_frequency=BELOW)),
        "eql_at": _first(Equalization(tail_frequency=AT)),
        "eql_above": _first(Equalization(tail_frequency=ABOVE)),
        "sigmoid_rfs": _first(Sigmoid(), REPEATED),
        "eql_rfs": _first(Equalization(tail_frequency=AT), REPEATED),
        "seesaw": _first(Seesaw()),
        "norcal": softmax.override({"inference.score_adjustment": NorCal().model_dump()}),
        "logit_adjustment": softmax.override(
            {"inference.score_adjustment": LogitAdjustment().model_dump()}
        ),
        "retrained": _anew(softmax, Softmax(), EVERY_IMAGE),
        "retrained_on": _on(softmax, Softmax(), EVERY_IMAGE),
        "bags": bags,
        "double": _on(
            bags,
            Double(first=BalancedGroupSoftmax(), second=BalancedGroupSoftmax()),
            ClassAware(images_per_category=2),
        ),
        "calibrated": calibrated.replace(inference=calibrated.inference.replace(head_merge=merge)),
    }


def _first(classifier: Classifier, sampler: Sampler = EVERY_IMAGE) -> Variant:
    plain = demo_scale(VARIANTS["softmax_r50"])
    stage = plain.stages[0].replace(classifier=classifier, sampler=sampler)
    return plain.replace(stages=(stage,)).override(
        {
            "stages.0.schedule.iterations": ITERATIONS,
            "stages.0.schedule.checkpoint_every": ITERATIONS // 2,
            "stages.0.augmentations.0.short_sides": [SIDE],
            "inference.short_side": SIDE,
            "inference.detections_per_image": 100,
        }
    )


def _anew(before: Variant, classifier: Classifier, sampler: Sampler) -> Variant:
    """A further stage in which a new classifier alone learns."""
    return _on(before, classifier, sampler, recreate=("classifier",))


def _on(
    before: Variant,
    classifier: Classifier,
    sampler: Sampler,
    recreate: tuple[Part, ...] = (),
) -> Variant:
    """A further stage in which the classifier alone learns, on or anew."""
    last = before.stages[-1]
    schedule = last.schedule.replace(
        iterations=SECOND_ITERATIONS, checkpoint_every=SECOND_ITERATIONS
    )
    stage = last.replace(
        classifier=classifier, sampler=sampler, freeze=TRUNK, recreate=recreate, schedule=schedule
    )
    return before.replace(stages=(*before.stages, stage))
