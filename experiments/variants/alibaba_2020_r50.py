"""Alibaba, LVIS Challenge 2020 (report 002), on a plain network: the classifier trained again, then
a second one beside it on images drawn by category, then balanced mosaics.

The rows of Table 1 on LVIS v1 with Mask R-CNN R50-FPN in place of the network of
`alibaba_2020`: its levels are out of reach, and its steps are what to look for. Stage 0 has the
report's schedule, 28 epochs of 99,388 annotated images at batch 24. For the others it gives none:
12 epochs at batch 16 and rate 0.01 as in the public code of balanced group softmax; an epoch of the
double classifier is that of its sampler, 5 images for each of 1203 categories. Nor does it say
which loss the second classifier has: balanced group softmax, like the first. Balanced mosaics are
in both stages that train classifiers; sides, crop and jitter are not stated.
The last row trains the second classifier on pseudo-labels besides: what stage 1 finds with a score
of 0.8 in images without annotations, of which those with a rare category are kept (section 4.1).
They are seen blurred, in other colours and with holes, and features are dropped; how much, and how
many of them an epoch shows, is not stated: here 0.2, and as many as of LVIS.
Hardware: 8 GPUs; hours: docs/tables.md. With mosaics a stage takes up to four times as long.

What the report claims for its network, mask AP / APr / APc / APf on val at 800 pixels:

    alibaba_r50         33.4 / 17.3 / 33.2 / 40.6    representation learning
    alibaba_bgs_r50     35.1 / 22.7 / 34.8 / 40.7    + balanced group softmax
    alibaba_double_r50  35.4 / 24.6 / 34.9 / 40.7    + double classifier
    alibaba_mosaic_r50  36.8 / 27.7 / 36.7 / 41.0    + balanced mosaic
    alibaba_unlabelled_r50  36.9 / 29.2 / 36.4 / 40.9    + coco2017_unlabeled

    experiments/grid.py --table alibaba_2020_1_r50 --train lvis_v1_train.json \\
        --val lvis_v1_val.json --images coco --workers 8 --gpus-per-worker 1

The last row is a table of its own, `alibaba_2020_1_unlabelled_r50`: it wants `--also
unlabelled=image_info_unlabeled2017.json,images=unlabeled2017`.
"""

from longtail.config.augmentations import (
    Blur,
    ColourJitter,
    Crop,
    Cutout,
    HorizontalFlip,
    Resize,
)
from longtail.config.classifiers import BalancedGroupSoftmax, Double, Softmax
from longtail.config.mixing import BalancedMosaic
from longtail.config.other_data.pseudo_labels import LearnedPseudoLabels
from longtail.config.stages import (
    SGD,
    ClassAware,
    MultiStep,
    RepeatFactor,
    Schedule,
    Stage,
)
from longtail.config.variant import Variant

AUGMENTATIONS = (
    Resize(short_sides=tuple(range(600, 1001, 40)), long_side_cap=1400),
    HorizontalFlip(),
)

REPRESENTATION = Stage(
    classifier=Softmax(),
    sampler=RepeatFactor(),
    augmentations=AUGMENTATIONS,
    optimizer=SGD(base_lr=0.03),
    schedule=Schedule(
        iterations=115_953,
        images_per_step=24,
        decay=MultiStep(milestones=(0.714, 0.857, 0.929, 0.964)),
    ),
)
GROUP_SOFTMAX = Stage(
    classifier=BalancedGroupSoftmax(),
    sampler=RepeatFactor(),
    augmentations=AUGMENTATIONS,
    freeze=("backbone", "neck", "rpn", "box_head", "box_regressor", "mask_head"),
    recreate=("classifier",),
    optimizer=SGD(base_lr=0.01),
    schedule=Schedule(iterations=74_541),
)
SECOND_CLASSIFIER = GROUP_SOFTMAX.replace(
    classifier=Double(first=BalancedGroupSoftmax(), second=BalancedGroupSoftmax()),
    sampler=ClassAware(images_per_category=5),
    recreate=(),
    schedule=Schedule(iterations=4_511, warmup_iterations=500),
)
MOSAICS = (BalancedMosaic(), Crop(), HorizontalFlip(), ColourJitter())
"""Algorithm 1: the mosaic, then crop, flip and colours."""
DOUBLE = (REPRESENTATION, GROUP_SOFTMAX, SECOND_CLASSIFIER)
WITH_MOSAICS = (
    REPRESENTATION,
    *(stage.replace(augmentations=MOSAICS) for stage in (GROUP_SOFTMAX, SECOND_CLASSIFIER)),
)
FROM_UNLABELLED = WITH_MOSAICS[-1].replace(
    pseudo_labels=(
        LearnedPseudoLabels(
            file="unlabelled",
            min_score=0.8,
            needs_rare=True,
            images_per_epoch=6_015,
            augmentations=(*AUGMENTATIONS, ColourJitter(), Blur(), Cutout()),
        ),
    ),
    classifier_dropout=0.2,
)

VARIANTS = {
    "alibaba_r50": Variant(stages=(REPRESENTATION,), rules="2020"),
    "alibaba_bgs_r50": Variant(stages=DOUBLE[:2], rules="2020"),
    "alibaba_double_r50": Variant(stages=DOUBLE, rules="2020"),
    "alibaba_mosaic_r50": Variant(stages=WITH_MOSAICS, rules="2020"),
    "alibaba_unlabelled_r50": Variant(stages=(*WITH_MOSAICS[:-1], FROM_UNLABELLED), rules="2020"),
}

TABLES = {
    "alibaba_2020_1_r50": tuple(VARIANTS)[:4],
    "alibaba_2020_1_unlabelled_r50": ("alibaba_unlabelled_r50",),
}
