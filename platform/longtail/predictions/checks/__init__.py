"""What may be wrong with detections that others wrote.

- `scores`, `box_conventions`, `repeats`, `coverage`: scales, boxes, exact repeats, images.
- `tally`, `warnings`: faults counted, and what a user is told.
- `summary`, `validation`: a whole store, and whether it is fit to be submitted.
"""
