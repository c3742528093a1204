"""The settings that the options of `python -m ensemble.merge` make."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ensemble.merge_flags import OPTIONS

if TYPE_CHECKING:
    from ensemble.settings import MergeSettings

Command = TypeVar("Command", bound=Callable[..., Any])

GROUP_NAMES = {"r": "rare", "c": "common", "f": "frequent"}

FUSION_KEYS = (
    "method",
    "iou_thr",
    "match",
    "mask_weights",
    "mask_thr",
    "soft_nms",
    "sigma",
    "min_score",
    "first_iou_thr",
)
OTHER_KEYS = (
    "margin_mode",
    "calibration",
    "max_dets",
    "score_thr",
    "strict",
    "with_bbox",
    "zipped",
    "evaluate",
    "steps",
    "resamples",
)


def settings_options(command: Command) -> Command:
    """Add all of `OPTIONS` to a command, in their order."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def settings_of(
    options: dict[str, Any], num_sources: int
) -> tuple["MergeSettings", dict[str, Any]]:
    """The settings that options make for a number of sources, and the options resolved.

    Raises:
        ValueError: An option is out of range, or two contradict each other.
    """
    from ensemble.fusion_settings import AbsentSources, FusionSettings
    from ensemble.rescoring import Margins
    from ensemble.settings import DEFAULT_IOU_THRESHOLDS, MergeSettings, resolve_method

    options = dict(options)
    options["method"] = method = resolve_method(options["method"], num_sources)
    if options["iou_thr"] is None:
        options["iou_thr"] = DEFAULT_IOU_THRESHOLDS[method]
    options["mask"] = options["mask"] or ("vote" if method == "wbf" else "best")
    by_scale = options["mask"] == "scale"
    settings = MergeSettings(
        fusion=FusionSettings(
            mask="best" if by_scale else options["mask"],
            absent=AbsentSources(**_left_out(options["leave_out_absent"])),
            **{key: options[key] for key in FUSION_KEYS},
        ),
        margins=Margins(options["rare_margin"], options["common_margin"]),
        masks_by_scale=by_scale,
        **{key: options[key] for key in OTHER_KEYS},
    )
    if settings.calibration is not None:
        options["calibration"] = str(settings.calibration)
    return settings, options


def _left_out(text: str | None) -> dict[str, Any]:
    letters = text.split(",") if text else []
    if wrong := [letter for letter in letters if letter not in GROUP_NAMES]:
        raise ValueError(f"--leave-out-absent {text}: {wrong[0]!r} is none of r, c, f")
    return {GROUP_NAMES[letter]: "is-left-out" for letter in letters}
