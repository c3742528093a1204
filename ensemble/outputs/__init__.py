"""What a merge leaves: submissions, AP of every step, tables, and its record in MLflow.

- `submissions`: result JSON of masks and boxes.
- `evaluation`, `evaluation_row`, `resampled_ap`: AP of sources, steps and the merge, with
  intervals.
- `console`, `tracking`: for a person, and for MLflow; `recording_place`: in which experiment.
"""
