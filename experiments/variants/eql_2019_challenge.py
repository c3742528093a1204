"""EQL team, LVIS Challenge 2019 (report 003): Table 4, the networks of the challenge.

The challenge baseline is ResNeXt-101-64x4d with deformable convolutions in its last three stages,
norms over all workers in backbone, pyramid and mask head, short sides of 400 to 1400 (sections 4.1,
5), and of Table 3 all that helps: equalization loss, repeat factors, a COCO detector to begin
with; the second row has SENet154 instead. Class-agnostic masks and the rest are those of
`eql_2019`.

Not built: COCO-ignore, which the baseline probably has as well, and the row + OpenImages data (31.4
/ 21.5 / 33.1 / 33.3), nor multi-scale boxes (32.3 / 20.5 / 34.7 / 34.2) and masks (36.4 / 25.5 /
38.6 / 38.1). `rescoring_experts` merges both networks with the results of experts, detectors that
were trained on COCO and on OpenImages alone, in the categories that they share with LVIS, and ranks
rare and common categories by margins of 0.1 and 0.05 (section 5). The report does not say how
detections are fused, nor which networks the ensemble has; here it is `ensemble.merge` at its
defaults, and two experts whose results are yours to bring.
Hardware: 8 GPUs of 32 GB; some four times the hours of `eql_2019`.

What the report claims, mask AP / APr / APc / APf on val:

    eql_x101    30.1 / 19.3 / 31.8 / 32.3    challenge baseline
    eql_se154   30.8 / 19.7 / 32.2 / 33.4    + SE154
    rescoring_experts  35.1 / 24.8 / 37.5 / 36.3    over multi-scale boxes and OpenImages data

    experiments/grid.py --table eql_2019_4 --train lvis_v0.5_train.json --val lvis_v0.5_val.json \\
        --images coco --workers 8 --gpus-per-worker 1

They want the `model.pt` of a node that was trained on COCO in LVIS format with the detector of
each: `--set eql_x101:detector.weights=FILE`; without, the command says that `coco_x101.pt` is not
there. The table `eql_2019_4_ensemble` has the merge as well, and wants the results of the experts:
`--pred coco=coco.json,categories=coco --pred openimages=openimages.json,categories=classes.json`.
"""

from experiments.variants.eql_2019 import DETECTOR, EQL_RFS_R50
from experiments.variants.merge import Merge
from longtail.config.augmentations import HorizontalFlip, MultiScale
from longtail.config.detector import FeaturePyramid, Timm
from longtail.config.variant import Variant

SYNCHRONISED = DETECTOR.replace(
    neck=FeaturePyramid(norm="sync"), mask_head=DETECTOR.mask_head.replace(norm="sync")
)
STAGE = EQL_RFS_R50.stages[0].replace(augmentations=(MultiScale(), HorizontalFlip()))


def _variant(model: str, weights: str) -> Variant:
    backbone = Timm(model=model, norm="sync", deformable=("c3", "c4", "c5"))
    detector = SYNCHRONISED.replace(backbone=backbone, weights=weights)
    return EQL_RFS_R50.replace(detector=detector, stages=(STAGE,), external_data=True)


VARIANTS = {
    "eql_x101": _variant("resnext101_64x4d", "coco_x101.pt"),
    "eql_se154": _variant("legacy_senet154", "coco_se154.pt"),
}

MERGES = {
    "rescoring_experts": Merge(
        members=tuple(VARIANTS),
        experts=("coco", "openimages"),
        options={"rare_margin": 0.1, "common_margin": 0.05},
    ),
}

TABLES = {
    "eql_2019_4": tuple(VARIANTS),
    "eql_2019_4_ensemble": (*VARIANTS, *MERGES),
}
