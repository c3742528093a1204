"""Calibration of sources: scores that mean the same, fitted to labelled detections.

- `kinds`, `maps`, `sigmoid_maps`, `knot_maps`: the kinds of calibration, by name and as maps.
- `labelled_scores`, `fit_settings`, `fall_back`, `fit`: what maps are fitted to, which, and how.
- `fitted_source`, `file`: what it gives, and its file.
- `apply`, `console`: sources through their maps, and what a fit shows.
"""
