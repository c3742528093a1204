"""What a merge that is a row may be told: the keys of a merge.yaml that decide about detections.

The others (where it runs, what its folder gets) are the grid's to say. Beside them stand the keys
of score maps that are fitted on a half of the images.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

import click

from ensemble.calibration.kinds import CalibrationKind
from ensemble.merging.options import settings_options

ROW_KEYS = (
    *("method", "iou_thr", "match", "mask", "mask_weights", "mask_thr"),
    *("soft_nms", "sigma", "min_score", "first_iou_thr", "leave_out_absent", "calibration"),
    *("rare_margin", "common_margin", "margin_mode", "max_dets", "score_thr"),
)
CALIBRATE, KIND, ONLY, SEED = "calibrate", "calibration_kind", "calibrated", "half_seed"
HALF = "half"
MAP_KEYS = (CALIBRATE, KIND, ONLY, SEED)
"""Whether maps are fitted on a half, of which kind, of which members alone, and on which half."""
OTHER_KEYS = (
    *("pred", "ann", "strict", "with_bbox", "zip", "evaluate", "exhaustive", "steps"),
    *("resamples", "num_workers", "ray", "address", "experiment"),
)
"""Of a merge.yaml; a row leaves them out."""


def default_options() -> dict[str, Any]:
    """The options of `ensemble.merge` where none is given."""
    with _command().make_context("merge", []) as context:
        return dict(context.params)


def typed_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of `ensemble.merge`, those of `given` in place of the defaults.

    Args:
        given: Values by `ROW_KEYS`, as text or as YAML has them.

    Raises:
        ValueError: A value is none of an option.
    """
    parameters = {str(parameter.name): parameter for parameter in _command().params}
    options = default_options()
    for key, value in given.items():
        parameter = parameters[key]
        try:
            options[key] = parameter.type.convert(value, parameter, None)
        except click.BadParameter as error:
            raise ValueError(f"{key}={value}: {error.message}") from None
    return options


def seed_of(given: Mapping[str, Any]) -> int:
    """The seed of the halves.

    Raises:
        ValueError: It is no number.
    """
    text = str(given.get(SEED, 0))
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{SEED}={text}: expected a number, as in {SEED}=0")
    return int(text)


def check_keys(given: Mapping[str, Any]) -> None:
    """Check that keys are known, and that those of score maps belong together.

    Raises:
        ValueError: They are not.
    """
    known = (*ROW_KEYS, *MAP_KEYS)
    for key in given:
        if key in OTHER_KEYS:
            raise ValueError(f"{key}= is the grid's to say; leave it out")
        if key not in known:
            raise ValueError(f"unknown option {key!r}, there are {', '.join(known)}")
    if CALIBRATE not in given:
        if stray := [key for key in MAP_KEYS if key in given]:
            raise ValueError(f"{stray[0]}= is of maps that are fitted; give {CALIBRATE}={HALF} too")
        return
    if given[CALIBRATE] != HALF:
        raise ValueError(f"{CALIBRATE}={given[CALIBRATE]}: expected {HALF}")
    if "calibration" in given:
        raise ValueError(f"calibration= and {CALIBRATE}= both say which maps; give one of them")
    kind, kinds = given.get(KIND, "platt"), get_args(CalibrationKind)
    if kind not in kinds:
        raise ValueError(f"{KIND}={kind}: expected one of {', '.join(kinds)}")


@cache
def _command() -> click.Command:
    return click.command()(settings_options(lambda **_: None))
