"""Where sweeps start: variants with a short second stage, so that all trials share the first.

None is a row of a report. Two of them begin with the stage of `sigmoid_rfs_r50` (EQL team 2019,
report 003, Table 3), so a grid that has that row has trained it. Their second stage makes a new
equalization classifier and is half as long:

    eql_tuned_r50   all but the backbone learns: what is searched reaches features, boxes and masks
    eql_head_r50    only the classifier learns: trials are trained in passes over a shared trunk
    norcal_r50      `softmax_r50` with NorCal's adjusted scores: trains nothing of its own

With the neck frozen a mask-loss weight would be no more than a learning rate of the mask head,
and nothing at all under AdamW: that is why it learns in `eql_tuned_r50`.
Hardware: 8 GPUs; by operations some 7 hours for the first stage, then at most 4 for each trial.

    experiments/sweep.py --space lambda --train lvis_v0.5_train.json --val lvis_v0.5_val.json \\
        --images coco --workers 8 --gpus-per-worker 1
"""

from experiments.variants.eql_2019 import AUGMENTATIONS, SIGMOID_RFS_R50, SOFTMAX_R50
from longtail.config.classifiers import Equalization
from longtail.config.scores import NorCal
from longtail.config.stages import SGD, RepeatFactor, Schedule, Stage

TUNED = Stage(
    classifier=Equalization(),
    sampler=RepeatFactor(),
    augmentations=AUGMENTATIONS,
    freeze=("backbone",),
    recreate=("classifier",),
    optimizer=SGD(base_lr=0.01),
    schedule=Schedule(iterations=45_000),
)
HEAD = TUNED.replace(freeze=("backbone", "neck", "rpn", "box_head", "box_regressor", "mask_head"))

(REPRESENTATION,) = SIGMOID_RFS_R50.stages

VARIANTS = {
    "eql_tuned_r50": SIGMOID_RFS_R50.replace(stages=(REPRESENTATION, TUNED)),
    "eql_head_r50": SIGMOID_RFS_R50.replace(stages=(REPRESENTATION, HEAD)),
    "norcal_r50": SOFTMAX_R50.replace(
        inference=SOFTMAX_R50.inference.replace(score_adjustment=NorCal())
    ),
}

TABLES: dict[str, tuple[str, ...]] = {}
