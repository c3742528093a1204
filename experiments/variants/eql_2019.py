"""EQL team, LVIS Challenge 2019 (report 003): sigmoid, equalization loss, class-aware resampling.

Reproduces Tables 1 to 3: Mask R-CNN R50-FPN with class-agnostic masks (section 2) and
class-specific boxes on LVIS v0.5; a short side of 800 and flips, and no score threshold (section
4.1). The report does not state its schedule: detectron2's 1x at batch 16 and rate 0.02 stands in.
Table 4 is that of `eql_2019_challenge`.
The public code (tztztztztz/eql.detectron2) has that schedule, and differs from the report: short
sides from 640 to 800, a score threshold of 1e-4, class-specific masks, and 0.00177 as lambda where
the report protects the groups r and c. `sigmoid_r50` as it is there:
`--set short_sides=[640,672,704,736,768,800] --set score_threshold=1e-4
--set mask_head.class_specific=true`.
Hardware: 8 GPUs; hours: docs/tables.md.

What the report claims, mask AP / APr / APc / APf on val:

    softmax_r50       20.8 /  5.6 / 21.5 / 25.6    Table 1
    sigmoid_r50       20.1 /  6.5 / 19.9 / 25.4    Tables 1, 2, 3
    sigmoid_rfs_r50   21.3 / 12.2 / 21.5 / 24.7    Table 3
    eql_r50           22.8 / 10.1 / 25.0 / 25.1    Tables 2, 3
    eql_rfs_r50       23.3 / 15.3 / 24.8 / 24.5    Table 3
    eql_coco_r50      23.9 / 11.7 / 26.0 / 26.1    Table 3, from a COCO detector
    eql_rfs_coco_r50  25.2 / 17.9 / 26.8 / 26.2    Table 3, from a COCO detector
    eql_coco_ignore_r50  23.5 / 14.8 / 25.0 / 25.2    Table 3, COCO-ignore

    experiments/grid.py --table eql_2019_3 --train lvis_v0.5_train.json --val lvis_v0.5_val.json \\
        --images coco --workers 8 --gpus-per-worker 1

The last two rows use outside data and are a table of their own, `eql_2019_3_coco`. They want the
`model.pt` of a node that was trained on COCO in LVIS format with this detector: without `--set
detector.weights=FILE` the command says that `coco_r50.pt` is not there. COCO models of detectron2
do as well, with `--set engine=detectron2 --set backbone=detectron2`, and torchvision's
`maskrcnn_resnet50_fpn`; of their classifier, boxes and masks by category the last layer is not
taken.

COCO-ignore is a table of its own too, `eql_2019_3_coco_ignore`: background RoIs on a box of COCO
(IoU over 0.5) weigh 0.5, and the losses of the box head are doubled. It wants `--also
coco=coco.json`, COCO's annotations of the same images in LVIS format: `python -m
longtail.data.convert coco instances_train2017.json coco.json`.
"""

from longtail.config.augmentations import HorizontalFlip, Resize
from longtail.config.classifiers import Classifier, Equalization, Sigmoid, Softmax
from longtail.config.detector import Detector, MaskHead
from longtail.config.other_data.ignored import IgnoreBoxes
from longtail.config.stages import LossWeights, RepeatFactor, Sampler, Stage, UniformSampler
from longtail.config.variant import Inference, Variant

DETECTOR = Detector(mask_head=MaskHead(class_specific=False))
AUGMENTATIONS = (Resize(short_sides=(800,)), HorizontalFlip())


def _one_stage(classifier: Classifier, sampler: Sampler | None = None) -> Variant:
    stage = Stage(
        classifier=classifier, sampler=sampler or UniformSampler(), augmentations=AUGMENTATIONS
    )
    inference = Inference(score_threshold=0.0)
    return Variant(detector=DETECTOR, stages=(stage,), inference=inference, rules="2019")


SOFTMAX_R50 = _one_stage(Softmax())
SIGMOID_R50 = _one_stage(Sigmoid())
SIGMOID_RFS_R50 = _one_stage(Sigmoid(), RepeatFactor())
EQL_R50 = _one_stage(Equalization())
EQL_RFS_R50 = _one_stage(Equalization(), RepeatFactor())

COCO_IGNORE = EQL_R50.stages[0].replace(
    ignore=(IgnoreBoxes(file="coco", weight=0.5),),
    loss_weights=LossWeights(classification=2, box=2),
)
FROM_COCO = DETECTOR.replace(weights="coco_r50.pt")

VARIANTS = {
    "softmax_r50": SOFTMAX_R50,
    "sigmoid_r50": SIGMOID_R50,
    "sigmoid_rfs_r50": SIGMOID_RFS_R50,
    "eql_r50": EQL_R50,
    "eql_rfs_r50": EQL_RFS_R50,
    "eql_coco_r50": EQL_R50.replace(detector=FROM_COCO, external_data=True),
    "eql_rfs_coco_r50": EQL_RFS_R50.replace(detector=FROM_COCO, external_data=True),
    "eql_coco_ignore_r50": EQL_R50.replace(stages=(COCO_IGNORE,), external_data=True),
}

TABLES = {
    "eql_2019_1": ("softmax_r50", "sigmoid_r50"),
    "eql_2019_2": ("sigmoid_r50", "eql_r50"),
    "eql_2019_3": ("sigmoid_r50", "sigmoid_rfs_r50", "eql_r50", "eql_rfs_r50"),
    "eql_2019_3_coco": ("eql_coco_r50", "eql_rfs_coco_r50"),
    "eql_2019_3_coco_ignore": ("eql_coco_ignore_r50",),
}
