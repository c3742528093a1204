"""From scores and box deltas of proposals to the detections of an image.

- `head_merge`, `score_adjustment`, `score_rows`, `finite_rows`: scores before boxes are chosen.
- `ranked_pairs`, `select`: which proposals become detections.
- `paste`: masks of a head's grid in the image.
"""
