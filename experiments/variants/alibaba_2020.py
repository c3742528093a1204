"""Alibaba, LVIS Challenge 2020 (report 002): Table 1 on the report's own network.

A hybrid task cascade with SENet154, deformable convolutions in its last three stages, a recursive
feature pyramid of three steps, a double head and mask scoring (sections 2 and 4.1), and the stages
of `alibaba_2020_r50`. The report does not state: the semantic branch (left out: rules of 2020 allow
no other annotations), whether the double head is in every stage (it is, with its losses doubled),
the initial weights (give ImageNet's by `--set detector.backbone.weights=FILE`).

Hardware: 8 GPUs of 80 GB. A forward pass is some eight times that of R50-FPN
(docs/architectures.md); with `alibaba_2020_r50` the steps cost hours. Hours: docs/tables.md.

What the report claims, mask AP / APr / APc / APf on val at 800 pixels:

    alibaba_se154         33.4 / 17.3 / 33.2 / 40.6    representation learning
    alibaba_bgs_se154     35.1 / 22.7 / 34.8 / 40.7    + balanced group softmax
    alibaba_double_se154  35.4 / 24.6 / 34.9 / 40.7    + double classifier
    alibaba_mosaic_se154  36.8 / 27.7 / 36.7 / 41.0    + balanced mosaic
    alibaba_unlabelled_se154  36.9 / 29.2 / 36.4 / 40.9    + coco2017_unlabeled

    experiments/grid.py --table alibaba_2020_1 --train lvis_v1_train.json \\
        --val lvis_v1_val.json --images coco --workers 8 --gpus-per-worker 1

The last row is the table `alibaba_2020_1_unlabelled`, with `--also
unlabelled=image_info_unlabeled2017.json,images=unlabeled2017`.
"""

from experiments.variants import alibaba_2020_r50 as plain
from longtail.config.detector import (
    BoxHead,
    Detector,
    MaskHead,
    RecursiveFeaturePyramid,
    Timm,
)
from longtail.config.roi_stages import HybridTaskCascade
from longtail.config.stages import LossWeights
from longtail.config.variant import Variant

DETECTOR = Detector(
    backbone=Timm(model="legacy_senet154", deformable=("c3", "c4", "c5")),
    neck=RecursiveFeaturePyramid(steps=3),
    box_head=BoxHead(regression="convolutional"),
    mask_head=MaskHead(scoring=True),
    roi_stages=HybridTaskCascade(),
)
DOUBLE_HEAD = LossWeights(classification=2.0, box=2.0)


def _on_this_network(variant: Variant) -> Variant:
    stages = tuple(stage.replace(loss_weights=DOUBLE_HEAD) for stage in variant.stages)
    return variant.replace(detector=DETECTOR, stages=stages)


VARIANTS = {
    name.replace("_r50", "_se154"): _on_this_network(variant)
    for name, variant in plain.VARIANTS.items()
}

TABLES = {
    "alibaba_2020_1": tuple(VARIANTS)[:4],
    "alibaba_2020_1_unlabelled": ("alibaba_unlabelled_se154",),
}
