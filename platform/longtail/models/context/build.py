"""From a detector's configuration to its branches of context. C channels, K categories."""

from longtail.config.detector import Detector
from longtail.config.roi_stages import GlobalContext, HybridTaskCascade, SemanticBranch
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
    stages = detector.roi_stages
    if not has_context(detector) or not isinstance(stages, HybridTaskCascade):
        return None
    levels, channels = levels_of(detector.neck), detector.neck_channels
    semantic = stages.semantic or SemanticBranch()
    return Context(
        _semantic_branch(semantic, levels, channels) if stages.semantic else None,
        _global_context(stages.global_context, channels, num_categories),
        stride=semantic.stride,
        coarsest=levels.names[-1],
        joins=semantic.joins,
    )


def has_context(detector: Detector) -> bool:
    """Whether there is any branch: all levels of the neck are needed then."""
    stages = detector.roi_stages
    branches = isinstance(stages, HybridTaskCascade) and (stages.semantic or stages.global_context)
    return bool(branches)


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
