"""Fusion methods: detections of several sources that show one object become one.

- `wbf`, `nms`, `soft_nms`: the methods; `clusters` runs the one that `settings` name.
- `grouping`, `overlap`: the rows that are compared, and how far they overlap, by boxes or masks.
- `agreement`, `mask_scores`: how many sources could have found an object; scores of its mask.
"""
