"""The sizes that all contenders of a setting have, and the pictures that they learn from."""

import json
from dataclasses import dataclass
from pathlib import Path

from longtail.config.detector import Detector, Proposals

TRAIN = "train.json"
IMAGES = "images"
SHOWN = 6
"""Categories that the pictures show at most."""


@dataclass(frozen=True)
class Setting:
    """How large a training step is.

    Attributes:
        detector: Our plain detector; the others are built to its sizes.
        categories: K.
        images_per_step: Pictures of a step.
        short_side: Pixels that the short side of a picture is resized to.
        stored_side: About so many pixels a side of a stored picture has.
        jittered: Proposals of an image that are instances' boxes, moved a little: a network that
            has not learned yet proposes little else that is foreground.
    """

    detector: Detector
    categories: int
    images_per_step: int
    short_side: int
    stored_side: int
    jittered: int


def _demo() -> Setting:
    from experiments.variants.scale import DEMO_SIDE, demo_scale
    from longtail.config.variant import Variant

    return Setting(
        detector=demo_scale(Variant()).detector,
        categories=30,
        images_per_step=4,
        short_side=DEMO_SIDE,
        stored_side=DEMO_SIDE,
        jittered=8,
    )


def _lvis() -> Setting:
    return Setting(
        detector=Detector(proposals=Proposals(train_post_nms=1000)),
        categories=1203,
        images_per_step=2,
        short_side=320,
        stored_side=400,
        jittered=48,
    )


SETTINGS = {"demo": _demo, "1203 categories": _lvis}


def write_pictures(setting: Setting, folder: Path) -> None:
    """The synthetic pictures of one step: every step of every contender has the same, for their
    sizes differ.

    Few pictures cannot show many categories: those that are missing are only in the list.
    """
    from longtail.data.synthetic.dataset import Parameters, write_dataset

    shown = min(setting.categories, SHOWN)
    parameters = Parameters(setting.images_per_step, 1, 0, shown, setting.stored_side, seed=0)
    write_dataset(folder, parameters)
    file = folder / TRAIN
    content = json.loads(file.read_text())
    for number in range(shown + 1, setting.categories + 1):
        content["categories"].append(content["categories"][0] | {"id": number, "name": f"{number}"})
    file.write_text(json.dumps(content))
