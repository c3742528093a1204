"""Alibaba, LVIS Challenge 2020 (report 002): Table 2, test-time augmentation, step by step.

The rows stand on the last row of `alibaba_2020_1` or of `alibaba_2020_1_r50`: the report has those
of `alibaba_2020_1_unlabelled` below them, which want images without annotations (36.9 instead of
36.8).
They train nothing of their own. Ten views, five sizes as they are and flipped, are predicted once
for all rows; the first of them is the baseline.

The report gives sizes (long side, short side) and the threshold 0.5 of soft-NMS, which is linear
therefore. It does not give the ranges of its scale-adaptive merge: large images keep small objects
and small images large ones, by halves, and every size has two scales at least. The threshold of the
suppression of boxes is 0.5, as in a plain prediction.
Cost: the views pass 23.75 times the pixels of the baseline through the network, and voted masks as
many again without proposals and box heads (docs/test_time.md).

What the report claims, mask AP / APr / APc / APf on val:

    alibaba_once_se154      36.9 / 29.2 / 36.4 / 40.9    challenge baseline, 800 pixels
    alibaba_views_se154     39.1 / 29.8 / 38.4 / 43.9    + multi-scale box
    alibaba_soft_se154      39.2 / 30.2 / 38.5 / 44.1    + soft-NMS
    alibaba_adaptive_se154  39.4 / 30.3 / 38.7 / 44.2    + scale-adaptive
    alibaba_masks_se154     39.8 / 30.4 / 39.1 / 44.7    + multi-scale mask

    experiments/grid.py --table alibaba_2020_2 --train lvis_v1_train.json \\
        --val lvis_v1_val.json --images coco --workers 8 --gpus-per-worker 1
"""

from experiments.variants import alibaba_2020, alibaba_2020_r50
from longtail.config.test_time.scales import ViewScale
from longtail.config.test_time.suppression import SoftNMS
from longtail.config.test_time.tta import TTA
from longtail.config.variant import Variant

SIZES = ((800, 1200), (1000, 1500), (1200, 1800), (1400, 2100), (1600, 2400))
RANGES: tuple[tuple[float, float | None], ...] = (
    (64, None),
    (32, None),
    (0, 512),
    (0, 256),
    (0, 128),
)
"""Sides of the boxes that are kept of each size, in pixels of the original image; not reported."""

VIEWS = TTA(scales=tuple(ViewScale(short_side=short, long_side_cap=cap) for short, cap in SIZES))
SOFT = VIEWS.replace(suppression=SoftNMS(decay="linear", iou=0.5))
ADAPTIVE = SOFT.replace(
    scales=tuple(
        scale.replace(smallest=smallest, largest=largest)
        for scale, (smallest, largest) in zip(SOFT.scales, RANGES, strict=True)
    )
)
MASKS = ADAPTIVE.replace(masks="vote")
STEPS = {"views": VIEWS, "soft": SOFT, "adaptive": ADAPTIVE, "masks": MASKS}


def _ladder(variant: Variant, network: str) -> dict[str, Variant]:
    short_side, long_side_cap = SIZES[0]
    once = variant.inference.replace(short_side=short_side, long_side_cap=long_side_cap)
    rows = {"once": once} | {name: once.replace(tta=tta) for name, tta in STEPS.items()}
    return {
        f"alibaba_{name}_{network}": variant.replace(inference=inference)
        for name, inference in rows.items()
    }


ON_SE154 = _ladder(alibaba_2020.VARIANTS["alibaba_mosaic_se154"], "se154")
ON_R50 = _ladder(alibaba_2020_r50.VARIANTS["alibaba_mosaic_r50"], "r50")

VARIANTS = ON_SE154 | ON_R50
TABLES = {"alibaba_2020_2": tuple(ON_SE154), "alibaba_2020_2_r50": tuple(ON_R50)}
