"""The options of `python -m ensemble.merge` that decide about bytes, and their settings."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from ensemble.fusion.choices import Decay, MarginMode, Mask, MaskWeights, Match
from ensemble.fusion.methods import METHODS
from longtail.data.lvis.exhaustive_option import HELP
from longtail.path_options import SharedPath


def defaults_text(defaults: Mapping[str, object]) -> str:
    """The default of each method in words, as in "0.55 for wbf, 0.5 otherwise"."""
    ((usual, _),) = Counter(defaults.values()).most_common(1)
    others = [f"{value} for {name}" for name, value in defaults.items() if value != usual]
    return ", ".join([*others, f"{usual} otherwise" if others else str(usual)])


def titles_text() -> str:
    """The methods as a list in words."""
    *titles, last = [method.title for method in METHODS.values()]
    return f"{', '.join(titles)}, or {last}"


OPTIONS = (
    click.option(
        "--method",
        type=click.Choice([*METHODS]),
        default="wbf",
        show_default=True,
        help=f"Class-wise {titles_text()}.",
    ),
    click.option(
        "--iou-thr",
        type=float,
        help="What overlaps more is one object.  [default: "
        + defaults_text({name: of.default_iou_threshold for name, of in METHODS.items()})
        + "]",
    ),
    click.option(
        "--match",
        type=click.Choice(get_args(Match)),
        default="box",
        show_default=True,
        help="What is compared.",
    ),
    click.option(
        "--mask",
        type=click.Choice([*get_args(Mask), "scale"]),
        help="Mask of an object: of its best member, voted by all, or of the test scale that suits "
        "its size and shape.  [default: "
        + defaults_text({name: of.default_mask for name, of in METHODS.items()})
        + "]",
    ),
    click.option(
        "--mask-weights",
        type=click.Choice(get_args(MaskWeights)),
        default="equal",
        show_default=True,
        help="Votes: the source's weight, or that times the score.",
    ),
    click.option(
        "--mask-thr",
        type=float,
        default=0.5,
        show_default=True,
        help="Share of the votes that a pixel needs.",
    ),
    click.option(
        "--soft-nms",
        type=click.Choice(get_args(Decay)),
        default="gaussian",
        show_default=True,
        help="How soft-NMS lowers scores.",
    ),
    click.option("--sigma", type=float, default=0.5, show_default=True, help="Of the Gaussian."),
    click.option(
        "--min-score",
        type=float,
        default=1e-3,
        show_default=True,
        help="Soft-NMS drops what falls lower.",
    ),
    click.option(
        "--first-iou-thr",
        type=float,
        default=0.7,
        show_default=True,
        help="Of the NMS of nms+soft-nms.",
    ),
    click.option(
        "--leave-out-absent",
        metavar="GROUPS",
        help="Frequency groups, such as r or r,c, in which WBF does not count silent sources.",
    ),
    click.option(
        "--calibration",
        type=SharedPath(dir_okay=False),
        help="File of python -m ensemble.calibrate fit; its maps come before fusion.",
    ),
    click.option(
        "--rare-margin",
        type=float,
        default=0.1,
        show_default=True,
        help="Added to scores of rare categories when an image's detections are ranked.",
    ),
    click.option(
        "--common-margin",
        type=float,
        default=0.05,
        show_default=True,
        help="The same for common ones.",
    ),
    click.option(
        "--margin-mode",
        type=click.Choice(get_args(MarginMode)),
        default="sort",
        show_default=True,
        help="Margins only rank detections, or are in the scores that are written.",
    ),
    click.option(
        "--max-dets", type=int, default=300, show_default=True, help="Detections kept per image."
    ),
    click.option(
        "--score-thr", type=float, default=0.0, show_default=True, help="Drop lower scores first."
    ),
    click.option(
        "--strict/--drop-invalid",
        default=True,
        show_default=True,
        help="Stop at records that cannot be used, or drop and count them.",
    ),
    click.option(
        "--with-bbox",
        is_flag=True,
        help="Write boxes too, and a submission of boxes; evaluators take areas from boxes.",
    ),
    click.option("--zip", "zipped", is_flag=True, help="Write submissions as .zip."),
    click.option(
        "--evaluate/--no-evaluate",
        default=True,
        show_default=True,
        help="AP of every source and of the merge, where --ann has annotations.",
    ),
    click.option(
        "--exhaustive/--no-exhaustive",
        default=False,
        show_default=True,
        help=HELP,
    ),
    click.option(
        "--steps/--no-steps",
        default=True,
        show_default=True,
        help="AP of the union of the sources and after every step, too.",
    ),
    click.option(
        "--resamples",
        type=int,
        default=1000,
        show_default=True,
        help="Resamples of the images for 95% intervals of AP and of the gain; 0: without.",
    ),
)


if TYPE_CHECKING:
    from ensemble.fusion.settings import MergeSettings

Command = TypeVar("Command", bound=Callable[..., Any])

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
    "exhaustive",
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
    from ensemble.fusion.settings import (
        AbsentSources,
        FusionSettings,
        MergeSettings,
        method_for,
    )
    from longtail.evaluation.margins import Margins

    options = dict(options)
    method = method_for(options["method"], num_sources)
    options["method"] = method.name
    if options["iou_thr"] is None:
        options["iou_thr"] = method.default_iou_threshold
    options["mask"] = options["mask"] or method.default_mask
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
    # Files of merges that do not ask for it stay as they are.
    options["exhaustive"] = options["exhaustive"] or None
    return settings, options


def _left_out(text: str | None) -> dict[str, Any]:
    from longtail.categories import GROUP_NAMES

    letters = text.split(",") if text else []
    if wrong := [letter for letter in letters if letter not in GROUP_NAMES]:
        raise ValueError(f"--leave-out-absent {text}: {wrong[0]!r} is none of r, c, f")
    return {GROUP_NAMES[letter]: "is-left-out" for letter in letters}
