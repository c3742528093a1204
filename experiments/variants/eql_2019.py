"""EQL team, LVIS Challenge 2019 (report 003): sigmoid, equalization loss, class-aware resampling.

Reproduces Tables 1 to 3 without outside data: Mask R-CNN R50-FPN with class-agnostic masks on LVIS
v0.5. The report does not state its schedule: detectron2's 1x at batch 16 and rate 0.02 stands in.
Hardware: 8 GPUs, about 14 hours a row.

What the report claims, mask AP / APr / APc / APf on val:

    softmax_r50      20.8 /  5.6 / 21.5 / 25.6
    sigmoid_r50      20.1 /  6.5 / 19.9 / 25.4
    sigmoid_rfs_r50  21.3 / 12.2 / 21.5 / 24.7
    eql_r50          22.8 / 10.1 / 25.0 / 25.1
    eql_rfs_r50      23.3 / 15.3 / 24.8 / 24.5

    experiments/grid.py --table eql_2019_3 --train lvis_v0.5_train.json --val lvis_v0.5_val.json \\
        --images coco --workers 8 --gpus-per-worker 1
"""

from longtail.config.classifiers import Equalization, Sigmoid, Softmax
from longtail.config.detector import BoxHead, Detector, MaskHead
from longtail.config.stages import RepeatFactor, Stage
from longtail.config.variant import Variant

DETECTOR = Detector(
    box_head=BoxHead(class_specific_boxes=False), mask_head=MaskHead(class_specific=False)
)


def _one_stage(stage: Stage) -> Variant:
    return Variant(detector=DETECTOR, stages=(stage,))


SOFTMAX_R50 = _one_stage(Stage(classifier=Softmax()))
SIGMOID_R50 = _one_stage(Stage(classifier=Sigmoid()))
SIGMOID_RFS_R50 = _one_stage(Stage(classifier=Sigmoid(), sampler=RepeatFactor()))
EQL_R50 = _one_stage(Stage(classifier=Equalization()))
EQL_RFS_R50 = _one_stage(Stage(classifier=Equalization(), sampler=RepeatFactor()))

VARIANTS = {
    "softmax_r50": SOFTMAX_R50,
    "sigmoid_r50": SIGMOID_R50,
    "sigmoid_rfs_r50": SIGMOID_RFS_R50,
    "eql_r50": EQL_R50,
    "eql_rfs_r50": EQL_RFS_R50,
}

TABLES = {
    "eql_2019_1": ("softmax_r50", "sigmoid_r50"),
    "eql_2019_2": ("sigmoid_r50", "eql_r50"),
    "eql_2019_3": ("sigmoid_r50", "sigmoid_rfs_r50", "eql_r50", "eql_rfs_r50"),
}
