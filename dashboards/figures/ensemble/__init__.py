"""Figures of a merge.

- `steps`: AP of the sources, and after each step from their union to the merge.
- `contributions`: who found what, and how much of it the cap left.
- `cap_pressure`: what the cap on detections of an image cut, by frequency group.
- `calibration_maps`, `margins`: what scores are turned into before fusion, and ranked by after it.
"""
