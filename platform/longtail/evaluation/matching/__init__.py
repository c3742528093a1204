"""Matching detections with ground truth, once for all metrics.

- `prediction_set`, `blocks`, `judged`: detections as they are read and judged.
- `shapes`, `mask_overlaps`, `block_overlaps`, `overlaps`: what overlaps.
- `kernel`, `match_store`: what matches.
- `shard`, `shard_files`, `match_shard`: ranges of blocks, joined, also over machines.
"""
