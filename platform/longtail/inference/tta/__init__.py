"""Test-time augmentation: several views of an image become one result.

- `suppression`, `soft_nms`, `union`: what the detections of all views become.
- `views`, `shared_proposals`, `grids`, `scale_choice`: what the network is asked for.
- `merged_images`, `shared_images`: the images of a shard, by either road.
"""
