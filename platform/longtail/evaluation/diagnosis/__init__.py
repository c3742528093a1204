"""Why AP is what it is, by frequency group.

- `judged_detections`, `image_overlaps`: detections with the instances they found or came near to.
- `error_types`, `confusion`, `calibration_error`, `score_distribution`, `average_precision`:
  numbers.
- `diagnosis`, `tables`: all of it, as a value and for a person.
"""
