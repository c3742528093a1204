"""Necks: from a backbone's maps to the levels that proposals and RoI features are taken from.

- `base`: what every neck offers; `build`: from a configuration to its module.
- `feature_pyramid`, `recursive_feature_pyramid`: one file each.
- `atrous_pooling`, `stage_feedback`: what the recursive one is made of.
"""
