"""What a trial of a search computes: the AP of one merge on half of the images.

- `space`, `meaning`: points, and which of them stand for the same merge.
- `detection_reader`, `detections`, `calibrated_scores`, `trial_files`: read once for all trials.
- `trial`, `fused_images`, `masks`, `margins`, `capped_ap`: one point, fused and judged.
"""
