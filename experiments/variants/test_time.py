"""Test-time augmentation of the reports 003 (EQL team 2019) and 000 (lvisTraveler 2020).

Report 003, Table 4: the multi-scale rows stand on SE154 of `eql_2019_4`, and both of the report on
`eql_se154_openimages` (31.4), which wants OpenImages; between them the report has re-scoring with
expert models (35.1, `rescoring_experts`), so that its second number holds more than the row here.
Short sides are the report's; long ones are bounded in the proportion of a plain prediction, nothing
is flipped, and suppression is that of a plain prediction: neither is stated.

Report 000, section on test time: its four modifications at once, on a detector with pseudo-labels
(38.8) that is not built; here on the last row of `lvistraveler_2020_2`. Sizes, ranges and the rise
of rare scores are not stated: those of `alibaba_2020_2`, and the margins of report 003.

What the reports claim, mask AP / APr / APc / APf on val:

    eql_se154            30.8 / 19.7 / 32.2 / 33.4    SE154
    eql_views_se154      32.3 / 20.5 / 34.7 / 34.2    + multi-scale box testing
    eql_masks_se154      36.4 / 25.5 / 38.6 / 38.1    + multi-scale mask testing
    traveler_gs_hm       36.1 / 28.8 / 35.8 / 39.8    Table 2, row 7
    traveler_views       41.5 / 30.0 / 41.9 / 46.0    + test-time augmentation

    experiments/grid.py --table eql_2019_4_test_time --train lvis_v0.5_train.json \\
        --val lvis_v0.5_val.json --images coco --workers 8 --gpus-per-worker 1
    experiments/grid.py --table lvistraveler_2020_test_time --train lvis_v1_train.json \\
        --val lvis_v1_val.json --images coco --workers 8 --gpus-per-worker 1
"""

from experiments.variants import alibaba_2020_test_time, eql_2019_challenge, lvistraveler_2020
from longtail.config.test_time.scales import ViewScale
from longtail.config.test_time.suppression import NMSThenSoftNMS
from longtail.config.test_time.tta import TTA
from longtail.config.variant import Variant

EQL_SIZES = ((600, 1000), (800, 1333), (1000, 1667), (1200, 2000), (1400, 2333))
EQL_VIEWS = TTA(
    scales=tuple(ViewScale(short_side=short, long_side_cap=cap) for short, cap in EQL_SIZES),
    horizontal_flip=False,
)
TRAVELER_VIEWS = alibaba_2020_test_time.ADAPTIVE.replace(
    suppression=NMSThenSoftNMS(first_iou=0.7),
    rare_margin=0.1,
    common_margin=0.05,
    masks="by_scale",
)


def _seen_by(variant: Variant, tta: TTA) -> Variant:
    return variant.replace(inference=variant.inference.replace(tta=tta))


_SE154 = eql_2019_challenge.VARIANTS["eql_se154"]
VARIANTS = {
    "eql_views_se154": _seen_by(_SE154, EQL_VIEWS),
    "eql_masks_se154": _seen_by(_SE154, EQL_VIEWS.replace(masks="vote")),
    "traveler_views": _seen_by(lvistraveler_2020.VARIANTS["traveler_gs_hm"], TRAVELER_VIEWS),
}

TABLES = {
    "eql_2019_4_test_time": ("eql_se154", "eql_views_se154", "eql_masks_se154"),
    "lvistraveler_2020_test_time": ("traveler_gs_hm", "traveler_views"),
}
