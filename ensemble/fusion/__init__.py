"""Fusion methods: detections of several sources that show one object become one.

- `methods`: the family, a file each; `nms`, `soft_nms`, `wbf`: what is compiled of them.
- `fused_block`: from the filtered detections of a block to its objects, for merges and trials.
- `choices`, `settings`: what decides which detections are one object.
- `clusters`: runs the method that `settings` name on `sorted_rows`.
- `grouping`, `overlap`: the rows that are compared, and how far they overlap, by boxes or masks.
- `agreement`, `mask_scores`: how many sources could have found an object; scores of its mask.
"""
