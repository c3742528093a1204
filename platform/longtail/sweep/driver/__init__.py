"""The driver's side of a sweep: serves the trials of Ray Tune.

- `trial_server`, `trial_groups`, `trial_runner`, `rung_evaluation`: from a request to its result.
- `trial_numbers`, `trial_recorder`: which trial it is, and what becomes of it.
- `progress`, `tracking`: for a person, and for MLflow.
"""
