"""The rows of the study of mixed pictures, and which are compared.

The set and the trunk are those of the study of the tail. Over the frozen trunk of its row `softmax`
a balanced group softmax starts anew, as in Alibaba 2020, and rows differ in the pictures that it
learns from. All rows have the same optimizer steps.
"""

from docs.studies.tail.rows import SIDE, TRUNK
from docs.studies.tail.rows import study_rows as tail_rows
from experiments.variants.scale import DEMO_REPEAT_THRESHOLD, DEMO_SIDE
from longtail.config.augmentations import Augmentation, HorizontalFlip, Resize
from longtail.config.classifiers import BalancedGroupSoftmax
from longtail.config.mixing import BalancedMosaic, CopyPaste
from longtail.config.stages import RepeatFactor, Sampler, UniformSampler
from longtail.config.variant import Variant

ITERATIONS = 300
IMAGES_PER_STEP = 2
PICTURES_OF_A_MOSAIC = 4
CAP = 2 * DEMO_SIDE

PLAIN: tuple[Augmentation, ...] = (Resize(short_sides=(SIDE,), long_side_cap=CAP), HorizontalFlip())
MOSAIC: tuple[Augmentation, ...] = (
    BalancedMosaic(short_sides=(SIDE,), long_side_cap=CAP, repeat_threshold=DEMO_REPEAT_THRESHOLD),
    HorizontalFlip(),
)
"""Without the crop that stands behind it in the report: pictures keep their size, as in `PLAIN`."""
COPY_PASTE: tuple[Augmentation, ...] = (
    *PLAIN,
    CopyPaste(probability=1.0, partners="repeat_factor", repeat_threshold=DEMO_REPEAT_THRESHOLD),
)
REPEATED = RepeatFactor(threshold=DEMO_REPEAT_THRESHOLD)

SHOWN = ("uniform", "rfs", "mosaic", "rfs_mosaic", "copy_paste")
"""Rows of which each shows pictures in another way."""

PAIRS = (
    ("uniform", "rfs"),
    ("uniform", "mosaic"),
    ("uniform", "copy_paste"),
    ("rfs", "mosaic"),
    ("rfs", "rfs_mosaic"),
    ("rfs", "copy_paste"),
    ("rfs", "rfs_more"),
    ("mosaic", "rfs_mosaic"),
    ("rfs_more", "mosaic"),
    ("rfs_more", "rfs_mosaic"),
    ("trunk", "tuned_rfs"),
    ("trunk", "tuned_mosaic"),
    ("tuned_rfs", "tuned_mosaic"),
    ("tuned_rfs", "tuned_more"),
    ("tuned_more", "tuned_mosaic"),
)
"""(before, after): in what the second differs from the first."""


def study_rows() -> dict[str, Variant]:
    """Every row by name. Those called `more` show as many pictures a step as mosaics do. Those
    called `tuned` go on with the trunk's own softmax, in one pass with the new classifier. `trunk`
    is what all start from."""
    trunk = tail_rows()["softmax"]
    rfs, mosaic = _retrained(trunk, REPEATED, PLAIN), _retrained(trunk, UniformSampler(), MOSAIC)
    more = _retrained(trunk, REPEATED, PLAIN, IMAGES_PER_STEP * PICTURES_OF_A_MOSAIC)
    return {
        "trunk": trunk,
        "uniform": _retrained(trunk, UniformSampler(), PLAIN),
        "rfs": rfs,
        "mosaic": mosaic,
        "rfs_mosaic": _retrained(trunk, REPEATED, MOSAIC),
        "copy_paste": _retrained(trunk, UniformSampler(), COPY_PASTE),
        "rfs_more": more,
        "tuned_rfs": _tuned(rfs),
        "tuned_mosaic": _tuned(mosaic),
        "tuned_more": _tuned(more),
    }


def _retrained(
    trunk: Variant,
    sampler: Sampler,
    augmentations: tuple[Augmentation, ...],
    images_per_step: int = IMAGES_PER_STEP,
) -> Variant:
    """The trunk's variant with a second stage, in which a new classifier alone learns."""
    first = trunk.stages[0]
    schedule = first.schedule.replace(
        iterations=ITERATIONS, checkpoint_every=ITERATIONS, images_per_step=images_per_step
    )
    second = first.replace(
        classifier=BalancedGroupSoftmax(),
        sampler=sampler,
        augmentations=augmentations,
        freeze=TRUNK,
        recreate=("classifier",),
        schedule=schedule,
    )
    return trunk.replace(stages=(first, second))


def _tuned(row: Variant) -> Variant:
    """The same pictures for the trunk's classifier."""
    first, second = row.stages
    tuned = second.replace(classifier=first.classifier, recreate=())
    return row.replace(stages=(first, tuned))
