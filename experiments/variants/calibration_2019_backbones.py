"""Classification calibration, LVIS Challenge 2019 (report 004, SimCal): the networks of its
ensemble.

Hybrid task cascades with multi-scale training and deformable convolutions ("ms-dcn"), the rows of
Tables 7, 8 and 9 that `calibration_2019_cascades` lacks: plain, calibrated, with repeat factors,
and the four networks of the ensemble. Short sides of 400 to 1400 with a long side of at most 1600
and deformable convolutions in the last three stages are mmdetection's for this network; the report
states neither. `cos` is a classifier by cosines. The public code trains these networks with the
semantic branch, and from a COCO detector, too: `--set roi_stages.semantic={} --set
external_data=true --semantic DIR` and `--set detector.weights=FILE` add them.

The ensemble with calibration is a merge of the other three networks and the calibrated one ("only
the best one is calibrated"): `ensemble_with_calibration`. The report does not say how detections
are fused; here it is `ensemble.merge` at its defaults without margins. Not built: with multi-scale
testing (35.2), whose rows would be predictions at other scales.
Hardware: 8 GPUs of 32 GB; hours: docs/tables.md.

What the report claims, mask AP on val by training instances, below 10 / 100 / 1000 / above / all:

    htc_x101_ms_dcn            5.6 / 33.0 / 33.7 / 37.0 / 31.9    Tables 7, 8 and 9 (x101_64d)
    htc_x101_ms_dcn_rhead_cat  12.7 / 32.1 / 33.6 / 37.0 / 32.1   Tables 7 and 8, calibrated
    htc_x101_ms_dcn_rfs        10.3 / 32.4 / 33.4 / 36.6 / 31.9   Table 8, img-sample
    htc_x101_32d_ms_dcn        31.4                               Table 9
    htc_x101_ms_dcn_cos        30.7                               Table 9
    htc_r101_ms_dcn            30.0                               Table 9
    ensemble_with_calibration  34.2                               Table 9

    experiments/grid.py --table calibration_2019_9 --train lvis_v0.5_train.json \\
        --val lvis_v0.5_val.json --images coco --workers 8 --gpus-per-worker 1

The table of the ensemble is `calibration_2019_9_ensemble`.
"""

from experiments.variants.calibration_2019 import CALIBRATION, NO_THRESHOLD
from experiments.variants.calibration_2019_cascades import HTC_X101, TAIL_OF_HTC, TWENTY_EPOCHS
from experiments.variants.merge import Merge
from longtail.config.augmentations import HorizontalFlip, MultiScale
from longtail.config.classifiers import Cosine, Softmax
from longtail.config.detector import Timm
from longtail.config.stages import RepeatFactor, Stage
from longtail.config.variant import Variant

SCALES = (MultiScale(long_side_cap=1600), HorizontalFlip())
STAGE = TWENTY_EPOCHS.replace(augmentations=SCALES)


def _variant(model: str, *stages: Stage) -> Variant:
    backbone = Timm(model=model, deformable=("c3", "c4", "c5"))
    detector = HTC_X101.detector.replace(backbone=backbone)
    return HTC_X101.replace(detector=detector, stages=stages)


X101 = "resnext101_64x4d"
CALIBRATED = _variant(X101, STAGE, CALIBRATION.replace(augmentations=SCALES))

VARIANTS = {
    "htc_x101_ms_dcn": _variant(X101, STAGE),
    "htc_x101_ms_dcn_rhead_cat": CALIBRATED.replace(
        inference=NO_THRESHOLD.replace(head_merge=TAIL_OF_HTC)
    ),
    "htc_x101_ms_dcn_rfs": _variant(X101, STAGE.replace(sampler=RepeatFactor())),
    "htc_x101_32d_ms_dcn": _variant("resnext101_32x4d", STAGE),
    "htc_x101_ms_dcn_cos": _variant(X101, STAGE.replace(classifier=Softmax(layer=Cosine()))),
    "htc_r101_ms_dcn": _variant("resnet101", STAGE),
}

ENSEMBLE = (
    "htc_x101_ms_dcn_rhead_cat",
    "htc_x101_32d_ms_dcn",
    "htc_x101_ms_dcn_cos",
    "htc_r101_ms_dcn",
)
MERGES = {
    "ensemble_with_calibration": Merge(
        members=ENSEMBLE, options={"rare_margin": 0.0, "common_margin": 0.0}
    ),
}

TABLES = {
    "calibration_2019_7_ms_dcn": ("htc_x101_ms_dcn", "htc_x101_ms_dcn_rhead_cat"),
    "calibration_2019_8_ms_dcn": (
        "htc_x101_ms_dcn",
        "htc_x101_ms_dcn_rfs",
        "htc_x101_ms_dcn_rhead_cat",
    ),
    "calibration_2019_9": (
        "htc_x101_ms_dcn",
        "htc_x101_32d_ms_dcn",
        "htc_x101_ms_dcn_cos",
        "htc_r101_ms_dcn",
    ),
    "calibration_2019_9_ensemble": (*ENSEMBLE, "ensemble_with_calibration"),
}
