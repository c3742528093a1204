"""Classifiers over one representation: what a loss does for the tail, at a third of the cost.

None is a row of a report. All start from the stage of `sigmoid_rfs_r50` (EQL team 2019, report
003, Table 3), which is the first row, and learn a new classifier with every other part frozen, as
Kang et al. (2020) and BAGS' public code do. So the table trains one detector, then all classifiers
in one pass over the data: 1.3 runs at `--scale demo` instead of 4.

    sigmoid_rfs_r50   the representation itself
    eql_head_r50      equalization loss (of `sweeps`)
    seesaw_head_r50   seesaw loss
    bags_head_r50     balanced group softmax

Hardware: 8 GPUs; hours: docs/tables.md.

    experiments/grid.py --table heads --train lvis_v0.5_train.json --val lvis_v0.5_val.json \\
        --images coco --workers 8 --gpus-per-worker 1
"""

from experiments.variants.eql_2019 import SIGMOID_RFS_R50
from experiments.variants.sweeps import HEAD, REPRESENTATION
from longtail.config.classifiers import BalancedGroupSoftmax, Classifier, Seesaw
from longtail.config.variant import Variant


def _head(classifier: Classifier) -> Variant:
    return SIGMOID_RFS_R50.replace(stages=(REPRESENTATION, HEAD.replace(classifier=classifier)))


VARIANTS = {
    "seesaw_head_r50": _head(Seesaw()),
    "bags_head_r50": _head(BalancedGroupSoftmax()),
}

TABLES = {"heads": ("sigmoid_rfs_r50", "eql_head_r50", "seesaw_head_r50", "bags_head_r50")}
