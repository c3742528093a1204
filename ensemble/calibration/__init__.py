"""Calibration of sources: scores that mean the same, fitted to labelled detections.

- `kinds`, `maps`, `sigmoid_maps`, `knot_maps`: the kinds of calibration, by name and as maps.
- `labelled_scores`, `fit`, `file`: what a map is fitted to, the fit, and its file.
- `apply`, `console`: sources through their maps, and what a fit shows.
"""
