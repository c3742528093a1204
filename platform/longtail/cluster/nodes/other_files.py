"""Other annotation files in the identity of a training: by what they hold, not by their names."""

from collections.abc import Mapping, Sequence
from typing import Any

from longtail.config.stages import Stage

FIELDS = ("joined", "ignore", "pseudo_labels")
"""Of a stage, those whose items may name a file."""


def roles_of(stages: Sequence[Stage]) -> dict[str, str]:
    """What each file that the stages name is called in their nodes: also_0, also_1, ... in the
    order in which they are first named, so that stages added behind change no role."""
    names = dict.fromkeys(name for stage in stages for name in stage.files)
    return {name: f"also_{number}" for number, name in enumerate(names)}


def with_roles(stages: Sequence[Mapping[str, Any]], roles: Mapping[str, str]) -> list[Any]:
    """The trees of stages with roles in place of the names of files.

    Args:
        stages: As `Config.named_tree` has them.
        roles: Of every name in them.
    """
    return [
        {
            field: [_with_role(item, roles) for item in value] if field in FIELDS else value
            for field, value in stage.items()
        }
        for stage in stages
    ]


def _with_role(item: Mapping[str, Any], roles: Mapping[str, str]) -> dict[str, Any]:
    return {**item, "file": roles[item["file"]]} if "file" in item else dict(item)
