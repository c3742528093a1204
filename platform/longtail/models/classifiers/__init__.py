"""How RoIs are classified: the last layer, its loss and its scores, one file a classifier.

- `base`: what every classifier offers; `layers`: last layers; `many`: several in one pass.
- `build`: from a configuration to its module.
- `double`, `calibrated`: two classifiers beside each other; all others are single ones.
"""
