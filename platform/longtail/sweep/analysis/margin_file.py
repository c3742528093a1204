"""Metrics of trials under margins on the scores of rare and common categories, and their file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from longtail.problems import BadInputError
from longtail.sealed import read_sealed, write_sealed_json

FILE = "margins.json"
METRICS = ("AP", "APr")
RARE_MARGINS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3)
"""Alpha_r of report 003, section 5, which takes 0.1: added to the scores of rare categories."""
COMMON_SHARE = 0.5
"""Alpha_c / alpha_r: what is added to the scores of common categories, as a share; 0.05 / 0.1."""


class TrialMargins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Metrics of one evaluation under margins.

    Attributes:
        rare_margins: What was added to the scores of rare categories, rising from 0.
        max_dets: Detections that count per image: the best by score + margin.
        num_images: Images of the annotation file.
        num_over_cap: Images with more than `max_dets` detections.
        metrics: AP and APr as fractions for each margin, -1 where undefined.
    """

    rare_margins: tuple[float, ...]
    max_dets: int
    num_images: int
    num_over_cap: int
    metrics: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class MarginResults:
    """Metrics of a sweep's finished trials under margins.

    Attributes:
        by_evaluation: By the id of the evaluation node.
        problems: Why trials are left out.
    """

    by_evaluation: Mapping[str, TrialMargins]
    problems: tuple[str, ...] = ()


def read_margins(directory: Path) -> dict[str, TrialMargins]:
    """What a sweep's folder keeps by evaluation node; evaluations of other margins are left out.

    Raises:
        BadInputError: The file holds something else.
    """
    path = directory / FILE
    if not path.is_file():
        return {}
    remedy = "remove it to compute them again"
    try:
        kept = msgspec.json.decode(read_sealed(path, remedy), type=dict[str, TrialMargins])
    except msgspec.DecodeError as error:
        raise BadInputError(f"{path}: not the margins of a sweep ({error}); {remedy}") from None
    return {name: found for name, found in kept.items() if found.rare_margins == RARE_MARGINS}


def write_margins(directory: Path, by_evaluation: Mapping[str, TrialMargins]) -> None:
    """Keep them for later runs of the sweep, whole or not at all."""
    write_sealed_json(directory / FILE, msgspec.to_builtins(dict(by_evaluation)))
