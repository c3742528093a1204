"""What a challenge allowed to learn from besides its own annotations."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator


def _as_text(value: object) -> object:
    """A year on the command line is read as a number."""
    return str(value) if type(value) is int else value


Rules = Annotated[Literal["none", "2019", "2020"], BeforeValidator(_as_text)]
"""`2019`: the LVIS challenge that allowed other annotations; `2020`: LVIS is the only annotated
source, lvisTraveler 2020 report, section 3.1; `none`: no submission is meant."""


def check_rules(
    rules: str,
    external_data: bool,
    *,
    semantic_branch: bool = False,
    other_files: Sequence[str] = (),
) -> None:
    """Hold a variant against the rules that it names.

    Args:
        rules: Of which challenge.
        external_data: Whether the variant learned from annotations other than the training file's.
        semantic_branch: Whether it has a branch that learns from class PNGs.
        other_files: Paths of fields that name files of other annotations.

    Raises:
        ValueError: It did, and the rules forbid it; or it does, and does not say so.
    """
    if semantic_branch and rules == "2020":
        raise ValueError(
            "detector.roi_stages.semantic: it learns from class PNGs, and rules 2020 allow no"
            " annotations besides those of LVIS; set detector.roi_stages.semantic=null"
            " (detector.roi_stages.global_context={} needs none), or set rules=2019 or rules=none"
        )
    if semantic_branch and not external_data:
        raise ValueError(
            "external_data: false, but detector.roi_stages.semantic learns from class PNGs, which"
            " are annotations besides the training file's; set external_data=true, or"
            " detector.roi_stages.semantic=null"
        )
    if other_files and rules == "2020":
        raise ValueError(
            f"{other_files[0]}: it learns from another file's annotations, and rules 2020 allow"
            f" none besides those of LVIS; leave out {', '.join(other_files)}, or set rules=2019"
            " or rules=none"
        )
    if other_files and not external_data:
        raise ValueError(
            f"external_data: false, but {', '.join(other_files)} learn from annotations besides the"
            " training file's; set external_data=true, or leave them out"
        )
    if rules == "2020" and external_data:
        raise ValueError(
            "external_data: true, but rules 2020 allow no annotations besides those of LVIS; leave"
            " them out and set external_data=false, or set rules=2019 or rules=none"
        )
