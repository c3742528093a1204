"""Losses of what the mask heads predict, beside the plain `longtail.losses.mask`.

- `balanced`: small objects in large boxes count more; `boundary`: where the mask ends.
- `mask_iou`: how good a predicted mask is.
"""
