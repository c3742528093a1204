"""From a detector's configuration to its branches of context. C channels, K categories."""

from longtail.config.detector import Detector
from longtail.config.roi_stages import (
    GlobalContext,
    SemanticBranch,
    global_context_of,
    semantic_branch_of,
)
from longtail.models.context.context import Context
from longtail.models.context.global_context import GlobalContextBranch
from longtail.models.context.semantic_branch import SemanticBranch as SemanticBranchModule
from longtail.models.necks.base import Levels
from longtail.models.necks.build import levels_of


def build_context(detector: Detector, num_categories: int) -> Context | None:
    """The branches that are configured, with new weights; None without any.

    Args:
        detector: Their width is that of its neck.
        num_categories: K.
    """
    if not has_context(detector):
        return None
    levels, channels = levels_of(detector.neck), detector.neck_channels
    branch = semantic_branch_of(detector.roi_stages)
    semantic = branch or SemanticBranch()
    return Context(
        None if branch is None else _semantic_branch(branch, levels, channels),
        _global_context(global_context_of(detector.roi_stages), channels, num_categories),
        stride=semantic.stride,
        coarsest=levels.names[-1],
        joins=semantic.joins,
    )


def has_context(detector: Detector) -> bool:
    """Whether there is any branch: all levels of the neck are needed then."""
    branches = semantic_branch_of(detector.roi_stages), global_context_of(detector.roi_stages)
    return branches != (None, None)


def _semantic_branch(
    semantic: SemanticBranch, levels: Levels, channels: int
) -> SemanticBranchModule:
    return SemanticBranchModule(
        levels.names,
        levels.names[levels.strides.index(semantic.stride)],
        channels,
        channels,
        semantic.num_categories,
        semantic.convolutions,
    )


def _global_context(
    context: GlobalContext | None, channels: int, num_categories: int
) -> GlobalContextBranch | None:
    if context is None:
        return None
    return GlobalContextBranch(channels, channels, num_categories, context.convolutions)
