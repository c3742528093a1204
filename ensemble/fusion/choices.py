"""The words that options of a merge choose from, and what a fusion method reads of its settings.

Usage texts need these, so that nothing here needs numpy.
"""

from typing import Literal, Protocol

Match = Literal["box", "mask"]
Mask = Literal["best", "vote"]
MaskWeights = Literal["equal", "score"]
Decay = Literal["linear", "gaussian"]
Absent = Literal["counts", "is-left-out"]
MarginMode = Literal["sort", "score"]


class MethodSettings(Protocol):
    """What a method may read of `FusionSettings`, where each is explained."""

    @property
    def iou_thr(self) -> float: ...

    @property
    def first_iou_thr(self) -> float: ...

    @property
    def soft_nms(self) -> Decay: ...

    @property
    def sigma(self) -> float: ...

    @property
    def min_score(self) -> float: ...
