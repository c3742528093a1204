"""The words that options of a calibration choose from, for usage texts and files alike."""

from typing import Literal

CalibrationKind = Literal["platt", "isotonic", "temperature", "beta", "rank"]
Groups = Literal["frequency", "none"]
Overlap = Literal["segm", "box"]
Taken = Literal["group", "source", "all sources", "unchanged"]
"""Whose map a group's scores go through, from its own to none at all."""
