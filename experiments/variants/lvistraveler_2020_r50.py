"""lvisTraveler, LVIS Challenge 2020 (report 000): better masks for the same boxes, on a plain
network.

Rows 1, 3, 6 and 7 of Table 2 with Mask R-CNN R50-FPN in place of the network of
`lvistraveler_2020`: equalization and repeat factors, then mask scoring (MS), or a second stage with
balanced group softmax (GS), and with it a better mask head (HM). The report's levels are out of
reach, and its steps are what to look for.

HM is the sum of section 2.2: a mask's level by area and ratio (Eq. 1), balanced mask loss (Eq.
2-5), a boundary branch, three more convolutions and deformable RoI pooling, of boxes too: box AP
rises with it. The report adds it in the second stage. Here a variant has one detector, so that the
row with HM trains a first stage of its own. `lvistraveler_2020_hm`, a table that the report lacks,
adds its parts one after the other to the first row.

The first stage has the report's schedule of small models, 24 epochs of 99,388 annotated images at
batch 16, and short sides of 640 to 800 for its scale jitter. The report gives no schedule of the
second: that of `alibaba_2020_r50`; all but backbone, neck and proposals learns.
Hardware: 8 GPUs; hours: docs/tables.md.

What the report claims for its network, mask AP / APr / APc / APf on val:

    traveler_r50        33.2 / 23.7 / 33.7 / 36.8    row 1, box AP 36.1
    traveler_ms_r50     33.9 / 23.3 / 34.3 / 38.0    row 3: + mask scoring, box AP 36.2
    traveler_gs_r50     34.7 / 26.6 / 34.8 / 38.1    row 6: + balanced group softmax, box AP 37.7
    traveler_gs_hm_r50  36.1 / 28.8 / 35.8 / 39.8    row 7: + better mask head, box AP 38.4

    experiments/grid.py --table lvistraveler_2020_2_r50 --train lvis_v1_train.json \\
        --val lvis_v1_val.json --images coco --workers 8 --gpus-per-worker 1
"""

from experiments.variants.alibaba_2020_r50 import GROUP_SOFTMAX
from longtail.config.augmentations import HorizontalFlip, Resize
from longtail.config.classifiers import Equalization
from longtail.config.detector import BoxHead, Detector, MaskHead
from longtail.config.roi_stages import BalancedMask
from longtail.config.stages import RepeatFactor, Schedule, Stage
from longtail.config.variant import Variant

AUGMENTATIONS = (Resize(), HorizontalFlip())

REPRESENTATION = Stage(
    classifier=Equalization(),
    sampler=RepeatFactor(),
    augmentations=AUGMENTATIONS,
    schedule=Schedule(iterations=149_082),
)
FINE_TUNING = GROUP_SOFTMAX.replace(augmentations=AUGMENTATIONS, freeze=("backbone", "neck", "rpn"))

SCORING = MaskHead(scoring=True)
LEVEL = MaskHead(level="area_and_ratio")
BALANCED = LEVEL.replace(loss=BalancedMask())
BOUNDARY = BALANCED.replace(boundary=True)
DEEPER = BOUNDARY.replace(convolutions=7)
BETTER_MASKS = Detector(
    box_head=BoxHead(pooling="deformable"), mask_head=DEEPER.replace(pooling="deformable")
)
"""HM of Table 2."""


def _first_stage(detector: Detector) -> Variant:
    return Variant(detector=detector, stages=(REPRESENTATION,), rules="2020")


def _both_stages(detector: Detector) -> Variant:
    return _first_stage(detector).replace(stages=(REPRESENTATION, FINE_TUNING))


VARIANTS = {
    "traveler_r50": _first_stage(Detector()),
    "traveler_ms_r50": _first_stage(Detector(mask_head=SCORING)),
    "traveler_gs_r50": _both_stages(Detector()),
    "traveler_gs_hm_r50": _both_stages(BETTER_MASKS),
    "traveler_level_r50": _first_stage(Detector(mask_head=LEVEL)),
    "traveler_balanced_r50": _first_stage(Detector(mask_head=BALANCED)),
    "traveler_boundary_r50": _first_stage(Detector(mask_head=BOUNDARY)),
    "traveler_deeper_r50": _first_stage(Detector(mask_head=DEEPER)),
    "traveler_hm_r50": _first_stage(BETTER_MASKS),
}

TABLES = {
    "lvistraveler_2020_2_r50": (
        "traveler_r50",
        "traveler_ms_r50",
        "traveler_gs_r50",
        "traveler_gs_hm_r50",
    ),
    "lvistraveler_2020_hm": (
        "traveler_r50",
        "traveler_level_r50",
        "traveler_balanced_r50",
        "traveler_boundary_r50",
        "traveler_deeper_r50",
        "traveler_hm_r50",
    ),
}
