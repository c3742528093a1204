"""EQL team, LVIS Challenge 2019 (report 003): sigmoid, equalization loss, class-aware resampling.

Reproduces Tables 1 to 3: Mask R-CNN R50-FPN with class-agnostic masks on LVIS v0.5. The report does
not state its schedule: detectron2's 1x at batch 16 and rate 0.02 stands in. Of Table 3 the row with
COCO-ignore (23.5 / 14.8 / 25.0 / 25.2) is not built.
Hardware: 8 GPUs, about 14 hours a row.

What the report claims, mask AP / APr / APc / APf on val:

    softmax_r50       20.8 /  5.6 / 21.5 / 25.6    Table 1
    sigmoid_r50       20.1 /  6.5 / 19.9 / 25.4    Tables 1, 2, 3
    sigmoid_rfs_r50   21.3 / 12.2 / 21.5 / 24.7    Table 3
    eql_r50           22.8 / 10.1 / 25.0 / 25.1    Tables 2, 3
    eql_rfs_r50       23.3 / 15.3 / 24.8 / 24.5    Table 3
    eql_coco_r50      23.9 / 11.7 / 26.0 / 26.1    Table 3, from a COCO detector
    eql_rfs_coco_r50  25.2 / 17.9 / 26.8 / 26.2    Table 3, from a COCO detector

    experiments/grid.py --table eql_2019_3 --train lvis_v0.5_train.json --val lvis_v0.5_val.json \\
        --images coco --workers 8 --gpus-per-worker 1

The last two rows use outside data and are a table of their own, `eql_2019_3_coco`. They want the
`model.pt` of a node that was trained on COCO in LVIS format with this detector: without `--set
detector.weights=FILE` the command says that `coco_r50.pt` is not there. COCO models of detectron2
do as well, with `--set engine=detectron2 --set backbone=detectron2`; of their class-specific masks
the last layer is not taken.
"""

from longtail.config.classifiers import Equalization, Sigmoid, Softmax
from longtail.config.detector import BoxHead, Detector, MaskHead
from longtail.config.stages import RepeatFactor, Stage
from longtail.config.variant import Variant

DETECTOR = Detector(
    box_head=BoxHead(class_specific_boxes=False), mask_head=MaskHead(class_specific=False)
)


def _one_stage(stage: Stage) -> Variant:
    return Variant(detector=DETECTOR, stages=(stage,), rules="2019")


SOFTMAX_R50 = _one_stage(Stage(classifier=Softmax()))
SIGMOID_R50 = _one_stage(Stage(classifier=Sigmoid()))
SIGMOID_RFS_R50 = _one_stage(Stage(classifier=Sigmoid(), sampler=RepeatFactor()))
EQL_R50 = _one_stage(Stage(classifier=Equalization()))
EQL_RFS_R50 = _one_stage(Stage(classifier=Equalization(), sampler=RepeatFactor()))

FROM_COCO = DETECTOR.replace(weights="coco_r50.pt")

VARIANTS = {
    "softmax_r50": SOFTMAX_R50,
    "sigmoid_r50": SIGMOID_R50,
    "sigmoid_rfs_r50": SIGMOID_RFS_R50,
    "eql_r50": EQL_R50,
    "eql_rfs_r50": EQL_RFS_R50,
    "eql_coco_r50": EQL_R50.replace(detector=FROM_COCO, external_data=True),
    "eql_rfs_coco_r50": EQL_RFS_R50.replace(detector=FROM_COCO, external_data=True),
}

TABLES = {
    "eql_2019_1": ("softmax_r50", "sigmoid_r50"),
    "eql_2019_2": ("sigmoid_r50", "eql_r50"),
    "eql_2019_3": ("sigmoid_r50", "sigmoid_rfs_r50", "eql_r50", "eql_rfs_r50"),
    "eql_2019_3_coco": ("eql_coco_r50", "eql_rfs_coco_r50"),
}
