"""lvisTraveler, LVIS Challenge 2020 (report 000): Tables 1 and 2 on the report's own networks.

Table 1 is a ladder: scale jitter; mosaic and rotation (DA); equalization loss; repeat factors; a
hybrid task cascade; ResNeSt101 with deformable convolutions and short sides of 400 to 1400 (S101+);
and the tricks, a weight decay of 5e-5 and mosaics drawn by repeat factors. Their third part, boxes
that are tight around what is turned, is in all rows with rotation: this program makes no loose
ones. Table 2 begins at its last row.

The report gives no angles, canvas or probabilities: the defaults of docs/augmentations.md, and a
mosaic comes before the resize, so that its four pictures together have the size of one. Small
models are trained for 24 epochs of 99,388 annotated images at batch 16, large ones (with
ResNeSt101) for 15, with drops after 11 and 14. Of the second stage it gives no schedule: that of
`alibaba_2020_r50`; all but backbone, neck and proposals learns. HM is that of
`lvistraveler_2020_r50`, in both stages.

Not built: column ST of Table 2, pseudo-labels of OpenImages, so that rows 2, 4, 5 and 8 (33.7,
36.0, 36.5, 38.8) are missing: neither thresholds nor the weight of the loss are stated, and
`pseudo_labels` of a stage has both kinds of self-training (docs/other_data.md). S200+ and S269
stand in such rows alone. `--set backbone.model=resnest200e` or `resnest269e` and `augmentations`
with `instance_jitter` (their InstaBoost) are built.
Hardware: 8 GPUs, of 32 GB with ResNeSt101; hours: docs/tables.md.

What the report claims, mask AP / APr / APc / APf on val:

    traveler_baseline   19.2 /  1.1 / 17.0 / 29.5    Table 1, box AP 19.9
    traveler_da         20.3 /  1.9 / 18.8 / 29.9    + mosaic, rotation, box AP 21.1
    traveler_eql        22.4 /  5.2 / 22.6 / 29.6    + equalization loss, box AP 23.4
    traveler_rfs        26.2 / 17.1 / 26.2 / 30.2    + repeat factors, box AP 27.0
    traveler_htc        28.8 / 19.2 / 29.1 / 32.8    + hybrid task cascade, box AP 31.3
    traveler_s101       32.0 / 20.6 / 32.8 / 36.3    + ResNeSt101 and the rest, box AP 35.0
    traveler_tricks     33.2 / 23.7 / 33.7 / 36.8    + tricks, box AP 36.1; row 1 of Table 2
    traveler_ms         33.9 / 23.3 / 34.3 / 38.0    Table 2, row 3: mask scoring, box AP 36.2
    traveler_gs         34.7 / 26.6 / 34.8 / 38.1    row 6: balanced group softmax, box AP 37.7
    traveler_gs_hm      36.1 / 28.8 / 35.8 / 39.8    row 7: + better mask head, box AP 38.4

    experiments/grid.py --table lvistraveler_2020_1 --train lvis_v1_train.json \\
        --val lvis_v1_val.json --images coco --workers 8 --gpus-per-worker 1
"""

from experiments.variants.alibaba_2020_r50 import GROUP_SOFTMAX
from experiments.variants.lvistraveler_2020_r50 import BETTER_MASKS, SCORING
from longtail.config.augmentations import HorizontalFlip, MultiScale, Rotation, ScaleJitter
from longtail.config.classifiers import Equalization, Softmax
from longtail.config.detector import Detector, Timm
from longtail.config.mixing import Mosaic
from longtail.config.roi_stages import HybridTaskCascade
from longtail.config.stages import SGD, MultiStep, RepeatFactor, Schedule, Stage
from longtail.config.variant import Variant

SMALL = Schedule(iterations=149_082)
LARGE = Schedule(iterations=93_177, decay=MultiStep(milestones=(0.733, 0.933)))

JITTER = Stage(augmentations=(ScaleJitter(), HorizontalFlip()), schedule=SMALL)
AUGMENTED = JITTER.replace(augmentations=(Mosaic(), ScaleJitter(), Rotation(), HorizontalFlip()))
EQUALIZED = AUGMENTED.replace(classifier=Equalization())
REPEATED = EQUALIZED.replace(sampler=RepeatFactor())
WIDE_SCALES = (MultiScale(), Rotation(), HorizontalFlip())
LONGER = REPEATED.replace(augmentations=(Mosaic(), *WIDE_SCALES), schedule=LARGE)
TRICKS = LONGER.replace(
    augmentations=(Mosaic(partners="repeat_factor"), *WIDE_SCALES),
    optimizer=SGD(weight_decay=5e-5),
)
FINE_TUNING = GROUP_SOFTMAX.replace(
    augmentations=TRICKS.augmentations, freeze=("backbone", "neck", "rpn")
)

R50, HTC = Detector(), Detector(roi_stages=HybridTaskCascade())
S101 = HTC.replace(backbone=Timm(model="resnest101e", deformable=("c3", "c4", "c5")))
MS_S101 = S101.replace(mask_head=SCORING)
HM_S101 = S101.replace(box_head=BETTER_MASKS.box_head, mask_head=BETTER_MASKS.mask_head)


def _variant(detector: Detector, *stages: Stage) -> Variant:
    return Variant(detector=detector, stages=stages, rules="2020")


VARIANTS = {
    "traveler_baseline": _variant(R50, JITTER.replace(classifier=Softmax())),
    "traveler_da": _variant(R50, AUGMENTED),
    "traveler_eql": _variant(R50, EQUALIZED),
    "traveler_rfs": _variant(R50, REPEATED),
    "traveler_htc": _variant(HTC, REPEATED),
    "traveler_s101": _variant(S101, LONGER),
    "traveler_tricks": _variant(S101, TRICKS),
    "traveler_ms": _variant(MS_S101, TRICKS),
    "traveler_gs": _variant(S101, TRICKS, FINE_TUNING),
    "traveler_gs_hm": _variant(HM_S101, TRICKS, FINE_TUNING),
}

TABLES = {
    "lvistraveler_2020_1": tuple(VARIANTS)[:7],
    "lvistraveler_2020_2": ("traveler_tricks", "traveler_ms", "traveler_gs", "traveler_gs_hm"),
}
