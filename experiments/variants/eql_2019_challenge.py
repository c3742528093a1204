"""EQL team, LVIS Challenge 2019 (report 003): Table 4, the networks of the challenge.

The challenge baseline is ResNeXt-101-64x4d with deformable convolutions in its last three stages,
norms over all workers in backbone, pyramid and mask head, short sides of 400 to 1400 (sections 4.1,
5), and of Table 3 all that helps: equalization loss, repeat factors, a COCO detector to begin
with; the second row has SENet154 instead. Class-agnostic masks and the rest are those of
`eql_2019`.

COCO-ignore, which the baseline probably has as well, is left out: `eql_coco_ignore_r50` of
`eql_2019` has it. Multi-scale boxes (32.3 / 20.5 / 34.7 / 34.2) and masks (36.4 / 25.5 / 38.6 /
38.1) are rows of `test_time`. `rescoring_experts` merges both networks with the results of experts,
detectors that were trained on COCO and on OpenImages alone, in the categories that they share with
LVIS, and ranks rare and common categories by margins of 0.1 and 0.05 (section 5). The report does
not say how detections are fused, nor which networks the ensemble has; here it is `ensemble.merge`
at its defaults, and two experts whose results are yours to bring.
Hardware: 8 GPUs of 32 GB; hours: docs/tables.md.

What the report claims, mask AP / APr / APc / APf on val:

    eql_x101    30.1 / 19.3 / 31.8 / 32.3    challenge baseline
    eql_se154   30.8 / 19.7 / 32.2 / 33.4    + SE154
    eql_se154_openimages  31.4 / 21.5 / 33.1 / 33.3    + OpenImages data
    rescoring_experts  35.1 / 24.8 / 37.5 / 36.3    over multi-scale boxes and OpenImages data

    experiments/grid.py --table eql_2019_4 --train lvis_v0.5_train.json --val lvis_v0.5_val.json \\
        --images coco --workers 8 --gpus-per-worker 1

They want the `model.pt` of a node that was trained on COCO in LVIS format with the detector of
each: `--set eql_x101:detector.weights=FILE`; without, the command says that `coco_x101.pt` is not
there. The table `eql_2019_4_ensemble` has the merge as well, and wants the results of the experts:
`--pred coco=coco.json,categories=coco --pred openimages=openimages.json,categories=classes.json`.

The row with boxes, a table of its own, `eql_2019_4_openimages`, learns boxes of OpenImages besides:
about 20,000 images of the 110 categories that both have, without masks. It wants `--also
openimages=FILE,images=FOLDER,by=name`, a file of boxes in LVIS format; `python -m
longtail.data.convert coco` makes one of COCO's format. The report does not say how often these
images are shown: here each once an epoch."""

from experiments.variants.eql_2019 import DETECTOR, EQL_RFS_R50
from experiments.variants.merge import Merge
from longtail.config.augmentations import HorizontalFlip, MultiScale
from longtail.config.detector import FeaturePyramid, Timm
from longtail.config.other_data.joined import JoinedFile
from longtail.config.variant import Variant

SYNCHRONISED = DETECTOR.replace(
    neck=FeaturePyramid(norm="sync"), mask_head=DETECTOR.mask_head.replace(norm="sync")
)
STAGE = EQL_RFS_R50.stages[0].replace(augmentations=(MultiScale(), HorizontalFlip()))


def _variant(model: str, weights: str) -> Variant:
    backbone = Timm(model=model, norm="sync", deformable=("c3", "c4", "c5"))
    detector = SYNCHRONISED.replace(backbone=backbone, weights=weights)
    return EQL_RFS_R50.replace(detector=detector, stages=(STAGE,), external_data=True)


EQL_SE154 = _variant("legacy_senet154", "coco_se154.pt")
WITH_BOXES = STAGE.replace(joined=(JoinedFile(file="openimages"),))

VARIANTS = {
    "eql_x101": _variant("resnext101_64x4d", "coco_x101.pt"),
    "eql_se154": EQL_SE154,
    "eql_se154_openimages": EQL_SE154.replace(stages=(WITH_BOXES,)),
}

BASELINES = ("eql_x101", "eql_se154")

MERGES = {
    "rescoring_experts": Merge(
        members=BASELINES,
        experts=("coco", "openimages"),
        options={"rare_margin": 0.1, "common_margin": 0.05},
    ),
}

TABLES = {
    "eql_2019_4": BASELINES,
    "eql_2019_4_openimages": ("eql_se154_openimages",),
    "eql_2019_4_ensemble": (*BASELINES, *MERGES),
}
