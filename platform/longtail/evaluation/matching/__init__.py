"""Matching detections with ground truth, once for all metrics.

- `prediction_set`, `blocks`, `judged`: detections as they are read and judged.
- `block_overlaps`, `mask_overlaps`, `overlaps`, `kernel`, `match_store`: overlaps, and who matches.
- `part`, `part_files`, `shards`: ranges of blocks, joined, also over machines.
"""
