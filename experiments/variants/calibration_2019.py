"""Classification calibration, LVIS Challenge 2019 (report 004, SimCal): a second classifier beside
the first, trained on proposals of categories that are drawn alike.

Reproduces Tables 2, 6 and 8 for Mask R-CNN R50-FPN with class-agnostic boxes and masks on LVIS
v0.5: SGD at batch 8 and rate 0.01 for 12 epochs of the 56,740 annotated images. What the report
does not state is detectron2's (the warm-up) or its public code's (the second stage: 12 times 1000
steps of 16 categories, plain SGD). The report starts from a COCO detector, these rows do not; with
one of yours add `--set detector.weights=FILE --set external_data=true`. Its rows with cascades
are those of `calibration_2019_cascades`.
Hardware: 8 GPUs; hours: docs/tables.md. Both stages are shared by all rows but `img_sample_r50` and
`rhead_cat_3fc`.

What the report claims, mask AP on val by training instances, below 10 / 100 / 1000 / above / all:

    mrcnn_r50_thr     0.0 /  5.4 / 16.6 / 25.1 / 13.1    Table 2: scores below 0.05 dropped
    mrcnn_r50         0.0 / 13.3 / 21.4 / 27.0 / 18.0    Tables 2, 6, 8
    rhead_only        8.5 / 20.8 / 17.6 / 19.3 / 18.4    Table 6: rules that merge the two heads
    rhead_avg         8.5 / 20.9 / 19.6 / 24.6 / 20.3
    rhead_det         8.6 / 22.0 / 16.7 / 25.2 / 19.8
    rhead_cat         8.6 / 22.0 / 19.6 / 26.6 / 21.1    Table 8 has 8.6 / 22.0 / 20.2 / 26.7 / 21.3
    rhead_cat_thr     8.5 / 20.8 / 20.1 / 26.7 / 20.9
    rhead_cat_scale   8.5 / 21.3 / 19.9 / 26.7 / 21.0
    img_sample_r50    7.7 / 23.2 / 21.4 / 26.2 / 22.0    Table 8: repeat factors instead

`rhead_cat_3fc` has the head that the public code found better on the tail, 13.3 / 23.2 in the first
two bins and 22.2 in all; its table `calibration_2019_heads` is none of the report's.

    experiments/grid.py --table calibration_2019_6 --train lvis_v0.5_train.json \\
        --val lvis_v0.5_val.json --images coco --workers 8 --gpus-per-worker 1
"""

from longtail.config.augmentations import HorizontalFlip, Resize
from longtail.config.classifiers import Calibrated, Softmax
from longtail.config.detector import BoxHead, Detector, MaskHead
from longtail.config.scores import HeadMerge
from longtail.config.stages import SGD, ClassThenImage, RepeatFactor, Schedule, Stage
from longtail.config.variant import Inference, Variant

DETECTOR = Detector(
    box_head=BoxHead(class_specific_boxes=False), mask_head=MaskHead(class_specific=False)
)
NO_THRESHOLD = Inference(score_threshold=0.0)

DETECTION = Stage(
    classifier=Softmax(),
    augmentations=(Resize(short_sides=(800,)), HorizontalFlip()),
    optimizer=SGD(base_lr=0.01),
    schedule=Schedule(iterations=85_110, images_per_step=8),
)
CALIBRATION = Stage(
    classifier=Calibrated(head="2fc_rand"),
    sampler=ClassThenImage(),
    augmentations=(Resize(short_sides=(800,)), HorizontalFlip()),
    freeze=("backbone", "neck", "rpn", "box_head", "box_regressor", "mask_head"),
    optimizer=SGD(base_lr=0.01, momentum=0.0, weight_decay=0.0),
    schedule=Schedule(iterations=12_000, images_per_step=16, warmup_iterations=0),
)

MRCNN_R50 = Variant(detector=DETECTOR, stages=(DETECTION,), inference=NO_THRESHOLD, rules="2019")
IMG_SAMPLE_R50 = MRCNN_R50.replace(stages=(DETECTION.replace(sampler=RepeatFactor()),))
CALIBRATED_R50 = MRCNN_R50.replace(stages=(DETECTION, CALIBRATION))
FINE_TUNED_HEAD = CALIBRATION.replace(classifier=Calibrated(head="3fc_ft"))


def _merged(merge: HeadMerge) -> Variant:
    return CALIBRATED_R50.replace(inference=NO_THRESHOLD.replace(head_merge=merge))


VARIANTS = {
    "mrcnn_r50_thr": MRCNN_R50.replace(inference=Inference(score_threshold=0.05)),
    "mrcnn_r50": MRCNN_R50,
    "rhead_only": _merged(HeadMerge(rule="only")),
    "rhead_avg": _merged(HeadMerge(rule="avg")),
    "rhead_det": _merged(HeadMerge(rule="det")),
    "rhead_cat": _merged(HeadMerge(rule="cat")),
    "rhead_cat_thr": _merged(HeadMerge(rule="cat_thr")),
    "rhead_cat_scale": _merged(HeadMerge(rule="cat_scale")),
    "img_sample_r50": IMG_SAMPLE_R50,
    "rhead_cat_3fc": CALIBRATED_R50.replace(stages=(DETECTION, FINE_TUNED_HEAD)),
}

TABLES = {
    "calibration_2019_2": ("mrcnn_r50_thr", "mrcnn_r50"),
    "calibration_2019_6": (
        "mrcnn_r50",
        "rhead_only",
        "rhead_avg",
        "rhead_det",
        "rhead_cat",
        "rhead_cat_thr",
        "rhead_cat_scale",
    ),
    "calibration_2019_8": ("mrcnn_r50", "img_sample_r50", "rhead_cat"),
    "calibration_2019_heads": ("rhead_cat", "rhead_cat_3fc"),
}
