"""The words that options of a merge choose from, for usage texts and settings alike."""

from typing import Literal

Match = Literal["box", "mask"]
Mask = Literal["best", "vote"]
MaskWeights = Literal["equal", "score"]
Decay = Literal["linear", "gaussian"]
Absent = Literal["counts", "is-left-out"]
MarginMode = Literal["sort", "score"]
