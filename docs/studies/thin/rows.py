"""The rows of the study of thin objects, at the size of the demo, and which are compared.

All start from backbone, neck and RPN of one plain detector, the trunk, and leave them as they are:
the heads alone learn, from nothing. So rows propose the same boxes, a training costs a third, and
a difference is one of heads.
"""

from pathlib import Path

from docs.studies.thin.painting import Painted
from experiments.variants import VARIANTS
from experiments.variants.scale import demo_scale
from longtail.config.roi_stages import BalancedMask, Cascade, HybridTaskCascade, RoIStages
from longtail.config.stages import Part
from longtail.config.variant import Variant

SIDE = Painted().side
IMAGES_PER_STEP = 2
TRUNK_ITERATIONS = 640
ITERATIONS = 300
LONG = 3
"""Times as many."""
CASCADE_COST = 1.29
"""CPU time of a step of the cascade over one of the plain row, measured by `step_cost`."""
ANCHORS = (24, 48, 80, 112, 144)
"""The set's boxes have sides of some 20 to 170 pixels."""
TRUNK: tuple[Part, ...] = ("backbone", "neck", "rpn")

PAIRS = (
    ("plain", "level"),
    ("plain", "balanced"),
    ("plain", "boundary"),
    ("plain", "all"),
    ("plain", "plain_equal"),
    ("plain", "cascade"),
    ("plain_equal", "cascade"),
    ("cascade", "htc"),
    ("plain", "plain_long"),
    ("plain_long", "balanced_long"),
    ("plain_long", "all_long"),
)
"""(before, after): in what the second differs from the first."""


def trunk_file(runs: Path) -> Path:
    """The weights that all rows start from, in the study's folder of runs."""
    return runs / "trunk.pt"


def trunk_row() -> Variant:
    """The detector that the trunk is taken from."""
    return _of_demo_scale(TRUNK_ITERATIONS)


def study_rows(runs: Path) -> dict[str, Variant]:
    """Every row by name. `plain_equal` has the iterations that the cascade's CPU time pays for;
    rows called `_long` have three times those of the others.

    Args:
        runs: The study's folder of runs.
    """
    weights = str(trunk_file(runs))
    plain = _over_trunk(weights, ITERATIONS)
    longer = _mask_rows(_over_trunk(weights, LONG * ITERATIONS))
    return {
        **_mask_rows(plain),
        "plain_equal": _over_trunk(weights, round(CASCADE_COST * ITERATIONS)),
        "cascade": _staged(plain, Cascade()),
        "htc": _staged(plain, HybridTaskCascade()),
        **{f"{name}_long": longer[name] for name in ("plain", "balanced", "all")},
    }


def _mask_rows(plain: Variant) -> dict[str, Variant]:
    """What is done to masks, each alone and together."""
    level = {"detector.mask_head.level": "area_and_ratio"}
    boundary = {"detector.mask_head.boundary": True}
    return {
        "plain": plain,
        "level": plain.override(level),
        "balanced": _balanced(plain),
        "boundary": plain.override(boundary),
        "all": _balanced(plain.override({**level, **boundary})),
    }


def _of_demo_scale(iterations: int) -> Variant:
    return demo_scale(VARIANTS["softmax_r50"]).override(
        {
            "stages.0.schedule.iterations": iterations,
            "stages.0.schedule.checkpoint_every": iterations,
            "stages.0.schedule.images_per_step": IMAGES_PER_STEP,
            "stages.0.augmentations.0.short_sides": [SIDE],
            "inference.short_side": SIDE,
            "inference.detections_per_image": 50,
            "detector.proposals.anchor_sizes": list(ANCHORS),
        }
    )


def _over_trunk(weights: str, iterations: int) -> Variant:
    changes = {"detector.weights": weights, "stages.0.freeze": list(TRUNK)}
    return _of_demo_scale(iterations).override(changes)


def _balanced(variant: Variant) -> Variant:
    mask_head = variant.detector.mask_head.replace(loss=BalancedMask())
    return variant.replace(detector=variant.detector.replace(mask_head=mask_head))


def _staged(variant: Variant, stages: RoIStages) -> Variant:
    return variant.replace(detector=variant.detector.replace(roi_stages=stages))
