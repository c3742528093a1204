"""Ground truth: an annotation file, read as `longtail.data.lvis` reads it, for evaluation.

- `ground_truth`: what detections are judged against.
- `instances`: as arrays, for matching; `segmentation`: as run-length masks.
- `judged_share`: how many of them are, in words.
"""
