"""Ground truth: an annotation file as evaluation needs it.

- `file`, `segmentation`: reading and checking it.
- `instances`: as arrays, for matching.
- `ground_truth`: what detections are judged against.
- `judged_share`, `exhaustive_option`: how many of them are, in words, and what makes it all.
"""
